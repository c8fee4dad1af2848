-- Frozen. A statement ends with ';' before an empty line.
--
-- Earning by rules (docs/adr has a page on it): rules and their versions, what an order earned, tiers and what they rest on.

set local lock_timeout = '5s';

CREATE TABLE earn_rule (
    programme_id UUID NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    kind VARCHAR(10) NOT NULL,
    campaign TEXT COLLATE "C",
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_earn_rule PRIMARY KEY (id),
    CONSTRAINT uq_earn_rule_programme_id_code UNIQUE (programme_id, code),
    CONSTRAINT fk_earn_rule_programme_id FOREIGN KEY(programme_id) REFERENCES points_programme (id),
    CONSTRAINT ck_earn_rule_kind CHECK (kind IN ('BASIC', 'MULTIPLIER', 'BONUS'))
);

CREATE UNIQUE INDEX uq_earn_rule_basic ON earn_rule (programme_id) WHERE kind = 'BASIC';

CREATE TABLE qualifying_entry (
    programme_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    order_id UUID NOT NULL,
    source_id UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    points BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_qualifying_entry PRIMARY KEY (id),
    CONSTRAINT uq_qualifying_entry_programme_id_source_id UNIQUE (programme_id, source_id),
    CONSTRAINT fk_qualifying_entry_programme_id FOREIGN KEY(programme_id) REFERENCES points_programme (id)
);

CREATE INDEX ix_qualifying_entry_member ON qualifying_entry (programme_id, customer_id, at);

CREATE INDEX ix_qualifying_entry_order ON qualifying_entry (order_id);

CREATE TABLE tier (
    programme_id UUID NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    rank BIGINT NOT NULL,
    qualifying_min BIGINT NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_tier PRIMARY KEY (id),
    CONSTRAINT uq_tier_programme_id_code UNIQUE (programme_id, code),
    CONSTRAINT uq_tier_programme_id_rank UNIQUE (programme_id, rank),
    CONSTRAINT ck_tier_qualifying_min CHECK (qualifying_min >= 0),
    CONSTRAINT fk_tier_programme_id FOREIGN KEY(programme_id) REFERENCES points_programme (id)
);

CREATE TABLE tier_scheme (
    programme_id UUID NOT NULL,
    measure VARCHAR(6) NOT NULL,
    window_months BIGINT NOT NULL,
    keeps_months BIGINT NOT NULL,
    version BIGINT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_tier_scheme PRIMARY KEY (id),
    CONSTRAINT uq_tier_scheme_programme_id UNIQUE (programme_id),
    CONSTRAINT ck_tier_scheme_months CHECK (window_months between 1 and 120 and keeps_months between 1 and 120),
    CONSTRAINT fk_tier_scheme_programme_id FOREIGN KEY(programme_id) REFERENCES points_programme (id),
    CONSTRAINT ck_tier_scheme_measure CHECK (measure IN ('POINTS', 'AMOUNT'))
);

CREATE TABLE earn_rule_version (
    rule_id UUID NOT NULL,
    number BIGINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    points BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    factor_percent BIGINT NOT NULL,
    order_amount_min BIGINT NOT NULL,
    order_points_max BIGINT,
    month_points_max BIGINT,
    budget_points BIGINT,
    channels TEXT[] COLLATE "C" NOT NULL,
    note TEXT COLLATE "C",
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    activated_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    version BIGINT NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_earn_rule_version PRIMARY KEY (id),
    CONSTRAINT uq_earn_rule_version_rule_id_number UNIQUE (rule_id, number),
    CONSTRAINT ck_earn_rule_version_effect CHECK (points >= 0 and amount > 0 and factor_percent >= 0 and order_amount_min >= 0),
    CONSTRAINT ck_earn_rule_version_bounds CHECK (order_points_max > 0 and month_points_max > 0 and budget_points > 0),
    CONSTRAINT ck_earn_rule_version_ended_at CHECK (ended_at is null or activated_at is not null),
    CONSTRAINT fk_earn_rule_version_rule_id FOREIGN KEY(rule_id) REFERENCES earn_rule (id)
);

