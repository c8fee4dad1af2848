-- Frozen. A statement ends with ';' at the end of a line that an empty line follows.

set local lock_timeout = '5s';

CREATE TABLE points_lot (
    account_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    amount BIGINT NOT NULL,
    remaining BIGINT NOT NULL,
    open BOOLEAN NOT NULL,
    active BOOLEAN NOT NULL,
    activates_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    basis BIGINT NOT NULL,
    returned BIGINT NOT NULL,
    clawed BIGINT NOT NULL,
    forgiven BIGINT NOT NULL,
    expired BIGINT NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_points_lot PRIMARY KEY (id),
    CONSTRAINT ck_points_lot_remaining CHECK (amount > 0 and remaining between 0 and amount),
    CONSTRAINT ck_points_lot_open CHECK (open = (remaining > 0)),
    CONSTRAINT ck_points_lot_returned CHECK (basis > 0 and returned between 0 and basis),
    CONSTRAINT ck_points_lot_clawed CHECK (clawed between 0 and amount and forgiven between 0 and clawed),
    CONSTRAINT ck_points_lot_expired CHECK (expired between 0 and amount - remaining)
)
 WITH (fillfactor = 80);

CREATE INDEX ix_points_lot_fifo ON points_lot (account_id, expires_at, id) WHERE open and active;

CREATE INDEX ix_points_lot_pending ON points_lot (account_id, activates_at) WHERE open and not active;

CREATE TABLE points_lot_use (
    transfer_id UUID NOT NULL,
    origin_id UUID NOT NULL,
    lot_id UUID NOT NULL,
    amount BIGINT NOT NULL,
    CONSTRAINT pk_points_lot_use PRIMARY KEY (origin_id, lot_id, transfer_id),
    CONSTRAINT ck_points_lot_use_amount CHECK (amount <> 0)
);

CREATE TABLE points_programme (
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    time_zone TEXT COLLATE "C" NOT NULL,
    activation_days BIGINT NOT NULL,
    lot_months BIGINT,
    rounding VARCHAR(7) NOT NULL,
    transfer_min BIGINT NOT NULL,
    transfer_max BIGINT NOT NULL,
    transfer_month_max BIGINT NOT NULL,
    version BIGINT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_points_programme PRIMARY KEY (id),
    CONSTRAINT uq_points_programme_code UNIQUE (code),
    CONSTRAINT ck_points_programme_activation_days CHECK (activation_days between 0 and 366),
    CONSTRAINT ck_points_programme_lot_months CHECK (lot_months between 1 and 1200),
    CONSTRAINT ck_points_programme_transfer_limits CHECK (0 <= transfer_min and transfer_min <= transfer_max and transfer_max <= transfer_month_max),
    CONSTRAINT ck_points_programme_rounding CHECK (rounding IN ('FLOOR', 'HALF_UP', 'CEILING'))
);

CREATE TABLE points_request (
    programme_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    fingerprint BYTEA NOT NULL,
    transfers UUID[] NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_points_request PRIMARY KEY (id)
);

