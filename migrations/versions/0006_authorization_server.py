"""The authorization server: programs, their secrets, what people granted them, and what may be used once.

Its SQL is frozen in the file beside it and imports nothing of ours.
"""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    for statement in _statements(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")):
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("What people granted is not thrown away: restore a backup instead.")


def _statements(text: str) -> list[str]:
    """The statements of a script in which `;` at the end of a line ends one; the driver takes them one by one."""
    lines = (line for line in text.splitlines() if not line.startswith("--"))
    return [statement.strip() for statement in "\n".join(lines).split(";\n") if statement.strip()]
