"""Sessions know when and by what their person proved to be who they are, so that ID tokens can say it.

Sessions opened before this were all opened by a password, when they were made.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    "set local lock_timeout = '5s'",
    "alter table login_session add column authenticated_at timestamp with time zone",
    'alter table login_session add column amr text[] collate "C"',
    "update login_session set authenticated_at = created_at, amr = '{pwd}'",
    "alter table login_session alter column authenticated_at set not null, alter column amr set not null",
    "create index ix_login_session_person_id on login_session (person_id)",
    "create index ix_login_session_expires_at on login_session (expires_at)",
)


def upgrade() -> None:
    # Migrations run as the owner, whom forced row policies bind too: they let the system through.
    op.execute("select set_config('q.audience', 'system', true)")
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("What sessions say of their sign-in is not thrown away: restore a backup instead.")
