-- Frozen. A statement ends with ';' at the end of a line that an empty line follows; functions hold no empty line after one.
--
-- The functions through which alone points move (docs/adr/0012-points-ledger.md). Those that the application may execute
-- run with their owner's rights and a fixed search path; the others are theirs alone. Every movement: lock the member's
-- row, look whether the request was carried out already, read the clock, settle what is due, post, note the request.
--
-- SQLSTATE  meaning (domain/points/refusals.py)           SQLSTATE  meaning
-- QP000     the ledger contradicts itself: never expected  QP006     more is given or asked back than there was
-- QP001     the key was used for another request           QP007     outside the limits of transfers between members
-- QP002     not enough points available                    QP008     the spender's cap of the month is reached
-- QP003     no such member, hold, spend or earning         QP009     no approval of exactly this adjustment
-- QP004     an amount out of range                         QP010     an instant that has not come
-- QP005     the hold has less left                         QP011     nobody who may spend from this pool

-- The clock. Only who has logged in as another role than the application's can set it, as tests do.
create function points_now() returns timestamptz language sql volatile as $$
    select case when session_user = 'quadrant_app' then clock_timestamp()
        else coalesce(nullif(current_setting('q.points_now', true), '')::timestamptz, clock_timestamp()) end
$$;

-- The least id of an instant: UUIDv7 with microseconds in the twelve bits after the version (RFC 9562, method 3).
create function points_floor(p_at timestamptz) returns uuid language sql immutable as $$
    select (lpad(to_hex((date_part('epoch', p_at) * 1000000)::bigint / 1000), 12, '0')
        || to_hex(28672 + (date_part('epoch', p_at) * 1000000)::bigint % 1000 * 4) || '8000-000000000000')::uuid
$$;

create function points_id(p_at timestamptz) returns uuid language sql volatile as $$
    select (lpad(to_hex((date_part('epoch', p_at) * 1000000)::bigint / 1000), 12, '0')
        || to_hex(28672 + (date_part('epoch', p_at) * 1000000)::bigint % 1000 * 4) || right(gen_random_uuid()::text, 17))::uuid
$$;

-- The instant at which a local day ends. Where clocks are put back at midnight there are two midnights: the first ends it.
create function points_day_end(p_day date, p_zone text) returns timestamptz language sql stable as $$
    select case
        when (((p_day + 1)::timestamp at time zone p_zone - interval '1 hour') at time zone p_zone)::date > p_day
        then (p_day + 1)::timestamp at time zone p_zone - interval '1 hour'
        else (p_day + 1)::timestamp at time zone p_zone end
$$;

-- Points earned now are available at once, or when the last local day of waiting ends.
create function points_activation(p_from timestamptz, p_zone text, p_days bigint) returns timestamptz language sql stable as $$
    select case when p_days = 0 then p_from else points_day_end((p_from at time zone p_zone)::date + p_days::int, p_zone) end
$$;

-- A lot lives until the local day ends that has the same number so many months later, or the last one of a shorter month.
create function points_expiry(p_from timestamptz, p_zone text, p_months bigint) returns timestamptz language sql stable as $$
    select case when p_months is null then 'infinity'::timestamptz else points_day_end(
        ((p_from at time zone p_zone)::date + make_interval(months => p_months::int))::date, p_zone) end
$$;

-- Row policies do not bind these functions, so they ask themselves whose points the viewer may move.
create function points_guard(p_customer uuid) returns void language plpgsql as $$
begin
    if session_user <> 'quadrant_app' or current_setting('q.audience', true) in ('staff', 'system') then
        return;
    end if;
    if current_setting('q.audience', true) in ('consumer', 'enterprise')
        and nullif(current_setting('q.customer', true), '')::uuid = p_customer then
        return;
    end if;
    raise exception 'no account' using errcode = 'QP003';
end $$;

create function points_guard_house() returns void language plpgsql as $$
begin
    if session_user = 'quadrant_app' and coalesce(current_setting('q.audience', true), '') not in ('staff', 'system') then
        raise exception 'no account' using errcode = 'QP003';
    end if;
end $$;

create function points_check_amount(p_amount bigint) returns void language plpgsql as $$
begin
    if p_amount is null or p_amount < 1 or p_amount > 1000000000000 then
        raise exception 'an amount is 1 to 1000000000000' using errcode = 'QP004';
    end if;
end $$;

-- The member's row, locked; of a pool the first stripe's. Without one every field is null.
create function points_locked(p_programme uuid, p_customer uuid) returns points_account language plpgsql as $$
declare
    account points_account;
begin
    perform points_guard(p_customer);
    select * into account from points_account
    where programme_id = p_programme and customer_id = p_customer and stripe = 0 for no key update;
    return account;
end $$;

-- The account of an earlier transfer or lot, locked; before it the spender whose month it counts in.
create function points_locked_again(p_account uuid, p_programme uuid, p_customer uuid, p_spender uuid) returns points_account
language plpgsql as $$
declare
    account points_account;
begin
    perform points_guard(p_customer);
    if p_spender is not null then
        perform 1 from points_spender
        where programme_id = p_programme and customer_id = p_customer and person_id = p_spender for no key update;
    end if;
    select * into account from points_account
    where id = p_account and programme_id = p_programme and customer_id = p_customer for no key update;
    if not found then
        raise exception 'no account' using errcode = 'QP003';
    end if;
    return account;
end $$;

-- The member's row, locked, made when the member has none yet.
create function points_opened(p_programme uuid, p_customer uuid) returns points_account language plpgsql as $$
declare
    account points_account := points_locked(p_programme, p_customer);
begin
    if account.id is null then
        begin
            insert into points_account
            (id, programme_id, customer_id, stripe, stripes, pending, available, held, debt, sequence, posted_at, due_at)
            values (points_id(points_now()), p_programme, p_customer, 0, 1, 0, 0, 0, 0, 0, '-infinity', 'infinity')
            on conflict do nothing;
        exception when foreign_key_violation then
            raise exception 'no such programme or customer' using errcode = 'QP003';
        end;
        account := points_locked(p_programme, p_customer);
    end if;
    return account;
end $$;

