-- Frozen: what the first release created. Run statement by statement by 0001_foundation.py; a statement ends with ';'
-- at the end of a line. Later changes are later migrations.

grant usage on schema public to quadrant_app;

CREATE TABLE category (
    parent_id UUID,
    slug TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    summary TEXT COLLATE "C" NOT NULL,
    summary_en TEXT COLLATE "C",
    position BIGINT NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_category PRIMARY KEY (id),
    CONSTRAINT uq_category_slug UNIQUE (slug),
    CONSTRAINT fk_category_parent_id FOREIGN KEY(parent_id) REFERENCES category (id)
);
CREATE INDEX ix_category_parent ON category (parent_id, position, id);

CREATE TABLE employee (
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    title TEXT COLLATE "C" NOT NULL,
    department TEXT COLLATE "C" NOT NULL,
    phone TEXT COLLATE "C" NOT NULL,
    email TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_employee PRIMARY KEY (id)
);

CREATE TABLE installation (
    ceiling SMALLINT NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_installation PRIMARY KEY (id),
    CONSTRAINT ck_installation_only CHECK (id = '00000000-0000-7000-8000-000000000000')
);

CREATE TABLE outbox_event (
    position BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT COLLATE "C" NOT NULL,
    subject_id UUID NOT NULL,
    customer_id UUID,
    payload JSONB NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_outbox_event PRIMARY KEY (id)
);
CREATE INDEX ix_outbox_event_position ON outbox_event (position);

CREATE TABLE region (
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    parent_id UUID,
    id UUID NOT NULL,
    CONSTRAINT pk_region PRIMARY KEY (id),
    CONSTRAINT uq_region_code UNIQUE (code),
    CONSTRAINT fk_region_parent_id FOREIGN KEY(parent_id) REFERENCES region (id)
);

CREATE TABLE sign_in_attempt (
    subject VARCHAR(7) NOT NULL,
    subject_hash BYTEA NOT NULL,
    attempts BIGINT NOT NULL,
    window_started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_sign_in_attempt PRIMARY KEY (id),
    CONSTRAINT ck_sign_in_attempt_subject CHECK (subject IN ('ACCOUNT', 'ADDRESS'))
);
CREATE INDEX ix_sign_in_attempt_window ON sign_in_attempt (window_started_at);
CREATE UNIQUE INDEX uq_sign_in_attempt_subject ON sign_in_attempt (subject, subject_hash);

CREATE TABLE signing_key (
    kid TEXT COLLATE "C" NOT NULL,
    private_jwk TEXT COLLATE "C" NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    retired_at TIMESTAMP WITH TIME ZONE,
    id UUID NOT NULL,
    CONSTRAINT pk_signing_key PRIMARY KEY (id)
);

CREATE TABLE source_system (
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_source_system PRIMARY KEY (id),
    CONSTRAINT uq_source_system_code UNIQUE (code)
);

CREATE TABLE customer (
    kind VARCHAR(12) NOT NULL,
    segment VARCHAR(10) NOT NULL,
    status VARCHAR(8) NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    unified_code TEXT COLLATE "C",
    key_account BOOLEAN NOT NULL,
    region_id UUID,
    parent_id UUID,
    contact_days_max BIGINT,
    version BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_customer PRIMARY KEY (id),
    CONSTRAINT ck_customer_kind CHECK (kind IN ('ORGANISATION', 'PERSON')),
    CONSTRAINT ck_customer_segment CHECK (segment IN ('MILITARY', 'GOVERNMENT', 'ENTERPRISE', 'CONSUMER')),
    CONSTRAINT ck_customer_status CHECK (status IN ('PROSPECT', 'ACTIVE', 'DORMANT', 'CLOSED')),
    CONSTRAINT fk_customer_region_id FOREIGN KEY(region_id) REFERENCES region (id),
    CONSTRAINT fk_customer_parent_id FOREIGN KEY(parent_id) REFERENCES customer (id)
);
CREATE INDEX ix_customer_order ON customer (name, id);
CREATE INDEX ix_customer_parent ON customer (parent_id, name, id);
CREATE INDEX ix_customer_segment ON customer (segment, name, id);

