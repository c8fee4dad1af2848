-- Frozen. A statement ends with ';' before an empty line.

-- A programme's points as they stood at an instant: one row for each tier, month of earning and month of expiry, and one for each
-- tier whose members owe points, of no month. Both months are local ones, by their first day; a lot that ends as a month ends
-- expires in that month. Points on hold are those of a hold's lots that expire last: a release gives those back.
create function points_standing(p_programme uuid, p_at timestamptz)
returns table (tier_id uuid, earned_month date, expiry_month date, pending bigint, available bigint, held bigint, debt bigint,
    issued bigint, redeemed bigint, expired bigint) language sql stable as $$
    with recursive programme as (
        select id, time_zone from points_programme where id = p_programme
    ), lots as materialized (
        select lot.id, lot.account_id, lot.customer_id, lot.amount, lot.activates_at, lot.expires_at,
            lot.open and not lot.active and lot.activates_at <= p_at as unsettled,
            brought.effective_at as came_at, brought.debit = 'TRANSFERRED' as moved, brought.refers_id
        from points_lot as lot
        join points_account as account on account.id = lot.account_id and account.programme_id = p_programme
        join points_transfer as brought on brought.id = lot.id and brought.effective_at <= p_at
    ), uses as materialized (
        select used.lot_id, used.origin_id, t.code, sum(used.amount)::bigint as amount
        from points_lot_use as used join lots as lot on lot.id = used.lot_id
        join points_transfer as t on t.id = used.transfer_id and t.effective_at <= p_at
        group by used.lot_id, used.origin_id, t.code
    ), taken as materialized (
        select lot_id, sum(amount)::bigint as amount,
            coalesce(sum(amount) filter (where code = 'EXPIRE'), 0)::bigint as expired,
            coalesce(sum(amount) filter (where code in ('SPEND', 'HOLD', 'RELEASE', 'RESTORE')), 0)::bigint as used,
            coalesce(sum(amount) filter (where code in ('TRANSFER', 'REBALANCE')), 0)::bigint as moved
        from uses group by lot_id
    ), open_holds as materialized (
        select hold.id, hold.amount - coalesce(sum(ended.amount), 0)::bigint as left_over
        from points_transfer as hold
        left join points_transfer as ended
            on ended.refers_id = hold.id and ended.code in ('CAPTURE', 'RELEASE') and ended.effective_at <= p_at
        where hold.code = 'HOLD' and hold.effective_at <= p_at
        group by hold.id, hold.amount having hold.amount > coalesce(sum(ended.amount), 0)
    ), held_parts as (
        select hold.id, hold.left_over, lot.id as lot_id, lot.expires_at, sum(uses.amount)::bigint as amount
        from open_holds as hold join uses on uses.origin_id = hold.id join lots as lot on lot.id = uses.lot_id
        group by hold.id, hold.left_over, lot.id, lot.expires_at
    ), held as materialized (
        select lot_id, sum(greatest(0, least(amount, left_over - before)))::bigint as amount from (
            select *, (sum(amount) over (partition by id order by expires_at desc, lot_id desc))::bigint - amount as before
            from held_parts
        ) as running group by lot_id
    ), debts as materialized (
        select t.account_id, sum(case 'DEBT' when t.debit then t.amount else -t.amount end)::bigint as debt
        from points_transfer as t join points_account as account on account.id = t.account_id
        where account.programme_id = p_programme and t.effective_at <= p_at and 'DEBT' in (t.debit, t.credit)
        group by t.account_id
    ), recovered as materialized (
        select id, greatest(0, least(remaining, debt - before)) as amount from (
            select lot.id, lot.amount - coalesce(taken.amount, 0) as remaining, debts.debt,
                (sum(lot.amount - coalesce(taken.amount, 0)) over (
                    partition by lot.account_id order by lot.activates_at, lot.id
                ))::bigint - (lot.amount - coalesce(taken.amount, 0)) as before
            from lots as lot join debts on debts.account_id = lot.account_id left join taken on taken.lot_id = lot.id
            where lot.unsettled
        ) as waiting
    ), origins (lot_id, from_id) as (
        select lot.id, used.lot_id from lots as lot
        join points_lot_use as used on used.origin_id = lot.refers_id
        join points_lot as source on source.id = used.lot_id and source.expires_at = lot.expires_at
        where lot.moved
        union
        select origin.lot_id, used.lot_id from origins as origin
        join lots as lot on lot.id = origin.from_id and lot.moved
        join points_lot_use as used on used.origin_id = lot.refers_id
        join points_lot as source on source.id = used.lot_id and source.expires_at = lot.expires_at
    ), earned as materialized (
        select origin.lot_id, min(lot.came_at) as at
        from origins as origin join lots as lot on lot.id = origin.from_id and not lot.moved group by origin.lot_id
    ), members as materialized (
        select customer_id, case
            when not exists (select 1 from tier_scheme where programme_id = p_programme) then null
            when last.valid_until > p_at then last.tier_id
            else points_tier(p_programme, customer_id, p_at) end as tier_id
        from (select distinct customer_id from points_account where programme_id = p_programme) as each
        left join lateral (
            select tier_id, valid_until from tier_membership as kept
            where kept.programme_id = p_programme and kept.customer_id = each.customer_id and kept.valid_from <= p_at
            order by kept.valid_from desc limit 1
        ) as last on true
    ), stood as (
        select member.tier_id, lot.expires_at, coalesce(earned.at, lot.came_at) as earned_at,
            lot.activates_at <= p_at as active, lot.expires_at <= p_at as gone,
            lot.amount - coalesce(taken.amount, 0) - coalesce(recovered.amount, 0) as remaining,
            coalesce(held.amount, 0) as held, coalesce(taken.used, 0) - coalesce(held.amount, 0) as redeemed,
            coalesce(taken.expired, 0) as expired, lot.amount - coalesce(taken.moved, 0) as issued
        from lots as lot join members as member on member.customer_id = lot.customer_id
        left join taken on taken.lot_id = lot.id left join held on held.lot_id = lot.id
        left join recovered on recovered.id = lot.id left join earned on earned.lot_id = lot.id
    )
    select tier_id, date_trunc('month', stood.earned_at at time zone programme.time_zone)::date as earned_month,
        case when stood.expires_at < 'infinity' then date_trunc(
            'month', (stood.expires_at - interval '1 microsecond') at time zone programme.time_zone)::date end as expiry_month,
        sum(case when active then 0 else remaining end)::bigint as pending,
        sum(case when active and not gone then remaining else 0 end)::bigint as available,
        sum(held)::bigint as held, 0::bigint as debt, sum(issued)::bigint as issued, sum(redeemed)::bigint as redeemed,
        sum(expired + case when gone then remaining else 0 end)::bigint as expired
    from stood cross join programme group by 1, 2, 3
    union all
    select member.tier_id, null, null, 0, 0, 0, sum(debts.debt - coalesce(paid.amount, 0))::bigint, 0, 0, 0
    from debts join points_account as account on account.id = debts.account_id
    join members as member on member.customer_id = account.customer_id
    left join (
        select lot.account_id, sum(recovered.amount)::bigint as amount
        from recovered join lots as lot on lot.id = recovered.id group by lot.account_id
    ) as paid on paid.account_id = debts.account_id
    group by member.tier_id
