"""What a page asks for with its own defaults is within the limits, or the site does not start."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from foundation.settings import Settings
from portal.pages.faults import PageFault
from portal.pages.page_limits import check_limits
from portal.pages.registry import read_pages
from resolvers.planner.limits import DocumentLimits
from tests.portal.pages.samples import SAMPLE, SCHEMAS

LIMITS = DocumentLimits.of(Settings())


def check(folder: Path, limits: DocumentLimits = LIMITS) -> None:
    check_limits(read_pages([folder], SCHEMAS), SCHEMAS, limits)


def test_pages_within_the_limits_start() -> None:
    check(SAMPLE)


def test_the_default_of_a_variable_counts(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SAMPLE, tmp_path / "pages"))
    file = folder / "consumer" / "products.graphql"
    limits = replace(LIMITS, cost=300)
    check(folder, limits)
    file.write_text(file.read_text().replace("$first: Int = 2,", "$first: Int = 100,"))
    with pytest.raises(PageFault, match=r"consumer/products\.graphql: asks for too much: LIMIT_COST, 300"):
        check(folder, limits)


def test_forms_count_too(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SAMPLE, tmp_path / "pages"))
    file = folder / "consumer" / "product.review.graphql"
    file.write_text(file.read_text().replace("errors {", "problems: errors {"))
    with pytest.raises(PageFault, match=r"consumer/product\.review\.graphql: asks for too much: LIMIT_ALIASES, 0"):
        check(folder, replace(LIMITS, aliases=0))
