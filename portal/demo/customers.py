"""Customers of the demonstration world: 200 organisations over four segments, and consumers."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from domain.customers.regions import region_id
from domain.customers.tables import Customer, CustomerKind, CustomerStatus, ExternalId, Segment, SourceSystem
from portal.demo.names import Place, credit_code, person_name, places
from portal.demo.world import World
from segments.classification import Classification

ORGANISATIONS = {Segment.MILITARY: 30, Segment.GOVERNMENT: 50, Segment.ENTERPRISE: 90, Segment.CONSUMER: 30}
CONSUMERS = 1_200

PUBLIC, INTERNAL, CONFIDENTIAL, SECRET = list(Classification)[:4]

# The source of every row here; its presence says that the database holds the demonstration already.
SYNTHETIC_SOURCE = "synthetic"
SOURCES = {
    SYNTHETIC_SOURCE: "示例数据生成器（全部为虚构）",
    "erp": "企业资源系统（示例）",
    "service_desk": "售后服务台账（示例）",
}

BUREAUS = {
    "应急管理局": "Emergency Management Bureau",
    "自然资源局": "Natural Resources Bureau",
    "水利局": "Water Resources Bureau",
    "林业和草原局": "Forestry and Grassland Bureau",
    "消防救援支队": "Fire and Rescue Detachment",
    "城市运行管理中心": "City Operations Centre",
    "交通运输局": "Transport Bureau",
    "气象局": "Meteorological Bureau",
}
TRADES = {
    "测绘工程有限公司": "Surveying Engineering Co., Ltd.",
    "地理信息有限公司": "Geographic Information Co., Ltd.",
    "电力建设有限公司": "Power Construction Co., Ltd.",
    "通信股份有限公司": "Communications Co., Ltd.",
    "应急装备有限公司": "Emergency Equipment Co., Ltd.",
    "矿业有限公司": "Mining Co., Ltd.",
    "航空服务有限公司": "Aviation Services Co., Ltd.",
    "农业科技有限公司": "Agricultural Technology Co., Ltd.",
    "工程勘察设计院": "Engineering Survey Institute",
}
BRANDS = {"恒": "Heng", "启": "Qi", "嘉": "Jia", "瑞": "Rui", "衡": "Heng", "拓": "Tuo", "宏": "Hong", "毅": "Yi"}
BRANDS_END = {"川": "chuan", "远": "yuan", "泰": "tai", "诚": "cheng", "图": "tu", "域": "yu"}
CLUBS = {
    "户外俱乐部": "Outdoor Club",
    "登山协会": "Mountaineering Association",
    "无线电爱好者协会": "Amateur Radio Association",
    "民间救援队": "Volunteer Rescue Team",
    "观鸟会": "Birdwatching Society",
}


class Organisation(NamedTuple):
    """An organisation in the making; `parent` is the name of another one before it."""

    name: str
    name_en: str
    segment: Segment
    place: Place
    key_account: bool = False
    parent: str | None = None
    degree: Classification = PUBLIC
    compartments: tuple[str, ...] = ()


class Account(NamedTuple):
    """A stored customer, as far as other makers need it."""

    id: UUID
    name: str
    segment: Segment
    key_account: bool
    degree: Classification
    compartments: tuple[str, ...]
    since_days: int


class Customers(NamedTuple):
    """All customers of the world."""

    organisations: list[Account]
    consumers: list[Account]

    def named(self, name: str) -> Account:
        """The customer with this name."""
        return next(account for account in (*self.organisations, *self.consumers) if account.name == name)

    def of(self, segment: Segment) -> list[Account]:
        """The organisations of a segment."""
        return [account for account in self.organisations if account.segment is segment]


def make_customers(world: World, named_consumers: tuple[str, ...]) -> Customers:
    """Organisations, then consumers, of whom the first bear the names of people who sign in."""
    sources = {code: world.add(SourceSystem, code=code, name=name) for code, name in SOURCES.items()}
    stored: dict[str, Account] = {}
    for organisation in (*military(), *government(world), *enterprises(world), *clubs(world)):
        if world.storable(organisation.degree):
            stored[organisation.name] = _add(world, organisation, stored, sources)
    consumers: list[Account] = []
    for number in range(CONSUMERS):
        name = named_consumers[number] if number < len(named_consumers) else person_name(world.random)
        person = Organisation(name, "", Segment.CONSUMER, world.random.choice(places()))
        consumers.append(_add(world, person, stored, sources, CustomerKind.PERSON))
    return Customers(list(stored.values()), consumers)


def _add(
    world: World,
    customer: Organisation,
    before: dict[str, Account],
    sources: dict[str, UUID],
    kind: CustomerKind = CustomerKind.ORGANISATION,
) -> Account:
    since = world.random.randint(800, 4_000)
    is_person, is_military = kind is CustomerKind.PERSON, customer.segment is Segment.MILITARY
    status = {
        CustomerStatus.ACTIVE: 84,
        CustomerStatus.PROSPECT: 8,
        CustomerStatus.DORMANT: 6,
        CustomerStatus.CLOSED: 2,
    }
    guard = {"classification": customer.degree, "compartments": list(customer.compartments)}
    customer_id = world.add(
        Customer,
        kind=kind,
        segment=customer.segment,
        status=CustomerStatus.ACTIVE if customer.key_account or is_person or is_military else world.weighted(status),
        name=customer.name,
        name_en=customer.name_en or None,
        unified_code=None if is_person or is_military else credit_code(world.random),
        key_account=customer.key_account,
        region_id=region_id(customer.place.region_code),
        parent_id=before[customer.parent].id if customer.parent else None,
        contact_days_max=None
        if is_person
        else world.random.choice((14, 30) if customer.key_account else (60, 90, 180)),
        version=1,
        created_at=world.working_hour(world.day(since)),
        updated_at=world.working_hour(world.day(world.random.randint(1, 400))),
        **guard,
    )
    known_as = {SYNTHETIC_SOURCE: f"示例-{len(world.rows(Customer)):06}"}
    if not is_person:
        known_as["erp"] = f"C{world.random.randrange(10**5):05}-{len(before):03}"
    for code, value in known_as.items():
        world.add(ExternalId, customer_id=customer_id, source_system_id=sources[code], value=value, **guard)
    return Account(
        customer_id,
        customer.name,
        customer.segment,
        customer.key_account,
        customer.degree,
        customer.compartments,
        since,
    )


def military() -> list[Organisation]:
    """A bureau, its offices at works, and units; the degree of a customer is that of its being one."""
    at = places()
    bureau = Organisation("某部装备局", "Equipment bureau", Segment.MILITARY, at[0], True, None, INTERNAL)
    works = Organisation(
        "某部驻厂军事代表室", "Military office at the works", Segment.MILITARY, at[0], True, bureau.name, INTERNAL
    )
    offices = [
        Organisation(
            f"某部驻{place.name}军事代表室",
            f"Military office at {place.name_en}",
            Segment.MILITARY,
            place,
            number < 5,
            bureau.name,
            INTERNAL,
        )
        for number, place in enumerate(at[:14])
    ]
    units = [
        Organisation(
            f"某部第{number}保障队",
            f"Support unit {number}",
            Segment.MILITARY,
            at[14 + number % 12],
            False,
            bureau.name,
            CONFIDENTIAL if number % 2 else INTERNAL,
        )
        for number in range(1, 11)
    ]
    grounds = [
        Organisation(
            f"某试验基地{name}场",
            f"Test ground {name_en}",
            Segment.MILITARY,
            place,
            False,
            None,
            SECRET,
            (compartment,) if compartment else (),
        )
        for name, name_en, place, compartment in (
            ("甲", "A", at[16], None),
            ("乙", "B", at[18], None),
            ("丙", "C", at[21], "TX-4"),
            ("丁", "D", at[22], "YS-4"),
        )
    ]
    return [bureau, works, *offices, *units, *grounds]


def government(world: World) -> list[Organisation]:
    """Bureaus of invented cities; the first is the one of the person who signs in."""
    kinds = list(BUREAUS.items())
    made = [
        Organisation(
            f"{place.name}市{kind}",
            f"{place.name_en} {kind_en}",
            Segment.GOVERNMENT,
            place,
            degree=INTERNAL if "城市运行" in kind else PUBLIC,
        )
        for place in places()
        for kind, kind_en in kinds
    ]
    first = next(bureau for bureau in made if bureau.name == "临江市应急管理局")
    second = next(bureau for bureau in made if bureau.name == "云州市城市运行管理中心")
    made = [bureau for bureau in made if bureau not in {first, second}]
    world.random.shuffle(made)
    chosen = [first, second, *made][: ORGANISATIONS[Segment.GOVERNMENT]]
    return [bureau._replace(key_account=number < 12) for number, bureau in enumerate(chosen)]


def enterprises(world: World) -> list[Organisation]:
    """Companies of the key-account club 大客户俱乐部 and others."""
    at = {place.name: place for place in places()}
    groups = [
        Organisation("远川集团有限公司", "Yuanchuan Group", Segment.ENTERPRISE, at["云州"], True),
        Organisation("北塬能源集团", "Beiyuan Energy Group", Segment.ENTERPRISE, at["北塬"], True),
    ]
    fixed = [
        ("远川测绘工程有限公司", "Yuanchuan Surveying Engineering Co., Ltd.", "云州", "远川集团有限公司"),
        ("远川地理信息有限公司", "Yuanchuan Geographic Information Co., Ltd.", "云州", "远川集团有限公司"),
        ("北塬电力建设有限公司", "Beiyuan Power Construction Co., Ltd.", "北塬", "北塬能源集团"),
        ("岱川通信股份有限公司", "Daichuan Communications Co., Ltd.", "岱川", None),
        ("临江应急装备有限公司", "Linjiang Emergency Equipment Co., Ltd.", "临江", None),
    ]
    made = [
        *groups,
        *(
            Organisation(name, name_en, Segment.ENTERPRISE, at[city], True, parent)
            for name, name_en, city, parent in fixed
        ),
    ]
    candidates = [
        Organisation(
            f"{place.name}{begin}{end}{trade}",
            f"{place.name_en} {begin_en}{end_en} {trade_en}",
            Segment.ENTERPRISE,
            place,
        )
        for place in places()
        for begin, begin_en in BRANDS.items()
        for end, end_en in BRANDS_END.items()
        for trade, trade_en in TRADES.items()
    ]
    others = world.random.sample(candidates, ORGANISATIONS[Segment.ENTERPRISE] - len(made))
    return [*made, *(company._replace(key_account=number < 18) for number, company in enumerate(others))]


def clubs(world: World) -> list[Organisation]:
    """Clubs and volunteers, who buy as consumers do."""
    candidates = [
        Organisation(f"{place.name}{kind}", f"{place.name_en} {kind_en}", Segment.CONSUMER, place)
        for place in places()
        for kind, kind_en in CLUBS.items()
    ]
    return world.random.sample(candidates, ORGANISATIONS[Segment.CONSUMER])
