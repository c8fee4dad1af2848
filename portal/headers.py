"""The headers of a request as the door reads them, and those of its answer that the front layer asks for."""

from __future__ import annotations

from starlette.types import Scope

# Where a request's scope has its headers by their names, once somebody has looked at them; which headers an application that
# the front layer calls directly adds to its answer; and where the status of the answer is left (nothing: there was none).
HEADERS, ANSWER_HEADERS, ANSWER_STATUS = "quadrant.headers", "quadrant.answer_headers", "quadrant.answer_status"


def header_map(scope: Scope) -> dict[bytes, bytes]:
    """The headers by their lower-case names; one that is given several times is a list, as HTTP has it.

    Starlette's own, which are made to be asked often, would take two thirds of the time of finding a caller.
    """
    known: dict[bytes, bytes] | None = scope.get(HEADERS)
    if known is not None:
        return known
    pairs: list[tuple[bytes, bytes]] = scope["headers"]
    headers = scope[HEADERS] = dict(pairs)
    if len(headers) != len(pairs):
        headers = {name: b", ".join(value for each, value in pairs if each == name) for name in headers}
        scope[HEADERS] = headers
    return headers
