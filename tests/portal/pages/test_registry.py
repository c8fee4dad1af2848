"""Pages are read from their files, and everything wrong with them is said at start-up, with the file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from foundation.settings import Settings
from portal.pages.faults import PageFault
from portal.pages.page_limits import check_limits
from portal.pages.registry import Registry, read_pages
from resolvers.planner.limits import DocumentLimits
from schema.root import MASTER
from segments.audiences import CONSUMER, MILITARY
from segments.views import compile_views
from tests.portal.pages.msgids import PAGES
from tests.portal.pages.samples import SAMPLE, SCHEMAS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path / "pages"))


def read(folder: Path) -> Registry:
    return read_pages([folder], SCHEMAS)


def test_our_own_pages_fit_their_views_and_the_limits() -> None:
    schemas = {audience: view.core for audience, view in compile_views(MASTER).items()}
    check_limits(read_pages([PAGES], schemas), schemas, DocumentLimits.of(Settings()))


def test_addresses_follow_from_names_and_paths(folder: Path) -> None:
    found = {name: page.path for name, page in read(folder).pages.items()}
    assert found == {
        "consumer/home": "/",
        "consumer/orders": "/orders",
        "consumer/product": "/product/{id}",
        "consumer/products": "/products",
        "military/home": "/military",
        "staff/home": "/staff",
        "staff/parts": "/staff/parts",
    }


def test_the_navigation_is_in_its_order(folder: Path) -> None:
    registry = read(folder)
    assert [page.title for page in registry.navigation(CONSUMER, frozenset())] == ["首页", "全部商品", "我的订单"]
    assert [page.public for page in registry.navigation(CONSUMER, frozenset())] == [True, True, False]
    assert registry.search(MILITARY) is None


def test_an_audience_that_is_not_served_has_no_pages(folder: Path) -> None:
    assert set(read_pages([folder], {MILITARY: SCHEMAS[MILITARY]}).pages) == {"military/home"}


def test_no_page_is_public_but_consumers(folder: Path) -> None:
    file = folder / "military/home.graphql"
    file.write_text("# public: yes\n" + file.read_text())
    assert not read(folder).page("military/home").public


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("consumer/home.graphql", "nodes { id name }", "nodes { id cost }", "line 6: Cannot query field 'cost'"),
        ("consumer/home.graphql", "}\n", "", "Syntax Error"),
        ("military/home.graphql", "name classification", "name", "line 4: Equipment is graded"),
        ("military/home.graphql", "name classification", "name grade: classification", "line 4: Equipment is graded"),
        ("consumer/home.graphql", "# title: 首页\n", "", "has no `# title"),
        ("consumer/home.graphql", "# nav: 10", "# nav: first", "nav: 'first'"),
        ("consumer/home.graphql", "# nav: 10", "# naw: 10", "'# naw: 10' is not"),
        ("consumer/home.graphql", "# nav: 10", "# title: 再来", "title is given twice"),
        ("consumer/home.graphql", "query Home", "mutation Home", "line"),
        ("consumer/home.graphql", "products(", "page: products(", "page means something else"),
        ("consumer/product.graphql", "/product/{id}", "/product/{sku}", "sku is no variable"),
        ("consumer/product.graphql", "/product/{id}", "/Product", "path: '/Product'"),
        ("consumer/product.graphql", "/product/{id}", "/staff/{id}", "belongs to something else"),
        ("consumer/product.graphql", "/product/{id}", "/products", "has the same address as consumer/product.graphql"),
        ("consumer/product.graphql", "# under: products", "# under: things", "there is no page things"),
        ("consumer/product.graphql", "# under: products", "# nav: 5", "no one address"),
        ("consumer/products.graphql", "filter.text 搜索", "text 搜索", "search:"),
        ("consumer/product.review.graphql", "product id=", "produce id=", "there is no page produce"),
        ("consumer/product.review.graphql", "product id=", "product sku=", "takes other variables"),
        ("consumer/product.review.graphql", "id=addReview", "id=review", "the answer has no"),
        (
            "consumer/product.review.graphql",
            "mutation",
            "# tries: id=thing.text\nmutation",
            "has the field 'thing.text'",
        ),
        ("consumer/product.review.graphql", "mutation", "# tries: sort=input.text\nmutation", "has no variable sort"),
        (
            "consumer/product.review.graphql",
            "mutation AddReview($id: ID!, $input: ReviewInput!",
            "query A($x: Int",
            "line",
        ),
    ],
)
def test_a_fault_names_its_file(folder: Path, file: str, old: str, new: str, reason: str) -> None:
    path = folder / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1) if old != "}\n" else path.read_text().rsplit(old, 1)[0])
    with pytest.raises(PageFault) as fault:
        read(folder)
    assert str(fault.value).startswith(file.partition("/")[0] + "/")
    assert file in str(fault.value)
    assert reason in fault.value.reason


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("# columns: 名称=name", "asks for one list by $first and $after, or says where"),
        ("# columns: 名称=name\n# rows: goods.nodes", "rows: the answer has no 'goods'"),
        ("# rows: products.nodes", "has no `# columns"),
        ("# columns: 名称=name\n# rows: products.nodes", None),
    ],
)
def test_a_file_says_where_the_rows_of_a_list_without_pages_are(folder: Path, said: str, reason: str | None) -> None:
    (folder / "consumer/home.export.graphql").write_text(f"{said}\nquery Goods {{ products {{ nodes {{ name }} }} }}\n")
    if reason is None:
        export = read(folder).page("consumer/home").export
        assert export is not None
        assert export.rows == ["products", "nodes"]
        return
    with pytest.raises(PageFault) as fault:
        read(folder)
    assert reason in fault.value.reason


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("consumer/lonely.graphql", "has no template beside it"),
        ("consumer/lonely.act.graphql", "has no template beside it"),
        ("consumer/lonely.html", "has no operation beside it"),
    ],
)
def test_files_come_in_pairs(folder: Path, file: str, reason: str) -> None:
    (folder / file).write_text("")
    with pytest.raises(PageFault, match=reason):
        read(folder)


def test_names_are_plain(folder: Path) -> None:
    for suffix in ("graphql", "html"):
        shutil.copy(folder / f"consumer/home.{suffix}", folder / f"consumer/Home.{suffix}")
    with pytest.raises(PageFault, match="small letters"):
        read(folder)


def test_a_template_may_be_a_part_of_others(folder: Path) -> None:
    (folder / "consumer/_card.html").write_text("")
    assert len(read(folder).pages) == 7


def test_a_link_to_no_page_is_a_mistake(folder: Path) -> None:
    with pytest.raises(LookupError):
        read(folder).page("consumer/nothing")
