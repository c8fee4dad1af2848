-- 50,000 rows of each large table, with ties in the keys of their orders; one row in ten is CONFIDENTIAL.
-- `key(kind, n)` and `moment(n)` are functions that big_tables.py makes.

insert into customer (id, kind, segment, status, name, key_account, version, created_at, updated_at, classification, compartments)
select key(1, n), 'ORGANISATION', (array['MILITARY', 'GOVERNMENT', 'ENTERPRISE', 'CONSUMER'])[1 + n % 4], 'ACTIVE',
       'c' || md5((n / 2)::text), n % 7 = 0, 1, now(), now(), degree(n), '{}'
from generate_series(1, 5000) n;

insert into category (id, slug, name, summary, position)
select key(2, n), 's' || n, 's', '', n % 5
from generate_series(1, 50) n;

insert into programme (id, customer_id, code, name, domain, summary, phase, started_on, version, updated_at, classification, compartments)
select key(3, n), key(1, 4), 'P' || n, 'p', '无人机', '', 'SUPPORT', '2020-01-01', 1, now(), degree(n), '{}'
from generate_series(1, 500) n;

insert into product (id, category_id, slug, name, summary, description, brand, status, audiences, position,
                     export_controlled, version, created_at, updated_at, search, classification, compartments)
select key(4, n), key(2, 1 + n % 50), 'p' || n, 'p', '', '', 'b', 'ACTIVE',
       case when n % 5 = 0 then array['military'] else array['consumer', 'enterprise', 'government', 'military', 'division'] end,
       n * 7919 % 10000, false, 1, now(), now(), '', degree(n), '{}'
from generate_series(1, 50000) n;

insert into region (id, code, name) values (key(20, 1), '310000', 'r');

insert into stock_location (id, name, region_id) values (key(21, 1), 'l', key(20, 1));

insert into store (id, code, name, region_id, location_id, address, phone, latitude_microdegrees, longitude_microdegrees, time_zone,
                   slot_minutes, slot_capacity, cancel_hours_min, book_days_max, version)
values (key(22, 1), 'S1', 's', key(20, 1), key(21, 1), 'a', '0', 0, 0, 'Asia/Shanghai', 60, 1, 1, 1, 1);

-- One in five was bought at a store, where few wait to be paid.
insert into "order" (id, customer_id, number, channel, status, placed_at, units, total_amount, total_currency, classification, compartments,
                     store_id)
select key(5, n), key(1, 1 + n % 5000), 'o' || n, case when n % 5 = 1 then 'STORE' else 'SHOP' end,
       case when n % 10000 = 1 then 'PLACED' else 'PAID' end, moment(n), 1, n, 'CNY', degree(n), '{}',
       case when n % 5 = 1 then key(22, 1) end
from generate_series(1, 50000) n;

insert into interaction (id, customer_id, kind, at, subject, summary, created_at, classification, compartments)
select key(6, n), key(1, 1 + n % 5000), 'CALL', moment(n), 's', '', now(), degree(n), '{}'
from generate_series(1, 50000) n;

insert into equipment (id, programme_id, customer_id, serial_number, model, location, status, delivered_on, operating_hours,
                       version, updated_at, classification, compartments)
select key(7, n), key(3, 1 + n % 500), key(1, 4), 'S' || md5(n::text), 'm', 'l', 'READY', '2020-01-01', 1, 1, now(), degree(n / 500), '{}'
from generate_series(1, 50000) n;

insert into equipment_state (id, equipment_id, programme_id, customer_id, status, location, operating_hours, reason, valid_from,
                             classification, compartments)
select key(8, n), key(7, n), key(3, 1 + n % 500), key(1, 4), 'READY', 'l', 1, 'r', moment(n), degree(n), '{}'
from generate_series(1, 50000) n;

insert into payment (id, order_id, customer_id, amount_amount, amount_currency, authorised_amount, captured_amount, refund_asked_amount,
                     refunded_amount, state, opened_at, expires_at, looks, version)
select key(9, n), key(5, n), key(1, 1 + n % 5000), 1, 'CNY', paid, paid, 0, 0, case paid when 1 then 'CAPTURED' else 'FAILED' end,
       moment(n), moment(n), 0, 1
from generate_series(1, 50000) n, lateral (select (n % 1000 <> 0)::int as paid) as most;

insert into order_return (id, order_id, customer_id, state, reason, amount_amount, amount_currency, points, requested_at, version)
select key(10, n), key(5, n), key(1, 1 + n % 5000), case when n % 1000 = 0 then 'REQUESTED' else 'REFUNDED' end, 'r', 0, 'CNY', 0,
       moment(n), 1
from generate_series(1, 50000) n;
