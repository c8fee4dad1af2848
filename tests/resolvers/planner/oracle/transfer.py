"""How technology transfer is answered."""

from __future__ import annotations

from typing import Any

from tests.resolvers.planner.oracle.answers import Answers
from tests.resolvers.planner.oracle.customers import localised
from tests.resolvers.planner.oracle.programmes import slippage_days
from tests.resolvers.planner.oracle.seen import Found, Seen

STAGES = ("REGISTERED", "SCREENED", "REVIEWING", "DECLASSIFIED", "TRANSFERRING", "PRODUCT")


def days_in_stage(seen: Seen, outcome: Found) -> int:
    return (seen.now - outcome["stage_since"]).days


def outcomes(_: Seen, row: Found, *, stage: str | None, domain: str | None, retained: bool | None) -> bool:
    return (
        stage in {None, row["stage"]}
        and domain in {None, row["domain"]}
        and retained in {None, row["retained_at"] is not None}
    )


def funnel(seen: Seen) -> list[dict[str, Any]]:
    """Stage by stage, counted one by one."""
    rows = seen.rows["technology_outcome"]
    told: list[dict[str, Any]] = []
    for at, stage in enumerate(STAGES):
        ages = [days_in_stage(seen, row) for row in rows if row["stage"] == stage and row["retained_at"] is None]
        mean = sum(ages) / len(ages) if ages else 0
        told.append(
            {
                "stage": stage,
                "reached": sum(STAGES.index(row["stage"]) >= at for row in rows),
                "here": len(ages),
                "days_oldest": max(ages, default=0),
                # As PostgreSQL rounds: a half goes away from zero.
                "days_mean": int(mean + 0.5) if mean >= 0 else -int(0.5 - mean),
            }
        )
    return told


def sheets(seen: Seen, row: Found, *, latest: bool | None) -> bool:
    newest = max(each["version"] for each in seen.rows["screening_sheet"]) == row["version"]
    return latest in {None, newest}


def by_status(_: Seen, row: Found, *, status: str | None) -> bool:
    return status in {None, row["status"]}


def register(answers: Answers) -> None:
    """Tell the oracle of technology transfer."""
    answers.answer("TechnologyOutcome", "days_in_stage")(days_in_stage)
    answers.answer("Query", "technology_outcomes")(outcomes)
    answers.answer("Query", "transfer_funnel")(funnel)
    for type_name in ("ScreeningSheet", "ScreeningCriterion"):
        answers.answer(type_name, "name")(localised)
        answers.answer(type_name, "name_zh")(lambda _, row: row["name"])
    answers.answer("TransferMilestone", "days_late")(slippage_days)
    answers.answer("Query", "screening_sheets")(sheets)
    answers.answer("Query", "declassification_reviews")(by_status)
    answers.answer("Query", "transfer_projects")(by_status)
    answers.answer("Query", "civil_descriptions")(lambda _seen, _row: True)
