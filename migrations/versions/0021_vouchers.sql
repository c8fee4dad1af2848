-- Frozen. A statement ends with ';' at the end of a line that an empty line follows.

set local lock_timeout = '5s';

CREATE TABLE coupon (
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    personal BOOLEAN NOT NULL,
    kind VARCHAR(7) NOT NULL,
    value_amount BIGINT,
    percent BIGINT,
    most_amount BIGINT,
    least_amount BIGINT NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    category_id UUID,
    audiences TEXT[] COLLATE "C" NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_until TIMESTAMP WITH TIME ZONE,
    uses_max BIGINT,
    member_max BIGINT,
    uses BIGINT NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    version BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_coupon PRIMARY KEY (id),
    CONSTRAINT uq_coupon_code UNIQUE (code),
    CONSTRAINT ck_coupon_value CHECK (case kind when 'AMOUNT' then value_amount > 0 and percent is null and most_amount is null else percent between 1 and 100 and value_amount is null end),
    CONSTRAINT ck_coupon_bounds CHECK (least_amount >= 0 and most_amount > 0),
    CONSTRAINT ck_coupon_period CHECK (valid_until is null or valid_until > valid_from),
    CONSTRAINT ck_coupon_uses CHECK (uses >= 0 and (uses_max is null or uses <= uses_max)),
    CONSTRAINT ck_coupon_member_max CHECK (member_max > 0),
    CONSTRAINT ck_coupon_kind CHECK (kind IN ('AMOUNT', 'PERCENT')),
    CONSTRAINT fk_coupon_category_id FOREIGN KEY(category_id) REFERENCES category (id)
);

CREATE INDEX ix_coupon_order ON coupon (created_at desc, id);

alter table "coupon" enable row level security;

alter table "coupon" force row level security;

create policy reads on "coupon" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and personal)), false) is not null);

create policy inserts on "coupon" for insert with check ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system'])));

create policy updates on "coupon" for update using ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']))) with check ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system'])));

create policy deletes on "coupon" for delete using ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system'])));

grant select, insert, update, delete on "coupon" to quadrant_app;

CREATE TABLE voucher (
    coupon_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    status VARCHAR(9) NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_until TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_voucher PRIMARY KEY (id),
    CONSTRAINT uq_voucher_code UNIQUE (code),
    CONSTRAINT ck_voucher_stored CHECK (status <> 'EXPIRED'),
    CONSTRAINT fk_voucher_coupon_id FOREIGN KEY(coupon_id) REFERENCES coupon (id),
    CONSTRAINT fk_voucher_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT ck_voucher_status CHECK (status IN ('ISSUED', 'TAKEN', 'USED', 'EXPIRED', 'CANCELLED'))
);

CREATE INDEX ix_voucher_customer ON voucher (customer_id, issued_at desc, id);

CREATE INDEX ix_voucher_order ON voucher (issued_at desc, id);

alter table "voucher" enable row level security;

alter table "voucher" force row level security;

create policy reads on "voucher" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))), false) is not null);

create policy inserts on "voucher" for insert with check (current_user <> 'quadrant_app');

create policy updates on "voucher" for update using (current_user <> 'quadrant_app') with check (current_user <> 'quadrant_app');

create policy deletes on "voucher" for delete using (current_user <> 'quadrant_app');

grant select on "voucher" to quadrant_app;

CREATE TABLE coupon_use (
    coupon_id UUID NOT NULL,
    voucher_id UUID,
    customer_id UUID NOT NULL,
    order_id UUID NOT NULL,
    status VARCHAR(10) NOT NULL,
    discount_amount BIGINT NOT NULL,
    discount_currency TEXT COLLATE "C" NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    id UUID NOT NULL,
    CONSTRAINT pk_coupon_use PRIMARY KEY (id),
    CONSTRAINT ck_coupon_use_discount CHECK (discount_amount > 0),
    CONSTRAINT fk_coupon_use_coupon_id FOREIGN KEY(coupon_id) REFERENCES coupon (id),
    CONSTRAINT fk_coupon_use_voucher_id FOREIGN KEY(voucher_id) REFERENCES voucher (id),
    CONSTRAINT fk_coupon_use_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT ck_coupon_use_status CHECK (status IN ('TAKEN', 'USED', 'GIVEN_BACK'))
);

CREATE INDEX ix_coupon_use_member ON coupon_use (coupon_id, customer_id);

