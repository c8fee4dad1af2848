"""The job of idempotency: requests go when their days are over."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from domain.idempotency.requests import forget_requests
from foundation.ids import Ids


async def forget(session: AsyncSession, now: dt.datetime, _new_id: Ids, *, days: int) -> int:
    """Forget some of the requests that are older than so many days: the step of a job."""
    return await forget_requests(session, now, days=days)
