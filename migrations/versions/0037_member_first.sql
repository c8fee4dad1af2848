-- Frozen. A statement ends with ';' at the end of a line that an empty line follows; functions hold no empty line after one.
--
-- Whoever moves a member's points in more than one step locks the member first (docs/adr/0012-points-ledger.md): the spender
-- where there is one, then the member's account, of a pool the first stripe; then the tier, the month and the budget.

-- The member of all programmes, locked: what follows in this transaction waits for nobody who moves the member's points.
create function points_lock_member(p_customer uuid, p_spender uuid) returns void language plpgsql as $$
begin
    if p_spender is not null then
        perform 1 from points_spender where customer_id = p_customer and person_id = p_spender order by id for no key update;
    end if;
    perform 1 from points_account where customer_id = p_customer and stripe = 0 order by id for no key update;
end $$;

-- An order, then the member who has placed it and whoever has set points aside for it.
create function points_lock_order(p_order uuid) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
declare
    locked "order";
begin
    select * into locked from "order" where id = p_order for no key update;
    if found then
        perform points_guard(locked.customer_id);
        perform points_lock_member(locked.customer_id, (
            select spender_id from points_transfer where id = locked.hold_id));
    end if;
end $$;

-- Gives back what this transaction has counted in a budget and not earned in the end.
create or replace function points_give_back_budget(p_version uuid, p_points bigint) returns void language plpgsql as $$
declare
    stripe_of earn_budget;
    part bigint;
    missing bigint := p_points;
begin
    -- Of stripes that nobody else holds, so that it waits for nobody: what this transaction has counted lies in stripes that it
    -- holds itself, until it ends.
    for stripe_of in
        select * from earn_budget where version_id = p_version and used > 0 order by stripe for no key update skip locked
    loop
        exit when missing = 0;
        part := least(missing, stripe_of.used);
        update earn_budget set used = used - part where id = stripe_of.id;
        missing := missing - part;
    end loop;
    if missing > 0 then
        raise exception 'more is given back than this transaction has counted' using errcode = 'QP000';
    end if;
end $$;

-- As before, under the member's lock; nothing is locked for nothing.
create or replace function points_count_earning(p_version uuid, p_customer uuid, p_month date, p_wanted bigint) returns bigint
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
set enable_seqscan = off as $$
declare
    version earn_rule_version;
    counted bigint := p_wanted;
    so_far bigint;
begin
    perform points_guard(p_customer);
    select * into version from earn_rule_version where id = p_version and activated_at is not null;
    if not found then
        raise exception 'no such version' using errcode = 'QP003';
    end if;
    if p_wanted = 0 then
        return 0;
    end if;
    perform points_locked(programme_id, p_customer) from earn_rule where id = version.rule_id;
    if version.month_points_max is not null then
        begin
            insert into earn_month (id, version_id, customer_id, month, points)
            values (points_id(points_now()), p_version, p_customer, p_month, 0) on conflict do nothing;
        exception when foreign_key_violation then
            raise exception 'no such customer' using errcode = 'QP003';
        end;
        select points into so_far from earn_month
        where version_id = p_version and customer_id = p_customer and month = p_month for no key update;
        counted := greatest(-so_far, least(counted, greatest(0, version.month_points_max - so_far)));
    end if;
    if version.budget_points is not null then
        if counted > 0 then
            counted := points_take_budget(p_version, counted);
        elsif counted < 0 then
            perform points_give_back_budget(p_version, -counted);
        end if;
    end if;
    if version.month_points_max is not null then
        update earn_month set points = points + counted
        where version_id = p_version and customer_id = p_customer and month = p_month;
    end if;
    return counted;
end $$;

-- As before, under the member's lock.
create or replace function points_review_tier(p_programme uuid, p_customer uuid, p_at timestamptz) returns uuid
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
set enable_seqscan = off as $$
declare
    scheme tier_scheme;
    zone text;
    last tier_membership;
    base tier;
    now_rank bigint;
    step record;
    begins timestamptz;
    until timestamptz := least(p_at, points_now());
