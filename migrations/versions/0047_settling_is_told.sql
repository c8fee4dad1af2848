-- Frozen. A statement ends with ';' before an empty line.

set local lock_timeout = '5s';

-- The notice names the customer, so that nobody else is woken.
create or replace function points_told(p_transfers uuid[]) returns uuid[]
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
declare
    audience text := current_setting('q.audience', true);
    clearance text := current_setting('q.clearance', true);
    told uuid;
    whose uuid;
begin
    -- A transfer to another member is told to that member too, for whom the viewer may write nothing.
    perform set_config('q.audience', 'system', true), set_config('q.clearance', '0', true);
    for told, whose in
        insert into outbox_event (id, kind, subject_id, customer_id, payload, at)
        select t.id, 'points.moved', t.id, t.customer_id, jsonb_build_object('code', t.code, 'amount', t.amount), t.at
        from points_transfer as t where t.id = any(p_transfers)
        on conflict (id) do nothing returning id, customer_id
    loop
        perform pg_notify('outbox', 'points.moved:' || told || ':' || whose);
    end loop;
    perform set_config('q.audience', coalesce(audience, ''), true), set_config('q.clearance', coalesce(clearance, ''), true);
    return p_transfers;
end $$;

-- What is settled is told too, by whom it may be settled: a movement, or the job.
create or replace function points_settle(p_accounts uuid[], p_now timestamptz) returns void language plpgsql as $$
declare
    whose uuid[];
    sequences bigint[];
    since uuid := points_id(p_now - interval '1 second');
begin
    select array_agg(id), array_agg(sequence) into whose, sequences from points_account where id = any(p_accounts);
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
    -- What was due long ago is an imported history's: nobody waits to hear of it.
    perform points_told(array(
        select transfer.id from unnest(whose, sequences) as was(id, sequence)
        join points_transfer as transfer on transfer.account_id = was.id
        where transfer.id >= since and transfer.sequence > was.sequence
            and transfer.effective_at > p_now - interval '31 days'
    ));
end $$;
