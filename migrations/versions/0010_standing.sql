-- Frozen. A statement ends with ';' before an empty line.

set local lock_timeout = '5s';

alter table person add column standing uuid default gen_random_uuid() not null;

alter table client add column standing uuid default gen_random_uuid() not null;

-- What follows runs with its owner's rights, because whoever switches a program off may see nobody's grants, and the
-- application may not switch off what its viewer does not see (docs/adr/0009-oauth.md). Triggers alone call it. The owner is
-- bound by the row policies too, so it works as the system and gives the viewer back afterwards.

-- Ends what rests on a standing: no process takes a token with it. A day is longer than any token lives.
create function standing_ended(standing uuid) returns void language plpgsql
set search_path = pg_catalog, public, pg_temp as $$
declare
    viewer text := current_setting('q.audience', true);
begin
    perform set_config('q.audience', 'system', true);
    insert into revoked_token (id, subject_id, expires_at)
    values (gen_random_uuid(), standing, clock_timestamp() + interval '1 day')
    on conflict (subject_id) do nothing;
    perform set_config('q.audience', coalesce(viewer, ''), true);
end $$;

revoke execute on function standing_ended(uuid) from public;

create function person_loses_rights() returns trigger language plpgsql security definer
set search_path = pg_catalog, public, pg_temp as $$
declare
    viewer text := current_setting('q.audience', true);
begin
    if tg_op = 'UPDATE'
        and new.active >= old.active and new.audience = old.audience
        and new.customer_id is not distinct from old.customer_id
        and new.employee_id is not distinct from old.employee_id
        and new.clearance >= old.clearance
        and new.compartments @> old.compartments and new.roles @> old.roles
    then
        return new;
    end if;
    perform standing_ended(old.standing);
    -- Whose rights merely shrink keeps what they granted, and gets less for it from now on.
    if tg_op = 'DELETE' or not new.active or new.audience <> old.audience
        or new.customer_id is distinct from old.customer_id
    then
        perform set_config('q.audience', 'system', true);
        update authorization_grant set revoked_at = clock_timestamp()
        where revoked_at is null
            and (person_id = old.id or client_id in (select id from client where owner_id = old.id));
        perform set_config('q.audience', coalesce(viewer, ''), true);
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    new.standing := gen_random_uuid();
    return new;
end $$;

revoke execute on function person_loses_rights() from public;

create trigger standing before delete or update of active, audience, customer_id, employee_id, clearance, compartments, roles
on person for each row execute function person_loses_rights();

create function client_loses_rights() returns trigger language plpgsql security definer
set search_path = pg_catalog, public, pg_temp as $$
declare
    viewer text := current_setting('q.audience', true);
begin
    if tg_op = 'UPDATE'
        and new.active >= old.active
        and new.customer_id is not distinct from old.customer_id
        and new.owner_id is not distinct from old.owner_id
        and new.scopes @> old.scopes and new.grants @> old.grants
        -- No audience at all means everybody.
        and (new.audiences = '{}' or old.audiences <> '{}' and new.audiences @> old.audiences)
    then
        return new;
    end if;
    perform standing_ended(old.standing);
    if tg_op = 'DELETE' or not new.active
        or new.customer_id is distinct from old.customer_id or new.owner_id is distinct from old.owner_id
    then
        perform set_config('q.audience', 'system', true);
        update authorization_grant set revoked_at = clock_timestamp() where revoked_at is null and client_id = old.id;
        perform set_config('q.audience', coalesce(viewer, ''), true);
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    new.standing := gen_random_uuid();
    return new;
end $$;

revoke execute on function client_loses_rights() from public;

create trigger standing before delete or update of active, customer_id, owner_id, scopes, grants, audiences
on client for each row execute function client_loses_rights();

-- A company that is no customer any more has no programs here; they are not switched on again when it comes back.
create function customer_closes() returns trigger language plpgsql security definer
set search_path = pg_catalog, public, pg_temp as $$
declare
    viewer text := current_setting('q.audience', true);
begin
    perform set_config('q.audience', 'system', true);
    update client set active = false where customer_id = new.id and active;
    perform set_config('q.audience', coalesce(viewer, ''), true);
    return null;
end $$;

revoke execute on function customer_closes() from public;

create trigger programs after update of status on customer for each row
when (new.status = 'CLOSED' and old.status <> 'CLOSED') execute function customer_closes();

-- Every process listens, and looks again before the next token. No row policy concerns a notice that says nothing.
create function revocation_noted() returns trigger language plpgsql
set search_path = pg_catalog, public, pg_temp as $$
begin
    perform pg_notify('revocation', '');
    return null;
end $$;

revoke execute on function revocation_noted() from public;

create trigger noted after insert on revoked_token for each statement execute function revocation_noted();

create trigger noted after delete on signing_key for each statement execute function revocation_noted();
