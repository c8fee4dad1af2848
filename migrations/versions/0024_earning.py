"""Orders earn points by rules, and members have tiers.

Its SQL is frozen in the files beside it.
"""

from pathlib import Path

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("0024_earning_tables.sql", "0024_earning_functions.sql"):
        for statement in _statements(Path(__file__).with_name(name).read_text(encoding="utf-8")):
            op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("Points are somebody's: restore a backup instead.")


def _statements(text: str) -> list[str]:
    """The statements of a script in which `;` before an empty line ends one; functions have none in them."""
    return [statement.strip().removesuffix(";") for statement in text.split(";\n\n") if statement.strip()]
