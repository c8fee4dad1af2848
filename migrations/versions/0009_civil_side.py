"""Screening, declassification, civil descriptions and projects; the division may offer what came of them.

Its SQL is frozen in the file beside it.
"""

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in _statements(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")):
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("What was recorded is not thrown away: restore a backup instead.")


def _statements(text: str) -> list[str]:
    """The statements of a script in which `;` at the end of a line ends one; the driver takes them one by one."""
    lines = (line for line in text.splitlines() if not line.startswith("--"))
    return [statement.strip() for statement in "\n".join(lines).split(";\n") if statement.strip()]
