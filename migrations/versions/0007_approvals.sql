-- Frozen. A statement ends with ';' at the end of a line.

set local lock_timeout = '5s';

CREATE TABLE approval_policy (
    subject_kind TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    classification_min SMALLINT,
    amount_min BIGINT,
    steps JSONB NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_approval_policy PRIMARY KEY (id),
    CONSTRAINT uq_approval_policy_subject_kind_code_version UNIQUE (subject_kind, code, version)
);
CREATE INDEX ix_approval_policy_order ON approval_policy (subject_kind, code, version desc, id);

CREATE TABLE approval_delegation (
    delegator_id UUID NOT NULL,
    delegator_employee_id UUID,
    delegate_id UUID NOT NULL,
    delegator_name TEXT COLLATE "C" NOT NULL,
    roles TEXT[] COLLATE "C" NOT NULL,
    subject_kind TEXT COLLATE "C",
    reason TEXT COLLATE "C" NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_until TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    id UUID NOT NULL,
    CONSTRAINT pk_approval_delegation PRIMARY KEY (id),
    CONSTRAINT ck_approval_delegation_period CHECK (valid_until > valid_from),
    CONSTRAINT fk_approval_delegation_delegator_id FOREIGN KEY(delegator_id) REFERENCES person (id),
    CONSTRAINT fk_approval_delegation_delegator_employee_id FOREIGN KEY(delegator_employee_id) REFERENCES employee (id),
    CONSTRAINT fk_approval_delegation_delegate_id FOREIGN KEY(delegate_id) REFERENCES employee (id)
);
CREATE INDEX ix_approval_delegation_delegate ON approval_delegation (delegate_id, valid_until);
CREATE INDEX ix_approval_delegation_order ON approval_delegation (valid_from desc, id);

CREATE TABLE approval_request (
    policy_id UUID NOT NULL,
    requester_id UUID NOT NULL,
    requester_name TEXT COLLATE "C" NOT NULL,
    subject_kind TEXT COLLATE "C" NOT NULL,
    subject_id UUID NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    status VARCHAR(9) NOT NULL,
    step_now BIGINT NOT NULL,
    excluded_people UUID[] NOT NULL,
    excluded_employees UUID[] NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    version BIGINT NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_approval_request PRIMARY KEY (id),
    CONSTRAINT fk_approval_request_policy_id FOREIGN KEY(policy_id) REFERENCES approval_policy (id),
    CONSTRAINT fk_approval_request_requester_id FOREIGN KEY(requester_id) REFERENCES person (id),
    CONSTRAINT ck_approval_request_status CHECK (status IN ('PENDING', 'APPROVED', 'REJECTED', 'RETURNED', 'WITHDRAWN'))
);
CREATE INDEX ix_approval_request_order ON approval_request (requested_at desc, id);
CREATE INDEX ix_approval_request_status ON approval_request (status, requested_at desc, id);
CREATE INDEX ix_approval_request_subject ON approval_request (subject_id);

CREATE TABLE approval_step (
    request_id UUID NOT NULL,
    position BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    needed BIGINT NOT NULL,
    deadline_hours BIGINT NOT NULL,
    escalation_role TEXT COLLATE "C",
    opened_at TIMESTAMP WITH TIME ZONE,
    due_at TIMESTAMP WITH TIME ZONE,
    completed_at TIMESTAMP WITH TIME ZONE,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_approval_step PRIMARY KEY (id),
    CONSTRAINT ck_approval_step_needed CHECK (needed >= 1),
    CONSTRAINT fk_approval_step_request_id FOREIGN KEY(request_id) REFERENCES approval_request (id)
);
CREATE INDEX ix_approval_step_request ON approval_step (request_id, position, id);

