"""The planner answers as graphql-core does, which executes the same view over rows read with `select *`."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.root import MASTER
from segments.audiences import EVERYONE, Audience
from tests.resolvers.planner.conftest import Stage
from tests.resolvers.planner.operations.documents import Writer
from tests.resolvers.planner.oracle.told import ANSWERS

EXAMPLES = settings(max_examples=300, suppress_health_check=list(HealthCheck))
DECISIONS = st.binary(min_size=400, max_size=400)


def test_the_oracle_knows_every_computed_field() -> None:
    assert ANSWERS.missing(MASTER.core) == []


@pytest.mark.parametrize("audience", EVERYONE)
@given(data=DECISIONS)
@EXAMPLES
async def test_written_operations(stages: dict[Audience, Stage], audience: Audience, data: bytes) -> None:
    stage = stages[audience]
    viewer = stage.viewers[data[0] % len(stage.viewers)]
    source, variables = Writer(stage.comparison.oracle.schema, stage.pools[viewer], data[1:]).operation()
    difference = await stage.comparison.difference(viewer, source, variables)
    assert difference is None, f"{difference}\n{viewer}\n{source}\n{variables}"
