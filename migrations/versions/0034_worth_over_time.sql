-- Frozen. A statement ends with ';' before an empty line.

set local lock_timeout = '5s';

CREATE TABLE points_worth (
    programme_id UUID NOT NULL,
    version BIGINT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    worth_points BIGINT NOT NULL,
    worth_amount BIGINT NOT NULL,
    worth_currency TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_points_worth PRIMARY KEY (id),
    CONSTRAINT uq_points_worth_programme_id_version UNIQUE (programme_id, version),
    CONSTRAINT ck_points_worth_worth CHECK (worth_points > 0 and worth_amount > 0),
    CONSTRAINT fk_points_worth_programme_id FOREIGN KEY(programme_id) REFERENCES points_programme (id)
);

-- A programme's first worth holds for all time before, too: its points may be older than the programme is here.
create function points_keep_worth() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    insert into points_worth (id, programme_id, version, since, worth_points, worth_amount, worth_currency) values (
        points_id(points_now()), new.id, new.version, case tg_op when 'INSERT' then '-infinity' else points_now() end,
        new.worth_points, new.worth_amount, new.worth_currency);
    return null;
end $$;

create trigger worth_begins after insert on points_programme for each row execute function points_keep_worth();

create trigger worth_changes after update on points_programme for each row
when ((new.worth_points, new.worth_amount, new.worth_currency)
    is distinct from (old.worth_points, old.worth_amount, old.worth_currency))
execute function points_keep_worth();

insert into points_worth (id, programme_id, version, since, worth_points, worth_amount, worth_currency)
select points_id(now()), id, version, '-infinity', worth_points, worth_amount, worth_currency from points_programme;

create trigger append_only before update or delete or truncate on points_worth
for each statement execute function points_append_only();

alter table "points_worth" enable row level security;

alter table "points_worth" force row level security;

create policy reads on "points_worth" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system'])), false) is not null);

create policy inserts on "points_worth" for insert with check (current_user <> 'quadrant_app');

grant select on "points_worth" to quadrant_app;

revoke execute on function points_keep_worth from public;
