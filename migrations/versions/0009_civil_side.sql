-- Frozen. A statement ends with ';' at the end of a line.

set local lock_timeout = '5s';

CREATE TABLE screening_sheet (
    version BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    pass_mark BIGINT NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_screening_sheet PRIMARY KEY (id),
    CONSTRAINT uq_screening_sheet_version UNIQUE (version)
);
CREATE INDEX ix_screening_sheet_order ON screening_sheet (version desc, id);

CREATE TABLE screening_criterion (
    sheet_id UUID NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    position BIGINT NOT NULL,
    weight BIGINT NOT NULL,
    floor BIGINT NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_screening_criterion PRIMARY KEY (id),
    CONSTRAINT uq_screening_criterion_sheet_id_code UNIQUE (sheet_id, code),
    CONSTRAINT ck_screening_criterion_weight CHECK (weight between 1 and 100),
    CONSTRAINT fk_screening_criterion_sheet_id FOREIGN KEY(sheet_id) REFERENCES screening_sheet (id)
);
CREATE INDEX ix_screening_criterion_sheet ON screening_criterion (sheet_id, position, id);

CREATE TABLE declassification_review (
    outcome_id UUID NOT NULL,
    request_id UUID NOT NULL,
    author_id UUID NOT NULL,
    author_name TEXT COLLATE "C" NOT NULL,
    status VARCHAR(9) NOT NULL,
    target_classification SMALLINT NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    civil_use TEXT COLLATE "C" NOT NULL,
    text TEXT COLLATE "C" NOT NULL,
    justification TEXT COLLATE "C" NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_declassification_review PRIMARY KEY (id),
    CONSTRAINT uq_declassification_review_id_status UNIQUE (id, status),
    CONSTRAINT fk_declassification_review_outcome_id FOREIGN KEY(outcome_id) REFERENCES technology_outcome (id),
    CONSTRAINT fk_declassification_review_request_id FOREIGN KEY(request_id) REFERENCES approval_request (id),
    CONSTRAINT fk_declassification_review_author_id FOREIGN KEY(author_id) REFERENCES person (id),
    CONSTRAINT ck_declassification_review_status CHECK (status IN ('PENDING', 'APPROVED', 'REJECTED', 'RETURNED', 'WITHDRAWN'))
);
CREATE INDEX ix_declassification_review_order ON declassification_review (requested_at desc, id);
CREATE INDEX ix_declassification_review_outcome ON declassification_review (outcome_id, requested_at desc, id);
CREATE INDEX ix_declassification_review_request ON declassification_review (request_id);

CREATE TABLE screening (
    outcome_id UUID NOT NULL,
    sheet_id UUID NOT NULL,
    screener_id UUID NOT NULL,
    screener_employee_id UUID,
    screener_name TEXT COLLATE "C" NOT NULL,
    total BIGINT NOT NULL,
    passed BOOLEAN NOT NULL,
    remark TEXT COLLATE "C",
    screened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_screening PRIMARY KEY (id),
    CONSTRAINT ck_screening_total CHECK (total between 0 and 100),
    CONSTRAINT fk_screening_outcome_id FOREIGN KEY(outcome_id) REFERENCES technology_outcome (id),
    CONSTRAINT fk_screening_sheet_id FOREIGN KEY(sheet_id) REFERENCES screening_sheet (id),
    CONSTRAINT fk_screening_screener_id FOREIGN KEY(screener_id) REFERENCES person (id),
    CONSTRAINT fk_screening_screener_employee_id FOREIGN KEY(screener_employee_id) REFERENCES employee (id)
);
CREATE INDEX ix_screening_outcome ON screening (outcome_id, screened_at desc, id);

CREATE TABLE civil_description (
    outcome_id UUID NOT NULL,
    review_id UUID NOT NULL,
    review_status VARCHAR(9) NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    civil_use TEXT COLLATE "C" NOT NULL,
    text TEXT COLLATE "C" NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_civil_description PRIMARY KEY (id),
    CONSTRAINT fk_civil_description_review FOREIGN KEY(review_id, review_status) REFERENCES declassification_review (id, status),
    CONSTRAINT ck_civil_description_approved CHECK (review_status = 'APPROVED'),
    CONSTRAINT uq_civil_description_review_id_classification_compartments UNIQUE (review_id, classification, compartments),
    CONSTRAINT fk_civil_description_outcome_id FOREIGN KEY(outcome_id) REFERENCES technology_outcome (id),
    CONSTRAINT ck_civil_description_status CHECK (review_status IN ('PENDING', 'APPROVED', 'REJECTED', 'RETURNED', 'WITHDRAWN'))
);
CREATE INDEX ix_civil_description_order ON civil_description (published_at desc, id);
CREATE INDEX ix_civil_description_outcome ON civil_description (outcome_id);

CREATE TABLE screening_score (
    screening_id UUID NOT NULL,
    criterion_id UUID NOT NULL,
    position BIGINT NOT NULL,
    points BIGINT NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_screening_score PRIMARY KEY (id),
    CONSTRAINT ck_screening_score_points CHECK (points between 0 and 100),
    CONSTRAINT fk_screening_score_screening_id FOREIGN KEY(screening_id) REFERENCES screening (id),
    CONSTRAINT fk_screening_score_criterion_id FOREIGN KEY(criterion_id) REFERENCES screening_criterion (id)
);
CREATE INDEX ix_screening_score_screening ON screening_score (screening_id, position, id);

