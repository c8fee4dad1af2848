"""Sealed secrets: opened by their key and for their owner alone; the key's file is made once, for one user."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from domain.identity.sealing import FILE, Seal, SealError
from foundation.settings import Settings

OWN = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(32)).decode()


def test_what_was_closed_opens_for_its_owner_alone() -> None:
    seal = Seal.from_text(OWN, "a test")
    sealed = seal.closed("秘密", "one")
    assert "秘密" not in sealed
    assert seal.opened(sealed, "one") == "秘密"
    with pytest.raises(SealError, match="place"):
        seal.opened(sealed, "two")
    with pytest.raises(SealError, match="another key"):
        Seal.from_text(OTHER, "a test").opened(sealed, "one")


def test_every_changed_part_is_refused() -> None:
    seal = Seal.from_text(OWN, "a test")
    parts = seal.closed("秘密", "one").split(".")
    for place, part in enumerate(parts):
        changed = ("B" if part[:1] == "A" else "A") + part[1:]
        with pytest.raises(SealError):
            seal.opened(".".join([*parts[:place], changed, *parts[place + 1 :]]), "one")


@pytest.mark.parametrize("sealed", ["", "....", "{}", '{"kty": "EC"}', "é"])
def test_what_was_never_sealed_is_refused(sealed: str) -> None:
    with pytest.raises(SealError):
        Seal.from_text(OWN, "a test").opened(sealed, "one")


@pytest.mark.parametrize(("text", "fault"), [("x", "is not base64"), ("é", "is not base64"), ("QUJD", "has 3 bytes")])
def test_a_malformed_key_is_named_by_its_setting(text: str, fault: str) -> None:
    with pytest.raises(SealError, match=f"QUADRANT_SEALING_KEY {fault}"):
        Seal.of(Settings(sealing_key=SecretStr(text)))


def test_without_a_setting_a_file_is_made_once(tmp_path: Path) -> None:
    settings = Settings(data_directory=tmp_path / "var")
    sealed = Seal.of(settings).closed("秘密", "one")
    assert Seal.of(settings).opened(sealed, "one") == "秘密"
    assert stat.S_IMODE((tmp_path / "var" / FILE).stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR
    assert [path.name for path in (tmp_path / "var").iterdir()] == [FILE]
