"""The demonstration's stores: twelve cities, goods to try, slots of the coming weeks, and guests who are expected."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.customers.regions import region_id
from domain.customers.tables import Customer, Segment
from domain.identity.tables import Person
from domain.shop.tables import ProductStatus, Stock, StockLocation, Variant
from domain.stores.calendar import Span, openings, slots
from domain.stores.tables import (
    Appointment,
    AppointmentSlot,
    AppointmentStatus,
    AppointmentSubject,
    Store,
    StoreDay,
    StoreEmployee,
    StoreHours,
    StoreOpening,
    StoreSpecialDay,
)
from portal.demo.catalogue import Item
from portal.demo.employees import Staff
from portal.demo.world import World
from segments.audiences import CONSUMER

ZONE = "Asia/Shanghai"
DAYS_AHEAD, DAYS_AGO = 21, 2
SLOT_MINUTES, SLOT_CAPACITY, CANCEL_HOURS = 45, 3, 4


class Shop(NamedTuple):
    """A store as it is written down here; coordinates are millionths of a degree."""

    code: str
    city: str
    name: str
    name_en: str
    address: str
    address_en: str
    latitude: int
    longitude: int


SHOPS = (
    Shop("SH01", "310000", "上海旗舰体验店", "Shanghai flagship", "浦东新区示例大道 100 号", "100 Shili Avenue, Pudong", 31_235_900, 121_505_200),
    Shop("BJ01", "110000", "北京体验店", "Beijing", "朝阳区示例路 18 号", "18 Shili Road, Chaoyang", 39_921_500, 116_443_100),
    Shop("GZ01", "440100", "广州体验店", "Guangzhou", "天河区示例东路 6 号", "6 Shili East Road, Tianhe", 23_124_600, 113_361_200),
    Shop("SZ01", "440300", "深圳体验店", "Shenzhen", "南山区示例道 3 号", "3 Shili Boulevard, Nanshan", 22_533_000, 113_930_400),
    Shop("CD01", "510100", "成都体验店", "Chengdu", "锦江区示例街 9 号", "9 Shili Street, Jinjiang", 30_656_800, 104_083_300),
    Shop("XA01", "610100", "西安体验店", "Xi'an", "雁塔区示例路 27 号", "27 Shili Road, Yanta", 34_222_600, 108_948_000),
    Shop("WH01", "420100", "武汉体验店", "Wuhan", "江汉区示例路 51 号", "51 Shili Road, Jianghan", 30_601_600, 114_270_700),
    Shop("HZ01", "330100", "杭州体验店", "Hangzhou", "西湖区示例路 12 号", "12 Shili Road, Xihu", 30_259_200, 120_130_100),
    Shop("NJ01", "320100", "南京体验店", "Nanjing", "玄武区示例路 8 号", "8 Shili Road, Xuanwu", 32_048_500, 118_797_700),
    Shop("CQ01", "500000", "重庆体验店", "Chongqing", "渝中区示例路 33 号", "33 Shili Road, Yuzhong", 29_553_000, 106_568_900),
    Shop("SY01", "210100", "沈阳体验店", "Shenyang", "和平区示例大街 20 号", "20 Shili Street, Heping", 41_789_300, 123_420_300),
    Shop("QD01", "370200", "青岛体验店", "Qingdao", "市南区示例路 5 号", "5 Shili Road, Shinan", 36_067_100, 120_382_600),
)  # fmt: skip
TALKS = (AppointmentSubject.ADVICE, AppointmentSubject.SERVICE)
# Who works where.
NAMED_AT = {"SH01": ("bai", "cen")}
HOURS = {day: [Span(600, 1_260)] for day in StoreDay} | {
    StoreDay.MONDAY: [Span(720, 1_200)],
    StoreDay.HOLIDAY: [Span(600, 1_320)],
}


def make_stores(world: World, items: list[Item], staff: Staff) -> None:
    """Every store, with what lies there and who is expected."""
    products = {row["id"]: row["product_id"] for row in world.rows(Variant)}
    shown = [item for item in items if CONSUMER in item.offer.audiences and item.tangible]
    shown = [item for item in shown if item.status in {ProductStatus.ACTIVE, ProductStatus.PREORDER}]
    named = [row["customer_id"] for row in world.rows(Person) if row["audience"] is CONSUMER]
    guests = [row["id"] for row in world.rows(Customer) if row["segment"] is Segment.CONSUMER]
    guests = [guest for guest in guests if guest not in named][:200]
    for shop in SHOPS:
        store_id, location_id = _make_store(world, shop)
        _make_shelves(world, location_id, shown)
        for key in NAMED_AT.get(shop.code, ()):
            world.add(StoreEmployee, store_id=store_id, employee_id=staff.named[key])
        made = _make_slots(world, store_id)
        if shop.code in NAMED_AT:
            _make_appointments(world, made, guests, [products[item.id] for item in shown[:40]])
            coming = [slot for slot in made if slot["day"] == _today(world) + dt.timedelta(days=2)]
            for guest, slot in zip(named, coming, strict=False):
                _expect(world, slot, guest, products[shown[0].id])


def _make_store(world: World, shop: Shop) -> tuple[UUID, UUID]:
    place = region_id(shop.city)
    location = world.add(StockLocation, name=shop.name, name_en=f"{shop.name_en} store", region_id=place)
    store_id = world.add(
        Store,
        code=shop.code,
        name=shop.name,
        name_en=f"{shop.name_en} store",
        region_id=place,
        location_id=location,
        address=shop.address,
        address_en=shop.address_en,
        phone=f"400-000-{len(world.rows(Store)) + 1:04}",
        latitude_microdegrees=shop.latitude,
        longitude_microdegrees=shop.longitude,
        time_zone=ZONE,
        slot_minutes=SLOT_MINUTES,
        slot_capacity=SLOT_CAPACITY,
        cancel_hours_min=CANCEL_HOURS,
        book_days_max=DAYS_AHEAD,
        opened_until=_today(world) + dt.timedelta(days=DAYS_AHEAD),
        version=1,
    )
    spans = [(day, span) for day in StoreDay for span in HOURS.get(day, ())]
    for at, (day, span) in enumerate(spans):
        world.add(StoreHours, store_id=store_id, position=at, day=day, **span._asdict())
    world.add(
        StoreSpecialDay,
        store_id=store_id,
        day=_stocktaking(world),
        opens_minute=840,
        closes_minute=1_260,
        reason="上午盘点",
        reason_en="Stocktaking in the morning",
    )
    return store_id, location


def _make_shelves(world: World, location_id: UUID, shown: list[Item]) -> None:
    for item in shown:
        if item.status is ProductStatus.ACTIVE and world.chance(0.4):
            amounts = {"on_hand": world.random.randint(1, 12), "reserved": 0}
            world.add(Stock, variant_id=item.id, location_id=location_id, **amounts, **item.offer.guard())


def _make_slots(world: World, store_id: UUID) -> list[dict[str, Any]]:
    """What is open and can be booked, from the days before yesterday on."""
    days = [_today(world) + dt.timedelta(days=ahead) for ahead in range(-DAYS_AGO, DAYS_AHEAD + 1)]
    special: dict[dt.date, Span | None] = {_stocktaking(world): Span(840, 1_260)}
    made: list[dict[str, Any]] = []
    for opening in openings(HOURS, special, ZoneInfo(ZONE), days):
        world.add(StoreOpening, store_id=store_id, **opening._asdict())
        for starts_at, ends_at in slots(opening, SLOT_MINUTES):
            # The database counts the guests of each.
            span = {"day": opening.day, "starts_at": starts_at, "ends_at": ends_at}
            world.add(AppointmentSlot, store_id=store_id, **span, capacity=SLOT_CAPACITY, taken=0, retired=False)
            made.append(world.rows(AppointmentSlot)[-1])
    return made


def _make_appointments(world: World, made: list[dict[str, Any]], guests: list[UUID], products: list[UUID]) -> None:
    """Guests of yesterday, today and the coming days."""
    for slot in made:
        if slot["day"] > _today(world) + dt.timedelta(days=4):
            continue
        for guest in world.some(guests, 0, SLOT_CAPACITY - 1):
            _expect(world, slot, guest, world.random.choice(products) if world.chance(0.6) else None)


def _expect(world: World, slot: dict[str, Any], guest: UUID, product_id: UUID | None) -> None:
    """A guest in a slot; one of six of the past did not come."""
    over, key = slot["ends_at"] <= world.now, world.new_id()
    came = AppointmentStatus.MISSED if world.chance(1 / 6) else AppointmentStatus.ATTENDED
    world.add(
        Appointment,
        id=key,
        store_id=slot["store_id"],
        slot_id=slot["id"],
        customer_id=guest,
        product_id=product_id,
        number=key.hex[-8:].upper(),
        subject=world.random.choice(TALKS) if product_id is None else AppointmentSubject.EXPERIENCE,
        note=None,
        status=came if over else AppointmentStatus.BOOKED,
        starts_at=slot["starts_at"],
        ends_at=slot["ends_at"],
        booked_at=min(world.now, slot["starts_at"]) - dt.timedelta(hours=30),
        ended_at=slot["ends_at"] if over else None,
    )


def _today(world: World) -> dt.date:
    return world.now.astimezone(ZoneInfo(ZONE)).date()


def _stocktaking(world: World) -> dt.date:
    return _today(world) + dt.timedelta(days=6)