CREATE UNIQUE INDEX uq_earn_rule_version_valid_from ON earn_rule_version (rule_id, valid_from) WHERE activated_at is not null;

CREATE TABLE tier_membership (
    programme_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    tier_id UUID NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_until TIMESTAMP WITH TIME ZONE NOT NULL,
    reached BIGINT NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_tier_membership PRIMARY KEY (id),
    CONSTRAINT uq_tier_membership_programme_id_customer_id_valid_from UNIQUE (programme_id, customer_id, valid_from),
    CONSTRAINT ck_tier_membership_period CHECK (valid_until > valid_from),
    CONSTRAINT fk_tier_membership_programme_id FOREIGN KEY(programme_id) REFERENCES points_programme (id),
    CONSTRAINT fk_tier_membership_tier_id FOREIGN KEY(tier_id) REFERENCES tier (id)
);

CREATE INDEX ix_tier_membership_member ON tier_membership (customer_id, valid_from desc, id);

CREATE TABLE tier_standing (
    programme_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    review_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_tier_standing PRIMARY KEY (id),
    CONSTRAINT uq_tier_standing_programme_id_customer_id UNIQUE (programme_id, customer_id),
    CONSTRAINT fk_tier_standing_programme_id FOREIGN KEY(programme_id) REFERENCES points_programme (id),
    CONSTRAINT fk_tier_standing_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id)
);

CREATE INDEX ix_tier_standing_review ON tier_standing (review_at) WHERE review_at < 'infinity';

CREATE TABLE earn_budget (
    version_id UUID NOT NULL,
    stripe SMALLINT NOT NULL,
    granted BIGINT NOT NULL,
    used BIGINT NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_earn_budget PRIMARY KEY (id),
    CONSTRAINT uq_earn_budget_version_id_stripe UNIQUE (version_id, stripe),
    CONSTRAINT ck_earn_budget_used CHECK (used between 0 and granted),
    CONSTRAINT fk_earn_budget_version_id FOREIGN KEY(version_id) REFERENCES earn_rule_version (id)
)
 WITH (fillfactor = 60);

CREATE TABLE earn_month (
    version_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    month DATE NOT NULL,
    points BIGINT NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_earn_month PRIMARY KEY (id),
    CONSTRAINT uq_earn_month_version_id_customer_id_month UNIQUE (version_id, customer_id, month),
    CONSTRAINT ck_earn_month_points CHECK (points >= 0),
    CONSTRAINT fk_earn_month_version_id FOREIGN KEY(version_id) REFERENCES earn_rule_version (id),
    CONSTRAINT fk_earn_month_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id)
);

CREATE TABLE earn_simulation (
    version_id UUID NOT NULL,
    of_version BIGINT NOT NULL,
    period_from TIMESTAMP WITH TIME ZONE NOT NULL,
    period_until TIMESTAMP WITH TIME ZONE NOT NULL,
    simulated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    orders BIGINT NOT NULL,
    touched BIGINT NOT NULL,
    points_before BIGINT NOT NULL,
    points_after BIGINT NOT NULL,
    worth_before_amount BIGINT NOT NULL,
    worth_before_currency TEXT COLLATE "C" NOT NULL,
    worth_after_amount BIGINT NOT NULL,
    worth_after_currency TEXT COLLATE "C" NOT NULL,
    budget_used BIGINT NOT NULL,
    budget_exhausted_at TIMESTAMP WITH TIME ZONE,
    id UUID NOT NULL,
    CONSTRAINT pk_earn_simulation PRIMARY KEY (id),
    CONSTRAINT fk_earn_simulation_version_id FOREIGN KEY(version_id) REFERENCES earn_rule_version (id)
);

CREATE INDEX ix_earn_simulation_version ON earn_simulation (version_id, simulated_at desc, id);

