-- Frozen. What of a new order is discounted and paid in points follows from the voucher and the hold, also where a program errs.
create or replace function order_settle(
    p_order uuid, p_discount bigint, p_programme uuid, p_points bigint, p_points_amount bigint, p_hold uuid
) returns void language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off
as $$
declare
    settled "order" := order_locked(p_order);
    goods numeric := settled.total_amount;
    net numeric := settled.total_amount - p_discount;
begin
    if settled.status <> 'PLACED' or settled.version <> 0 then
        raise exception 'settled already' using errcode = 'QS005';
    end if;
    if p_discount not between 0 and goods or p_points < 0 or p_points_amount not between 0 and net
        or (p_points = 0) <> (p_hold is null) or (p_points = 0 and p_points_amount > 0) then
        raise exception 'more than the order is worth' using errcode = 'QS006';
    end if;
    if session_user = 'quadrant_app' and coalesce(current_setting('q.audience', true), '') not in ('staff', 'system') then
        -- The house may give what discount it likes; a customer's own transaction has the one that its voucher gave, and pays
        -- with no other points than those that are held for this order, at what they are worth.
        if p_discount <> coalesce((
            select discount_amount from coupon_use where order_id = p_order and status = 'TAKEN'
        ), 0) then
            raise exception 'another discount than the voucher gave' using errcode = 'QS006';
        end if;
        if p_points > 0 and not exists (
            select 1 from points_transfer as held
            join points_account as account on account.id = held.account_id
            join points_programme as programme on programme.id = account.programme_id
            where held.id = p_hold and held.code = 'HOLD' and held.subject_id = p_order and held.amount = p_points
                and held.customer_id = settled.customer_id and programme.id = p_programme
                and programme.worth_currency = settled.total_currency
                and p_points_amount = least(net, floor(p_points::numeric * programme.worth_amount / programme.worth_points))
        ) then
            raise exception 'other points than are held for the order' using errcode = 'QS006';
        end if;
    end if;
    update "order" set discount_amount = p_discount, total_amount = net, points = p_points, points_amount = p_points_amount,
        programme_id = p_programme, hold_id = p_hold, version = 1 where id = p_order;
    if p_discount > 0 then
        update order_line set discount_amount = share.amount from (
            select id, floor(p_discount * upto / goods) - floor(p_discount * (upto - amount_amount) / goods) as amount from (
                select id, amount_amount, sum(amount_amount) over (order by position, id) as upto
                from order_line where order_id = p_order) as summed) as share
        where share.id = order_line.id;
    end if;
    if p_points > 0 and net > 0 then
        update order_line set points = share.points, points_amount = share.amount from (
            select id, floor(p_points * upto / net) - floor(p_points * (upto - due) / net) as points,
                floor(p_points_amount * upto / net) - floor(p_points_amount * (upto - due) / net) as amount from (
                select id, amount_amount - discount_amount as due,
                    sum(amount_amount - discount_amount) over (order by position, id) as upto
                from order_line where order_id = p_order) as summed) as share
        where share.id = order_line.id;
    end if;
end $$;
