"""All words of the pages: found in templates, in what pages say about themselves, and in Python marked by `msgid`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract

import portal.pages
from portal.pages.registry import Registry

PAGES = Path(next(iter(portal.pages.__path__)))
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+")
# What a template may hold beside `_("…")`: comments, and the name of the other language.
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
CALL = re.compile(r"""\b_\(\s*("[^"]*"|'[^']*')""")


def templates(directory: Path = PAGES) -> list[Path]:
    """All templates of a folder."""
    return sorted(directory.rglob("*.html"))


def template_msgids(path: Path) -> set[str]:
    """What a template asks to be translated."""
    with path.open("rb") as file:
        found = extract("jinja2", file, keywords={"_": None}, options={"silent": "false"})
        return {str(message) for _, message, _, _ in found}


def python_msgids(directory: Path = PAGES) -> set[str]:
    """What Python marks for a template to translate."""
    found: set[str] = set()
    for path in directory.rglob("*.py"):
        with path.open("rb") as file:
            found |= {str(message) for _, message, _, _ in extract("python", file, keywords={"msgid": None})}
    return found


def said_by_pages(registry: Registry) -> Iterator[str]:
    """Titles, the words of search boxes, and what is said after a form."""
    for page in registry.pages.values():
        yield page.title
        if page.search:
            yield page.search.words
        yield from (action.done for action in page.actions.values() if action.done)


def untranslated(path: Path) -> list[str]:
    """Chinese in a template that no `_` would translate."""
    text = CALL.sub("_(", COMMENT.sub("", path.read_text(encoding="utf-8")))
    return [found for found in CHINESE.findall(text) if found != "中文"]
