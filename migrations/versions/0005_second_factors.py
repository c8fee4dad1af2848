"""Authenticators, recovery codes and passkeys of people; sessions that await the second step of signing in.

Sessions from before await nothing. Those of people who must have a second factor are no longer accepted: they sign in anew.
"""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Migrations run as the owner, whom forced row policies bind too: they let the system through.
    op.execute("select set_config('q.audience', 'system', true)")
    for statement in _statements(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")):
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("Second factors are not thrown away: restore a backup instead.")


def _statements(text: str) -> list[str]:
    """The statements of a script in which `;` at the end of a line ends one; the driver takes them one by one."""
    lines = (line for line in text.splitlines() if not line.startswith("--"))
    return [statement.strip() for statement in "\n".join(lines).split(";\n") if statement.strip()]
