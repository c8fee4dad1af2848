-- Frozen. A statement ends with ';' at the end of a line that an empty line follows; functions hold no empty line after one.
--
-- SQLSTATE  meaning (domain/points/refusals.py)
-- QP013     nobody who may receive points has this membership number

set local lock_timeout = '5s';

-- The least id of an instant. Before 1970 no ledger has one, and its bytes would come after all others.
create or replace function points_floor(p_at timestamptz) returns uuid language sql immutable as $$
    select (lpad(to_hex(greatest(date_part('epoch', p_at) * 1000000, 0)::bigint / 1000), 12, '0')
        || to_hex(28672 + greatest(date_part('epoch', p_at) * 1000000, 0)::bigint % 1000 * 4) || '8000-000000000000')::uuid
$$;

CREATE TABLE points_member (
    programme_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    number TEXT COLLATE "C" NOT NULL,
    joined_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_points_member PRIMARY KEY (id),
    CONSTRAINT uq_points_member_programme_id_customer_id UNIQUE (programme_id, customer_id),
    CONSTRAINT uq_points_member_number UNIQUE (number),
    CONSTRAINT ck_points_member_number CHECK (number ~ '^[0-9]{10}$'),
    CONSTRAINT fk_points_member_programme_id FOREIGN KEY(programme_id) REFERENCES points_programme (id),
    CONSTRAINT fk_points_member_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id)
);

CREATE INDEX ix_points_member_order ON points_member (joined_at desc, id);

CREATE INDEX ix_points_member_customer ON points_member (customer_id, joined_at desc, id);

alter table "points_member" enable row level security;

alter table "points_member" force row level security;

create policy reads on "points_member" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))), false) is not null);

create policy inserts on "points_member" for insert with check (current_user <> 'quadrant_app');

create policy updates on "points_member" for update using (current_user <> 'quadrant_app') with check (current_user <> 'quadrant_app');

create policy deletes on "points_member" for delete using (current_user <> 'quadrant_app');

grant select on "points_member" to quadrant_app;

-- A number that tells nothing of its member, nor how many there are; its last digit is Luhn's (ISO/IEC 7812-1, annex B).
create function points_number() returns text language plpgsql volatile as $$
declare
    digits text := lpad((('x' || encode(substr(uuid_send(gen_random_uuid()), 1, 6), 'hex'))::bit(48)::bigint % 1000000000)::text, 9, '0');
    total int := 0;
    digit int;
begin
    for place in 1..9 loop
        digit := substr(digits, place, 1)::int * (1 + place % 2);
        total := total + digit / 10 + digit % 10;
    end loop;
    return digits || (10 - total % 10) % 10;
end $$;

create function points_enrol(p_id uuid, p_programme uuid, p_customer uuid, p_at timestamptz) returns void language plpgsql as $$
declare
    enrolled uuid;
begin
    -- Of a billion numbers one that is taken is rare, and twenty such in a row do not happen.
    for attempt in 1..20 loop
        insert into points_member (id, programme_id, customer_id, number, joined_at)
        values (p_id, p_programme, p_customer, points_number(), p_at) on conflict (number) do nothing returning id into enrolled;
        exit when enrolled is not null;
    end loop;
    if enrolled is null then
        raise exception 'no membership number is free' using errcode = 'QP000';
    end if;
end $$;

-- Whoever gets an account has become a member; the membership has the key of the account's first row.
create function points_join() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    perform points_enrol(new.id, new.programme_id, new.customer_id, points_now());
    return null;
end $$;

create trigger joins after insert on points_account for each row when (new.stripe = 0) execute function points_join();

select points_enrol(account.id, account.programme_id, account.customer_id, coalesce(
    (select min(t.effective_at) from points_transfer as t where t.account_id = account.id), now()))
from points_account as account where account.stripe = 0;

-- Who may spend is named where they are shown: nobody reads their company's people.
alter table points_spender add column name text collate "C", add column email text collate "C";

select set_config('q.audience', 'system', true);

update points_spender as spender set name = person.name, email = person.email from person where person.id = spender.person_id;

alter table points_spender alter column name set not null, alter column email set not null;

