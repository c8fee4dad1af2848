import datetime as dt
from collections import Counter
from itertools import pairwise

import pytest

from domain.customers.tables import Customer, Segment
from domain.programmes.tables import (
    ConfigurationItem,
    Equipment,
    EquipmentState,
    EquipmentStatus,
    Milestone,
    PhaseSpan,
    Programme,
    ProgrammePhase,
)
from segments.classification import Classification
from tests.portal.demo.worlds import NOW, by_id, follow_each_other, grouped, made

DAY = dt.timedelta(days=1)


def test_programmes_are_secret_in_every_degree_but_public() -> None:
    degrees = Counter(row["classification"] for row in made().rows(Programme))
    assert degrees.keys() == set(Classification) - {Classification.PUBLIC}
    compartments = {name for row in made().rows(Programme) for name in row["compartments"]}
    assert compartments < {row["code"] for row in made().rows(Programme)}
    assert len(compartments) >= 10


def test_programmes_serve_military_customers() -> None:
    customers = by_id(made(), Customer)
    served = {row["customer_id"] for row in made().rows(Programme)}
    assert {customers[customer]["segment"] for customer in served} == {Segment.MILITARY}
    assert len(served) >= 8


@pytest.mark.parametrize("phase", ProgrammePhase)
def test_programmes_are_in_every_phase(phase: ProgrammePhase) -> None:
    assert any(row["phase"] is phase for row in made().rows(Programme))


def test_phases_follow_each_other_in_plan_and_in_fact() -> None:
    programmes = by_id(made(), Programme)
    for programme, spans in grouped(made().rows(PhaseSpan), "programme_id").items():
        assert [span["phase"] for span in spans] == list(ProgrammePhase)[: len(spans)]
        for before, after in pairwise(spans):
            assert after["planned_from"] == before["planned_until"] + DAY
            if after["actual_from"] is not None:
                assert after["actual_from"] == before["actual_until"] + DAY
        [now] = [span for span in spans if span["actual_from"] is not None and span["actual_until"] is None]
        assert now["phase"] is programmes[programme]["phase"]
        assert now["actual_from"] <= NOW.date()
        assert programmes[programme]["started_on"] == spans[0]["actual_from"]


def test_some_milestones_came_late_some_are_late_and_some_are_ahead() -> None:
    milestones = made().rows(Milestone)
    assert any(row["actual_on"] and row["actual_on"] > row["planned_on"] + 60 * DAY for row in milestones)
    assert any(row["actual_on"] is None and row["planned_on"] < NOW.date() for row in milestones)
    assert any(row["actual_on"] is None and row["planned_on"] > NOW.date() for row in milestones)
    assert all(row["actual_on"] is None or row["actual_on"] <= NOW.date() for row in milestones)


def test_milestones_of_finished_phases_have_come() -> None:
    over = {
        (span["programme_id"], span["phase"]): span["actual_until"]
        for span in made().rows(PhaseSpan)
        if span["actual_until"] is not None
    }
    for row in made().rows(Milestone):
        if (until := over.get((row["programme_id"], row["phase"]))) is not None:
            assert row["actual_on"] is not None
            assert row["actual_on"] <= until


def test_a_unit_has_one_state_at_a_time_without_a_gap() -> None:
    states = grouped(made().rows(EquipmentState), "equipment_id")
    assert states.keys() == by_id(made(), Equipment).keys()
    for unit, equipment in by_id(made(), Equipment).items():
        assert follow_each_other(states[unit])
        ordered = sorted(states[unit], key=lambda state: state["valid_from"])
        assert ordered[0]["valid_from"].date() == equipment["delivered_on"]
        assert ordered[-1]["status"] is equipment["status"]
        assert ordered[-1]["location"] == equipment["location"]
        hours = [*(state["operating_hours"] for state in ordered), equipment["operating_hours"]]
        assert hours == sorted(hours)


@pytest.mark.parametrize("status", EquipmentStatus)
def test_units_are_in_every_state(status: EquipmentStatus) -> None:
    assert any(row["status"] is status for row in made().rows(Equipment))


def test_units_of_a_retired_programme_are_retired() -> None:
    programmes = by_id(made(), Programme)
    for row in made().rows(Equipment):
        retired = programmes[row["programme_id"]]["phase"] is ProgrammePhase.RETIRED
        assert (row["status"] is EquipmentStatus.RETIRED) == retired


def test_only_programmes_that_have_delivered_have_a_fleet() -> None:
    delivered = {
        span["programme_id"]: span["actual_from"]
        for span in made().rows(PhaseSpan)
        if span["phase"] is ProgrammePhase.DELIVERY and span["actual_from"] is not None
    }
    fleets = grouped(made().rows(Equipment), "programme_id")
    assert fleets.keys() == delivered.keys()
    for programme, units in fleets.items():
        assert all(delivered[programme] <= unit["delivered_on"] < NOW.date() for unit in units)


def test_a_slot_holds_one_part_at_a_time() -> None:
    slots = grouped(made().rows(ConfigurationItem), "equipment_id", "slot")
    assert all(follow_each_other(parts) for parts in slots.values())
    assert any(len(parts) == 3 for parts in slots.values())
    assert {unit for unit, _ in slots} == by_id(made(), Equipment).keys()
