-- Frozen. A statement ends with ';' at the end of a line that an empty line follows.

set local lock_timeout = '5s';

CREATE TABLE reclassification (
    programme_id UUID,
    equipment_id UUID,
    outcome_id UUID,
    request_id UUID NOT NULL,
    author_id UUID NOT NULL,
    author_employee_id UUID,
    author_name TEXT COLLATE "C" NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    status VARCHAR(9) NOT NULL,
    from_classification SMALLINT NOT NULL,
    from_compartments TEXT[] NOT NULL,
    to_classification SMALLINT NOT NULL,
    to_compartments TEXT[] NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    applied_in BIGINT,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_reclassification PRIMARY KEY (id),
    CONSTRAINT ck_reclassification_one_subject CHECK (num_nonnulls(programme_id, equipment_id, outcome_id) = 1),
    CONSTRAINT ck_reclassification_applied CHECK ((applied_in is not null) = (status = 'APPROVED')),
    CONSTRAINT fk_reclassification_programme_id FOREIGN KEY(programme_id) REFERENCES programme (id),
    CONSTRAINT fk_reclassification_equipment_id FOREIGN KEY(equipment_id) REFERENCES equipment (id),
    CONSTRAINT fk_reclassification_outcome_id FOREIGN KEY(outcome_id) REFERENCES technology_outcome (id),
    CONSTRAINT fk_reclassification_request_id FOREIGN KEY(request_id) REFERENCES approval_request (id),
    CONSTRAINT fk_reclassification_author_id FOREIGN KEY(author_id) REFERENCES person (id),
    CONSTRAINT fk_reclassification_author_employee_id FOREIGN KEY(author_employee_id) REFERENCES employee (id),
    CONSTRAINT ck_reclassification_status CHECK (status IN ('PENDING', 'APPROVED', 'REJECTED', 'RETURNED', 'WITHDRAWN'))
);

CREATE INDEX ix_reclassification_applied ON reclassification (applied_in);

CREATE INDEX ix_reclassification_equipment ON reclassification (equipment_id);

CREATE INDEX ix_reclassification_order ON reclassification (requested_at desc, id);

CREATE INDEX ix_reclassification_outcome ON reclassification (outcome_id);

CREATE INDEX ix_reclassification_programme ON reclassification (programme_id);

CREATE INDEX ix_reclassification_request ON reclassification (request_id);

CREATE INDEX ix_reclassification_status ON reclassification (status, requested_at desc, id);

alter table "reclassification" enable row level security;

alter table "reclassification" force row level security;

create policy reads on "reclassification" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);

create policy inserts on "reclassification" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

create policy updates on "reclassification" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

create policy deletes on "reclassification" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

grant select, insert, update, delete on "reclassification" to quadrant_app;

create policy updates on "outcome_original" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

grant update (classification, compartments) on "outcome_original" to quadrant_app;

create policy updates on "screening" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

grant update (classification, compartments) on "screening" to quadrant_app;

create policy updates on "screening_score" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

grant update (classification, compartments) on "screening_score" to quadrant_app;

create policy updates on "approval_decision" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

grant update (classification, compartments) on "approval_decision" to quadrant_app;

create trigger classification after update of classification, compartments on "reclassification"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "outcome_original"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "screening"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "screening_score"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger classification after update of classification, compartments on "approval_decision"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

-- A change is asked for, and is never another one afterwards. PostgreSQL notes the transaction in which it was approved,
-- and lets it be approved only when somebody else has signed, who is not the same employee with another account.
create function reclassification_step() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    moving constant text[] := array['status', 'decided_at', 'applied_in', 'classification', 'compartments'];
begin
    if current_user <> 'quadrant_app' then
        return case when tg_op = 'DELETE' then old else new end;
    end if;
    if tg_op = 'INSERT' then
        if new.status <> 'PENDING' or new.applied_in is not null then
            raise exception 'a reclassification begins with a request' using errcode = '42501';
        end if;
        return new;
    end if;
    if tg_op = 'DELETE' or to_jsonb(old) - moving <> to_jsonb(new) - moving
        or new.applied_in is distinct from old.applied_in or old.status not in ('PENDING', new.status)
    then
        raise exception 'a reclassification is not edited' using errcode = '42501';
    end if;
    if old.status = 'PENDING' and new.status = 'APPROVED' then
        if not exists (
            select from approval_request as request join approval_decision as decision on decision.request_id = request.id
            where request.id = new.request_id and request.subject_kind = 'reclassification' and request.subject_id = new.id
                and request.requester_id = new.author_id and request.status = 'APPROVED' and decision.kind = 'APPROVE'
                and new.author_id not in (decision.person_id, decision.principal_id)
        ) or exists (
            select from person where id = nullif(current_setting('q.person', true), '')::uuid
                and (id = new.author_id or employee_id = new.author_employee_id)
        ) then
            raise exception 'nobody else has confirmed the reclassification' using errcode = '42501';
        end if;
        new.applied_in := pg_current_xact_id()::text::bigint;
    end if;
    return new;
end $$;

revoke execute on function reclassification_step() from public;

create trigger step before insert or update or delete on "reclassification"
for each row execute function reclassification_step();

-- The application changes a row's degree or compartments only in the transaction in which a change of its subject was
-- approved. The arguments lead from the row to its possible subjects: a column of the row, or `table.column` of the rows
-- found so far. Up to '|' a subject takes the row along wherever it goes; beyond, the row only becomes as secret as it.
create function two_people() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    step text;
    found_keys uuid[];
    keys uuid[] := '{}';
    own uuid[];
