-- Frozen. A statement ends with ';' at the end of a line that an empty line follows.

set local lock_timeout = '5s';

CREATE TABLE store (
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    region_id UUID NOT NULL,
    location_id UUID NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    address_en TEXT COLLATE "C",
    phone TEXT COLLATE "C" NOT NULL,
    latitude_microdegrees BIGINT NOT NULL,
    longitude_microdegrees BIGINT NOT NULL,
    time_zone TEXT COLLATE "C" NOT NULL,
    slot_minutes BIGINT NOT NULL,
    slot_capacity BIGINT NOT NULL,
    cancel_hours_min BIGINT NOT NULL,
    book_days_max BIGINT NOT NULL,
    opened_until DATE,
    version BIGINT NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_store PRIMARY KEY (id),
    CONSTRAINT uq_store_code UNIQUE (code),
    CONSTRAINT uq_store_location_id UNIQUE (location_id),
    CONSTRAINT ck_store_latitude CHECK (latitude_microdegrees between -90000000 and 90000000),
    CONSTRAINT ck_store_longitude CHECK (longitude_microdegrees between -180000000 and 180000000),
    CONSTRAINT ck_store_slots CHECK (slot_minutes between 5 and 480 and slot_capacity between 1 and 1000),
    CONSTRAINT ck_store_booking CHECK (cancel_hours_min >= 0 and book_days_max between 1 and 90),
    CONSTRAINT fk_store_region_id FOREIGN KEY(region_id) REFERENCES region (id),
    CONSTRAINT fk_store_location_id FOREIGN KEY(location_id) REFERENCES stock_location (id)
);

CREATE INDEX ix_store_region ON store (region_id, code, id);

alter table "store" enable row level security;

alter table "store" force row level security;

create policy reads on "store" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(array['consumer', 'enterprise'])), false) is not null);

create policy inserts on "store" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy updates on "store" for update using ((select current_setting('q.audience', true)) = any(array['staff', 'system'])) with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy deletes on "store" for delete using ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

grant select, insert, update, delete on "store" to quadrant_app;

CREATE TABLE appointment_slot (
    store_id UUID NOT NULL,
    day DATE NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    capacity BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_appointment_slot PRIMARY KEY (id),
    CONSTRAINT uq_appointment_slot_store_id_starts_at UNIQUE (store_id, starts_at),
    CONSTRAINT ck_appointment_slot_span CHECK (ends_at > starts_at),
    CONSTRAINT ck_appointment_slot_taken CHECK (taken between 0 and capacity),
    CONSTRAINT fk_appointment_slot_store_id FOREIGN KEY(store_id) REFERENCES store (id)
);

CREATE INDEX ix_appointment_slot_day ON appointment_slot (store_id, day, starts_at);

alter table "appointment_slot" enable row level security;

alter table "appointment_slot" force row level security;

create policy reads on "appointment_slot" for select using (nullif((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(array['consumer', 'enterprise'])), false) is not null);

create policy inserts on "appointment_slot" for insert with check ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system'])));

create policy updates on "appointment_slot" for update using ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system']))) with check ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system'])));

create policy deletes on "appointment_slot" for delete using ((current_user <> 'quadrant_app' or (select current_setting('q.audience', true)) = any(array['staff', 'system'])));

grant select, insert, update, delete on "appointment_slot" to quadrant_app;

CREATE TABLE store_employee (
    store_id UUID NOT NULL,
    employee_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_store_employee PRIMARY KEY (id),
    CONSTRAINT uq_store_employee_store_id_employee_id UNIQUE (store_id, employee_id),
    CONSTRAINT fk_store_employee_store_id FOREIGN KEY(store_id) REFERENCES store (id),
    CONSTRAINT fk_store_employee_employee_id FOREIGN KEY(employee_id) REFERENCES employee (id)
);

CREATE INDEX ix_store_employee_employee ON store_employee (employee_id);

alter table "store_employee" enable row level security;

alter table "store_employee" force row level security;

create policy reads on "store_employee" for select using (nullif((select current_setting('q.audience', true)) = any(array['staff', 'system']), false) is not null);

create policy inserts on "store_employee" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy updates on "store_employee" for update using ((select current_setting('q.audience', true)) = any(array['staff', 'system'])) with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy deletes on "store_employee" for delete using ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

grant select, insert, update, delete on "store_employee" to quadrant_app;

CREATE TABLE store_hours (
    store_id UUID NOT NULL,
    position BIGINT NOT NULL,
    day VARCHAR(9) NOT NULL,
    opens_minute BIGINT NOT NULL,
    closes_minute BIGINT NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_store_hours PRIMARY KEY (id),
    CONSTRAINT ck_store_hours_span CHECK (0 <= opens_minute and opens_minute < closes_minute and closes_minute <= 1440),
    CONSTRAINT fk_store_hours_store_id FOREIGN KEY(store_id) REFERENCES store (id),
    CONSTRAINT ck_store_hours_day CHECK (day IN ('MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY', 'HOLIDAY'))
);

CREATE INDEX ix_store_hours_store ON store_hours (store_id, position, id);

alter table "store_hours" enable row level security;

alter table "store_hours" force row level security;

create policy reads on "store_hours" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(array['consumer', 'enterprise'])), false) is not null);

create policy inserts on "store_hours" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy updates on "store_hours" for update using ((select current_setting('q.audience', true)) = any(array['staff', 'system'])) with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy deletes on "store_hours" for delete using ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

grant select, insert, update, delete on "store_hours" to quadrant_app;

