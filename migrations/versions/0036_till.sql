-- Frozen. A statement ends with ';' at the end of a line that an empty line follows.
--
-- What is sold at a store's till (docs/adr/0019-till.md). SQLSTATEs that domain/till/refusals.py knows:
-- QT001     the sale waits for no money any more          QT003     another sale has this receipt
-- QT002     the refund was not asked of a till            QT004     the refund has come to its end
-- QT005     whoever asks does not work at the store

set local lock_timeout = '5s';

-- The payments' functions write what was said at a till, as the application writes what a provider says.
drop policy inserts on "payment_event";

create policy inserts on "payment_event" for insert with check ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = 'system'));

-- Staff's own SQL writes no order any more, only the functions do; staff still lock what they work on.
drop policy inserts on "order";

create policy inserts on "order" for insert with check (((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = 'system') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

drop policy updates on "order";

create policy updates on "order" for update using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = 'system') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

drop policy deletes on "order";

create policy deletes on "order" for delete using (((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = 'system') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

drop policy inserts on "order_line";

create policy inserts on "order_line" for insert with check (((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = 'system') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

drop policy updates on "order_line";

create policy updates on "order_line" for update using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = 'system') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

drop policy deletes on "order_line";

create policy deletes on "order_line" for delete using (((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = 'system') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));


-- As before (0023), and from one place alone where the order is a store's.
create or replace function order_reserve(p_order uuid, p_region uuid, p_now timestamptz) returns void language plpgsql as $$
declare
    wanted record;
    place record;
    missing bigint;
    taken bigint;
    near text := (select code from region where id = p_region);
    -- What is sold at a till lies in its store, and nowhere else.
    here uuid := (select s.location_id from "order" as o join store as s on s.id = o.store_id where o.id = p_order);
begin
    perform 1 from stock where variant_id in (select variant_id from order_line where order_id = p_order)
        and (here is null or location_id = here)
        order by variant_id, id for no key update;
    for wanted in select * from order_line where order_id = p_order order by variant_id, position loop
        continue when not exists (select 1 from stock where variant_id = wanted.variant_id);
        missing := wanted.quantity;
        for place in
            select s.id, s.location_id, s.on_hand - s.reserved as free from stock as s
            join stock_location as l on l.id = s.location_id join region as r on r.id = l.region_id
            where s.variant_id = wanted.variant_id and s.on_hand > s.reserved and (here is null or s.location_id = here)
            order by s.on_hand - s.reserved >= wanted.quantity desc, coalesce(r.code = near, false) desc,
                coalesce(left(r.code, 2) = left(near, 2), false) desc, s.on_hand - s.reserved desc, s.id
        loop
            taken := least(missing, place.free);
            update stock set reserved = reserved + taken where id = place.id and on_hand - reserved >= taken;
            insert into stock_reservation (id, order_id, line_id, variant_id, location_id, quantity, shipped, state, reserved_at)
            values (points_id(p_now), p_order, wanted.id, wanted.variant_id, place.location_id, taken, 0, 'HELD', p_now);
            missing := missing - taken;
            exit when missing = 0;
        end loop;
        if missing > 0 then
            raise exception 'only % left', wanted.quantity - missing using errcode = 'QS001',
                detail = json_build_object('name', wanted.name, 'left', wanted.quantity - missing, 'line', wanted.position - 1);
        end if;
    end loop;
end $$;

-- The body of order_place, for whoever has asked whose order it is: its callers alone may call it.
create function order_write(
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
    perform order_reserve(p_order, p_region, p_now);
    return query select total::bigint, sold_in;
end $$;

create or replace function order_place(
    p_order uuid, p_number text, p_customer uuid, p_person uuid, p_channel text, p_settlement text, p_due_on date,
    p_recipient text, p_phone text, p_region uuid, p_address text, p_lines jsonb, p_day date, p_now timestamptz
) returns table (amount bigint, currency text)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
begin
    perform order_guard(p_customer);
    return query select * from order_write(p_order, p_number, p_customer, p_person, p_channel, p_settlement, p_due_on,
        p_recipient, p_phone, p_region, p_address, p_lines, p_day, p_now, null);
end $$;

-- The application, and who works at the store by the person that the transaction is of.
create function till_guard(p_store uuid) returns void language plpgsql as $$
begin
    if session_user <> 'quadrant_app' or current_setting('q.audience', true) = 'system' then
        return;
    end if;
    if current_setting('q.audience', true) is distinct from 'staff' or not exists (
        select 1 from person as p join store_employee as e on e.employee_id = p.employee_id
        where p.id = nullif(current_setting('q.person', true), '')::uuid and e.store_id = p_store
    ) then
        raise exception 'somebody of another store' using errcode = 'QT005';
    end if;
end $$;

-- A sale, locked: an order that was placed at the till of a store where whoever asks works.
create function till_sale(p_order uuid) returns "order" language plpgsql as $$
declare
    sold "order";
begin
    perform order_guard_house();
    sold := order_locked(p_order);
    if sold.store_id is null then
        raise exception 'no such sale' using errcode = 'QS008';
    end if;
    perform till_guard(sold.store_id);
    return sold;
end $$;

-- A store sells what lies there.
create function till_place(
    p_order uuid, p_number text, p_customer uuid, p_store uuid, p_lines jsonb, p_day date, p_now timestamptz
) returns table (amount bigint, currency text)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
begin
    perform order_guard_house();
    if not exists (select 1 from store where id = p_store) then
        raise exception 'no such store' using errcode = 'QS008';
    end if;
    perform till_guard(p_store);
    return query select * from order_write(p_order, p_number, p_customer, null, 'STORE', 'PREPAID', null, null, null, null,
        null, p_lines, p_day, p_now, p_store);
end $$;

-- The open payment of a sale is the till's from the beginning: no provider is asked for it, so it is not paid twice.
create function till_open(p_order uuid) returns uuid
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
declare
    opened uuid;
begin
    perform till_sale(p_order);
    update payment set provider = 'till', reference = id::text, version = version + 1
    where order_id = p_order and state = 'INITIATED' and provider is null returning id into opened;
    if opened is null then
        raise exception 'nothing is open' using errcode = 'QT001';
    end if;
    return opened;
end $$;

-- The money has been counted, or the card's slip printed. The order is locked before its payment, as everywhere.
create function till_take(p_order uuid, p_receipt text, p_event uuid, p_said jsonb, p_now timestamptz) returns uuid
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
declare
    sold "order";
    open_payment payment;
begin
    sold := till_sale(p_order);
    select * into open_payment from payment
    where order_id = p_order and provider = 'till' and state = 'INITIATED' for no key update;
    if sold.status <> 'PLACED' or open_payment.id is null then
        raise exception 'it waits for no money' using errcode = 'QT001';
    end if;
    if exists (select 1 from payment where provider = 'till' and reference = p_receipt) then
        raise exception 'another sale has this receipt' using errcode = 'QT003';
    end if;
    begin
        update payment set state = 'CAPTURED', reference = p_receipt, authorised_amount = amount_amount,
            captured_amount = amount_amount, closed_at = p_now, look_at = null, version = version + 1
        where id = open_payment.id;
    exception when unique_violation then
        -- Two sales at one time with one receipt.
        raise exception 'another sale has this receipt' using errcode = 'QT003';
    end;
    insert into payment_event (id, payment_id, provider, event_id, kind, effect, said, said_at, received_at)
    values (p_event, open_payment.id, 'till', 'captured ' || open_payment.id, 'CAPTURED', 'APPLIED', p_said, p_now, p_now);
    return open_payment.id;
end $$;

-- Money of a refund has been handed over at the till. No provider is asked, so nothing else ends such a refund.
create function till_pay_out(p_refund uuid, p_event uuid, p_said jsonb, p_now timestamptz) returns uuid
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
declare
    due refund;
    paid payment;
begin
    perform order_guard_house();
    select * into due from refund where id = p_refund;
    if due.id is null then
        raise exception 'no such order' using errcode = 'QS008';
    end if;
    perform till_sale(due.order_id);
    select * into paid from payment where id = due.payment_id for no key update;
    if paid.provider is distinct from 'till' then
        raise exception 'not paid at a till' using errcode = 'QT002';
    end if;
    update refund set state = 'SUCCEEDED', ended_at = p_now where id = p_refund and state = 'REQUESTED';
    if not found then
        raise exception 'it has come to its end' using errcode = 'QT004';
    end if;
    update payment set refunded_amount = refunded_amount + due.amount_amount, version = version + 1,
        look_at = case when exists (
            select 1 from refund where payment_id = paid.id and state = 'REQUESTED') then look_at end
    where id = paid.id;
    insert into payment_event (id, payment_id, provider, event_id, kind, effect, said, said_at, received_at)
    values (p_event, paid.id, 'till', 'refunded ' || p_refund, 'REFUNDED', 'APPLIED', p_said, p_now, p_now);
    return p_refund;
end $$;

revoke execute on function order_write, till_guard, till_sale, till_place, till_open, till_take, till_pay_out from public;

grant execute on function till_place, till_open, till_take, till_pay_out to quadrant_app;