CREATE TABLE stock_location (
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    region_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_stock_location PRIMARY KEY (id),
    CONSTRAINT fk_stock_location_region_id FOREIGN KEY(region_id) REFERENCES region (id)
);

CREATE TABLE contact (
    customer_id UUID NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    title TEXT COLLATE "C" NOT NULL,
    phone TEXT COLLATE "C",
    email TEXT COLLATE "C",
    valid_from DATE NOT NULL,
    valid_until DATE,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_contact PRIMARY KEY (id),
    CONSTRAINT fk_contact_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id)
);
CREATE INDEX ix_contact_customer ON contact (customer_id, name, id);

CREATE TABLE external_id (
    customer_id UUID NOT NULL,
    source_system_id UUID NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_external_id PRIMARY KEY (id),
    CONSTRAINT uq_external_id_source_system_id_value UNIQUE (source_system_id, value),
    CONSTRAINT fk_external_id_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_external_id_source_system_id FOREIGN KEY(source_system_id) REFERENCES source_system (id)
);
CREATE INDEX ix_external_id_customer ON external_id (customer_id, id);

CREATE TABLE interaction (
    customer_id UUID NOT NULL,
    kind VARCHAR(7) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    summary TEXT COLLATE "C" NOT NULL,
    recorded_by_id UUID,
    follow_up TEXT COLLATE "C",
    follow_up_on DATE,
    followed_up_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_interaction PRIMARY KEY (id),
    CONSTRAINT fk_interaction_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT ck_interaction_kind CHECK (kind IN ('VISIT', 'CALL', 'MEETING', 'FORUM', 'MESSAGE')),
    CONSTRAINT fk_interaction_recorded_by_id FOREIGN KEY(recorded_by_id) REFERENCES employee (id)
);
CREATE INDEX ix_interaction_customer ON interaction (customer_id, at desc, id);
CREATE INDEX ix_interaction_open ON interaction (customer_id, follow_up_on) WHERE follow_up is not null and followed_up_at is null;
CREATE INDEX ix_interaction_order ON interaction (at desc, id);

