"""Degrees of secrecy 密级 as clients see them."""

import strawberry

from segments.audiences import EVERYONE
from segments.classification import Classification as Degree
from segments.marks import For

Classification = For(*EVERYONE)(strawberry.enum(Degree, name="Classification"))
