"""Staff's list of payments in a state is read in the order of an index, however few of many are in it."""

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("create index ix_payment_state on payment (state, opened_at desc, id)")


def downgrade() -> None:
    op.execute("drop index ix_payment_state")
