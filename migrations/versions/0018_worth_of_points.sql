-- Frozen. A statement ends with ';' before an empty line.

set local lock_timeout = '5s';

-- Programmes that there are already: a hundred points are one yuan, until somebody says otherwise.
alter table points_programme
    add column worth_points bigint not null default 100,
    add column worth_amount bigint not null default 100,
    add column worth_currency text collate "C" not null default 'CNY',
    add constraint ck_points_programme_worth check (worth_points > 0 and worth_amount > 0);

alter table points_programme
    alter column worth_points drop default,
    alter column worth_amount drop default,
    alter column worth_currency drop default;

drop function points_set_programme(
    uuid, bigint, text, text, text, text, bigint, bigint, text, bigint, bigint, bigint
);

create function points_set_programme(
    p_id uuid, p_version bigint, p_code text, p_name text, p_name_en text, p_time_zone text, p_activation_days bigint,
    p_lot_months bigint, p_rounding text, p_transfer_min bigint, p_transfer_max bigint,
    p_transfer_month_max bigint, p_worth_points bigint, p_worth_amount bigint, p_worth_currency text
) returns bigint language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    now_version bigint;
begin
    perform points_guard_house();
    begin
        perform points_now() at time zone p_time_zone;
    exception when invalid_parameter_value then
        raise exception 'no such time zone' using errcode = 'QP004';
    end;
    insert into points_programme as programme (
        id, code, name, name_en, time_zone, activation_days, lot_months, rounding, transfer_min, transfer_max,
        transfer_month_max, worth_points, worth_amount, worth_currency, version, updated_at
    ) values (
        p_id, p_code, p_name, p_name_en, p_time_zone, p_activation_days, p_lot_months, p_rounding, p_transfer_min,
        p_transfer_max, p_transfer_month_max, p_worth_points, p_worth_amount, p_worth_currency, 1, points_now()
    ) on conflict (id) do update set
        code = excluded.code, name = excluded.name, name_en = excluded.name_en, time_zone = excluded.time_zone,
        activation_days = excluded.activation_days, lot_months = excluded.lot_months, rounding = excluded.rounding,
        transfer_min = excluded.transfer_min, transfer_max = excluded.transfer_max,
        transfer_month_max = excluded.transfer_month_max, worth_points = excluded.worth_points,
        worth_amount = excluded.worth_amount, worth_currency = excluded.worth_currency,
        version = programme.version + 1, updated_at = excluded.updated_at
    where programme.version = p_version
    returning version into now_version;
    return now_version;
end $$;

revoke execute on function points_set_programme from public;

grant execute on function points_set_programme to quadrant_app;
