"""The subjects by name: how each is started, asked and understood."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import shapes
from bench.shapes import Ask, ShapeName
from bench.subjects import orm, postgraphile
from foundation.database import Addresses


@dataclass(frozen=True)
class Subject:
    """One way of answering the questions.

    `question`: the path and the body of a request. `normal`: an answer's `data` in the common form. `comparable`: the same
    rows are seen as by ours, so that answers must be equal.
    """

    name: str
    title: str
    command: Callable[[int, Addresses, Path], list[str]]
    question: Callable[[ShapeName, Ask], tuple[str, object]]
    normal: Callable[[Any], Any] = shapes.normal
    comparable: bool = True


def of_python(name: str) -> Callable[[int, Addresses, Path], list[str]]:
    """The command of a subject that `bench.serve` serves."""
    return lambda port, _, __: [sys.executable, "-m", "bench.serve", name, str(port)]


def by_graphql(
    documents: Any, variables: Callable[[ShapeName, Ask], Any]
) -> Callable[[ShapeName, Ask], tuple[str, object]]:
    """Questions as documents with variables."""
    return lambda shape, ask: ("/graphql", {"query": documents[shape], "variables": variables(shape, ask)})


def by_path(shape: ShapeName, ask: Ask) -> tuple[str, object]:
    """Questions as a path and the one thing that is asked for."""
    asked = {"product": ask.slug, "list": str(ask.category), "customer": str(ask.customer)}
    return f"/{shape}", {"asked": asked[shape]}


OURS = Subject("ours", "ours", of_python("ours"), by_graphql(shapes.DOCUMENTS, shapes.variables))
LIMIT = Subject("limit", "limit, same policies", of_python("limit"), by_path)
ORM = Subject(
    "orm",
    "Strawberry, ORM and DataLoader",
    of_python("orm"),
    by_graphql(orm.DOCUMENTS, orm.variables),
    normal=lambda x: x,
)
POSTGRAPHILE = Subject(
    "postgraphile",
    "PostGraphile 5",
    postgraphile.command,
    by_graphql(postgraphile.DOCUMENTS, postgraphile.variables),
    normal=postgraphile.normal,
)
SUBJECTS = (
    OURS,
    LIMIT,
    Subject("limit-open", "limit, no policies", of_python("limit-open"), by_path, comparable=False),
    Subject("engine", "ours without its door", of_python("engine"), by_graphql(shapes.DOCUMENTS, shapes.variables)),
    ORM,
    POSTGRAPHILE,
)


def body_of(subject: Subject, shape: ShapeName, ask: Ask) -> tuple[str, str]:
    """The path and the text of a request's body."""
    path, body = subject.question(shape, ask)
    return path, json.dumps(body)
