"""The people of the demonstration who sign in, with the one password they all share."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

from domain.identity.authenticators import new_secret, owner_of
from domain.identity.sealing import Seal
from domain.identity.second_factors import SecondFactorRule
from domain.identity.tables import Authenticator, Person
from portal.demo.customers import Customers
from portal.demo.employees import Staff
from portal.demo.programmes import PLANS
from portal.demo.world import World
from segments.audiences import CONSUMER, DIVISION, ENTERPRISE, GOVERNMENT, MILITARY, STAFF, Audience
from segments.classification import Classification

# Everybody's, and printed at each start: the demonstration's data is invented, so there is nothing to protect.
PASSWORD = "quadrant-demo"  # noqa: S105 - a password that is meant to be known.
PUBLIC, INTERNAL, CONFIDENTIAL, SECRET, TOP_SECRET = Classification
RULE = SecondFactorRule(required=True)
EVERY_COMPARTMENT = tuple(plan.code for plan in PLANS if plan.needs_to_know)


@dataclass(frozen=True)
class DemoPerson:
    """Somebody who signs in. `customer` is a customer's name, `employee` the key of an employee."""

    email: str
    name: str
    audience: Audience
    clearance: Classification = PUBLIC
    compartments: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    customer: str | None = None
    employee: str | None = None

    @property
    def totp_secret(self) -> str | None:
        """The secret of the authenticator of who must have one: no secret, like the password."""
        if not RULE.demands(self.audience, self.clearance):
            return None
        return new_secret(lambda length: hashlib.sha256(self.email.encode()).digest()[:length])


