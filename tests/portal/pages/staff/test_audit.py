"""The audit log on the pages of its administrator, and files of lists, of which the log tells."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json

import pytest
import sqlalchemy as sa

from domain.audit.tables import AuditEvent, AuditKind
from foundation.session import transaction
from tests.domain.audit.chains import AUDITOR
from tests.portal.pages.portals import HEAD, SALES, Portals, text_of

MENG = "meng.zhaoming"


async def exports(portals: Portals) -> list[AuditEvent]:
    """Entries of exports, the last one first."""
    database = portals.served.app.state.assembly.database
    async with transaction(database, AUDITOR.row_settings()) as session:
        kind = AuditEvent.kind == AuditKind.EXPORT
        return list(await session.scalars(sa.select(AuditEvent).where(kind).order_by(AuditEvent.at.desc())))


async def test_the_administrator_reads_the_log_by_kind_person_day_and_row(portals: Portals) -> None:
    browser = await portals.browser(MENG)
    await portals.browser(SALES)
    page = text_of(await browser.get("/staff/audit?filter.kind=SIGN_IN&filter.person=丁一苇"))
    assert "丁一苇" in page
    assert "孟昭明" not in page[page.index("全部清除") :]
    today = dt.datetime.now(dt.UTC).date()
    for query, there in (
        (f"filter.day={today}", True),
        (f"filter.day={today - dt.timedelta(days=400)}", False),
        ("filter.client=nobody", False),
        ("filter.subject=nothing", False),
        (f"filter.subject={AUDITOR_KEY}", False),
    ):
        found = await browser.get(f"/staff/audit?{query}")
        assert ("没有符合条件的记录" not in text_of(found)) == there, query
    english = await portals.browser(MENG, "en")
    assert "Audit log" in text_of(await english.get("/staff/audit"))


AUDITOR_KEY = "00000000-0000-7000-8000-000000000001"


async def test_nobody_else_reads_the_log(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    await browser.get("/staff/audit", 403)
    refused = await browser.client.get("/staff/audit.csv")
    assert refused.status_code == 403
    assert "/staff/audit" not in await browser.get("/staff")


@pytest.mark.parametrize("who", ["", "gu.mingyuan"])
async def test_a_file_is_for_those_of_its_portal(portals: Portals, who: str) -> None:
    browser = await portals.browser(who)
    response = await browser.client.get("/staff/customers.csv")
    assert response.status_code == (403 if who else 303)


async def test_customers_as_a_file_leave_an_entry(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    page = await browser.get("/staff/customers?filter.segment=GOVERNMENT")
    assert 'href="/staff/customers.csv?filter.segment=GOVERNMENT"' in page
    response = await browser.client.get("/staff/customers.csv?filter.segment=GOVERNMENT")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="customers.csv"'
    assert "no-store" in response.headers["cache-control"]
    head, *rows = csv.reader(io.StringIO(response.text.removeprefix("\ufeff"), newline=""))
    assert head[:2] == ["名称", "类别"]
    assert {row[1] for row in rows} == {"GOVERNMENT"}
    last, *_ = await exports(portals)
    details = json.loads(last.details)
    assert (last.operation, last.audience, details["rows"]) == ("CustomersExport", "staff", len(rows))
    assert details["filter"] == {"filter": {"segment": "GOVERNMENT"}}
    assert details["complete"] is True
    degrees = ("PUBLIC", "INTERNAL", "CONFIDENTIAL", "SECRET", "TOP_SECRET")
    assert details["classification"] == max((row[head.index("密级")] for row in rows), key=degrees.index)


async def test_every_page_of_a_list_is_in_its_file(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    response = await browser.client.get("/staff/customers.csv?filter.segment=CONSUMER&first=7&after=x")
    assert response.text.count("CONSUMER") > 100
    assert response.headers["x-rows-complete"] in {"yes", "no"}


async def test_the_log_as_a_file_tells_of_itself(portals: Portals) -> None:
    browser = await portals.browser(MENG)
    response = await browser.client.get("/staff/audit.csv?filter.kind=EXPORT")
    before = response.text.count("CustomersExport")
    last, *_ = await exports(portals)
    assert last.operation == "AuditExport"
    again = await browser.client.get("/staff/audit.csv?filter.kind=EXPORT")
    assert again.text.count("AuditExport") == response.text.count("AuditExport") + 1
    assert again.text.count("CustomersExport") == before


async def test_a_wrong_filter_is_named(portals: Portals) -> None:
    browser = await portals.browser(HEAD)
    response = await browser.client.get("/staff/customers.csv?filter.segment=EVERYBODY")
    assert response.status_code == 400
    assert "filter.segment" in response.text
