"""What the oracle is told of the small schema."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.orders import decimal
from tests.resolvers.planner.oracle.seen import Found, Seen
from tests.resolvers.planner.oracle.texts import key_in

LAST_DAY = dt.date(9999, 12, 31)
ODD_ANSWERS = Answers()
ODD_ANSWERS.answer("Money", "amount")(decimal)


@ODD_ANSWERS.answer("Query", "notes")
@ODD_ANSWERS.answer("Author", "notes")
def notes(
    seen: Seen,
    row: Found,
    *,
    words: list[str] | None,
    rank_from: int | None,
    rank_to: int | None,
    authors: list[str] | None,
    moods: list[str] | None,
    hits: int | None = None,
) -> bool:
    author = seen.one("odd_author", row["author_id"])
    assert author
    return (
        (words is None or set(words) <= set(row["words"]))
        and (rank_from is None or (row["rank"] is not None and row["rank"] >= rank_from))
        and (rank_to is None or (row["rank"] is not None and row["rank"] < rank_to))
        and (authors is None or row["author_id"] in [key_in(each, "Author") for each in authors])
        and (moods is None or author["mood"] in moods)
        and (hits is None or row["hits"] >= hits)
    )


@ODD_ANSWERS.answer("Query", "pictures")
def pictures(_: Seen, row: Found, *, text: str | None) -> bool:
    return text is None or text in row["title"]


@ODD_ANSWERS.answer("Query", "authors")
@ODD_ANSWERS.answer("Author", "all_notes")
def everybody(_: Seen, __: Found) -> bool:
    return True


@ODD_ANSWERS.answer("Note", "loud")
def loud(seen: Seen, note: Found) -> str:
    return f"{note['title'].upper()}! {note['rank']} {seen.viewer.language}"


@ODD_ANSWERS.answer("Author", "ranks")
def ranks(seen: Seen, author: Found, *, at_least: int | None) -> list[Found]:
    rows = seen.where("odd_note", "author_id", author["id"])
    return counted(rows, author["id"], at_least)


@ODD_ANSWERS.answer("Query", "ranks")
def ranks_of_all(seen: Seen, *, at_least: int | None) -> list[Found]:
    return counted(seen.rows["odd_note"], None, at_least)


def counted(rows: Sequence[Found], author: Any, at_least: int | None) -> list[Found]:
    counts = Counter(row["rank"] for row in rows)
    return [
        {"rank": rank, "notes": counts[rank], "author_id": author}
        for rank in sorted(counts, key=lambda rank: (rank is not None, rank or 0))
        if at_least is None or counts[rank] >= at_least
    ]


@ODD_ANSWERS.answer("Author", "longest")
def longest(seen: Seen, author: Found) -> Found | None:
    rows = sorted(seen.where("odd_note", "author_id", author["id"]), key=lambda row: (-len(row["title"]), row["id"]))
    return {"title": rows[0]["title"], "letters": len(rows[0]["title"])} if rows else None


@ODD_ANSWERS.answer("Author", "label")
def label(seen: Seen, author: Found, *, before: str | None) -> str:
    return "/".join(["?" if before is None else before, seen.viewer.language, author["alias"] or "-"])


@ODD_ANSWERS.merged("Query", "titled", kinds=(int, str), descending=False)
def titled(seen: Seen, _: None, *, text: str | None) -> Iterator[tuple[str, Found, tuple[int, str]]]:
    for type_name, table in (("Note", "odd_note"), ("Picture", "odd_picture")):
        for row in seen.rows[table]:
            if text is None or text in row["title"]:
                yield type_name, row, (len(row["title"]), row["title"])


@ODD_ANSWERS.merged("Author", "works", kinds=(dt.date,), descending=True)
def works(seen: Seen, author: Found, *, text: str | None) -> Iterator[tuple[str, Found, tuple[dt.date]]]:
    for row in seen.where("odd_note", "author_id", author["id"]):
        if text is None or text in row["title"]:
            yield "Note", row, (row["due_on"] or LAST_DAY,)
    for row in seen.where("odd_picture", "author_id", author["id"]):
        if text is None or text in row["title"]:
            yield "Picture", row, (row["taken_at"].astimezone(dt.UTC).date() if row["taken_at"] else LAST_DAY,)
