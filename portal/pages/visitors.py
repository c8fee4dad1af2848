"""Who looks at a page, and how pages learn it. The sessions themselves are kept by `portal/sessions.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from segments.viewer import Language, Viewer


@dataclass(frozen=True, slots=True)
class Visitor:
    """A viewer at a browser. `session` names their session, so that a form sent in another one is refused.

    `unread` are the notices that wait for them.
    """

    viewer: Viewer
    name: str = ""
    organisation: str = ""
    session: str = ""
    unread: int = 0

    @property
    def signed_in(self) -> bool:
        """Whether somebody is known."""
        return self.viewer.person_id is not None


class Sessions(Protocol):
    """What pages need of the sessions."""

    async def visitor(self, request: Request, language: Language) -> Visitor:
        """Whoever the session cookie names; anonymous without a valid one."""
        ...

    async def sign_in(self, request: Request, account: str, password: str) -> SignedIn:
        """Open a session, or raise a Refusal."""
        ...

    async def sign_out(self, request: Request, response: Response) -> None:
        """End the session and take its cookie back."""
        ...


class SignedIn(Protocol):
    """A session just opened."""

    @property
    def viewer(self) -> Viewer:
        """Whose it is; says which portal is theirs."""
        ...

    @property
    def awaits_second_factor(self) -> bool:
        """Whether it leads to the second step only."""
        ...

    def set_cookie(self, response: Response) -> None:
        """Hand the secret of the session to the browser."""
        ...
