-- Frozen. A statement ends with ';' at the end of a line that an empty line follows.

set local lock_timeout = '5s';

-- Slots that no longer fitted had their capacity lowered to their guests, and took somebody new when one cancelled. The next run
-- of opening days tells which of those that are there are retired.
alter table appointment_slot add column retired boolean not null default false;

alter table appointment_slot alter column retired drop default;

-- An appointment is for the times that its slot has at that instant: a slot whose end was moved while somebody booked it takes
-- nobody by the end that they saw. QA001: no place is left.
create or replace function appointment_takes_place() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        if new.status <> 'CANCELLED' then
            update appointment_slot set taken = taken + 1
            where id = new.slot_id and taken < capacity and not retired
                and starts_at = new.starts_at and ends_at = new.ends_at;
            if not found then
                raise exception 'no place is left' using errcode = 'QA001';
            end if;
        end if;
        return new;
    end if;
    if tg_op = 'DELETE' then
        raise exception 'an appointment ends by its status' using errcode = '42501';
    end if;
    if (new.slot_id, new.store_id, new.customer_id) is distinct from (old.slot_id, old.store_id, old.customer_id)
        or (old.status = 'CANCELLED' and new.status <> 'CANCELLED') then
        raise exception 'an appointment stays where it is, and cancelled when it is' using errcode = '42501';
    end if;
    if new.status <> old.status and new.status <> 'CANCELLED'
        and current_setting('q.audience', true) in ('consumer', 'enterprise') then
        raise exception 'guests do not say whether they came' using errcode = '42501';
    end if;
    if new.status = 'CANCELLED' and old.status <> 'CANCELLED' then
        update appointment_slot set taken = taken - 1 where id = new.slot_id;
    end if;
    return new;
end $$;

-- Who works at a store acts for it: that is a right.
create trigger rights after insert or delete or update of store_id, employee_id on store_employee
for each row execute function audit_change('RIGHTS_CHANGED', 'store_id', 'employee_id');
