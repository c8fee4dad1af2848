"""Tables of what becomes of an outcome in civil life: reviews, civil descriptions, what they may serve, projects.

The original is never edited down. A civil description is a row of its own, at a lower degree, and PostgreSQL takes it only
for a review that was approved: by a foreign key, which row security does not blind as it would a trigger.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from domain.approvals.tables import ApprovalRequest, RequestStatus
from domain.customers.tables import Employee
from domain.shop.tables import Category, Product
from domain.transfer.tables import TechnologyOutcome
from foundation.tables import Table, labels
from segments.classification import Classification, ClassificationRank, Classified
from segments.policies import HOUSE, Rows


class LicenceKind(enum.Enum):
    """What a partner may do: 独占, 排他 (we may too), 普通 (others may too)."""

    EXCLUSIVE = "EXCLUSIVE"
    SOLE = "SOLE"
    ORDINARY = "ORDINARY"


class ProjectStatus(enum.Enum):
    """Where a project stands: 进行中, 已完成, 已终止."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    STOPPED = "STOPPED"


class TransferResult(enum.Enum):
    """What came of a project: 产品 for everybody, or a 解决方案 that authorities and companies alone are offered."""

    PRODUCT = "PRODUCT"
    SOLUTION = "SOLUTION"


class DeclassificationReview(Classified, Table):
    """A civil text put up for review 脱密审查, guarded like its outcome, whatever comes of it."""

    __tablename__ = "declassification_review"
    __rows__ = Rows(HOUSE, HOUSE)
    __table_args__ = (
        UniqueConstraint("id", "status"),
        Index("ix_declassification_review_order", text("requested_at desc"), "id"),
        Index("ix_declassification_review_outcome", "outcome_id", text("requested_at desc"), "id"),
        Index("ix_declassification_review_request", "request_id"),
    )

    outcome_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("technology_outcome.id"))
    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval_request.id"))
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    author_name: Mapped[str]
    status: Mapped[RequestStatus] = mapped_column(labels(RequestStatus, "status"))
    target_classification: Mapped[Classification] = mapped_column(ClassificationRank())
    title: Mapped[str]
    civil_use: Mapped[str]
    text: Mapped[str]
    justification: Mapped[str]
    requested_at: Mapped[dt.datetime]
    decided_at: Mapped[dt.datetime | None]
    outcome: Mapped[TechnologyOutcome | None] = relationship(lazy="raise", back_populates="reviews")
    request: Mapped[ApprovalRequest | None] = relationship(lazy="raise")


class CivilDescription(Classified, Table):
    """What an outcome is for the civil world 民用描述; there is one only for an approved review."""

    __tablename__ = "civil_description"
    __rows__ = Rows(HOUSE, HOUSE, append_only=True)
    __table_args__ = (
        ForeignKeyConstraint(
            ["review_id", "review_status"],
            ["declassification_review.id", "declassification_review.status"],
            name="fk_civil_description_review",
        ),
        CheckConstraint("review_status = 'APPROVED'", "approved"),
        UniqueConstraint("review_id", "classification", "compartments"),
        Index("ix_civil_description_order", text("published_at desc"), "id"),
        Index("ix_civil_description_outcome", "outcome_id"),
    )

    outcome_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("technology_outcome.id"))
    review_id: Mapped[uuid.UUID]
    review_status: Mapped[RequestStatus] = mapped_column(labels(RequestStatus, "status"))
    title: Mapped[str]
    civil_use: Mapped[str]
    text: Mapped[str]
    published_at: Mapped[dt.datetime]
    outcome: Mapped[TechnologyOutcome | None] = relationship(lazy="raise", back_populates="descriptions")
    matches: Mapped[list[CivilMatch]] = relationship(lazy="raise", back_populates="description")
    projects: Mapped[list[TransferProject]] = relationship(lazy="raise", back_populates="description")


class CivilMatch(Classified, Table):
    """A civil need that a description may serve: a category of the catalogue now, with the words that they share.

    `words` are in its name, `summary_words` in its summary alone, `goods_words` in the texts of its goods alone.
    """

    __tablename__ = "civil_match"
    __rows__ = Rows(HOUSE, HOUSE, append_only=True)
    __table_args__ = (Index("ix_civil_match_description", "description_id", text("score desc"), "id"),)

    description_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("civil_description.id"))
    category_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("category.id"))
    score: Mapped[int]
    words: Mapped[list[str]]
    summary_words: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    goods_words: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    description: Mapped[CivilDescription | None] = relationship(lazy="raise", back_populates="matches")
    category: Mapped[Category] = relationship(lazy="raise")


class TransferProject(Classified, Table):
    """A partner turns a civil description into a product or a solution 转化项目; as open as the description.

    A solution is a product of the catalogue too, offered to fewer: `result` says which of both `product_id` is.
    """

    __tablename__ = "transfer_project"
    __rows__ = Rows(HOUSE, HOUSE)
    __table_args__ = (
        CheckConstraint("licence_until is null or licence_until > licence_from", "period"),
        CheckConstraint("result is null or product_id is not null", "result_is_there"),
        Index("ix_transfer_project_order", text("started_at desc"), "id"),
        Index("ix_transfer_project_status", "status", text("started_at desc"), "id"),
        Index("ix_transfer_project_description", "description_id"),
        Index("ix_transfer_project_product", "product_id"),
    )

    description_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("civil_description.id"))
    lead_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("employee.id"))
    product_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("product.id"))
    result: Mapped[TransferResult | None] = mapped_column(labels(TransferResult, "result"))
    name: Mapped[str]
    partner: Mapped[str]
    licence: Mapped[LicenceKind] = mapped_column(labels(LicenceKind, "licence"))
    licence_from: Mapped[dt.date]
    licence_until: Mapped[dt.date | None]
    status: Mapped[ProjectStatus] = mapped_column(labels(ProjectStatus, "status"))
    started_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[dt.datetime]
    description: Mapped[CivilDescription | None] = relationship(lazy="raise", back_populates="projects")
    lead: Mapped[Employee | None] = relationship(lazy="raise")
    product: Mapped[Product | None] = relationship(lazy="raise")
    milestones: Mapped[list[TransferMilestone]] = relationship(lazy="raise", back_populates="project")


class TransferMilestone(Classified, Table):
    """A point of a project planned for a day."""

    __tablename__ = "transfer_milestone"
    __rows__ = Rows(HOUSE, HOUSE)
    __table_args__ = (Index("ix_transfer_milestone_project", "project_id", "planned_on", "id"),)

    project_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("transfer_project.id"))
    name: Mapped[str]
    planned_on: Mapped[dt.date]
    actual_on: Mapped[dt.date | None]
    project: Mapped[TransferProject | None] = relationship(lazy="raise", back_populates="milestones")
