"""An order knows the store at whose till it was placed, and rules of earning may ask for one."""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute('alter table "order" add column store_id uuid constraint fk_order_store_id references store (id)')
    op.execute("""alter table "order" add constraint ck_order_store check (store_id is null or channel = 'STORE')""")
    op.execute('create index ix_order_store on "order" (store_id, placed_at desc, id) where store_id is not null')
    op.execute(
        "alter table earn_condition add column store_id uuid constraint fk_earn_condition_store_id references store (id)"
    )
    op.execute("alter table earn_condition drop constraint ck_earn_condition_one")
    op.execute(
        "alter table earn_condition add constraint ck_earn_condition_one"
        " check (num_nonnulls(category_id, product_id, tier_id, store_id) = 1)"
    )


def downgrade() -> None:
    raise RuntimeError("Rules of stores that were in force stay told: restore a backup instead.")
