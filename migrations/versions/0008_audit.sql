-- Frozen. A statement ends with ';' at the end of a line that an empty line follows.

set local lock_timeout = '5s';

CREATE TABLE audit_event (
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    day DATE NOT NULL,
    stripe SMALLINT NOT NULL,
    sequence BIGINT NOT NULL,
    kind VARCHAR(22) NOT NULL,
    person_id UUID,
    client_id TEXT COLLATE "C",
    audience TEXT COLLATE "C",
    operation TEXT COLLATE "C",
    document TEXT COLLATE "C",
    subjects UUID[] NOT NULL,
    details TEXT COLLATE "C" NOT NULL,
    previous_hash BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_audit_event PRIMARY KEY (id),
    CONSTRAINT uq_audit_event_day_stripe_sequence UNIQUE (day, stripe, sequence),
    CONSTRAINT ck_audit_event_stripe CHECK (stripe between 0 and 15),
    CONSTRAINT ck_audit_event_kind CHECK (kind IN ('SIGN_IN', 'SIGN_IN_REFUSED', 'SCOPE_REFUSED', 'READ', 'RIGHTS_CHANGED', 'CLASSIFICATION_CHANGED'))
);

CREATE INDEX ix_audit_event_order ON audit_event (at, id);

CREATE TABLE audit_head (
    day DATE NOT NULL,
    stripe SMALLINT NOT NULL,
    entries BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_audit_head PRIMARY KEY (id),
    CONSTRAINT uq_audit_head_day_stripe UNIQUE (day, stripe)
);

alter table "audit_event" enable row level security;

alter table "audit_event" force row level security;

create policy reads on "audit_event" for select using (nullif(((select current_setting('q.audience', true)) = 'staff' and (select nullif(current_setting('q.roles', true), '')::text[]) @> array['audit_administrator']), false) is not null);

create policy inserts on "audit_event" for insert with check ((select current_setting('q.audience', true)) <> '');

grant select, insert on "audit_event" to quadrant_app;

alter table "audit_head" enable row level security;

alter table "audit_head" force row level security;

create policy reads on "audit_head" for select using (nullif((((select current_setting('q.audience', true)) = 'staff' and (select nullif(current_setting('q.roles', true), '')::text[]) @> array['audit_administrator']) or current_user <> 'quadrant_app'), false) is not null);

create policy inserts on "audit_head" for insert with check (current_user <> 'quadrant_app');

create policy updates on "audit_head" for update using (current_user <> 'quadrant_app') with check (current_user <> 'quadrant_app');

create policy deletes on "audit_head" for delete using (current_user <> 'quadrant_app');

grant select on "audit_head" to quadrant_app;

-- The place of an entry in its chain. It runs with its owner's rights, because the application may not read a chain nor
-- write a head (docs/adr/0010-audit.md). A transaction takes a chain that no other holds, as far as there is one.
create function audit_chain() returns trigger language plpgsql security definer
set search_path = pg_catalog, public, pg_temp as $$
declare
    head record;
    free boolean := false;
begin
    for step in 0..15 loop
        new.stripe := (pg_backend_pid() + step) % 16;
        free := pg_try_advisory_xact_lock(1635083369, new.stripe);
        exit when free;
    end loop;
    if not free then
        new.stripe := pg_backend_pid() % 16;
        perform pg_advisory_xact_lock(1635083369, new.stripe);
    end if;
    select day, entries, hash into head from audit_head where stripe = new.stripe order by day desc limit 1;
    new.at := clock_timestamp();
    -- A clock that was set back does not open a day anew.
    new.day := greatest(head.day, (new.at at time zone 'UTC')::date);
    new.sequence := case when head.day = new.day then head.entries + 1 else 1 end;
    new.previous_hash := coalesce(head.hash, ''::bytea);
    new.hash := (
        select sha256(convert_to(string_agg(
            coalesce(octet_length(convert_to(field, 'UTF8')) || ':' || field, '~'), ',' order by place
        ), 'UTF8'))
        from unnest(array[
            new.id::text,
            (extract(epoch from new.at) * 1000000)::bigint::text,
            to_char(new.day, 'YYYY-MM-DD'),
            new.stripe::text,
            new.sequence::text,
            new.kind,
            new.person_id::text,
            new.client_id,
            new.audience,
            new.operation,
            new.document,
            new.subjects::text,
            new.details,
            encode(new.previous_hash, 'hex')
        ]) with ordinality as fields (field, place)
    );
    insert into audit_head (id, day, stripe, entries, hash)
    values (new.id, new.day, new.stripe, new.sequence, new.hash)
    on conflict (day, stripe) do update set entries = excluded.entries, hash = excluded.hash;
    return new;
