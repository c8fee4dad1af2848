"""What a preview of checkout tells is what placing charges, or refuses with the same code; asking changes nothing."""

from __future__ import annotations

import random
from typing import Any

import pytest
import sqlalchemy as sa

from domain.cart.tables import CartLine
from domain.points.balances import balance
from domain.points.programmes import ProgrammeSettings, set_programme, set_spender
from domain.points.tables import PointsProgramme
from domain.shop.tables import Category, Price, Product
from domain.vouchers.giving import end_coupon
from domain.vouchers.tables import Coupon, Voucher
from segments.audiences import ENTERPRISE
from segments.viewer import Viewer
from tests.domain.orders.market import IDS, NOW, SYSTEM
from tests.domain.vouchers.offers import coupon, voucher
from tests.resolvers.test_cart import CANCEL, READ, Till, buyer_of, codes, fresh, till

__all__ = ["fresh", "till"]
USEFUL = ("FIXED", "PERCENT", "CAPPED", "GOODS", "mine")
SUMS = "subtotal { amount currency } discount { amount } points paidByPoints { amount } payable { amount currency }"
PREVIEW = f"""query($voucher: String, $points: Int, $token: String) {{
    checkoutPreview(voucher: $voucher, points: $points, token: $token) {{
        {SUMS} pointsMax voucherProblem voucherLeast {{ amount }} pointsProblem }} }}"""
PLACE = f"""mutation($input: CheckoutInput!, $key: String!) {{ checkout(input: $input) @idempotent(key: $key) {{
    errors {{ code path message }} order {{ id status {SUMS} }} }} }}"""
# Points and the minor units that they are worth: even, and such that every quotient is rounded.
WORTHS = ((100, 100), (3, 2), (7, 1_000), (1_000, 7), (1, 999_983))
BOTH = ("consumer", "enterprise")
CODES = (
    None, "", " fixed ", "percent", "FIXED", "PERCENT", "CAPPED", "DEAR", "PARTS", "GOODS", "EMPTY", "TWICE", "ONCE-EACH", "OVER", "ENDED", "DOLLARS",
    "FIRMS", "NOTHING", "mine", "theirs", "late",
)  # fmt: skip


async def preview(till: Till, viewer: Viewer, **given: Any) -> Any:
    """What the viewer would pay."""
    return await till.ask(viewer, PREVIEW, **({"voucher": None, "points": None, "token": None} | given))


@pytest.fixture(scope="module")
async def offers(till: Till) -> dict[str | None, str | None]:
    """Coupons and vouchers of every kind; batteries lie on a shelf of their own below all goods."""
    market = till.market
    async with market.acting(SYSTEM) as session:
        goods = await session.scalar(sa.select(Category.id).where(Category.slug == "goods"))
        parts, empty = (
            Category(id=IDS(), slug=slug, name=slug, summary="", position=9, parent_id=goods)
            for slug in ("parts", "empty")
        )
        session.add_all([parts, empty])
        await session.flush()
        await session.execute(
            sa.update(Product).where(Product.id == market.products["battery"]).values(category_id=parts.id)
        )
        for code, terms in {
            "FIXED": {"value": 50_00},
            "PERCENT": {"percent": 13},
            "CAPPED": {"percent": 50, "most": 20_01},
            "DEAR": {"least": 1_000_00},
            "PARTS": {"percent": 33, "category": parts.id},
            "GOODS": {"value": 5_000_00, "category": goods},
            "EMPTY": {"category": empty.id},
            "TWICE": {"uses_max": 2},
            "ONCE-EACH": {"member_max": 1},
            "OVER": {"valid_until": None},
            "ENDED": {},
        }.items():
            await coupon(session, code, audiences=BOTH, **terms)
        await coupon(session, "FIRMS", audiences=("enterprise",))
        late = sa.update(Coupon).values(valid_until=Coupon.valid_from + sa.text("interval '1 hour'"))
        await session.execute(late.where(Coupon.code == "OVER"))
        dollars = await coupon(session, "DOLLARS", audiences=BOTH)
        await session.execute(sa.update(Coupon).where(Coupon.id == dollars).values(currency="USD"))
        ended = (await session.scalars(sa.select(Coupon).where(Coupon.code == "ENDED"))).one()
        await end_coupon(session, NOW, coupon_id=ended.id, version=ended.version)
        given = {
            "mine": await voucher(session, market.buyer, value=1_500_00, audiences=BOTH),
            "theirs": await voucher(session, market.company, value=1_500_00, audiences=BOTH),
            "late": await voucher(session, market.buyer, days=1, code="LATE", audiences=BOTH),
        }
        vouchers = await session.scalars(sa.select(Voucher).where(Voucher.id.in_(given.values())))
        written = {each.id: each.code.lower() for each in vouchers}
    return {code: code for code in CODES} | {name: written[key] for name, key in given.items()}


