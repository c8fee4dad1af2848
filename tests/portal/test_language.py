"""The language a client accepts best, among ours."""

import pytest

from portal.language import accepted_language
from segments.viewer import Language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh"),
        ("", "zh"),
        ("*", "zh"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("de,en;q=0.7,zh;q=0.3", "en"),
        ("en;q=0.2, zh-Hant;q=0.8", "zh"),
        ("EN-us", "en"),
        ("en;q=0", "zh"),
        ("en;q=nan", "zh"),
        ("en;q=2", "zh"),
        ("en;q=x", "zh"),
        ("english", "zh"),
        ("de,fr", "zh"),
        (";;;,,,q=1", "zh"),
        ("de," * 50 + "en", "zh"),
    ],
)
def test_the_best_accepted_language_of_ours_is_chosen(header: str | None, language: Language) -> None:
    assert accepted_language(header, "zh") == language


def test_the_installation_decides_when_the_client_does_not() -> None:
    assert accepted_language("de", "en") == "en"
