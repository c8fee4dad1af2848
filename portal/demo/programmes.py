"""Forty equipment programmes 装备型号 in ten series, with phases and milestones as planned and as they came."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from domain.programmes.tables import Milestone, PhaseSpan, Programme, ProgrammePhase
from portal.demo.customers import Account, Customers
from portal.demo.employees import Staff
from portal.demo.world import SYNTHETIC, World
from segments.classification import Classification

PRE_RESEARCH, DEVELOPMENT, PRODUCTION, DELIVERY, SUPPORT, RETIRED = ProgrammePhase
_, INTERNAL, CONFIDENTIAL, SECRET, TOP_SECRET = Classification

WORKS = "某部驻厂军事代表室"


class Series(NamedTuple):
    """A line of programmes: what it is for, and the customer it serves unless a programme says otherwise."""

    name: str
    name_en: str
    domain: str
    system: str
    system_en: str
    customer: str


SERIES = {
    "QL": Series("青岚", "Qinglan", "无人机", "无人侦察系统", "unmanned reconnaissance system", WORKS),
    "YS": Series("云梭", "Yunsuo", "无人机", "垂直起降侦察平台", "vertical take-off platform", "某部驻南屿军事代表室"),
    "LS": Series("连山", "Lianshan", "通信", "战术自组网", "tactical mesh network", WORKS),
    "AZ": Series("岸舟", "Anzhou", "通信", "机动指挥通信车", "mobile command vehicle", "某部驻临江军事代表室"),
    "SW": Series("守望", "Shouwang", "探测", "多光谱观瞄", "multispectral sight", "某部驻云州军事代表室"),
    "TX": Series("天汐", "Tianxi", "探测", "低空监视雷达", "low airspace radar", "某部驻岱川军事代表室"),
    "XJ": Series("玄甲", "Xuanjia", "材料", "单兵防护", "personal protection", "某部驻北塬军事代表室"),
    "FZ": Series("方舟", "Fangzhou", "能源", "野战电源", "field power supply", "某部驻松泽军事代表室"),
    "BC": Series("北辰", "Beichen", "导航", "卫星导航终端", "satellite navigation terminal", "某部驻望洲军事代表室"),
    "CG": Series("长庚", "Changgeng", "光电", "夜间保障照明", "night operations lighting", "某部驻平野军事代表室"),
}


class Plan(NamedTuple):
    """A programme to make. One whose `needs_to_know` is set is a compartment of its own."""

    code: str
    phase: ProgrammePhase
    degree: Classification
    needs_to_know: bool = False
    customer: str | None = None


PLANS = (
    Plan("QL-3", SUPPORT, INTERNAL),
    Plan("QL-5", SUPPORT, CONFIDENTIAL),
    Plan("QL-7", DELIVERY, CONFIDENTIAL, needs_to_know=True),
    Plan("QL-9", PRE_RESEARCH, TOP_SECRET, needs_to_know=True),
    Plan("YS-1", SUPPORT, INTERNAL),
    Plan("YS-2", DELIVERY, CONFIDENTIAL),
    Plan("YS-3", PRODUCTION, SECRET, needs_to_know=True),
    Plan("YS-4", DEVELOPMENT, TOP_SECRET, needs_to_know=True),
    Plan("LS-1", RETIRED, INTERNAL),
    Plan("LS-2", SUPPORT, CONFIDENTIAL),
    Plan("LS-3", SUPPORT, CONFIDENTIAL, needs_to_know=True),
    Plan("LS-4", DEVELOPMENT, SECRET, needs_to_know=True),
    Plan("AZ-1", SUPPORT, INTERNAL),
    Plan("AZ-2", PRODUCTION, CONFIDENTIAL, needs_to_know=True, customer=WORKS),
    Plan("AZ-3", DEVELOPMENT, CONFIDENTIAL),
    Plan("AZ-4", PRE_RESEARCH, SECRET, needs_to_know=True),
    Plan("SW-2", RETIRED, INTERNAL),
    Plan("SW-3", SUPPORT, CONFIDENTIAL),
    Plan("SW-5", DEVELOPMENT, SECRET, needs_to_know=True, customer=WORKS),
    Plan("SW-6", PRE_RESEARCH, TOP_SECRET, needs_to_know=True),
    Plan("TX-1", SUPPORT, INTERNAL),
    Plan("TX-2", DELIVERY, CONFIDENTIAL),
    Plan("TX-3", PRODUCTION, SECRET, needs_to_know=True),
    Plan("TX-4", DEVELOPMENT, TOP_SECRET, needs_to_know=True),
    Plan("XJ-1", SUPPORT, INTERNAL),
    Plan("XJ-2", SUPPORT, CONFIDENTIAL),
    Plan("XJ-3", PRODUCTION, SECRET, needs_to_know=True),
    Plan("XJ-4", PRE_RESEARCH, CONFIDENTIAL, needs_to_know=True, customer=WORKS),
    Plan("FZ-1", RETIRED, INTERNAL),
    Plan("FZ-2", SUPPORT, CONFIDENTIAL),
    Plan("FZ-3", DELIVERY, SECRET, needs_to_know=True, customer=WORKS),
    Plan("FZ-4", PRE_RESEARCH, SECRET, needs_to_know=True),
    Plan("BC-1", SUPPORT, INTERNAL),
    Plan("BC-2", SUPPORT, CONFIDENTIAL),
    Plan("BC-3", DELIVERY, SECRET, needs_to_know=True),
    Plan("BC-4", DEVELOPMENT, TOP_SECRET, needs_to_know=True),
    Plan("CG-1", SUPPORT, INTERNAL),
    Plan("CG-2", SUPPORT, CONFIDENTIAL),
    Plan("CG-3", DEVELOPMENT, SECRET),
    Plan("CG-4", PRE_RESEARCH, TOP_SECRET, needs_to_know=True),
)

# The planned length of a phase in days, and its milestones at a share of it.
LENGTHS = {PRE_RESEARCH: 540, DEVELOPMENT: 980, PRODUCTION: 820, DELIVERY: 460, SUPPORT: 2_600, RETIRED: 365}
MILESTONES = {
    PRE_RESEARCH: (("方案评审", "Concept review", 0.6), ("立项论证", "Programme approval", 1.0)),
    DEVELOPMENT: (
        ("初样", "First prototype", 0.35),
        ("正样", "Qualification model", 0.7),
        ("定型", "Design freeze", 1.0),
    ),
    PRODUCTION: (("首件鉴定", "First article", 0.3), ("批产评审", "Production review", 0.8)),
    DELIVERY: (("首批交付", "First delivery", 0.1), ("形成能力", "Initial capability", 1.0)),
    SUPPORT: (("一次升级", "First upgrade", 0.3), ("大修节点", "Overhaul", 0.7)),
    RETIRED: (("退役封存", "Taken out of service", 0.5),),
}
LATENESS_DAYS = (0, 0, 0, 0, 12, 20, 35, 54, 97)


class Made(NamedTuple):
    """A stored programme, as far as its fleet needs it."""

    id: UUID
    plan: Plan
    series: Series
    customer: Account
    degree: Classification
    compartments: list[str]
    deliveries_from: dt.date | None


def make_programmes(world: World, customers: Customers, staff: Staff) -> list[Made]:
    """Every programme that this installation may hold."""
    accounts = {account.name: account for account in customers.organisations}
    made: list[Made] = []
    for plan in PLANS:
        series = SERIES[plan.code.split("-")[0]]
        if world.storable(plan.degree):
            made.append(_make_programme(world, plan, series, accounts[plan.customer or series.customer], staff))
    return made


def _make_programme(world: World, plan: Plan, series: Series, account: Account, staff: Staff) -> Made:
    compartments = [plan.code] if plan.needs_to_know else []
    guard = {"customer_id": account.id, "classification": plan.degree, "compartments": compartments}
    spans = schedule(world, plan.phase)
    chief = staff.named["helan"] if plan.code == "QL-7" else world.random.choice(staff.titled("主任设计师"))
    number = plan.code.split("-")[1]
    programme = world.add(
        Programme,
        chief_id=chief,
        code=plan.code,
        name=f"{series.name}-{number} {series.system}",
        name_en=f"{series.name_en}-{number} {series.system_en}",
        domain=series.domain,
        summary=f"{series.system}第 {number} 型，由{series.name}系列发展而来。{SYNTHETIC}",
        phase=plan.phase,
        started_on=spans[0].actual_from or spans[0].planned_from,
        cost_amount=world.random.randint(20, 900) * 100_000_000,
        cost_currency="CNY",
        version=1,
        updated_at=world.working_hour(world.day(world.random.randint(0, 60))),
        **guard,
    )
    for span in spans:
        world.add(PhaseSpan, programme_id=programme, **span._asdict(), **guard)
        _make_milestones(world, programme, span, guard)
    delivered = next((span.actual_from for span in spans if span.phase is DELIVERY), None)
    return Made(programme, plan, series, account, plan.degree, compartments, delivered)


class Span(NamedTuple):
    """A phase as planned and as it came: its columns."""

    phase: ProgrammePhase
    planned_from: dt.date
    planned_until: dt.date
    actual_from: dt.date | None
    actual_until: dt.date | None


def schedule(world: World, now_in: ProgrammePhase) -> list[Span]:
    """Phases from the first to one after the present; each begins the day after the one before ended, in plan and in fact.

    The plan is made once at the start, so what a phase is late is carried into all that follow.
    """
    phases = list(ProgrammePhase)
    present = phases.index(now_in)
    lengths = [round(LENGTHS[phase] * world.random.uniform(0.8, 1.2)) for phase in phases]
    late = [world.random.choice(LATENESS_DAYS) for _ in phases]
    passed = world.random.randint(lengths[present] // 5, lengths[present] * 3 // 5)
    begin = world.day(passed + sum(lengths[:present]) + sum(late[:present]))
    spans: list[Span] = []
    planned, actual = begin, begin
    for number, phase in enumerate(phases[: present + 2]):
        planned_until = planned + dt.timedelta(days=lengths[number] - 1)
        actual_until = actual + dt.timedelta(days=lengths[number] + late[number] - 1)
        came, over = number <= present, number < present
        spans.append(Span(phase, planned, planned_until, actual if came else None, actual_until if over else None))
        planned, actual = planned_until + dt.timedelta(days=1), actual_until + dt.timedelta(days=1)
    return spans


def _make_milestones(world: World, programme: UUID, span: Span, guard: Mapping[str, object]) -> None:
    length = (span.planned_until - span.planned_from).days
    carried = 0 if span.actual_from is None else (span.actual_from - span.planned_from).days
    for name, name_en, share in MILESTONES[span.phase]:
        planned = span.planned_from + dt.timedelta(days=round(length * share))
        came = planned + dt.timedelta(days=max(0, carried + world.random.choice((-20, -5, 0, 0, 10, 30, 54))))
        happened = span.actual_from is not None and came <= (span.actual_until or world.today)
        world.add(
            Milestone,
            programme_id=programme,
            name=name,
            name_en=name_en,
            phase=span.phase,
            planned_on=planned,
            # What a finished phase asked for has come, at the latest on its last day.
            actual_on=came if happened else span.actual_until,
            **guard,
        )