CREATE TABLE store_opening (
    store_id UUID NOT NULL,
    day DATE NOT NULL,
    opens_at TIMESTAMP WITH TIME ZONE NOT NULL,
    closes_at TIMESTAMP WITH TIME ZONE NOT NULL,
    holiday BOOLEAN NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_store_opening PRIMARY KEY (id),
    CONSTRAINT uq_store_opening_store_id_opens_at UNIQUE (store_id, opens_at),
    CONSTRAINT ck_store_opening_span CHECK (closes_at > opens_at),
    CONSTRAINT fk_store_opening_store_id FOREIGN KEY(store_id) REFERENCES store (id)
);

alter table "store_opening" enable row level security;

alter table "store_opening" force row level security;

create policy reads on "store_opening" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(array['consumer', 'enterprise'])), false) is not null);

create policy inserts on "store_opening" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy updates on "store_opening" for update using ((select current_setting('q.audience', true)) = any(array['staff', 'system'])) with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy deletes on "store_opening" for delete using ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

grant select, insert, update, delete on "store_opening" to quadrant_app;

CREATE TABLE store_special_day (
    store_id UUID NOT NULL,
    day DATE NOT NULL,
    opens_minute BIGINT,
    closes_minute BIGINT,
    reason TEXT COLLATE "C" NOT NULL,
    reason_en TEXT COLLATE "C",
    id UUID NOT NULL,
    CONSTRAINT pk_store_special_day PRIMARY KEY (id),
    CONSTRAINT uq_store_special_day_store_id_day UNIQUE (store_id, day),
    CONSTRAINT ck_store_special_day_span CHECK ((opens_minute is null and closes_minute is null) or coalesce(0 <= opens_minute and opens_minute < closes_minute and closes_minute <= 1440, false)),
    CONSTRAINT fk_store_special_day_store_id FOREIGN KEY(store_id) REFERENCES store (id)
);

alter table "store_special_day" enable row level security;

alter table "store_special_day" force row level security;

create policy reads on "store_special_day" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(array['consumer', 'enterprise'])), false) is not null);

create policy inserts on "store_special_day" for insert with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy updates on "store_special_day" for update using ((select current_setting('q.audience', true)) = any(array['staff', 'system'])) with check ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

create policy deletes on "store_special_day" for delete using ((select current_setting('q.audience', true)) = any(array['staff', 'system']));

grant select, insert, update, delete on "store_special_day" to quadrant_app;

CREATE TABLE appointment (
    store_id UUID NOT NULL,
    slot_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    product_id UUID,
    number TEXT COLLATE "C" NOT NULL,
    subject VARCHAR(10) NOT NULL,
    note TEXT COLLATE "C",
    status VARCHAR(9) NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
    booked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    id UUID NOT NULL,
    CONSTRAINT pk_appointment PRIMARY KEY (id),
    CONSTRAINT ck_appointment_product CHECK ((subject = 'EXPERIENCE') = (product_id is not null)),
    CONSTRAINT ck_appointment_ended CHECK ((status = 'BOOKED') = (ended_at is null)),
    CONSTRAINT fk_appointment_store_id FOREIGN KEY(store_id) REFERENCES store (id),
    CONSTRAINT fk_appointment_slot_id FOREIGN KEY(slot_id) REFERENCES appointment_slot (id),
    CONSTRAINT fk_appointment_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_appointment_product_id FOREIGN KEY(product_id) REFERENCES product (id),
    CONSTRAINT ck_appointment_subject CHECK (subject IN ('EXPERIENCE', 'ADVICE', 'SERVICE')),
    CONSTRAINT ck_appointment_status CHECK (status IN ('BOOKED', 'CANCELLED', 'ATTENDED', 'MISSED'))
);

CREATE INDEX ix_appointment_customer ON appointment (customer_id, starts_at desc, id);

CREATE INDEX ix_appointment_order ON appointment (starts_at desc, id);

CREATE INDEX ix_appointment_store ON appointment (store_id, starts_at desc, id);

CREATE UNIQUE INDEX uq_appointment_slot ON appointment (slot_id, customer_id) WHERE status <> 'CANCELLED';

alter table "appointment" enable row level security;

alter table "appointment" force row level security;

create policy reads on "appointment" for select using (nullif(((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))), false) is not null);

create policy inserts on "appointment" for insert with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))));

create policy updates on "appointment" for update using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid)))) with check (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))));

create policy deletes on "appointment" for delete using (((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid))));

grant select, insert, update, delete on "appointment" to quadrant_app;

-- ------------------------------------------------------------------------------------------------------------------
-- A slot counts its guests: who books and who cancels cannot write slots, and no two bookings get one place. The update waits
-- for whoever else holds the row, and counts what they left. QA001: no place is left.

create function appointment_takes_place() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        if new.status <> 'CANCELLED' then
            update appointment_slot set taken = taken + 1 where id = new.slot_id and taken < capacity;
            if not found then
                raise exception 'no place is left' using errcode = 'QA001';
            end if;
        end if;
        return new;
    end if;
    if tg_op = 'DELETE' then
        raise exception 'an appointment ends by its status' using errcode = '42501';
    end if;
    if (new.slot_id, new.store_id, new.customer_id) is distinct from (old.slot_id, old.store_id, old.customer_id)
        or (old.status = 'CANCELLED' and new.status <> 'CANCELLED') then
        raise exception 'an appointment stays where it is, and cancelled when it is' using errcode = '42501';
    end if;
    if new.status <> old.status and new.status <> 'CANCELLED'
        and current_setting('q.audience', true) in ('consumer', 'enterprise') then
        raise exception 'guests do not say whether they came' using errcode = '42501';
    end if;
    if new.status = 'CANCELLED' and old.status <> 'CANCELLED' then
        update appointment_slot set taken = taken - 1 where id = new.slot_id;
    end if;
    return new;
end $$;

create trigger takes_place before insert or update or delete on appointment
for each row execute function appointment_takes_place();

revoke execute on function appointment_takes_place from public;