CREATE TABLE "order" (
    customer_id UUID NOT NULL,
    number TEXT COLLATE "C" NOT NULL,
    channel VARCHAR(8) NOT NULL,
    status VARCHAR(9) NOT NULL,
    placed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    units BIGINT NOT NULL,
    total_amount BIGINT NOT NULL,
    total_currency TEXT COLLATE "C" NOT NULL,
    source_system_id UUID,
    source_line BIGINT,
    source_fingerprint BYTEA,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_order PRIMARY KEY (id),
    CONSTRAINT ck_order_not_negative CHECK (total_amount >= 0),
    CONSTRAINT fk_order_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT ck_order_channel CHECK (channel IN ('SHOP', 'STORE', 'PARTNER', 'CONTRACT', 'IMPORT')),
    CONSTRAINT ck_order_status CHECK (status IN ('PLACED', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLED')),
    CONSTRAINT fk_order_source_system_id FOREIGN KEY(source_system_id) REFERENCES source_system (id)
);
CREATE INDEX ix_order_customer ON "order" (customer_id, placed_at desc, id);
CREATE INDEX ix_order_order ON "order" (placed_at desc, id);
CREATE UNIQUE INDEX uq_order_source ON "order" (source_system_id, source_line);

CREATE TABLE person (
    email TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    audience VARCHAR(10) NOT NULL,
    customer_id UUID,
    employee_id UUID,
    clearance SMALLINT NOT NULL,
    compartments TEXT[] COLLATE "C" NOT NULL,
    roles TEXT[] COLLATE "C" NOT NULL,
    password_hash TEXT COLLATE "C" NOT NULL,
    active BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_person PRIMARY KEY (id),
    CONSTRAINT ck_person_audience CHECK (audience IN ('military', 'government', 'enterprise', 'consumer', 'division', 'staff')),
    CONSTRAINT fk_person_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_person_employee_id FOREIGN KEY(employee_id) REFERENCES employee (id)
);
CREATE UNIQUE INDEX uq_person_email ON person (email);

CREATE TABLE programme (
    customer_id UUID NOT NULL,
    chief_id UUID,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    domain TEXT COLLATE "C" NOT NULL,
    summary TEXT COLLATE "C" NOT NULL,
    phase VARCHAR(12) NOT NULL,
    started_on DATE NOT NULL,
    cost_amount BIGINT,
    cost_currency TEXT COLLATE "C",
    version BIGINT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_programme PRIMARY KEY (id),
    CONSTRAINT uq_programme_code UNIQUE (code),
    CONSTRAINT fk_programme_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_programme_chief_id FOREIGN KEY(chief_id) REFERENCES employee (id),
    CONSTRAINT ck_programme_phase CHECK (phase IN ('PRE_RESEARCH', 'DEVELOPMENT', 'PRODUCTION', 'DELIVERY', 'SUPPORT', 'RETIRED'))
);
CREATE INDEX ix_programme_customer ON programme (customer_id, code, id);
CREATE INDEX ix_programme_order ON programme (code, id);
CREATE INDEX ix_programme_phase ON programme (phase, code, id);

CREATE TABLE segment_move (
    customer_id UUID NOT NULL,
    from_segment VARCHAR(10) NOT NULL,
    to_segment VARCHAR(10) NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    moved_by_id UUID,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_segment_move PRIMARY KEY (id),
    CONSTRAINT fk_segment_move_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT ck_segment_move_from_segment CHECK (from_segment IN ('MILITARY', 'GOVERNMENT', 'ENTERPRISE', 'CONSUMER')),
    CONSTRAINT ck_segment_move_to_segment CHECK (to_segment IN ('MILITARY', 'GOVERNMENT', 'ENTERPRISE', 'CONSUMER')),
    CONSTRAINT fk_segment_move_moved_by_id FOREIGN KEY(moved_by_id) REFERENCES employee (id)
);
CREATE INDEX ix_segment_move_customer ON segment_move (customer_id, at desc, id);

CREATE TABLE team_member (
    customer_id UUID NOT NULL,
    employee_id UUID NOT NULL,
    role VARCHAR(15) NOT NULL,
    valid_from DATE NOT NULL,
    valid_until DATE,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_team_member PRIMARY KEY (id),
    CONSTRAINT ck_team_member_period CHECK (valid_until is null or valid_until >= valid_from),
    CONSTRAINT fk_team_member_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_team_member_employee_id FOREIGN KEY(employee_id) REFERENCES employee (id),
    CONSTRAINT ck_team_member_role CHECK (role IN ('ACCOUNT_MANAGER', 'SALES', 'TECHNICAL', 'SERVICE'))
);
CREATE INDEX ix_team_member_customer ON team_member (customer_id, valid_from, id);
CREATE INDEX ix_team_member_employee ON team_member (employee_id, valid_from, id);
CREATE UNIQUE INDEX uq_team_member_manager ON team_member (customer_id, classification, compartments) WHERE role = 'ACCOUNT_MANAGER' and valid_until is null;

CREATE TABLE equipment (
    programme_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    region_id UUID,
    serial_number TEXT COLLATE "C" NOT NULL,
    model TEXT COLLATE "C" NOT NULL,
    location TEXT COLLATE "C" NOT NULL,
    status VARCHAR(14) NOT NULL,
    delivered_on DATE NOT NULL,
    operating_hours BIGINT NOT NULL,
    version BIGINT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_equipment PRIMARY KEY (id),
    CONSTRAINT uq_equipment_serial_number UNIQUE (serial_number),
    CONSTRAINT fk_equipment_programme_id FOREIGN KEY(programme_id) REFERENCES programme (id),
    CONSTRAINT fk_equipment_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_equipment_region_id FOREIGN KEY(region_id) REFERENCES region (id),
    CONSTRAINT ck_equipment_status CHECK (status IN ('READY', 'IN_REPAIR', 'UPGRADING', 'OUT_OF_SERVICE', 'RETIRED'))
);
CREATE INDEX ix_equipment_customer ON equipment (customer_id, serial_number, id);
CREATE INDEX ix_equipment_order ON equipment (serial_number, id);
CREATE INDEX ix_equipment_programme ON equipment (programme_id, serial_number, id);

CREATE TABLE login_session (
    person_id UUID NOT NULL,
    secret_hash BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    user_agent TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_login_session PRIMARY KEY (id),
    CONSTRAINT fk_login_session_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);
CREATE UNIQUE INDEX uq_login_session_secret_hash ON login_session (secret_hash);

CREATE TABLE milestone (
    programme_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    phase VARCHAR(12) NOT NULL,
    planned_on DATE NOT NULL,
    actual_on DATE,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_milestone PRIMARY KEY (id),
    CONSTRAINT fk_milestone_programme_id FOREIGN KEY(programme_id) REFERENCES programme (id),
    CONSTRAINT fk_milestone_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT ck_milestone_phase CHECK (phase IN ('PRE_RESEARCH', 'DEVELOPMENT', 'PRODUCTION', 'DELIVERY', 'SUPPORT', 'RETIRED'))
);
CREATE INDEX ix_milestone_order ON milestone (planned_on, id);
CREATE INDEX ix_milestone_programme ON milestone (programme_id, planned_on, id);

CREATE TABLE participant (
    interaction_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    contact_id UUID,
    employee_id UUID,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_participant PRIMARY KEY (id),
    CONSTRAINT ck_participant_one_party CHECK (num_nonnulls(contact_id, employee_id) = 1),
    CONSTRAINT fk_participant_interaction_id FOREIGN KEY(interaction_id) REFERENCES interaction (id),
    CONSTRAINT fk_participant_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_participant_contact_id FOREIGN KEY(contact_id) REFERENCES contact (id),
    CONSTRAINT fk_participant_employee_id FOREIGN KEY(employee_id) REFERENCES employee (id)
);
CREATE INDEX ix_participant_interaction ON participant (interaction_id, id);

CREATE TABLE phase_span (
    programme_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    phase VARCHAR(12) NOT NULL,
    planned_from DATE NOT NULL,
    planned_until DATE NOT NULL,
    actual_from DATE,
    actual_until DATE,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_phase_span PRIMARY KEY (id),
    CONSTRAINT fk_phase_span_programme_id FOREIGN KEY(programme_id) REFERENCES programme (id),
    CONSTRAINT fk_phase_span_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT ck_phase_span_phase CHECK (phase IN ('PRE_RESEARCH', 'DEVELOPMENT', 'PRODUCTION', 'DELIVERY', 'SUPPORT', 'RETIRED'))
);
CREATE INDEX ix_phase_span_programme ON phase_span (programme_id, planned_from, id);

CREATE TABLE product (
    category_id UUID NOT NULL,
    origin_programme_id UUID,
    slug TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    summary TEXT COLLATE "C" NOT NULL,
    summary_en TEXT COLLATE "C",
    description TEXT COLLATE "C" NOT NULL,
    description_en TEXT COLLATE "C",
    brand TEXT COLLATE "C" NOT NULL,
    status VARCHAR(12) NOT NULL,
    audiences TEXT[] COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    weight_grams BIGINT,
    warranty_months BIGINT,
    released_on DATE,
    export_controlled BOOLEAN NOT NULL,
    nato_stock_number TEXT COLLATE "C",
    cost_amount BIGINT,
    cost_currency TEXT COLLATE "C",
    version BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    search TSVECTOR NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_product PRIMARY KEY (id),
    CONSTRAINT uq_product_slug UNIQUE (slug),
    CONSTRAINT fk_product_category_id FOREIGN KEY(category_id) REFERENCES category (id),
    CONSTRAINT fk_product_origin_programme_id FOREIGN KEY(origin_programme_id) REFERENCES programme (id),
    CONSTRAINT ck_product_status CHECK (status IN ('DRAFT', 'ACTIVE', 'PREORDER', 'DISCONTINUED'))
);
CREATE INDEX ix_product_brand ON product (brand, position, id);
CREATE INDEX ix_product_category ON product (category_id, position, id);
CREATE INDEX ix_product_order ON product (position, id);
CREATE INDEX ix_product_programme ON product (origin_programme_id);
CREATE INDEX ix_product_search ON product USING gin (search);

CREATE TABLE attribute (
    product_id UUID NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    value TEXT COLLATE "C" NOT NULL,
    value_en TEXT COLLATE "C",
    position BIGINT NOT NULL,
    audiences TEXT[] COLLATE "C" NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_attribute PRIMARY KEY (id),
    CONSTRAINT fk_attribute_product_id FOREIGN KEY(product_id) REFERENCES product (id)
);
CREATE INDEX ix_attribute_code ON attribute (code, value, product_id);
CREATE INDEX ix_attribute_product ON attribute (product_id, position, id);

CREATE TABLE configuration_item (
    equipment_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    slot TEXT COLLATE "C" NOT NULL,
    part_number TEXT COLLATE "C" NOT NULL,
    revision TEXT COLLATE "C" NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_until TIMESTAMP WITH TIME ZONE,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_configuration_item PRIMARY KEY (id),
    CONSTRAINT ck_configuration_item_period CHECK (valid_until is null or valid_until > valid_from),
    CONSTRAINT fk_configuration_item_equipment_id FOREIGN KEY(equipment_id) REFERENCES equipment (id),
    CONSTRAINT fk_configuration_item_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id)
);
CREATE INDEX ix_configuration_item_equipment ON configuration_item (equipment_id, slot, valid_from desc, id);

CREATE TABLE equipment_state (
    equipment_id UUID NOT NULL,
    programme_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    status VARCHAR(14) NOT NULL,
    location TEXT COLLATE "C" NOT NULL,
    operating_hours BIGINT NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_until TIMESTAMP WITH TIME ZONE,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_equipment_state PRIMARY KEY (id),
    CONSTRAINT ck_equipment_state_period CHECK (valid_until is null or valid_until > valid_from),
    CONSTRAINT fk_equipment_state_equipment_id FOREIGN KEY(equipment_id) REFERENCES equipment (id),
    CONSTRAINT fk_equipment_state_programme_id FOREIGN KEY(programme_id) REFERENCES programme (id),
    CONSTRAINT fk_equipment_state_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT ck_equipment_state_status CHECK (status IN ('READY', 'IN_REPAIR', 'UPGRADING', 'OUT_OF_SERVICE', 'RETIRED'))
);
CREATE INDEX ix_equipment_state_customer ON equipment_state (customer_id, valid_from desc, id);
CREATE INDEX ix_equipment_state_equipment ON equipment_state (equipment_id, valid_from desc, id);
CREATE INDEX ix_equipment_state_order ON equipment_state (valid_from desc, id);
CREATE UNIQUE INDEX uq_equipment_state_open ON equipment_state (equipment_id, classification, compartments) WHERE valid_until is null;

CREATE TABLE media (
    product_id UUID NOT NULL,
    kind VARCHAR(12) NOT NULL,
    symbol TEXT COLLATE "C",
    path TEXT COLLATE "C",
    caption TEXT COLLATE "C" NOT NULL,
    caption_en TEXT COLLATE "C",
    position BIGINT NOT NULL,
    audiences TEXT[] COLLATE "C" NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_media PRIMARY KEY (id),
    CONSTRAINT fk_media_product_id FOREIGN KEY(product_id) REFERENCES product (id),
    CONSTRAINT ck_media_kind CHECK (kind IN ('ILLUSTRATION', 'PHOTO', 'DOCUMENT'))
);
CREATE INDEX ix_media_product ON media (product_id, position, id);

CREATE TABLE variant (
    product_id UUID NOT NULL,
    sku TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    position BIGINT NOT NULL,
    audiences TEXT[] COLLATE "C" NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_variant PRIMARY KEY (id),
    CONSTRAINT uq_variant_sku UNIQUE (sku),
    CONSTRAINT fk_variant_product_id FOREIGN KEY(product_id) REFERENCES product (id)
);
CREATE INDEX ix_variant_product ON variant (product_id, position, id);

CREATE TABLE order_line (
    order_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    variant_id UUID,
    position BIGINT NOT NULL,
    sku TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    quantity BIGINT NOT NULL,
    amount_amount BIGINT NOT NULL,
    amount_currency TEXT COLLATE "C" NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_order_line PRIMARY KEY (id),
    CONSTRAINT ck_order_line_quantity CHECK (quantity > 0),
    CONSTRAINT ck_order_line_not_negative CHECK (amount_amount >= 0),
    CONSTRAINT fk_order_line_order_id FOREIGN KEY(order_id) REFERENCES "order" (id),
    CONSTRAINT fk_order_line_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_order_line_variant_id FOREIGN KEY(variant_id) REFERENCES variant (id)
);
CREATE INDEX ix_order_line_order ON order_line (order_id, position, id);

CREATE TABLE price (
    variant_id UUID NOT NULL,
    audience VARCHAR(10) NOT NULL,
    customer_id UUID,
    amount BIGINT NOT NULL,
    currency TEXT COLLATE "C" NOT NULL,
    valid_from DATE NOT NULL,
    valid_until DATE,
    id UUID NOT NULL,
    CONSTRAINT pk_price PRIMARY KEY (id),
    CONSTRAINT ck_price_not_negative CHECK (amount >= 0),
    CONSTRAINT ck_price_period CHECK (valid_until is null or valid_until > valid_from),
    CONSTRAINT fk_price_variant_id FOREIGN KEY(variant_id) REFERENCES variant (id),
    CONSTRAINT ck_price_audience CHECK (audience IN ('military', 'government', 'enterprise', 'consumer', 'division', 'staff')),
    CONSTRAINT fk_price_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id)
);
CREATE INDEX ix_price_variant ON price (variant_id, audience, customer_id, valid_from);

