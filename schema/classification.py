"""Degrees of secrecy 密级 as clients see them."""

from segments.audiences import EVERYONE
from segments.classification import Classification
from segments.marks import publish_enum

publish_enum(Classification, *EVERYONE)
