"""Static files of the pages: read once, served from memory, under an address that changes when any of them does.

One digest names the whole set, so that a module may import its neighbour by a relative address. The files of `styles/`
are served as one sheet: people read them apart, browsers fetch them together.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portal.pages.security_headers import ASSET_HEADERS

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
STYLE_SHEET = "quadrant.css"
# Later sheets win inside the same layer.
STYLE_ORDER = (
    "tokens",
    "base",
    "shell",
    "parts",
    "forms",
    "tables",
    "goods",
    "records",
    "identity",
    "charts",
    "print",
)
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    body: bytes
    compressed: bytes
    media_type: str


class Assets:
    """All static files by name."""

    def __init__(self, files: Mapping[str, Asset]) -> None:
        self.files = files
        digest = hashlib.sha256()
        for name in sorted(files):
            digest.update(name.encode() + b"\0" + files[name].body + b"\0")
        self.digest = digest.hexdigest()[:16]

    def address(self, name: str) -> str:
        """Where a page finds a file. A name that is not there raises, so that no page links to nothing."""
        if name not in self.files:
            raise LookupError(f"there is no static file {name}")
        return f"/static/{self.digest}/{name}"

    async def serve(self, request: Request) -> Response:
        """`/static/{digest}/{name}`, kept for ever; an old digest gets today's file, which is not kept."""
        asset = self.files.get(request.path_params["name"])
        if asset is None:
            raise HTTPException(404)
        current = request.path_params.get("digest") == self.digest
        headers = {
            **ASSET_HEADERS,
            "Cache-Control": FOREVER if current else "no-cache",
            "ETag": f'"{self.digest}"',
            "Vary": "Accept-Encoding",
        }
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(
                asset.compressed, headers={**headers, "Content-Encoding": "gzip"}, media_type=asset.media_type
            )
        return Response(asset.body, headers=headers, media_type=asset.media_type)


def read_assets(directory: Path) -> Assets:
    """The files of a folder and the style sheet made of its `styles/`."""
    found = {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}
    sheets = {path.stem: path.read_bytes() for path in (directory / "styles").glob("*.css")}
    if set(sheets) != set(STYLE_ORDER):
        raise LookupError(f"styles/ and STYLE_ORDER differ in {sorted(set(sheets) ^ set(STYLE_ORDER))}")
    found[STYLE_SHEET] = b"\n".join(sheets[name] for name in STYLE_ORDER)
    return Assets({name: make_asset(name, body) for name, body in found.items()})


def make_asset(name: str, body: bytes) -> Asset:
    """A file with its media type; a suffix that we do not serve is an error at start."""
    # Without the time of day in it, the same file compresses to the same bytes on every worker.
    return Asset(body, gzip.compress(body, mtime=0), MEDIA_TYPES[Path(name).suffix])
