"""Proofs of possession at the door (DPoP): verified for this very request, and each accepted once on every process."""

from __future__ import annotations

from typing import NamedTuple

from starlette.requests import HTTPConnection

from domain.identity.proofs import Proof, spend, verified_proof
from domain.identity.tokens import Authority
from foundation.clock import Clock
from foundation.database import Database
from foundation.ids import Ids
from foundation.session import transaction
from segments.viewer import Viewer

# Where a request keeps the proof that it used up.
SPENT = "quadrant.proof"
SYSTEM = Viewer.system().row_settings()


class Proven(NamedTuple):
    """A request with the proof in its `DPoP` header."""

    proof: str
    request: HTTPConnection


class Spent(NamedTuple):
    """What a request has proved already."""

    text: str
    token: str
    proof: Proof


class Proofs:
    """The proofs that one process is shown."""

    def __init__(self, database: Database, authority: Authority, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._authority = authority
        self._clock = clock
        self._ids = ids

    async def spent(self, proven: Proven, token: str) -> Proof:
        """The proof of a request with a token, used up; raises `InvalidProofError`."""
        now = self._clock()
        scope = proven.request.scope
        # A stream looks at its caller again and again: it is still the same request.
        spent: Spent | None = scope.get(SPENT)
        if spent is not None and (spent.text, spent.token) == (proven.proof, token):
            return spent.proof
        proof = verified_proof(
            proven.proof,
            method=scope.get("method", "GET"),
            path=scope["path"],
            authority=self._authority,
            now=now,
            access_token=token,
        )
        async with transaction(self._database, SYSTEM) as session:
            await spend(session, proof, now, self._ids)
        scope[SPENT] = Spent(proven.proof, token, proof)
        return proof
