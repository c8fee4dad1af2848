"""By what somebody proved who they are: `amr`, in the words of RFC 8176, and what follows from it.

A session notes the words when its person signs in, a token repeats them (`amr`, `acr`), a viewer holds them.
"""

from __future__ import annotations

from collections.abc import Collection

# A password; a code from an authenticator; a key that its device keeps, and one that a vendor keeps in step between
# devices; that somebody was there and was recognised by the device; and that these were two factors of different kinds.
PASSWORD, ONE_TIME_CODE, HARDWARE_KEY, SOFTWARE_KEY, USER, SEVERAL = "pwd", "otp", "hwk", "swk", "user", "mfa"

# Each of them is proof of something that one has. Others' words count too: an upstream provider's smart card is one.
SECOND_FACTORS = frozenset({SEVERAL, ONE_TIME_CODE, HARDWARE_KEY, SOFTWARE_KEY, "sc"})

# Authentication context classes (`acr`), weaker first.
ONE_FACTOR, TWO_FACTORS = "urn:quadrant:acr:1", "urn:quadrant:acr:2"
ACR_VALUES = (ONE_FACTOR, TWO_FACTORS)


def proves_second_factor(amr: Collection[str]) -> bool:
    """Whether these words hold a second factor."""
    return not SECOND_FACTORS.isdisjoint(amr)


def acr_of(amr: Collection[str]) -> str:
    """The authentication context class that these words reach."""
    return TWO_FACTORS if proves_second_factor(amr) else ONE_FACTOR
