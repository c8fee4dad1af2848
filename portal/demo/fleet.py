"""Two thousand units of equipment, every state they were in and every part that stood in them."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from domain.customers.regions import region_id
from domain.programmes.tables import ConfigurationItem, Equipment, EquipmentState, EquipmentStatus, ProgrammePhase
from portal.demo.names import places
from portal.demo.programmes import Made
from portal.demo.world import World

UNITS = 2_000
STATES_MAX = 12
# Units were handed over during so many days from a programme's first delivery.
DELIVERY_DAYS = 1_500
READY, IN_REPAIR, UPGRADING, OUT_OF_SERVICE, RETIRED = EquipmentStatus

# The longest a state lasts, in days, and why a unit came into it.
LASTS = {READY: 420, IN_REPAIR: 40, UPGRADING: 90, OUT_OF_SERVICE: 60}
REASONS = {
    READY: ("修复后恢复", "升级完成", "检查合格", "重新启用"),
    IN_REPAIR: ("链路中断", "电机异响", "电池鼓包", "接插件松动", "显示异常", "密封失效"),
    UPGRADING: ("软件升级", "链路改造", "载荷换装", "举一反三改进"),
    OUT_OF_SERVICE: ("等待备件", "季节封存", "定检到期", "待评估"),
}
AFTER_READY = {IN_REPAIR: 55, UPGRADING: 20, OUT_OF_SERVICE: 25}
HOURS_A_DAY = {"无人机": 1.2, "通信": 5.0, "探测": 4.0, "材料": 3.0, "能源": 2.5, "导航": 6.0, "光电": 2.0}

SLOTS = {
    "无人机": (("飞控", "FC"), ("数据链", "DL"), ("动力", "PW"), ("光电载荷", "EO"), ("机载软件", "SW")),
    "通信": (("射频单元", "RF"), ("基带", "BB"), ("天线", "AN"), ("电源", "PS"), ("网管软件", "SW")),
    "探测": (("机芯", "CO"), ("光学", "OP"), ("转台", "TT"), ("信号处理", "SP"), ("显控软件", "SW")),
    "材料": (("主体", "BD"), ("缓冲层", "LN"), ("外套", "CV"), ("连接件", "FX")),
    "能源": (("电芯组", "CL"), ("逆变器", "IV"), ("管理单元", "BM"), ("箱体", "BX")),
    "导航": (("天线", "AN"), ("接收机", "RX"), ("电池", "BT"), ("固件", "FW")),
    "光电": (("灯组", "LM"), ("电源", "PS"), ("支架", "MT")),
}
LOCATIONS = ("一号库", "二号库", "三号机棚", "保障车间", "训练场", "值班阵地", "北库区")
MODELS = ("A", "B", "C")


def make_fleet(world: World, programmes: list[Made]) -> None:
    """Units of all programmes that have delivered; each was handed over some time since then."""
    delivering = [made for made in programmes if made.deliveries_from is not None]
    if not delivering:
        return
    ages = [(world.today - made.deliveries_from).days for made in delivering if made.deliveries_from is not None]
    shares = [min(age, DELIVERY_DAYS) for age in ages]
    counts = [0] * len(delivering)
    for number in range(UNITS):
        # At first some for everyone, then more for those that have delivered for longer.
        turn = (
            number % len(delivering)
            if number < 12 * len(delivering)
            else world.random.choices(range(len(ages)), shares)[0]
        )
        counts[turn] += 1
    for made, age, count in zip(delivering, ages, counts, strict=True):
        window = min(age, DELIVERY_DAYS)
        days = sorted((age - world.random.randint(0, max(window - 1, 0)) for _ in range(count)), reverse=True)
        for number, delivered in enumerate(days, 1):
            _make_unit(world, made, number, max(delivered, 1))


def _make_unit(world: World, made: Made, number: int, age_days: int) -> None:
    guard: dict[str, Any] = {
        "customer_id": made.customer.id,
        "classification": made.degree,
        "compartments": made.compartments,
    }
    delivered = world.day(age_days)
    equipment = world.new_id()
    base = world.random.choice(LOCATIONS)
    latest = _make_states(world, made, equipment, base, age_days, guard)
    world.add(
        Equipment,
        id=equipment,
        programme_id=made.id,
        region_id=region_id(world.random.choice(places()).region_code),
        serial_number=f"{made.plan.code.replace('-', '')}-{delivered:%y}-{number:04}",
        model=f"{made.plan.code}{MODELS[min(2, number // 60)]}",
        location=latest["location"],
        status=latest["status"],
        delivered_on=delivered,
        operating_hours=latest["operating_hours"],
        version=1,
        updated_at=latest["valid_from"],
        **guard,
    )
    for slot, mark in SLOTS[made.series.domain]:
        _make_slot(world, made, equipment, slot, mark, age_days, guard)


def _make_states(
    world: World, made: Made, equipment: UUID, base: str, age_days: int, guard: dict[str, Any]
) -> dict[str, Any]:
    """The states of a unit one after the other without a gap; the last is open. Answers the last."""
    began, status, reason, hours = age_days, READY, "交付验收合格", 0
    state: dict[str, Any] = {}
    retired_on = world.random.randint(1, 300) if made.plan.phase is ProgrammePhase.RETIRED else None
    for turn in range(STATES_MAX):
        lasts = world.random.randint(max(3, LASTS[status] // 8), LASTS[status])
        ends = began - lasts
        if retired_on is not None and (ends <= retired_on or turn == STATES_MAX - 1):
            ends = retired_on
        is_last = ends <= 0 or (turn == STATES_MAX - 1 and retired_on is None)
        used = (began - max(ends, 0)) * HOURS_A_DAY[made.series.domain] if status is READY else 0
        state = _state(world, status, base, reason, hours, began, None if is_last else ends)
        world.add(EquipmentState, equipment_id=equipment, programme_id=made.id, **state, **guard)
        hours += round(used)
        if is_last:
            break
        began = ends
        if ends == retired_on:
            state = _state(world, RETIRED, "北库区", "型号退役", hours, ends, None)
            world.add(EquipmentState, equipment_id=equipment, programme_id=made.id, **state, **guard)
            break
        status = world.weighted(AFTER_READY) if status is READY else READY
        reason = world.random.choice(REASONS[status])
    return state | {"operating_hours": hours}


def _state(
    world: World, status: EquipmentStatus, base: str, reason: str, hours: int, began: int, ended: int | None
) -> dict[str, Any]:
    return {
        "status": status,
        "location": "保障车间" if status in {IN_REPAIR, UPGRADING} else base,
        "operating_hours": hours,
        "reason": reason,
        "valid_from": moment(world, began),
        "valid_until": None if ended is None else moment(world, ended),
    }


def _make_slot(
    world: World, made: Made, equipment: UUID, slot: str, mark: str, age_days: int, guard: dict[str, Any]
) -> None:
    """What stood in a slot: the delivered part, then at most two later revisions."""
    changes = sorted(world.some(range(1, age_days), 0, 2), reverse=True) if age_days > 60 and world.chance(0.35) else []
    bounds = [age_days, *changes]
    for revision, (began, ended) in enumerate(zip(bounds, [*bounds[1:], None], strict=True)):
        world.add(
            ConfigurationItem,
            equipment_id=equipment,
            slot=slot,
            part_number=f"{made.plan.code}-{mark}-{world.random.randrange(10_000):04}",
            revision="ABC"[revision],
            valid_from=moment(world, began),
            valid_until=None if ended is None else moment(world, ended),
            **guard,
        )


def moment(world: World, days_ago: int) -> dt.datetime:
    """The beginning of a working day in China, so many days ago: changes are entered at the morning round."""
    return dt.datetime.combine(world.day(days_ago), dt.time(1), dt.UTC)
