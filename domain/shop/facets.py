"""By what a list of products can be narrowed."""

from __future__ import annotations

import enum


class FacetKind(enum.Enum):
    """What a facet counts by, in the order in which facets stand."""

    CATEGORY = "CATEGORY"
    BRAND = "BRAND"
    PRICE = "PRICE"
    AVAILABILITY = "AVAILABILITY"
    OPTION = "OPTION"
    ATTRIBUTE = "ATTRIBUTE"
