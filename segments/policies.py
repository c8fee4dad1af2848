"""Row policies as data: a table says who may read and write its rows, PostgreSQL enforces it (FORCE ROW LEVEL SECURITY).

A condition is SQL text over the table's own columns and the viewer's settings. Settings are read in scalar sub-selects,
which PostgreSQL evaluates once per statement, so that indexes stay usable. A policy never joins: a child table carries
its own customer, classification and compartments (an EXISTS on a parent cost a quarter of a list's time).
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from segments.audiences import Audience

AUDIENCE = "(select current_setting('q.audience', true))"
CUSTOMER = "(select nullif(current_setting('q.customer', true), '')::uuid)"
PERSON = "(select nullif(current_setting('q.person', true), '')::uuid)"
CLEARANCE = "(select nullif(current_setting('q.clearance', true), '')::smallint)"
COMPARTMENTS = "(select nullif(current_setting('q.compartments', true), '')::text[])"
ROLES = "(select nullif(current_setting('q.roles', true), '')::text[])"

# Any role but the application's: what only migrations may write. FORCE binds the owner too, so it needs a policy.
OWNER = "current_user <> 'quadrant_app'"
SYSTEM = f"{AUDIENCE} = 'system'"
STAFF_OR_SYSTEM = f"{AUDIENCE} = any(array['staff', 'system'])"
# The house, and the database's own functions, which do for customers what those may not do by themselves (ADR 17).
HOUSE_OR_FUNCTIONS = f"({STAFF_OR_SYSTEM} or {OWNER})"
# The application by itself, and those functions: what nobody may write by SQL of their own.
APPLICATION_OR_FUNCTIONS = f"({OWNER} or {SYSTEM})"
# Whoever works on technology transfer and approvals, each as far as they are cleared.
HOUSE = f"{AUDIENCE} = any(array['staff', 'division', 'system'])"
ANYBODY = f"{AUDIENCE} <> ''"
# The audit administrator 审计管理员 and nobody else, the application itself included.
AUDITOR = f"({AUDIENCE} = 'staff' and {ROLES} @> array['audit_administrator'])"
# Few rows have compartments, and to ask whether there are any costs a tenth of comparing two arrays.
IN_THE_KNOW = f"(cardinality(compartments) = 0 or compartments <@ {COMPARTMENTS} or {SYSTEM})"
CLEARED = f"classification <= {CLEARANCE} and {IN_THE_KNOW}"
BELOW_CEILING = "classification <= (select ceiling from installation)"


def any_of(*conditions: str) -> str:
    """At least one holds."""
    return "(" + " or ".join(conditions) + ")"


def all_of(*conditions: str) -> str:
    """All hold."""
    return "(" + " and ".join(conditions) + ")"


def mostly(condition: str) -> str:
    """The same condition, of which PostgreSQL expects that nearly every row fulfils it.

    It knows nothing of a viewer when it plans, and multiplies its guesses of the condition's parts down to one row in
    ten thousand. So it read and sorted whole categories for a page of 20, at a million products too, where an index holds
    the order. For `… is not null` its guess is 99.5 of 100 (docs/adr/0005-planner.md has the times).
    """
    return f"nullif({condition}, false) is not null"


def seen_by(*audiences: Audience) -> str:
    """The viewer belongs to one of these audiences."""
    names = ", ".join(f"'{audience.value}'" for audience in audiences)
    return f"{AUDIENCE} = any(array[{names}])"


def owned(column: str = "customer_id") -> str:
    """The row belongs to the viewer's customer."""
    return f"{column} = {CUSTOMER}"


def offered(column: str = "audiences") -> str:
    """The row lists the viewer's audience among those it is offered to."""
    return f"{AUDIENCE} = any({column})"


@dataclass(frozen=True)
class Rows:
    """Who may read and who may write the rows of a table.

    `read` hides rows; `write` is the WITH CHECK of inserts and updates and the USING of updates and deletes (a writer
    must see the row too). A `classified` table adds clearance and compartments to both, and the installation's ceiling to
    writing. `append_only` tables grant INSERT alone; with `regraded` also UPDATE of the two columns that say how secret a row
    is, to staff, because a subject's history is marked with it (docs/adr/0013-reclassification.md). `owner` names the column by which a customer's people see their own
    rows and no others: no index can serve a policy of alternatives, so lists for customers say it once more as a plain
    condition. `lock` is who may lock rows (FOR UPDATE) though only `write` may change them; PostgreSQL asks updates' USING.
    """

    read: str
    write: str = STAFF_OR_SYSTEM
    classified: bool = True
    append_only: bool = False
    owner: str | None = None
    regraded: bool = False
    lock: str | None = None

    def conditions(self) -> tuple[str, str]:
        """The complete conditions of reading and of writing."""
        if self.read == ANYBODY:
            return self.read, self.write
        if not self.classified:
            return mostly(self.read), self.write
        return mostly(all_of(self.read, CLEARED)), all_of(self.write, CLEARED, BELOW_CEILING)

    def locking(self) -> str:
        """The complete condition of locking rows."""
        lock = self.lock or self.write
        return all_of(lock, CLEARED, BELOW_CEILING) if self.classified and self.read != ANYBODY else lock

    def privileges(self) -> tuple[str, ...]:
        """What the application's role is granted; never TRUNCATE, which row security does not bind."""
        if self.write == OWNER:
            return ("select",)
        return ("select", "insert") if self.append_only else ("select", "insert", "update", "delete")


def own_rows(
    column: str = "customer_id",
    *others: str,
    append_only: bool = False,
    write: str = STAFF_OR_SYSTEM,
    lock: str | None = None,
) -> Rows:
    """Staff's, and each customer's own; `others` are further conditions under which somebody may read."""
    read = any_of(STAFF_OR_SYSTEM, owned(column), *others)
    return Rows(read, write, append_only=append_only, owner=column, lock=lock)


def policy_statements(table: sa.Table, rows: Rows) -> list[str]:
    """The statements that put `rows` in force on `table`, for its first migration."""
    read, write = rows.conditions()
    name = f'"{table.name}"'
    statements = [
        f"alter table {name} enable row level security",
        f"alter table {name} force row level security",
        f"create policy reads on {name} for select using ({read})",
        f"create policy inserts on {name} for insert with check ({write})",
    ]
    if not rows.append_only:
        statements += [
            f"create policy updates on {name} for update using ({rows.locking()}) with check ({write})",
            f"create policy deletes on {name} for delete using ({write})",
        ]
    statements.append(f"grant {', '.join(rows.privileges())} on {name} to quadrant_app")
    if rows.regraded:
        marking = all_of(STAFF_OR_SYSTEM, CLEARED, BELOW_CEILING)
        statements += [
            f"create policy updates on {name} for update using ({marking}) with check ({marking})",
            f"grant update (classification, compartments) on {name} to quadrant_app",
        ]
    return statements
