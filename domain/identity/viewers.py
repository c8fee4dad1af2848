"""A viewer from the facts of a verified token or a live session, and from nothing else."""

from __future__ import annotations

from domain.identity.sessions import LiveSession
from domain.identity.tokens import AccessToken
from segments.classification import Classification
from segments.scopes import AUDIENCE_SCOPES, scopes_of
from segments.viewer import Language, Viewer


def viewer_of_token(token: AccessToken, language: Language, ceiling: Classification) -> Viewer:
    """What the token says, below the ceiling of the installation. Its scopes were the person's when it was minted."""
    return Viewer(
        audience=token.audience,
        person_id=token.person_id,
        customer_id=token.customer_id,
        employee_id=token.employee_id,
        clearance=lower(token.clearance, ceiling),
        compartments=token.compartments,
        roles=token.roles,
        scopes=token.scopes & AUDIENCE_SCOPES[token.audience],
        language=language,
        client_id=token.client_id,
    )


def viewer_of_session(session: LiveSession, language: Language, ceiling: Classification) -> Viewer:
    """The person as they are now, with all scopes of their roles and audience."""
    return Viewer(
        audience=session.audience,
        person_id=session.person_id,
        customer_id=session.customer_id,
        employee_id=session.employee_id,
        clearance=lower(session.clearance, ceiling),
        compartments=session.compartments,
        roles=session.roles,
        scopes=scopes_of(session.audience, session.roles),
        language=language,
    )


def lower(clearance: Classification, ceiling: Classification) -> Classification:
    """The lower of the two: no clearance reaches above what the installation may show to anyone."""
    return min(clearance, ceiling, key=lambda degree: degree.rank)