begin
    perform points_guard(p_customer);
    select * into scheme from tier_scheme where programme_id = p_programme;
    select * into base from tier where programme_id = p_programme order by rank limit 1;
    if scheme.id is null or base.id is null then
        return null;
    end if;
    perform points_locked(p_programme, p_customer);
    insert into tier_standing (id, programme_id, customer_id, review_at)
    values (points_id(points_now()), p_programme, p_customer, 'infinity') on conflict do nothing;
    perform 1 from tier_standing where programme_id = p_programme and customer_id = p_customer for no key update;
    select time_zone into zone from points_programme where id = p_programme;
    select * into last from tier_membership
    where programme_id = p_programme and customer_id = p_customer order by valid_from desc limit 1;
    while last.valid_until <= until loop
        select * into step from points_tier_reached(scheme, p_customer, last.valid_until);
        insert into tier_membership (id, programme_id, customer_id, tier_id, valid_from, valid_until, reached)
        values (points_id(points_now()), p_programme, p_customer, (step.tier).id, last.valid_until,
            case when (step.tier).id = base.id then 'infinity'
            else points_expiry(last.valid_until, zone, scheme.keeps_months) end, step.reached)
        returning * into last;
    end loop;
    if last.id is null or last.valid_from <= until then
        select coalesce((select rank from tier where id = last.tier_id), base.rank) into now_rank;
        select * into step from points_tier_reached(scheme, p_customer, until);
        if (step.tier).rank > now_rank then
            begins := greatest(until, last.valid_from + interval '1 microsecond');
            insert into tier_membership (id, programme_id, customer_id, tier_id, valid_from, valid_until, reached)
            values (points_id(points_now()), p_programme, p_customer, (step.tier).id, begins,
                points_expiry(until, zone, scheme.keeps_months), step.reached) returning * into last;
        end if;
    end if;
    update tier_standing set review_at = coalesce(last.valid_until, 'infinity')
    where programme_id = p_programme and customer_id = p_customer;
    return points_tier(p_programme, p_customer, until);
end $$;

-- Looks at up to so many members whose period has ended and whom nobody holds; answers how many.
create or replace function points_review_tiers(p_members int) returns bigint
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
declare
    member tier_standing;
    looked_at bigint := 0;
begin
    perform points_guard_house();
    for member in
        select * from tier_standing where review_at <= points_now() order by review_at limit least(p_members, 10000)
    loop
        -- The account first, as everybody does; who holds one of the two does not keep the others waiting.
        perform 1 from points_account where programme_id = member.programme_id and customer_id = member.customer_id
            and stripe = 0 for no key update skip locked;
        continue when not found and exists (
            select 1 from points_account where programme_id = member.programme_id and customer_id = member.customer_id);
        perform 1 from tier_standing where id = member.id and review_at <= points_now() for no key update skip locked;
        continue when not found;
        perform points_review_tier(member.programme_id, member.customer_id, points_now());
        looked_at := looked_at + 1;
    end loop;
    return looked_at;
end $$;

-- As before, but the accounts are locked before the tiers.
create or replace function points_earn_orders(
    p_programme uuid, p_orders uuid[], p_customers uuid[], p_ordered_at timestamptz[], p_points bigint[], p_bases bigint[],
    p_qualifying bigint[], p_versions uuid[], p_tiers uuid[], p_breakdowns text[], p_dated boolean
) returns uuid[] language plpgsql security definer set search_path = pg_catalog, public, pg_temp
set enable_seqscan = off as $$
declare
    settings points_programme;
    clock timestamptz;
    accounts uuid[];
