"""What an installation's settings say of payments: by which provider, and the sandbox where it is that."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass

from domain.identity.sealing import Seal
from domain.payments.signing import derived
from foundation.clock import Clock
from foundation.database import Database
from foundation.ids import Ids
from foundation.settings import Settings
from portal.payments.desk import Desk
from portal.payments.sandbox import NAME, SandboxProvider
from portal.sandbox_payments.app import PREFIX, Sandbox, make_environments
from portal.sandbox_payments.sending import Sender
from portal.sandbox_payments.store import Store

STATE_FILE = "sandbox-payments.sqlite"


@dataclass(frozen=True)
class Payments:
    """The payments of one process: the desk, and the sandbox that stands beside it."""

    desk: Desk
    sandbox: Sandbox


def open_payments(
    settings: Settings, database: Database, clock: Clock, ids: Ids, asset: Callable[[str], str]
) -> Payments | None:
    """The payments of the settings; None where nothing is to be paid here."""
    if settings.payment_provider == "none":
        return None
    key = Seal.of(settings).key.raw_value
    assert key is not None, "a seal's key has its octets"
    secret = base64.urlsafe_b64encode(derived(key, "sandbox payments' secret")).decode()
    signing_key = derived(key, "sandbox payments' webhooks")
    # Named after the database: what one knows of payments the other knows too.
    store = Store(settings.data_directory / f"{settings.database_name}.{STATE_FILE}")
    sandbox = Sandbox(
        store=store,
        sender=Sender(store, signing_key, clock),
        secret=secret,
        # At the address at which the payer is: their session is known there, whatever name they used for it.
        address="",
        clock=clock,
        environments=make_environments(asset),
        language=settings.language,
        secure=settings.base_url.startswith("https://"),
    )
    provider = SandboxProvider(
        settings.own_url + PREFIX,
        f"{settings.own_url}/payments/webhooks/{NAME}",
        secret=secret,
        signing_key=signing_key,
    )
    return Payments(Desk(database, provider, clock, ids, base_url=""), sandbox)