CREATE TABLE stock (
    variant_id UUID NOT NULL,
    location_id UUID NOT NULL,
    on_hand BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    audiences TEXT[] COLLATE "C" NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_stock PRIMARY KEY (id),
    CONSTRAINT uq_stock_variant_id_location_id UNIQUE (variant_id, location_id),
    CONSTRAINT ck_stock_reserved CHECK (reserved between 0 and on_hand),
    CONSTRAINT fk_stock_variant_id FOREIGN KEY(variant_id) REFERENCES variant (id),
    CONSTRAINT fk_stock_location_id FOREIGN KEY(location_id) REFERENCES stock_location (id)
);
CREATE INDEX ix_stock_variant ON stock (variant_id, id);

-- Row policies come last: they name other tables (the installation's ceiling).
alter table "category" enable row level security;
alter table "category" force row level security;
create policy reads on "category" for select using ((select current_setting('q.audience', true)) <> '');
create policy inserts on "category" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
create policy updates on "category" for update using ((select current_setting('q.audience', true)) = any(array['staff', 'system'])) with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
create policy deletes on "category" for delete using ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
grant select, insert, update, delete on "category" to quadrant_app;

alter table "employee" enable row level security;
alter table "employee" force row level security;
create policy reads on "employee" for select using (nullif(((select current_setting('q.audience', true)) = 'system' or (select nullif(current_setting('q.person', true), '')::uuid) is not null), false) is not null);
create policy inserts on "employee" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
create policy updates on "employee" for update using ((select current_setting('q.audience', true)) = any(array['staff', 'system'])) with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
create policy deletes on "employee" for delete using ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
grant select, insert, update, delete on "employee" to quadrant_app;

alter table "installation" enable row level security;
alter table "installation" force row level security;
create policy reads on "installation" for select using (nullif(((select current_setting('q.audience', true)) <> '' or current_user <> 'quadrant_app'), false) is not null);
create policy inserts on "installation" for insert with check (current_user <> 'quadrant_app');
create policy updates on "installation" for update using (current_user <> 'quadrant_app') with check (current_user <> 'quadrant_app');
create policy deletes on "installation" for delete using (current_user <> 'quadrant_app');
grant select on "installation" to quadrant_app;

alter table "outbox_event" enable row level security;
alter table "outbox_event" force row level security;
create policy reads on "outbox_event" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "outbox_event" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert on "outbox_event" to quadrant_app;

alter table "region" enable row level security;
alter table "region" force row level security;
create policy reads on "region" for select using ((select current_setting('q.audience', true)) <> '');
create policy inserts on "region" for insert with check ((select current_setting('q.audience', true)) = 'system');
create policy updates on "region" for update using ((select current_setting('q.audience', true)) = 'system') with check ((select current_setting('q.audience', true)) = 'system');
create policy deletes on "region" for delete using ((select current_setting('q.audience', true)) = 'system');
grant select, insert, update, delete on "region" to quadrant_app;

alter table "sign_in_attempt" enable row level security;
alter table "sign_in_attempt" force row level security;
create policy reads on "sign_in_attempt" for select using (nullif((select current_setting('q.audience', true)) = 'system', false) is not null);
create policy inserts on "sign_in_attempt" for insert with check ((select current_setting('q.audience', true)) = 'system');
create policy updates on "sign_in_attempt" for update using ((select current_setting('q.audience', true)) = 'system') with check ((select current_setting('q.audience', true)) = 'system');
create policy deletes on "sign_in_attempt" for delete using ((select current_setting('q.audience', true)) = 'system');
grant select, insert, update, delete on "sign_in_attempt" to quadrant_app;

alter table "signing_key" enable row level security;
alter table "signing_key" force row level security;
create policy reads on "signing_key" for select using (nullif((select current_setting('q.audience', true)) = 'system', false) is not null);
create policy inserts on "signing_key" for insert with check ((select current_setting('q.audience', true)) = 'system');
create policy updates on "signing_key" for update using ((select current_setting('q.audience', true)) = 'system') with check ((select current_setting('q.audience', true)) = 'system');
create policy deletes on "signing_key" for delete using ((select current_setting('q.audience', true)) = 'system');
grant select, insert, update, delete on "signing_key" to quadrant_app;

alter table "source_system" enable row level security;
alter table "source_system" force row level security;
create policy reads on "source_system" for select using (nullif((select current_setting('q.audience', true)) = any(array['staff', 'system']), false) is not null);
create policy inserts on "source_system" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
create policy updates on "source_system" for update using ((select current_setting('q.audience', true)) = any(array['staff', 'system'])) with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
create policy deletes on "source_system" for delete using ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
grant select, insert, update, delete on "source_system" to quadrant_app;

alter table "customer" enable row level security;
alter table "customer" force row level security;
create policy reads on "customer" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or id = (select nullif(current_setting('q.customer', true), '')::uuid)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "customer" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "customer" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "customer" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "customer" to quadrant_app;

alter table "stock_location" enable row level security;
alter table "stock_location" force row level security;
create policy reads on "stock_location" for select using ((select current_setting('q.audience', true)) <> '');
create policy inserts on "stock_location" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
create policy updates on "stock_location" for update using ((select current_setting('q.audience', true)) = any(array['staff', 'system'])) with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
create policy deletes on "stock_location" for delete using ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
grant select, insert, update, delete on "stock_location" to quadrant_app;

alter table "contact" enable row level security;
alter table "contact" force row level security;
create policy reads on "contact" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "contact" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "contact" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "contact" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "contact" to quadrant_app;

alter table "external_id" enable row level security;
alter table "external_id" force row level security;
create policy reads on "external_id" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "external_id" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "external_id" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "external_id" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "external_id" to quadrant_app;

alter table "interaction" enable row level security;
alter table "interaction" force row level security;
create policy reads on "interaction" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "interaction" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "interaction" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "interaction" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "interaction" to quadrant_app;

alter table "order" enable row level security;
alter table "order" force row level security;
create policy reads on "order" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "order" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "order" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "order" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "order" to quadrant_app;

alter table "person" enable row level security;
alter table "person" force row level security;
create policy reads on "person" for select using (nullif(((select current_setting('q.audience', true)) = 'system' or id = (select nullif(current_setting('q.person', true), '')::uuid)), false) is not null);
create policy inserts on "person" for insert with check ((select current_setting('q.audience', true)) = 'system');
create policy updates on "person" for update using ((select current_setting('q.audience', true)) = 'system') with check ((select current_setting('q.audience', true)) = 'system');
create policy deletes on "person" for delete using ((select current_setting('q.audience', true)) = 'system');
grant select, insert, update, delete on "person" to quadrant_app;

alter table "programme" enable row level security;
alter table "programme" force row level security;
create policy reads on "programme" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid) or (select current_setting('q.audience', true)) = any(array['division'])) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "programme" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "programme" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "programme" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "programme" to quadrant_app;

