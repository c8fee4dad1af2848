"""Private signing keys are sealed at rest, and the next key is published before it signs.

Keys made before stood in plain text, in every backup too, so they are forgotten instead of sealed: the tokens they
signed end with them, minutes before their time.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    "set local lock_timeout = '5s'",
    "delete from signing_key",
    'alter table signing_key add column public_jwk text collate "C" not null',
    "alter table signing_key add column activated_at timestamp with time zone",
)


def upgrade() -> None:
    # Migrations run as the owner, whom forced row policies bind too: they let the system through.
    op.execute("select set_config('q.audience', 'system', true)")
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("Sealed keys are not laid open again: restore a backup instead.")
