"""The first version of an approval policy, which holds for all subjects of its kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from domain.approvals.tables import ApprovalPolicy
from portal.demo.world import World


def first_policy(
    world: World,
    subject_kind: str,
    name: str,
    name_en: str,
    *,
    steps: Sequence[Mapping[str, Any]],
    published_at: dt.datetime,
) -> Any:
    """Add it without conditions; returns its key."""
    return world.add(
        ApprovalPolicy,
        subject_kind=subject_kind,
        code="usual",
        version=1,
        name=name,
        name_en=name_en,
        classification_min=None,
        classification_max=None,
        amount_min=None,
        amount_below=None,
        segments=[],
        passes_because=None,
        steps=list(steps),
        published_at=published_at,
    )