CREATE INDEX ix_coupon_use_voucher ON coupon_use (voucher_id) WHERE voucher_id is not null;

CREATE UNIQUE INDEX uq_coupon_use_order ON coupon_use (order_id) WHERE status <> 'GIVEN_BACK';

alter table "coupon_use" enable row level security;

alter table "coupon_use" force row level security;

create policy reads on "coupon_use" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))), false) is not null);

create policy inserts on "coupon_use" for insert with check (current_user <> 'quadrant_app');

create policy updates on "coupon_use" for update using (current_user <> 'quadrant_app') with check (current_user <> 'quadrant_app');

create policy deletes on "coupon_use" for delete using (current_user <> 'quadrant_app');

grant select on "coupon_use" to quadrant_app;

-- ------------------------------------------------------------------------------------------------------------------
-- Functions with their owner's rights: members may use what is theirs, and change nothing else.

create function voucher_guard(p_customer uuid) returns void language plpgsql as $$
begin
    if session_user <> 'quadrant_app' or current_setting('q.audience', true) in ('staff', 'system') then
        return;
    end if;
    if current_setting('q.audience', true) in ('consumer', 'enterprise')
        and nullif(current_setting('q.customer', true), '')::uuid = p_customer then
        return;
    end if;
    raise exception 'not theirs' using errcode = 'QV001';
end $$;

-- Takes a voucher or a coupon for an order; answers by how much the order gets cheaper, in minor units.
-- The rows are locked until the caller's transaction ends, so that whoever comes next counts this use or not at all.
create function voucher_take(
    p_customer uuid, p_order uuid, p_code text, p_amount bigint, p_currency text, p_now timestamptz
) returns bigint language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    given voucher;
    terms coupon;
    counts bigint := p_amount;
    discount bigint;
begin
    perform voucher_guard(p_customer);
    if exists (select 1 from coupon_use where order_id = p_order and status <> 'GIVEN_BACK') then
        raise exception 'the order has one' using errcode = 'QV009';
    end if;
    select * into given from voucher where code = p_code and customer_id = p_customer for update;
    if found then
        select * into terms from coupon where id = given.coupon_id;
        if given.status = 'CANCELLED' then
            raise exception 'no such voucher' using errcode = 'QV001';
        elsif given.status <> 'ISSUED' then
            raise exception 'used already' using errcode = 'QV003';
        elsif given.valid_until <= p_now then
            raise exception 'its time is over' using errcode = 'QV002';
        end if;
    else
        -- For no key update: uses refer to the row by its key, which stays.
        select * into terms from coupon where code = p_code and not personal and ended_at is null for no key update;
        if not found or not exists (
            select 1 from customer where id = p_customer and lower(segment) = any(terms.audiences)
        ) then
            raise exception 'no such voucher' using errcode = 'QV001';
        elsif p_now < terms.valid_from or p_now >= coalesce(terms.valid_until, 'infinity') then
            raise exception 'its time is over' using errcode = 'QV002';
        elsif terms.uses >= terms.uses_max then
            raise exception 'used up' using errcode = 'QV004';
        elsif (
            select count(*) from coupon_use
            where coupon_id = terms.id and customer_id = p_customer and status <> 'GIVEN_BACK'
        ) >= terms.member_max then
            raise exception 'used often enough by this member' using errcode = 'QV005';
        end if;
        update coupon set uses = uses + 1 where id = terms.id;
    end if;
    if p_currency <> terms.currency then
        raise exception 'another currency' using errcode = 'QV006', detail = terms.currency;
    elsif p_amount < terms.least_amount then
        raise exception 'too little' using errcode = 'QV007', detail = terms.least_amount || ' ' || terms.currency;
    end if;
    if terms.category_id is not null then
        with recursive shelf as (
            select terms.category_id as id
            union select category.id from category join shelf on category.parent_id = shelf.id
        )
        select least(p_amount, coalesce(sum(line.amount_amount), 0)::bigint) into counts
        from order_line as line join variant on variant.id = line.variant_id join product on product.id = variant.product_id
        where line.order_id = p_order and line.amount_currency = terms.currency and product.category_id in (select id from shelf);
    end if;
    discount := least(counts, coalesce(terms.value_amount, floor(counts::numeric * terms.percent / 100)::bigint), coalesce(terms.most_amount, counts));
    if discount < 1 then
        raise exception 'nothing of it in the order' using errcode = 'QV008';
    end if;
    insert into coupon_use (
        id, coupon_id, voucher_id, customer_id, order_id, status, discount_amount, discount_currency, taken_at
    ) values (points_id(p_now), terms.id, given.id, p_customer, p_order, 'TAKEN', discount, p_currency, p_now);
    update voucher set status = 'TAKEN' where id = given.id;
    return discount;
