"""Policies by degree, amount and kind of customer with both ends, what passes by rule, and signers known as employees.

A signature of before has no employee: of who has signed then, the person alone is known.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STATEMENTS = (
    "set local lock_timeout = '5s'",
    """
    alter table approval_policy
        add column classification_max smallint,
        add column amount_below bigint,
        add column segments text[] collate "C" not null default '{}',
        add column passes_because text collate "C",
        add constraint ck_approval_policy_steps_or_rule
            check ((passes_because is null) = (jsonb_array_length(steps) > 0))
    """,
    """
    alter table approval_request
        add column passed_by_rule text collate "C",
        add constraint ck_approval_request_by_rule check (passed_by_rule is null or status = 'APPROVED')
    """,
    """
    alter table approval_decision
        add column employee_id uuid,
        add column principal_employee_id uuid,
        add constraint fk_approval_decision_employee_id foreign key (employee_id) references employee (id),
        add constraint fk_approval_decision_principal_employee_id
            foreign key (principal_employee_id) references employee (id),
        add constraint uq_approval_decision_employee
            unique (request_id, employee_id, classification, compartments),
        add constraint uq_approval_decision_principal_employee
            unique (request_id, principal_employee_id, classification, compartments)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("What was recorded is not thrown away: restore a backup instead.")
