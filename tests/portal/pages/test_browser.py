"""The sheet of all parts in a real browser: drawings appear, nothing breaks the content policy, clocks move."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from playwright.async_api import Page, async_playwright

from tests.portal.pages.samples import World

pytestmark = pytest.mark.browser

# What every drawing takes from the linked sheets: a `use` that found nothing has no size.
SIZES = "[...document.querySelectorAll('use')].map(use => use.getBBox().width)"
CLOCKS = "[...document.querySelectorAll('[role=timer]')].map(clock => clock.textContent)"


@asynccontextmanager
async def served(world: World) -> AsyncIterator[str]:
    """The world on a port of this machine."""
    server = uvicorn.Server(uvicorn.Config(world.app, port=0, log_level="warning", lifespan="off"))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it.
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def opened(address: str, who: str, said: list[str], **options: Any) -> AsyncIterator[Page]:
    """A browser of somebody signed in; `said` collects complaints and addresses asked elsewhere."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        context = await chromium.new_context(**options)
        await context.add_cookies([{"name": "who", "value": who, "url": address}])
        page = await context.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("request", lambda request: None if request.url.startswith(address) else said.append(request.url))
        yield page
        await chromium.close()


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_part_is_drawn_and_nothing_is_refused(width: int, scheme: str) -> None:
    said: list[str] = []
    options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    async with served(World()) as address, opened(address, "clerk", said, **options) as page:
        await page.goto(f"{address}/staff/parts")
        await page.wait_for_function(f"{SIZES}.every(width => width > 0)", timeout=10_000)
        sizes: list[float] = await page.evaluate(SIZES)
        assert len(sizes) > 5
        # Nothing is wider than the window: people never scroll sideways but inside a marked region.
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await page.evaluate("getComputedStyle(document.querySelector('.bar rect')).fill") != "rgb(0, 0, 0)"
        before: list[str] = await page.evaluate(CLOCKS)
        await page.wait_for_function(
            f"JSON.stringify({CLOCKS}) !== '{str(before).replace(chr(39), chr(34))}'", timeout=10_000
        )
    assert said == []


async def test_without_scripts_a_form_works_by_keyboard() -> None:
    said: list[str] = []
    world = World()
    async with served(world) as address, opened(address, "", said, java_script_enabled=False) as page:
        await page.goto(f"{address}/sign-in")
        await page.keyboard.press("Tab")
        assert await page.locator(":focus").inner_text() == "跳到正文"
        await page.focus("#sign-in-account")
        await page.keyboard.type("soldier")
        await page.keyboard.press("Tab")
        await page.keyboard.type("right")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{address}/military")
        assert await page.locator(".mark-bar").count() == 2
    assert said == []