PEOPLE = (
    DemoPerson("shen.zhixia@quadrant.example", "沈知夏", CONSUMER, customer="沈知夏"),
    DemoPerson("zhou.muye@quadrant.example", "周牧野", CONSUMER, customer="周牧野"),
    DemoPerson("gu.mingyuan@quadrant.example", "顾明远", ENTERPRISE, roles=("buyer",), customer="远川测绘工程有限公司"),
    DemoPerson("he.yian@quadrant.example", "何以安", ENTERPRISE, customer="远川测绘工程有限公司"),
    DemoPerson("qin.muzhi@quadrant.example", "秦牧之", ENTERPRISE, roles=("buyer",), customer="北塬电力建设有限公司"),
    DemoPerson(
        "lu.huaiqing@quadrant.example", "陆怀清", GOVERNMENT, INTERNAL, (), ("project_officer",), "临江市应急管理局"
    ),
    DemoPerson("jiang.yu@quadrant.example", "江屿", GOVERNMENT, PUBLIC, (), (), "临江市应急管理局"),
    DemoPerson(
        "dai.biao.017@quadrant.example",
        "代表 017",
        MILITARY,
        CONFIDENTIAL,
        ("QL-7", "LS-3"),
        ("representative",),
        "某部驻厂军事代表室",
    ),
    DemoPerson(
        "dai.biao.009@quadrant.example",
        "代表 009",
        MILITARY,
        TOP_SECRET,
        ("AZ-2", "FZ-3", "LS-3", "LS-4", "QL-7", "QL-9", "SW-5", "XJ-4"),
        ("representative",),
        "某部驻厂军事代表室",
    ),
    DemoPerson(
        "zhu.li.103@quadrant.example", "助理 103", MILITARY, INTERNAL, (), ("fleet_officer",), "某部驻南屿军事代表室"
    ),
    DemoPerson(
        "ye.shuning@quadrant.example",
        "叶书宁",
        DIVISION,
        CONFIDENTIAL,
        (),
        ("catalogue_editor", "technology_transfer"),
        employee="ye",
    ),
    DemoPerson(
        "mu.shan@quadrant.example",
        "穆珊",
        DIVISION,
        CONFIDENTIAL,
        (),
        ("declassification_reviewer",),
        employee="mu",
    ),
    DemoPerson("tao.qinghe@quadrant.example", "陶清和", DIVISION, INTERNAL, (), ("catalogue_editor",), employee="tao"),
    DemoPerson("han.zhixing@quadrant.example", "韩知行", STAFF, INTERNAL, (), ("account_manager",), employee="han"),
    DemoPerson("ding.yiwei@quadrant.example", "丁一苇", STAFF, PUBLIC, (), ("sales",), employee="ding"),
    DemoPerson(
        "su.yan@quadrant.example",
        "苏砚",
        STAFF,
        CONFIDENTIAL,
        ("LS-3",),
        ("security_officer", "service_engineer"),
        employee="su",
    ),
    DemoPerson(
        "he.lanzhou@quadrant.example",
        "贺兰舟",
        STAFF,
        SECRET,
        ("QL-7", "YS-3"),
        ("programme_manager",),
        employee="helan",
    ),
    DemoPerson(
        "shen.li@quadrant.example",
        "沈砺",
        STAFF,
        CONFIDENTIAL,
        ("AZ-2", "QL-7"),
        ("programme_manager",),
        employee="shen",
    ),
    DemoPerson("fang.jingxing@quadrant.example", "方景行", STAFF, INTERNAL, (), ("product_manager",), employee="fang"),
    DemoPerson(
        "song.huaijin@quadrant.example", "宋怀瑾", STAFF, CONFIDENTIAL, ("QL-7",), ("department_head",), employee="song"
    ),
    DemoPerson(
        "wei.changgeng@quadrant.example",
        "卫长庚",
        STAFF,
        TOP_SECRET,
        EVERY_COMPARTMENT,
        ("department_head", "programme_manager", "product_manager"),
        employee="wei",
    ),
    DemoPerson("bai.lu@quadrant.example", "白露", STAFF, roles=("store_manager",), employee="bai"),
    DemoPerson("cen.chuan@quadrant.example", "岑川", STAFF, roles=("store_assistant",), employee="cen"),
    # The three administrators 三员: nobody is two of them.
    DemoPerson(
        "lin.zhiyuan@quadrant.example", "林知远", STAFF, INTERNAL, (), ("system_administrator",), employee="lin"
    ),
    DemoPerson(
        "qi.shenzhi@quadrant.example", "齐慎之", STAFF, INTERNAL, (), ("security_administrator",), employee="qi"
    ),
    DemoPerson(
        "meng.zhaoming@quadrant.example", "孟昭明", STAFF, INTERNAL, (), ("audit_administrator",), employee="meng"
    ),
)
CONSUMER_NAMES = tuple(person.name for person in PEOPLE if person.audience is CONSUMER)


def make_people(world: World, customers: Customers, staff: Staff, password_hash: str) -> None:
    """Those whose customer exists here: an installation with a low ceiling holds no military customers."""
    accounts: dict[str, UUID] = {account.name: account.id for account in customers.organisations}
    accounts |= {account.name: account.id for account in customers.consumers[: len(CONSUMER_NAMES)]}
    for person in PEOPLE:
        if person.customer is not None and person.customer not in accounts:
            continue
        world.add(
            Person,
            email=person.email,
            name=person.name,
            audience=person.audience,
            customer_id=None if person.customer is None else accounts[person.customer],
            employee_id=None if person.employee is None else staff.named[person.employee],
            clearance=person.clearance,
            compartments=sorted(person.compartments),
            roles=sorted(person.roles),
            password_hash=password_hash,
            active=True,
            created_at=world.now,
        )


def make_authenticators(world: World, seal: Seal) -> None:
    """Of all who must have one, each with its secret sealed."""
    secrets = {person.email: person.totp_secret for person in PEOPLE}
    for row in world.rows(Person):
        secret = secrets[row["email"]]
        if secret is not None:
            sealed = seal.closed(secret, owner_of(row["id"]))
            world.add(Authenticator, person_id=row["id"], secret=sealed, created_at=world.now)