CREATE TABLE points_transfer (
    account_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    sequence BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    effective_at TIMESTAMP WITH TIME ZONE NOT NULL,
    code VARCHAR(9) NOT NULL,
    debit VARCHAR(11) NOT NULL,
    credit VARCHAR(11) NOT NULL,
    amount BIGINT NOT NULL,
    pending_after BIGINT NOT NULL,
    available_after BIGINT NOT NULL,
    held_after BIGINT NOT NULL,
    debt_after BIGINT NOT NULL,
    refers_id UUID,
    subject_id UUID,
    spender_id UUID,
    rule_id UUID,
    breakdown JSONB,
    id UUID NOT NULL,
    CONSTRAINT pk_points_transfer PRIMARY KEY (id),
    CONSTRAINT ck_points_transfer_amount CHECK (amount > 0),
    CONSTRAINT ck_points_transfer_effective_at CHECK (effective_at <= at),
    CONSTRAINT ck_points_transfer_movement CHECK (code || ' ' || debit || ' ' || credit in ('EARN ISSUED PENDING', 'ACTIVATE PENDING AVAILABLE', 'SPEND AVAILABLE REDEEMED', 'HOLD AVAILABLE HELD', 'CAPTURE HELD REDEEMED', 'RELEASE HELD AVAILABLE', 'EXPIRE AVAILABLE EXPIRED', 'RESTORE REDEEMED AVAILABLE', 'CLAW_BACK PENDING ISSUED', 'CLAW_BACK AVAILABLE ISSUED', 'CLAW_BACK DEBT ISSUED', 'RECOVER AVAILABLE DEBT', 'TRANSFER AVAILABLE TRANSFERRED', 'TRANSFER TRANSFERRED AVAILABLE', 'REBALANCE AVAILABLE TRANSFERRED', 'REBALANCE TRANSFERRED AVAILABLE', 'ADJUST ISSUED AVAILABLE', 'ADJUST AVAILABLE ISSUED'))
)
 PARTITION BY RANGE (id);

CREATE INDEX ix_points_transfer_account ON points_transfer (account_id, id);

CREATE INDEX ix_points_transfer_late ON points_transfer (account_id, effective_at) WHERE effective_at < at;

CREATE INDEX ix_points_transfer_refers ON points_transfer (refers_id) WHERE refers_id is not null;

CREATE TABLE points_snapshot (
    programme_id UUID NOT NULL,
    day DATE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE NOT NULL,
    pending BIGINT NOT NULL,
    available BIGINT NOT NULL,
    held BIGINT NOT NULL,
    debt BIGINT NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_points_snapshot PRIMARY KEY (id),
    CONSTRAINT uq_points_snapshot_programme_id_day UNIQUE (programme_id, day),
    CONSTRAINT fk_points_snapshot_programme_id FOREIGN KEY(programme_id) REFERENCES points_programme (id)
);

CREATE TABLE points_account (
    programme_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    stripe SMALLINT NOT NULL,
    stripes SMALLINT NOT NULL,
    pending BIGINT NOT NULL,
    available BIGINT NOT NULL,
    held BIGINT NOT NULL,
    debt BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    posted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_points_account PRIMARY KEY (id),
    CONSTRAINT uq_points_account_programme_id_customer_id_stripe UNIQUE (programme_id, customer_id, stripe),
    CONSTRAINT ck_points_account_balance CHECK (pending >= 0 and available >= 0 and held >= 0 and debt >= 0),
    CONSTRAINT ck_points_account_stripe CHECK (stripe >= 0 and stripe < stripes and stripes in (1, 16)),
    CONSTRAINT fk_points_account_programme_id FOREIGN KEY(programme_id) REFERENCES points_programme (id),
    CONSTRAINT fk_points_account_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id)
)
 WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX ix_points_account_customer ON points_account (customer_id);

CREATE INDEX ix_points_account_due ON points_account (due_at) WHERE due_at < 'infinity';

CREATE TABLE points_spender (
    programme_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    person_id UUID NOT NULL,
    month_max BIGINT NOT NULL,
    month DATE NOT NULL,
    spent BIGINT NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_points_spender PRIMARY KEY (id),
    CONSTRAINT uq_points_spender_programme_id_customer_id_person_id UNIQUE (programme_id, customer_id, person_id),
    CONSTRAINT ck_points_spender_month_max CHECK (month_max >= 0 and spent >= 0),
    CONSTRAINT fk_points_spender_programme_id FOREIGN KEY(programme_id) REFERENCES points_programme (id),
    CONSTRAINT fk_points_spender_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_points_spender_person_id FOREIGN KEY(person_id) REFERENCES person (id)
)
 WITH (fillfactor = 60);

