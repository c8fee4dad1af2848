-- Frozen. A statement ends with ';' at the end of a line that an empty line follows.

set local lock_timeout = '5s';

CREATE TABLE reward (
    programme_id UUID NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    kind VARCHAR(7) NOT NULL,
    points BIGINT NOT NULL,
    stock BIGINT,
    tier_id UUID,
    coupon_id UUID,
    voucher_days BIGINT,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_until TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    version BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_reward PRIMARY KEY (id),
    CONSTRAINT uq_reward_code UNIQUE (code),
    CONSTRAINT ck_reward_points CHECK (points > 0),
    CONSTRAINT ck_reward_stock CHECK (stock >= 0),
    CONSTRAINT ck_reward_voucher CHECK ((kind = 'VOUCHER') = (coupon_id is not null and voucher_days is not null)),
    CONSTRAINT ck_reward_period CHECK (valid_until is null or valid_until > valid_from),
    CONSTRAINT fk_reward_programme_id FOREIGN KEY(programme_id) REFERENCES points_programme (id),
    CONSTRAINT ck_reward_kind CHECK (kind IN ('VOUCHER', 'GOODS')),
    CONSTRAINT fk_reward_tier_id FOREIGN KEY(tier_id) REFERENCES tier (id),
    CONSTRAINT fk_reward_coupon_id FOREIGN KEY(coupon_id) REFERENCES coupon (id)
);

CREATE INDEX ix_reward_order ON reward (points, id);

alter table "reward" enable row level security;

alter table "reward" force row level security;

create policy reads on "reward" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(array['consumer', 'enterprise'])), false) is not null);

create policy inserts on "reward" for insert with check ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system'])));

create policy updates on "reward" for update using ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']))) with check ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system'])));

create policy deletes on "reward" for delete using ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system'])));

grant select, insert, update, delete on "reward" to quadrant_app;

CREATE TABLE reward_redemption (
    reward_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    voucher_id UUID,
    spend_id UUID NOT NULL,
    points BIGINT NOT NULL,
    status VARCHAR(11) NOT NULL,
    redeemed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    id UUID NOT NULL,
    CONSTRAINT pk_reward_redemption PRIMARY KEY (id),
    CONSTRAINT uq_reward_redemption_spend_id UNIQUE (spend_id),
    CONSTRAINT fk_reward_redemption_reward_id FOREIGN KEY(reward_id) REFERENCES reward (id),
    CONSTRAINT fk_reward_redemption_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_reward_redemption_voucher_id FOREIGN KEY(voucher_id) REFERENCES voucher (id),
    CONSTRAINT ck_reward_redemption_status CHECK (status IN ('WAITING', 'HANDED_OVER', 'CANCELLED'))
);

CREATE INDEX ix_reward_redemption_customer ON reward_redemption (customer_id, redeemed_at desc, id);

CREATE INDEX ix_reward_redemption_order ON reward_redemption (redeemed_at desc, id);

alter table "reward_redemption" enable row level security;

alter table "reward_redemption" force row level security;

create policy reads on "reward_redemption" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))), false) is not null);

create policy inserts on "reward_redemption" for insert with check (current_user <> 'quadrant_app');

create policy updates on "reward_redemption" for update using (current_user <> 'quadrant_app') with check (current_user <> 'quadrant_app');

create policy deletes on "reward_redemption" for delete using (current_user <> 'quadrant_app');

grant select on "reward_redemption" to quadrant_app;

-- A coupon says what it takes off, by money or by share; a check that is null would let through what says neither.
alter table coupon drop constraint ck_coupon_value;

alter table coupon add constraint ck_coupon_value check (case kind when 'AMOUNT' then value_amount is not null and value_amount > 0 and percent is null and most_amount is null else percent is not null and percent between 1 and 100 and value_amount is null end);

-- ------------------------------------------------------------------------------------------------------------------
-- Functions with their owner's rights: a member gets a reward for points, all of it or nothing.

-- Takes the points of a member for a reward and gives it; answers the redemption. Asked again with the same key, the same.
create function reward_redeem(
    p_id uuid, p_reward uuid, p_customer uuid, p_key text, p_spender uuid, p_now timestamptz
) returns uuid language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
declare
    wanted reward;
    terms coupon;
    spent uuid[];
    known uuid;
    given uuid;
