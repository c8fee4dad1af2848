"""What somebody would pay for their cart if they ordered now: read by the rules of checkout, and nothing is changed.

`domain.cart.checkout` charges what this tells: prices by `variant_price`, a voucher by the database's `voucher_reckoned`, and
points at what their programme says they are worth.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from domain.cart.checkout import PROGRAMME
from domain.cart.problems import OF_VOUCHERS, CheckoutProblem
from domain.cart.tables import Cart, CartLine
from domain.points.tables import PointsProgramme, PointsSpender
from domain.shop.tables import Variant
from resolvers import shop
from resolvers.cart import own_cart
from resolvers.planner.declare import AUDIENCE, CUSTOMER, NOW, PERSON
from resolvers.planner.sqljson import literal
from resolvers.points import left_this_month
from segments.audiences import ENTERPRISE

Bound = sa.ColumnElement[Any] | None
Selected = sa.Select[*tuple[Any, ...]]
NUMBER = sa.BigInteger()
# What GraphQL's Int can say, and so the most points that checkout can be told.
POINTS_MAX = 2**31 - 1


def preview(*, token: Bound = None, voucher: Bound = None, points: Bound = None) -> Selected:
    """What the viewer's cart would cost with a voucher and so many points; no row where there is nothing to buy, or in two currencies.

    What cannot be used takes nothing off, and its problem says why; it is one of checkout's refusals.
    """
    goods = _goods(token).subquery("goods")
    quote = _quote(goods, voucher).lateral("quote")
    net = (goods.c.amount - quote.c.discount).label("net")
    reduced = sa.select(goods, quote, net).select_from(goods.join(quote, sa.true())).subquery("reduced")
    programme = PointsProgramme.__table__.alias("paid_in")
    usable = sa.and_(programme.c.code == literal(PROGRAMME), programme.c.worth_currency == reduced.c.currency)
    # The quotient of numerics is cut by `div`, exactly: `/` would round it.
    worth_points, worth_amount = (sa.cast(programme.c[name], sa.Numeric()) for name in ("worth_points", "worth_amount"))
    most = sa.func.div(reduced.c.net * worth_points + worth_amount - _number(1), worth_amount)
    asked = _number(0) if points is None else sa.cast(points, NUMBER)
    offer = (
        sa.select(
            reduced,
            asked.label("asked"),
            programme.c.id.label("programme_id"),
            sa.cast(sa.func.least(sa.func.coalesce(most, _number(0)), _number(POINTS_MAX)), NUMBER).label("most"),
            sa.cast(sa.func.least(reduced.c.net, sa.func.div(asked * worth_amount, worth_points)), NUMBER).label(
                "worth"
            ),
        )
        .select_from(reduced.outerjoin(programme, usable))
        .subquery("offer")
    )
    problem = _points_problem(offer)
    judged = sa.select(offer, problem.label("points_problem")).subquery("judged")
    good = sa.and_(judged.c.asked > _number(0), judged.c.points_problem.is_(None))
    taken = sa.case((good, judged.c.asked), else_=_number(0))
    paid = sa.case((good, judged.c.worth), else_=_number(0))
    currency = judged.c.currency
    shown: Selected = sa.select(
        judged.c.amount.label("subtotal_amount"),
        currency.label("subtotal_currency"),
        judged.c.discount.label("discount_amount"),
        currency.label("discount_currency"),
        taken.label("points"),
        sa.cast(judged.c.most, sa.Integer()).label("points_max"),
        paid.label("paid_by_points_amount"),
        currency.label("paid_by_points_currency"),
        (judged.c.net - paid).label("payable_amount"),
        currency.label("payable_currency"),
        judged.c.voucher_problem,
        judged.c.least_amount.label("voucher_least_amount"),
        judged.c.least_currency.label("voucher_least_currency"),
        judged.c.points_problem,
    )
    return shown


def _goods(token: Bound) -> Selected:
    """What everything in the cart costs now, and what of it is what: objects of variant and amount."""
    cart, line, variant = (
        Cart.__table__.alias("cart"),
        CartLine.__table__.alias("line"),
        Variant.__table__.alias("wanted"),
    )
    paid = shop.price(variant).lateral("paid")
    amount = paid.c.amount * line.c.quantity
    good = sa.func.jsonb_build_object(literal("variant"), variant.c.id, literal("amount"), amount, type_=JSONB())
    found: Selected = (
        sa.select(
            sa.cast(sa.func.sum(amount), NUMBER).label("amount"),
            sa.func.min(paid.c.currency).label("currency"),
            sa.func.jsonb_agg(good, type_=JSONB()).label("goods"),
        )
        .select_from(
            cart.join(line, line.c.cart_id == cart.c.id)
            .join(variant, variant.c.id == line.c.variant_id)
            .join(paid, sa.true())
        )
        .where(own_cart(cart, token=token))
        .having(sa.func.count(paid.c.currency.distinct()) == _number(1))
    )
    return found


def _quote(goods: sa.FromClause, voucher: Bound) -> Selected:
    """What a voucher takes off, else why it does not, and the least that it asks for."""
    none, nothing = sa.cast(sa.null(), sa.Text()), sa.cast(sa.null(), NUMBER)
    if voucher is None:
        return sa.select(
            sa.cast(_number(0), NUMBER).label("discount"),
            none.label("voucher_problem"),
            nothing.label("least_amount"),
            none.label("least_currency"),
        )
    code = sa.cast(voucher, sa.Text())
    asked = sa.func.voucher_quote(CUSTOMER, code, goods.c.goods, goods.c.amount, goods.c.currency, NOW)
    columns = (sa.column("discount", NUMBER), sa.column("problem", sa.Text()), sa.column("told", sa.Text()))
    said = asked.table_valued(*columns, name="said").render_derived().lateral()
    told = sa.case((said.c.problem == literal("QV007"), said.c.told))
    problem = sa.case(
        (code == literal(""), none),
        (_nobody(), literal(CheckoutProblem.SIGN_IN_NEEDED.value)),
        *((said.c.problem == literal(state), literal(each.value)) for state, each in OF_VOUCHERS.items()),
    )
    one = sa.select(_number(1).label("one")).subquery("one")
    return sa.select(
        sa.func.coalesce(said.c.discount, _number(0)).label("discount"),
        problem.label("voucher_problem"),
        sa.cast(sa.func.split_part(told, literal(" "), _number(1)), NUMBER).label("least_amount"),
        sa.func.split_part(told, literal(" "), _number(2)).label("least_currency"),
    ).select_from(one.outerjoin(said, sa.true()))


def _points_problem(offer: sa.FromClause) -> sa.ColumnElement[Any]:
    """Why so many points could not be used, in the order in which checkout looks."""
    asked, programme = offer.c.asked, PointsProgramme.__table__.alias("named")
    there = sa.select(programme.c.id).where(programme.c.code == literal(PROGRAMME)).exists()
    spender = PointsSpender.__table__.alias("spender")
    mine = sa.and_(
        spender.c.programme_id == offer.c.programme_id,
        spender.c.customer_id == CUSTOMER,
        spender.c.person_id == PERSON,
    )
    left = sa.select(left_this_month(spender)).where(mine).correlate(offer).scalar_subquery()
    balance = sa.func.points_balance(offer.c.programme_id, CUSTOMER).table_valued(
        sa.column("pending", NUMBER), sa.column("available", NUMBER), name="had"
    )
    available = sa.select(balance.c.available).correlate(offer).scalar_subquery()
    company = literal(ENTERPRISE.value) == AUDIENCE
    cases = (
        (_nobody(), CheckoutProblem.SIGN_IN_NEEDED),
        (sa.not_(there), CheckoutProblem.NO_PROGRAMME),
        (offer.c.programme_id.is_(None), CheckoutProblem.OTHER_CURRENCY),
        (sa.or_(asked < _number(1), asked > offer.c.most), CheckoutProblem.OUT_OF_RANGE),
        (sa.and_(company, left.is_(None)), CheckoutProblem.NO_SPENDER),
        (sa.and_(company, left < asked), CheckoutProblem.SPENDER_CAP_REACHED),
        (available < asked, CheckoutProblem.POINTS_INSUFFICIENT),
    )
    none = sa.cast(sa.null(), sa.Text())
    return sa.case((asked == _number(0), none), *((when, literal(problem.value)) for when, problem in cases))


def _nobody() -> sa.ColumnElement[bool]:
    """Whether nobody is signed in; written as a count, for what a plan asks to be null or not is planned for both."""
    return sa.func.num_nulls(CUSTOMER) > _number(0)


def _number(number: int) -> sa.ColumnElement[int]:
    return sa.literal_column(str(number), sa.Integer())
