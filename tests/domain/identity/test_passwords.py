"""Passwords: what verifies, what does not, and when a hash is to be made anew."""

import pytest
from argon2 import PasswordHasher

from domain.identity.passwords import dummy_hash, hash_password, needs_rehash, verify_password


def test_a_password_verifies_against_its_own_hash_only() -> None:
    stored = hash_password("四方-Quadrant-2026")
    assert verify_password(stored, "四方-Quadrant-2026")
    assert not verify_password(stored, "四方-quadrant-2026")
    assert not verify_password(stored, "")


def test_the_hash_states_the_parameters_and_has_a_salt_of_its_own() -> None:
    first, second = hash_password("same"), hash_password("same")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second


def test_composed_and_decomposed_characters_are_one_password() -> None:
    assert verify_password(hash_password("caf\u00e9"), "cafe\u0301")
    assert verify_password(hash_password("ＡＢＣ"), "ABC")


def test_a_password_beyond_the_maximum_is_refused_even_when_its_beginning_is_right() -> None:
    beginning = "x" * 256
    assert not verify_password(hash_password(beginning), beginning + "y")
    with pytest.raises(ValueError, match="too long"):
        hash_password(beginning + "y")


@pytest.mark.parametrize("broken", ["", "not a hash", "$argon2id$v=19$m=19456", "$2b$12$abc"])
def test_a_broken_hash_verifies_nothing(broken: str) -> None:
    assert not verify_password(broken, "")


def test_a_lone_surrogate_is_a_wrong_password_and_no_fault() -> None:
    assert not verify_password(dummy_hash(), "\ud800")


def test_a_hash_with_weaker_parameters_is_to_be_made_anew() -> None:
    assert needs_rehash(PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash("old"))
    assert not needs_rehash(hash_password("new"))


def test_the_dummy_hash_costs_what_a_real_one_does() -> None:
    assert not needs_rehash(dummy_hash())
    assert not verify_password(dummy_hash(), "anything")
