"""Why a shelf of the catalogue may be served, by where its words stand; what came of a project: a product or a solution."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

STATEMENTS = (
    "set local lock_timeout = '5s'",
    """
    alter table civil_match
        add column summary_words text[] collate "C" not null default '{}',
        add column goods_words text[] collate "C" not null default '{}'
    """,
    """
    alter table transfer_project
        add column result varchar(8),
        add constraint ck_transfer_project_result check (result in ('PRODUCT', 'SOLUTION')),
        add constraint ck_transfer_project_result_is_there check (result is null or product_id is not null)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("What was recorded is not thrown away: restore a backup instead.")
