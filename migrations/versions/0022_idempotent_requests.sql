-- Frozen. A statement ends with ';' at the end of a line that an empty line follows.

set local lock_timeout = '5s';

CREATE TABLE idempotent_request (
    audience TEXT COLLATE "C" NOT NULL,
    acts_for_id UUID,
    person_id UUID,
    client_id TEXT COLLATE "C",
    key TEXT COLLATE "C" NOT NULL,
    fingerprint BYTEA NOT NULL,
    answer TEXT COLLATE "C",
    subjects UUID[] NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_idempotent_request PRIMARY KEY (id),
    CONSTRAINT uq_idempotent_request_key UNIQUE NULLS NOT DISTINCT (key, audience, acts_for_id, person_id, client_id),
    CONSTRAINT ck_idempotent_request_key CHECK (char_length(key) between 1 and 200),
    CONSTRAINT ck_idempotent_request_fingerprint CHECK (octet_length(fingerprint) = 32),
    CONSTRAINT fk_idempotent_request_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);

CREATE INDEX ix_idempotent_request_at ON idempotent_request (at);

alter table "idempotent_request" enable row level security;

alter table "idempotent_request" force row level security;

create policy reads on "idempotent_request" for select using (nullif((((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['military', 'government', 'enterprise', 'consumer', 'division', 'staff']) and (person_id = (select nullif(current_setting('q.person', true), '')::uuid) or (person_id is null and audience = (select current_setting('q.audience', true)) and acts_for_id is not distinct from (select nullif(current_setting('q.customer', true), '')::uuid))))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);

create policy inserts on "idempotent_request" for insert with check ((((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['military', 'government', 'enterprise', 'consumer', 'division', 'staff']) and (person_id = (select nullif(current_setting('q.person', true), '')::uuid) or (person_id is null and audience = (select current_setting('q.audience', true)) and acts_for_id is not distinct from (select nullif(current_setting('q.customer', true), '')::uuid))))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

create policy updates on "idempotent_request" for update using ((((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['military', 'government', 'enterprise', 'consumer', 'division', 'staff']) and (person_id = (select nullif(current_setting('q.person', true), '')::uuid) or (person_id is null and audience = (select current_setting('q.audience', true)) and acts_for_id is not distinct from (select nullif(current_setting('q.customer', true), '')::uuid))))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check ((((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['military', 'government', 'enterprise', 'consumer', 'division', 'staff']) and (person_id = (select nullif(current_setting('q.person', true), '')::uuid) or (person_id is null and audience = (select current_setting('q.audience', true)) and acts_for_id is not distinct from (select nullif(current_setting('q.customer', true), '')::uuid))))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

create policy deletes on "idempotent_request" for delete using ((((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['military', 'government', 'enterprise', 'consumer', 'division', 'staff']) and (person_id = (select nullif(current_setting('q.person', true), '')::uuid) or (person_id is null and audience = (select current_setting('q.audience', true)) and acts_for_id is not distinct from (select nullif(current_setting('q.customer', true), '')::uuid))))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

grant select, insert, update, delete on "idempotent_request" to quadrant_app;

create trigger classification after update of classification, compartments on "idempotent_request"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger two_people before update of classification, compartments on "idempotent_request" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people();