create function points_request_id(p_programme uuid, p_customer uuid, p_key text) returns uuid language sql stable as $$
    select encode(substr(sha256(uuid_send(p_programme) || uuid_send(p_customer) || convert_to(p_key, 'UTF8')), 1, 16), 'hex')::uuid
$$;

-- What a request was answered when it was carried out; null when it was not.
create function points_replayed(p_programme uuid, p_customer uuid, p_key text, p_fingerprint bytea) returns uuid[]
language plpgsql as $$
declare
    request points_request;
begin
    select * into request from points_request where id = points_request_id(p_programme, p_customer, p_key);
    if found and request.fingerprint is distinct from p_fingerprint then
        raise exception 'the key was used for another request' using errcode = 'QP001';
    end if;
    return request.transfers;
end $$;

create function points_answered(
    p_programme uuid, p_customer uuid, p_key text, p_fingerprint bytea, p_transfers uuid[], p_now timestamptz
) returns uuid[] language plpgsql as $$
begin
    insert into points_request (id, programme_id, customer_id, key, fingerprint, transfers, at) values (
        points_request_id(p_programme, p_customer, p_key), p_programme, p_customer, p_key, p_fingerprint, p_transfers, p_now
    ) on conflict do nothing;
    if not found then -- two spenders of one pool at once
        raise exception 'the key was used for another request' using errcode = 'QP001';
    end if;
    return p_transfers;
end $$;

-- One movement: the account's row once, the transfer once. The caller holds the row's lock.
create function points_post(
    p_account uuid, p_now timestamptz, p_effective timestamptz, p_code text, p_debit text, p_credit text, p_amount bigint,
    p_refers uuid default null, p_subject uuid default null, p_spender uuid default null, p_rule uuid default null,
    p_breakdown jsonb default null, p_due timestamptz default 'infinity'
) returns uuid language plpgsql as $$
declare
    account points_account;
    transfer uuid;
begin
    update points_account set
        pending = pending + case 'PENDING' when p_credit then p_amount when p_debit then -p_amount else 0 end,
        available = available + case 'AVAILABLE' when p_credit then p_amount when p_debit then -p_amount else 0 end,
        held = held + case 'HELD' when p_credit then p_amount when p_debit then -p_amount else 0 end,
        debt = debt - case 'DEBT' when p_credit then p_amount when p_debit then -p_amount else 0 end,
        sequence = sequence + 1,
        -- A clock that was set back, or two movements in one microsecond, do not change their order.
        posted_at = greatest(p_now, posted_at + interval '1 microsecond'),
        due_at = least(due_at, p_due)
    where id = p_account returning * into account;
    transfer := points_id(account.posted_at);
    insert into points_transfer (
        id, account_id, customer_id, sequence, at, effective_at, code, debit, credit, amount,
        pending_after, available_after, held_after, debt_after, refers_id, subject_id, spender_id, rule_id, breakdown
    ) values (
        transfer, p_account, account.customer_id, account.sequence, account.posted_at,
        coalesce(p_effective, account.posted_at), p_code, p_debit, p_credit, p_amount,
        account.pending, account.available, account.held, account.debt, p_refers, p_subject, p_spender, p_rule, p_breakdown
    );
    return transfer;
end $$;

-- A new lot, with the id of the transfer that brought it.
create function points_lot_of(
    p_transfer uuid, p_account points_account, p_amount bigint, p_active boolean, p_activates timestamptz,
    p_expires timestamptz, p_basis bigint
) returns void language plpgsql as $$
begin
    insert into points_lot (
        id, account_id, customer_id, amount, remaining, open, active, activates_at, expires_at,
        basis, returned, clawed, forgiven, expired
    ) values (
        p_transfer, p_account.id, p_account.customer_id, p_amount, p_amount, true, p_active, p_activates, p_expires,
        p_basis, 0, 0, 0, 0
    );
end $$;

-- Take points from the lots that expire first; the caller has settled, so none of them is due.
create function points_take(p_account uuid, p_origin uuid, p_amount bigint) returns void language plpgsql as $$
declare
    missing bigint := p_amount;
    taken bigint;
begin
    while missing > 0 loop
        with first as (
            -- Limited before it is summed: without a limit PostgreSQL sorted 13,000 lots for one spend.
            select id, remaining, expires_at from points_lot
            where account_id = p_account and open and active order by expires_at, id limit 8
        ), running as (
            select id, remaining, (sum(remaining) over (order by expires_at, id))::bigint - remaining as before from first
        ), used as (
            update points_lot as lot set remaining = lot.remaining - part.amount, open = lot.remaining > part.amount
            from (select id, least(remaining, missing - before) as amount from running where before < missing) as part
            where lot.id = part.id returning lot.id, part.amount
        ), noted as (
            insert into points_lot_use (transfer_id, origin_id, lot_id, amount)
            select p_origin, p_origin, id, amount from used returning amount
        )
        select sum(amount)::bigint into taken from noted;
        if taken is null then
            raise exception 'the lots of account % hold less than its balance', p_account using errcode = 'QP000';
        end if;
        missing := missing - taken;
    end loop;
end $$;

