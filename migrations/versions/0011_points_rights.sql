-- Frozen. A statement ends with ';' at the end of a line that an empty line follows.
--
-- What is append-only says so to its owner too, also where no row would have been changed; and nobody executes a
-- function but those that are granted here by name.

create trigger append_only before update or delete or truncate on points_transfer
for each statement execute function points_append_only();

create trigger append_only before update or delete or truncate on points_lot_use
for each statement execute function points_append_only();

create trigger append_only before update or delete or truncate on points_request
for each statement execute function points_append_only();

create trigger append_only before update or delete or truncate on points_adjustment
for each statement execute function points_append_only();

create trigger append_only before update or delete or truncate on points_snapshot
for each statement execute function points_append_only();

create table points_transfer_rest partition of points_transfer default;

select points_guard_partition('points_transfer_rest');

select points_make_partitions();

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
    points_now, points_floor, points_day_end, points_activation, points_expiry, points_earn, points_spend, points_hold,
    points_capture, points_release, points_restore, points_claw_back, points_send, points_propose_adjustment,
    points_adjust, points_settle_due, points_set_programme, points_open_pool, points_set_spender,
    points_make_partitions, points_take_snapshot, points_totals, points_unsettled, points_balance, points_balance_at
to quadrant_app;
