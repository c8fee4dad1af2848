"""Somebody at a browser: signs in, goes from page to page by links alone, and notes whatever is wrong on the way."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from playwright.async_api import ConsoleMessage, Page, Request, Response, ViewportSize

from foundation.migrations import ROOT
from portal.demo.people import PASSWORD

SCREENSHOTS = ROOT / "var" / "screenshots"
DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
LOOKS: tuple[tuple[ViewportSize, Literal["light", "dark"]], ...] = ((DESK, "light"), (PHONE, "dark"))
# Fonts and sheets have come, and every drawing of the linked sheets is there: a `use` that found nothing has no size.
DRAWN = """document.fonts.status === "loaded" && [...document.querySelectorAll("main use")]
    .filter(use => use.closest("svg").checkVisibility()).every(use => use.getBBox().width > 0)"""
# Nothing is wider than the window: people never scroll sideways but inside a marked region.
WIDE = """[...document.querySelectorAll("body *")].filter(each => each.checkVisibility()
    && document.documentElement.scrollWidth > innerWidth && each.getBoundingClientRect().right > innerWidth + 1)
    .slice(0, 3).map(each => each.outerHTML.slice(0, 120))"""
LINKS = "[...document.querySelectorAll('main a[href]')].map(link => link.getAttribute('href'))"
# What the keyboard must reach: everything that can be pressed or filled in and is to be seen. Of a group of radio buttons
# one is enough, the arrows lead to the others.
REACHABLE = """[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
    .filter(each => each.checkVisibility() && each.type !== "radio" && !each.disabled)"""
FOCUSED = f"""[({REACHABLE}).indexOf(document.activeElement),
    getComputedStyle(document.activeElement).outlineStyle !== "none"]"""


class Visitor:
    """One person's window. `complaints` are what the browser said, and what it was refused."""

    def __init__(self, page: Page, address: str, name: str) -> None:
        self.page = page
        self.address = address
        self.name = name
        self.complaints: list[str] = []
        page.on("console", self.console)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("request", self.request)
        page.on("response", self.response)

    def console(self, message: ConsoleMessage) -> None:
        """Errors and warnings, among them what the content policy refused."""
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{self.page.url}: {message.text}")

    def request(self, request: Request) -> None:
        """Nothing is fetched from elsewhere."""
        if not request.url.startswith(self.address):
            self.complaints.append(f"{self.page.url} asked for {request.url}")

    def response(self, response: Response) -> None:
        """Everything asked for is there."""
        if response.status >= 400:
            self.complaints.append(f"{response.url}: {response.status}")

    async def sign_in(self, email: str) -> None:
        """By keyboard, as the page leads."""
        await self.page.goto(f"{self.address}/sign-in")
        await self.page.focus("#sign-in-account")
        await self.page.keyboard.type(email)
        await self.page.keyboard.press("Tab")
        await self.page.keyboard.type(PASSWORD)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_url(lambda url: not url.endswith("/sign-in"))
        if "second-step" in self.page.url:
            await self.page.focus("#second-step-code")
            await self.page.keyboard.type(await self.page.inner_text("#shown-code"))
            await self.page.keyboard.press("Enter")
        await self.page.wait_for_url(lambda url: "sign-in" not in url)

    async def go(self, path: str) -> None:
        """Open a page and wait until it is drawn."""
        await self.page.goto(self.address + path)
        await self.page.wait_for_function(DRAWN, timeout=10_000)

    async def links(self) -> list[str]:
        """Where the content of the page leads, as paths."""
        return [urlsplit(link).path for link in await self.page.evaluate(LINKS)]

    async def look(self, what: str) -> None:
        """Look at the page at a desk by day and on a phone by night; pictures are kept."""
        for window, scheme in LOOKS:
            await self.page.emulate_media(color_scheme=scheme)
            await self.measure(window)
            await self.picture(f"{what}-{window['width']}")

    async def measure(self, window: ViewportSize) -> None:
        """Whether the page fits a window."""
        await self.page.set_viewport_size(window)
        if wide := await self.page.evaluate(WIDE):
            self.complaints.append(f"{self.page.url} at {window['width']}: {wide}")

    async def picture(self, what: str) -> None:
        """Keep a picture of the whole page; JPEG, because pages are long and PNG takes three times as long."""
        await self.page.screenshot(
            path=SCREENSHOTS / self.name / f"{what}.jpeg", full_page=True, type="jpeg", quality=80
        )

    async def tab_through(self) -> None:
        """From the top by Tab alone: the way past the navigation comes first, and everything is reached and seen to be."""
        await self.page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        expected: int = await self.page.evaluate(f"({REACHABLE}).length")
        reached: list[int] = []
        for _ in range(expected + 20):
            await self.page.keyboard.press("Tab")
            found, ringed = await self.page.evaluate(FOCUSED)
            if found >= 0 and not ringed:
                self.complaints.append(f"{self.page.url}: no ring around the focus, {found}")
            if found in reached:
                break
            reached += [found] if found >= 0 else []
        if missed := sorted(set(range(expected)) - set(reached)):
            html = await self.page.evaluate(f"({REACHABLE})[{missed[0]}].outerHTML")
            self.complaints.append(f"{self.page.url}: {len(missed)} of {expected} not by keyboard: {html[:150]}")
        if reached[:1] != [0]:
            self.complaints.append(f"{self.page.url}: the way to the content does not come first")
