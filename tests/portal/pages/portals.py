"""Browsers of people of the demonstration, and how tests find their way in a portal: by its own links."""

from __future__ import annotations

import datetime as dt
import re

import httpx

from foundation.clock import system_clock
from portal.demo.people import PASSWORD
from tests.portal.pages.html_checks import Structure, complaints, form
from tests.portal.served import Served
from tests.portal.signing_in import sign_in

DOMAIN = "@quadrant.example"
# Of staff one who holds every scope and most compartments, others with less.
HEAD, SALES, ENGINEER, PRODUCTS = "wei.changgeng", "ding.yiwei", "su.yan", "fang.jingxing"
# Representatives of one military customer, with and without the need to know; the officer of its fleet.
REPRESENTATIVE, CHIEF, OFFICER = "dai.biao.017", "dai.biao.009", "zhu.li.103"
BUYER = "gu.mingyuan"
# People of the other portals: two shoppers, an authority, and the division with and without the right to see origins.
SHOPPER, OTHER_SHOPPER = "shen.zhixia", "zhou.muye"
OFFICIAL = "lu.huaiqing"
TRANSFER, EDITOR = "ye.shuning", "tao.qinghe"


def days_ago(days: int) -> str:
    """A day in the past as pages take it; the demonstration's own days follow the present one."""
    return (system_clock() - dt.timedelta(days=days)).date().isoformat()


class Portals:
    """All portals of one running application."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.cookies: dict[str, httpx.Cookies] = {}

    async def browser(self, who: str = "", language: str = "zh") -> Browser:
        """A browser of somebody, by the name before the @; nobody without one."""
        client = self.served.client()
        client.cookies.set("quadrant-language", language)
        if who:
            client.cookies.update(await self.session(who))
        return Browser(client)

    async def session(self, who: str) -> httpx.Cookies:
        """The cookies of a session. People sign in once: a password takes its time."""
        if who not in self.cookies:
            async with self.served.client() as client:
                response = await sign_in(client, who + DOMAIN, PASSWORD)
                assert response.status_code == 303, response.text
                self.cookies[who] = client.cookies
        return self.cookies[who]


class Browser:
    """One person's browser."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str, status: int = 200) -> str:
        """A page, which must be well formed whatever it says."""
        response = await self.client.get(path)
        assert response.status_code == status, (path, response.status_code)
        assert complaints(response.text) == [], path
        return response.text

    async def location(self, path: str) -> str:
        """Where a page sends its visitor."""
        response = await self.client.get(path)
        assert response.status_code == 303, path
        return response.headers["location"]

    async def send(self, path: str, action: str, entered: dict[str, str | list[str]], status: int = 303) -> str:
        """Fill a form of a page in and send it: the page that comes back, or the one that follows."""
        filled = filled_in(await self.get(path), action)
        response = await self.client.post(path, data={**filled, **entered})
        assert response.status_code == status, text_of(response.text)
        if status != 303:
            assert complaints(response.text) == []
            return response.text
        return await self.get(response.headers["location"])

    async def find(self, path: str, pattern: str) -> str:
        """The first link of a page whose whole address fits."""
        addresses = Structure(await self.get(path)).addresses
        return next(address for address in addresses if re.fullmatch(pattern, address))


def filled_in(page: str, action: str) -> dict[str, str]:
    """A form as it stands on a page: hidden fields, and what its controls hold already."""
    start = page.index(f'name="form-action" value="{action}"')
    body = page[start : page.index("</form>", start)]
    found = form(page, action)
    for tag in re.findall(r"<input [^>]*>", body):
        kind, name, value = (attribute(tag, each) for each in ("type", "name", "value"))
        if name and kind not in {"hidden", "checkbox", "radio"}:
            found[name] = value
        if name and kind == "checkbox" and " checked" in tag:
            found[name] = value
    for name, options in re.findall(r'<select id="[^"]*" name="([^"]+)"[^>]*>(.*?)</select>', body, re.DOTALL):
        values = re.findall(r'<option value="([^"]*)"', options)
        chosen = re.findall(r'<option value="([^"]*)" selected', options)
        found[name] = (chosen or values)[0]
    return found


def attribute(tag: str, name: str) -> str:
    """An attribute of a tag, or nothing."""
    found = re.search(rf' {name}="([^"]*)"', tag)
    return found[1] if found else ""


def text_of(page: str) -> str:
    """What a page says, on one line."""
    return " ".join(" ".join(Structure(page).texts).split())