-- Post what has become due: activations, of which debt is paid first, then expiries, each dated to its instant.
-- The caller holds the locks of the accounts, taken by an earlier statement: this one sees what their last holders did.
create function points_settle(p_accounts uuid[], p_now timestamptz) returns void language plpgsql as $$
begin
    with due as materialized (
        select lot.id, lot.account_id, lot.remaining, lot.activates_at, account.debt,
            (sum(lot.remaining) over (partition by lot.account_id order by lot.activates_at, lot.id))::bigint
                - lot.remaining as before
        from points_lot as lot join points_account as account on account.id = lot.account_id
        where lot.account_id = any(p_accounts) and lot.open and not lot.active and lot.activates_at <= p_now
    ), paid as materialized (
        select id, account_id, activates_at, remaining, greatest(0, least(remaining, debt - before)) as recovered from due
    ), groups as (
        select account_id, activates_at as effective_at, 'ACTIVATE' as code, 'PENDING' as debit, 'AVAILABLE' as credit,
            sum(remaining)::bigint as amount from paid group by account_id, activates_at
        union all
        select account_id, activates_at, 'RECOVER', 'AVAILABLE', 'DEBT', sum(recovered)::bigint from paid
        group by account_id, activates_at having sum(recovered) > 0
    ), entries as (
        select *, row_number() over movements as place,
            (sum(case code when 'ACTIVATE' then amount else 0 end) over movements)::bigint as activated,
            (sum(case code when 'RECOVER' then amount else 0 end) over movements)::bigint as recovered
        from groups window movements as (partition by account_id order by effective_at, code)
    ), transfers as materialized (
        select entry.*, account.customer_id, account.sequence + entry.place as sequence,
            greatest(p_now, account.posted_at + interval '1 microsecond') + (entry.place - 1) * interval '1 microsecond' as at,
            account.pending - entry.activated as pending_after,
            account.available + entry.activated - entry.recovered as available_after,
            account.held as held_after, account.debt - entry.recovered as debt_after
        from entries as entry join points_account as account on account.id = entry.account_id
    ), posted as materialized (
        select points_id(at) as id, * from transfers
    ), written as (
        insert into points_transfer (
            id, account_id, customer_id, sequence, at, effective_at, code, debit, credit, amount,
            pending_after, available_after, held_after, debt_after
        ) select id, account_id, customer_id, sequence, at, effective_at, code, debit, credit, amount,
            pending_after, available_after, held_after, debt_after from posted
    ), lots as (
        update points_lot as lot set
            active = true, remaining = lot.remaining - paid.recovered, open = lot.remaining > paid.recovered
        from paid where lot.id = paid.id
    ), uses as (
        insert into points_lot_use (transfer_id, origin_id, lot_id, amount)
        select posted.id, posted.id, paid.id, paid.recovered from paid join posted
            on posted.account_id = paid.account_id and posted.effective_at = paid.activates_at and posted.code = 'RECOVER'
        where paid.recovered > 0
    )
    update points_account as account set
        pending = last.pending_after, available = last.available_after, debt = last.debt_after,
        sequence = last.sequence, posted_at = last.at
    from (select distinct on (account_id) * from posted order by account_id, place desc) as last
    where account.id = last.account_id;
    with due as materialized (
        select id, account_id, remaining, expires_at from points_lot
        where account_id = any(p_accounts) and open and active and expires_at <= p_now
    ), entries as (
        select account_id, expires_at, sum(remaining)::bigint as amount,
            row_number() over movements as place, (sum(sum(remaining)) over movements)::bigint as expired
        from due group by account_id, expires_at window movements as (partition by account_id order by expires_at)
    ), transfers as materialized (
        select entry.*, account.customer_id, account.sequence + entry.place as sequence,
            greatest(p_now, account.posted_at + interval '1 microsecond') + (entry.place - 1) * interval '1 microsecond' as at,
            account.pending, account.available - entry.expired as available, account.held, account.debt
        from entries as entry join points_account as account on account.id = entry.account_id
    ), posted as materialized (
        select points_id(at) as id, * from transfers
    ), written as (
        insert into points_transfer (
            id, account_id, customer_id, sequence, at, effective_at, code, debit, credit, amount,
            pending_after, available_after, held_after, debt_after
        ) select id, account_id, customer_id, sequence, at, expires_at, 'EXPIRE', 'AVAILABLE', 'EXPIRED', amount,
            pending, available, held, debt from posted
    ), lots as (
        update points_lot as lot set remaining = 0, open = false, expired = lot.expired + due.remaining
        from due where lot.id = due.id
    ), uses as (
        insert into points_lot_use (transfer_id, origin_id, lot_id, amount)
        select posted.id, posted.id, due.id, due.remaining
        from due join posted on posted.account_id = due.account_id and posted.expires_at = due.expires_at
    )
    update points_account as account set available = last.available, sequence = last.sequence, posted_at = last.at
    from (select distinct on (account_id) * from posted order by account_id, place desc) as last
    where account.id = last.account_id;
    update points_account as account set due_at = least(
        coalesce((select activates_at from points_lot where account_id = account.id and open and not active
            order by activates_at limit 1), 'infinity'),
        coalesce((select expires_at from points_lot where account_id = account.id and open and active
            order by expires_at limit 1), 'infinity'))
    where id = any(p_accounts);
end $$;

-- The account as it is when what is due has been settled.
create function points_settled(p_account points_account, p_now timestamptz) returns points_account language plpgsql as $$
declare
    account points_account := p_account;
begin
    if account.due_at <= p_now then
        perform points_settle(array[account.id], p_now);
        select * into account from points_account where id = p_account.id;
    end if;
    return account;
end $$;

-- Points that become available pay the member's debt first.
create function points_recover(p_account uuid, p_amount bigint, p_now timestamptz) returns void language plpgsql as $$
declare
    part bigint;
begin
    select least(debt, available, p_amount) into part from points_account where id = p_account;
    if part > 0 then
        perform points_take(p_account, points_post(p_account, p_now, null, 'RECOVER', 'AVAILABLE', 'DEBT', part), part);
    end if;
end $$;

-- Give points back to the lots that a spend or hold took them from, the last one first; what has expired since, expires now.
create function points_give_back(p_account uuid, p_origin uuid, p_transfer uuid, p_amount bigint, p_now timestamptz)
returns void language plpgsql as $$
declare
    missing bigint := p_amount;
    alive bigint := 0;
    part bigint;
    lapsed uuid;
    used record;
begin
    for used in
        select taken.lot_id, lot.expires_at, sum(taken.amount)::bigint as amount
        from points_lot_use as taken join points_lot as lot on lot.id = taken.lot_id
        where taken.origin_id = p_origin group by taken.lot_id, lot.expires_at having sum(taken.amount) > 0
        order by lot.expires_at desc, taken.lot_id desc
    loop
        exit when missing = 0;
        part := least(missing, used.amount);
        missing := missing - part;
        insert into points_lot_use (transfer_id, origin_id, lot_id, amount) values (p_transfer, p_origin, used.lot_id, -part);
        if used.expires_at > p_now then
            update points_lot set remaining = remaining + part, open = true where id = used.lot_id;
            update points_account set due_at = used.expires_at where id = p_account and due_at > used.expires_at;
            alive := alive + part;
        else
            lapsed := points_post(p_account, p_now, null, 'EXPIRE', 'AVAILABLE', 'EXPIRED', part, p_transfer);
            insert into points_lot_use (transfer_id, origin_id, lot_id, amount) values (lapsed, lapsed, used.lot_id, part);
            update points_lot set expired = expired + part where id = used.lot_id;
        end if;
    end loop;
    if missing > 0 then
        raise exception 'origin % has fewer points to give back', p_origin using errcode = 'QP000';
    end if;
    perform points_recover(p_account, alive, p_now);
