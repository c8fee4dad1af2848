-- Frozen: the tables of the authorization server. Run statement by statement by 0006_authorization_server.py.
CREATE TABLE revoked_token (
    subject_id UUID NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_revoked_token PRIMARY KEY (id)
);
CREATE INDEX ix_revoked_token_expires_at ON revoked_token (expires_at);
CREATE UNIQUE INDEX uq_revoked_token_subject_id ON revoked_token (subject_id);
CREATE TABLE used_once (
    key_hash BYTEA NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_used_once PRIMARY KEY (id)
);
CREATE INDEX ix_used_once_expires_at ON used_once (expires_at);
CREATE UNIQUE INDEX uq_used_once_key_hash ON used_once (key_hash);
CREATE TABLE client (
    client_id TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    customer_id UUID,
    owner_id UUID,
    first_party BOOLEAN NOT NULL,
    authentication VARCHAR(19) NOT NULL,
    grants TEXT[] COLLATE "C" NOT NULL,
    redirect_uris TEXT[] COLLATE "C" NOT NULL,
    post_logout_redirect_uris TEXT[] COLLATE "C" NOT NULL,
    scopes TEXT[] COLLATE "C" NOT NULL,
    audiences TEXT[] COLLATE "C" NOT NULL,
    jwks TEXT COLLATE "C",
    backchannel_logout_uri TEXT COLLATE "C",
    introspects BOOLEAN NOT NULL,
    dpop_bound BOOLEAN NOT NULL,
    registration_token_hash BYTEA,
    active BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_used_at TIMESTAMP WITH TIME ZONE,
    id UUID NOT NULL,
    CONSTRAINT pk_client PRIMARY KEY (id),
    CONSTRAINT fk_client_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_client_owner_id FOREIGN KEY(owner_id) REFERENCES person (id),
    CONSTRAINT ck_client_authentication CHECK (authentication IN ('none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'))
);
CREATE INDEX ix_client_customer_id ON client (customer_id);
CREATE UNIQUE INDEX uq_client_client_id ON client (client_id);
CREATE TABLE registration_token (
    person_id UUID NOT NULL,
    token_hash BYTEA NOT NULL,
    uses_left BIGINT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_registration_token PRIMARY KEY (id),
    CONSTRAINT fk_registration_token_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE UNIQUE INDEX uq_registration_token_token_hash ON registration_token (token_hash);
CREATE TABLE authorization_grant (
    client_id UUID NOT NULL,
    person_id UUID NOT NULL,
    login_session_id UUID,
    scopes TEXT[] COLLATE "C" NOT NULL,
    authenticated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    amr TEXT[] COLLATE "C" NOT NULL,
    jkt TEXT COLLATE "C",
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    id UUID NOT NULL,
    CONSTRAINT pk_authorization_grant PRIMARY KEY (id),
    CONSTRAINT fk_authorization_grant_client_id FOREIGN KEY(client_id) REFERENCES client (id),
    CONSTRAINT fk_authorization_grant_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE INDEX ix_authorization_grant_client_id ON authorization_grant (client_id);
CREATE INDEX ix_authorization_grant_login_session_id ON authorization_grant (login_session_id);
CREATE INDEX ix_authorization_grant_person_id ON authorization_grant (person_id);
CREATE TABLE client_secret (
    client_id UUID NOT NULL,
    customer_id UUID,
    secret_hash BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_used_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    id UUID NOT NULL,
    CONSTRAINT pk_client_secret PRIMARY KEY (id),
    CONSTRAINT fk_client_secret_client_id FOREIGN KEY(client_id) REFERENCES client (id),
    CONSTRAINT fk_client_secret_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id)
);
CREATE INDEX ix_client_secret_client_id ON client_secret (client_id);
CREATE TABLE consent (
    person_id UUID NOT NULL,
    client_id UUID NOT NULL,
    scopes TEXT[] COLLATE "C" NOT NULL,
    given_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_consent PRIMARY KEY (id),
    CONSTRAINT fk_consent_person_id FOREIGN KEY(person_id) REFERENCES person (id),
    CONSTRAINT fk_consent_client_id FOREIGN KEY(client_id) REFERENCES client (id)
);
CREATE UNIQUE INDEX uq_consent_person_id_client_id ON consent (person_id, client_id);
CREATE TABLE pushed_request (
    client_id UUID NOT NULL,
    uri_hash BYTEA NOT NULL,
    parameters JSONB NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    presented_at TIMESTAMP WITH TIME ZONE,
    id UUID NOT NULL,
    CONSTRAINT pk_pushed_request PRIMARY KEY (id),
    CONSTRAINT fk_pushed_request_client_id FOREIGN KEY(client_id) REFERENCES client (id)
);
CREATE INDEX ix_pushed_request_expires_at ON pushed_request (expires_at);
CREATE UNIQUE INDEX uq_pushed_request_uri_hash ON pushed_request (uri_hash);
CREATE TABLE authorization_code (
    grant_id UUID NOT NULL,
    code_hash BYTEA NOT NULL,
    redirect_uri TEXT COLLATE "C" NOT NULL,
    code_challenge TEXT COLLATE "C" NOT NULL,
    nonce TEXT COLLATE "C",
    jkt TEXT COLLATE "C",
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    id UUID NOT NULL,
    CONSTRAINT pk_authorization_code PRIMARY KEY (id),
    CONSTRAINT fk_authorization_code_grant_id FOREIGN KEY(grant_id) REFERENCES authorization_grant (id)
);
CREATE INDEX ix_authorization_code_expires_at ON authorization_code (expires_at);
CREATE UNIQUE INDEX uq_authorization_code_code_hash ON authorization_code (code_hash);
CREATE TABLE device_authorization (
    client_id UUID NOT NULL,
    device_hash BYTEA NOT NULL,
    user_code TEXT COLLATE "C" NOT NULL,
    scopes TEXT[] COLLATE "C" NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    interval_seconds BIGINT NOT NULL,
    polled_at TIMESTAMP WITH TIME ZONE,
    decided_at TIMESTAMP WITH TIME ZONE,
    grant_id UUID,
    used_at TIMESTAMP WITH TIME ZONE,
    id UUID NOT NULL,
    CONSTRAINT pk_device_authorization PRIMARY KEY (id),
    CONSTRAINT fk_device_authorization_client_id FOREIGN KEY(client_id) REFERENCES client (id),
    CONSTRAINT fk_device_authorization_grant_id FOREIGN KEY(grant_id) REFERENCES authorization_grant (id)
);
CREATE INDEX ix_device_authorization_expires_at ON device_authorization (expires_at);
CREATE UNIQUE INDEX uq_device_authorization_device_hash ON device_authorization (device_hash);
CREATE UNIQUE INDEX uq_device_authorization_user_code ON device_authorization (user_code);
CREATE TABLE refresh_token (
    grant_id UUID NOT NULL,
    token_hash BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    successor_salt BYTEA,
    id UUID NOT NULL,
    CONSTRAINT pk_refresh_token PRIMARY KEY (id),
    CONSTRAINT fk_refresh_token_grant_id FOREIGN KEY(grant_id) REFERENCES authorization_grant (id)
);
CREATE INDEX ix_refresh_token_expires_at ON refresh_token (expires_at);
CREATE INDEX ix_refresh_token_grant_id ON refresh_token (grant_id);
CREATE UNIQUE INDEX uq_refresh_token_token_hash ON refresh_token (token_hash);
alter table "revoked_token" enable row level security;
alter table "revoked_token" force row level security;
create policy reads on "revoked_token" for select using (nullif((select current_setting('q.audience', true)) = 'system', false) is not null);
create policy inserts on "revoked_token" for insert with check ((select current_setting('q.audience', true)) = 'system');
create policy updates on "revoked_token" for update using ((select current_setting('q.audience', true)) = 'system') with check ((select current_setting('q.audience', true)) = 'system');
create policy deletes on "revoked_token" for delete using ((select current_setting('q.audience', true)) = 'system');
grant select, insert, update, delete on "revoked_token" to quadrant_app;
alter table "used_once" enable row level security;
alter table "used_once" force row level security;
create policy reads on "used_once" for select using (nullif((select current_setting('q.audience', true)) = 'system', false) is not null);
create policy inserts on "used_once" for insert with check ((select current_setting('q.audience', true)) = 'system');
create policy updates on "used_once" for update using ((select current_setting('q.audience', true)) = 'system') with check ((select current_setting('q.audience', true)) = 'system');
create policy deletes on "used_once" for delete using ((select current_setting('q.audience', true)) = 'system');
grant select, insert, update, delete on "used_once" to quadrant_app;
alter table "client" enable row level security;
alter table "client" force row level security;
create policy reads on "client" for select using (nullif(((select current_setting('q.audience', true)) = 'system' or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)), false) is not null);
create policy inserts on "client" for insert with check (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))));
create policy updates on "client" for update using (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)))) with check (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))));
create policy deletes on "client" for delete using (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))));
grant select, insert, update, delete on "client" to quadrant_app;
alter table "registration_token" enable row level security;
alter table "registration_token" force row level security;
create policy reads on "registration_token" for select using (nullif((select current_setting('q.audience', true)) = 'system', false) is not null);
create policy inserts on "registration_token" for insert with check ((select current_setting('q.audience', true)) = 'system');
create policy updates on "registration_token" for update using ((select current_setting('q.audience', true)) = 'system') with check ((select current_setting('q.audience', true)) = 'system');
create policy deletes on "registration_token" for delete using ((select current_setting('q.audience', true)) = 'system');
grant select, insert, update, delete on "registration_token" to quadrant_app;
alter table "authorization_grant" enable row level security;
alter table "authorization_grant" force row level security;
create policy reads on "authorization_grant" for select using (nullif((select current_setting('q.audience', true)) = 'system', false) is not null);
create policy inserts on "authorization_grant" for insert with check ((select current_setting('q.audience', true)) = 'system');
create policy updates on "authorization_grant" for update using ((select current_setting('q.audience', true)) = 'system') with check ((select current_setting('q.audience', true)) = 'system');
create policy deletes on "authorization_grant" for delete using ((select current_setting('q.audience', true)) = 'system');
grant select, insert, update, delete on "authorization_grant" to quadrant_app;
alter table "client_secret" enable row level security;
alter table "client_secret" force row level security;
create policy reads on "client_secret" for select using (nullif(((select current_setting('q.audience', true)) = 'system' or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)), false) is not null);
create policy inserts on "client_secret" for insert with check (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))));
create policy updates on "client_secret" for update using (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)))) with check (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))));
create policy deletes on "client_secret" for delete using (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))));
grant select, insert, update, delete on "client_secret" to quadrant_app;
alter table "consent" enable row level security;
alter table "consent" force row level security;
create policy reads on "consent" for select using (nullif(((select current_setting('q.audience', true)) = 'system' or person_id = (select nullif(current_setting('q.person', true), '')::uuid)), false) is not null);
create policy inserts on "consent" for insert with check ((select current_setting('q.audience', true)) = 'system');
create policy updates on "consent" for update using ((select current_setting('q.audience', true)) = 'system') with check ((select current_setting('q.audience', true)) = 'system');
create policy deletes on "consent" for delete using ((select current_setting('q.audience', true)) = 'system');
grant select, insert, update, delete on "consent" to quadrant_app;
alter table "pushed_request" enable row level security;
alter table "pushed_request" force row level security;
create policy reads on "pushed_request" for select using (nullif((select current_setting('q.audience', true)) = 'system', false) is not null);
create policy inserts on "pushed_request" for insert with check ((select current_setting('q.audience', true)) = 'system');
create policy updates on "pushed_request" for update using ((select current_setting('q.audience', true)) = 'system') with check ((select current_setting('q.audience', true)) = 'system');
create policy deletes on "pushed_request" for delete using ((select current_setting('q.audience', true)) = 'system');
grant select, insert, update, delete on "pushed_request" to quadrant_app;
alter table "authorization_code" enable row level security;
alter table "authorization_code" force row level security;
create policy reads on "authorization_code" for select using (nullif((select current_setting('q.audience', true)) = 'system', false) is not null);
create policy inserts on "authorization_code" for insert with check ((select current_setting('q.audience', true)) = 'system');
create policy updates on "authorization_code" for update using ((select current_setting('q.audience', true)) = 'system') with check ((select current_setting('q.audience', true)) = 'system');
create policy deletes on "authorization_code" for delete using ((select current_setting('q.audience', true)) = 'system');
grant select, insert, update, delete on "authorization_code" to quadrant_app;
alter table "device_authorization" enable row level security;
alter table "device_authorization" force row level security;
create policy reads on "device_authorization" for select using (nullif((select current_setting('q.audience', true)) = 'system', false) is not null);
create policy inserts on "device_authorization" for insert with check ((select current_setting('q.audience', true)) = 'system');
create policy updates on "device_authorization" for update using ((select current_setting('q.audience', true)) = 'system') with check ((select current_setting('q.audience', true)) = 'system');
create policy deletes on "device_authorization" for delete using ((select current_setting('q.audience', true)) = 'system');
grant select, insert, update, delete on "device_authorization" to quadrant_app;
alter table "refresh_token" enable row level security;
alter table "refresh_token" force row level security;
create policy reads on "refresh_token" for select using (nullif((select current_setting('q.audience', true)) = 'system', false) is not null);
create policy inserts on "refresh_token" for insert with check ((select current_setting('q.audience', true)) = 'system');
create policy updates on "refresh_token" for update using ((select current_setting('q.audience', true)) = 'system') with check ((select current_setting('q.audience', true)) = 'system');
create policy deletes on "refresh_token" for delete using ((select current_setting('q.audience', true)) = 'system');
grant select, insert, update, delete on "refresh_token" to quadrant_app;
