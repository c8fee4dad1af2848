"""Languages: keys in both catalogues, templates written in Chinese, placeholders alike."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from foundation.language import (
    KEY,
    LANGUAGES,
    Catalogues,
    UnknownMessageError,
    catalogues,
    filled,
    gettext,
    read_catalogues,
    translate,
)
from foundation.migrations import ROOT
from foundation.refusals import MESSAGE_PREFIX

HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
PACKAGES = ("portal", "schema", "resolvers", "domain", "segments", "foundation")


def written(directory: Path, **texts: str) -> Catalogues:
    for language in LANGUAGES:
        (directory / f"{language}.po").write_text(HEADER + texts.get(language, ""), encoding="utf-8")
    return read_catalogues(directory)


def refusal_codes() -> list[tuple[str, str]]:
    """Every code that our packages refuse with, and where."""
    found: list[tuple[str, str]] = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refusal":
                    code = node.args[0]
                    place = f"{path.relative_to(ROOT)}:{node.lineno}"
                    assert isinstance(code, ast.Constant), f"{place}: a refusal's code is written where it is raised"
                    found.append((str(code.value), place))
    return found


def test_the_catalogues_agree() -> None:
    assert catalogues().faults() == []


def test_every_refusal_has_its_message_in_both_languages() -> None:
    keys = catalogues().keys()
    assert [f"{place} {code}" for code, place in refusal_codes() if MESSAGE_PREFIX + code not in keys] == []


def test_no_message_is_kept_for_a_refusal_that_is_gone() -> None:
    keys = catalogues().keys()
    codes = {MESSAGE_PREFIX + code for code, _ in refusal_codes()}
    assert sorted(key for key in keys if key.startswith(MESSAGE_PREFIX) and key not in codes) == []


def test_a_key_is_translated_and_filled(tmp_path: Path) -> None:
    texts = written(
        tmp_path,
        zh='msgid "refusal.OUT_OF_STOCK"\nmsgstr "库存仅剩 {available} 件"\n',
        en='msgid "refusal.OUT_OF_STOCK"\nmsgstr "Only {available} left"\n',
    )
    assert texts.translate("refusal.OUT_OF_STOCK", "zh", available=3) == "库存仅剩 3 件"
    assert texts.translate("refusal.OUT_OF_STOCK", "en", available=3) == "Only 3 left"
    assert texts.faults() == []


def test_a_text_of_a_template_is_its_own_chinese(tmp_path: Path) -> None:
    texts = written(tmp_path, en='msgid "共 {count} 件"\nmsgstr "{count} items"\n')
    assert texts.gettext("zh")("共 {count} 件", count=2) == "共 2 件"
    assert texts.gettext("en")("共 {count} 件", count=2) == "2 items"
    with pytest.raises(UnknownMessageError, match=r"en\.po has no '订单'"):
        texts.text("订单", "en")


def test_one_has_a_text_of_its_own(tmp_path: Path) -> None:
    en = 'msgid "共 {count} 件，{who}"\nmsgid_plural "共 {count} 件，{who}"\nmsgstr[0] "1 item, {who}"\nmsgstr[1] "{count} items, {who}"\n'
    texts = written(tmp_path, en=en)
    assert texts.faults() == []
    said = [texts.gettext("en")("共 {count} 件，{who}", count=count, who="1") for count in (1, "1", 0, 2, "1,001")]
    assert said == ["1 item, 1", "1 item, 1", "0 items, 1", "2 items, 1", "1,001 items, 1"]
    assert texts.gettext("zh")("共 {count} 件，{who}", count=1, who="甲") == "共 1 件，甲"
    wrong = written(tmp_path, en=en.replace('[0] "1 item, {who}"', '[0] "1 item"'))
    assert wrong.faults() == ["en.po: the text for one has to leave out its number alone: '共 {count} 件，{who}'"]


def test_faults_between_catalogues_are_found(tmp_path: Path) -> None:
    texts = written(
        tmp_path,
        zh='msgid "refusal.A"\nmsgstr "甲 {x}"\n\nmsgid "refusal.B"\nmsgstr "乙"\n',
        en='msgid "refusal.A"\nmsgstr "A {y}"\n\n#, fuzzy\nmsgid "refusal.B"\nmsgstr "B"\n',
    )
    assert texts.faults() == ["en.po has no 'refusal.B'", "en.po: other placeholders than in Chinese: 'refusal.A'"]


def test_a_value_is_not_looked_into_for_placeholders() -> None:
    assert filled("{name} {id}", {"name": "{id}", "id": 7}) == "{id} 7"


def test_unknown_keys_are_faults_of_the_program() -> None:
    with pytest.raises(UnknownMessageError):
        translate("refusal.NEVER_HEARD_OF", "zh")
    with pytest.raises(UnknownMessageError):
        gettext("en")("从未写过的句子")


@pytest.mark.parametrize("msgid", ["订单", "Order", "refusal.", "a b.c"])
def test_what_is_no_key(msgid: str) -> None:
    assert not KEY.fullmatch(msgid)


def test_a_placeholder_may_have_any_name() -> None:
    small = Catalogues({"zh": {}, "en": {"{key}、{language}、{self}": "{self}, {language}, {key}"}})
    named = {"key": 1, "language": 2, "self": 3}
    assert small.text("{key}、{language}、{self}", "zh", **named) == "1、2、3"
    assert small.gettext("en")("{key}、{language}、{self}", **named) == "3, 2, 1"
