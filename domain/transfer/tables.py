"""Tables of technology transfer: outcomes, and their originals, which nobody edits and the division never reads."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.customers.tables import Employee
from domain.programmes.tables import Programme
from foundation.tables import Table, labels
from segments.classification import Classified
from segments.policies import HOUSE, STAFF_OR_SYSTEM, Rows


class TransferStage(enum.Enum):
    """How far an outcome has come: 登记成果, 民用筛选, 提交脱密, 通过审查, 合作转化, 形成产品."""

    REGISTERED = "REGISTERED"
    SCREENED = "SCREENED"
    REVIEWING = "REVIEWING"
    DECLASSIFIED = "DECLASSIFIED"
    TRANSFERRING = "TRANSFERRING"
    PRODUCT = "PRODUCT"


class TechnologyOutcome(Classified, Table):
    """A result of military research 技术成果 that may have civil value: its index card, without the technology itself.

    `retained_at`: since when it is kept from transfer, at whatever stage it had reached.
    """

    __tablename__ = "technology_outcome"
    __rows__ = Rows(HOUSE, HOUSE)
    __table_args__ = (
        CheckConstraint("readiness between 1 and 9", "readiness"),
        UniqueConstraint("code", "classification", "compartments"),
        Index("ix_technology_outcome_order", "code", "id"),
        Index("ix_technology_outcome_stage", "stage", "code", "id"),
        Index("ix_technology_outcome_programme", "programme_id"),
    )

    programme_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("programme.id"))
    owner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("employee.id"))
    code: Mapped[str]
    domain: Mapped[str]  # 领域, such as 无人机 or 通信
    civil_use: Mapped[str]
    readiness: Mapped[int]
    stage: Mapped[TransferStage] = mapped_column(labels(TransferStage, "stage"))
    stage_since: Mapped[dt.datetime]
    retained_at: Mapped[dt.datetime | None]
    registered_at: Mapped[dt.datetime]
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[dt.datetime]
    programme: Mapped[Programme | None] = relationship(lazy="raise")
    owner: Mapped[Employee | None] = relationship(lazy="raise")
    originals: Mapped[list[OutcomeOriginal]] = relationship(lazy="raise", back_populates="outcome")


class OutcomeOriginal(Classified, Table):
    """What an outcome is, in full 原始成果. It is added once and never edited: what the public reads is another row."""

    __tablename__ = "outcome_original"
    __rows__ = Rows(STAFF_OR_SYSTEM, append_only=True)
    __table_args__ = (Index("ix_outcome_original_outcome", "outcome_id", "recorded_at", "id"),)

    outcome_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("technology_outcome.id"))
    title: Mapped[str]
    text: Mapped[str]
    recorded_at: Mapped[dt.datetime]
    outcome: Mapped[TechnologyOutcome | None] = relationship(lazy="raise", back_populates="originals")
