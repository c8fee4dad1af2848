"""The six audiences that look at one schema."""

import enum


class Audience(enum.Enum):
    """Who is looking. The value is what tokens, sessions and row policies carry."""

    MILITARY = "military"
    GOVERNMENT = "government"
    ENTERPRISE = "enterprise"
    CONSUMER = "consumer"
    DIVISION = "division"
    STAFF = "staff"


MILITARY, GOVERNMENT, ENTERPRISE, CONSUMER, DIVISION, STAFF = Audience
EVERYONE = tuple(Audience)
CUSTOMERS = (MILITARY, GOVERNMENT, ENTERPRISE, CONSUMER)
