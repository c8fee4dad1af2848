-- Frozen. A statement ends with ';' before an empty line.

set local lock_timeout = '5s';

CREATE TABLE cart (
    person_id UUID,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_cart PRIMARY KEY (id),
    CONSTRAINT uq_cart_person_id UNIQUE (person_id),
    CONSTRAINT fk_cart_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);

CREATE INDEX ix_cart_updated ON cart (updated_at);

alter table "cart" enable row level security;

alter table "cart" force row level security;

create policy reads on "cart" for select using (nullif(((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and (person_id = (select nullif(current_setting('q.person', true), '')::uuid) or person_id is null))), false) is not null);

create policy inserts on "cart" for insert with check (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and (person_id = (select nullif(current_setting('q.person', true), '')::uuid) or person_id is null))));

create policy updates on "cart" for update using (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and (person_id = (select nullif(current_setting('q.person', true), '')::uuid) or person_id is null)))) with check (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and (person_id = (select nullif(current_setting('q.person', true), '')::uuid) or person_id is null))));

create policy deletes on "cart" for delete using (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and (person_id = (select nullif(current_setting('q.person', true), '')::uuid) or person_id is null))));

grant select, insert, update, delete on "cart" to quadrant_app;

CREATE TABLE cart_line (
    cart_id UUID NOT NULL,
    person_id UUID,
    variant_id UUID NOT NULL,
    quantity BIGINT NOT NULL,
    seen_amount BIGINT NOT NULL,
    seen_currency TEXT COLLATE "C" NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_cart_line PRIMARY KEY (id),
    CONSTRAINT ck_cart_line_quantity CHECK (quantity > 0),
    CONSTRAINT uq_cart_line_cart_id_variant_id UNIQUE (cart_id, variant_id),
    CONSTRAINT fk_cart_line_cart_id FOREIGN KEY(cart_id) REFERENCES cart (id),
    CONSTRAINT fk_cart_line_person_id FOREIGN KEY(person_id) REFERENCES person (id),
    CONSTRAINT fk_cart_line_variant_id FOREIGN KEY(variant_id) REFERENCES variant (id)
);

CREATE INDEX ix_cart_line_cart ON cart_line (cart_id, added_at, id);

alter table "cart_line" enable row level security;

alter table "cart_line" force row level security;

create policy reads on "cart_line" for select using (nullif(((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and (person_id = (select nullif(current_setting('q.person', true), '')::uuid) or person_id is null))), false) is not null);

create policy inserts on "cart_line" for insert with check (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and (person_id = (select nullif(current_setting('q.person', true), '')::uuid) or person_id is null))));

create policy updates on "cart_line" for update using (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and (person_id = (select nullif(current_setting('q.person', true), '')::uuid) or person_id is null)))) with check (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and (person_id = (select nullif(current_setting('q.person', true), '')::uuid) or person_id is null))));

create policy deletes on "cart_line" for delete using (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and (person_id = (select nullif(current_setting('q.person', true), '')::uuid) or person_id is null))));

grant select, insert, update, delete on "cart_line" to quadrant_app;

