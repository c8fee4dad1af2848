"""Pages as files: `<page>.graphql` beside `<page>.html` in a folder per audience, forms as `<page>.<action>.graphql`.

Everything that can be wrong with a page is found here, at start-up: an operation that its view does not have, a
template without an operation, a parameter that no variable takes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from graphql import GraphQLSchema, OperationType, parse

from portal.pages.document import Document, read_document
from portal.pages.faults import PageFault
from portal.pages.front_matter import ACTION_KEYS, EXPORT_KEYS, PAGE_KEYS, read_front_matter
from portal.pages.held_scopes import OPTIONAL_MAX, Scopes, subsets, without
from portal.pages.page import HOME, PLACEHOLDER, TEMPLATE_NAMES, Action, Export, Page, Search, Then, portal_root
from segments.audiences import CONSUMER, Audience

EXPORT = ".export.graphql"
PAGE_NAME = re.compile(r"[a-z][a-z0-9-]*")
PATH = re.compile(r"(/[a-z0-9-]+|/\{\w+\})+|/")
# First parts of addresses that are not pages of the public portal.
TAKEN = frozenset(
    {audience.value for audience in Audience if audience is not CONSUMER}
    | {"graphql", "static", "sign-in", "sign-out", "oauth", "healthz", "readyz", ".well-known"}
)


def read_folder(folder: Path, audience: Audience, schema: GraphQLSchema) -> list[Page]:
    """The pages of one portal. A template whose name begins with an underscore is a part of others."""
    names = {path.stem for path in folder.glob("*.html") if not path.name.startswith("_")}
    check_partners(folder, names)
    return [read_page(folder, name, audience, schema) for name in sorted(names)]


def check_partners(folder: Path, names: set[str]) -> None:
    """Every operation has its template and every template its operation."""
    for path in sorted(folder.glob("*.graphql")):
        if path.name.split(".")[0] not in names:
            raise PageFault(f"{folder.name}/{path.name}", "has no template beside it")
    for name in sorted(names):
        if not (folder / f"{name}.graphql").exists():
            raise PageFault(f"{folder.name}/{name}.html", "has no operation beside it")


def read_page(folder: Path, name: str, audience: Audience, schema: GraphQLSchema) -> Page:
    """One page with its forms."""
    file = f"{audience.value}/{name}.graphql"
    if not PAGE_NAME.fullmatch(name):
        raise PageFault(file, "the name has small letters, digits and hyphens only")
    source = (folder / f"{name}.graphql").read_text(encoding="utf-8")
    said = read_front_matter(file, source, PAGE_KEYS)
    if "title" not in said:
        raise PageFault(file, "has no `# title: …`")
    document = read_document(file, source, schema, OperationType.QUERY)
    if taken := sorted(document.root_keys & TEMPLATE_NAMES):
        raise PageFault(file, f"{', '.join(taken)} means something else in templates: give the field an alias")
    return Page(
        audience=audience,
        name=name,
        title=said["title"],
        path=read_path(file, said.get("path", "/" if name == HOME else f"/{name}"), audience, document),
        document=document,
        template=f"{audience.value}/{name}.html",
        actions=read_actions(folder, name, audience, schema),
        place=read_place(file, said.get("nav")),
        under=said.get("under"),
        public=audience is CONSUMER and said.get("public") == "yes",
        search=read_search(file, said.get("search"), document),
        export=read_export(folder, name, audience, schema),
        reduced=read_reduced(document, said.get("optional"), schema),
    )


def read_reduced(document: Document, text: str | None, schema: GraphQLSchema) -> Mapping[Scopes, Document]:
    """`products:cost programmes:cost`: the operations of a page without the fields that ask for some of these scopes."""
    optional = frozenset(text.split()) if text else frozenset[str]()
    if strange := optional - document.scopes:
        raise PageFault(document.file, f"optional: no field asks for {', '.join(sorted(strange))}")
    if len(optional) > OPTIONAL_MAX:
        raise PageFault(document.file, f"optional: {OPTIONAL_MAX} scopes at most")
    reduced: dict[Scopes, Document] = {}
    for missing in subsets(optional):
        source = without(parse(document.source), schema, missing)
        reduced[missing] = read_document(document.file, source, schema, OperationType.QUERY)
        assert not reduced[missing].scopes & missing, document.file
        if not reduced[missing].root_fields:
            raise PageFault(document.file, f"optional: nothing is left without {', '.join(sorted(missing))}")
    return reduced


def read_actions(folder: Path, page: str, audience: Audience, schema: GraphQLSchema) -> Mapping[str, Action]:
    """The forms of a page: `<page>.<action>.graphql`, a mutation each."""
    actions: dict[str, Action] = {}
    for path in sorted(folder.glob(f"{page}.*.graphql")):
        if path.name == f"{page}{EXPORT}":
            continue
        file = f"{audience.value}/{path.name}"
        source = path.read_text(encoding="utf-8")
        said = read_front_matter(file, source, ACTION_KEYS)
        document = read_document(file, source, schema, OperationType.MUTATION)
        name = path.name.split(".")[1]
        if hasattr(dict, name):
            raise PageFault(file, f"forms.{name} means something else in templates: give the form another name")
        then = read_then(file, said.get("then"), document)
        tries = read_tries(file, said.get("tries"), document)
        actions[name] = Action(name, document, said.get("done", ""), then, said.get("shows") == "yes", tries)
    return actions


def read_tries(file: str, text: str | None, document: Document) -> Mapping[str, str]:
    """`voucher=input.voucher points=input.points`: variables of the page, and the fields that fill them."""
    tries: dict[str, str] = {}
    for pair in text.split() if text else ():
        variable, _, path = pair.partition("=")
        if path.split(".")[0] not in document.variables:
            raise PageFault(file, f"tries: no variable has the field {path!r}")
        tries[variable] = path
    return tries


def read_export(folder: Path, page: str, audience: Audience, schema: GraphQLSchema) -> Export | None:
    """`<page>.export.graphql`: a query for one list, and `# columns: 名称=name 地区=region.name`."""
    path = folder / f"{page}{EXPORT}"
    if not path.exists():
        return None
    file, source = f"{audience.value}/{path.name}", path.read_text(encoding="utf-8")
    document = read_document(file, source, schema, OperationType.QUERY)
    said = read_front_matter(file, source, EXPORT_KEYS)
    rows = said["rows"].split(".") if "rows" in said else ()
    if len(document.root_fields) != 1 or not (rows or {"first", "after"} <= set(document.variables)):
        raise PageFault(file, "asks for one list by $first and $after, or says where its `# rows:` are")
    if rows and rows[0] not in document.root_keys:
        raise PageFault(file, f"rows: the answer has no {rows[0]!r}")
    pairs = (pair.partition("=") for pair in said.get("columns", "").split())
    columns = {words: place for words, _, place in pairs}
    if not columns or not all(columns.values()):
        raise PageFault(file, "has no `# columns: words=place …`")
    return Export(document, columns, rows)


def read_then(file: str, text: str | None, document: Document) -> Then | None:
    """`order id=placeOrder.order.id`: the page that follows and where its values lie in the answer."""
    if text is None:
        return None
    page, *pairs = text.split()
    values = {name: place for name, _, place in (pair.partition("=") for pair in pairs)}
    for place in values.values():
        if place.partition(".")[0] not in document.root_keys:
            raise PageFault(file, f"then: the answer has no {place!r}")
    return Then(page, values)


def read_path(file: str, text: str, audience: Audience, document: Document) -> str:
    """The whole route of a page whose front matter gives its path below the portal's root."""
    if not PATH.fullmatch(text):
        raise PageFault(file, f"path: {text!r} is not /words/{{variable}}")
    if strange := set(PLACEHOLDER.findall(text)) - set(document.variables):
        raise PageFault(file, f"path: {', '.join(sorted(strange))} is no variable of the operation")
    root = portal_root(audience)
    if not root and text.split("/")[1] in TAKEN:
        raise PageFault(file, f"path: {text} belongs to something else")
    return root + text if text != "/" else root or "/"


def read_place(file: str, text: str | None) -> int | None:
    """Where a page stands in the navigation."""
    if text is not None and not text.isdecimal():
        raise PageFault(file, f"nav: {text!r} is no whole number")
    return None if text is None else int(text)


def read_search(file: str, text: str | None, document: Document) -> Search | None:
    """`filter.text 搜索客户、合同`: the variable that the search box fills, and its words."""
    if text is None:
        return None
    variable, _, words = text.partition(" ")
    if variable.split(".")[0] not in document.variables or not words:
        raise PageFault(file, "search: give a variable of the operation and the words of the box")
    return Search(variable, words.strip())