create or replace function points_set_spender(p_programme uuid, p_customer uuid, p_person uuid, p_month_max bigint) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    audience text := current_setting('q.audience', true);
    someone person;
begin
    perform points_guard(p_customer);
    perform set_config('q.audience', 'system', true);
    select * into someone from person where id = p_person and customer_id = p_customer and active;
    perform set_config('q.audience', coalesce(audience, ''), true);
    if someone.id is null then
        raise exception 'nobody of this company' using errcode = 'QP003';
    end if;
    insert into points_spender (id, programme_id, customer_id, person_id, name, email, month_max, month, spent)
    values (points_id(points_now()), p_programme, p_customer, p_person, someone.name, someone.email, p_month_max, '-infinity', 0)
    on conflict (programme_id, customer_id, person_id) do update
    set month_max = excluded.month_max, name = excluded.name, email = excluded.email;
exception when foreign_key_violation then
    raise exception 'no such programme or company' using errcode = 'QP003';
end $$;

-- A person of the company whose points the viewer may move, by the address they sign in with; null where there is none.
create function points_colleague(p_customer uuid, p_email text) returns uuid
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    audience text := current_setting('q.audience', true);
    someone uuid;
begin
    perform points_guard(p_customer);
    perform set_config('q.audience', 'system', true);
    select id into someone from person where email = p_email and customer_id = p_customer and active;
    perform set_config('q.audience', coalesce(audience, ''), true);
    return someone;
end $$;

-- A company's pool: its stripes. What the company had in one row before stays in the first.
create or replace function points_open_pool(p_programme uuid, p_customer uuid) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    account points_account;
begin
    perform points_guard(p_customer);
    perform 1 from customer where id = p_customer and kind = 'ORGANISATION';
    if not found then
        raise exception 'only companies have pools' using errcode = 'QP003';
    end if;
    account := points_opened(p_programme, p_customer);
    update points_account set stripes = 16 where id = account.id;
    insert into points_account
    (id, programme_id, customer_id, stripe, stripes, pending, available, held, debt, sequence, posted_at, due_at)
    select points_id(points_now()), p_programme, p_customer, number, 16, 0, 0, 0, 0, 0, '-infinity', 'infinity'
    from generate_series(1, 15) as number on conflict do nothing;
end $$;

-- To the member with a number, whom the sender cannot see.
create function points_send_to(
    p_programme uuid, p_customer uuid, p_key text, p_fingerprint bytea, p_number text, p_amount bigint
) returns uuid[] language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    receiver uuid;
begin
    select member.customer_id into receiver from points_member as member
    join points_account as account on account.id = member.id and account.stripes = 1
    where member.programme_id = p_programme and member.number = p_number and member.customer_id <> p_customer;
    if receiver is null then
        raise exception 'nobody who may receive points has this number' using errcode = 'QP013';
    end if;
    return points_send(p_programme, p_customer, p_key, p_fingerprint, receiver, p_amount);
end $$;

-- Writes an event for each of the transfers that a movement answered, in its transaction; those that were told are not told again.
create function points_told(p_transfers uuid[]) returns uuid[]
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    audience text := current_setting('q.audience', true);
    clearance text := current_setting('q.clearance', true);
    told uuid;
begin
    -- A transfer to another member is told to that member too, for whom the viewer may write nothing.
    perform set_config('q.audience', 'system', true), set_config('q.clearance', '0', true);
    for told in
        insert into outbox_event (id, kind, subject_id, customer_id, payload, at)
        select t.id, 'points.moved', t.id, t.customer_id, jsonb_build_object('code', t.code, 'amount', t.amount), t.at
        from points_transfer as t where t.id = any(p_transfers)
        on conflict (id) do nothing returning id
    loop
        perform pg_notify('outbox', 'points.moved:' || told);
    end loop;
    perform set_config('q.audience', coalesce(audience, ''), true), set_config('q.clearance', coalesce(clearance, ''), true);
    return p_transfers;
end $$;

revoke execute on function points_number, points_enrol, points_join, points_colleague, points_send_to, points_told from public;

grant execute on function points_colleague, points_send_to, points_told to quadrant_app;
