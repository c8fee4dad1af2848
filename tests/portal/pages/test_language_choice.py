"""The language of pages, and switching it."""

from __future__ import annotations

import pytest

from portal.pages.words import gettext, label
from tests.portal.pages.html_checks import Structure
from tests.portal.pages.samples import World


async def test_the_choice_is_kept_in_a_cookie_and_the_address_stays_clean() -> None:
    async with World().browser() as browser:
        page = Structure((await browser.get("/products?filter.text=a&after=c2")).text)
        assert "/products?filter.text=a&after=c2&language=en" in page.addresses
        response = await browser.get("/products?filter.text=a&after=c2&language=en")
        assert (response.status_code, response.headers["location"]) == (303, "/products?filter.text=a&after=c2")
        english = (await browser.get("/products?filter.text=a")).text
        assert '<html lang="en">' in english
        assert "Sign in" in english
        assert "CN¥26,800" in english
        assert (await browser.get("/sign-in?next=%2Forders&language=zh")).headers[
            "location"
        ] == "/sign-in?next=%2Forders"
        assert '<html lang="zh-CN">' in (await browser.get("/")).text


@pytest.mark.parametrize("language", ["fr", "", "EN", "en%0d%0a"])
async def test_other_languages_are_ignored(language: str) -> None:
    async with World().browser() as browser:
        response = await browser.get(f"/?language={language}")
    assert response.status_code == 200
    assert '<html lang="zh-CN">' in response.text


async def test_switching_never_leads_to_another_host() -> None:
    async with World().browser() as browser:
        location = (await browser.get("//evil.test/?language=en")).headers.get("location", "/")
    assert not location.startswith("//")


def test_values_in_sentences_are_escaped() -> None:
    assert gettext("zh")("编号：{reference}", reference="<b>") == "编号：&lt;b&gt;"
    assert gettext("en")("编号：{reference}", reference="{x}") == "Reference: {x}"
    # Words that nobody translated stay Chinese.
    assert gettext("en")("没有译文") == "没有译文"


def test_a_label_may_depend_on_its_enum() -> None:
    assert label("zh", "ACTIVE") == "有效"
    assert label("zh", "ACTIVE", "ProductStatus") == "在售"
    assert label("en", "NOBODY_KNOWS") == "Nobody knows"