begin
    perform points_guard(customer) from (select distinct unnest(p_customers) as customer) as each;
    if cardinality(p_orders) > 10000 or exists (
        select 1 from unnest(p_points, p_bases) as given (points, basis)
        where points not between 0 and 1000000000000 or basis not between 0 and 1000000000000
    ) then
        raise exception 'an amount is 0 to 1000000000000' using errcode = 'QP004';
    end if;
    select * into settings from points_programme where id = p_programme;
    if settings.id is null then
        raise exception 'no such programme' using errcode = 'QP003';
    end if;
    -- Everybody who moves a member's points takes these locks in this order, members by their accounts.
    perform 1 from points_account where programme_id = p_programme and customer_id = any(p_customers) and stripe = 0
    order by id for no key update;
    insert into tier_standing (id, programme_id, customer_id, review_at)
    select points_id(points_now()), p_programme, customer, 'infinity' from (select distinct unnest(p_customers) as customer) as each
    where exists (select 1 from tier_scheme where programme_id = p_programme) and not exists (
        select 1 from tier_standing as s where s.programme_id = p_programme and s.customer_id = customer)
    order by customer on conflict do nothing;
    perform 1 from tier_standing where programme_id = p_programme and customer_id = any(p_customers)
    order by id for no key update;
    -- Who has no account yet is held by the tier alone, so that is taken before an account is made.
    insert into points_account
    (id, programme_id, customer_id, stripe, stripes, pending, available, held, debt, sequence, posted_at, due_at)
    select points_id(points_now()), p_programme, customer, 0, 1, 0, 0, 0, 0, 0, '-infinity', 'infinity'
    from (select distinct customer from unnest(p_customers, p_points) as given (customer, points) where points > 0) as each
    where not exists (select 1 from points_account as a where a.programme_id = p_programme and a.customer_id = customer)
    order by customer on conflict do nothing;
    perform 1 from points_account where programme_id = p_programme and customer_id = any(p_customers) and stripe = 0
    order by id for no key update;
    -- Of a pool the stripe that has least.
    select array_agg(id) into accounts from (
        select distinct on (customer_id) id from points_account
        where programme_id = p_programme and customer_id = any(p_customers)
        order by customer_id, available + pending, stripe
    ) as chosen;
    perform 1 from points_account where id = any(accounts) and stripe > 0 order by id for no key update;
    clock := points_now();
    if p_dated and exists (select 1 from unnest(p_ordered_at) as at where at > clock) then
        raise exception 'an instant that has not come' using errcode = 'QP010';
    end if;
    with given as materialized (
        select given.* from unnest(
            p_orders, p_customers, p_ordered_at, p_points, p_bases, p_qualifying, p_versions, p_tiers, p_breakdowns
        ) with ordinality as given
            (order_id, customer_id, ordered_at, points, basis, qualifying, version_id, tier_id, breakdown, place)
        where not exists (
            select 1 from order_earning as earned
            where earned.programme_id = p_programme and earned.order_id = given.order_id)
    ), numbered as (
        select given.*, account.id as account_id, account.posted_at, account.sequence + row_number() over earnings as sequence,
            row_number() over earnings as nth, account.pending + (sum(points) over earnings)::bigint as pending_after,
            account.available, account.held, account.debt,
            points_activation(case when p_dated then ordered_at else clock end, settings.time_zone, settings.activation_days)
                as activates_at
        from given join points_account as account on account.customer_id = given.customer_id and account.id = any(accounts)
        where given.points > 0
        window earnings as (partition by account.id order by place)
    ), instants as (
        select numbered.*, greatest(clock, posted_at + interval '1 microsecond') + (nth - 1) * interval '1 microsecond' as at
        from numbered
    ), posted as materialized (
        select points_id(at) as id, instants.* from instants
    ), transfers as (
        insert into points_transfer (
            id, account_id, customer_id, sequence, at, effective_at, code, debit, credit, amount,
            pending_after, available_after, held_after, debt_after, subject_id, rule_id, breakdown
        ) select id, account_id, customer_id, sequence, at, case when p_dated then ordered_at else at end,
            'EARN', 'ISSUED', 'PENDING', points, pending_after, available, held, debt, order_id, version_id, breakdown::jsonb
        from posted
    ), lots as (
        insert into points_lot (
            id, account_id, customer_id, amount, remaining, open, active, activates_at, expires_at,
            basis, returned, clawed, forgiven, expired
        ) select id, account_id, customer_id, points, points, true, false, activates_at,
            points_expiry(activates_at, settings.time_zone, settings.lot_months), greatest(basis, 1), 0, 0, 0, 0
        from posted
    ), requests as (
        insert into points_request (id, programme_id, customer_id, key, fingerprint, transfers, at)
        select points_request_id(p_programme, customer_id, 'order ' || order_id), p_programme, customer_id,
            'order ' || order_id, uuid_send(order_id), array[id], clock
        from posted
    ), balances as (
        update points_account as account set pending = last.pending_after, sequence = last.sequence, posted_at = last.at,
            due_at = least(account.due_at, last.due_at)
        from (
            select account_id, max(pending_after) as pending_after, max(sequence) as sequence, max(at) as at,
                min(activates_at) as due_at
            from posted group by account_id
        ) as last
        where account.id = last.account_id
    ), decided as (
        insert into order_earning (
            id, programme_id, order_id, customer_id, version_id, tier_id, transfer_id, basis, points, ordered_at, decided_at
        ) select points_id(clock), p_programme, given.order_id, given.customer_id, given.version_id, given.tier_id,
            posted.id, given.basis, given.points, given.ordered_at, clock
        from given left join posted on posted.place = given.place
    )
    insert into qualifying_entry (id, programme_id, customer_id, order_id, source_id, at, points, amount)
    select points_id(clock), p_programme, customer_id, order_id, order_id, ordered_at, qualifying, basis from given;
    if exists (select 1 from tier_scheme where programme_id = p_programme) then
        perform points_review_tier(p_programme, customer, case when p_dated then at else clock end)
        from unnest(p_customers, p_ordered_at) as given (customer, at);
    end if;
    return array(
        select earned.transfer_id from unnest(p_orders) with ordinality as given (order_id, place)
        join order_earning as earned on earned.programme_id = p_programme and earned.order_id = given.order_id
        order by place);
