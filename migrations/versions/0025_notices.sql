-- Frozen. A statement ends with ';' at the end of a line that an empty line follows.

set local lock_timeout = '5s';

CREATE TABLE notice (
    customer_id UUID NOT NULL,
    kind VARCHAR(15) NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    subject_id UUID NOT NULL,
    values JSONB NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    read_at TIMESTAMP WITH TIME ZONE,
    id UUID NOT NULL,
    CONSTRAINT pk_notice PRIMARY KEY (id),
    CONSTRAINT uq_notice_customer_id_kind_key UNIQUE (customer_id, kind, key),
    CONSTRAINT fk_notice_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT ck_notice_kind CHECK (kind IN ('POINTS_EXPIRING', 'VOUCHER_GIVEN'))
);

CREATE INDEX ix_notice_customer ON notice (customer_id, at desc, id);

CREATE INDEX ix_notice_order ON notice (at desc, id);

CREATE INDEX ix_notice_unread ON notice (customer_id) WHERE read_at is null;

alter table "notice" enable row level security;

alter table "notice" force row level security;

create policy reads on "notice" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))), false) is not null);

create policy inserts on "notice" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))));

create policy updates on "notice" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))));

create policy deletes on "notice" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))));

grant select, insert, update, delete on "notice" to quadrant_app;

CREATE TABLE points_lot_told (
    notice_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_points_lot_told PRIMARY KEY (id),
    CONSTRAINT fk_points_lot_told_notice_id FOREIGN KEY(notice_id) REFERENCES notice (id)
);

CREATE INDEX ix_points_lot_told_notice ON points_lot_told (notice_id);

alter table "points_lot_told" enable row level security;

alter table "points_lot_told" force row level security;

create policy reads on "points_lot_told" for select using (nullif((select current_setting('q.audience', true)) = 'system', false) is not null);

create policy inserts on "points_lot_told" for insert with check ((select current_setting('q.audience', true)) = 'system');

grant select, insert on "points_lot_told" to quadrant_app;