CREATE TABLE approval_signer (
    request_id UUID NOT NULL,
    step_id UUID NOT NULL,
    employee_id UUID,
    position BIGINT NOT NULL,
    role TEXT COLLATE "C",
    added BOOLEAN NOT NULL,
    named_by TEXT COLLATE "C",
    reason TEXT COLLATE "C",
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_approval_signer PRIMARY KEY (id),
    CONSTRAINT ck_approval_signer_one_kind CHECK ((role is null) <> (employee_id is null)),
    CONSTRAINT fk_approval_signer_request_id FOREIGN KEY(request_id) REFERENCES approval_request (id),
    CONSTRAINT fk_approval_signer_step_id FOREIGN KEY(step_id) REFERENCES approval_step (id),
    CONSTRAINT fk_approval_signer_employee_id FOREIGN KEY(employee_id) REFERENCES employee (id)
);
CREATE INDEX ix_approval_signer_request ON approval_signer (request_id);
CREATE INDEX ix_approval_signer_step ON approval_signer (step_id, position, id);

CREATE TABLE approval_decision (
    request_id UUID NOT NULL,
    signer_id UUID NOT NULL,
    person_id UUID NOT NULL,
    principal_id UUID NOT NULL,
    person_name TEXT COLLATE "C" NOT NULL,
    principal_name TEXT COLLATE "C" NOT NULL,
    kind VARCHAR(7) NOT NULL,
    escalated BOOLEAN NOT NULL,
    comment TEXT COLLATE "C",
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_approval_decision PRIMARY KEY (id),
    CONSTRAINT uq_approval_decision_person UNIQUE (request_id, person_id, classification, compartments),
    CONSTRAINT uq_approval_decision_principal UNIQUE (request_id, principal_id, classification, compartments),
    CONSTRAINT fk_approval_decision_request_id FOREIGN KEY(request_id) REFERENCES approval_request (id),
    CONSTRAINT fk_approval_decision_signer_id FOREIGN KEY(signer_id) REFERENCES approval_signer (id),
    CONSTRAINT fk_approval_decision_person_id FOREIGN KEY(person_id) REFERENCES person (id),
    CONSTRAINT fk_approval_decision_principal_id FOREIGN KEY(principal_id) REFERENCES person (id),
    CONSTRAINT ck_approval_decision_kind CHECK (kind IN ('APPROVE', 'REJECT', 'RETURN'))
);
CREATE INDEX ix_approval_decision_request ON approval_decision (request_id, at, id);
CREATE INDEX ix_approval_decision_signer ON approval_decision (signer_id);

alter table "approval_policy" enable row level security;
alter table "approval_policy" force row level security;
create policy reads on "approval_policy" for select using (nullif((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']), false) is not null);
create policy inserts on "approval_policy" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
create policy updates on "approval_policy" for update using ((select current_setting('q.audience', true)) = any(array['staff', 'system'])) with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
create policy deletes on "approval_policy" for delete using ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
grant select, insert, update, delete on "approval_policy" to quadrant_app;

alter table "approval_delegation" enable row level security;
alter table "approval_delegation" force row level security;
create policy reads on "approval_delegation" for select using (nullif((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']), false) is not null);
create policy inserts on "approval_delegation" for insert with check (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and delegator_id = (select nullif(current_setting('q.person', true), '')::uuid))));
create policy updates on "approval_delegation" for update using (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and delegator_id = (select nullif(current_setting('q.person', true), '')::uuid)))) with check (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and delegator_id = (select nullif(current_setting('q.person', true), '')::uuid))));
create policy deletes on "approval_delegation" for delete using (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and delegator_id = (select nullif(current_setting('q.person', true), '')::uuid))));
grant select, insert, update, delete on "approval_delegation" to quadrant_app;

alter table "approval_request" enable row level security;
alter table "approval_request" force row level security;
create policy reads on "approval_request" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "approval_request" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "approval_request" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "approval_request" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "approval_request" to quadrant_app;

alter table "approval_step" enable row level security;
alter table "approval_step" force row level security;
create policy reads on "approval_step" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "approval_step" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "approval_step" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "approval_step" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "approval_step" to quadrant_app;

alter table "approval_signer" enable row level security;
alter table "approval_signer" force row level security;
create policy reads on "approval_signer" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "approval_signer" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "approval_signer" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "approval_signer" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "approval_signer" to quadrant_app;

alter table "approval_decision" enable row level security;
alter table "approval_decision" force row level security;
create policy reads on "approval_decision" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "approval_decision" for insert with check ((((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['staff', 'division', 'system']) and person_id = (select nullif(current_setting('q.person', true), '')::uuid))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert on "approval_decision" to quadrant_app;