end $$;

-- As before, under the member's lock.
create or replace function points_claw_back_order(p_order uuid, p_refund uuid, p_part bigint) returns uuid[]
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
set enable_seqscan = off as $$
declare
    earned order_earning;
    gave qualifying_entry;
    returned bigint;
    taken bigint;
    transfers uuid[] := '{}';
begin
    perform points_check_amount(p_part);
    perform points_lock_member(customer_id, null) from order_earning where order_id = p_order limit 1;
    for earned in select * from order_earning where order_id = p_order order by id loop
        perform points_guard(earned.customer_id);
        perform 1 from tier_standing
        where programme_id = earned.programme_id and customer_id = earned.customer_id for no key update;
        if earned.transfer_id is not null then
            transfers := transfers || points_claw_back(earned.programme_id, earned.customer_id, 'refund ' || p_refund,
                uuid_send(p_order) || int8send(p_part), earned.transfer_id, p_part);
        end if;
        continue when exists (
            select 1 from qualifying_entry where programme_id = earned.programme_id and source_id = p_refund);
        select * into gave from qualifying_entry where programme_id = earned.programme_id and source_id = p_order;
        select coalesce(-sum(amount), 0)::bigint + p_part, coalesce(-sum(points), 0)::bigint into returned, taken
        from qualifying_entry where order_id = p_order and programme_id = earned.programme_id and source_id <> p_order;
        if returned > earned.basis then
            raise exception 'more is taken back than was earned on' using errcode = 'QP006';
        end if;
        insert into qualifying_entry (id, programme_id, customer_id, order_id, source_id, at, points, amount) values (
            points_id(points_now()), earned.programme_id, earned.customer_id, p_order, p_refund, gave.at,
            taken - floor(gave.points::numeric * returned / earned.basis)::bigint, -p_part);
    end loop;
    return transfers;
end $$;

-- As before; a payment moves points of a member, who is locked after the order and before all else.
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
    if paid.status = 'CANCELLED' or (paid.status <> 'PLACED' and paid.settlement <> 'ON_ACCOUNT') then
        raise exception 'it cannot be paid now' using errcode = 'QS005';
    end if;
    perform points_lock_order(p_order);
    update "order" set paid_at = p_now, version = version + 1,
        status = case when status = 'PLACED' then 'PAID' else status end
    where id = p_order;
    return true;
end $$;

-- As before, likewise.
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
    perform order_release(p_order, p_now);
    update "order" set status = 'CANCELLED', cancelled_at = p_now, cancel_reason = p_reason, version = version + 1
    where id = p_order;
    return true;
end $$;

-- As before (0036): what checkout does after it with a voucher, with points and with what the order earns, it does under the
-- member's lock.
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
    perform order_reserve(p_order, p_region, p_now);
    return query select total::bigint, sold_in;
end $$;

revoke execute on function points_lock_member, points_lock_order from public;

grant execute on function points_lock_order to quadrant_app;
