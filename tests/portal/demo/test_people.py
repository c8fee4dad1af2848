import pytest

from portal.demo.employees import NAMED
from portal.demo.people import PEOPLE, DemoPerson
from portal.demo.programmes import PLANS
from segments.audiences import CUSTOMERS, Audience
from segments.classification import Classification
from segments.scopes import AUDIENCE_ROLES
from tests.portal.demo.worlds import made


def test_people_of_all_audiences_sign_in() -> None:
    assert len(PEOPLE) >= 14
    assert {person.audience for person in PEOPLE} == set(Audience)
    assert {person.clearance for person in PEOPLE} == set(Classification)
    assert len({person.email for person in PEOPLE}) == len(PEOPLE)
    assert len({(person.clearance, person.compartments, person.roles) for person in PEOPLE}) >= 12


def test_everybody_is_stored() -> None:
    assert [row["email"] for row in made().sheets["person"]] == [person.email for person in PEOPLE]


def test_an_installation_with_a_low_ceiling_has_no_soldiers() -> None:
    audiences = {row["audience"] for row in made(ceiling=Classification.PUBLIC).sheets["person"]}
    assert audiences == set(Audience) - {Audience.MILITARY}


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.email)
def test_a_person_has_what_its_audience_can_have(person: DemoPerson) -> None:
    assert set(person.roles) <= AUDIENCE_ROLES[person.audience]
    assert set(person.compartments) <= {plan.code for plan in PLANS if plan.needs_to_know}
    assert (person.customer is not None) == (person.audience in CUSTOMERS)
    assert (person.employee is not None) == (person.audience not in CUSTOMERS)


def test_staff_are_the_employees_of_that_name() -> None:
    names = {employee.key: employee.name for employee in NAMED}
    assert all(person.employee is None or names[person.employee] == person.name for person in PEOPLE)


def test_every_role_is_somebody_s() -> None:
    held = {role for person in PEOPLE for role in person.roles}
    assert held == {role for roles in AUDIENCE_ROLES.values() for role in roles}
