-- Frozen. A statement ends with ';' at the end of a line that an empty line follows; functions hold no empty line after one.
--
-- Rows of stock are what many buyers want at one time, so they are locked last and for a short while (docs/adr/0017-shop.md).

-- As before, but no piece is kept yet.
create or replace function order_write(
    p_order uuid, p_number text, p_customer uuid, p_person uuid, p_channel text, p_settlement text, p_due_on date,
    p_recipient text, p_phone text, p_region uuid, p_address text, p_lines jsonb, p_day date,
    p_now timestamptz, p_store uuid
) returns table (amount bigint, currency text)
language plpgsql as $$
declare
    buyer text;
    -- At a till the clerk's clearance says nothing of what the buyer may have.
    cleared smallint := case when p_store is null then
        coalesce(nullif(current_setting('q.clearance', true), '')::smallint, 0) else 0 end;
    given record;
    total numeric := 0;
    pieces bigint := 0;
    sold_in text;
begin
    select lower(segment) into buyer from customer where id = p_customer;
    if buyer is null or buyer not in ('consumer', 'enterprise') then
        raise exception 'no such customer' using errcode = 'QS008';
    end if;
    if jsonb_array_length(p_lines) not between 1 and 100 then
        raise exception 'an order has 1 to 100 lines' using errcode = 'QS003';
    end if;
    perform points_lock_member(p_customer, p_person);
    insert into "order" (id, customer_id, number, channel, status, placed_at, units, total_amount, total_currency, person_id,
        settlement, due_on, recipient, phone, region_id, address, store_id)
    values (p_order, p_customer, p_number, p_channel, 'PLACED', p_now, 0, 0, 'CNY', p_person, p_settlement, p_due_on,
        p_recipient, p_phone, p_region, p_address, p_store);
    for given in
        select line.n, line.value ->> 'id' as id, (line.value ->> 'quantity')::bigint as quantity,
            v.id as variant_id, v.sku, v.name as variant_name, s.name as product_name, s.status, cost.amount, cost.currency,
            (buyer = any (v.audiences) and v.classification <= cleared and cardinality(v.compartments) = 0
                and s.classification <= cleared and cardinality(s.compartments) = 0
                and buyer = any (s.audiences)) as offered
        from jsonb_array_elements(p_lines) with ordinality as line (value, n)
        left join variant as v on v.id = (line.value ->> 'variant')::uuid
        left join product as s on s.id = v.product_id
        left join lateral variant_price(v.id, buyer, p_customer, p_day) as cost on true
        order by line.n
    loop
        if given.offered is not true or given.status <> 'ACTIVE' or given.amount is null then
            raise exception 'not for sale' using errcode = 'QS002',
                detail = json_build_object('name', case when given.offered then given.variant_name end, 'line', given.n - 1);
        end if;
        if given.quantity is null or given.quantity not between 1 and 100000 then
            raise exception 'a line has 1 to 100000 pieces' using errcode = 'QS003';
        end if;
        sold_in := coalesce(sold_in, given.currency);
        if given.currency <> sold_in then
            raise exception 'two currencies' using errcode = 'QS004';
        end if;
        total := total + given.amount::numeric * given.quantity;
        pieces := pieces + given.quantity;
        if total > 1000000000000000 then
            raise exception 'too much' using errcode = 'QS003';
        end if;
        insert into order_line (id, order_id, customer_id, variant_id, position, sku, name, quantity, amount_amount,
            amount_currency)
        values (given.id::uuid, p_order, p_customer, given.variant_id, given.n, given.sku,
            given.product_name || ' ' || given.variant_name, given.quantity, given.amount * given.quantity, given.currency);
    end loop;
    update "order" set units = pieces, total_amount = total, total_currency = sold_in where id = p_order;
    -- Whoever comes when nothing is left hears it at once; that enough is left is sure when it is kept, by order_settle.
    select line.name, line.quantity, line.position, free.pieces into given
    from order_line as line cross join lateral (
        select sum(s.on_hand - s.reserved)::bigint as pieces from stock as s
        where s.variant_id = line.variant_id
            and (p_store is null or s.location_id = (select location_id from store where id = p_store))
    ) as free
    where line.order_id = p_order and exists (select 1 from stock where variant_id = line.variant_id)
        and coalesce(free.pieces, 0) < line.quantity
    order by line.variant_id, line.position limit 1;
    if found then
        raise exception 'only % left', coalesce(given.pieces, 0) using errcode = 'QS001',
            detail = json_build_object('name', given.name, 'left', coalesce(given.pieces, 0), 'line', given.position - 1);
    end if;
    return query select total::bigint, sold_in;