alter table "segment_move" enable row level security;
alter table "segment_move" force row level security;
create policy reads on "segment_move" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "segment_move" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert on "segment_move" to quadrant_app;

alter table "team_member" enable row level security;
alter table "team_member" force row level security;
create policy reads on "team_member" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "team_member" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "team_member" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "team_member" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "team_member" to quadrant_app;

alter table "equipment" enable row level security;
alter table "equipment" force row level security;
create policy reads on "equipment" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "equipment" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "equipment" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "equipment" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "equipment" to quadrant_app;

alter table "login_session" enable row level security;
alter table "login_session" force row level security;
create policy reads on "login_session" for select using (nullif(((select current_setting('q.audience', true)) = 'system' or person_id = (select nullif(current_setting('q.person', true), '')::uuid)), false) is not null);
create policy inserts on "login_session" for insert with check ((select current_setting('q.audience', true)) = 'system');
create policy updates on "login_session" for update using ((select current_setting('q.audience', true)) = 'system') with check ((select current_setting('q.audience', true)) = 'system');
create policy deletes on "login_session" for delete using ((select current_setting('q.audience', true)) = 'system');
grant select, insert, update, delete on "login_session" to quadrant_app;

alter table "milestone" enable row level security;
alter table "milestone" force row level security;
create policy reads on "milestone" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "milestone" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "milestone" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "milestone" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "milestone" to quadrant_app;

