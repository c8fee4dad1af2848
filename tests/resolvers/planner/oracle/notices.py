"""How notices are answered."""

from __future__ import annotations

import json

from foundation.language import translate
from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.seen import Found, Seen


def notices(seen: Seen, row: Found, *, unread: bool | None) -> bool:
    mine = seen.viewer.customer_id is not None and row["customer_id"] == seen.viewer.customer_id
    return mine and (unread is None or (read_at(seen, row) is None) == unread)


def read_at(seen: Seen, row: Found) -> object:
    for mark in seen.rows["notice_read"]:
        if mark["notice_id"] == row["id"] and mark["person_id"] == seen.viewer.person_id:
            return mark["read_at"]
    return None


def text(part: str) -> object:
    def told(seen: Seen, row: Found) -> str:
        values = json.loads(row["values"])
        for name in [each for each in values if f"{each}_en" in values and seen.viewer.language == "en"]:
            values[name] = values[f"{name}_en"] or values[name]
        return translate(f"notice.{row['kind']}.{part}", seen.viewer.language, **values)

    return told


def register(answers: Answers) -> None:
    """Tell the oracle of notices."""
    answers.answer("Query", "notices")(notices)
    answers.answer("Notice", "read_at")(read_at)
    answers.answer("Notice", "title")(text("title"))  # type: ignore[arg-type]
    answers.answer("Notice", "text")(text("text"))  # type: ignore[arg-type]
