-- Frozen. A statement ends with ';' at the end of a line.

set local lock_timeout = '5s';

alter table audit_event drop constraint ck_audit_event_kind;
alter table audit_event add constraint ck_audit_event_kind CHECK (kind IN ('SIGN_IN', 'SIGN_IN_REFUSED', 'SCOPE_REFUSED', 'READ', 'RIGHTS_CHANGED', 'CLASSIFICATION_CHANGED', 'EXPORT', 'TOKEN_ISSUED'));
alter table sign_in_attempt drop constraint ck_sign_in_attempt_subject;
alter table sign_in_attempt add constraint ck_sign_in_attempt_subject CHECK (subject IN ('ACCOUNT', 'ADDRESS', 'REFUSED'));

drop index ix_audit_event_order;
CREATE INDEX ix_audit_event_order ON audit_event (at desc, id);
CREATE INDEX ix_audit_event_day ON audit_event (day, at desc, id);
CREATE INDEX ix_audit_event_kind ON audit_event (kind, at desc, id);
CREATE INDEX ix_audit_event_person ON audit_event (person_id, at desc, id);
CREATE INDEX ix_audit_event_subjects ON audit_event USING gin (subjects);

drop policy reads on "person";
create policy reads on "person" for select using (nullif(((select current_setting('q.audience', true)) = 'system' or id = (select nullif(current_setting('q.person', true), '')::uuid) or ((select current_setting('q.audience', true)) = 'staff' and (select nullif(current_setting('q.roles', true), '')::text[]) @> array['audit_administrator'])), false) is not null);
