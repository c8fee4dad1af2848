"""The views this program serves: cut from the master, with every check that the start depends on."""

from __future__ import annotations

from resolvers.planner.master import PlannedSchema, check_all_scoped, check_hidden_values, check_orders
from schema.root import MASTER
from segments.audiences import DIVISION, Audience
from segments.views import View, ViewError, compile_views


def compiled_views(
    audiences: tuple[Audience, ...] = tuple(Audience), master: PlannedSchema = MASTER
) -> dict[Audience, View]:
    """The views of some audiences, or a `ViewError` that names every fault found, one a line."""
    views = compile_views(master, audiences)
    faults = [fault for view in views.values() for fault in view_faults(master, view)]
    if faults:
        raise ViewError("\n".join(sorted(set(faults))))
    return views


def view_faults(master: PlannedSchema, view: View) -> list[str]:
    """What makes a view unfit to be served although its types are valid."""
    faults = [*check_hidden_values(view), *check_orders(master, view)]
    return [*faults, *check_all_scoped(view)] if view.audience is DIVISION else faults
