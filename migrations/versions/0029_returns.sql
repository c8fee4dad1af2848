-- Frozen. A statement ends with ';' at the end of a line that an empty line follows.

set local lock_timeout = '5s';

CREATE TABLE order_return (
    order_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    state VARCHAR(9) NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    answer TEXT COLLATE "C",
    amount_amount BIGINT NOT NULL,
    amount_currency TEXT COLLATE "C" NOT NULL,
    points BIGINT NOT NULL,
    refund_id UUID,
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    received_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    version BIGINT NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_order_return PRIMARY KEY (id),
    CONSTRAINT ck_order_return_not_negative CHECK (amount_amount >= 0 and points >= 0),
    CONSTRAINT fk_order_return_order_id FOREIGN KEY(order_id) REFERENCES "order" (id),
    CONSTRAINT fk_order_return_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT ck_order_return_state CHECK (state IN ('REQUESTED', 'APPROVED', 'RECEIVED', 'REFUNDED', 'REFUSED')),
    CONSTRAINT fk_order_return_refund_id FOREIGN KEY(refund_id) REFERENCES refund (id)
);

CREATE INDEX ix_order_return_list ON order_return (requested_at desc, id);

CREATE INDEX ix_order_return_order ON order_return (order_id, requested_at desc, id);

CREATE INDEX ix_order_return_refund ON order_return (refund_id);

CREATE INDEX ix_order_return_state ON order_return (state, requested_at desc, id);

alter table "order_return" enable row level security;

alter table "order_return" force row level security;

create policy reads on "order_return" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)), false) is not null);

create policy inserts on "order_return" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app'));

create policy updates on "order_return" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app')) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app'));

create policy deletes on "order_return" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app'));

grant select, insert, update, delete on "order_return" to quadrant_app;

CREATE TABLE order_return_line (
    return_id UUID NOT NULL,
    line_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    quantity BIGINT NOT NULL,
    damaged BIGINT NOT NULL,
    amount_amount BIGINT NOT NULL,
    amount_currency TEXT COLLATE "C" NOT NULL,
    points BIGINT NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_order_return_line PRIMARY KEY (id),
    CONSTRAINT ck_order_return_line_quantity CHECK (quantity > 0 and damaged between 0 and quantity),
    CONSTRAINT ck_order_return_line_not_negative CHECK (amount_amount >= 0 and points >= 0),
    CONSTRAINT uq_order_return_line_line UNIQUE (return_id, line_id),
    CONSTRAINT fk_order_return_line_return_id FOREIGN KEY(return_id) REFERENCES order_return (id),
    CONSTRAINT fk_order_return_line_line_id FOREIGN KEY(line_id) REFERENCES order_line (id),
    CONSTRAINT fk_order_return_line_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id)
);

CREATE INDEX ix_order_return_line_line ON order_return_line (line_id);

CREATE INDEX ix_order_return_line_return ON order_return_line (return_id, id);

alter table "order_return_line" enable row level security;

alter table "order_return_line" force row level security;

create policy reads on "order_return_line" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)), false) is not null);

create policy inserts on "order_return_line" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app'));

create policy updates on "order_return_line" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app')) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app'));

create policy deletes on "order_return_line" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or current_user <> 'quadrant_app'));

grant select, insert, update, delete on "order_return_line" to quadrant_app;

-- A customer asks to send goods back. The order's row is the lock; what was asked for before and not refused is not there any
-- more. SQLSTATEs that domain/returns/refusals.py knows:
-- QR001     the order was not delivered                   QR003     more than is left of a line
-- QR002     the time for returns is over                  QR004     nothing to send back
create function order_return_request(
    p_id uuid, p_order uuid, p_lines jsonb, p_reason text, p_days bigint, p_now timestamptz
) returns uuid language plpgsql security definer set search_path = pg_catalog, public, pg_temp
set enable_seqscan = off as $$
declare
    bought "order" := order_locked(p_order);
    wanted record;
begin
    if bought.status <> 'DELIVERED' or bought.channel = 'IMPORT' or bought.delivered_at is null then
        raise exception 'it was not delivered' using errcode = 'QR001';
    end if;
    if bought.delivered_at + make_interval(days => p_days::int) < p_now then
        raise exception 'the time is over' using errcode = 'QR002', detail = json_build_object('days', p_days);
    end if;
    if jsonb_array_length(p_lines) not between 1 and 100 then
        raise exception 'nothing comes back' using errcode = 'QR004';
    end if;
    insert into order_return (id, order_id, customer_id, state, reason, amount_amount, amount_currency, points, requested_at,
        version)
    values (p_id, p_order, bought.customer_id, 'REQUESTED', p_reason, 0, bought.total_currency, 0, p_now, 1);
    for wanted in
        select given.value ->> 'id' as id, (given.value ->> 'quantity')::bigint as quantity, l.id as line, l.name,
            l.shipped - coalesce((
                select sum(r.quantity)::bigint from order_return_line as r join order_return as o on o.id = r.return_id
                where r.line_id = l.id and o.state <> 'REFUSED' and o.id <> p_id), 0) as remaining
        from jsonb_array_elements(p_lines) as given (value)
        left join order_line as l on l.id = (given.value ->> 'line')::uuid and l.order_id = p_order
    loop
        if wanted.line is null or wanted.quantity not between 1 and wanted.remaining then
            raise exception 'more than is left' using errcode = 'QR003',
                detail = json_build_object('name', coalesce(wanted.name, '?'), 'left', coalesce(wanted.remaining, 0));
        end if;
        insert into order_return_line (id, return_id, line_id, customer_id, quantity, damaged, amount_amount, amount_currency,
            points)
        values (wanted.id::uuid, p_id, wanted.line, bought.customer_id, wanted.quantity, 0, 0, bought.total_currency, 0);
    end loop;
    return p_id;
end $$;

-- A payment is of what the order costs and is not paid in points, whatever its caller says.
create or replace function payment_open(
    p_id uuid, p_order uuid, p_amount bigint, p_currency text, p_now timestamptz, p_expires timestamptz
) returns uuid language plpgsql security definer set search_path = pg_catalog, public, pg_temp
set enable_seqscan = off as $$
declare
    placed "order";
begin
    select * into placed from "order" where id = p_order;
    if placed.id is null or placed.status <> 'PLACED' or placed.settlement <> 'PREPAID' or not (
        current_setting('q.audience', true) in ('staff', 'system')
        or placed.customer_id = nullif(current_setting('q.customer', true), '')::uuid
    ) then
        raise exception 'the order is not waiting to be paid' using errcode = 'QM001';
    end if;
    if p_amount <> placed.total_amount - placed.points_amount or p_currency <> placed.total_currency then
        raise exception 'the order costs something else' using errcode = 'QM007';
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

revoke execute on function order_return_request from public;

grant execute on function order_return_request to quadrant_app;
