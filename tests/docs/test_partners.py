"""The page for partners is run as it stands: its curl commands against the application, their answers beside those shown."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.identity.clients import MACHINE_GRANT
from domain.identity.tables import Person
from domain.orders.tables import Channel, Order, OrderStatus
from foundation.clock import system_clock
from foundation.database import Database
from foundation.migrations import ROOT
from foundation.session import transaction
from foundation.settings import Settings
from portal.app import create_app
from portal.demo import partner
from segments.audiences import ENTERPRISE
from segments.classification import Classification
from tests.people import IDS, SYSTEM, organisation, person, store
from tests.portal.graphql.live import free_port, served
from tests.portal.oauth.parties import Parties
from tests.portal.served import Served

PAGE = (ROOT / "docs" / "partners.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```sh\n(?P<command>.*?)```\n(?:```json\n(?P<answer>.*?)```)?", re.DOTALL)
BETWEEN = "=== answered ==="
# What differs from day to day: random names, moments and what a deployment's data hold.
VARIES = {"access_token", "number", "status", "units", "amount", "error_description", "client_id", "sub", "exp", "jti"}


@pytest.fixture(scope="module")
async def environment(own_database: Database, settings: Settings) -> AsyncIterator[dict[str, str]]:
    """A company with an order and a program, as the page's reader has them after its first part."""
    port = free_port()
    name = own_database.addresses.owner.database
    own = settings.model_copy(update={"database_name": name, "public_url": f"http://127.0.0.1:{port}", "port": port})
    company = organisation("远川测绘工程有限公司")
    buyer = person("gu.mingyuan@example.com", ENTERPRISE, roles=("buyer",), customer_id=company.id)
    await store(own_database, company, buyer)
    async with transaction(own_database, SYSTEM) as session:
        session.add(order_of(buyer))
    app = create_app(own)
    with served(app, port=port):
        parties = Parties(Served(app, own), own_database)
        program = await parties.program(buyer, grants=(MACHINE_GRANT,), scopes=("orders:read",))
        yield {"QUADRANT": own.base_url, "CLIENT_ID": program.client_id, "CLIENT_SECRET": program.secret or ""}


def order_of(buyer: Person) -> Order:
    """An order of the buyer's company."""
    return Order(
        id=IDS(),
        customer_id=buyer.customer_id,
        number="EO-1",
        channel=Channel.CONTRACT,
        status=OrderStatus.PAID,
        placed_at=system_clock(),
        units=1,
        total_amount=100,
        total_currency="CNY",
        classification=Classification.PUBLIC,
        compartments=[],
    )


async def run(environment: dict[str, str]) -> list[tuple[str, Any, Any]]:
    """Every command of the page in one shell, as its reader types them; with the answer shown and the one that came."""
    blocks = [block for block in BLOCK.finditer(PAGE) if "CLIENT_ID=" not in block["command"]]
    blocks = [block for block in blocks if "QUADRANT=http" not in block["command"]]
    script = f"echo '{BETWEEN}'\n".join(f"{block['command']}echo\n" for block in blocks)
    shell = shutil.which("bash")
    assert shell is not None
    process = await asyncio.create_subprocess_exec(
        shell,
        "-eu",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", **environment},
    )
    written, _ = await process.communicate(script.encode())
    assert process.returncode == 0
    answers = written.decode().split(BETWEEN)
    assert len(answers) == len(blocks)
    return [(block["command"], block["answer"], answer) for block, answer in zip(blocks, answers, strict=True)]


def same(shown: Any, came: Any, place: str = "") -> None:
    """Everything that is shown came, with the same values but for what varies, and nothing beside it in lists."""
    assert type(came) is type(shown), place
    if isinstance(shown, dict):
        for name, value in shown.items():
            assert name in came, f"{place}.{name}"
            if name in VARIES:
                assert type(came[name]) is type(value), f"{place}.{name}"
            else:
                same(value, came[name], f"{place}.{name}")
    elif isinstance(shown, list):
        assert len(came) == len(shown), place
        for at, (one, other) in enumerate(zip(shown, came, strict=True)):
            same(one, other, f"{place}[{at}]")
    else:
        assert came == shown, place


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_the_page_was_run_as_shown(environment: dict[str, str]) -> None:
    told = await run(environment)
    assert len(told) >= 8
    for command, shown, came in told:
        if shown is None:
            assert came.strip() == "", command
            continue
        here = shown.replace("http://localhost:8000", environment["QUADRANT"])
        same(json.loads(here), json.loads(came))


def test_the_demonstrations_program_is_told_as_it_is() -> None:
    assert f"export CLIENT_ID={partner.CLIENT_ID}\nexport CLIENT_SECRET={partner.SECRET}\n" in PAGE
    for name in ("README.md", "README.zh.md"):
        assert partner.curl("http://127.0.0.1:8000") in (ROOT / name).read_text(encoding="utf-8")


def test_both_readmes_lead_to_the_page() -> None:
    for name in ("README.md", "README.zh.md"):
        assert "(docs/partners.md)" in (ROOT / name).read_text(encoding="utf-8")
