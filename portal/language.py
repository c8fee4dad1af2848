"""The language of an answer: the visitor's choice in a cookie, then what the client accepts, then the installation's."""

from __future__ import annotations

from foundation.language import LANGUAGES
from segments.viewer import Language

# Longer headers are not from people.
RANGES_MAX = 20


def accepted_language(header: str | None, default: Language) -> Language:
    """The language of ours that an `Accept-Language` header likes best; `zh-Hant` counts as Chinese, `en-GB` as English."""
    best, best_weight = default, 0.0
    for item in (header or "").split(",")[:RANGES_MAX]:
        tag, *parameters = (part.strip().lower() for part in item.split(";"))
        weight = _weight(parameters)
        for language in LANGUAGES:
            if tag.split("-", 1)[0] == language and weight > best_weight:
                best, best_weight = language, weight
    return best


def _weight(parameters: list[str]) -> float:
    """The weight `q=` of a range: 1 when none is given, 0 when it cannot be read."""
    for parameter in parameters:
        name, _, text = parameter.partition("=")
        if name.strip() == "q":
            try:
                weight = float(text)
            except ValueError:
                return 0.0
            return weight if 0.0 <= weight <= 1.0 else 0.0
    return 1.0
