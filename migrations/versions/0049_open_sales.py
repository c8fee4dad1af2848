"""The sales of a store that wait for their money are found without its history."""

from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute(
        'create index ix_order_open_sale on "order" (store_id, placed_at desc, id)'
        " where store_id is not null and status = 'PLACED'"
    )


def downgrade() -> None:
    op.execute("drop index ix_order_open_sale")