end $$;

-- Move points from account to account; what arrives expires when it would have. The caller holds both locks, settled.
create function points_move(p_from points_account, p_to points_account, p_amount bigint, p_code text, p_now timestamptz)
returns uuid[] language plpgsql as $$
declare
    sent uuid := points_post(p_from.id, p_now, null, p_code, 'AVAILABLE', 'TRANSFERRED', p_amount, null, p_to.customer_id);
    came uuid;
    moved uuid[] := array[sent];
    part record;
begin
    perform points_take(p_from.id, sent, p_amount);
    for part in
        select lot.expires_at, sum(taken.amount)::bigint as amount
        from points_lot_use as taken join points_lot as lot on lot.id = taken.lot_id
        where taken.origin_id = sent group by lot.expires_at order by lot.expires_at
    loop
        came := points_post(p_to.id, p_now, null, p_code, 'TRANSFERRED', 'AVAILABLE', part.amount, sent, p_from.customer_id,
            p_due => part.expires_at);
        perform points_lot_of(came, p_to, part.amount, true, p_now, part.expires_at, part.amount);
        moved := moved || came;
    end loop;
    return moved;
end $$;

-- A stripe of a pool that has enough and that nobody holds; otherwise all of them, and what is missing comes together in one.
create function points_stripe(p_programme uuid, p_customer uuid, p_amount bigint, p_now timestamptz) returns points_account
language plpgsql as $$
declare
    chosen points_account;
    other points_account;
    together bigint;
begin
    select * into chosen from points_account
    where programme_id = p_programme and customer_id = p_customer and available >= p_amount and due_at > p_now
    order by (stripe + pg_backend_pid()) % 16 limit 1 for no key update skip locked;
    if found then
        return chosen;
    end if;
    perform 1 from points_account where programme_id = p_programme and customer_id = p_customer
    order by stripe for no key update;
    perform points_settle(array(
        select id from points_account where programme_id = p_programme and customer_id = p_customer and due_at <= p_now
    ), p_now);
    select sum(available)::bigint into together from points_account where programme_id = p_programme and customer_id = p_customer;
    if together is null or together < p_amount then
        raise exception 'not enough points available' using errcode = 'QP002';
    end if;
    select * into chosen from points_account where programme_id = p_programme and customer_id = p_customer
    order by available desc, stripe limit 1;
    for other in
        select * from points_account
        where programme_id = p_programme and customer_id = p_customer and id <> chosen.id and available > 0
        order by available desc, stripe
    loop
        exit when chosen.available >= p_amount;
        together := least(p_amount - chosen.available, other.available);
        perform points_move(other, chosen, together, 'REBALANCE', p_now);
        chosen.available := chosen.available + together;
    end loop;
    return chosen;
end $$;

-- Count an amount in a spender's local month; the row is the lock of what this spender does.
create function points_count_spender(
    p_programme uuid, p_customer uuid, p_spender uuid, p_amount bigint, p_now timestamptz
) returns void language plpgsql as $$
declare
    zone text;
    this_month date;
    counted bigint;
begin
    select time_zone into zone from points_programme where id = p_programme;
    this_month := date_trunc('month', p_now at time zone zone)::date;
    update points_spender set month = this_month, spent = case month when this_month then spent else 0 end + p_amount
    where programme_id = p_programme and customer_id = p_customer and person_id = p_spender
        and case month when this_month then spent else 0 end + p_amount <= month_max
    returning spent into counted;
    if counted is null then
        raise exception 'the cap of the month is reached' using errcode = 'QP008';
    end if;
end $$;

-- What comes back of what a spender spent leaves the count of the month in which it was spent, if that is the one counted.
create function points_discount_spender(p_programme uuid, p_spent points_transfer, p_amount bigint) returns void
language plpgsql as $$
declare
    zone text;
begin
    if p_spent.spender_id is not null then
        select time_zone into zone from points_programme where id = p_programme;
        update points_spender set spent = greatest(0, spent - p_amount)
        where programme_id = p_programme and customer_id = p_spent.customer_id and person_id = p_spent.spender_id
            and month = date_trunc('month', p_spent.at at time zone zone)::date;
    end if;
end $$;

-- Spend or hold.
create function points_use(
    p_code text, p_credit text, p_programme uuid, p_customer uuid, p_key text, p_fingerprint bytea, p_amount bigint,
    p_subject uuid, p_spender uuid
) returns uuid[] language plpgsql as $$
declare
    account points_account;
    answer uuid[];
    clock timestamptz;
    transfer uuid;
begin
    perform points_check_amount(p_amount);
    if p_spender is null then
        account := points_locked(p_programme, p_customer);
        if account.stripes > 1 then
            raise exception 'a pool needs a spender' using errcode = 'QP011';
        end if;
    else
        perform points_guard(p_customer);
        perform 1 from points_spender
        where programme_id = p_programme and customer_id = p_customer and person_id = p_spender for no key update;
        if not found then
            raise exception 'nobody who may spend from this pool' using errcode = 'QP011';
        end if;
    end if;
    -- A company's people spend in nobody's name but their own.
    if p_spender is not null and session_user = 'quadrant_app'
        and current_setting('q.audience', true) not in ('staff', 'system')
        and nullif(current_setting('q.person', true), '')::uuid is distinct from p_spender then
        raise exception 'nobody who may spend from this pool' using errcode = 'QP011';
    end if;
    answer := points_replayed(p_programme, p_customer, p_key, p_fingerprint);
    if answer is not null then
        return answer;
    end if;
    clock := points_now();
    if p_spender is not null then
        perform points_count_spender(p_programme, p_customer, p_spender, p_amount, clock);
        account := points_stripe(p_programme, p_customer, p_amount, clock);
    elsif account.due_at <= clock then
        account := points_settled(account, clock);
    end if;
    if account.id is null or account.available < p_amount then
        raise exception 'not enough points available' using errcode = 'QP002';
    end if;
    transfer := points_post(account.id, clock, null, p_code, 'AVAILABLE', p_credit, p_amount, null, p_subject, p_spender);
    perform points_take(account.id, transfer, p_amount);
    return points_answered(p_programme, p_customer, p_key, p_fingerprint, array[transfer], clock);