CREATE TABLE order_earning (
    programme_id UUID NOT NULL,
    order_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    version_id UUID NOT NULL,
    tier_id UUID,
    transfer_id UUID,
    basis BIGINT NOT NULL,
    points BIGINT NOT NULL,
    ordered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_order_earning PRIMARY KEY (id),
    CONSTRAINT uq_order_earning_programme_id_order_id UNIQUE (programme_id, order_id),
    CONSTRAINT ck_order_earning_points CHECK (basis >= 0 and points >= 0 and (points > 0) = (transfer_id is not null)),
    CONSTRAINT fk_order_earning_programme_id FOREIGN KEY(programme_id) REFERENCES points_programme (id),
    CONSTRAINT fk_order_earning_order_id FOREIGN KEY(order_id) REFERENCES "order" (id)
);

CREATE INDEX ix_order_earning_order ON order_earning (order_id);

CREATE TABLE earn_condition (
    version_id UUID NOT NULL,
    position BIGINT NOT NULL,
    category_id UUID,
    product_id UUID,
    tier_id UUID,
    id UUID NOT NULL,
    CONSTRAINT pk_earn_condition PRIMARY KEY (id),
    CONSTRAINT ck_earn_condition_one CHECK (num_nonnulls(category_id, product_id, tier_id) = 1),
    CONSTRAINT fk_earn_condition_version_id FOREIGN KEY(version_id) REFERENCES earn_rule_version (id),
    CONSTRAINT fk_earn_condition_category_id FOREIGN KEY(category_id) REFERENCES category (id),
    CONSTRAINT fk_earn_condition_product_id FOREIGN KEY(product_id) REFERENCES product (id),
    CONSTRAINT fk_earn_condition_tier_id FOREIGN KEY(tier_id) REFERENCES tier (id)
);

CREATE INDEX ix_earn_condition_version ON earn_condition (version_id, position, id);

CREATE TABLE earn_simulation_tier (
    simulation_id UUID NOT NULL,
    position BIGINT NOT NULL,
    tier_id UUID,
    orders BIGINT NOT NULL,
    touched BIGINT NOT NULL,
    points_before BIGINT NOT NULL,
    points_after BIGINT NOT NULL,
    worth_before_amount BIGINT NOT NULL,
    worth_before_currency TEXT COLLATE "C" NOT NULL,
    worth_after_amount BIGINT NOT NULL,
    worth_after_currency TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_earn_simulation_tier PRIMARY KEY (id),
    CONSTRAINT fk_earn_simulation_tier_simulation_id FOREIGN KEY(simulation_id) REFERENCES earn_simulation (id),
    CONSTRAINT fk_earn_simulation_tier_tier_id FOREIGN KEY(tier_id) REFERENCES tier (id)
);

CREATE INDEX ix_earn_simulation_tier_simulation ON earn_simulation_tier (simulation_id, position, id);

alter table "earn_rule" enable row level security;

alter table "earn_rule" force row level security;

create policy reads on "earn_rule" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(array['consumer', 'enterprise'])), false) is not null);

create policy inserts on "earn_rule" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy updates on "earn_rule" for update using ((select current_setting('q.audience', true)) = any(array['staff', 'system'])) with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy deletes on "earn_rule" for delete using ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

grant select, insert, update, delete on "earn_rule" to quadrant_app;

alter table "qualifying_entry" enable row level security;

alter table "qualifying_entry" force row level security;

create policy reads on "qualifying_entry" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))), false) is not null);

create policy inserts on "qualifying_entry" for insert with check (current_user <> 'quadrant_app');

grant select on "qualifying_entry" to quadrant_app;

alter table "tier" enable row level security;

alter table "tier" force row level security;

create policy reads on "tier" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(array['consumer', 'enterprise'])), false) is not null);

create policy inserts on "tier" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy updates on "tier" for update using ((select current_setting('q.audience', true)) = any(array['staff', 'system'])) with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy deletes on "tier" for delete using ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

grant select, insert, update, delete on "tier" to quadrant_app;

alter table "tier_scheme" enable row level security;

alter table "tier_scheme" force row level security;