async def worth(till: Till, points: int, amount: int) -> None:
    """From now on so many points are worth so many minor units."""
    async with till.market.acting(SYSTEM) as session:
        version = await session.scalar(sa.select(PointsProgramme.version))
        assert version is not None
        terms = ProgrammeSettings("MEMBERS", "会员积分", activation_days=0, worth_points=points, worth_amount=amount)
        await set_programme(session, till.market.programme, version, terms)


async def available(till: Till, viewer: Viewer) -> int:
    """How many points there are to spend."""
    assert viewer.customer_id is not None
    async with till.market.acting(SYSTEM) as session:
        return (await balance(session, till.market.programme, viewer.customer_id)).available


async def cap(till: Till, points: int) -> None:
    """So many of the company's points its person may spend in a month."""
    async with till.market.acting(SYSTEM) as session:
        await set_spender(session, till.market.programme, till.market.company, till.market.company_person, points)


async def fill(till: Till, viewer: Viewer, chance: random.Random) -> str:
    """One to three sorts of goods in an empty cart; answers what they cost."""
    async with till.market.acting(SYSTEM) as session:
        await session.execute(sa.delete(CartLine))
    cart: dict[str, Any] = {}
    for name in chance.sample(("drone", "battery", "course"), chance.randint(1, 3)):
        cart = (await till.add(viewer, name, chance.choice((1, 1, 2, 7))))["cart"]
    return str(cart["total"]["amount"])


def some_points(chance: random.Random, most: int, there: int) -> int | None:
    """None, too few, too many, as many as can be used or as there are, and anything between."""
    between = [chance.randint(1, max(1, limit)) for limit in (most, most, min(most, 1_000), 2**31 - 1)]
    return chance.choice((None, None, 0, -1, 1, most - 1, most, most + 1, there, there + 1, *between))


