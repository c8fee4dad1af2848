"""Asks the engine and the oracle the same, and says how their answers differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from resolvers.planner.engine import Engine, Operation
from segments.viewer import Viewer
from tests.resolvers.planner.oracle.requests import expected
from tests.resolvers.planner.oracle.schema import Oracle
from tests.resolvers.planner.oracle.seen import Seen


@dataclass
class Comparison:
    """One view, answered twice. `seen` holds what each viewer of it sees."""

    engine: Engine
    oracle: Oracle
    seen: dict[Viewer, Seen]
    outcomes: Counter[str] = field(default_factory=Counter[str])

    async def difference(self, viewer: Viewer, source: str, variables: Mapping[str, Any]) -> str | None:
        """Where the answers differ, or None."""
        answer = await self.engine.execute(viewer, Operation(source, variables))
        body = orjson.loads(answer.body)
        refused = [error["extensions"]["code"] for error in body.get("errors", ())]
        # Validation is graphql-core's for both, and costs more than all the rest: once is enough where it found nothing.
        validate = "GRAPHQL_VALIDATION_FAILED" in refused
        wanted = expected(self.oracle, self.seen[viewer], source, variables, validate=validate)
        if "INTERNAL" in refused:
            return f"the planner failed where the oracle says {wanted}"
        if refused or wanted.refused:
            self.outcomes["refused"] += 1
            same = bool(refused) and refused[0] == wanted.refused
            return None if same else f"the planner refuses {body.get('errors')}, the oracle {wanted.refused}"
        self.outcomes["answered" if holds_rows(body["data"]) else "empty"] += 1
        return first_difference(body["data"], orjson.loads(orjson.dumps(wanted.data)), "data")


def first_difference(planner: Any, oracle: Any, path: str) -> str | None:
    """The first place where two answers differ in a value, a type, or the order of keys."""
    if isinstance(planner, dict) and isinstance(oracle, dict):
        if list(planner) != list(oracle):
            return f"{path}: planner has keys {list(planner)}, oracle {list(oracle)}"
        pairs = [(f"{path}.{key}", planner[key], oracle[key]) for key in planner]
    elif isinstance(planner, list) and isinstance(oracle, list):
        if len(planner) != len(oracle):
            return f"{path}: planner has {len(planner)} items, oracle {len(oracle)}"
        pairs = [(f"{path}[{at}]", *both) for at, both in enumerate(zip(planner, oracle, strict=True))]
    else:
        same = type(planner) is type(oracle) and planner == oracle
        return None if same else f"{path}: planner {planner!r}, oracle {oracle!r}"
    found = (first_difference(left, right, where) for where, left, right in pairs)
    return next((each for each in found if each is not None), None)


def holds_rows(data: Any) -> bool:
    """Whether an answer has anything that came from a row."""
    if isinstance(data, dict):
        return any(holds_rows(value) for key, value in data.items() if key != "__typename")
    if isinstance(data, list):
        return any(map(holds_rows, data))
    return data is not None and data is not False