CREATE TABLE points_adjustment (
    programme_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    approval_id UUID NOT NULL,
    amount BIGINT NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_points_adjustment PRIMARY KEY (id),
    CONSTRAINT ck_points_adjustment_amount CHECK (amount <> 0),
    CONSTRAINT uq_points_adjustment_approval_id UNIQUE (approval_id),
    CONSTRAINT fk_points_adjustment_programme_id FOREIGN KEY(programme_id) REFERENCES points_programme (id),
    CONSTRAINT fk_points_adjustment_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_points_adjustment_approval_id FOREIGN KEY(approval_id) REFERENCES approval_request (id)
);

CREATE INDEX ix_points_adjustment_customer ON points_adjustment (customer_id, id);

alter table "points_lot" enable row level security;

alter table "points_lot" force row level security;

create policy reads on "points_lot" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))), false) is not null);

create policy inserts on "points_lot" for insert with check (current_user <> 'quadrant_app');

create policy updates on "points_lot" for update using (current_user <> 'quadrant_app') with check (current_user <> 'quadrant_app');

create policy deletes on "points_lot" for delete using (current_user <> 'quadrant_app');

grant select on "points_lot" to quadrant_app;

alter table "points_lot_use" enable row level security;

alter table "points_lot_use" force row level security;

create policy reads on "points_lot_use" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system'])), false) is not null);

create policy inserts on "points_lot_use" for insert with check (current_user <> 'quadrant_app');

grant select on "points_lot_use" to quadrant_app;

alter table "points_programme" enable row level security;

alter table "points_programme" force row level security;

create policy reads on "points_programme" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(array['consumer', 'enterprise'])), false) is not null);

create policy inserts on "points_programme" for insert with check (current_user <> 'quadrant_app');

create policy updates on "points_programme" for update using (current_user <> 'quadrant_app') with check (current_user <> 'quadrant_app');

create policy deletes on "points_programme" for delete using (current_user <> 'quadrant_app');

grant select on "points_programme" to quadrant_app;

alter table "points_request" enable row level security;

alter table "points_request" force row level security;

create policy reads on "points_request" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))), false) is not null);

create policy inserts on "points_request" for insert with check (current_user <> 'quadrant_app');

grant select on "points_request" to quadrant_app;

alter table "points_transfer" enable row level security;

alter table "points_transfer" force row level security;

create policy reads on "points_transfer" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))), false) is not null);

create policy inserts on "points_transfer" for insert with check (current_user <> 'quadrant_app');

grant select on "points_transfer" to quadrant_app;

alter table "points_snapshot" enable row level security;

alter table "points_snapshot" force row level security;

create policy reads on "points_snapshot" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system'])), false) is not null);

create policy inserts on "points_snapshot" for insert with check (current_user <> 'quadrant_app');

grant select on "points_snapshot" to quadrant_app;

alter table "points_account" enable row level security;

alter table "points_account" force row level security;

create policy reads on "points_account" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))), false) is not null);

create policy inserts on "points_account" for insert with check (current_user <> 'quadrant_app');

create policy updates on "points_account" for update using (current_user <> 'quadrant_app') with check (current_user <> 'quadrant_app');

create policy deletes on "points_account" for delete using (current_user <> 'quadrant_app');

grant select on "points_account" to quadrant_app;

alter table "points_spender" enable row level security;

alter table "points_spender" force row level security;

create policy reads on "points_spender" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))), false) is not null);

create policy inserts on "points_spender" for insert with check (current_user <> 'quadrant_app');

create policy updates on "points_spender" for update using (current_user <> 'quadrant_app') with check (current_user <> 'quadrant_app');

create policy deletes on "points_spender" for delete using (current_user <> 'quadrant_app');

grant select on "points_spender" to quadrant_app;

alter table "points_adjustment" enable row level security;

alter table "points_adjustment" force row level security;

create policy reads on "points_adjustment" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system'])), false) is not null);

create policy inserts on "points_adjustment" for insert with check (current_user <> 'quadrant_app');

grant select on "points_adjustment" to quadrant_app;
