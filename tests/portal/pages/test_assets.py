"""Static files."""

from __future__ import annotations

import gzip
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from domain.shop.offering import SYMBOL
from portal.pages.assets import STYLE_ORDER, Assets, make_asset, read_assets
from portal.pages.site import HERE
from tests.portal.pages.msgids import templates
from tests.portal.pages.samples import World

STATIC = HERE / "static"
ASSETS = read_assets(STATIC)
TYPES = {
    "quadrant.css": "text/css; charset=utf-8",
    "live.mjs": "text/javascript; charset=utf-8",
    "icons.svg": "image/svg+xml",
}


@pytest.mark.parametrize("name", sorted(TYPES))
async def test_a_file_is_kept_for_ever_under_its_digest(name: str) -> None:
    async with World().browser() as browser:
        response = await browser.get(ASSETS.address(name))
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert response.headers["content-type"] == TYPES[name]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.content == ASSETS.files[name].body
        again = await browser.get(ASSETS.address(name), headers={"if-none-match": response.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_compression_is_as_the_browser_likes() -> None:
    async with World().browser() as browser:
        for accepted, compressed in (("gzip", True), ("identity", False)):
            response = await browser.get(ASSETS.address("quadrant.css"), headers={"accept-encoding": accepted})
            assert ("content-encoding" in response.headers) is compressed
            assert response.headers["vary"] == "Accept-Encoding"
            assert response.content == ASSETS.files["quadrant.css"].body


@pytest.mark.parametrize("address", ["/static/0000/quadrant.css", "/static/quadrant.css"])
async def test_an_old_address_gets_todays_file_and_is_not_kept(address: str) -> None:
    async with World().browser() as browser:
        response = await browser.get(address)
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize("address", ["/static/nothing.css", "/static/../page.py", "/static/x/%2e%2e%2fpage.py"])
async def test_nothing_else_is_served(address: str) -> None:
    async with World().browser() as browser:
        assert (await browser.get(address)).status_code == 404


def test_the_digest_changes_with_any_file() -> None:
    one = Assets({"a.svg": make_asset("a.svg", b"1"), "b.svg": make_asset("b.svg", b"2")})
    other = Assets({"a.svg": make_asset("a.svg", b"12"), "b.svg": make_asset("b.svg", b"")})
    assert one.digest != other.digest
    assert gzip.decompress(make_asset("a.svg", b"1").compressed) == b"1"


def test_a_name_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(LookupError):
        ASSETS.address("nothing.css")


def test_a_style_sheet_without_its_place_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "styles").mkdir()
    for name in [*STYLE_ORDER, "stray"]:
        (tmp_path / f"styles/{name}.css").write_text("")
    with pytest.raises(LookupError, match="stray"):
        read_assets(tmp_path)


def test_nothing_is_fetched_from_outside() -> None:
    for name, asset in ASSETS.files.items():
        text = asset.body.decode().replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.findall(r"https?:|//[\w.]+\.\w+/|@import|url\(", text), name


@pytest.mark.parametrize("name", [name for name in ASSETS.files if name.endswith(".svg")])
def test_drawings_are_well_formed(name: str) -> None:
    ET.fromstring(ASSETS.files[name].body.decode())  # noqa: S314 - our own file.


def test_every_symbol_that_templates_draw_is_there() -> None:
    drawn = {symbol for sheet in ("icons.svg", "illustrations.svg") for symbol in symbols(sheet)}
    used: set[str] = set()
    for path in templates():
        text = path.read_text(encoding="utf-8")
        used |= {f"icon-{name}" for name in re.findall(r'\b(?:q\.)?icon\("([\w-]+)"', text)}
        used |= set(re.findall(r'\b(?:q\.)?art\("([\w-]+)"', text))
        used |= {f"icon-{name}" for name in re.findall(r'q\.notice\("\w*", "([\w-]+)"', text)}
    used.add(SYMBOL)
    assert used - drawn == set()


def symbols(sheet: str) -> set[str]:
    """The names of the symbols of a sheet."""
    return set(re.findall(r'<symbol id="([\w-]+)"', ASSETS.files[sheet].body.decode()))
