"""How programmes and fleets are answered."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.customers import held, localised
from tests.resolvers.planner.oracle.seen import Found, Seen
from tests.resolvers.planner.oracle.texts import key_in


def slippage_days(seen: Seen, milestone: Found) -> int:
    return max(((milestone["actual_on"] or seen.today) - milestone["planned_on"]).days, 0)


def programmes(_: Seen, row: Found, *, phase: str | None, domain: str | None) -> bool:
    return phase in {None, row["phase"]} and domain in {None, row["domain"]}


def equipment(_: Seen, row: Found, *, programme: str | None, status: str | None, serial_number: str | None) -> bool:
    return (
        (programme is None or row["programme_id"] == key_in(programme, "Programme"))
        and status in {None, row["status"]}
        and row["serial_number"].startswith(serial_number or "")
    )


def in_force(seen: Seen, row: Found, *, at: dt.datetime | None) -> bool:
    return held(row, at or seen.now)


def phase_state(_: Seen, span: Found) -> str:
    return "PLANNED" if span["actual_from"] is None and span["actual_until"] is None else "DONE" if span["actual_until"] else "NOW"  # fmt: skip


def phase_starts_on(seen: Seen, span: Found) -> dt.date:
    return span["actual_from"] or max(span["planned_from"], seen.today)


def phase_ends_on(seen: Seen, span: Found) -> dt.date:
    return span["actual_until"] or max(span["planned_until"], seen.today)


def phase_slippage_days(seen: Seen, span: Found) -> int:
    return max(((span["actual_until"] or seen.today) - span["planned_until"]).days, 0)


def programme_slippage_days(seen: Seen, programme: Found) -> int:
    """By the milestone that is the latest of those still to come."""
    ahead = [row for row in seen.where("milestone", "programme_id", programme["id"]) if row["actual_on"] is None]
    return max((slippage_days(seen, row) for row in ahead), default=0)


def milestones(seen: Seen, row: Found, *, reached: bool | None, late: bool | None = None) -> bool:
    is_late = row["actual_on"] is None and row["planned_on"] < seen.today
    return reached in {None, row["actual_on"] is not None} and late in {None, is_late}


def states(_: Seen, row: Found, *, at: dt.datetime | None) -> bool:
    return at is None or held(row, at)


def fleet(
    seen: Seen,
    row: Found,
    *,
    at: dt.datetime | None,
    programmes: list[str] | None,
    statuses: list[str] | None,
    serial_number: str | None,
) -> bool:
    unit = seen.one("equipment", row["equipment_id"])
    return (
        held(row, at or seen.now)
        and (programmes is None or row["programme_id"] in [key_in(each, "Programme") for each in programmes])
        and (statuses is None or row["status"] in statuses)
        and (serial_number is None or (unit is not None and unit["serial_number"].startswith(serial_number)))
    )


def fleet_counts(seen: Seen, **filter: Any) -> list[Found]:
    """By the status's name, as far as a unit was in it."""
    counts = Counter(row["status"] for row in seen.rows["equipment_state"] if fleet(seen, row, **filter))
    return [{"status": status, "units": counts[status]} for status in sorted(counts)]


def fleet_by_programme(seen: Seen, **filter: Any) -> list[Found]:
    """By the programme's code, of programmes that are seen."""
    counts = Counter(row["programme_id"] for row in seen.rows["equipment_state"] if fleet(seen, row, **filter))
    shown = sorted((row for row in seen.rows["programme"] if row["id"] in counts), key=lambda row: row["code"])
    return [{"programme_id": row["id"], "units": counts[row["id"]]} for row in shown]


def register(answers: Answers) -> None:
    """Tell the oracle of programmes."""
    for type_name in ("Programme", "Milestone"):
        answers.answer(type_name, "name")(localised)
    answers.answer("Milestone", "slippage_days")(slippage_days)
    answers.answer("PhaseSpan", "state")(phase_state)
    answers.answer("PhaseSpan", "starts_on")(phase_starts_on)
    answers.answer("PhaseSpan", "ends_on")(phase_ends_on)
    answers.answer("PhaseSpan", "slippage_days")(phase_slippage_days)
    answers.answer("Programme", "slippage_days")(programme_slippage_days)
    answers.answer("Programme", "milestones")(milestones)
    answers.answer("Query", "milestones")(milestones)
    answers.answer("Equipment", "states")(states)
    answers.answer("Query", "fleet_by_programme")(fleet_by_programme)
    answers.answer("Equipment", "configuration")(in_force)
    answers.answer("Equipment", "configuration_history")(lambda _seen, _row: True)
    answers.answer("Query", "programmes")(programmes)
    answers.answer("Query", "equipment")(equipment)
    answers.answer("Query", "fleet")(fleet)
    answers.answer("Query", "fleet_counts")(fleet_counts)
