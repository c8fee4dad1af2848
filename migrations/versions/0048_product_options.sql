-- Frozen. A statement ends with ';' before an empty line.

set local lock_timeout = '5s';

CREATE TABLE product_option (
    product_id UUID NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    position BIGINT NOT NULL,
    audiences TEXT[] COLLATE "C" NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_product_option PRIMARY KEY (id),
    CONSTRAINT uq_product_option_product_id_code UNIQUE (product_id, code),
    CONSTRAINT fk_product_option_product_id FOREIGN KEY(product_id) REFERENCES product (id)
);

CREATE INDEX ix_product_option_product ON product_option (product_id, position, id);

alter table "product_option" enable row level security;

alter table "product_option" force row level security;

create policy reads on "product_option" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(audiences)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);

create policy inserts on "product_option" for insert with check ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

create policy updates on "product_option" for update using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

create policy deletes on "product_option" for delete using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

grant select, insert, update, delete on "product_option" to quadrant_app;

CREATE TABLE option_value (
    option_id UUID NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    name_en TEXT COLLATE "C",
    position BIGINT NOT NULL,
    audiences TEXT[] COLLATE "C" NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_option_value PRIMARY KEY (id),
    CONSTRAINT uq_option_value_option_id_code UNIQUE (option_id, code),
    CONSTRAINT fk_option_value_option_id FOREIGN KEY(option_id) REFERENCES product_option (id)
);

CREATE INDEX ix_option_value_option ON option_value (option_id, position, id);

alter table "option_value" enable row level security;

alter table "option_value" force row level security;

create policy reads on "option_value" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(audiences)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);

create policy inserts on "option_value" for insert with check ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

create policy updates on "option_value" for update using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

create policy deletes on "option_value" for delete using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

grant select, insert, update, delete on "option_value" to quadrant_app;

CREATE TABLE variant_option (
    variant_id UUID NOT NULL,
    option_id UUID NOT NULL,
    value_id UUID NOT NULL,
    audiences TEXT[] COLLATE "C" NOT NULL,
    classification SMALLINT DEFAULT '0' NOT NULL,
    compartments TEXT[] DEFAULT '{}' NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_variant_option PRIMARY KEY (id),
    CONSTRAINT uq_variant_option_variant_id_option_id UNIQUE (variant_id, option_id),
    CONSTRAINT fk_variant_option_variant_id FOREIGN KEY(variant_id) REFERENCES variant (id),
    CONSTRAINT fk_variant_option_option_id FOREIGN KEY(option_id) REFERENCES product_option (id),
    CONSTRAINT fk_variant_option_value_id FOREIGN KEY(value_id) REFERENCES option_value (id)
);

CREATE INDEX ix_variant_option_value ON variant_option (value_id);

alter table "variant_option" enable row level security;

alter table "variant_option" force row level security;

create policy reads on "variant_option" for select using (nullif((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or (select current_setting('q.audience', true)) = any(audiences)) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system')), false) is not null);

create policy inserts on "variant_option" for insert with check ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

create policy updates on "variant_option" for update using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation))) with check ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

create policy deletes on "variant_option" for delete using ((((select current_setting('q.audience', true)) = any(array['staff', 'system']) or ((select current_setting('q.audience', true)) = any(array['division']) and (select current_setting('q.audience', true)) = any(audiences))) and classification <= (select nullif(current_setting('q.clearance', true), '')::smallint) and (cardinality(compartments) = 0 or compartments <@ (select nullif(current_setting('q.compartments', true), '')::text[]) or (select current_setting('q.audience', true)) = 'system') and classification <= (select ceiling from installation)));

grant select, insert, update, delete on "variant_option" to quadrant_app;

-- What every variant of a product has to be told apart by, looked at when the transaction ends: rows come one after another.
-- With the rights of who writes: the parts of a product are guarded alike, so whoever may write one of them sees all.
create function variant_options_check() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    changed uuid := case when tg_op = 'DELETE' then old.variant_id else new.variant_id end;
    of_product uuid;
begin
    -- Two who choose the same for two variants come one after the other.
    select product.id into of_product from variant join product on product.id = variant.product_id
    where variant.id = changed for no key update of product;
    if exists (
        select 1 from variant_option chosen
        join option_value on option_value.id = chosen.value_id
        join product_option on product_option.id = chosen.option_id
        where chosen.variant_id = changed
        and (option_value.option_id <> chosen.option_id or product_option.product_id <> of_product)
    ) then
        raise exception 'an option or value of another product' using errcode = 'check_violation', constraint = 'variant_option_foreign';
    end if;
    if exists (select 1 from variant_option where variant_id = changed) and exists (
        select 1 from product_option where product_option.product_id = of_product and not exists (
            select 1 from variant_option chosen where chosen.variant_id = changed and chosen.option_id = product_option.id
        )
    ) then
        raise exception 'a variant without a value of each option' using errcode = 'check_violation', constraint = 'variant_option_missing';
    end if;
    if exists (
        select 1 from (
            select array_agg(chosen.value_id order by chosen.option_id) as chosen
            from variant join variant_option chosen on chosen.variant_id = variant.id
            where variant.product_id = of_product group by variant.id
        ) combination group by chosen having count(*) > 1
    ) then
        raise exception 'two variants with the same values' using errcode = 'unique_violation', constraint = 'variant_option_combination';
    end if;
    return null;
end $$;

revoke execute on function variant_options_check from public;

create constraint trigger checked after insert or update or delete on variant_option
deferrable initially deferred for each row execute function variant_options_check();

create trigger classification after update of classification, compartments on "product_option"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger two_people before update of classification, compartments on "product_option" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people();

create trigger classification after update of classification, compartments on "option_value"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger two_people before update of classification, compartments on "option_value" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people();

create trigger classification after update of classification, compartments on "variant_option"
for each row execute function audit_change('CLASSIFICATION_CHANGED', 'classification', 'compartments');

create trigger two_people before update of classification, compartments on "variant_option" for each row
when (old.classification is distinct from new.classification or old.compartments is distinct from new.compartments)
execute function two_people();
