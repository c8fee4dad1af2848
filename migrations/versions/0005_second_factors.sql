-- Frozen. Run statement by statement by the file beside it; a statement ends with ';' at the end of a line.
set local lock_timeout = '5s';
alter table login_session add column awaits_second_factor boolean;
alter table login_session add column enrolment_secret text collate "C";
update login_session set awaits_second_factor = false;
alter table login_session alter column awaits_second_factor set not null;

CREATE TABLE authenticator (
    person_id UUID NOT NULL,
    secret TEXT COLLATE "C" NOT NULL,
    last_step BIGINT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_authenticator PRIMARY KEY (id),
    CONSTRAINT fk_authenticator_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE UNIQUE INDEX uq_authenticator_person_id ON authenticator (person_id);
alter table "authenticator" enable row level security;
alter table "authenticator" force row level security;
create policy reads on "authenticator" for select using (nullif((select current_setting('q.audience', true)) = 'system', false) is not null);
create policy inserts on "authenticator" for insert with check ((select current_setting('q.audience', true)) = 'system');
create policy updates on "authenticator" for update using ((select current_setting('q.audience', true)) = 'system') with check ((select current_setting('q.audience', true)) = 'system');
create policy deletes on "authenticator" for delete using ((select current_setting('q.audience', true)) = 'system');
grant select, insert, update, delete on "authenticator" to quadrant_app;

CREATE TABLE passkey (
    person_id UUID NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    credential BYTEA NOT NULL,
    public_key BYTEA NOT NULL,
    signatures BIGINT NOT NULL,
    synced BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_used_at TIMESTAMP WITH TIME ZONE,
    id UUID NOT NULL,
    CONSTRAINT pk_passkey PRIMARY KEY (id),
    CONSTRAINT fk_passkey_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_passkey_person_id ON passkey (person_id);
CREATE UNIQUE INDEX uq_passkey_credential ON passkey (credential);
alter table "passkey" enable row level security;
alter table "passkey" force row level security;
create policy reads on "passkey" for select using (nullif((select current_setting('q.audience', true)) = 'system', false) is not null);
create policy inserts on "passkey" for insert with check ((select current_setting('q.audience', true)) = 'system');
create policy updates on "passkey" for update using ((select current_setting('q.audience', true)) = 'system') with check ((select current_setting('q.audience', true)) = 'system');
create policy deletes on "passkey" for delete using ((select current_setting('q.audience', true)) = 'system');
grant select, insert, update, delete on "passkey" to quadrant_app;

CREATE TABLE passkey_challenge (
    challenge BYTEA NOT NULL,
    person_id UUID,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_passkey_challenge PRIMARY KEY (id),
    CONSTRAINT fk_passkey_challenge_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_passkey_challenge_expires_at ON passkey_challenge (expires_at);
CREATE UNIQUE INDEX uq_passkey_challenge_challenge ON passkey_challenge (challenge);
alter table "passkey_challenge" enable row level security;
alter table "passkey_challenge" force row level security;
create policy reads on "passkey_challenge" for select using (nullif((select current_setting('q.audience', true)) = 'system', false) is not null);
create policy inserts on "passkey_challenge" for insert with check ((select current_setting('q.audience', true)) = 'system');
create policy updates on "passkey_challenge" for update using ((select current_setting('q.audience', true)) = 'system') with check ((select current_setting('q.audience', true)) = 'system');
create policy deletes on "passkey_challenge" for delete using ((select current_setting('q.audience', true)) = 'system');
grant select, insert, update, delete on "passkey_challenge" to quadrant_app;

CREATE TABLE recovery_code (
    person_id UUID NOT NULL,
    code_hash BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    id UUID NOT NULL,
    CONSTRAINT pk_recovery_code PRIMARY KEY (id),
    CONSTRAINT fk_recovery_code_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE UNIQUE INDEX uq_recovery_code_person_id_code_hash ON recovery_code (person_id, code_hash);
alter table "recovery_code" enable row level security;
alter table "recovery_code" force row level security;
create policy reads on "recovery_code" for select using (nullif((select current_setting('q.audience', true)) = 'system', false) is not null);
create policy inserts on "recovery_code" for insert with check ((select current_setting('q.audience', true)) = 'system');
create policy updates on "recovery_code" for update using ((select current_setting('q.audience', true)) = 'system') with check ((select current_setting('q.audience', true)) = 'system');
create policy deletes on "recovery_code" for delete using ((select current_setting('q.audience', true)) = 'system');
grant select, insert, update, delete on "recovery_code" to quadrant_app;
