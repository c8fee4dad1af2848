import datetime as dt

from domain.customers.tables import (
    Contact,
    Customer,
    CustomerKind,
    Employee,
    Interaction,
    Participant,
    Segment,
    TeamMember,
    TeamRole,
)
from portal.demo.customers import ORGANISATIONS
from portal.demo.names import CREDIT_ALPHABET, CREDIT_WEIGHTS
from tests.portal.demo.worlds import NOW, by_id, follow_each_other, grouped, made


def organisations() -> list[dict[str, object]]:
    return [row for row in made().rows(Customer) if row["kind"] is CustomerKind.ORGANISATION]


def test_organisations_are_of_all_segments() -> None:
    assert {segment: len(rows) for segment, rows in grouped(organisations(), "segment").items()} == ORGANISATIONS


def test_names_are_told_apart() -> None:
    names = [row["name"] for row in organisations()]
    assert len(set(names)) == len(names)


def test_social_credit_codes_are_well_formed_and_nobodys() -> None:
    codes = [row["unified_code"] for row in made().rows(Customer) if row["unified_code"] is not None]
    assert len(set(codes)) == len(codes) > 100
    for code in codes:
        total = sum(
            CREDIT_ALPHABET.index(letter) * weight for letter, weight in zip(code, (*CREDIT_WEIGHTS, 1), strict=True)
        )
        assert total % 31 == 0
        assert code[2:8] == "000000"


def test_an_account_has_one_manager_at_a_time_without_a_gap() -> None:
    managers = [row for row in made().rows(TeamMember) if row["role"] is TeamRole.ACCOUNT_MANAGER]
    teams = grouped(managers, "customer_id")
    assert teams.keys() == {row["id"] for row in organisations()}
    assert all(follow_each_other(team) for team in teams.values())
    assert sum(len(team) > 1 for team in teams.values()) > 40, "managers change"


def test_key_accounts_have_a_team() -> None:
    teams = grouped(made().rows(TeamMember), "customer_id")
    for row in organisations():
        roles = {member["role"] for member in teams[row["id"]] if member["valid_until"] is None}
        assert roles == (set(TeamRole) if row["key_account"] else {TeamRole.ACCOUNT_MANAGER})


def test_no_manager_is_overloaded() -> None:
    today = [
        row for row in made().rows(TeamMember) if row["valid_until"] is None and row["role"] is TeamRole.ACCOUNT_MANAGER
    ]
    assert max(len(rows) for rows in grouped(today, "employee_id").values()) <= 20


def test_conversations_span_two_years_and_were_held_by_those_responsible() -> None:
    world = made()
    managers = grouped(
        (row for row in world.rows(TeamMember) if row["role"] is TeamRole.ACCOUNT_MANAGER), "customer_id"
    )
    talks = world.rows(Interaction)
    assert (
        dt.timedelta(days=700)
        < max(row["at"] for row in talks) - min(row["at"] for row in talks)
        < dt.timedelta(days=731)
    )
    for talk in talks:
        day = talk["at"].date()
        [manager] = [
            row["employee_id"]
            for row in managers[talk["customer_id"]]
            if row["valid_from"] <= day and (row["valid_until"] is None or day < row["valid_until"])
        ]
        assert talk["recorded_by_id"] == manager
        assert talk["followed_up_at"] is None or talk["at"] < talk["followed_up_at"] <= NOW
        assert (talk["follow_up"] is None) == (talk["follow_up_on"] is None)
    assert any(
        row["follow_up_on"] and row["followed_up_at"] is None and row["follow_up_on"] < NOW.date() for row in talks
    )


def test_only_people_who_were_there_took_part() -> None:
    world = made()
    contacts, talks = by_id(world, Contact), by_id(world, Interaction)
    for party in world.rows(Participant):
        talk = talks[party["interaction_id"]]
        if party["contact_id"] is None:
            assert party["employee_id"] == talk["recorded_by_id"]
            continue
        contact = contacts[party["contact_id"]]
        assert contact["customer_id"] == talk["customer_id"]
        assert contact["valid_from"] <= talk["at"].date()
        assert contact["valid_until"] is None or talk["at"].date() < contact["valid_until"]


def test_soldiers_have_numbers_and_no_names() -> None:
    customers = by_id(made(), Customer)
    military = [row for row in made().rows(Contact) if customers[row["customer_id"]]["segment"] is Segment.MILITARY]
    assert military
    assert all(row["name"].startswith("代表 ") and row["email"] is None for row in military)


def test_nobody_can_be_called() -> None:
    assert all("****" in row["phone"] for row in made().rows(Contact))
    assert all(len(row["phone"]) == 4 for row in made().rows(Employee))
