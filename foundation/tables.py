"""The declarative base of every table, its column types and the column groups that tables share."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# A keyset must not depend on the server's locale, and byte order is the same on every server.
TEXT = sa.Text(collation="C")

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def values_of(members: type[enum.Enum]) -> list[str]:
    """What the database stores of an enum's members."""
    return [str(member.value) for member in members]


def labels(kind: type[enum.Enum], name: str, *, checked: bool = True) -> sa.Enum:
    """The column type of an enum: its labels as text under a CHECK constraint called `name`.

    Not `checked` where another constraint of the table says more: each costs 7 µs in a statement that writes one row.

    Not a PostgreSQL enum: `enum_eq` is not leakproof, so under row security no index on such a column could serve a
    filter, while `texteq` is.
    """
    longest = max(len(member.value) for member in kind)
    return sa.Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=checked,
        length=longest,
        values_callable=values_of,
    )


class Table(DeclarativeBase):
    """A table of the platform; each declares the policy of its rows (see `segments/policies.py`)."""

    __abstract__ = True
    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: TEXT,
        int: sa.BigInteger(),
        dt.datetime: sa.DateTime(timezone=True),
        list[str]: ARRAY(TEXT),
        dict[str, Any]: JSONB(),
    }
    __rows__: ClassVar[Any]

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
