-- Frozen. A statement ends with ';' at the end of a line that an empty line follows.

set local lock_timeout = '5s';

-- Expand only: what was imported was paid as it stands, without discount or points, and keeps its totals.
alter table "order"
    add column person_id uuid constraint fk_order_person_id references person (id),
    add column settlement varchar(10) not null default 'PREPAID',
    add column due_on date,
    add column discount_amount bigint not null default 0,
    add column points bigint not null default 0,
    add column points_amount bigint not null default 0,
    add column programme_id uuid constraint fk_order_programme_id references points_programme (id),
    add column hold_id uuid,
    add column capture_id uuid,
    add column recipient text collate "C",
    add column phone text collate "C",
    add column region_id uuid constraint fk_order_region_id references region (id),
    add column address text collate "C",
    add column paid_at timestamp with time zone,
    add column delivered_at timestamp with time zone,
    add column cancelled_at timestamp with time zone,
    add column cancel_reason text collate "C",
    add column version bigint not null default 0,
    alter column status type varchar(17),
    drop constraint ck_order_status,
    add constraint ck_order_status
        check (status IN ('PLACED', 'PAID', 'PARTIALLY_SHIPPED', 'SHIPPED', 'DELIVERED', 'CANCELLED')),
    add constraint ck_order_settlement check (settlement IN ('PREPAID', 'ON_ACCOUNT')),
    add constraint ck_order_discount check (discount_amount >= 0),
    add constraint ck_order_points check (points >= 0 and points_amount between 0 and total_amount);

alter table order_line
    add column discount_amount bigint not null default 0,
    add column points bigint not null default 0,
    add column points_amount bigint not null default 0,
    add column shipped bigint not null default 0,
    add constraint ck_order_line_shares check (discount_amount >= 0 and points >= 0 and points_amount >= 0 and discount_amount + points_amount <= amount_amount),
    add constraint ck_order_line_shipped check (shipped between 0 and quantity);

-- What has arrived has left. Row security binds the owner too, and the triggers that watch degrees have nothing to watch.
select set_config('q.audience', 'system', true), set_config('q.clearance', '4', true);

update order_line set shipped = quantity
from "order" as o where o.id = order_line.order_id and o.status in ('SHIPPED', 'DELIVERED');

select set_config('q.audience', '', true), set_config('q.clearance', '', true);

CREATE TABLE stock_reservation (
    order_id UUID NOT NULL,
    line_id UUID NOT NULL,
    variant_id UUID NOT NULL,
    location_id UUID NOT NULL,
    quantity BIGINT NOT NULL,
    shipped BIGINT NOT NULL,
    state VARCHAR(8) NOT NULL,
    reserved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    id UUID NOT NULL,
    CONSTRAINT pk_stock_reservation PRIMARY KEY (id),
    CONSTRAINT ck_stock_reservation_quantity CHECK (quantity > 0 and shipped between 0 and quantity),
    CONSTRAINT ck_stock_reservation_shipped CHECK ((state = 'SHIPPED') = (shipped = quantity)),
    CONSTRAINT uq_stock_reservation_line_id_location_id UNIQUE (line_id, location_id),
    CONSTRAINT fk_stock_reservation_order_id FOREIGN KEY(order_id) REFERENCES "order" (id),
    CONSTRAINT fk_stock_reservation_line_id FOREIGN KEY(line_id) REFERENCES order_line (id),
    CONSTRAINT fk_stock_reservation_variant_id FOREIGN KEY(variant_id) REFERENCES variant (id),
    CONSTRAINT fk_stock_reservation_location_id FOREIGN KEY(location_id) REFERENCES stock_location (id),
    CONSTRAINT ck_stock_reservation_state CHECK (state IN ('HELD', 'SHIPPED', 'RELEASED'))
);

CREATE INDEX ix_stock_reservation_order ON stock_reservation (order_id, id);

CREATE INDEX ix_stock_reservation_stock ON stock_reservation (variant_id, location_id, state);

alter table "stock_reservation" enable row level security;

alter table "stock_reservation" force row level security;

create policy reads on "stock_reservation" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system'])), false) is not null);

create policy inserts on "stock_reservation" for insert with check (current_user <> 'quadrant_app');

create policy updates on "stock_reservation" for update using (current_user <> 'quadrant_app') with check (current_user <> 'quadrant_app');

create policy deletes on "stock_reservation" for delete using (current_user <> 'quadrant_app');

grant select on "stock_reservation" to quadrant_app;