@pytest.mark.parametrize("seed", range(2))
async def test_what_is_told_is_what_placing_charges(
    till: Till, offers: dict[str | None, str | None], seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311, the same carts in every run
    told: set[str | None] = set()
    await till.market.stock({(name, "xian"): 10_000 for name in ("drone", "battery")})
    for turn in range(60):
        await worth(till, *chance.choice(WORTHS))
        viewer = chance.choice((till.market.consumer, buyer_of(till)))
        assert viewer.customer_id is not None
        await till.market.give_points(viewer.customer_id, chance.choice((1, 1_000, 100_000)))
        total = await fill(till, viewer, chance)
        await cap(till, chance.choice((0, 500, 90_000, 90_000)))
        wish: dict[str, Any] = {"voucher": offers[chance.choice((None, *CODES, *USEFUL))]}
        most = (await preview(till, viewer, **wish))["pointsMax"]
        wish["points"] = some_points(chance, most, await available(till, viewer))
        said = await preview(till, viewer, **wish)
        assert said == await preview(till, viewer, **wish), "asking takes nothing"
        problems = [(said["voucherProblem"], "input.voucher"), (said["pointsProblem"], "input.points")]
        till.keys += 1
        placed = await till.check_out(viewer, total, key=f"{seed} {turn}", source=PLACE, **wish)
        # What is wrong with the voucher is said first, and the points are not looked at.
        refusals = [(code, path) for code, path in problems if code]
        assert codes(placed) == refusals[:1], (wish, said)
        told.update(code for code, _ in refusals)
        if placed["order"]:
            assert placed["order"].items() >= {key: said[key] for key in placed["order"].keys() & said.keys()}.items()
            told.add(f"points {said['points'] > 0} voucher {said['discount']['amount'] != '0.00'}")
            if chance.random() < 0.4:
                await till.ask(viewer, CANCEL, order=placed["order"]["id"], key=f"cancel {seed} {turn}")
    assert {"points True voucher True", "points True voucher False", "points False voucher True"} <= told


async def test_every_reason_is_told_by_its_own_name(till: Till, offers: dict[str | None, str | None]) -> None:
    await worth(till, 100, 100)
    me, market = till.market.consumer, till.market
    await till.add(me, "battery", 2)
    for code, problem in {
        "DEAR": "BELOW_LEAST",
        "EMPTY": "VOUCHER_USELESS",
        "OVER": "VOUCHER_EXPIRED",
        "late": "VOUCHER_EXPIRED",
        "ENDED": "VOUCHER_UNKNOWN",
        "FIRMS": "VOUCHER_UNKNOWN",
        "theirs": "VOUCHER_UNKNOWN",
        "x" * 100_000: "VOUCHER_UNKNOWN",
        "DOLLARS": "COUPON_OTHER_CURRENCY",
        "PERCENT": None,
    }.items():
        said = await preview(till, me, voucher=offers.get(code, code), points=66_66)
        assert said["voucherProblem"] == problem, code
        assert said["voucherLeast"] == ({"amount": "1000.00"} if code == "DEAR" else None)
        # Points would pay all of it, unless the voucher makes it cheaper.
        assert said["pointsProblem"] == (None if problem else "OUT_OF_RANGE")
    # Where points are worth next to nothing, no member has enough of them.
    await worth(till, 1_000_000, 1)
    there = await available(till, me)
    for points, problem in ((there, None), (there + 1, "POINTS_INSUFFICIENT")):
        assert (await preview(till, me, points=points))["pointsProblem"] == problem
    await worth(till, 100, 100)
    stranger = Viewer.anonymous()
    token = (await till.add(stranger, "drone", 1))["token"]
    said = await preview(till, stranger, token=token, voucher="PERCENT", points=1)
    assert (said["voucherProblem"], said["pointsProblem"]) == ("SIGN_IN_NEEDED", "SIGN_IN_NEEDED")
    assert said["payable"] == {"amount": "1000.00", "currency": "CNY"}
    assert await preview(till, me, token="x" * 43) is not None
    assert await preview(till, stranger, token="x" * 43) is None
    other = Viewer(ENTERPRISE, customer_id=market.company, person_id=market.clerk_person, scopes=buyer_of(till).scopes)
    for viewer, points, problem in (
        (other, 9_999, "NO_SPENDER"),
        (buyer_of(till), 0, "SPENDER_CAP_REACHED"),
        (buyer_of(till), 99_999, None),
    ):
        await cap(till, points)
        await till.add(viewer, "drone", 1)
        assert (await preview(till, viewer, points=1_000))["pointsProblem"] == problem


async def test_nothing_is_told_of_goods_in_two_currencies(till: Till) -> None:
    me = till.market.consumer
    await till.add(me, "drone", 1)
    await till.add(me, "battery", 1)
    price = sa.update(Price).where(Price.variant_id == till.market.variants["battery"], Price.audience == me.audience)
    async with till.market.acting(SYSTEM) as session:
        await session.execute(price.values(currency="USD"))
    assert await preview(till, me) is None
    assert (await till.ask(me, READ))["total"] is None
    assert codes(await till.check_out(me, "1033.33")) == [("CURRENCIES_MIXED", "input")]
    async with till.market.acting(SYSTEM) as session:
        await session.execute(price.values(currency="CNY"))
    assert (await preview(till, me))["payable"]["amount"] == "1033.33"