exception when unique_violation then
    raise exception 'the order has one' using errcode = 'QV009';
end $$;

-- What an order took is used for good, once it is paid.
create function voucher_use(p_order uuid, p_now timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    ended coupon_use;
begin
    select * into ended from coupon_use where order_id = p_order and status = 'TAKEN' for update;
    if not found then
        return false;
    end if;
    perform voucher_guard(ended.customer_id);
    update coupon_use set status = 'USED', ended_at = p_now where id = ended.id;
    update voucher set status = 'USED' where id = ended.voucher_id;
    return true;
end $$;

-- What an order took, or used, may be used again; its time goes on as before.
create function voucher_give_back(p_order uuid, p_now timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    ended coupon_use;
begin
    select * into ended from coupon_use where order_id = p_order and status <> 'GIVEN_BACK';
    if not found then
        return false;
    end if;
    perform voucher_guard(ended.customer_id);
    -- In the order in which they are taken: the coupon or voucher first, then the use.
    if ended.voucher_id is null then
        perform 1 from coupon where id = ended.coupon_id for no key update;
    else
        perform 1 from voucher where id = ended.voucher_id for update;
    end if;
    update coupon_use set status = 'GIVEN_BACK', ended_at = p_now where id = ended.id and status <> 'GIVEN_BACK';
    if not found then
        return false;
    end if;
    if ended.voucher_id is null then
        update coupon set uses = uses - 1 where id = ended.coupon_id;
    else
        update voucher set status = 'ISSUED' where id = ended.voucher_id;
    end if;
    return true;
end $$;

-- Gives a member a voucher of a personal coupon. The code is 48 random bits; nobody else can use it anyway.
create function voucher_issue(
    p_id uuid, p_coupon uuid, p_customer uuid, p_reason text, p_valid_until timestamptz, p_now timestamptz
) returns uuid language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    terms coupon;
begin
    if session_user = 'quadrant_app' and coalesce(current_setting('q.audience', true), '') not in ('staff', 'system') then
        raise exception 'not theirs to give' using errcode = 'QV001';
    end if;
    select * into terms from coupon where id = p_coupon and personal and ended_at is null for no key update;
    if not found or not exists (
        select 1 from customer where id = p_customer and lower(segment) = any(terms.audiences)
    ) then
        raise exception 'no such coupon' using errcode = 'QV001';
    elsif p_valid_until <= p_now or p_now < terms.valid_from or p_now >= coalesce(terms.valid_until, 'infinity') then
        raise exception 'its time is over' using errcode = 'QV002';
    elsif terms.uses >= terms.uses_max then
        raise exception 'used up' using errcode = 'QV004';
    end if;
    update coupon set uses = uses + 1 where id = terms.id;
    insert into voucher (id, coupon_id, customer_id, code, status, reason, issued_at, valid_until)
    values (p_id, p_coupon, p_customer, 'V' || upper(left(replace(gen_random_uuid()::text, '-', ''), 12)), 'ISSUED',
        p_reason, p_now, p_valid_until);
    return p_id;
end $$;

-- Takes a voucher away that nobody has used.
create function voucher_cancel(p_id uuid) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    given voucher;
begin
    if session_user = 'quadrant_app' and coalesce(current_setting('q.audience', true), '') not in ('staff', 'system') then
        raise exception 'not theirs to take away' using errcode = 'QV001';
    end if;
    select * into given from voucher where id = p_id for update;
    if not found then
        raise exception 'no such voucher' using errcode = 'QV001';
    elsif given.status <> 'ISSUED' then
        raise exception 'used already' using errcode = 'QV003';
    end if;
    update voucher set status = 'CANCELLED' where id = p_id;
end $$;

do $$
declare
    signature text;
begin
    for signature in
        select oid::regprocedure::text from pg_proc
        where pronamespace = 'public'::regnamespace and starts_with(proname, 'voucher_')
    loop
        execute 'revoke execute on function ' || signature || ' from public';
    end loop;
end $$;

grant execute on function voucher_take, voucher_use, voucher_give_back, voucher_issue, voucher_cancel to quadrant_app;
