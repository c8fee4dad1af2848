"""The tables, indexes, row policies and grants of the first release.

Its SQL is frozen in the file beside it and imports nothing of ours, so that a later change of a table cannot alter history.
"""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in _statements(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")):
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("Nothing is below the first migration: drop the database instead.")


def _statements(text: str) -> list[str]:
    """The statements of a script in which `;` at the end of a line ends one; the driver takes them one by one."""
    lines = (line for line in text.splitlines() if not line.startswith("--"))
    return [statement.strip() for statement in "\n".join(lines).split(";\n") if statement.strip()]
