"""Requests as an ASGI server hands them over, for tests of what reads them."""

from __future__ import annotations

from starlette.requests import Request


def request(*headers: tuple[str, str], client: str = "192.0.2.1", path: str = "/", method: str = "GET") -> Request:
    """A request with these headers from a network address."""
    return Request(
        {
            "type": "http",
            "method": method,
            "scheme": "http",
            "path": path,
            "root_path": "",
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
            "client": (client, 50_000),
            "server": ("localhost", 8000),
        }
    )
