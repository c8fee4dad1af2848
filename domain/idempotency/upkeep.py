"""The job of idempotency: requests go when their days are over."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from domain.idempotency.requests import forget_requests
from foundation.ids import Ids
from foundation.settings import read_settings


async def forget(session: AsyncSession, now: dt.datetime, _new_id: Ids) -> int:
    """Forget some of the requests that are older than the installation keeps them."""
    return await forget_requests(session, now, days=read_settings().idempotency_days)
