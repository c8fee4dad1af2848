"""The planner answers as graphql-core does, which executes the same view over rows read with `select *`."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.root import MASTER
from segments.audiences import EVERYONE, Audience
from segments.viewer import Viewer
from segments.views import compile_views
from tests.resolvers.planner.conftest import Stage
from tests.resolvers.planner.operations.documents import Writer
from tests.resolvers.planner.operations.enriched import enriched, generated
from tests.resolvers.planner.operations.pool import DAYS
from tests.resolvers.planner.oracle.told import ANSWERS

WRITTEN = settings(max_examples=200, suppress_health_check=list(HealthCheck))
GENERATED = settings(max_examples=40, suppress_health_check=list(HealthCheck))
DECISIONS = st.binary(min_size=400, max_size=400)
DOCUMENTS = {audience: generated(view.core) for audience, view in compile_views(MASTER).items()}


def test_the_oracle_knows_every_computed_field() -> None:
    assert ANSWERS.missing(MASTER.core) == []


@pytest.mark.parametrize("audience", EVERYONE)
@given(data=DECISIONS)
@WRITTEN
async def test_written_operations(stages: dict[Audience, Stage], audience: Audience, data: bytes) -> None:
    stage = stages[audience]
    viewer = stage.viewers[data[0] % len(stage.viewers)]
    writer = Writer(stage.comparison.oracle.schema, stage.pools[viewer], data[1:])
    source, variables = writer.operation()
    await check(stage, viewer, source, variables)
    # The same document again, so that its plans meet a request that they were not made for.
    await check(stage, viewer, source, writer.again())


@pytest.mark.parametrize("audience", EVERYONE)
@given(data=DECISIONS, drawn=st.data())
@GENERATED
async def test_generated_operations(
    stages: dict[Audience, Stage], audience: Audience, data: bytes, drawn: st.DataObject
) -> None:
    stage = stages[audience]
    viewer = stage.viewers[data[0] % len(stage.viewers)]
    document = drawn.draw(DOCUMENTS[audience])
    source, variables = enriched(stage.comparison.oracle.schema, stage.pools[viewer], document, data[1:])
    await check(stage, viewer, source, variables)


@pytest.mark.parametrize("audience", EVERYONE)
async def test_operations_are_worth_it(stages: dict[Audience, Stage], audience: Audience) -> None:
    """Comparing refusals, or answers without a row, would prove little."""
    stage = stages[audience]
    chance, outcomes = random.Random(5), stage.comparison.outcomes  # noqa: S311 - repeatable, not secret
    viewer = stage.viewers[0]
    outcomes.clear()
    for _ in range(40):
        writer = Writer(stage.comparison.oracle.schema, stage.pools[viewer], chance.randbytes(400))
        await check(stage, viewer, *writer.operation())
    assert outcomes["answered"] > 0.5 * outcomes.total(), outcomes
    assert outcomes["refused"] < 0.25 * outcomes.total(), outcomes


# What functions of the database alone write: drawn operations come by it seldom.
WRITTEN_BY_FUNCTIONS = """{ vouchers(first: 50) { totalCount nodes { code status validUntil } }
    rewards(first: 50) { nodes { name tierName points offered } } rewardRedemptions(first: 50) { totalCount nodes { status points } } }"""


@pytest.mark.parametrize("audience", [Audience.CONSUMER, Audience.ENTERPRISE, Audience.STAFF])
async def test_what_functions_alone_write(stages: dict[Audience, Stage], audience: Audience) -> None:
    stage = stages[audience]
    stage.comparison.outcomes.clear()
    for viewer in stage.viewers:
        await check(stage, viewer, WRITTEN_BY_FUNCTIONS, {})
    assert stage.comparison.outcomes["answered"], stage.comparison.outcomes


async def check(stage: Stage, viewer: Viewer, source: str, variables: dict[str, Any]) -> None:
    difference = await stage.comparison.difference(viewer, source, variables)
    assert difference is None, f"{difference}\n{viewer}\n{source}\n{variables}"


LIABILITY = """query($programme: ID, $on: Date) { pointsLiability(programme: $programme, on: $on) {
    at programme { code } worthPoints worth { amount currency } whole { ...Row } parts { ...Row }
} } fragment Row on PointsLiabilityRow {
    part tier { code } month pending available held debt outstanding issued withdrawn redeemed expired breakage
    owed { amount currency } broken { amount currency }
}"""


async def test_what_is_owed_on_any_day(stages: dict[Audience, Stage]) -> None:
    """Written operations hardly ever ask for the whole report of a programme that is there."""
    stage, outcomes = stages[Audience.STAFF], stages[Audience.STAFF].comparison.outcomes
    viewer = next(each for each in stage.viewers if "points:liability" in each.scopes)
    outcomes.clear()
    for programme in {*stage.pools[viewer].ids["PointsProgramme"]}:
        for on in (None, *DAYS):
            await check(stage, viewer, LIABILITY, {"programme": programme, "on": on})
    assert outcomes["answered"] > outcomes["refused"] > 0, outcomes