CREATE TABLE civil_match (
    description_id UUID NOT NULL,
    category_id UUID NOT NULL,
    score BIGINT NOT NULL,
    words TEXT[] COLLATE "C" NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_civil_match PRIMARY KEY (id),
    CONSTRAINT fk_civil_match_description_id FOREIGN KEY(description_id) REFERENCES civil_description (id),
    CONSTRAINT fk_civil_match_category_id FOREIGN KEY(category_id) REFERENCES category (id)
);
CREATE INDEX ix_civil_match_description ON civil_match (description_id, score desc, id);

CREATE TABLE transfer_project (
    description_id UUID NOT NULL,
    lead_id UUID,
    product_id UUID,
    name TEXT COLLATE "C" NOT NULL,
    partner TEXT COLLATE "C" NOT NULL,
    licence VARCHAR(9) NOT NULL,
    licence_from DATE NOT NULL,
    licence_until DATE,
    status VARCHAR(9) NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    version BIGINT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_transfer_project PRIMARY KEY (id),
    CONSTRAINT ck_transfer_project_period CHECK (licence_until is null or licence_until > licence_from),
    CONSTRAINT fk_transfer_project_description_id FOREIGN KEY(description_id) REFERENCES civil_description (id),
    CONSTRAINT fk_transfer_project_lead_id FOREIGN KEY(lead_id) REFERENCES employee (id),
    CONSTRAINT fk_transfer_project_product_id FOREIGN KEY(product_id) REFERENCES product (id),
    CONSTRAINT ck_transfer_project_licence CHECK (licence IN ('EXCLUSIVE', 'SOLE', 'ORDINARY')),
    CONSTRAINT ck_transfer_project_status CHECK (status IN ('RUNNING', 'COMPLETED', 'STOPPED'))
);
CREATE INDEX ix_transfer_project_description ON transfer_project (description_id);
CREATE INDEX ix_transfer_project_order ON transfer_project (started_at desc, id);
CREATE INDEX ix_transfer_project_product ON transfer_project (product_id);
CREATE INDEX ix_transfer_project_status ON transfer_project (status, started_at desc, id);

CREATE TABLE transfer_milestone (
    project_id UUID NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    planned_on DATE NOT NULL,
    actual_on DATE,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_transfer_milestone PRIMARY KEY (id),
    CONSTRAINT fk_transfer_milestone_project_id FOREIGN KEY(project_id) REFERENCES transfer_project (id)
);
CREATE INDEX ix_transfer_milestone_project ON transfer_milestone (project_id, planned_on, id);

alter table "screening_sheet" enable row level security;
alter table "screening_sheet" force row level security;
create policy reads on "screening_sheet" for select using (nullif((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']), false) is not null);
create policy inserts on "screening_sheet" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
grant select, insert on "screening_sheet" to quadrant_app;

alter table "screening_criterion" enable row level security;
alter table "screening_criterion" force row level security;
create policy reads on "screening_criterion" for select using (nullif((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']), false) is not null);
create policy inserts on "screening_criterion" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
grant select, insert on "screening_criterion" to quadrant_app;

alter table "declassification_review" enable row level security;
alter table "declassification_review" force row level security;
create policy reads on "declassification_review" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "declassification_review" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "declassification_review" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "declassification_review" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "declassification_review" to quadrant_app;

alter table "screening" enable row level security;
alter table "screening" force row level security;
create policy reads on "screening" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "screening" for insert with check ((((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and screener_id = (select nullif(current_setting('q.person', true), '')::uuid))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert on "screening" to quadrant_app;

alter table "civil_description" enable row level security;
alter table "civil_description" force row level security;
create policy reads on "civil_description" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "civil_description" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert on "civil_description" to quadrant_app;

alter table "screening_score" enable row level security;
alter table "screening_score" force row level security;
create policy reads on "screening_score" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "screening_score" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert on "screening_score" to quadrant_app;

alter table "civil_match" enable row level security;
alter table "civil_match" force row level security;
create policy reads on "civil_match" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "civil_match" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert on "civil_match" to quadrant_app;

alter table "transfer_project" enable row level security;
alter table "transfer_project" force row level security;
create policy reads on "transfer_project" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "transfer_project" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "transfer_project" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "transfer_project" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "transfer_project" to quadrant_app;

alter table "transfer_milestone" enable row level security;
alter table "transfer_milestone" force row level security;
create policy reads on "transfer_milestone" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "transfer_milestone" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "transfer_milestone" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "transfer_milestone" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "transfer_milestone" to quadrant_app;

drop policy inserts on "media";
create policy inserts on "media" for insert with check ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
drop policy updates on "media";
create policy updates on "media" for update using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
drop policy deletes on "media";
create policy deletes on "media" for delete using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
drop policy inserts on "price";
create policy inserts on "price" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and customer_id is null)));
drop policy updates on "price";
create policy updates on "price" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and customer_id is null))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and customer_id is null)));
drop policy deletes on "price";
create policy deletes on "price" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and customer_id is null)));
drop policy inserts on "product";
create policy inserts on "product" for insert with check ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
drop policy updates on "product";
create policy updates on "product" for update using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
drop policy deletes on "product";
create policy deletes on "product" for delete using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
drop policy inserts on "variant";
create policy inserts on "variant" for insert with check ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
drop policy updates on "variant";
create policy updates on "variant" for update using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
drop policy deletes on "variant";
create policy deletes on "variant" for delete using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

create trigger classification after update of classification, compartments on "declassification_review"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');
create trigger classification after update of classification, compartments on "transfer_project"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');
create trigger classification after update of classification, compartments on "transfer_milestone"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');
