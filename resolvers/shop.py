"""How the catalogue is answered: which products are listed, their texts, prices and stock, and facets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, TSQUERY

from domain.shop import tables
from domain.shop.availability import LOW_STOCK_MAX, Availability
from domain.shop.prices import price_of
from domain.stores.tables import Store
from resolvers.customers import localised, today
from resolvers.money import amount
from resolvers.planner.declare import AUDIENCE, CUSTOMER, Spread
from resolvers.planner.sqljson import literal
from segments.audiences import CONSUMER, ENTERPRISE, GOVERNMENT, STAFF

Bound = sa.ColumnElement[Any] | None
# Who is told of prices and stock.
PRICED = (CONSUMER, ENTERPRISE, GOVERNMENT, STAFF)
PUBLISHED = ("ACTIVE", "PREORDER", "DISCONTINUED")


def name(source: sa.FromClause) -> sa.ColumnElement[str]:
    """The name in the viewer's language."""
    return localised(source)


def summary(source: sa.FromClause) -> sa.ColumnElement[str]:
    """The summary in the viewer's language."""
    return localised(source, "summary")


def description(source: sa.FromClause) -> sa.ColumnElement[str]:
    """The description in the viewer's language."""
    return localised(source, "description")


def attribute_value(attribute: sa.FromClause) -> sa.ColumnElement[str]:
    """The value in the viewer's language."""
    return localised(attribute, "value")


def caption(media: sa.FromClause) -> sa.ColumnElement[str]:
    """The caption in the viewer's language."""
    return localised(media, "caption")


def products(
    product: sa.FromClause, *, category: Bound = None, category_slug: Bound = None, **wanted: Bound
) -> sa.ColumnElement[bool] | Spread:
    """Products of a category and of those below it, by whatever else `matching` knows.

    What a question finds stands in the catalogue's order too: by rank, every page would read and sort all that was found.
    """
    where, shelf = matching(product, **wanted), wished_shelf(category, category_slug)
    return where if shelf is None else Spread(product.c.category_id, shelves(shelf), where)


def wished_shelf(category: Bound, slug: Bound) -> Bound:
    """The id of the category that is wished by its id, or else by its slug."""
    if category is not None or slug is None:
        return category
    named = tables.Category.__table__.alias()
    return sa.select(named.c.id).where(named.c.slug == slug).scalar_subquery()


def matching(
    product: sa.FromClause,
    *,
    text: Bound = None,
    brand: Bound = None,
    status: Bound = None,
    available_only: Bound = None,
    price_from: Bound = None,
    price_to: Bound = None,
    attributes: Bound = None,
    store_code: Bound = None,
    options: Bound = None,
) -> sa.ColumnElement[bool]:
    """Products by the words of a question, brand, status, stock, the viewer's own price, attributes, a store, and options.

    `text` is a tsquery as text: one without words matches nothing.
    """
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if text is not None:
        conditions.append(product.c.search.bool_op("@@")(sa.cast(sa.cast(text, sa.Text()), TSQUERY())))
    if brand is not None:
        conditions.append(product.c.brand == brand)
    if status is not None:
        conditions.append(product.c.status == status)
    if available_only is not None:
        can_be_had = product_availability(product) != literal(Availability.OUT_OF_STOCK.value)
        conditions.append(sa.or_(sa.not_(available_only), can_be_had))
    if price_from is not None or price_to is not None:
        conditions.append(_costs(product, price_from, price_to))
    if attributes is not None:
        conditions.append(attributes_fulfilled(product, attributes))
    if store_code is not None:
        conditions.append(_sold_at(product, store_code))
    if options is not None:
        conditions.append(options_had(product, options))
    return sa.and_(*conditions)