begin
    perform voucher_guard(p_customer);
    select * into wanted from reward where id = p_reward and ended_at is null for no key update;
    if not found then
        raise exception 'no such reward' using errcode = 'QW001';
    end if;
    -- The ledger answers a key that it knows with what it did then, and refuses one that stood for something else.
    spent := points_spend(wanted.programme_id, p_customer, p_key, uuid_send(p_reward), wanted.points, p_reward, p_spender);
    select id into known from reward_redemption where spend_id = spent[1];
    if found then
        return known;
    end if;
    if p_now < wanted.valid_from or p_now >= coalesce(wanted.valid_until, 'infinity') then
        raise exception 'not now' using errcode = 'QW002';
    elsif wanted.stock = 0 then
        raise exception 'none left' using errcode = 'QW003';
    elsif wanted.tier_id is not null and coalesce((
        select has.rank < least.rank from tier as least
        left join tier as has on has.id = points_tier(wanted.programme_id, p_customer, p_now) where least.id = wanted.tier_id
    ), true) then
        raise exception 'a higher tier is needed' using errcode = 'QW004';
    end if;
    update reward set stock = stock - 1 where id = wanted.id and stock is not null;
    if wanted.kind = 'VOUCHER' then
        select * into terms from coupon where id = wanted.coupon_id and ended_at is null for no key update;
        if not found or terms.uses >= terms.uses_max or p_now >= coalesce(terms.valid_until, 'infinity')
            or not exists (select 1 from customer where id = p_customer and lower(segment) = any(terms.audiences)) then
            raise exception 'no voucher of it is given' using errcode = 'QW001';
        end if;
        update coupon set uses = uses + 1 where id = terms.id;
        insert into voucher (id, coupon_id, customer_id, code, status, reason, issued_at, valid_until)
        values (points_id(p_now), terms.id, p_customer, 'V' || upper(left(replace(gen_random_uuid()::text, '-', ''), 12)), 'ISSUED',
            wanted.name, p_now, p_now + make_interval(days => wanted.voucher_days::int))
        returning id into given;
    end if;
    insert into reward_redemption (id, reward_id, customer_id, voucher_id, spend_id, points, status, redeemed_at, ended_at)
    values (p_id, wanted.id, p_customer, given, spent[1], wanted.points,
        case when given is null then 'WAITING' else 'HANDED_OVER' end, p_now, case when given is not null then p_now end);
    return p_id;
end $$;

-- Gives the points of a redemption back: of goods that were not handed over, of a voucher that was not used.
create function reward_cancel(p_id uuid, p_now timestamptz) returns uuid
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
declare
    got reward_redemption;
    gone reward;
begin
    select * into got from reward_redemption where id = p_id for update;
    if not found then
        raise exception 'no such redemption' using errcode = 'QW001';
    end if;
    perform voucher_guard(got.customer_id);
    if got.status = 'CANCELLED' or got.status = 'HANDED_OVER' and got.voucher_id is null then
        raise exception 'too late' using errcode = 'QW005';
    end if;
    -- Locked in the order of redeeming: the reward, the member's account, the coupon.
    select * into gone from reward where id = got.reward_id for no key update;
    perform points_restore(gone.programme_id, got.customer_id, 'reward ' || p_id || ' cancelled', uuid_send(p_id), got.spend_id, null, p_id);
    if got.voucher_id is not null then
        update voucher set status = 'CANCELLED' where id = got.voucher_id and status = 'ISSUED';
        if not found then
            raise exception 'the voucher is used' using errcode = 'QW005';
        end if;
        update coupon set uses = uses - 1 where id = (select coupon_id from voucher where id = got.voucher_id);
    end if;
    update reward set stock = stock + 1 where id = got.reward_id and stock is not null;
    update reward_redemption set status = 'CANCELLED', ended_at = p_now where id = p_id;
    return p_id;
end $$;

-- Goods have been handed over; by the house alone.
create function reward_hand_over(p_id uuid, p_now timestamptz) returns uuid
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
begin
    perform points_guard_house();
    update reward_redemption set status = 'HANDED_OVER', ended_at = p_now where id = p_id and status = 'WAITING';
    if not found then
        raise exception 'it does not wait' using errcode = 'QW005';
    end if;
    return p_id;
end $$;

revoke execute on function reward_redeem, reward_cancel, reward_hand_over from public;

grant execute on function reward_redeem, reward_cancel, reward_hand_over to quadrant_app;