end $$;

revoke execute on function audit_chain() from public;

create trigger chain before insert on audit_event for each row execute function audit_chain();

-- What changes somebody's rights or a row's degree is seen by the table itself, whichever way it came. The arguments
-- are the entry's kind and the columns that matter.
create function audit_change() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    before jsonb;
    after jsonb;
begin
    if tg_op <> 'INSERT' then
        select jsonb_object_agg(name, to_jsonb(old) -> name) into before from unnest(tg_argv[1:]) as name;
    end if;
    if tg_op <> 'DELETE' then
        select jsonb_object_agg(name, to_jsonb(new) -> name) into after from unnest(tg_argv[1:]) as name;
    end if;
    if before is distinct from after then
        insert into audit_event (id, kind, person_id, audience, subjects, details) values (
            gen_random_uuid(),
            tg_argv[0],
            nullif(current_setting('q.person', true), '')::uuid,
            nullif(current_setting('q.audience', true), ''),
            array[case when tg_op = 'DELETE' then old.id else new.id end],
            jsonb_build_object('table', tg_table_name, 'act', tg_op, 'before', before, 'after', after)::text
        );
    end if;
    return null;
end $$;

revoke execute on function audit_change() from public;

create trigger rights after insert or delete or update of audience, customer_id, employee_id, clearance, compartments, roles, active on "person"
for each row execute function audit_change('RIGHTS_CHANGED', 'audience', 'customer_id', 'employee_id', 'clearance', 'compartments', 'roles', 'active');

create trigger rights after insert or delete or update of client_id, customer_id, owner_id, first_party, authentication, grants, scopes, audiences, introspects, active on "client"
for each row execute function audit_change('RIGHTS_CHANGED', 'client_id', 'customer_id', 'owner_id', 'first_party', 'authentication', 'grants', 'scopes', 'audiences', 'introspects', 'active');

create trigger rights after insert or delete or update of person_id, client_id, scopes on "consent"
for each row execute function audit_change('RIGHTS_CHANGED', 'person_id', 'client_id', 'scopes');

create trigger rights after insert or delete or update of delegator_id, delegate_id, roles, subject_kind, valid_from, valid_until, ended_at on "approval_delegation"
for each row execute function audit_change('RIGHTS_CHANGED', 'delegator_id', 'delegate_id', 'roles', 'subject_kind', 'valid_from', 'valid_until', 'ended_at');

create trigger rights after insert or delete or update of subject_kind, code, version, classification_min, amount_min, steps on "approval_policy"
for each row execute function audit_change('RIGHTS_CHANGED', 'subject_kind', 'code', 'version', 'classification_min', 'amount_min', 'steps');

create trigger rights after insert or delete or update of person_id on "authenticator"
for each row execute function audit_change('RIGHTS_CHANGED', 'person_id');

create trigger rights after insert or delete or update of person_id on "passkey"
for each row execute function audit_change('RIGHTS_CHANGED', 'person_id');

create trigger classification after update of classification, compartments on "customer"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "contact"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "external_id"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "interaction"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "order"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "programme"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "team_member"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "approval_request"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "equipment"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "milestone"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "participant"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "phase_span"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "product"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "technology_outcome"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "approval_step"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "attribute"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "configuration_item"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "equipment_state"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "media"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "variant"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "approval_signer"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "order_line"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "stock"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

alter table person add constraint ck_person_separate_administrators check (('system_administrator' = any(roles))::int + ('security_administrator' = any(roles))::int + ('audit_administrator' = any(roles))::int <= 1);
