"""Media types: what a client can read (Accept) and what it sends (Content-Type). Headers repeat, so answers are cached."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

MediaType = Literal["application/graphql-response+json", "application/json", "text/event-stream"]

GRAPHQL: MediaType = "application/graphql-response+json"
JSON: MediaType = "application/json"
EVENT_STREAM: MediaType = "text/event-stream"

# Ours in the order we prefer when a client names several and likes them the same.
NAMED_ORDER: tuple[MediaType, ...] = (GRAPHQL, JSON, EVENT_STREAM)
# When it takes anything it may be old or a person with curl, who read plain JSON.
ANY_ORDER: tuple[MediaType, ...] = (JSON, GRAPHQL, EVENT_STREAM)
# Longer headers are read so far.
RANGES_MAX = 50


@dataclass(frozen=True, slots=True)
class Accepted:
    """The media type to answer in, None when there is none; `stream`: events are acceptable too."""

    best: MediaType | None
    stream: bool
    # How an answer or an error is written when it is not streamed.
    whole: MediaType = field(init=False)
    content_type: tuple[bytes, bytes] = field(init=False)

    def __post_init__(self) -> None:
        """Choose it once, because what is accepted is remembered by its header."""
        whole = GRAPHQL if self.best == GRAPHQL else JSON
        object.__setattr__(self, "whole", whole)
        object.__setattr__(self, "content_type", (b"content-type", f"{whole}; charset=utf-8".encode()))


@dataclass(frozen=True, slots=True)
class Range:
    """One item of an Accept header."""

    main: str
    sub: str
    weight: float

    def precision(self, media_type: MediaType) -> int:
        """How precisely it names a media type: 3 by its name, 2 by its main type, 1 as anything, 0 not at all."""
        main, _, sub = media_type.partition("/")
        if self.main == main:
            return 3 if self.sub == sub else 2 if self.sub == "*" else 0
        return 1 if self.main == "*" else 0


@lru_cache(maxsize=512)
def accepted(header: bytes | None) -> Accepted:
    """What an Accept header asks for, by RFC 9110 §12.5.1: the most precise range that fits a type gives its weight."""
    ranges = read_ranges(header.decode("latin-1")) if header and header.strip() else [Range("*", "*", 1.0)]
    liked: dict[MediaType, tuple[float, int]] = {}
    for media_type in NAMED_ORDER:
        fitting = [(each.precision(media_type), each.weight) for each in ranges if each.precision(media_type)]
        precision, weight = max(fitting, default=(0, 0.0))
        if weight > 0:
            liked[media_type] = (weight, precision)
    if not liked:
        return Accepted(None, stream=False)
    most = max(liked.values())
    order = NAMED_ORDER if most[1] == 3 else ANY_ORDER
    return Accepted(next(each for each in order if liked.get(each) == most), stream=EVENT_STREAM in liked)


def read_ranges(header: str) -> list[Range]:
    """The items of an Accept header; those that nobody can read, and other encodings than UTF-8, are left out."""
    found: list[Range] = []
    for item in header.split(",")[:RANGES_MAX]:
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        main, slash, sub = ("*", "/", "*") if name == "*" else name.partition("/")
        weight, charset = 1.0, "utf-8"
        for parameter in parameters:
            key, _, value = (part.strip() for part in parameter.partition("="))
            if key == "q":
                weight = read_weight(value)
            elif key == "charset":
                charset = value.strip('"')
        if main and slash and sub and charset in {"utf-8", "utf8"}:
            found.append(Range(main, sub, weight))
    return found


def read_weight(text: str) -> float:
    """A weight between 0 and 1; 0 when it cannot be read."""
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0


@lru_cache(maxsize=128)
def is_json(header: bytes | None) -> bool:
    """Whether a Content-Type is `application/json` in UTF-8, which it is unless it says otherwise."""
    name, *parameters = (part.strip().lower() for part in (header or b"").split(b";"))
    if name != b"application/json":
        return False
    for parameter in parameters:
        key, _, value = (part.strip() for part in parameter.partition(b"="))
        if key == b"charset" and value.strip(b'"') not in {b"utf-8", b"utf8"}:
            return False
    return True
