-- Frozen. A statement ends with ';' before an empty line.

set local lock_timeout = '5s';

-- Whoever signs for somebody sees neither their account nor its roles, so a delegation ends where its delegator loses what
-- they delegated. It runs with its owner's rights, because an administrator writes nobody's delegations, and works as the
-- system, because the row policies bind the owner too. Triggers alone call it.
create function delegator_loses_rights() returns trigger language plpgsql security definer
set search_path = pg_catalog, public, pg_temp as $$
declare
    viewer text := current_setting('q.audience', true);
begin
    perform set_config('q.audience', 'system', true);
    update approval_delegation set ended_at = least(clock_timestamp(), valid_until)
    where delegator_id = new.id and ended_at is null
        and (
            not new.active or new.audience <> old.audience or new.employee_id is distinct from old.employee_id
            or new.clearance < old.clearance or not new.compartments @> old.compartments or not new.roles @> roles
        );
    perform set_config('q.audience', coalesce(viewer, ''), true);
    return null;
end $$;

revoke execute on function delegator_loses_rights() from public;

create trigger delegations after update of active, audience, employee_id, clearance, compartments, roles
on person for each row execute function delegator_loses_rights();
