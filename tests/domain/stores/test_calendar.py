import datetime as dt
from zoneinfo import ZoneInfo

from domain.stores.calendar import Opening, Span, openings, public_holidays, slots
from domain.stores.tables import StoreDay

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
MONDAY = dt.date(2026, 11, 30)
WEEK = [MONDAY + dt.timedelta(days=ahead) for ahead in range(7)]


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def test_a_weekday_has_its_own_hours_and_others_are_closed() -> None:
    hours = {StoreDay.MONDAY: [Span(840, 1_200), Span(540, 720)], StoreDay.SUNDAY: [Span(600, 1_440)]}
    assert list(openings(hours, {}, SHANGHAI, WEEK)) == [
        Opening(MONDAY, utc("2026-11-30T01:00"), utc("2026-11-30T04:00"), holiday=False),
        Opening(MONDAY, utc("2026-11-30T06:00"), utc("2026-11-30T12:00"), holiday=False),
        Opening(WEEK[6], utc("2026-12-06T02:00"), utc("2026-12-06T16:00"), holiday=False),
    ]


def test_what_is_said_of_a_date_goes_before_holidays_and_those_before_weekdays() -> None:
    eve, first, second = (dt.date(2026, 2, day) for day in (16, 17, 18))
    hours = {day: [Span(600, 1_200)] for day in StoreDay} | {StoreDay.HOLIDAY: [Span(720, 900)]}
    special = {eve: None, first: Span(800, 860)}
    found = {each.day: each for each in openings(hours, special, SHANGHAI, [eve, first, second])}
    assert eve not in found
    assert found[first] == Opening(first, utc("2026-02-17T05:20"), utc("2026-02-17T06:20"), holiday=True)
    assert found[second] == Opening(second, utc("2026-02-18T04:00"), utc("2026-02-18T07:00"), holiday=True)


def test_a_store_without_hours_of_holidays_opens_then_as_always() -> None:
    national_day = dt.date(2026, 10, 1)
    [found] = openings({StoreDay.THURSDAY: [Span(600, 660)]}, {}, SHANGHAI, [national_day])
    assert found.holiday
    assert found.opens_at == utc("2026-10-01T02:00")


def test_holidays_are_those_announced_and_later_ones_those_of_the_law() -> None:
    assert {dt.date(2026, 2, 17), dt.date(2026, 10, 1), dt.date(2026, 10, 6)} <= public_holidays(2026)
    # A working Saturday that pays for a day off.
    assert dt.date(2026, 10, 10) not in public_holidays(2026)
    # Spring festival 2031.
    assert dt.date(2031, 1, 23) in public_holidays(2031)


def test_days_on_which_clocks_change_have_the_hours_of_the_wall() -> None:
    forward, back = dt.date(2026, 3, 29), dt.date(2026, 10, 25)
    hours = {StoreDay.SUNDAY: [Span(60, 240)]}
    lengths = [each.closes_at - each.opens_at for each in openings(hours, {}, BERLIN, [forward, back])]
    assert lengths == [dt.timedelta(hours=2), dt.timedelta(hours=4)]
    # From 2:10 to 2:40 there is no time at all.
    assert list(openings({StoreDay.SUNDAY: [Span(130, 160)]}, {}, BERLIN, [forward])) == [
        Opening(forward, utc("2026-03-29T01:10"), utc("2026-03-29T01:40"), holiday=False)
    ]


def test_slots_are_whole_and_follow_each_other() -> None:
    opening = Opening(MONDAY, utc("2026-11-30T01:00"), utc("2026-11-30T03:20"), holiday=False)
    assert list(slots(opening, 45)) == [
        (utc("2026-11-30T01:00"), utc("2026-11-30T01:45")),
        (utc("2026-11-30T01:45"), utc("2026-11-30T02:30")),
        (utc("2026-11-30T02:30"), utc("2026-11-30T03:15")),
    ]