CREATE TABLE shipment (
    order_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    location_id UUID,
    carrier TEXT COLLATE "C",
    tracking TEXT COLLATE "C",
    shipped_at TIMESTAMP WITH TIME ZONE NOT NULL,
    delivered_at TIMESTAMP WITH TIME ZONE,
    id UUID NOT NULL,
    CONSTRAINT pk_shipment PRIMARY KEY (id),
    CONSTRAINT fk_shipment_order_id FOREIGN KEY(order_id) REFERENCES "order" (id),
    CONSTRAINT fk_shipment_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_shipment_location_id FOREIGN KEY(location_id) REFERENCES stock_location (id)
);

CREATE INDEX ix_shipment_order ON shipment (order_id, shipped_at, id);

alter table "shipment" enable row level security;

alter table "shipment" force row level security;

create policy reads on "shipment" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)), false) is not null);

create policy inserts on "shipment" for insert with check (current_user <> 'quadrant_app');

create policy updates on "shipment" for update using (current_user <> 'quadrant_app') with check (current_user <> 'quadrant_app');

create policy deletes on "shipment" for delete using (current_user <> 'quadrant_app');

grant select on "shipment" to quadrant_app;

CREATE TABLE shipment_line (
    shipment_id UUID NOT NULL,
    line_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    quantity BIGINT NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_shipment_line PRIMARY KEY (id),
    CONSTRAINT ck_shipment_line_quantity CHECK (quantity > 0),
    CONSTRAINT fk_shipment_line_shipment_id FOREIGN KEY(shipment_id) REFERENCES shipment (id),
    CONSTRAINT fk_shipment_line_line_id FOREIGN KEY(line_id) REFERENCES order_line (id),
    CONSTRAINT fk_shipment_line_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id)
);

CREATE INDEX ix_shipment_line_line ON shipment_line (line_id);

CREATE INDEX ix_shipment_line_shipment ON shipment_line (shipment_id, id);

alter table "shipment_line" enable row level security;

alter table "shipment_line" force row level security;

create policy reads on "shipment_line" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)), false) is not null);

create policy inserts on "shipment_line" for insert with check (current_user <> 'quadrant_app');

create policy updates on "shipment_line" for update using (current_user <> 'quadrant_app') with check (current_user <> 'quadrant_app');

create policy deletes on "shipment_line" for delete using (current_user <> 'quadrant_app');

grant select on "shipment_line" to quadrant_app;

CREATE TABLE payment_terms (
    customer_id UUID NOT NULL,
    contract TEXT COLLATE "C" NOT NULL,
    days BIGINT NOT NULL,
    limit_amount BIGINT NOT NULL,
    limit_currency TEXT COLLATE "C" NOT NULL,
    valid_from DATE NOT NULL,
    valid_until DATE,
    id UUID NOT NULL,
    CONSTRAINT pk_payment_terms PRIMARY KEY (id),
    CONSTRAINT uq_payment_terms_customer_id UNIQUE (customer_id),
    CONSTRAINT ck_payment_terms_days CHECK (days between 1 and 365),
    CONSTRAINT ck_payment_terms_not_negative CHECK (limit_amount >= 0),
    CONSTRAINT fk_payment_terms_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id)
);

alter table "payment_terms" enable row level security;

alter table "payment_terms" force row level security;

create policy reads on "payment_terms" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)), false) is not null);

create policy inserts on "payment_terms" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy updates on "payment_terms" for update using ((select current_setting('q.audience', true)) = any(array['staff', 'system'])) with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy deletes on "payment_terms" for delete using ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

grant select, insert, update, delete on "payment_terms" to quadrant_app;

drop policy inserts on "order";

create policy inserts on "order" for insert with check ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

drop policy updates on "order";

create policy updates on "order" for update using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

drop policy deletes on "order";

create policy deletes on "order" for delete using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

drop policy inserts on "order_line";

create policy inserts on "order_line" for insert with check ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

drop policy updates on "order_line";

create policy updates on "order_line" for update using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

drop policy deletes on "order_line";

create policy deletes on "order_line" for delete using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

drop policy inserts on "stock";

create policy inserts on "stock" for insert with check ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

drop policy updates on "stock";

create policy updates on "stock" for update using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

drop policy deletes on "stock";

create policy deletes on "stock" for delete using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app') and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

drop policy inserts on "outbox_event";

