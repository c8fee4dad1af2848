"""Languages: Chinese first, English beside it, from the catalogues in `foundation/locale`.

Two kinds of entries share a catalogue. A *key* such as `refusal.OUT_OF_STOCK` has its text in both catalogues; Python code
names it with `translate`. A *text* of a template is written in Chinese where it stands and is its own msgid; only `en.po`
has an entry for it. Placeholders are `{name}`. An entry with `msgid_plural` has a text for one and a text for any other
number; the number that decides is the placeholder that the text for one leaves out, as in "1 item" and "{count} items".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from babel.messages.pofile import read_po

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")

LOCALE_DIRECTORY = Path(__file__).parent / "locale"
# What may stand as a key; anything else in a catalogue is a text of a template.
KEY = re.compile(r"[a-z][a-z0-9_]*(\.[A-Za-z0-9_]+)+", re.ASCII)
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}", re.ASCII)


class UnknownMessageError(LookupError):
    """A key that a catalogue does not have."""


@dataclass(frozen=True, slots=True)
class Catalogues:
    """The messages of both languages, by msgid."""

    messages: Mapping[Language, Mapping[str, str]]
    # English texts for one, by msgid; Chinese words have one form for all numbers.
    ones: Mapping[str, str] = field(default_factory=dict[str, str])

    def translate(self, key: str, language: Language, /, **params: object) -> str:
        """The text of a key with its placeholders filled, whatever their names."""
        return filled(self.form(key, language, params), params)

    def form(self, key: str, language: Language, params: Mapping[str, object]) -> str:
        """The text of a key before its placeholders are filled: the one for one where their number is 1."""
        try:
            text = self.messages[language][key]
        except KeyError:
            raise UnknownMessageError(f"{language}.po has no {key!r}") from None
        if language == "en" and key in self.ones:
            (number,) = placeholders(text) - placeholders(self.ones[key])
            return self.ones[key] if str(params[number]) == "1" else text
        return text

    def text(self, chinese: str, language: Language, /, **params: object) -> str:
        """The text of a template in a language: itself in Chinese, its entry in English."""
        return filled(self.wording(chinese, language, params), params)

    def wording(self, chinese: str, language: Language, params: Mapping[str, object]) -> str:
        """The same before its placeholders are filled."""
        if language == "zh":
            return self.messages["zh"].get(chinese, chinese)
        return self.form(chinese, language, params)

    def gettext(self, language: Language) -> Callable[..., str]:
        """The `_` of a template in a language: `{{ _("共 {count} 件", count=3) }}`."""

        def translated(chinese: str, /, **params: object) -> str:
            return self.text(chinese, language, **params)

        return translated

    def keys(self) -> frozenset[str]:
        """All keys that either catalogue has."""
        return frozenset(key for messages in self.messages.values() for key in messages if KEY.fullmatch(key))

    def faults(self) -> list[str]:
        """What is wrong between the catalogues: a key missing in one, or placeholders that differ."""
        found: list[str] = []
        chinese, english = self.messages["zh"], self.messages["en"]
        for key in sorted(self.keys()):
            found += [f"{language}.po has no {key!r}" for language in LANGUAGES if key not in self.messages[language]]
        for msgid, text in sorted(english.items()):
            original = chinese.get(msgid, msgid)
            if placeholders(text) != placeholders(original):
                found.append(f"en.po: other placeholders than in Chinese: {msgid!r}")
            if msgid in self.ones and not _leaves_out_one(placeholders(self.ones[msgid]), placeholders(text)):
                found.append(f"en.po: the text for one has to leave out its number alone: {msgid!r}")
        return found


def filled(text: str, params: Mapping[str, object]) -> str:
    """The text with `{name}` replaced; a value is inserted as it is and is not looked into for further placeholders."""
    return PLACEHOLDER.sub(lambda match: str(params[match[1]]), text)


def placeholders(text: str) -> frozenset[str]:
    """The names between braces."""
    return frozenset(PLACEHOLDER.findall(text))


def read_catalogues(directory: Path = LOCALE_DIRECTORY) -> Catalogues:
    """Read `zh.po` and `en.po`; an entry without a translation or marked fuzzy counts as missing."""
    read = {language: _read(directory / f"{language}.po") for language in LANGUAGES}
    messages: dict[Language, Mapping[str, str]] = {
        language: MappingProxyType({key: texts[-1] for key, texts in read[language].items()}) for language in LANGUAGES
    }
    ones = {key: texts[0] for key, texts in read["en"].items() if len(texts) > 1}
    return Catalogues(MappingProxyType(messages), MappingProxyType(ones))


@cache
def catalogues() -> Catalogues:
    """The catalogues of the platform, read once."""
    return read_catalogues()


def translate(key: str, language: Language, /, **params: object) -> str:
    """The text of a key of the platform's catalogues."""
    return catalogues().translate(key, language, **params)


def gettext(language: Language) -> Callable[..., str]:
    """The `_` of templates in a language."""
    return catalogues().gettext(language)


def _read(path: Path) -> Mapping[str, tuple[str, ...]]:
    """The texts of each msgid: one, or one for one and one for any other number."""
    with path.open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    messages: dict[str, tuple[str, ...]] = {}
    for message in catalogue:
        key, texts = _forms(message.id)[0], _forms(message.string)
        if key and all(texts) and not message.fuzzy:
            messages[key] = texts
    return messages


def _leaves_out_one(fewer: frozenset[str], names: frozenset[str]) -> bool:
    return fewer < names and len(names - fewer) == 1


def _forms(said: str | Sequence[str] | None) -> tuple[str, ...]:
    return (said or "",) if said is None or isinstance(said, str) else tuple(said)
