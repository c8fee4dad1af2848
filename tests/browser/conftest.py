"""The whole platform as `quadrant demo` starts it, in a data directory of its own, and a real browser to look at it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, async_playwright

from foundation.settings import Settings
from tests.portal.cli.program import serving

# Nothing that a browser does by itself is of interest, and on a build server it runs as root.
QUIET = "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync"


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the demonstration is served."""
    settings = Settings(data_directory=tmp_path_factory.mktemp("demo") / "var", database_durable=False)
    with serving(settings, "demo") as running:
        yield running.address


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for all tests; each has contexts of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET.split())
        yield browser
        await browser.close()