end $$;

-- Capture or release what a hold has left, or a part of it.
create function points_end_hold(
    p_code text, p_credit text, p_programme uuid, p_customer uuid, p_key text, p_fingerprint bytea, p_hold uuid,
    p_amount bigint, p_subject uuid
) returns uuid[] language plpgsql as $$
declare
    hold points_transfer;
    account points_account;
    answer uuid[];
    clock timestamptz;
    amount bigint;
    left_over bigint;
    transfer uuid;
begin
    select * into hold from points_transfer as t where t.id = p_hold and t.customer_id = p_customer and t.code = 'HOLD';
    if not found then
        raise exception 'no such hold' using errcode = 'QP003';
    end if;
    account := points_locked_again(hold.account_id, p_programme, p_customer, hold.spender_id);
    answer := points_replayed(p_programme, p_customer, p_key, p_fingerprint);
    if answer is not null then
        return answer;
    end if;
    clock := points_now();
    account := points_settled(account, clock);
    select hold.amount - coalesce(sum(t.amount), 0)::bigint into left_over from points_transfer as t
    where t.refers_id = p_hold and t.id > p_hold and t.code in ('CAPTURE', 'RELEASE');
    amount := coalesce(p_amount, left_over);
    if amount > left_over or left_over = 0 then
        raise exception 'the hold has less left' using errcode = 'QP005';
    end if;
    perform points_check_amount(amount);
    transfer := points_post(account.id, clock, null, p_code, 'HELD', p_credit, amount, p_hold,
        coalesce(p_subject, hold.subject_id), hold.spender_id);
    if p_code = 'RELEASE' then
        perform points_give_back(account.id, p_hold, transfer, amount, clock);
        perform points_discount_spender(p_programme, hold, amount);
    end if;
    return points_answered(p_programme, p_customer, p_key, p_fingerprint, array[transfer], clock);
end $$;

-- ------------------------------------------------------------------------------------------------------------------
-- What the application may execute.

create function points_earn(
    p_programme uuid, p_customer uuid, p_key text, p_fingerprint bytea, p_amount bigint, p_basis bigint default null,
    p_subject uuid default null, p_rule uuid default null, p_breakdown jsonb default null, p_earned_at timestamptz default null
) returns uuid[] language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    account points_account;
    settings points_programme;
    answer uuid[];
    clock timestamptz;
    activates timestamptz;
    transfer uuid;
begin
    perform points_check_amount(p_amount);
    perform points_check_amount(coalesce(p_basis, 1));
    account := points_opened(p_programme, p_customer);
    answer := points_replayed(p_programme, p_customer, p_key, p_fingerprint);
    if answer is not null then
        return answer;
    end if;
    clock := points_now();
    if p_earned_at > clock then
        raise exception 'an instant that has not come' using errcode = 'QP010';
    end if;
    if account.stripes > 1 then
        select * into account from points_account where programme_id = p_programme and customer_id = p_customer
        order by available + pending, stripe limit 1 for no key update;
    end if;
    select * into settings from points_programme where id = p_programme;
    activates := points_activation(coalesce(p_earned_at, clock), settings.time_zone, settings.activation_days);
    transfer := points_post(account.id, clock, p_earned_at, 'EARN', 'ISSUED', 'PENDING', p_amount, null, p_subject, null,
        p_rule, p_breakdown, activates);
    perform points_lot_of(transfer, account, p_amount, false, activates,
        points_expiry(activates, settings.time_zone, settings.lot_months), coalesce(p_basis, p_amount));
    return points_answered(p_programme, p_customer, p_key, p_fingerprint, array[transfer], clock);
end $$;

create function points_spend(
    p_programme uuid, p_customer uuid, p_key text, p_fingerprint bytea, p_amount bigint, p_subject uuid default null,
    p_spender uuid default null
) returns uuid[] language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    return points_use('SPEND', 'REDEEMED', p_programme, p_customer, p_key, p_fingerprint, p_amount, p_subject, p_spender);
end $$;

create function points_hold(
    p_programme uuid, p_customer uuid, p_key text, p_fingerprint bytea, p_amount bigint, p_subject uuid default null,
    p_spender uuid default null
) returns uuid[] language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    return points_use('HOLD', 'HELD', p_programme, p_customer, p_key, p_fingerprint, p_amount, p_subject, p_spender);
end $$;

create function points_capture(
    p_programme uuid, p_customer uuid, p_key text, p_fingerprint bytea, p_hold uuid, p_amount bigint default null,
    p_subject uuid default null
) returns uuid[] language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    return points_end_hold('CAPTURE', 'REDEEMED', p_programme, p_customer, p_key, p_fingerprint, p_hold, p_amount, p_subject);
end $$;

create function points_release(
    p_programme uuid, p_customer uuid, p_key text, p_fingerprint bytea, p_hold uuid, p_amount bigint default null
) returns uuid[] language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    return points_end_hold('RELEASE', 'AVAILABLE', p_programme, p_customer, p_key, p_fingerprint, p_hold, p_amount, null);
end $$;

-- A spend or capture is cancelled, whole or in part: its lots get their points back and keep their expiry.
create function points_restore(
    p_programme uuid, p_customer uuid, p_key text, p_fingerprint bytea, p_spend uuid, p_amount bigint default null,
    p_subject uuid default null
) returns uuid[] language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    spent points_transfer;
    account points_account;
    answer uuid[];
    clock timestamptz;
    amount bigint;
    left_over bigint;
    transfer uuid;
