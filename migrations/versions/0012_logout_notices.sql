-- Frozen. A statement ends with ';' before an empty line.

set local lock_timeout = '5s';

CREATE TABLE logout_notice (
    client_id UUID NOT NULL,
    person_id UUID NOT NULL,
    login_session_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    attempts BIGINT NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_logout_notice PRIMARY KEY (id),
    CONSTRAINT fk_logout_notice_client_id FOREIGN KEY(client_id) REFERENCES client (id),
    CONSTRAINT fk_logout_notice_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);

CREATE INDEX ix_logout_notice_next_at ON logout_notice (next_at);

alter table "logout_notice" enable row level security;

alter table "logout_notice" force row level security;

create policy reads on "logout_notice" for select using (nullif((select current_setting('q.audience', true)) = 'system', false) is not null);

create policy inserts on "logout_notice" for insert with check ((select current_setting('q.audience', true)) = 'system');

create policy updates on "logout_notice" for update using ((select current_setting('q.audience', true)) = 'system') with check ((select current_setting('q.audience', true)) = 'system');

create policy deletes on "logout_notice" for delete using ((select current_setting('q.audience', true)) = 'system');

grant select, insert, update, delete on "logout_notice" to quadrant_app;
