"""Who meets whom: the contacts of each organisation and its account team 专属服务团队, today's and earlier ones."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from uuid import UUID

from domain.customers.tables import Contact, Segment, TeamMember, TeamRole
from portal.demo.customers import Account, Customers
from portal.demo.employees import Staff
from portal.demo.names import masked_phone, person_name
from portal.demo.world import World

# Who answers at a customer's, most senior first.
TITLES = {
    Segment.MILITARY: ("总代表", "军事代表", "装备助理", "质量监督代表", "保障主任"),
    Segment.GOVERNMENT: ("局长", "副局长", "科技科科长", "装备科科长", "值班主任"),
    Segment.ENTERPRISE: ("总经理", "总工程师", "采购主管", "飞行队长", "信息化主管"),
    Segment.CONSUMER: ("会长", "秘书长", "装备委员", "领队", "通信组长"),
}
# Contacts whom the demonstration names; two of them sign in.
NAMED_CONTACTS = {
    "远川测绘工程有限公司": (
        ("顾明远", "总工程师"),
        ("何以安", "采购主管"),
        ("纪长风", "飞行队长"),
        ("白露", "内业组长"),
    ),
    "临江市应急管理局": (("陆怀清", "科技科科长"), ("江屿", "指挥中心主任")),
    "北塬电力建设有限公司": (("秦牧之", "采购主管"), ("雷鸣", "线路运检主管")),
    "某部驻厂军事代表室": (("代表 017", "军事代表"), ("代表 009", "总代表")),
}
SUPPORT = (
    (TeamRole.SALES, ("商务主管", "商务专员")),
    (TeamRole.TECHNICAL, ("技术支持工程师",)),
    (TeamRole.SERVICE, ("维修工程师",)),
)


# A contact with its first day and the day after its last; an account manager with the first day.
Answering = tuple[UUID, dt.date, dt.date | None]
Managing = tuple[UUID, dt.date]


@dataclass
class Relations:
    """Contacts and managers of each customer, through time."""

    contacts: dict[UUID, list[Answering]] = field(default_factory=dict[UUID, list[Answering]])
    managers: dict[UUID, list[Managing]] = field(default_factory=dict[UUID, list[Managing]])

    def manager_on(self, customer: UUID, day: dt.date) -> UUID:
        """The account manager of that day; the first one for days before the account had any."""
        spans = self.managers[customer]
        return next((employee for employee, since in reversed(spans) if since <= day), spans[0][0])

    def contacts_on(self, customer: UUID, day: dt.date) -> list[UUID]:
        """Who answered at the customer's on that day."""
        return [
            contact
            for contact, since, until in self.contacts[customer]
            if since <= day and (until is None or day < until)
        ]


def make_relations(world: World, customers: Customers, staff: Staff) -> Relations:
    """Contacts and teams of all organisations; each employee serves about as many as the next."""
    relations = Relations()
    turns = {
        title: world.random.sample(everybody, len(everybody)) for title, everybody in sorted(staff.by_title.items())
    }
    for number, account in enumerate(customers.organisations):
        _make_contacts(world, account, relations)
        managers = turns["客户经理"]
        manager = managers[number % len(managers)]
        if account.name.startswith("远川"):
            manager = staff.named["han"]
        _make_managers(world, account, manager, managers, relations)
        for role, titles in SUPPORT if account.key_account else SUPPORT[:0]:
            candidates = [employee for title in titles for employee in turns[title]]
            member = candidates[number % len(candidates)]
            if account.name == "远川测绘工程有限公司":
                member = {TeamRole.SALES: staff.named["ding"], TeamRole.TECHNICAL: staff.named["su"]}.get(role, member)
            _add_member(world, account, member, role, world.day(world.random.randint(200, 720)), None)
    return relations


def _make_contacts(world: World, account: Account, relations: Relations) -> None:
    named = NAMED_CONTACTS.get(account.name, ())
    titles = TITLES[account.segment]
    people = [*named]
    while len(people) < 2 + 2 * account.key_account:
        # Soldiers are known by a number, not by name.
        number = len(people)
        name = (
            f"代表 {world.random.randrange(20, 1000):03}"
            if account.segment is Segment.MILITARY
            else person_name(world.random)
        )
        people.append((name, titles[number % len(titles)]))
    known: list[Answering] = []
    for name, title in people:
        since = world.day(world.random.randint(740, 760 + account.since_days))
        known.append(_add_contact(world, account, name, title, since, None))
    if world.chance(0.4):
        # Somebody has left; a successor of the same title came the next day.
        since, left = world.day(account.since_days + 200), world.day(world.random.randint(60, 700))
        name = person_name(world.random) if account.segment is not Segment.MILITARY else "代表 011"
        known.append(_add_contact(world, account, name, titles[-1], since, left))
        successor = person_name(world.random) if account.segment is not Segment.MILITARY else "代表 012"
        known.append(_add_contact(world, account, successor, titles[-1], left, None))
    relations.contacts[account.id] = known


def _add_contact(
    world: World, account: Account, name: str, title: str, since: dt.date, until: dt.date | None
) -> Answering:
    number = len(world.rows(Contact))
    contact = world.add(
        Contact,
        customer_id=account.id,
        name=name,
        title=title,
        phone=masked_phone(world.random),
        email=None if account.segment is Segment.MILITARY else f"contact{number:04}@customer.example",
        valid_from=since,
        valid_until=until,
        classification=account.degree,
        compartments=list(account.compartments),
    )
    return contact, since, until


def _make_managers(world: World, account: Account, today: UUID, everybody: list[UUID], relations: Relations) -> None:
    """One manager at a time: each begins on the day the one before ended."""
    first = world.day(world.random.randint(740, 1_400))
    changes = sorted(world.some(range(40, 700), 0, 2), reverse=True) if world.chance(0.45) else []
    others = [employee for employee in everybody if employee != today]
    before = world.random.sample(others, len(changes))
    starts = [first, *map(world.day, changes)]
    spans = list(zip([*before, today], starts, strict=True))
    for (employee, since), until in zip(spans, [*starts[1:], None], strict=True):
        _add_member(world, account, employee, TeamRole.ACCOUNT_MANAGER, since, until)
    relations.managers[account.id] = spans


def _add_member(
    world: World, account: Account, employee: UUID, role: TeamRole, since: dt.date, until: dt.date | None
) -> None:
    world.add(
        TeamMember,
        customer_id=account.id,
        employee_id=employee,
        role=role,
        valid_from=since,
        valid_until=until,
        classification=account.degree,
        compartments=list(account.compartments),
    )