begin
    select * into spent from points_transfer as t
    where t.id = p_spend and t.customer_id = p_customer and t.code in ('SPEND', 'CAPTURE');
    if not found then
        raise exception 'no such spend' using errcode = 'QP003';
    end if;
    account := points_locked_again(spent.account_id, p_programme, p_customer, spent.spender_id);
    answer := points_replayed(p_programme, p_customer, p_key, p_fingerprint);
    if answer is not null then
        return answer;
    end if;
    clock := points_now();
    account := points_settled(account, clock);
    select spent.amount - coalesce(sum(t.amount), 0)::bigint into left_over from points_transfer as t
    where t.refers_id = p_spend and t.id > p_spend and t.code = 'RESTORE';
    amount := coalesce(p_amount, left_over);
    if amount > left_over or left_over = 0 then
        raise exception 'more is given back than was spent' using errcode = 'QP006';
    end if;
    perform points_check_amount(amount);
    transfer := points_post(account.id, clock, null, 'RESTORE', 'REDEEMED', 'AVAILABLE', amount, p_spend,
        coalesce(p_subject, spent.subject_id), spent.spender_id);
    perform points_give_back(account.id, case spent.code when 'CAPTURE' then spent.refers_id else spent.id end,
        transfer, amount, clock);
    perform points_discount_spender(p_programme, spent, amount);
    return points_answered(p_programme, p_customer, p_key, p_fingerprint, array[transfer], clock);
end $$;

-- A part of what points were earned on is taken back. By the cumulative floor all parts together ask back exactly all points.
create function points_claw_back(
    p_programme uuid, p_customer uuid, p_key text, p_fingerprint bytea, p_earning uuid, p_part bigint,
    p_subject uuid default null
) returns uuid[] language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    earned points_transfer;
    lot points_lot;
    account points_account;
    answer uuid[];
    clock timestamptz;
    target bigint;
    from_lot bigint;
    lapsed bigint;
    owed bigint;
    transfer uuid;
    transfers uuid[] := '{}';
begin
    perform points_check_amount(p_part);
    select * into earned from points_transfer as t where t.id = p_earning and t.customer_id = p_customer and t.code = 'EARN';
    if not found then
        raise exception 'no such earning' using errcode = 'QP003';
    end if;
    account := points_locked_again(earned.account_id, p_programme, p_customer, null);
    answer := points_replayed(p_programme, p_customer, p_key, p_fingerprint);
    if answer is not null then
        return answer;
    end if;
    clock := points_now();
    account := points_settled(account, clock);
    select * into lot from points_lot where id = p_earning;
    if lot.returned + p_part > lot.basis then
        raise exception 'more is taken back than was earned on' using errcode = 'QP006';
    end if;
    target := floor(lot.amount::numeric * (lot.returned + p_part) / lot.basis)::bigint;
    from_lot := least(target - lot.clawed, lot.remaining);
    lapsed := least(target - lot.clawed - from_lot, lot.expired - lot.forgiven);
    owed := target - lot.clawed - from_lot - lapsed;
    if from_lot > 0 then
        transfer := points_post(account.id, clock, null, 'CLAW_BACK', case when lot.active then 'AVAILABLE' else 'PENDING' end,
            'ISSUED', from_lot, p_earning, coalesce(p_subject, earned.subject_id));
        insert into points_lot_use (transfer_id, origin_id, lot_id, amount) values (transfer, transfer, lot.id, from_lot);
        transfers := transfers || transfer;
    end if;
    if owed > 0 then
        transfers := transfers || points_post(account.id, clock, null, 'CLAW_BACK', 'DEBT', 'ISSUED', owed, p_earning,
            coalesce(p_subject, earned.subject_id));
    end if;
    update points_lot set
        remaining = remaining - from_lot, open = remaining > from_lot, returned = returned + p_part, clawed = target,
        forgiven = forgiven + lapsed
    where id = p_earning;
    return points_answered(p_programme, p_customer, p_key, p_fingerprint, transfers, clock);
end $$;

-- From member to member, within the programme's limits for one transfer and for the sender's local month.
create function points_send(
    p_programme uuid, p_customer uuid, p_key text, p_fingerprint bytea, p_to uuid, p_amount bigint
) returns uuid[] language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    sender points_account;
    receiver points_account;
    settings points_programme;
    answer uuid[];
    clock timestamptz;
    sent bigint;
    moved uuid[];
begin
    perform points_guard(p_customer);
    perform points_check_amount(p_amount);
    perform 1 from points_account
    where programme_id = p_programme and customer_id in (p_customer, p_to) and stripe = 0 order by id for no key update;
    answer := points_replayed(p_programme, p_customer, p_key, p_fingerprint);
    if answer is not null then
        return answer;
    end if;
    select * into sender from points_account
    where programme_id = p_programme and customer_id = p_customer and stripe = 0 and stripes = 1;
    select * into receiver from points_account
    where programme_id = p_programme and customer_id = p_to and stripe = 0 and stripes = 1;
    if sender.id is null or receiver.id is null or p_to = p_customer then
        raise exception 'no such member' using errcode = 'QP003';
    end if;
    clock := points_now();
    select * into settings from points_programme where id = p_programme;
    select coalesce(sum(amount), 0)::bigint into sent from points_transfer as t
    where t.account_id = sender.id and t.code = 'TRANSFER' and t.debit = 'AVAILABLE'
        and t.id >= points_floor(date_trunc('month', clock at time zone settings.time_zone) at time zone settings.time_zone);
    if p_amount < settings.transfer_min or p_amount > settings.transfer_max
        or sent + p_amount > settings.transfer_month_max then
        raise exception 'outside the limits of transfers' using errcode = 'QP007';
    end if;
    sender := points_settled(sender, clock);
    receiver := points_settled(receiver, clock);
    if sender.available < p_amount then
        raise exception 'not enough points available' using errcode = 'QP002';
    end if;
    moved := points_move(sender, receiver, p_amount, 'TRANSFER', clock);
    perform points_recover(receiver.id, p_amount, clock);
    return points_answered(p_programme, p_customer, p_key, p_fingerprint, moved, clock);
end $$;

create function points_propose_adjustment(
    p_id uuid, p_programme uuid, p_customer uuid, p_approval uuid, p_amount bigint, p_reason text
) returns void language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    perform points_guard_house();
    perform points_check_amount(abs(p_amount));
    insert into points_adjustment (id, programme_id, customer_id, approval_id, amount, reason, proposed_at)
    values (p_id, p_programme, p_customer, p_approval, p_amount, p_reason, points_now());