begin
    if current_user <> 'quadrant_app' then
        return new;
    end if;
    for place in 0 .. tg_nargs - 1 loop
        step := tg_argv[place];
        if step = '|' then
            own := keys;
        elsif position('.' in step) = 0 then
            keys := keys || (to_jsonb(new) ->> step)::uuid;
        else
            execute format(
                'select array_agg(%I) from %I where id = any($1)', split_part(step, '.', 2), split_part(step, '.', 1)
            ) into found_keys using keys;
            keys := keys || coalesce(found_keys, '{}');
        end if;
    end loop;
    own := coalesce(own, keys);
    if exists (
        select from (
            select coalesce(programme_id, equipment_id, outcome_id) as subject_id, from_classification, from_compartments,
                to_classification, to_compartments,
                to_classification < from_classification or not to_compartments @> from_compartments as lowers,
                to_classification > from_classification or not to_compartments <@ from_compartments as raises
            from reclassification where applied_in = pg_current_xact_id()::text::bigint
        ) as change
        where (
            subject_id = any(own)
            and old.classification = from_classification
            and old.compartments @> from_compartments and old.compartments <@ from_compartments
            and new.classification = to_classification
            and new.compartments @> to_compartments and new.compartments <@ to_compartments
            -- The original of an outcome that has a civil description stays as secret as it was.
            and not (lowers and tg_table_name = 'outcome_original' and exists (
                select from civil_description where outcome_id = subject_id
            ))
        ) or (
            raises and subject_id = any(keys)
            and new.classification = greatest(old.classification, to_classification)
            and new.compartments @> (old.compartments || to_compartments)
            and new.compartments <@ (old.compartments || to_compartments)
        )
    ) then
        return new;
    end if;
    raise exception 'a change of classification needs two people' using errcode = '42501';
end $$;

revoke execute on function two_people() from public;

create trigger two_people before update of classification, compartments on "customer" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people();

create trigger two_people before update of classification, compartments on "contact" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people();

create trigger two_people before update of classification, compartments on "external_id" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people();

create trigger two_people before update of classification, compartments on "interaction" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people();

create trigger two_people before update of classification, compartments on "order" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people();

create trigger two_people before update of classification, compartments on "programme" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people('id');

create trigger two_people before update of classification, compartments on "team_member" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people();

create trigger two_people before update of classification, compartments on "approval_request" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people('|', 'subject_id', 'declassification_review.outcome_id', 'reclassification.programme_id', 'reclassification.equipment_id', 'reclassification.outcome_id', 'equipment.programme_id', 'technology_outcome.programme_id');

create trigger two_people before update of classification, compartments on "equipment" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people('id', '|', 'programme_id');

create trigger two_people before update of classification, compartments on "milestone" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people('programme_id');

create trigger two_people before update of classification, compartments on "participant" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people();

create trigger two_people before update of classification, compartments on "phase_span" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people('programme_id');

create trigger two_people before update of classification, compartments on "product" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people();

create trigger two_people before update of classification, compartments on "technology_outcome" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people('id', '|', 'programme_id');

create trigger two_people before update of classification, compartments on "approval_step" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people('|', 'request_id', 'approval_request.subject_id', 'declassification_review.outcome_id', 'reclassification.programme_id', 'reclassification.equipment_id', 'reclassification.outcome_id', 'equipment.programme_id', 'technology_outcome.programme_id');

create trigger two_people before update of classification, compartments on "attribute" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people();

create trigger two_people before update of classification, compartments on "configuration_item" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people('equipment_id', '|', 'equipment.programme_id');

create trigger two_people before update of classification, compartments on "declassification_review" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people('|', 'outcome_id', 'technology_outcome.programme_id');

create trigger two_people before update of classification, compartments on "equipment_state" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people('equipment_id', '|', 'equipment.programme_id');

create trigger two_people before update of classification, compartments on "media" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people();

create trigger two_people before update of classification, compartments on "outcome_original" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people('outcome_id', '|', 'technology_outcome.programme_id');

create trigger two_people before update of classification, compartments on "reclassification" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people('|', 'programme_id', 'equipment_id', 'outcome_id', 'equipment.programme_id', 'technology_outcome.programme_id');

create trigger two_people before update of classification, compartments on "screening" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people('outcome_id', '|', 'technology_outcome.programme_id');

create trigger two_people before update of classification, compartments on "variant" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people();

create trigger two_people before update of classification, compartments on "approval_signer" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people('|', 'request_id', 'approval_request.subject_id', 'declassification_review.outcome_id', 'reclassification.programme_id', 'reclassification.equipment_id', 'reclassification.outcome_id', 'equipment.programme_id', 'technology_outcome.programme_id');

create trigger two_people before update of classification, compartments on "order_line" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people();

create trigger two_people before update of classification, compartments on "screening_score" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people('screening_id', 'screening.outcome_id', '|', 'technology_outcome.programme_id');

create trigger two_people before update of classification, compartments on "stock" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people();

create trigger two_people before update of classification, compartments on "approval_decision" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people('|', 'request_id', 'approval_request.subject_id', 'declassification_review.outcome_id', 'reclassification.programme_id', 'reclassification.equipment_id', 'reclassification.outcome_id', 'equipment.programme_id', 'technology_outcome.programme_id');

create trigger two_people before update of classification, compartments on "transfer_project" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people();

create trigger two_people before update of classification, compartments on "transfer_milestone" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people();
