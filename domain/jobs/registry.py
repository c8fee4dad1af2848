"""All jobs of the platform: a capability registers one by a line here."""

from __future__ import annotations

from functools import partial

from domain.cart.upkeep import forget_carts
from domain.idempotency.upkeep import forget
from domain.jobs.running import Job, forget_runs
from domain.payments.closing import close_next
from domain.points import expiry_notices, upkeep
from domain.stores.notices import remind
from domain.stores.opening import open_days_ahead
from foundation.settings import Settings


def jobs_of(settings: Settings) -> tuple[Job, ...]:
    """The jobs of an installation, whose settings say how many days some of them look ahead or back."""
    tell = partial(expiry_notices.tell, days=settings.points_notice_days)
    forget_answers = partial(forget, days=settings.idempotency_days)
    forget_old_carts = partial(forget_carts, days=settings.anonymous_cart_days)
    return (
        Job("points.settle", "*/10 * * * *", upkeep.settle),
        Job("points.partitions", "20 16 * * *", upkeep.make_partitions),
        Job("points.snapshots", "30 * * * *", upkeep.take_snapshots),
        Job("points.tiers", "5 * * * *", upkeep.review_tiers),
        Job("points.notices", "15 * * * *", tell),
        Job("idempotency.forget", "50 * * * *", forget_answers),
        Job("carts.forget", "10 19 * * *", forget_old_carts),
        Job("payments.close", "* * * * *", close_next),
        Job("stores.open", "5 * * * *", open_days_ahead),
        Job("stores.remind", "25 * * * *", remind),
        Job("jobs.forget", "40 18 * * *", forget_runs),
    )
