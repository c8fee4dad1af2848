"""A viewer from the facts of a verified token or a live session, and from nothing else."""

from __future__ import annotations

from collections.abc import Collection

from domain.identity.sessions import LiveSession
from domain.identity.tokens import AccessToken
from segments.audiences import Audience
from segments.classification import Classification
from segments.factors import proves_second_factor
from segments.scopes import SECOND_FACTOR_SCOPES, scopes_of
from segments.viewer import Language, Viewer


def viewer_of_token(token: AccessToken, language: Language, ceiling: Classification) -> Viewer:
    """What the token says, below the ceiling of the installation."""
    return Viewer(
        audience=token.audience,
        person_id=token.person_id,
        customer_id=token.customer_id,
        employee_id=token.employee_id,
        clearance=lower(token.clearance, ceiling),
        compartments=token.compartments,
        roles=token.roles,
        scopes=token.scopes & held_scopes(token.audience, token.roles, token.amr),
        language=language,
        client_id=token.client_id,
        amr=token.amr,
    )


def viewer_of_session(session: LiveSession, language: Language, ceiling: Classification) -> Viewer:
    """The person as they are now, with all scopes that they hold."""
    return Viewer(
        audience=session.audience,
        person_id=session.person_id,
        customer_id=session.customer_id,
        employee_id=session.employee_id,
        clearance=lower(session.clearance, ceiling),
        compartments=session.compartments,
        roles=session.roles,
        scopes=held_scopes(session.audience, session.roles, session.amr),
        language=language,
        amr=frozenset(session.amr),
    )


def held_scopes(
    audience: Audience,
    roles: Collection[str],
    amr: Collection[str],
    demanding: frozenset[str] = SECOND_FACTOR_SCOPES,
) -> frozenset[str]:
    """Every right that somebody holds at this moment: role ∩ audience ∩ factors. A token narrows it further.

    `demanding` are the scopes that ask for a second factor. Nothing else decides it. Clearance and compartments are no
    scopes: they say which rows there are (`segments/policies.py`).
    """
    held = scopes_of(audience, roles)
    return held if proves_second_factor(amr) else held - demanding


def lower(clearance: Classification, ceiling: Classification) -> Classification:
    """The lower of the two: no clearance reaches above what the installation may show to anyone."""
    return min(clearance, ceiling, key=lambda degree: degree.rank)