$$;

revoke execute on function points_standing from public;

grant execute on function points_standing to quadrant_app;

-- The instant of which a report on a local day tells: the end of that day, or now while it lasts and where no day is given.
-- Nothing for a programme that is not. A day that has not begun is refused; p_place is where it stands in what was asked.
create function points_liability_instant(p_programme uuid, p_on date, p_now timestamptz, p_place text[])
returns timestamptz language plpgsql stable set search_path = pg_catalog, public, pg_temp as $$
declare
    zone text := (select time_zone from points_programme where id = p_programme);
begin
    if p_on > (p_now at time zone zone)::date then
        raise 'a day that has not begun'
            using errcode = 'QI001', detail = json_build_object('code', 'IN_FUTURE', 'path', p_place);
    end if;
    if zone is null or p_on is null then
        return case when zone is not null then p_now end;
    end if;
    return least(p_now, (p_on + interval '1 day') at time zone zone - interval '1 microsecond');
end $$;

-- What was owed at an instant: the whole, and the same by tier, by month of earning and by month of expiry (both by their first
-- day; none for what never expires). Money is what points were worth then, rounded down to the minor unit; that of parts is the
-- difference of rounded running sums, so that they add up to the whole. No rows for a programme that is not, or no instant.
create function points_liability(p_programme uuid, p_at timestamptz)
returns table (part text, number bigint, tier_id uuid, month date, pending bigint, available bigint, held bigint, debt bigint,
    issued bigint, redeemed bigint, expired bigint, owed_amount bigint, broken_amount bigint, worth_points bigint,
    worth_amount bigint, currency text) language sql stable as $$
    with worth as materialized (
        select * from points_worth where programme_id = p_programme and since <= p_at order by since desc, version desc limit 1
    ), standing as materialized (
        select tier.rank, stood.* from points_standing(p_programme, p_at) as stood left join tier on tier.id = stood.tier_id
    ), keyed as (
        select 0 as place, 'WHOLE' as part, null::integer as rank, null::uuid as tier_id, null::date as month,
            pending, available, held, debt, issued, redeemed, expired from standing
        -- The whole is there where nothing is.
        union all select 0, 'WHOLE', null, null, null, 0, 0, 0, 0, 0, 0, 0
        union all select 1, 'TIER', rank, tier_id, null, pending, available, held, debt, issued, redeemed, expired from standing
        -- Debt is of no month.
        union all select 2, 'EARNED', null, null, earned_month, pending, available, held, debt, issued, redeemed, expired
        from standing where earned_month is not null
        union all select 3, 'EXPIRES', null, null, expiry_month, pending, available, held, debt, issued, redeemed, expired
        from standing where earned_month is not null
    ), summed as (
        select place, part, rank, tier_id, month, sum(pending)::bigint as pending, sum(available)::bigint as available,
            sum(held)::bigint as held, sum(debt)::bigint as debt, sum(issued)::bigint as issued, sum(redeemed)::bigint as redeemed,
            sum(expired)::bigint as expired
        from keyed group by place, part, rank, tier_id, month
    ), running as (
        select *, row_number() over (order by place, rank, month, tier_id) as number,
            sum(pending + available + held) over parts as owed_to, sum(expired) over parts as broken_to
        from summed window parts as (partition by place order by rank, month, tier_id rows unbounded preceding)
    )
    select part, number, tier_id, month, pending, available, held, debt, issued, redeemed, expired,
        (div(owed_to * worth.worth_amount, worth.worth_points)
            - div((owed_to - pending - available - held) * worth.worth_amount, worth.worth_points))::bigint,
        (div(broken_to * worth.worth_amount, worth.worth_points)
            - div((broken_to - expired) * worth.worth_amount, worth.worth_points))::bigint,
        worth.worth_points, worth.worth_amount, worth.worth_currency
    from running cross join worth order by number
$$;

revoke execute on function points_liability_instant, points_liability from public;

grant execute on function points_liability_instant, points_liability to quadrant_app;
