-- Frozen. A statement ends with ';' at the end of a line that an empty line follows.

set local lock_timeout = '5s';

-- What a voucher, or a coupon by its code, takes off goods, or the SQLSTATE of what is in the way and what that tells. The one
-- rule for who takes it, with its rows locked, and for who only asks. A voucher of nobody is null; `p_goods` are objects of
-- variant and amount, of which those on the coupon's shelf count.
create function voucher_reckoned(
    p_given voucher, p_terms coupon, p_customer uuid, p_goods jsonb, p_amount bigint, p_currency text, p_now timestamptz
) returns table (discount bigint, problem text, told text) language plpgsql stable as $$
declare
    counts bigint := p_amount;
begin
    discount := 0;
    if p_given.id is not null then
        problem := case
            when p_given.status = 'CANCELLED' then 'QV001'
            when p_given.status <> 'ISSUED' then 'QV003'
            when p_given.valid_until <= p_now then 'QV002' end;
    elsif p_terms.id is null or not exists (
        select 1 from customer where id = p_customer and lower(segment) = any(p_terms.audiences)
    ) then
        problem := 'QV001';
    elsif p_now < p_terms.valid_from or p_now >= coalesce(p_terms.valid_until, 'infinity') then
        problem := 'QV002';
    elsif p_terms.uses >= p_terms.uses_max then
        problem := 'QV004';
    elsif (
        select count(*) from coupon_use
        where coupon_id = p_terms.id and customer_id = p_customer and status <> 'GIVEN_BACK'
    ) >= p_terms.member_max then
        problem := 'QV005';
    end if;
    if problem is null and p_currency <> p_terms.currency then
        problem := 'QV006';
        told := p_terms.currency;
    elsif problem is null and p_amount < p_terms.least_amount then
        problem := 'QV007';
        told := p_terms.least_amount || ' ' || p_terms.currency;
    end if;
    if problem is null then
        if p_terms.category_id is not null then
            with recursive shelf as (
                select p_terms.category_id as id
                union select category.id from category join shelf on category.parent_id = shelf.id
            )
            select least(p_amount, coalesce(sum((good.value ->> 'amount')::bigint), 0)::bigint) into counts
            from jsonb_array_elements(p_goods) as good join variant on variant.id = (good.value ->> 'variant')::uuid
            join product on product.id = variant.product_id where product.category_id in (select id from shelf);
        end if;
        discount := least(counts, coalesce(p_terms.value_amount, floor(counts::numeric * p_terms.percent / 100)::bigint),
            coalesce(p_terms.most_amount, counts));
        if discount < 1 then
            discount := 0;
            problem := 'QV008';
        end if;
    end if;
    return next;
end $$;

-- Takes a voucher or a coupon for an order; answers by how much the order gets cheaper, in minor units.
-- The rows are locked until the caller's transaction ends, so that whoever comes next counts this use or not at all.
create or replace function voucher_take(
    p_customer uuid, p_order uuid, p_code text, p_amount bigint, p_currency text, p_now timestamptz
) returns bigint language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
declare
    given voucher;
    terms coupon;
    reckoned record;
begin
    perform voucher_guard(p_customer);
    if exists (select 1 from coupon_use where order_id = p_order and status <> 'GIVEN_BACK') then
        raise exception 'the order has one' using errcode = 'QV009';
    end if;
    select * into given from voucher where code = p_code and customer_id = p_customer for update;
    if found then
        select * into terms from coupon where id = given.coupon_id;
    else
        -- For no key update: uses refer to the row by its key, which stays.
        select * into terms from coupon where code = p_code and not personal and ended_at is null for no key update;
    end if;
    select * into reckoned from voucher_reckoned(given, terms, p_customer, (
        select coalesce(jsonb_agg(jsonb_build_object('variant', variant_id, 'amount', amount_amount)), '[]')
        from order_line where order_id = p_order and amount_currency = terms.currency
    ), p_amount, p_currency, p_now);
    if reckoned.problem is not null then
        raise exception 'the voucher takes nothing off' using errcode = reckoned.problem, detail = coalesce(reckoned.told, '');
    end if;
    if given.id is null then
        update coupon set uses = uses + 1 where id = terms.id;
    end if;
    insert into coupon_use (
        id, coupon_id, voucher_id, customer_id, order_id, status, discount_amount, discount_currency, taken_at
    ) values (
        points_id(p_now), terms.id, given.id, p_customer, p_order, 'TAKEN', reckoned.discount, p_currency, p_now
    );
    update voucher set status = 'TAKEN' where id = given.id;
    return reckoned.discount;
exception when unique_violation then
    raise exception 'the order has one' using errcode = 'QV009';
end $$;

-- What a voucher or a coupon would take off goods that are bought now; changes nothing and waits for nobody. No row where there
-- is no code, or where who asks is nobody's customer.
create function voucher_quote(
    p_customer uuid, p_code text, p_goods jsonb, p_amount bigint, p_currency text, p_now timestamptz
) returns table (discount bigint, problem text, told text)
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
declare
    given voucher;
    terms coupon;
begin
    if p_customer is null or p_code = '' then
        return;
    end if;
    perform voucher_guard(p_customer);
    select * into given from voucher where code = p_code and customer_id = p_customer;
    if found then
        select * into terms from coupon where id = given.coupon_id;
    else
        select * into terms from coupon where code = p_code and not personal and ended_at is null;
    end if;
    return query select * from voucher_reckoned(given, terms, p_customer, p_goods, p_amount, p_currency, p_now);
end $$;

revoke execute on function voucher_reckoned, voucher_quote from public;

grant execute on function voucher_quote to quadrant_app;
