"""The comparison finds what is wrong: every sabotaged planner is caught, and within few operations."""

from __future__ import annotations

import random

import pytest
import structlog

from resolvers.planner.engine import Engine
from segments.audiences import Audience
from tests.resolvers.planner.conftest import Stage
from tests.resolvers.planner.operations.documents import Writer
from tests.resolvers.planner.sabotage import SABOTAGES, Sabotage, committed

OPERATIONS_MAX = 900


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.says)
async def test_is_caught(stages: dict[Audience, Stage], engine: Engine, sabotage: Sabotage) -> None:
    forget(engine)
    with committed(sabotage), structlog.testing.capture_logs():
        caught = await operations_until_caught(stages)
    forget(engine)
    assert caught is not None


def forget(engine: Engine) -> None:
    """Plans made by another planner must not serve."""
    for documents in engine._documents.values():
        documents.clear()


async def operations_until_caught(stages: dict[Audience, Stage]) -> int | None:
    """How many operations it took, or None."""
    chance = random.Random(7)  # noqa: S311 - repeatable, not secret
    audiences = list(stages)
    for at in range(OPERATIONS_MAX):
        stage = stages[audiences[at % len(audiences)]]
        viewer = chance.choice(stage.viewers)
        writer = Writer(stage.comparison.oracle.schema, stage.pools[viewer], chance.randbytes(300), fields_max=12)
        source, variables = writer.operation()
        for given in (variables, writer.again()):
            if await stage.comparison.difference(viewer, source, given):
                return at + 1
    return None