create policy inserts on "outbox_event" for insert with check ((((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

-- The functions through which alone a customer's order comes to be and changes (docs/adr/0017-shop.md). They run with their
-- owner's rights and a fixed search path, and ask by themselves whose order it is. They read the catalogue by conditions of
-- their own, since an owner who is a superuser is bound by no policy.
--
-- SQLSTATE  meaning (domain/orders/refusals.py)          SQLSTATE  meaning
-- QS001     fewer are left than are wanted                QS005     the order's state does not allow it
-- QS002     not for sale to this customer                 QS006     more shares than the order is worth
-- QS003     nothing to buy, or too much of it             QS007     more to send than is waiting
-- QS004     two currencies in one order                   QS008     no such order

-- What a variant costs on a day: the price agreed with the customer, else their audience's; no row where there is none.
create function variant_price(p_variant uuid, p_audience text, p_customer uuid, p_day date)
returns table (amount bigint, currency text) language sql stable as $$
    select p.amount, p.currency from price as p
    where p.variant_id = p_variant and p.audience = p_audience and (p.customer_id is null or p.customer_id = p_customer)
        and p.valid_from <= p_day and (p.valid_until is null or p.valid_until > p_day)
    order by p.customer_id is null, p.valid_from desc, p.id limit 1
$$;

-- Customers act for themselves alone, the house for everybody.
create function order_guard(p_customer uuid) returns void language plpgsql as $$
begin
    if session_user <> 'quadrant_app' or current_setting('q.audience', true) in ('staff', 'system') then
        return;
    end if;
    if current_setting('q.audience', true) in ('consumer', 'enterprise')
        and nullif(current_setting('q.customer', true), '')::uuid = p_customer then
        return;
    end if;
    raise exception 'no such order' using errcode = 'QS008';
end $$;

create function order_guard_house() returns void language plpgsql as $$
begin
    if session_user = 'quadrant_app' and coalesce(current_setting('q.audience', true), '') not in ('staff', 'system') then
        raise exception 'no such order' using errcode = 'QS008';
    end if;
end $$;

-- The order, locked. The shop's orders are public; what is secret is bought by contract, and nobody changes it here.
create function order_locked(p_order uuid) returns "order" language plpgsql as $$
declare
    found_order "order";
begin
    select * into found_order from "order" where id = p_order for no key update;
    if found_order.id is null or found_order.classification > 0 or cardinality(found_order.compartments) > 0 then
        raise exception 'no such order' using errcode = 'QS008';
    end if;
    perform order_guard(found_order.customer_id);
    return found_order;
end $$;

-- Keep pieces for every line of an order whose variant is kept in stock. All rows of its variants are locked first, in one
-- order, so that two orders never wait for each other; then each statement sees what the one before has left.
-- A place that has all that a line wants comes first, then one in the same city, the same province, the fullest.
create function order_reserve(p_order uuid, p_region uuid, p_now timestamptz) returns void language plpgsql as $$
declare
    wanted record;
    place record;
    missing bigint;
    taken bigint;
    near text := (select code from region where id = p_region);
begin
    perform 1 from stock where variant_id in (select variant_id from order_line where order_id = p_order)
        order by variant_id, id for no key update;
    for wanted in select * from order_line where order_id = p_order order by variant_id, position loop
        continue when not exists (select 1 from stock where variant_id = wanted.variant_id);
        missing := wanted.quantity;
        for place in
            select s.id, s.location_id, s.on_hand - s.reserved as free from stock as s
            join stock_location as l on l.id = s.location_id join region as r on r.id = l.region_id
            where s.variant_id = wanted.variant_id and s.on_hand > s.reserved
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

-- Free what is still kept for an order.
create function order_release(p_order uuid, p_now timestamptz) returns void language plpgsql as $$
declare
    kept record;
begin
    perform 1 from stock where variant_id in (select variant_id from stock_reservation where order_id = p_order)
        order by variant_id, id for no key update;
    for kept in select * from stock_reservation where order_id = p_order and state = 'HELD' loop
        update stock set reserved = reserved - (kept.quantity - kept.shipped)
        where variant_id = kept.variant_id and location_id = kept.location_id;
    end loop;
    update stock_reservation set state = 'RELEASED', ended_at = p_now where order_id = p_order and state = 'HELD';
end $$;

-- Place an order at the prices of `p_day` and keep its pieces. `p_lines` are objects of id, variant and quantity, whose
-- order is kept. Answers what the goods cost. Discount and points follow by order_settle.
create function order_place(
    p_order uuid, p_number text, p_customer uuid, p_person uuid, p_channel text, p_settlement text, p_due_on date,
    p_recipient text, p_phone text, p_region uuid, p_address text, p_lines jsonb, p_day date, p_now timestamptz
) returns table (amount bigint, currency text)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    buyer text;
    cleared smallint := coalesce(nullif(current_setting('q.clearance', true), '')::smallint, 0);
    given record;
    total numeric := 0;
    pieces bigint := 0;
    sold_in text;
begin
    perform order_guard(p_customer);
    select lower(segment) into buyer from customer where id = p_customer;
    if buyer is null or buyer not in ('consumer', 'enterprise') then
        raise exception 'no such customer' using errcode = 'QS008';
    end if;
    if jsonb_array_length(p_lines) not between 1 and 100 then
        raise exception 'an order has 1 to 100 lines' using errcode = 'QS003';
    end if;
    insert into "order" (id, customer_id, number, channel, status, placed_at, units, total_amount, total_currency, person_id,
        settlement, due_on, recipient, phone, region_id, address)
    values (p_order, p_customer, p_number, p_channel, 'PLACED', p_now, 0, 0, 'CNY', p_person, p_settlement, p_due_on,
        p_recipient, p_phone, p_region, p_address);
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

-- What of a new order is discounted and what is paid in points, once, and each line's share: the cumulative floor, so that
-- the shares sum exactly.
create function order_settle(
    p_order uuid, p_discount bigint, p_programme uuid, p_points bigint, p_points_amount bigint, p_hold uuid
) returns void language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
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
end $$;

-- An order is paid. A customer's own transaction may say so only where nothing is left to pay. False when it was already.
create function order_pay(p_order uuid, p_now timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    paid "order" := order_locked(p_order);
begin
    if paid.total_amount > paid.points_amount then
        perform order_guard_house();
    end if;
    if paid.paid_at is not null then
        return false;
    end if;
    if paid.status = 'CANCELLED' or (paid.status <> 'PLACED' and paid.settlement <> 'ON_ACCOUNT') then
        raise exception 'it cannot be paid now' using errcode = 'QS005';
    end if;
    update "order" set paid_at = p_now, version = version + 1,
        status = case when status = 'PLACED' then 'PAID' else status end
    where id = p_order;
    return true;
end $$;

-- The points that were held for an order are spent: when it is paid, or at once when it is on account.
create function order_capture(p_order uuid, p_capture uuid) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    held "order" := order_locked(p_order);
begin
    if held.hold_id is null or held.capture_id is not null or held.status = 'CANCELLED' then
        raise exception 'no points are held' using errcode = 'QS005';
    end if;
    update "order" set capture_id = p_capture where id = p_order;
end $$;

-- An order of which nothing has been sent ends, and its pieces are free. False when it had ended already.
create function order_cancel(p_order uuid, p_reason text, p_now timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    ended "order" := order_locked(p_order);
begin
    if ended.status = 'CANCELLED' then
        return false;
    end if;
    if ended.status not in ('PLACED', 'PAID') or ended.channel = 'IMPORT' then
        raise exception 'it has been sent' using errcode = 'QS005';
    end if;
    perform order_release(p_order, p_now);
    update "order" set status = 'CANCELLED', cancelled_at = p_now, cancel_reason = p_reason, version = version + 1
    where id = p_order;
    return true;
end $$;

-- Send pieces of an order, which leave the stock they were kept in: a shipment for each place. `p_lines` are objects of line
-- and quantity; without, everything that waits is sent. Answers the shipments.
create function order_ship(p_order uuid, p_lines jsonb, p_carrier text, p_tracking text, p_now timestamptz) returns uuid[]
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
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
        or sent.channel = 'IMPORT' then
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

-- The shipment from a place among those just made, or a new one.
create function order_shipment(
    p_order "order", p_location uuid, p_carrier text, p_tracking text, p_made uuid[], p_now timestamptz
) returns uuid language plpgsql as $$
declare
    made uuid := (select id from shipment where id = any (p_made) and location_id is not distinct from p_location);
begin
    if made is null then
        made := points_id(p_now);
        insert into shipment (id, order_id, customer_id, location_id, carrier, tracking, shipped_at)
        values (made, p_order.id, p_order.customer_id, p_location, p_carrier, p_tracking, p_now);
    end if;
    return made;
end $$;

-- Everything has arrived. False when it had already.
create function order_deliver(p_order uuid, p_now timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    arrived "order";
begin
    perform order_guard_house();
    arrived := order_locked(p_order);
    if arrived.status = 'DELIVERED' then
        return false;
    end if;
    if arrived.status <> 'SHIPPED' then
        raise exception 'it is not on its way' using errcode = 'QS005';
    end if;
    update shipment set delivered_at = p_now where order_id = p_order and delivered_at is null;
    update "order" set status = 'DELIVERED', delivered_at = p_now, version = version + 1 where id = p_order;
    return true;
end $$;

do $$
declare
    signature text;
begin
    for signature in
        select oid::regprocedure::text from pg_proc
        where pronamespace = 'public'::regnamespace and starts_with(proname, 'order_')
    loop
        execute 'revoke execute on function ' || signature || ' from public';
    end loop;
end $$;

grant execute on function
    order_place, order_settle, order_pay, order_capture, order_cancel, order_ship, order_deliver
to quadrant_app;
