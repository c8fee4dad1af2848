-- Frozen. A statement ends with ';' before an empty line; functions hold no empty line after one.
--
-- The functions of earning. They keep to what 0011_points_functions.sql says of all; besides its SQLSTATEs: QP012, an active
-- rule stays as it is.

-- What is active stays as it is: the application ends a version once, and changes nothing else of it. Triggers alone call it.
create function points_active_rule_stays() returns trigger language plpgsql as $$
begin
    if old.activated_at is not null and (
        tg_op = 'DELETE' or old.ended_at is not null
        or (to_jsonb(new) - array['ended_at', 'version']) <> (to_jsonb(old) - array['ended_at', 'version'])
    ) then
        raise exception 'an active rule stays as it is' using errcode = 'QP012';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;

create trigger active_stays before update or delete on earn_rule_version
for each row when (current_user = 'quadrant_app') execute function points_active_rule_stays();

create function points_condition_stays() returns trigger language plpgsql as $$
declare
    condition earn_condition := case tg_op when 'DELETE' then old else new end;
begin
    if exists (select 1 from earn_rule_version where id = condition.version_id and activated_at is not null) then
        raise exception 'an active rule stays as it is' using errcode = 'QP012';
    end if;
    return condition;
end $$;

create trigger active_stays before insert or update or delete on earn_condition
for each row when (current_user = 'quadrant_app') execute function points_condition_stays();

-- The budget of an active version in 16 stripes, once.
create function points_open_budget(p_version uuid) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    perform points_guard_house();
    insert into earn_budget (id, version_id, stripe, granted, used)
    select points_id(points_now()), version.id, stripe,
        version.budget_points / 16 + case when stripe < version.budget_points % 16 then 1 else 0 end, 0
    from earn_rule_version as version, generate_series(0, 15) as stripe
    where version.id = p_version and version.activated_at is not null and version.budget_points is not null
    on conflict do nothing;
end $$;

-- Takes up to so many points of a version's budget: from a stripe that has enough and that nobody holds, else from all.
create function points_take_budget(p_version uuid, p_wanted bigint) returns bigint language plpgsql as $$
declare
    stripe_of earn_budget;
    part bigint;
    taken bigint := 0;
begin
    select * into stripe_of from earn_budget where version_id = p_version and granted - used >= p_wanted
    order by (stripe + pg_backend_pid()) % 16 limit 1 for no key update skip locked;
    if found then
        update earn_budget set used = used + p_wanted where id = stripe_of.id;
        return p_wanted;
    end if;
    perform 1 from earn_budget where version_id = p_version order by stripe for no key update;
    for stripe_of in
        select * from earn_budget where version_id = p_version and granted > used order by stripe
    loop
        exit when taken = p_wanted;
        part := least(p_wanted - taken, stripe_of.granted - stripe_of.used);
        update earn_budget set used = used + part where id = stripe_of.id;
        taken := taken + part;
    end loop;
    return taken;
end $$;

create function points_give_back_budget(p_version uuid, p_points bigint) returns void language plpgsql as $$
declare
    stripe_of earn_budget;
    part bigint;
    missing bigint := p_points;
begin
    perform 1 from earn_budget where version_id = p_version order by stripe for no key update;
    for stripe_of in select * from earn_budget where version_id = p_version and used > 0 order by stripe loop
        exit when missing = 0;
        part := least(missing, stripe_of.used);
        update earn_budget set used = used - part where id = stripe_of.id;
        missing := missing - part;
    end loop;
end $$;

-- Counts points of a version in its budget and in the member's month, as far as both have room; answers how many. Below
-- zero it gives back what was counted before and not earned then.
create function points_count_earning(p_version uuid, p_customer uuid, p_month date, p_wanted bigint) returns bigint
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
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
        else
            perform points_give_back_budget(p_version, -counted);
        end if;
    end if;
    if version.month_points_max is not null then
        update earn_month set points = points + counted
        where version_id = p_version and customer_id = p_customer and month = p_month;
    end if;
    return counted;
end $$;

-- What a member did in the months before an instant, and the highest tier that it reaches.
create function points_tier_reached(p_scheme tier_scheme, p_customer uuid, p_at timestamptz, out tier tier, out reached bigint)
language plpgsql stable as $$
declare
    zone text;
begin
    select time_zone into zone from points_programme where id = p_scheme.programme_id;
    select coalesce(sum(case p_scheme.measure when 'POINTS' then entry.points else entry.amount end), 0)::bigint into reached
    from qualifying_entry as entry
    where entry.programme_id = p_scheme.programme_id and entry.customer_id = p_customer and entry.at <= p_at
        and entry.at > ((p_at at time zone zone) - make_interval(months => p_scheme.window_months::int)) at time zone zone;
    select each.* into tier from tier as each
    where each.programme_id = p_scheme.programme_id and each.qualifying_min <= greatest(reached, 0)
    order by each.rank desc limit 1;
end $$;

-- The tier a member has at an instant. A period that has ended and that nobody has looked at yet is looked at here.
create function points_tier(p_programme uuid, p_customer uuid, p_at timestamptz) returns uuid language plpgsql stable as $$
declare
    scheme tier_scheme;
    zone text;
    last tier_membership;
    base uuid;
    step record;