alter table "participant" enable row level security;
alter table "participant" force row level security;
create policy reads on "participant" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "participant" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "participant" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "participant" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "participant" to quadrant_app;

alter table "phase_span" enable row level security;
alter table "phase_span" force row level security;
create policy reads on "phase_span" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "phase_span" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "phase_span" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "phase_span" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "phase_span" to quadrant_app;

alter table "product" enable row level security;
alter table "product" force row level security;
create policy reads on "product" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(audiences)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "product" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "product" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "product" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "product" to quadrant_app;

alter table "attribute" enable row level security;
alter table "attribute" force row level security;
create policy reads on "attribute" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(audiences)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "attribute" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "attribute" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "attribute" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "attribute" to quadrant_app;

alter table "configuration_item" enable row level security;
alter table "configuration_item" force row level security;
create policy reads on "configuration_item" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "configuration_item" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "configuration_item" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "configuration_item" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "configuration_item" to quadrant_app;

alter table "equipment_state" enable row level security;
alter table "equipment_state" force row level security;
create policy reads on "equipment_state" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "equipment_state" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "equipment_state" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "equipment_state" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "equipment_state" to quadrant_app;

alter table "media" enable row level security;
alter table "media" force row level security;
create policy reads on "media" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(audiences)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "media" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "media" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "media" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "media" to quadrant_app;

alter table "variant" enable row level security;
alter table "variant" force row level security;
create policy reads on "variant" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(audiences)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "variant" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "variant" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "variant" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "variant" to quadrant_app;

alter table "order_line" enable row level security;
alter table "order_line" force row level security;
create policy reads on "order_line" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "order_line" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "order_line" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "order_line" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "order_line" to quadrant_app;

alter table "price" enable row level security;
alter table "price" force row level security;
create policy reads on "price" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'system']) or customer_id = (select nullif(current_setting('q.customer', true), '')::uuid) or (customer_id is null and audience = (select current_setting('q.audience', true)))), false) is not null);
create policy inserts on "price" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
create policy updates on "price" for update using ((select current_setting('q.audience', true)) = any(array['staff', 'system'])) with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
create policy deletes on "price" for delete using ((select current_setting('q.audience', true)) = any(array['staff', 'system']));
grant select, insert, update, delete on "price" to quadrant_app;

alter table "stock" enable row level security;
alter table "stock" force row level security;
create policy reads on "stock" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(audiences)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);
create policy inserts on "stock" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy updates on "stock" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
create policy deletes on "stock" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));
grant select, insert, update, delete on "stock" to quadrant_app;
