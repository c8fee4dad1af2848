"""graphql-core's functions on types, with signatures a strict checker can follow: its own are partly unknown to one."""

from __future__ import annotations

from typing import Any

import graphql

_core: Any = graphql


def named_type(type_: Any) -> Any:
    """The type inside lists and non-nulls."""
    return _core.get_named_type(type_)


def nullable_type(type_: Any) -> Any:
    """The type without its non-null."""
    return _core.get_nullable_type(type_)


def is_list(type_: Any) -> bool:
    """Whether a type is a list, null or not."""
    return bool(_core.is_list_type(nullable_type(type_)))


def is_non_null(type_: Any) -> bool:
    """Whether a type excludes null."""
    return bool(_core.is_non_null_type(type_))


def written_value(value: Any, type_: Any) -> Any:
    """The literal of an input value; raises where the type has none for it."""
    return None if value is _core.Undefined else _core.ast_from_value(value, type_)