begin
    select * into scheme from tier_scheme where programme_id = p_programme;
    select id into base from tier where programme_id = p_programme order by rank limit 1;
    select * into last from tier_membership
    where programme_id = p_programme and customer_id = p_customer and valid_from <= p_at order by valid_from desc limit 1;
    select time_zone into zone from points_programme where id = p_programme;
    while last.valid_until <= p_at and scheme.id is not null loop
        select * into step from points_tier_reached(scheme, p_customer, last.valid_until);
        exit when step.tier is null or (step.tier).id = base;
        last.tier_id := (step.tier).id;
        last.valid_until := points_expiry(last.valid_until, zone, scheme.keeps_months);
    end loop;
    return case when last.id is null or last.valid_until <= p_at then base else last.tier_id end;
end $$;

-- Writes down what has come of a member's tier until an instant: the periods that ended by then, each decided by what led
-- up to its end, then whether they have reached a higher one. Nobody falls within a period. Answers the tier then.
create function points_review_tier(p_programme uuid, p_customer uuid, p_at timestamptz) returns uuid
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
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
create function points_review_tiers(p_members int) returns bigint
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    due uuid[];
    member tier_standing;
begin
    perform points_guard_house();
    -- Locked by one statement, looked at by later ones, which see what their last holders did.
    select array_agg(id) into due from (
        select id from tier_standing where review_at <= points_now() order by review_at limit least(p_members, 10000)
        for no key update skip locked
    ) as locked;
    for member in select * from tier_standing where id = any(due) order by id loop
        perform points_review_tier(member.programme_id, member.customer_id, points_now());
    end loop;
    return coalesce(cardinality(due), 0);
end $$;

-- What orders earn, as somebody has reckoned it: each order once in a programme, whoever asks how often. Posts the points,
-- notes the decision and what it qualifies for, and looks at the members' tiers. A history (`p_dated`) is earned at the
-- instants of its orders, anything else now. Answers the transfers in the order of the orders; none where no point came of it.
create function points_earn_orders(
    p_programme uuid, p_orders uuid[], p_customers uuid[], p_ordered_at timestamptz[], p_points bigint[], p_bases bigint[],
    p_qualifying bigint[], p_versions uuid[], p_tiers uuid[], p_breakdowns text[], p_dated boolean
) returns uuid[] language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
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
    -- Everybody who writes a member's tier or points takes these locks in this order, members by their ids.
    insert into tier_standing (id, programme_id, customer_id, review_at)
    select points_id(points_now()), p_programme, customer, 'infinity' from (select distinct unnest(p_customers) as customer) as each
    where exists (select 1 from tier_scheme where programme_id = p_programme) and not exists (
        select 1 from tier_standing as s where s.programme_id = p_programme and s.customer_id = customer)
    order by customer on conflict do nothing;
    perform 1 from tier_standing where programme_id = p_programme and customer_id = any(p_customers)
    order by id for no key update;
    insert into points_account
    (id, programme_id, customer_id, stripe, stripes, pending, available, held, debt, sequence, posted_at, due_at)
    select points_id(points_now()), p_programme, customer, 0, 1, 0, 0, 0, 0, 0, '-infinity', 'infinity'
    from (select distinct customer from unnest(p_customers, p_points) as given (customer, points) where points > 0) as each
    where not exists (select 1 from points_account as a where a.programme_id = p_programme and a.customer_id = customer)
    on conflict do nothing;
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

-- A part of what was paid for an order was given back. Takes back what that part earned, by the cumulative floor of the
-- stored earning in every programme, and what it qualified for, once for a refund.
create function points_claw_back_order(p_order uuid, p_refund uuid, p_part bigint) returns uuid[]
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    earned order_earning;
    gave qualifying_entry;
    returned bigint;
    taken bigint;
    transfers uuid[] := '{}';
begin
    perform points_check_amount(p_part);
    for earned in select * from order_earning where order_id = p_order order by id loop
        perform points_guard(earned.customer_id);
        perform 1 from tier_standing
        where programme_id = earned.programme_id and customer_id = earned.customer_id for no key update;
        if earned.transfer_id is not null then
            transfers := transfers || points_claw_back(earned.programme_id, earned.customer_id, 'refund ' || p_refund,
                uuid_send(p_order) || int8send(p_part), earned.transfer_id, p_part);
        else
            perform 1 from points_account where programme_id = earned.programme_id and customer_id = earned.customer_id
                and stripe = 0 for no key update;
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

create trigger append_only before update or delete or truncate on order_earning
for each statement execute function points_append_only();

create trigger append_only before update or delete or truncate on qualifying_entry
for each statement execute function points_append_only();

create trigger append_only before update or delete or truncate on tier_membership
for each statement execute function points_append_only();

do $$
declare
    signature text;
begin
    for signature in
        select oid::regprocedure::text from pg_proc
        where pronamespace = 'public'::regnamespace and starts_with(proname, 'points_')
    loop
        execute 'revoke execute on function ' || signature || ' from public';
    end loop;
end $$;

grant execute on function
    points_open_budget, points_count_earning, points_tier, points_tier_reached, points_review_tier, points_review_tiers,
    points_earn_orders, points_claw_back_order
to quadrant_app;