def _sold_at(product: sa.FromClause, store_code: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether some variant lies free at the store with this code, or lies nowhere, as services do."""
    variant, stock = tables.Variant.__table__.alias("there"), tables.Stock.__table__.alias("laid")
    here = Store.__table__.alias("here")
    laid = sa.select(stock.c.id).where(stock.c.variant_id == variant.c.id).correlate(variant, here)
    free = laid.where(stock.c.location_id == here.c.location_id, stock.c.on_hand > stock.c.reserved)
    found = sa.select(variant.c.id).where(variant.c.product_id == product.c.id, here.c.code == store_code)
    return found.where(sa.or_(free.exists(), sa.not_(laid.exists()))).correlate(product).exists()


def _costs(product: sa.FromClause, least: Bound, most: Bound) -> sa.ColumnElement[bool]:
    """Whether the viewer pays for some variant an amount within limits, in whatever currency it is sold."""
    variant = tables.Variant.__table__.alias("offered")
    paid = price(variant).lateral("paid")
    limits: list[sa.ColumnElement[bool]] = [variant.c.product_id == product.c.id]
    if least is not None:
        limits.append(amount(paid) >= sa.cast(least, sa.Numeric()))
    if most is not None:
        limits.append(amount(paid) <= sa.cast(most, sa.Numeric()))
    within = sa.select(variant.c.id).select_from(variant.join(paid, sa.true())).where(*limits)
    return within.correlate(product).exists()


def attributes_fulfilled(
    product: sa.FromClause, attributes: sa.ColumnElement[Any], but: Bound = None
) -> sa.ColumnElement[bool]:
    """Whether each attribute that is wished has one of its values; see `wished` for the form of `attributes`.

    `but` is the code of an attribute of which nothing is wished, a column of a FROM beside the product's.
    """
    attribute = tables.Attribute.__table__.alias("wished_attribute")
    wish = _wishes(attributes)
    has_it = (
        sa.select(attribute.c.id)
        .where(attribute.c.product_id == product.c.id, attribute.c.code == wish.c.code)
        .where(sa.func.jsonb_exists(wish.c["values"], attribute.c.value))
        .correlate(product, wish)
        .exists()
    )
    return _none_is_missing(product, wish, has_it, but)


def _none_is_missing(
    of: sa.FromClause, wish: sa.FromClause, has_it: sa.ColumnElement[bool], but: Bound
) -> sa.ColumnElement[bool]:
    unfulfilled = sa.select(wish.c.code).where(sa.not_(has_it))
    if but is not None:
        unfulfilled = unfulfilled.where(wish.c.code != but)
    around = [of] if but is None else [of, but.table]  # pyright: ignore[reportAttributeAccessIssue]
    return sa.not_(unfulfilled.correlate(*around).exists())


def options_had(product: sa.FromClause, options: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether one variant of a product has all that is wished of options; it is the same one for all of them."""
    variant = tables.Variant.__table__.alias("optional")
    one = sa.select(variant.c.id).where(variant.c.product_id == product.c.id, options_fulfilled(variant, options))
    return one.correlate(product).exists()


def options_fulfilled(
    variant: sa.FromClause, options: sa.ColumnElement[Any], but: Bound = None
) -> sa.ColumnElement[bool]:
    """Whether a variant has of each option that is wished one of its values; `but` is as in `attributes_fulfilled`."""
    chosen, option, value = option_of_variant()
    wish = _wishes(options)
    has_it = (
        sa.select(chosen.c.id)
        .select_from(
            chosen.join(option, option.c.id == chosen.c.option_id).join(value, value.c.id == chosen.c.value_id)
        )
        .where(chosen.c.variant_id == variant.c.id, option.c.code == wish.c.code)
        .where(sa.func.jsonb_exists(wish.c["values"], value.c.code))
        .correlate(variant, wish)
        .exists()
    )
    return _none_is_missing(variant, wish, has_it, but)


def option_of_variant() -> tuple[sa.FromClause, sa.FromClause, sa.FromClause]:
    """What a variant has of an option, the option, and the value; whoever joins them sees what row policies let them see."""
    chosen, option, value = (
        table.__table__.alias(name)
        for table, name in (
            (tables.VariantOption, "chosen"),
            (tables.ProductOption, "option"),
            (tables.OptionValue, "option_value_of"),
        )
    )
    return chosen, option, value


def _wishes(filters: sa.ColumnElement[Any]) -> Any:
    """The rows of what `wished` has made: a code and its values."""
    columns = (sa.column("code", sa.Text()), sa.column("values", JSONB()))
    wish = sa.func.jsonb_to_recordset(sa.cast(sa.cast(filters, sa.Text()), JSONB()))
    return wish.table_valued(*columns, name="wish").render_derived(with_types=True)


def wished(filters: Sequence[Mapping[str, Any]]) -> str:
    """Wishes about attributes or options as one parameter of a statement."""
    return json.dumps(filters)


def selected_options(variant: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What a variant has of each option of its product, in their order."""
    chosen, option, value = option_of_variant()
    rows: sa.Select[*tuple[Any, ...]] = (
        sa.select(
            option.c.code.label("code"),
            localised(option).label("name"),
            value.c.code.label("value"),
            localised(value).label("value_name"),
        )
        .select_from(
            chosen.join(option, option.c.id == chosen.c.option_id).join(value, value.c.id == chosen.c.value_id)
        )
        .where(chosen.c.variant_id == variant.c.id)
        .order_by(option.c.position, option.c.id)
        .correlate(variant)
    )
    return rows


def categories(category: sa.FromClause, *, parent: Bound = None) -> sa.ColumnElement[bool]:
    """The top shelves, or those of one."""
    return category.c.parent_id.is_(None) if parent is None else category.c.parent_id == parent


def shelves(category: sa.ColumnElement[Any], around: sa.FromClause | None = None) -> sa.Select[tuple[Any]]:
    """The ids of a category and of all below it; `around` is the row that the category's id is read from."""
    first, next_ = tables.Category.__table__.alias(), tables.Category.__table__.alias()
    start = sa.select(first.c.id).where(first.c.id == category)
    # The table of the statement around is no table of this one.
    tree = (start.correlate(around) if around is not None else start).cte("shelves", recursive=True, nesting=True)
    # A union and no union of all: a circle, which no rule would let in, ends as well.
    tree = tree.union(sa.select(next_.c.id).where(next_.c.parent_id == tree.c.id))
    return sa.select(tree.c.id)


def product_count(category: sa.FromClause) -> sa.ColumnElement[Any]:
    """How many products the viewer finds in a category and below it."""
    product = tables.Product.__table__.alias()
    count = sa.select(sa.func.count()).where(product.c.category_id.in_(shelves(category.c.id, category)))
    return count.select_from(product).correlate(category).scalar_subquery()


def price(variant: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What the viewer pays today: the customer's own price, else the audience's. Row policies hide all other prices."""
    offer = price_of(variant.c.id, _paying_audience(), CUSTOMER, today())
    return sa.select(offer.c.amount, offer.c.currency)


def list_price(variant: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What the viewer's audience pays today, whatever was agreed with the customer."""
    offer = price_of(variant.c.id, _paying_audience(), sa.null(), today())
    return sa.select(offer.c.amount, offer.c.currency)


def agreed_until(variant: sa.FromClause) -> sa.ColumnElement[Any]:
    """The last day of the price agreed with the customer; null without one, or when it has no end."""
    offer = tables.Price.__table__.alias("offer")
    last_day = sa.type_coerce(offer.c.valid_until - sa.literal_column("1"), sa.Date())
    return (
        sa.select(last_day)
        .where(
            offer.c.variant_id == variant.c.id,
            offer.c.audience == _paying_audience(),
            offer.c.customer_id == CUSTOMER,
            offer.c.valid_from <= today(),
            sa.or_(offer.c.valid_until.is_(None), offer.c.valid_until > today()),
        )
        .order_by(offer.c.valid_from.desc(), offer.c.id)
        .limit(sa.bindparam(None, 1, sa.BigInteger()))
        .correlate(variant)
        .scalar_subquery()
    )


def _paying_audience() -> sa.ColumnElement[Any]:
    """Staff have no price of their own; they see what a consumer pays."""
    return sa.case((literal("staff") == AUDIENCE, literal("consumer")), else_=AUDIENCE)


def price_from(product: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What the viewer pays today for the cheapest variant of a product."""
    return _paid_first(product, lambda amount: amount.asc())


def price_to(product: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """What the viewer pays today for the dearest variant of a product."""
    return _paid_first(product, lambda amount: amount.desc())


def _paid_first(
    product: sa.FromClause, order: Callable[[sa.ColumnElement[Any]], sa.ColumnElement[Any]]
) -> sa.Select[*tuple[Any, ...]]:
    """The price of the variant that comes first when they stand by what the viewer pays."""
    variant = tables.Variant.__table__.alias("offered")
    paid = price(variant).lateral("paid")
    first: sa.Select[*tuple[Any, ...]] = (
        sa.select(paid.c.amount, paid.c.currency)
        .select_from(variant.join(paid, sa.true()))
        .where(variant.c.product_id == product.c.id)
        .order_by(order(paid.c.amount), paid.c.currency)
        .limit(sa.bindparam(None, 1, sa.BigInteger()))
        .correlate(product)
    )
    return first


def available(variant: sa.FromClause) -> sa.ColumnElement[Any]:
    """How many can be sold now, over all locations."""
    stock = tables.Stock.__table__.alias("s")
    total = sa.select(sa.func.coalesce(sa.func.sum(stock.c.on_hand - stock.c.reserved), 0))
    return sa.cast(
        total.where(stock.c.variant_id == variant.c.id).correlate(variant).scalar_subquery(), sa.BigInteger()
    )


def variant_availability(variant: sa.FromClause) -> sa.ColumnElement[Any]:
    """Whether a variant can be had now."""
    stock = tables.Stock.__table__.alias("s")
    return _availability(stock, stock.c.variant_id == variant.c.id, variant)


def product_availability(product: sa.FromClause) -> sa.ColumnElement[Any]:
    """Whether a product can be had now: as its best stocked variant can."""
    stock, variant = tables.Stock.__table__.alias("s"), tables.Variant.__table__.alias("stocked")
    of_product = sa.and_(variant.c.product_id == product.c.id, stock.c.variant_id == variant.c.id)
    return _availability(stock, of_product, product)


def _availability(stock: sa.FromClause, which: sa.ColumnElement[bool], of: sa.FromClause) -> sa.ColumnElement[Any]:
    """What the stock that `which` picks says of the variant that most is left of; without any, none is kept."""
    left = sa.func.sum(stock.c.on_hand - stock.c.reserved)
    most = sa.select(availability_of(left)).where(which).group_by(stock.c.variant_id).order_by(left.desc())
    best = most.limit(sa.bindparam(None, 1, sa.BigInteger())).correlate(of).scalar_subquery()
    return sa.func.coalesce(best, literal(Availability.NOT_STOCKED.value))


def availability_of(left: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """What it says that so many pieces are left; null where no stock is kept."""
    return sa.case(
        (left <= 0, literal(Availability.OUT_OF_STOCK.value)),
        (left <= LOW_STOCK_MAX, literal(Availability.LOW_STOCK.value)),
        (left.is_not(None), literal(Availability.IN_STOCK.value)),
        else_=literal(Availability.NOT_STOCKED.value),
    )
