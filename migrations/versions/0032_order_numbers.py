"""Orders are found by their number: people read it to each other, and staff look for it."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute('create index ix_order_number on "order" (number, placed_at desc, id)')


def downgrade() -> None:
    op.execute("drop index ix_order_number")
