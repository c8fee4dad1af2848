-- Frozen. A statement ends with ';' at the end of a line.

set local lock_timeout = '5s';

CREATE TABLE technology_outcome (
    programme_id UUID,
    owner_id UUID,
    code TEXT COLLATE "C" NOT NULL,
    domain TEXT COLLATE "C" NOT NULL,
    civil_use TEXT COLLATE "C" NOT NULL,
    readiness BIGINT NOT NULL,
    stage VARCHAR(12) NOT NULL,
    stage_since TIMESTAMP WITH TIME ZONE NOT NULL,
    retained_at TIMESTAMP WITH TIME ZONE,
    registered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    version BIGINT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_technology_outcome PRIMARY KEY (id),
    CONSTRAINT ck_technology_outcome_readiness CHECK (readiness between 1 and 9),
    CONSTRAINT uq_technology_outcome_code_classification_compartments UNIQUE (code, classification, compartments),
    CONSTRAINT fk_technology_outcome_programme_id FOREIGN KEY(programme_id) REFERENCES programme (id),
    CONSTRAINT fk_technology_outcome_owner_id FOREIGN KEY(owner_id) REFERENCES employee (id),
    CONSTRAINT ck_technology_outcome_stage CHECK (stage IN ('REGISTERED', 'SCREENED', 'REVIEWING', 'DECLASSIFIED', 'TRANSFERRING', 'PRODUCT'))
);
CREATE INDEX ix_technology_outcome_order ON technology_outcome (code, id);
CREATE INDEX ix_technology_outcome_programme ON technology_outcome (programme_id);
CREATE INDEX ix_technology_outcome_stage ON technology_outcome (stage, code, id);

CREATE TABLE outcome_original (
    outcome_id UUID NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    text TEXT COLLATE "C" NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_outcome_original PRIMARY KEY (id),
    CONSTRAINT fk_outcome_original_outcome_id FOREIGN KEY(outcome_id) REFERENCES technology_outcome (id)
);
CREATE INDEX ix_outcome_original_outcome ON outcome_original (outcome_id, recorded_at, id);

alter table "technology_outcome" enable row level security;
alter table "technology_outcome" force row level security;
create policy reads on "technology_outcome" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "technology_outcome" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "technology_outcome" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "technology_outcome" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "technology_outcome" to quadrant_app;

alter table "outcome_original" enable row level security;
alter table "outcome_original" force row level security;
create policy reads on "outcome_original" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "outcome_original" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert on "outcome_original" to quadrant_app;

drop policy inserts on "outbox_event";
create policy inserts on "outbox_event" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
