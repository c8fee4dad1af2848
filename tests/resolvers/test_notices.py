"""The texts of notices: in the reader's language, with the names that are kept in it."""

from __future__ import annotations

from typing import Any

from domain.notices.tables import NoticeKind
from foundation.language import Language
from resolvers.notices import texts
from segments.audiences import CONSUMER
from segments.viewer import Viewer

NAMED = {"name": "生日券", "name_en": "Birthday voucher", "day": "2026-12-09"}


def read(language: Language, *rows: list[Any]) -> list[str]:
    return texts(Viewer(CONSUMER, language=language), rows)


def test_a_name_is_the_reader_s() -> None:
    kind = NoticeKind.VOUCHER_GIVEN
    # A kind comes as its member or as its label; what has no English name keeps its own.
    rows = [kind, NAMED], [kind.value, NAMED | {"name_en": ""}], [kind, {"name": "礼券", "day": "2026-12-09"}]
    chinese, english = read("zh", *rows), read("en", *rows)
    assert [text.partition("，")[0] for text in chinese] == ["生日券", "生日券", "礼券"]
    assert [text.partition(",")[0] for text in english] == ["Birthday voucher", "生日券", "礼券"]
