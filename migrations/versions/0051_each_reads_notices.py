"""Each of a company's people reads its notices for themselves.

Its SQL is frozen in the file beside it.
"""

from pathlib import Path

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for statement in _statements(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")):
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("Who has read what is known of each now: restore a backup instead.")


def _statements(text: str) -> list[str]:
    """The statements of a script in which `;` before an empty line ends one; functions have none in them."""
    return [statement.strip().removesuffix(";") for statement in text.split(";\n\n") if statement.strip()]
