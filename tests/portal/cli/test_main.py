"""The program as a whole: it answers at once, lists its commands, and each of them explains itself."""

from __future__ import annotations

import pytest

from foundation.settings import Settings
from portal.cli.main import ENTRIES
from tests.portal.cli.program import run_alone


def test_the_help_comes_at_once_and_lists_every_command(settings: Settings) -> None:
    ran = run_alone(settings, "--help")
    assert ran.code == 0
    for name, entry in ENTRIES.items():
        assert name in ran.out
        assert entry.help in ran.out
    # Processor time, because the machine may be busy; a wall clock shows little more on an idle one.
    assert ran.processor_seconds < 0.5


@pytest.mark.parametrize("command", ENTRIES)
def test_every_command_explains_itself(settings: Settings, command: str) -> None:
    ran = run_alone(settings, command, "--help")
    assert ran.code == 0
    assert f"quadrant {command}" in ran.out


def test_an_unknown_command_is_named(settings: Settings) -> None:
    ran = run_alone(settings, "nonsense")
    assert (ran.code, ran.out) == (2, "")
    assert "nonsense" in ran.said


def test_a_wrong_setting_is_named_without_a_traceback(settings: Settings) -> None:
    ran = run_alone(settings, "migrate", QUADRANT_PORT="many")
    assert (ran.code, ran.out) == (1, "")
    assert "port" in ran.said
    assert "Traceback" not in ran.said
