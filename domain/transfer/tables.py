"""Tables of technology transfer: outcomes and their originals, and how they are screened, on a published sheet."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.customers.tables import Employee
from domain.programmes.tables import Programme
from foundation.tables import Table, labels
from segments.classification import Classified
from segments.policies import HOUSE, PERSON, STAFF_OR_SYSTEM, SYSTEM, Rows, all_of, any_of

if TYPE_CHECKING:
    from domain.transfer.civil_tables import CivilDescription, DeclassificationReview


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
    screenings: Mapped[list[Screening]] = relationship(lazy="raise", back_populates="outcome")
    reviews: Mapped[list[DeclassificationReview]] = relationship(lazy="raise", back_populates="outcome")
    descriptions: Mapped[list[CivilDescription]] = relationship(lazy="raise", back_populates="outcome")


class OutcomeOriginal(Classified, Table):
    """What an outcome is, in full 原始成果. It is added once, its text is never edited: what the public reads is another row."""

    __tablename__ = "outcome_original"
    __rows__ = Rows(STAFF_OR_SYSTEM, append_only=True, regraded=True)
    __table_args__ = (Index("ix_outcome_original_outcome", "outcome_id", "recorded_at", "id"),)

    outcome_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("technology_outcome.id"))
    title: Mapped[str]
    text: Mapped[str]
    recorded_at: Mapped[dt.datetime]
    outcome: Mapped[TechnologyOutcome | None] = relationship(lazy="raise", back_populates="originals")


class ScreeningSheet(Table):
    """What civil value is measured by 筛选评分表: criteria that weigh 100 together, and the total that passes. Published once."""

    __tablename__ = "screening_sheet"
    __rows__ = Rows(HOUSE, STAFF_OR_SYSTEM, classified=False, append_only=True)
    __table_args__ = (UniqueConstraint("version"), Index("ix_screening_sheet_order", text("version desc"), "id"))

    version: Mapped[int]
    name: Mapped[str]
    name_en: Mapped[str | None]
    pass_mark: Mapped[int]
    published_at: Mapped[dt.datetime]
    criteria: Mapped[list[ScreeningCriterion]] = relationship(lazy="raise", back_populates="sheet")


class ScreeningCriterion(Table):
    """One criterion of a sheet, in points from 0 to 100. Less than `floor` fails whatever the total is."""

    __tablename__ = "screening_criterion"
    __rows__ = Rows(HOUSE, STAFF_OR_SYSTEM, classified=False, append_only=True)
    __table_args__ = (
        UniqueConstraint("sheet_id", "code"),
        Index("ix_screening_criterion_sheet", "sheet_id", "position", "id"),
        CheckConstraint("weight between 1 and 100", "weight"),
    )

    sheet_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("screening_sheet.id"))
    code: Mapped[str]
    name: Mapped[str]
    name_en: Mapped[str | None]
    position: Mapped[int]
    weight: Mapped[int]
    floor: Mapped[int]
    sheet: Mapped[ScreeningSheet | None] = relationship(lazy="raise", back_populates="criteria")


class Screening(Classified, Table):
    """An outcome measured on a sheet 筛选, by somebody in their own name, for good."""

    __tablename__ = "screening"
    __rows__ = Rows(HOUSE, any_of(SYSTEM, all_of(HOUSE, f"screener_id = {PERSON}")), append_only=True, regraded=True)
    __table_args__ = (
        CheckConstraint("total between 0 and 100", "total"),
        Index("ix_screening_outcome", "outcome_id", text("screened_at desc"), "id"),
    )

    outcome_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("technology_outcome.id"))
    sheet_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("screening_sheet.id"))
    screener_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    screener_employee_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("employee.id"))
    screener_name: Mapped[str]
    total: Mapped[int]
    passed: Mapped[bool]
    remark: Mapped[str | None]
    screened_at: Mapped[dt.datetime]
    outcome: Mapped[TechnologyOutcome | None] = relationship(lazy="raise", back_populates="screenings")
    sheet: Mapped[ScreeningSheet] = relationship(lazy="raise")
    scores: Mapped[list[ScreeningScore]] = relationship(lazy="raise", back_populates="screening")


class ScreeningScore(Classified, Table):
    """The points of one criterion in a screening."""

    __tablename__ = "screening_score"
    __rows__ = Rows(HOUSE, HOUSE, append_only=True, regraded=True)
    __table_args__ = (
        CheckConstraint("points between 0 and 100", "points"),
        Index("ix_screening_score_screening", "screening_id", "position", "id"),
    )

    screening_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("screening.id"))
    criterion_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("screening_criterion.id"))
    position: Mapped[int]
    points: Mapped[int]
    screening: Mapped[Screening | None] = relationship(lazy="raise", back_populates="scores")
    criterion: Mapped[ScreeningCriterion] = relationship(lazy="raise")
