"""`quadrant schema`: everything with its marks, or one view that says nothing of them."""

from __future__ import annotations

import pytest
from graphql import build_schema

from foundation.settings import Settings
from segments.audiences import Audience
from tests.portal.cli.program import run


def test_the_master_shows_the_marks(settings: Settings) -> None:
    ran = run(settings, "schema")
    assert (ran.code, ran.said) == (0, "")
    assert "@for(audiences:" in ran.out
    assert "@needs(" in ran.out
    build_schema(ran.out)


@pytest.mark.parametrize("audience", Audience, ids=lambda audience: audience.value)
def test_a_view_says_nothing_of_other_audiences(settings: Settings, audience: Audience) -> None:
    ran = run(settings, "schema", "--view", audience.value)
    assert (ran.code, ran.said) == (0, "")
    assert "@for" not in ran.out
    assert "@needs" not in ran.out
    build_schema(ran.out)


def test_an_unknown_view_is_refused(settings: Settings) -> None:
    ran = run(settings, "schema", "--view", "everybody")
    assert (ran.code, ran.out) == (2, "")
