"""The committed SDL is what the code makes, and no audience loses anything that nobody declared."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import graphql as g
import pytest

from foundation.migrations import ROOT
from schema.snapshots import HERE, printed
from segments.audiences import Audience

PRINTED = printed()
VIEWS = [f"{audience.value}.graphql" for audience in Audience]
DECLARED = ROOT / "docs" / "schema-changes.md"
# A declared change: "- consumer: Product.cost was removed."
DECLARATION = re.compile(r"^- (\w+): (.+)$", re.MULTILINE)
COMMITS_MAX = 20


def git(*arguments: str) -> str:
    """The output of a git command at the repository's root; empty where it fails, or there is no git or no history."""
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def committed(name: str) -> Iterator[str]:
    """A snapshot's texts in the commits that changed it, newest first."""
    path = f"schema/{name}"
    for commit in git("log", f"--max-count={COMMITS_MAX}", "--diff-filter=AM", "--format=%H", "--", path).split():
        yield git("show", f"{commit}:{path}")


def breaking_changes(old: str, new: str) -> list[str]:
    """What clients of the old SDL may miss in the new."""
    return sorted(change.description for change in g.find_breaking_changes(g.build_schema(old), g.build_schema(new)))


def undeclared(audience: str, changes: list[str], declarations: str) -> list[str]:
    """The changes that the list of declarations lacks."""
    declared = set(DECLARATION.findall(declarations))
    return [change for change in changes if (audience, change) not in declared]


@pytest.mark.parametrize("name", PRINTED)
def test_a_snapshot_is_what_the_code_makes(name: str) -> None:
    path = HERE / name
    assert path.is_file(), "python -m schema.snapshots"
    assert path.read_text(encoding="utf-8") == PRINTED[name], "python -m schema.snapshots"


def test_there_is_a_snapshot_of_every_view_and_of_nothing_else() -> None:
    assert sorted(path.name for path in HERE.glob("*.graphql")) == sorted([*VIEWS, "master.graphql"])


@pytest.mark.parametrize("name", VIEWS)
def test_a_breaking_change_is_declared(name: str) -> None:
    """Against the last committed text that differs: the change may just have been committed for review."""
    old = next((text for text in committed(name) if text != PRINTED[name]), PRINTED[name])
    found = undeclared(name.removesuffix(".graphql"), breaking_changes(old, PRINTED[name]), DECLARED.read_text("utf-8"))
    assert found == [], f"declare in {DECLARED.relative_to(ROOT)}"


def test_the_guard_sees_what_is_taken_and_lets_pass_what_is_added() -> None:
    old = "type Query { a(x: Int): Int b: Kind } enum Kind { A B }"
    assert breaking_changes(old, "type Query { a(x: Int, y: Int): Int b: Kind c: Int } enum Kind { A B C }") == []
    taken = breaking_changes(old, "type Query { a(x: Int!): Int } enum Kind { A }")
    assert any("Query.b was removed" in change for change in taken)
    assert len(taken) >= 2
    declarations = "".join(f"- consumer: {change}\n" for change in taken)
    assert undeclared("consumer", taken, declarations) == []
    assert undeclared("staff", taken, declarations) == taken


def test_the_masters_snapshot_shows_marks_and_the_views_none() -> None:
    assert "@for(audiences:" in PRINTED["master.graphql"]
    assert "@needs(scopes:" in PRINTED["master.graphql"]
    for name in VIEWS:
        assert "@for" not in PRINTED[name]
        assert "@needs" not in PRINTED[name]


def test_views_differ() -> None:
    assert len({PRINTED[name] for name in VIEWS}) == len(VIEWS)
