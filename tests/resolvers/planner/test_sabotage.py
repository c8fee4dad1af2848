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
        caught = await operations_until_caught(stages, sabotage)
    forget(engine)
    assert caught is not None


def forget(engine: Engine) -> None:
    """Plans made by another planner must not serve."""
    for documents in engine._documents.values():
        documents.clear()


async def operations_until_caught(stages: dict[Audience, Stage], sabotage: Sabotage) -> int | None:
    """How many operations it took, or None."""
    chance = random.Random(7)  # noqa: S311 - repeatable, not secret
    asked = [stage for stage in stages.values() if has_root(stage, sabotage.roots)]
    for at in range(OPERATIONS_MAX):
        stage = asked[at % len(asked)]
        viewer = chance.choice(stage.viewers)
        data, schema = chance.randbytes(300), stage.comparison.oracle.schema
        writer = Writer(schema, stage.pools[viewer], data, fields_max=12, roots=sabotage.roots)
        source, variables = writer.operation()
        for given in (variables, writer.again()):
            if await stage.comparison.difference(viewer, source, given):
                return at + 1
    return None


def has_root(stage: Stage, roots: tuple[str, ...]) -> bool:
    """Whether a view has one of some roots; all have one of none."""
    query = stage.comparison.oracle.schema.query_type
    assert query
    return not roots or not query.fields.keys().isdisjoint(roots)
