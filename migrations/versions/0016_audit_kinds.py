"""Audit: entries of exports and of issued tokens, lists that begin with the newest entry, and names for the auditor.

Its SQL is frozen in the file beside it.
"""

from pathlib import Path

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in _statements(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")):
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("What was recorded is not thrown away: restore a backup instead.")


def _statements(text: str) -> list[str]:
    """The statements of a script in which `;` at the end of a line ends one."""
    return [statement.strip().removesuffix(";") for statement in text.split(";\n") if statement.strip()]
