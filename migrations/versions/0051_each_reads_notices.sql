-- Frozen. A statement ends with ';' before an empty line.

set local lock_timeout = '5s';

CREATE TABLE notice_read (
    notice_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    person_id UUID NOT NULL,
    read_at TIMESTAMP WITH TIME ZONE NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_notice_read PRIMARY KEY (id),
    CONSTRAINT uq_notice_read_notice_id_person_id UNIQUE (notice_id, person_id),
    CONSTRAINT fk_notice_read_notice_id FOREIGN KEY(notice_id) REFERENCES notice (id),
    CONSTRAINT fk_notice_read_customer_id FOREIGN KEY(customer_id) REFERENCES customer (id),
    CONSTRAINT fk_notice_read_person_id FOREIGN KEY(person_id) REFERENCES person (id)
);

alter table "notice_read" enable row level security;

alter table "notice_read" force row level security;

create policy reads on "notice_read" for select using (nullif(((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid) and person_id = (select nullif(current_setting('q.person', true), '')::uuid))), false) is not null);

create policy inserts on "notice_read" for insert with check (((select current_setting('q.audience', true)) = 'system' or ((select current_setting('q.audience', true)) = any(array['consumer', 'enterprise']) and customer_id = (select nullif(current_setting('q.customer', true), '')::uuid) and person_id = (select nullif(current_setting('q.person', true), '')::uuid))));

grant select, insert on "notice_read" to quadrant_app;

-- What was read until now, everybody of the customer had read.
select set_config('q.audience', 'system', true);

insert into notice_read (id, notice_id, customer_id, person_id, read_at)
select gen_random_uuid(), notice.id, notice.customer_id, person.id, notice.read_at
from notice join person on person.customer_id = notice.customer_id where notice.read_at is not null;

select set_config('q.audience', '', true);

-- Until here nothing asks for the column any more.
drop index ix_notice_unread;

alter table notice drop column read_at;
