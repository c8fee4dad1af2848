"""Passwords are stored as argon2id hashes (19 MiB of memory, two passes, one lane: the floor OWASP recommends).

Hashing takes tens of milliseconds of processor time by design, so a server runs it on a thread; the library releases
the interpreter's lock meanwhile.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from foundation.refusals import Refusal

MEMORY_KIBIBYTES = 19_456
PASSES = 2
LANES = 1

# Longer input would only buy processor time for whoever sends it.
PASSWORD_CHARACTERS_MAX = 256
# Length is what guessing costs; rules of composition only make people write `Password1!` (NIST SP 800-63B).
PASSWORD_CHARACTERS_MIN = 12
DIFFERENT_CHARACTERS_MIN = 5

HASHER = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIBIBYTES, parallelism=LANES)


def hash_password(password: str) -> str:
    """The argon2id hash of a password in the PHC string form, with a random salt."""
    if len(password) > PASSWORD_CHARACTERS_MAX:
        raise ValueError("the password is too long")
    return HASHER.hash(_octets(password))


def check_new_password(password: str, email: str) -> None:
    """Refuse a password that is short, long, monotonous or made of the account's name; `email` as `person.email` has it."""
    if len(password) > PASSWORD_CHARACTERS_MAX:
        raise Refusal("PASSWORD_TOO_LONG", ("new_password",), maximum=PASSWORD_CHARACTERS_MAX)
    if len(password) < PASSWORD_CHARACTERS_MIN:
        raise Refusal("PASSWORD_TOO_SHORT", ("new_password",), minimum=PASSWORD_CHARACTERS_MIN)
    if len(set(password)) < DIFFERENT_CHARACTERS_MIN or email.partition("@")[0] in password.lower():
        raise Refusal("PASSWORD_GUESSABLE", ("new_password",))


def verify_password(password_hash: str, password: str) -> bool:
    """True when the password made the hash. Takes the same time whether or not it did."""
    too_long = len(password) > PASSWORD_CHARACTERS_MAX
    try:
        HASHER.verify(password_hash, _octets(password[:PASSWORD_CHARACTERS_MAX]))
    except (VerificationError, InvalidHashError):
        return False
    return not too_long


def needs_rehash(password_hash: str) -> bool:
    """True when the hash was made with other parameters than today's: hash the password anew at the next sign-in."""
    return HASHER.check_needs_rehash(password_hash)


@cache
def dummy_hash() -> str:
    """The hash that an unknown e-mail address is verified against, so that it takes as long as a wrong password."""
    return hash_password("nobody has this password")


def _octets(password: str) -> bytes:
    """One password has one byte string, however a keyboard composes its characters (NFKC, as NIST SP 800-63B asks)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
