"""Languages: Chinese first, English beside it, from the catalogues in `foundation/locale`.

Two kinds of entries share a catalogue. A *key* such as `refusal.OUT_OF_STOCK` has its text in both catalogues; Python code
names it with `translate`. A *text* of a template is written in Chinese where it stands and is its own msgid; only `en.po`
has an entry for it. Placeholders are `{name}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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

    def translate(self, key: str, language: Language, /, **params: object) -> str:
        """The text of a key with its placeholders filled, whatever their names."""
        try:
            text = self.messages[language][key]
        except KeyError:
            raise UnknownMessageError(f"{language}.po has no {key!r}") from None
        return filled(text, params)

    def text(self, chinese: str, language: Language, /, **params: object) -> str:
        """The text of a template in a language: itself in Chinese, its entry in English."""
        if language == "zh":
            return filled(self.messages["zh"].get(chinese, chinese), params)
        return self.translate(chinese, language, **params)

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
        return found


def filled(text: str, params: Mapping[str, object]) -> str:
    """The text with `{name}` replaced; a value is inserted as it is and is not looked into for further placeholders."""
    return PLACEHOLDER.sub(lambda match: str(params[match[1]]), text)


def placeholders(text: str) -> frozenset[str]:
    """The names between braces."""
    return frozenset(PLACEHOLDER.findall(text))


def read_catalogues(directory: Path = LOCALE_DIRECTORY) -> Catalogues:
    """Read `zh.po` and `en.po`; an entry without a translation or marked fuzzy counts as missing."""
    return Catalogues(MappingProxyType({language: _read(directory / f"{language}.po") for language in LANGUAGES}))


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


def _read(path: Path) -> Mapping[str, str]:
    with path.open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    messages: dict[str, str] = {}
    for message in catalogue:
        if message.id and message.string and not message.fuzzy:
            messages[str(message.id)] = str(message.string)
    return MappingProxyType(messages)
