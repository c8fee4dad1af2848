"""The table of jobs' runs: which job has run for which period, and how far it came."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from foundation.tables import Table
from segments.policies import STAFF_OR_SYSTEM, SYSTEM, Rows


class JobRun(Table):
    """A job's run for one period, which begins at an instant of its schedule. `done` counts what its steps have done.

    A step and its mark here are one transaction, so whatever happens to a worker, a step counts once and an ended run
    does nothing more.
    """

    __tablename__ = "job_run"
    __rows__ = Rows(STAFF_OR_SYSTEM, SYSTEM, classified=False)
    __table_args__ = (
        UniqueConstraint("name", "period"),
        CheckConstraint("steps >= 0 and done >= 0", "counted"),
        CheckConstraint("(ended_at is null) or ended_at >= started_at", "ended"),
        Index("ix_job_run_started", "started_at"),
    )

    name: Mapped[str]
    period: Mapped[dt.datetime]
    started_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    steps: Mapped[int]
    done: Mapped[int]
