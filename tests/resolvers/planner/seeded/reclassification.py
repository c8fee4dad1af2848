"""Changes of classification that were asked for, of every kind of subject; the table takes no others."""

from __future__ import annotations

from domain.approvals.tables import ApprovalRequest, RequestStatus
from domain.identity.tables import Person
from domain.programmes.tables import Equipment, Programme
from domain.reclassification.tables import Reclassification
from domain.transfer.tables import TechnologyOutcome
from tests.resolvers.planner.seeded.factory import Factory

SUBJECTS = (("programme_id", Programme), ("equipment_id", Equipment), ("outcome_id", TechnologyOutcome))


def add_reclassifications(make: Factory) -> None:
    """Nine changes, each of one subject."""
    for at in range(9):
        column, model = SUBJECTS[at % len(SUBJECTS)]
        subject = {name: make.one(model)["id"] if name == column else None for name, _ in SUBJECTS}
        make.add(
            Reclassification,
            **subject,
            request_id=make.one(ApprovalRequest)["id"],
            author_id=make.one(Person)["id"],
            status=RequestStatus.PENDING,
            applied_in=None,
        )
