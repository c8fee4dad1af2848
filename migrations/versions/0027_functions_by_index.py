"""Functions that run with their owner's rights never plan to read a whole table.

A connection plans each statement in a function once and keeps the plan. One that was made while a table had few rows may read
all of it, and goes on to when there are a million: looking for a request by its key took 2 ms a spend after 6,000 spends
of one connection, instead of 9 µs.
"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        do $$
        declare
            signature text;
        begin
            for signature in
                select oid::regprocedure::text from pg_proc
                where pronamespace = 'public'::regnamespace and prosecdef and prorettype <> 'trigger'::regtype
            loop
                execute 'alter function ' || signature || ' set enable_seqscan = off';
            end loop;
        end $$
        """
    )


def downgrade() -> None:
    raise RuntimeError("Plans would go on to read whole tables: restore a backup instead.")
