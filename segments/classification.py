"""The degrees of secrecy 密级 of rows, their column, and the columns that every guarded row carries."""

from __future__ import annotations

import enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column


class Classification(enum.Enum):
    """Degrees of secrecy, lowest first. The order is the declaration's; the value is the name clients see."""

    PUBLIC = "PUBLIC"
    INTERNAL = "INTERNAL"
    CONFIDENTIAL = "CONFIDENTIAL"
    SECRET = "SECRET"  # noqa: S105 - a degree
    TOP_SECRET = "TOP_SECRET"  # noqa: S105 - a degree

    @property
    def rank(self) -> int:
        """0 for `PUBLIC` to 4 for `TOP_SECRET`; what the database stores and compares."""
        return RANKS[self]


RANKS = {degree: rank for rank, degree in enumerate(Classification)}
DEGREES = tuple(Classification)


class ClassificationRank(sa.types.TypeDecorator[Classification]):
    """Stored as its rank, because `int2le` is leakproof and a comparison of PostgreSQL enums is not."""

    impl = sa.SmallInteger
    cache_ok = True

    def process_bind_param(self, value: Classification | None, dialect: Any) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """The rank of a degree."""
        return None if value is None else value.rank

    def process_result_value(self, value: int | None, dialect: Any) -> Classification | None:  # noqa: ARG002 - SQLAlchemy's signature
        """The degree of a rank."""
        return None if value is None else DEGREES[value]


class Classified:
    """Columns of a row that has a degree of secrecy and compartments 知悉范围 (need to know)."""

    classification: Mapped[Classification] = mapped_column(
        ClassificationRank(), default=Classification.PUBLIC, server_default="0"
    )
    compartments: Mapped[list[str]] = mapped_column(ARRAY(sa.Text()), default=list, server_default="{}")
