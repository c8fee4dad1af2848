"""Words in the visitor's language, as templates ask for them: `{{ _("共 {count} 件", count=3) }}`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from markupsafe import Markup, escape

from foundation.language import Language, UnknownMessageError, catalogues, filled

# Words of enum values stand under `label.OPEN`, or `label.OrderStatus.OPEN` where a code means several things.
LABEL = "label"


def gettext(language: Language) -> Callable[..., Markup]:
    """The `_` of templates. Values are escaped unless they are markup, so that a `<time>` may stand in a sentence."""

    def translated(chinese: str, /, **params: object) -> Markup:
        text = worded(chinese, language, params)
        return Markup(filled(str(escape(text)), {name: escape(value) for name, value in params.items()}))  # noqa: S704 - both parts are escaped.

    return translated


def say(chinese: str, language: Language, /, **params: object) -> str:
    """Words in a language. Without an entry, which a test forbids for ours, they stay Chinese."""
    return filled(worded(chinese, language, params), params)


def worded(chinese: str, language: Language, params: Mapping[str, object]) -> str:
    """The same with its placeholders still to be filled; which form the words take hangs on their numbers."""
    try:
        return catalogues().wording(chinese, language, params)
    except UnknownMessageError:
        return chinese


def label(language: Language, code: str | None, kind: str = "") -> str:
    """The words of an enum value; `kind` is the enum's name. One without words is shown as the code reads."""
    if code is None:
        return "—"
    messages = catalogues().messages[language]
    for key in (f"{LABEL}.{kind}.{code}", f"{LABEL}.{code}"):
        if key in messages:
            return messages[key]
    return code.replace("_", " ").capitalize()


def options(language: Language, codes: Iterable[str], kind: str = "") -> list[tuple[str, str]]:
    """Enum values with their words, as selects and groups of choices take them."""
    return [(code, label(language, code, kind)) for code in codes]


def msgid(text: str) -> str:
    """Marks words in Python that are translated later, so that the check of the catalogues finds them."""
    return text
