"""No words without English, no Chinese that nobody translates, words for every enum value."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import GraphQLEnumType

from foundation.language import LANGUAGES, catalogues
from portal.pages.registry import read_pages
from portal.pages.tones import TONES
from schema.root import MASTER
from segments.views import compile_views
from tests.portal.pages.msgids import PAGES, python_msgids, said_by_pages, template_msgids, templates, untranslated

ENGLISH = catalogues().messages["en"]
VIEWS = compile_views(MASTER)
# Enums that no page shows as a value.
NOT_SHOWN: frozenset[str] = frozenset()


@pytest.mark.parametrize("path", templates(), ids=lambda path: path.relative_to(PAGES).as_posix())
def test_every_string_of_a_template_has_english(path: Path) -> None:
    assert sorted(template_msgids(path) - set(ENGLISH)) == []
    assert untranslated(path) == []


def test_every_string_of_pages_and_python_has_english() -> None:
    registry = read_pages([PAGES], {audience: view.core for audience, view in VIEWS.items()})
    found = python_msgids() | set(said_by_pages(registry))
    assert sorted(found - set(ENGLISH)) == []


def test_every_enum_value_of_every_view_has_words() -> None:
    values = {
        (name, value)
        for view in VIEWS.values()
        for name, kind in view.core.type_map.items()
        if isinstance(kind, GraphQLEnumType) and not name.startswith("__") and name not in NOT_SHOWN
        for value in kind.values
    }
    for language in LANGUAGES:
        messages = catalogues().messages[language]
        missing = {
            f"label.{kind}.{value}"
            for kind, value in values
            if f"label.{value}" not in messages and f"label.{kind}.{value}" not in messages
        }
        assert sorted(missing) == []


def test_no_template_has_styles_scripts_or_addresses_of_its_own() -> None:
    for path in templates():
        text = path.read_text(encoding="utf-8")
        assert " style=" not in text, path
        assert "<style" not in text, path
        assert "http://" not in text, path
        assert "https://" not in text, path
        assert text.count("<script") == text.count('<script type="module" src="{{ asset('), path


def test_a_value_has_one_tone() -> None:
    assert all(tone in {"good", "warn", "bad", "note", "accent", "hollow"} for tone in TONES.values())
