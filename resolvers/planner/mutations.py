"""Mutation fields: each runs one act of a resolver module in a savepoint and answers with its payload.

    log_interaction: LogInteractionPayload = mutation(customers.log_interaction, LogInteractionInput, LogInteractionPayload)

The act receives an `Act` and the members of the input as keywords (members left out are not passed), ids as keys. It
returns the key of the changed row, or per payload field a key or a text of its own (a secret told once), or raises a `Refusal`, which takes its changes back and
stands in the payload's `errors` with the path to the input.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import inspect
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from typing import Any, cast
from uuid import UUID

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.types import Info

from foundation.ids import Ids
from foundation.language import translate
from foundation.refusals import Refusal
from resolvers.planner.execution import Changed, Execution
from resolvers.planner.idempotency import REQUIRED, TELLS_ONCE
from resolvers.planner.keys import decode_id
from resolvers.planner.values import plain
from segments.audiences import EVERYONE
from segments.marks import For, Of, notes_in
from segments.strawberry_internals import definition_of
from segments.viewer import Viewer

Path = tuple[str | int, ...]
Outcome = UUID | Mapping[str, UUID | str | None] | None


@dataclasses.dataclass(frozen=True)
class Act:
    """What an act of a mutation works with: the transaction's session, who acts, when, and fresh ids.

    `key` is a text of 64 characters for the key of `@idempotent` and whose it is; empty where the field has none.
    `return_days`: so long after their delivery the installation takes goods back.
    """

    session: AsyncSession
    viewer: Viewer
    now: dt.datetime
    new_id: Ids
    return_days: int
    key: str = ""


@For(*EVERYONE)
@strawberry.type
class UserError:
    """Why a change was refused: a stable code, a message in the viewer's language, and the path to the input. 拒绝原因。"""

    code: str
    message: str
    path: list[str]


def mutation(
    act: Callable[..., Awaitable[Outcome]],
    input_type: type,
    payload_type: type,
    *,
    idempotent: bool = False,
    tells_once: bool = False,
) -> Any:
    """A mutation field with one `input` argument; checks at import that the act takes every member of the input.

    With `idempotent` the field requires `@idempotent(key:)`, which any may have. With `tells_once` its payload tells a
    secret, so its answer is not kept, and a request that comes again is refused instead.
    """
    members = {field.python_name: field for field in definition_of(input_type).fields}
    check_signature(act, set(members))

    async def resolve(info: Info[Execution, Any], input: Any) -> Any:
        return await perform(act, info.context, str(info.path.key), payload_type, input, members)

    resolve.__annotations__ = {"info": Info, "input": input_type, "return": payload_type}
    return strawberry.mutation(resolver=resolve, metadata={REQUIRED: idempotent, TELLS_ONCE: tells_once})


def check_signature(act: Callable[..., Any], members: set[str]) -> None:
    """An act that does not take a member of its input, or takes more, is a fault of the program."""
    parameters = list(inspect.signature(act).parameters.values())[1:]
    required = {each.name for each in parameters if each.default is inspect.Parameter.empty}
    taken = {each.name for each in parameters}
    if not (required <= members <= taken):
        raise TypeError(f"{act.__qualname__} takes {sorted(taken)}, its input has {sorted(members)}")


def arguments_of(value: Any, members: Mapping[str, Any], path: Path = ()) -> dict[str, Any]:
    """The members of an input object as an act takes them; an id becomes the key of a row of its type."""
    found: dict[str, Any] = {}
    for name, field in members.items():
        given = getattr(value, name)
        if given is strawberry.UNSET:
            continue
        of = notes_in(field.type_annotation.annotation, Of) if field.type_annotation else []
        here = (*path, name)
        found[name] = key_of(given, of[0].type_name, here) if of and given is not None else nested(given, here)
    return found


def nested(given: Any, path: Path) -> Any:
    """A value as an act takes it: text without what PostgreSQL cannot store, input objects as mappings."""
    if isinstance(given, list):
        return [nested(item, (*path, at)) for at, item in enumerate(cast("list[Any]", given))]
    definition: Any = getattr(type(given), "__strawberry_definition__", None)  # pyright: ignore[reportUnknownArgumentType]
    if definition is not None and getattr(definition, "is_input", False):
        return arguments_of(given, {field.python_name: field for field in definition.fields}, path)
    plain(given)
    return given


def key_of(given: Any, type_name: str, path: Path) -> Any:
    """The key in an id, or in each of a list of ids; an id of another type is refused like one of no row."""
    if isinstance(given, list):
        return [key_of(item, type_name, path) for item in cast("list[Any]", given)]
    named = decode_id(given)
    if named is None or named[0] != type_name:
        raise Refusal("NOT_FOUND", path)
    return named[1]


async def perform(
    act: Callable[..., Awaitable[Outcome]],
    execution: Execution,
    response_key: str,
    payload_type: Any,
    value: Any,
    members: Mapping[str, Any],
) -> Any:
    """Run an act so that a refusal takes back this field's changes and no other's: in a savepoint, where there are others."""
    key = execution.keys.get(response_key, "")
    doing = Act(execution.session, execution.viewer, execution.now, execution.new_id, execution.return_days, key)
    names = [field.python_name for field in definition_of(payload_type).fields if field.python_name != "errors"]
    try:
        # Within, because an id that names nothing is refused here already.
        arguments = arguments_of(value, members)
        async with nullcontext() if execution.alone else execution.session.begin_nested():
            outcome = await act(doing, **arguments)
    except Refusal as refusal:
        execution.undone = execution.alone
        return payload_type(**dict.fromkeys(names), errors=[user_error(refusal, execution.viewer)])
    except BaseException:
        execution.undone = execution.alone
        raise
    execution.changed.add(response_key)
    keys = outcome if isinstance(outcome, Mapping) else {names[0]: outcome}
    given: dict[str, Any] = {name: keys.get(name) for name in names}
    changed = {name: Changed(value) if isinstance(value, UUID) else value for name, value in given.items()}
    return payload_type(**changed, errors=[])


def user_error(refusal: Refusal, viewer: Viewer) -> UserError:
    """A refusal as its client sees it; the path leads from the mutation's argument inward, in GraphQL's spelling."""
    return UserError(
        code=refusal.code,
        message=translate(refusal.message_key, viewer.language, **refusal.params),
        path=["input", *(camel(str(part)) for part in refusal.path)],
    )


def camel(name: str) -> str:
    """The GraphQL spelling of a Python name."""
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
