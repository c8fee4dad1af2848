"""The table of reclassification: what somebody asked for, and what others said."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import Text

from domain.approvals.tables import ApprovalRequest, RequestStatus
from domain.programmes.tables import Equipment, Programme
from domain.transfer.tables import TechnologyOutcome
from foundation.tables import Table, labels
from segments.classification import Classification, ClassificationRank, Classified
from segments.policies import STAFF_OR_SYSTEM, Rows


class Reclassification(Classified, Table):
    """A change of one subject's classification and compartments 密级变更, asked for by one person and confirmed by another.

    It is guarded like both what the subject is and what it is to be. `applied_in` is the transaction in which the change
    was confirmed, written by PostgreSQL: in it alone does the subject change (docs/adr/0013-reclassification.md).
    """

    __tablename__ = "reclassification"
    __rows__ = Rows(STAFF_OR_SYSTEM, STAFF_OR_SYSTEM)
    __table_args__ = (
        CheckConstraint("num_nonnulls(programme_id, equipment_id, outcome_id) = 1", "one_subject"),
        CheckConstraint("(applied_in is not null) = (status = 'APPROVED')", "applied"),
        Index("ix_reclassification_order", text("requested_at desc"), "id"),
        Index("ix_reclassification_status", "status", text("requested_at desc"), "id"),
        Index("ix_reclassification_request", "request_id"),
        Index("ix_reclassification_programme", "programme_id"),
        Index("ix_reclassification_equipment", "equipment_id"),
        Index("ix_reclassification_outcome", "outcome_id"),
        Index("ix_reclassification_applied", "applied_in"),
    )

    programme_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("programme.id"))
    equipment_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("equipment.id"))
    outcome_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("technology_outcome.id"))
    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval_request.id"))
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    author_employee_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("employee.id"))
    author_name: Mapped[str]
    title: Mapped[str]
    status: Mapped[RequestStatus] = mapped_column(labels(RequestStatus, "status"))
    from_classification: Mapped[Classification] = mapped_column(ClassificationRank())
    from_compartments: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    to_classification: Mapped[Classification] = mapped_column(ClassificationRank())
    to_compartments: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    reason: Mapped[str]
    requested_at: Mapped[dt.datetime]
    decided_at: Mapped[dt.datetime | None]
    applied_in: Mapped[int | None]
    programme: Mapped[Programme | None] = relationship(lazy="raise")
    equipment: Mapped[Equipment | None] = relationship(lazy="raise")
    outcome: Mapped[TechnologyOutcome | None] = relationship(lazy="raise")
    request: Mapped[ApprovalRequest | None] = relationship(lazy="raise")
