"""`quadrant check`: what is stale or wrong is named, and the exit code says whether anything is."""

from __future__ import annotations

from pathlib import Path

from foundation.settings import Settings
from portal.cli.snapshots import stale_files, written_files
from tests.portal.cli.program import run


def test_the_exit_code_says_whether_anything_is_wrong(settings: Settings) -> None:
    ran = run(settings, "check")
    assert ran.out == ""
    assert "✓ views" in ran.said
    assert ran.code == int("✗" in ran.said)


def test_a_file_that_is_missing_or_differs_is_stale(tmp_path: Path) -> None:
    same, other, missing = tmp_path / "same", tmp_path / "other", tmp_path / "missing"
    same.write_text("text\n", encoding="utf-8")
    other.write_text("earlier text\n", encoding="utf-8")
    assert stale_files({same: "text\n", other: "text\n", missing: "text\n"}) == [other, missing]


def test_the_master_and_every_view_have_a_snapshot() -> None:
    names = {path.name for path in written_files()}
    assert names == {
        "settings.md",
        "master.graphql",
        "military.graphql",
        "government.graphql",
        "enterprise.graphql",
        "consumer.graphql",
        "division.graphql",
        "staff.graphql",
    }