create policy reads on "tier_scheme" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(array['consumer', 'enterprise'])), false) is not null);

create policy inserts on "tier_scheme" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy updates on "tier_scheme" for update using ((select current_setting('q.audience', true)) = any(array['staff', 'system'])) with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy deletes on "tier_scheme" for delete using ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

grant select, insert, update, delete on "tier_scheme" to quadrant_app;

alter table "earn_rule_version" enable row level security;

alter table "earn_rule_version" force row level security;

create policy reads on "earn_rule_version" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(array['consumer', 'enterprise'])), false) is not null);

create policy inserts on "earn_rule_version" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy updates on "earn_rule_version" for update using ((select current_setting('q.audience', true)) = any(array['staff', 'system'])) with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy deletes on "earn_rule_version" for delete using ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

grant select, insert, update, delete on "earn_rule_version" to quadrant_app;

alter table "tier_membership" enable row level security;

alter table "tier_membership" force row level security;

create policy reads on "tier_membership" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))), false) is not null);

create policy inserts on "tier_membership" for insert with check (current_user <> 'quadrant_app');

grant select on "tier_membership" to quadrant_app;

alter table "tier_standing" enable row level security;

alter table "tier_standing" force row level security;

create policy reads on "tier_standing" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))), false) is not null);

create policy inserts on "tier_standing" for insert with check (current_user <> 'quadrant_app');

create policy updates on "tier_standing" for update using (current_user <> 'quadrant_app') with check (current_user <> 'quadrant_app');

create policy deletes on "tier_standing" for delete using (current_user <> 'quadrant_app');

grant select on "tier_standing" to quadrant_app;

alter table "earn_budget" enable row level security;

alter table "earn_budget" force row level security;

create policy reads on "earn_budget" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system'])), false) is not null);

create policy inserts on "earn_budget" for insert with check (current_user <> 'quadrant_app');

create policy updates on "earn_budget" for update using (current_user <> 'quadrant_app') with check (current_user <> 'quadrant_app');

create policy deletes on "earn_budget" for delete using (current_user <> 'quadrant_app');

grant select on "earn_budget" to quadrant_app;

alter table "earn_month" enable row level security;

alter table "earn_month" force row level security;

create policy reads on "earn_month" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))), false) is not null);

create policy inserts on "earn_month" for insert with check (current_user <> 'quadrant_app');

create policy updates on "earn_month" for update using (current_user <> 'quadrant_app') with check (current_user <> 'quadrant_app');

create policy deletes on "earn_month" for delete using (current_user <> 'quadrant_app');

grant select on "earn_month" to quadrant_app;

alter table "earn_simulation" enable row level security;

alter table "earn_simulation" force row level security;

create policy reads on "earn_simulation" for select using (nullif((select current_setting('q.audience', true)) = any(array['staff', 'system']), false) is not null);

create policy inserts on "earn_simulation" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

grant select, insert on "earn_simulation" to quadrant_app;

alter table "order_earning" enable row level security;

alter table "order_earning" force row level security;

create policy reads on "order_earning" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))), false) is not null);

create policy inserts on "order_earning" for insert with check (current_user <> 'quadrant_app');

grant select on "order_earning" to quadrant_app;

alter table "earn_condition" enable row level security;

alter table "earn_condition" force row level security;

create policy reads on "earn_condition" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(array['consumer', 'enterprise'])), false) is not null);

create policy inserts on "earn_condition" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy updates on "earn_condition" for update using ((select current_setting('q.audience', true)) = any(array['staff', 'system'])) with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy deletes on "earn_condition" for delete using ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

grant select, insert, update, delete on "earn_condition" to quadrant_app;

alter table "earn_simulation_tier" enable row level security;

alter table "earn_simulation_tier" force row level security;

create policy reads on "earn_simulation_tier" for select using (nullif((select current_setting('q.audience', true)) = any(array['staff', 'system']), false) is not null);

create policy inserts on "earn_simulation_tier" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

grant select, insert on "earn_simulation_tier" to quadrant_app;