end $$;

-- Posts a proposal whose own request for approval was approved; a second time it answers as the first.
create function points_adjust(p_adjustment uuid) returns uuid[]
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    proposal points_adjustment;
    account points_account;
    settings points_programme;
    answer uuid[];
    clock timestamptz;
    expires timestamptz;
    transfer uuid;
    key text := 'adjustment ' || p_adjustment;
begin
    perform points_guard_house();
    select * into proposal from points_adjustment where id = p_adjustment;
    perform 1 from approval_request where id = proposal.approval_id and subject_kind = 'points-adjustment'
        and subject_id = p_adjustment and status = 'APPROVED';
    if not found then
        raise exception 'no approval of exactly this adjustment' using errcode = 'QP009';
    end if;
    account := points_opened(proposal.programme_id, proposal.customer_id);
    answer := points_replayed(proposal.programme_id, proposal.customer_id, key, uuid_send(p_adjustment));
    if answer is not null then
        return answer;
    end if;
    clock := points_now();
    account := points_settled(account, clock);
    if proposal.amount > 0 then
        select * into settings from points_programme where id = proposal.programme_id;
        expires := points_expiry(clock, settings.time_zone, settings.lot_months);
        transfer := points_post(account.id, clock, null, 'ADJUST', 'ISSUED', 'AVAILABLE', proposal.amount, null, p_adjustment,
            p_due => expires);
        perform points_lot_of(transfer, account, proposal.amount, true, clock, expires, proposal.amount);
        perform points_recover(account.id, proposal.amount, clock);
    elsif account.available < -proposal.amount then
        raise exception 'not enough points available' using errcode = 'QP002';
    else
        transfer := points_post(account.id, clock, null, 'ADJUST', 'AVAILABLE', 'ISSUED', -proposal.amount, null, p_adjustment);
        perform points_take(account.id, transfer, -proposal.amount);
    end if;
    return points_answered(proposal.programme_id, proposal.customer_id, key, uuid_send(p_adjustment), array[transfer], clock);
end $$;

-- Settles up to so many accounts that have something due and that nobody holds; answers how many it did.
create function points_settle_due(p_accounts int default 500) returns bigint
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    due uuid[];
begin
    perform points_guard_house();
    -- Locked by one statement, read by the next: two workers that did both in one expired lots twice.
    select array_agg(id) into due from (
        select id from points_account where due_at <= points_now() order by due_at limit p_accounts
        for no key update skip locked
    ) as locked;
    if due is null then
        return 0;
    end if;
    perform points_settle(due, points_now());
    return cardinality(due);
end $$;

create function points_set_programme(
    p_id uuid, p_version bigint, p_code text, p_name text, p_name_en text, p_time_zone text, p_activation_days bigint,
    p_lot_months bigint, p_rounding text, p_transfer_min bigint, p_transfer_max bigint, p_transfer_month_max bigint
) returns bigint language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    now_version bigint;
begin
    perform points_guard_house();
    begin
        perform points_now() at time zone p_time_zone;
    exception when invalid_parameter_value then
        raise exception 'no such time zone' using errcode = 'QP004';
    end;
    insert into points_programme as programme (
        id, code, name, name_en, time_zone, activation_days, lot_months, rounding, transfer_min, transfer_max,
        transfer_month_max, version, updated_at
    ) values (
        p_id, p_code, p_name, p_name_en, p_time_zone, p_activation_days, p_lot_months, p_rounding, p_transfer_min,
        p_transfer_max, p_transfer_month_max, 1, points_now()
    ) on conflict (id) do update set
        code = excluded.code, name = excluded.name, name_en = excluded.name_en, time_zone = excluded.time_zone,
        activation_days = excluded.activation_days, lot_months = excluded.lot_months, rounding = excluded.rounding,
        transfer_min = excluded.transfer_min, transfer_max = excluded.transfer_max,
        transfer_month_max = excluded.transfer_month_max, version = programme.version + 1, updated_at = excluded.updated_at
    where programme.version = p_version
    returning version into now_version;
    return now_version;
end $$;

-- A company's pool: its stripes. What the company had in one row before stays in the first.
create function points_open_pool(p_programme uuid, p_customer uuid) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    account points_account;
begin
    perform points_guard_house();
    account := points_opened(p_programme, p_customer);
    update points_account set stripes = 16 where id = account.id;
    insert into points_account
    (id, programme_id, customer_id, stripe, stripes, pending, available, held, debt, sequence, posted_at, due_at)
    select points_id(points_now()), p_programme, p_customer, number, 16, 0, 0, 0, 0, 0, '-infinity', 'infinity'
    from generate_series(1, 15) as number on conflict do nothing;
end $$;

-- Who may spend from a pool and how much a local month; a cap of 0 ends it.
create function points_set_spender(p_programme uuid, p_customer uuid, p_person uuid, p_month_max bigint) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    perform points_guard(p_customer);
    insert into points_spender (id, programme_id, customer_id, person_id, month_max, month, spent)
    values (points_id(points_now()), p_programme, p_customer, p_person, p_month_max, '-infinity', 0)
    on conflict (programme_id, customer_id, person_id) do update set month_max = excluded.month_max;
exception when foreign_key_violation then
    raise exception 'no such programme, company or person' using errcode = 'QP003';
end $$;

-- Partitions of transfers for this month and so many more; months that have begun in the rest stay there.
create function points_make_partitions(p_months int default 3) returns int
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set lock_timeout = '5s' as $$
declare
    made int := 0;
    begins timestamptz;
    name text;
begin
    for number in 0..least(p_months, 120) loop
        begins := (date_trunc('month', points_now() at time zone 'UTC') + make_interval(months => number)) at time zone 'UTC';
        name := 'points_transfer_' || to_char(begins at time zone 'UTC', 'YYYY_MM');
        continue when to_regclass('public.' || name) is not null or exists (
            select 1 from points_transfer
            where id >= points_floor(begins) and id < points_floor((begins at time zone 'UTC' + interval '1 month') at time zone 'UTC'));
        -- Made beside and then attached: readers and writers of the others go on meanwhile.
        execute format('create table public.%I (like points_transfer including constraints)', name);
        perform points_guard_partition(name);
        execute format('alter table points_transfer attach partition public.%I for values from (%L) to (%L)', name,
            points_floor(begins), points_floor((begins at time zone 'UTC' + interval '1 month') at time zone 'UTC'));
        made := made + 1;
    end loop;
    return made;
