"""Expected refusals: a rule says no, with a code that clients may rely on.

A `Refusal` is raised by a rule, rolls its transaction back, and is shown in the payload's `errors` with the message that
the catalogue holds under its code. Anything else that is raised is a fault: logged with a reference and masked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", re.ASCII)

# The message of a code stands in the catalogues under this key.
MESSAGE_PREFIX = "refusal."


class Refusal(Exception):  # noqa: N818 - it is an answer of the domain, not an error of the program.
    """A rule refuses.

    `code` is stable and in UPPER_CASE: `ORDER_ALREADY_SUBMITTED`. `path` leads to the input at fault, from the
    mutation's input inward: `("lines", 2, "quantity")`; empty when no single input is. `params` are the values that the
    message shows; they reach the viewer, so they hold nothing the viewer could not see.
    """

    def __init__(self, code: str, path: tuple[str | int, ...] = (), **params: object) -> None:
        if not CODE.fullmatch(code):
            raise ValueError(f"a refusal's code is in UPPER_CASE: {code!r}")
        super().__init__(code, path, params)
        self.code = code
        self.path = path
        self.params: Mapping[str, object] = MappingProxyType(params)

    @property
    def message_key(self) -> str:
        """Where the catalogues hold the message."""
        return MESSAGE_PREFIX + self.code

    def below(self, *place: str | int) -> Refusal:
        """The same refusal where the input at fault stands below `place`."""
        return type(self)(self.code, (*place, *self.path), **self.params)

    def __str__(self) -> str:
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return f"{self.code}{f' at input{place}' if place else ''}"