end $$;

-- As before, and at its end the pieces are kept. What is not settled can neither be paid nor sent, so nothing is sold that is
-- not kept.
create or replace function order_settle(
    p_order uuid, p_discount bigint, p_programme uuid, p_points bigint, p_points_amount bigint, p_hold uuid
) returns void language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off
as $$
declare
    settled "order" := order_locked(p_order);
    goods numeric := settled.total_amount;
    net numeric := settled.total_amount - p_discount;
begin
    if settled.status <> 'PLACED' or settled.version <> 0 then
        raise exception 'settled already' using errcode = 'QS005';
    end if;
    if p_discount not between 0 and goods or p_points < 0 or p_points_amount not between 0 and net
        or (p_points = 0) <> (p_hold is null) or (p_points = 0 and p_points_amount > 0) then
        raise exception 'more than the order is worth' using errcode = 'QS006';
    end if;
    if session_user = 'quadrant_app' and coalesce(current_setting('q.audience', true), '') not in ('staff', 'system') then
        -- The house may give what discount it likes; a customer's own transaction has the one that its voucher gave, and pays
        -- with no other points than those that are held for this order, at what they are worth.
        if p_discount <> coalesce((
            select discount_amount from coupon_use where order_id = p_order and status = 'TAKEN'
        ), 0) then
            raise exception 'another discount than the voucher gave' using errcode = 'QS006';
        end if;
        if p_points > 0 and not exists (
            select 1 from points_transfer as held
            join points_account as account on account.id = held.account_id
            join points_programme as programme on programme.id = account.programme_id
            where held.id = p_hold and held.code = 'HOLD' and held.subject_id = p_order and held.amount = p_points
                and held.customer_id = settled.customer_id and programme.id = p_programme
                and programme.worth_currency = settled.total_currency
                and p_points_amount = least(net, floor(p_points::numeric * programme.worth_amount / programme.worth_points))
        ) then
            raise exception 'other points than are held for the order' using errcode = 'QS006';
        end if;
    end if;
    update "order" set discount_amount = p_discount, total_amount = net, points = p_points, points_amount = p_points_amount,
        programme_id = p_programme, hold_id = p_hold, version = 1 where id = p_order;
    if p_discount > 0 then
        update order_line set discount_amount = share.amount from (
            select id, floor(p_discount * upto / goods) - floor(p_discount * (upto - amount_amount) / goods) as amount from (
                select id, amount_amount, sum(amount_amount) over (order by position, id) as upto
                from order_line where order_id = p_order) as summed) as share
        where share.id = order_line.id;
    end if;
    if p_points > 0 and net > 0 then
        update order_line set points = share.points, points_amount = share.amount from (
            select id, floor(p_points * upto / net) - floor(p_points * (upto - due) / net) as points,
                floor(p_points_amount * upto / net) - floor(p_points_amount * (upto - due) / net) as amount from (
                select id, amount_amount - discount_amount as due,
                    sum(amount_amount - discount_amount) over (order by position, id) as upto
                from order_line where order_id = p_order) as summed) as share
        where share.id = order_line.id;
    end if;
    perform order_reserve(p_order, settled.region_id, settled.placed_at);
end $$;

