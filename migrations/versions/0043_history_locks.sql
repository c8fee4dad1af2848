-- Frozen. A statement ends with ';' at the end of a line that an empty line follows; functions hold no empty line after one.
--
-- Locks the orders that nobody else holds, then their members' accounts in a programme; answers those orders. Who is just paying,
-- cancelling or returning an order holds it, and decides itself what it earns.
create function points_lock_orders(p_programme uuid, p_orders uuid[]) returns uuid[]
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
declare
    taken uuid[];
begin
    perform points_guard_house();
    select array_agg(id) into taken from (
        select id from "order" where id = any(p_orders) order by id for no key update skip locked) as locked;
    perform 1 from points_account
    where programme_id = p_programme and stripe = 0
        and customer_id = any(array(select customer_id from "order" where id = any(taken)))
    order by id for no key update;
    return coalesce(taken, '{}');
end $$;

revoke execute on function points_lock_orders from public;

grant execute on function points_lock_orders to quadrant_app;
