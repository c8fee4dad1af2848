-- Frozen. A statement ends with ';' at the end of a line that an empty line follows.

set local lock_timeout = '5s';

CREATE TABLE payment (
    order_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    amount_amount BIGINT NOT NULL,
    amount_currency TEXT COLLATE "C" NOT NULL,
    authorised_amount BIGINT NOT NULL,
    captured_amount BIGINT NOT NULL,
    refund_asked_amount BIGINT NOT NULL,
    refunded_amount BIGINT NOT NULL,
    state VARCHAR(10) NOT NULL,
    provider TEXT COLLATE "C",
    reference TEXT COLLATE "C",
    address TEXT COLLATE "C",
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    look_at TIMESTAMP WITH TIME ZONE,
    looks BIGINT NOT NULL,
    version BIGINT NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_payment PRIMARY KEY (id),
    CONSTRAINT ck_payment_positive CHECK (amount_amount > 0),
    CONSTRAINT ck_payment_sums CHECK (0 <= refunded_amount and refunded_amount <= refund_asked_amount and refund_asked_amount <= captured_amount and captured_amount <= authorised_amount and authorised_amount <= amount_amount),
    CONSTRAINT ck_payment_captured CHECK ((captured_amount > 0) = (state = 'CAPTURED')),
    CONSTRAINT ck_payment_asked CHECK ((provider is null) = (reference is null)),
    CONSTRAINT uq_payment_reference UNIQUE (provider, reference),
    CONSTRAINT fk_payment_order_id FOREIGN KEY(order_id) REFERENCES "order" (id),
    CONSTRAINT fk_payment_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT ck_payment_state CHECK (state IN ('INITIATED', 'AUTHORISED', 'CAPTURED', 'FAILED', 'CANCELLED', 'EXPIRED'))
);

CREATE INDEX ix_payment_customer ON payment (customer_id, opened_at desc, id);

CREATE INDEX ix_payment_expires ON payment (expires_at) WHERE closed_at is null;

CREATE INDEX ix_payment_list ON payment (opened_at desc, id);

CREATE INDEX ix_payment_look ON payment (look_at) WHERE look_at is not null;

CREATE INDEX ix_payment_order ON payment (order_id, opened_at desc, id);

CREATE UNIQUE INDEX uq_payment_open ON payment (order_id) WHERE state in ('INITIATED', 'AUTHORISED');

alter table "payment" enable row level security;

alter table "payment" force row level security;

create policy reads on "payment" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)), false) is not null);

create policy inserts on "payment" for insert with check ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = 'system'));

create policy updates on "payment" for update using ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = 'system')) with check ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = 'system'));

create policy deletes on "payment" for delete using ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = 'system'));

grant select, insert, update, delete on "payment" to quadrant_app;

CREATE TABLE payment_event (
    payment_id UUID,
    provider TEXT COLLATE "C" NOT NULL,
    event_id TEXT COLLATE "C" NOT NULL,
    kind VARCHAR(13) NOT NULL,
    effect VARCHAR(7) NOT NULL,
    said JSONB NOT NULL,
    said_at TIMESTAMP WITH TIME ZONE NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_payment_event PRIMARY KEY (id),
    CONSTRAINT uq_payment_event_id UNIQUE (provider, event_id),
    CONSTRAINT fk_payment_event_payment_id FOREIGN KEY(payment_id) REFERENCES payment (id),
    CONSTRAINT ck_payment_event_kind CHECK (kind IN ('AUTHORISED', 'CAPTURED', 'FAILED', 'CANCELLED', 'EXPIRED', 'REFUNDED', 'REFUND_FAILED')),
    CONSTRAINT ck_payment_event_effect CHECK (effect IN ('APPLIED', 'LATE', 'REFUSED', 'UNKNOWN'))
);

CREATE INDEX ix_payment_event_payment ON payment_event (payment_id, received_at, id);

alter table "payment_event" enable row level security;

alter table "payment_event" force row level security;

create policy reads on "payment_event" for select using (nullif((select current_setting('q.audience', true)) = any(array['staff', 'system']), false) is not null);

create policy inserts on "payment_event" for insert with check ((select current_setting('q.audience', true)) = 'system');

grant select, insert on "payment_event" to quadrant_app;

CREATE TABLE refund (
    payment_id UUID NOT NULL,
    order_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    amount_amount BIGINT NOT NULL,
    amount_currency TEXT COLLATE "C" NOT NULL,
    reason VARCHAR(9) NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    state VARCHAR(9) NOT NULL,
    round BIGINT NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    id UUID NOT NULL,
    CONSTRAINT pk_refund PRIMARY KEY (id),
    CONSTRAINT ck_refund_positive CHECK (amount_amount > 0),
    CONSTRAINT uq_refund_key UNIQUE (order_id, key),
    CONSTRAINT fk_refund_payment_id FOREIGN KEY(payment_id) REFERENCES payment (id),
    CONSTRAINT fk_refund_order_id FOREIGN KEY(order_id) REFERENCES "order" (id),
    CONSTRAINT fk_refund_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT ck_refund_reason CHECK (reason IN ('CANCELLED', 'RETURNED', 'GOODWILL', 'SURPLUS')),
    CONSTRAINT ck_refund_state CHECK (state IN ('REQUESTED', 'SUCCEEDED', 'FAILED'))
);