-- As before, once the order is settled.
create or replace function order_pay(p_order uuid, p_now timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
set enable_seqscan = off as $$
declare
    paid "order" := order_locked(p_order);
begin
    if paid.total_amount > paid.points_amount then
        perform order_guard_house();
    end if;
    if paid.paid_at is not null then
        return false;
    end if;
    if (paid.version = 0 and paid.channel <> 'IMPORT') or paid.status = 'CANCELLED' or (paid.status <> 'PLACED' and paid.settlement <> 'ON_ACCOUNT') then
        raise exception 'it cannot be paid now' using errcode = 'QS005';
    end if;
    perform points_lock_order(p_order);
    update "order" set paid_at = p_now, version = version + 1,
        status = case when status = 'PLACED' then 'PAID' else status end
    where id = p_order;
    return true;
end $$;

-- As before, likewise.
create or replace function order_ship(p_order uuid, p_lines jsonb, p_carrier text, p_tracking text, p_now timestamptz) returns uuid[]
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
set enable_seqscan = off as $$
declare
    sent "order";
    wanted record;
    kept record;
    missing bigint;
    taken bigint;
    made uuid;
    answer uuid[] := '{}';
begin
    perform order_guard_house();
    sent := order_locked(p_order);
    if not (sent.status in ('PAID', 'PARTIALLY_SHIPPED') or (sent.status = 'PLACED' and sent.settlement = 'ON_ACCOUNT'))
        or sent.version = 0 or sent.channel = 'IMPORT' then
        raise exception 'it cannot be sent now' using errcode = 'QS005';
    end if;
    perform 1 from stock where variant_id in (select variant_id from order_line where order_id = p_order)
        order by variant_id, id for no key update;
    for wanted in
        select l.id, l.name, l.quantity - l.shipped as waiting, l.variant_id, l.position,
            case when p_lines is null then l.quantity - l.shipped else given.quantity end as quantity
        from order_line as l
        left join (select (value ->> 'line')::uuid as line, sum((value ->> 'quantity')::bigint) as quantity
            from jsonb_array_elements(p_lines) group by 1) as given on given.line = l.id
        where l.order_id = p_order and (p_lines is null or given.line is not null) order by l.position, l.id
    loop
        continue when wanted.quantity = 0 and p_lines is null;
        if wanted.quantity not between 1 and wanted.waiting then
            raise exception 'only % waiting', wanted.waiting using errcode = 'QS007',
                detail = json_build_object('name', wanted.name, 'left', wanted.waiting, 'line', wanted.position - 1);
        end if;
        missing := wanted.quantity;
        for kept in select * from stock_reservation where line_id = wanted.id and state = 'HELD' order by quantity desc, id loop
            taken := least(missing, kept.quantity - kept.shipped);
            update stock set on_hand = on_hand - taken, reserved = reserved - taken
            where variant_id = kept.variant_id and location_id = kept.location_id;
            update stock_reservation set shipped = shipped + taken,
                state = case when shipped + taken = quantity then 'SHIPPED' else state end,
                ended_at = case when shipped + taken = quantity then p_now end
            where id = kept.id;
            made := order_shipment(sent, kept.location_id, p_carrier, p_tracking, answer, p_now);
            answer := case when made = any (answer) then answer else answer || made end;
            insert into shipment_line (id, shipment_id, line_id, customer_id, quantity)
            values (points_id(p_now), made, wanted.id, sent.customer_id, taken);
            missing := missing - taken;
            exit when missing = 0;
        end loop;
        if missing > 0 then
            if exists (select 1 from stock_reservation where line_id = wanted.id) then
                raise exception 'less is kept than is waiting' using errcode = 'QS000';
            end if;
            -- A service is not kept anywhere.
            made := order_shipment(sent, null, p_carrier, p_tracking, answer, p_now);
            answer := case when made = any (answer) then answer else answer || made end;
            insert into shipment_line (id, shipment_id, line_id, customer_id, quantity)
            values (points_id(p_now), made, wanted.id, sent.customer_id, missing);
        end if;
        update order_line set shipped = shipped + wanted.quantity where id = wanted.id;
    end loop;
    if cardinality(answer) = 0 or (p_lines is not null and exists (
        select 1 from jsonb_array_elements(p_lines) as given
        where not exists (select 1 from order_line where order_id = p_order and id = (given.value ->> 'line')::uuid))) then
        raise exception 'nothing to send' using errcode = 'QS007', detail = '{}';
    end if;
    update "order" set version = version + 1, status = case when exists (
        select 1 from order_line where order_id = p_order and shipped < quantity) then 'PARTIALLY_SHIPPED' else 'SHIPPED' end
    where id = p_order;
    return answer;
end $$;

-- As before, but its pieces are freed by order_free, when points and voucher have gone back.
create or replace function order_cancel(p_order uuid, p_reason text, p_now timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
set enable_seqscan = off as $$
declare
    ended "order" := order_locked(p_order);
begin
    if ended.status = 'CANCELLED' then
        return false;
    end if;
    if ended.status not in ('PLACED', 'PAID') or ended.channel = 'IMPORT' then
        raise exception 'it has been sent' using errcode = 'QS005';
    end if;
    perform points_lock_order(p_order);
    update "order" set status = 'CANCELLED', cancelled_at = p_now, cancel_reason = p_reason, version = version + 1
    where id = p_order;
    return true;
end $$;

-- The pieces of an order that has ended are free, once.
create function order_free(p_order uuid, p_now timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
declare
    ended "order" := order_locked(p_order);
begin
    if ended.status <> 'CANCELLED' then
        raise exception 'it has not ended' using errcode = 'QS005';
    end if;
    perform order_release(p_order, p_now);
end $$;

revoke execute on function order_free from public;

grant execute on function order_free to quadrant_app;