end $$;

-- A partition is entered through its parent alone: its own row security lets nobody in, its owner neither.
create function points_guard_partition(p_name text) returns void language plpgsql as $$
begin
    execute format('alter table public.%I enable row level security', p_name);
    execute format('alter table public.%I force row level security', p_name);
    execute format('create trigger append_only before update or delete or truncate on public.%I
        for each statement execute function points_append_only()', p_name);
end $$;

create function points_append_only() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'QP000';
end $$;

-- A programme's points at the end of a local day, once everything due by then is settled; null before that.
create function points_take_snapshot(p_programme uuid, p_day date) returns uuid
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    ends timestamptz;
    clock timestamptz := points_now();
    snapshot uuid;
begin
    perform points_guard_house();
    select points_day_end(p_day, time_zone) into ends from points_programme where id = p_programme;
    if ends is null or ends > clock
        or exists (select 1 from points_account where programme_id = p_programme and due_at < ends) then
        return null;
    end if;
    insert into points_snapshot (id, programme_id, day, ends_at, taken_at, pending, available, held, debt)
    select points_id(clock), p_programme, p_day, ends, clock, totals.* from points_totals(p_programme, ends, clock) as totals
    on conflict (programme_id, day) do nothing returning id into snapshot;
    return snapshot;
end $$;

-- ------------------------------------------------------------------------------------------------------------------
-- Reads, with the rights of who asks.

-- A programme's points just before an instant, as far as they were posted by another one.
create function points_totals(p_programme uuid, p_before timestamptz, p_posted timestamptz)
returns table (pending bigint, available bigint, held bigint, debt bigint) language sql stable as $$
    select
        coalesce(sum(case 'PENDING' when t.credit then t.amount when t.debit then -t.amount else 0 end), 0)::bigint,
        coalesce(sum(case 'AVAILABLE' when t.credit then t.amount when t.debit then -t.amount else 0 end), 0)::bigint,
        coalesce(sum(case 'HELD' when t.credit then t.amount when t.debit then -t.amount else 0 end), 0)::bigint,
        coalesce(-sum(case 'DEBT' when t.credit then t.amount when t.debit then -t.amount else 0 end), 0)::bigint
    from points_transfer as t join points_account as account on account.id = t.account_id
    where account.programme_id = p_programme and t.effective_at < p_before and t.at <= p_posted
$$;

-- What settling an account at an instant would change: lots due by then and not yet posted.
create function points_unsettled(p_account uuid, p_debt bigint, p_at timestamptz)
returns table (pending bigint, available bigint, debt bigint) language sql stable as $$
    with due as (
        select remaining, expires_at,
            (sum(remaining) over (order by activates_at, id))::bigint - remaining as before
        from points_lot where account_id = p_account and open and not active and activates_at <= p_at
    ), paid as (
        select remaining, expires_at, greatest(0, least(remaining, p_debt - before)) as recovered from due
    )
    select
        -coalesce(sum(remaining), 0)::bigint,
        coalesce(sum(remaining - recovered) filter (where expires_at > p_at), 0)::bigint - (
            select coalesce(sum(remaining), 0)::bigint from points_lot
            where account_id = p_account and open and active and expires_at <= p_at),
        -coalesce(sum(recovered), 0)::bigint
    from paid
$$;

-- A member's points now. What is due counts as settled, whether a job has come by or not.
create function points_balance(p_programme uuid, p_customer uuid)
returns table (pending bigint, available bigint, held bigint, debt bigint) language sql stable as $$
    select coalesce(sum(account.pending + coalesce(change.pending, 0)), 0)::bigint,
        coalesce(sum(account.available + coalesce(change.available, 0)), 0)::bigint,
        coalesce(sum(account.held), 0)::bigint, coalesce(sum(account.debt + coalesce(change.debt, 0)), 0)::bigint
    from points_account as account
    left join lateral points_unsettled(account.id, account.debt, points_now()) as change on account.due_at <= points_now()
    where account.programme_id = p_programme and account.customer_id = p_customer
$$;

-- A member's points at an instant that has come: the balance after the last transfer posted by then, with what was
-- posted later and dated earlier, and with what was due by then and is not posted yet.
create function points_balance_at(p_programme uuid, p_customer uuid, p_at timestamptz)
returns table (pending bigint, available bigint, held bigint, debt bigint) language sql stable as $$
    select coalesce(sum(posted.pending + late.pending + change.pending), 0)::bigint,
        coalesce(sum(posted.available + late.available + change.available), 0)::bigint,
        coalesce(sum(posted.held), 0)::bigint, coalesce(sum(posted.debt + late.debt + change.debt), 0)::bigint
    from points_account as account
    cross join lateral (
        select coalesce(max(last.pending_after), 0) as pending, coalesce(max(last.available_after), 0) as available,
            coalesce(max(last.held_after), 0) as held, coalesce(max(last.debt_after), 0) as debt
        from (
            select * from points_transfer as t
            where t.account_id = account.id and t.id < points_floor(p_at + interval '1 microsecond')
            order by t.id desc limit 1
        ) as last
    ) as posted
    cross join lateral (
        select
            coalesce(sum(case 'PENDING' when t.credit then t.amount when t.debit then -t.amount else 0 end), 0)::bigint as pending,
            coalesce(sum(case 'AVAILABLE' when t.credit then t.amount when t.debit then -t.amount else 0 end), 0)::bigint as available,
            coalesce(-sum(case 'DEBT' when t.credit then t.amount when t.debit then -t.amount else 0 end), 0)::bigint as debt
        from points_transfer as t
        where t.account_id = account.id and t.effective_at <= p_at and t.effective_at < t.at and t.at > p_at
    ) as late
    cross join lateral points_unsettled(account.id, (posted.debt + late.debt)::bigint, p_at) as change
    where account.programme_id = p_programme and account.customer_id = p_customer
$$;
