"""The vouchers of a coupon are listed, the latest first."""

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("CREATE INDEX ix_voucher_coupon ON voucher (coupon_id, issued_at desc, id)")


def downgrade() -> None:
    op.execute("DROP INDEX ix_voucher_coupon")
