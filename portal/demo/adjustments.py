"""Who must sign an adjustment of points."""

from __future__ import annotations

from typing import Any

from domain.points.adjustments import SUBJECT_KIND
from portal.demo.policies import first_policy
from portal.demo.world import World

STEP: dict[str, Any] = {
    "name": "部门负责人审批",
    "name_en": "Approval by the head of department",
    "signers": [{"role": "department_head"}],
    "needed": 1,
    "deadline_hours": 48,
    "escalation_role": "department_head",
}


def make_adjustments(world: World) -> None:
    """The policy; there is no adjustment yet."""
    first_policy(
        world,
        SUBJECT_KIND,
        "积分调整政策",
        "Policy of adjustments of points",
        steps=[STEP],
        published_at=world.working_hour(world.day(950)),
    )
