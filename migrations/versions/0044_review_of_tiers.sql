-- Frozen. A statement ends with ';' at the end of a line that an empty line follows; functions hold no empty line after one.
--
-- The review of a member's tier, which every order asks for twice: it writes nothing where nothing has changed, and looks at
-- nothing twice.

-- What a member did in the months before an instant, and the highest tier that it reaches.
create or replace function points_tier_reached(
    p_scheme tier_scheme, p_customer uuid, p_at timestamptz, out tier tier, out reached bigint
) language plpgsql stable as $$
begin
    select coalesce(sum(case p_scheme.measure when 'POINTS' then entry.points else entry.amount end), 0)::bigint into reached
    from qualifying_entry as entry
    where entry.programme_id = p_scheme.programme_id and entry.customer_id = p_customer and entry.at <= p_at
        and entry.at > (
            select (p_at at time zone zone.time_zone - make_interval(months => p_scheme.window_months::int)) at time zone zone.time_zone
            from points_programme as zone where zone.id = p_scheme.programme_id);
    select each.* into tier from tier as each
    where each.programme_id = p_scheme.programme_id and each.qualifying_min <= greatest(reached, 0)
    order by each.rank desc limit 1;
end $$;

-- Writes down what has come of a member's tier until an instant: the periods that ended by then, each decided by what led
-- up to its end, then whether they have reached a higher one. Nobody falls within a period. Answers the tier then.
create or replace function points_review_tier(p_programme uuid, p_customer uuid, p_at timestamptz) returns uuid
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
set enable_seqscan = off as $$
declare
    scheme tier_scheme;
    zone text;
    standing tier_standing;
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
    select * into standing from tier_standing
    where programme_id = p_programme and customer_id = p_customer for no key update;
    if not found then
        insert into tier_standing (id, programme_id, customer_id, review_at)
        values (points_id(points_now()), p_programme, p_customer, 'infinity') on conflict do nothing;
        select * into standing from tier_standing
        where programme_id = p_programme and customer_id = p_customer for no key update;
    end if;
    select * into last from tier_membership
    where programme_id = p_programme and customer_id = p_customer order by valid_from desc limit 1;
    while last.valid_until <= until loop
        select time_zone into zone from points_programme where id = p_programme;
        select * into step from points_tier_reached(scheme, p_customer, last.valid_until);
        insert into tier_membership (id, programme_id, customer_id, tier_id, valid_from, valid_until, reached)
        values (points_id(points_now()), p_programme, p_customer, (step.tier).id, last.valid_until,
            case when (step.tier).id = base.id then 'infinity'
            else points_expiry(last.valid_until, zone, scheme.keeps_months) end, step.reached)
        returning * into last;
    end loop;
    if last.id is null or last.valid_from <= until then
        now_rank := base.rank;
        if last.tier_id <> base.id then
            select rank into now_rank from tier where id = last.tier_id;
        end if;
        select * into step from points_tier_reached(scheme, p_customer, until);
        if (step.tier).rank > now_rank then
            select time_zone into zone from points_programme where id = p_programme;
            begins := greatest(until, last.valid_from + interval '1 microsecond');
            insert into tier_membership (id, programme_id, customer_id, tier_id, valid_from, valid_until, reached)
            values (points_id(points_now()), p_programme, p_customer, (step.tier).id, begins,
                points_expiry(until, zone, scheme.keeps_months), step.reached) returning * into last;
        end if;
    end if;
    if standing.review_at is distinct from coalesce(last.valid_until, 'infinity') then
        update tier_standing set review_at = coalesce(last.valid_until, 'infinity') where id = standing.id;
    end if;
    -- The last period holds then, unless it has only begun since.
    return case when last.id is null then base.id when last.valid_from <= until then last.tier_id
        else points_tier(p_programme, p_customer, until) end;
end $$;
