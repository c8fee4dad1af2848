-- Frozen. A statement ends with ';' at the end of a line that an empty line follows; functions hold no empty line after one.
--
-- Posts a proposal whose own request for approval was approved; a second time it answers as the first. What leaves a pool leaves
-- all of its stripes, not the first alone.
create or replace function points_adjust(p_adjustment uuid) returns uuid[]
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
set enable_seqscan = off as $$
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
    if proposal.amount < 0 and account.stripes > 1 then
        -- Of a pool, whose first stripe is held, it is taken from all; refuses where all have too little.
        account := points_stripe(proposal.programme_id, proposal.customer_id, -proposal.amount, clock);
    else
        account := points_settled(account, clock);
    end if;
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