CREATE INDEX ix_refund_customer ON refund (customer_id, requested_at, id);

CREATE INDEX ix_refund_payment ON refund (payment_id, requested_at, id);

alter table "refund" enable row level security;

alter table "refund" force row level security;

create policy reads on "refund" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)), false) is not null);

create policy inserts on "refund" for insert with check ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = 'system'));

create policy updates on "refund" for update using ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = 'system')) with check ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = 'system'));

create policy deletes on "refund" for delete using ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = 'system'));

grant select, insert, update, delete on "refund" to quadrant_app;

-- What providers said is added to, by nobody changed.
create function payment_append_only() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = '42501';
end $$;

create trigger append_only before update or delete or truncate on payment_event
for each statement execute function payment_append_only();

-- SQLSTATEs that domain/payments/refusals.py knows:
-- QM001     the order is not waiting to be paid, or is none of the viewer's
-- QM002     the order's payment is open already
-- QM003     the key of a refund was used for another sum
-- QM004     nothing of the payment is left to give back
-- QM005     no such refund
-- QM006     the refund has not failed
--
-- Customers' transactions write no payment. They may wish to pay their own order, which opens one in its first state, and
-- have what they paid for an order that was cancelled given back; what becomes of either, the provider says. Row policies do
-- not bind these functions to the viewer, but they bind what they read of orders: there the viewer sees their own.
create function payment_open(
    p_id uuid, p_order uuid, p_amount bigint, p_currency text, p_now timestamptz, p_expires timestamptz
) returns uuid language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    placed "order";
begin
    select * into placed from "order" where id = p_order;
    if placed.id is null or placed.status <> 'PLACED' or not (
        current_setting('q.audience', true) in ('staff', 'system')
        or placed.customer_id = nullif(current_setting('q.customer', true), '')::uuid
    ) then
        raise exception 'the order is not waiting to be paid' using errcode = 'QM001';
    end if;
    insert into payment (id, order_id, customer_id, amount_amount, amount_currency, authorised_amount, captured_amount,
        refund_asked_amount, refunded_amount, state, opened_at, expires_at, looks, version)
    values (p_id, p_order, placed.customer_id, p_amount, p_currency, 0, 0, 0, 0, 'INITIATED', p_now, p_expires, 0, 1)
    on conflict (order_id) where state in ('INITIATED', 'AUTHORISED') do nothing;
    if not found then
        raise exception 'the payment is open already' using errcode = 'QM002';
    end if;
    return p_id;
end $$;

-- The sum is reserved in the payment's row, which is locked, so that all refunds together never exceed what came. A key gives
-- the refund it made the first time.
create function payment_refund(
    p_id uuid, p_payment uuid, p_amount bigint, p_reason text, p_key text, p_now timestamptz
) returns uuid language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    paid payment;
    known refund;
    house constant boolean := coalesce(current_setting('q.audience', true), '') in ('staff', 'system');
begin
    select * into paid from payment where id = p_payment for no key update;
    if paid.id is null or not house and (
        paid.customer_id is distinct from nullif(current_setting('q.customer', true), '')::uuid
        or not exists (select from "order" where id = paid.order_id and status = 'CANCELLED')
    ) then
        raise exception 'the order was not cancelled' using errcode = 'QM001';
    end if;
    select * into known from refund where order_id = paid.order_id and key = p_key;
    if known.id is not null then
        if known.payment_id <> p_payment or known.amount_amount <> p_amount then
            raise exception 'the key was used for another sum' using errcode = 'QM003';
        end if;
        return known.id;
    end if;
    if p_amount > paid.captured_amount - paid.refund_asked_amount then
        raise exception 'nothing is left to give back' using errcode = 'QM004';
    end if;
    insert into refund (id, payment_id, order_id, customer_id, amount_amount, amount_currency, reason, key, state, round,
        requested_at)
    values (p_id, p_payment, paid.order_id, paid.customer_id, p_amount, paid.amount_currency, p_reason, p_key, 'REQUESTED',
        1, p_now);
    update payment set refund_asked_amount = refund_asked_amount + p_amount, look_at = p_now, looks = 0, version = version + 1
    where id = p_payment;
    perform pg_notify('payments', '');
    return p_id;
end $$;

-- A refund that failed is asked for anew, by the house alone; its part of the payment was kept for it.
create function payment_retry_refund(p_refund uuid, p_now timestamptz) returns uuid
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    failed refund;
begin
    select * into failed from refund where id = p_refund;
    if failed.id is null or coalesce(current_setting('q.audience', true), '') not in ('staff', 'system') then
        raise exception 'no such refund' using errcode = 'QM005';
    end if;
    perform 1 from payment where id = failed.payment_id for no key update;
    update refund set state = 'REQUESTED', ended_at = null, round = round + 1 where id = p_refund and state = 'FAILED';
    if not found then
        raise exception 'the refund has not failed' using errcode = 'QM006';
    end if;
    update payment set look_at = p_now, looks = 0, version = version + 1 where id = failed.payment_id;
    perform pg_notify('payments', '');
    return p_refund;
end $$;

revoke execute on function payment_open, payment_refund, payment_retry_refund, payment_append_only from public;

grant execute on function payment_open, payment_refund, payment_retry_refund to quadrant_app;
