"""What browsers are told about pages: nothing comes from outside, nothing runs but our own modules, nobody frames us."""

from __future__ import annotations

from collections.abc import Mapping

# No inline script or style, not even as attributes: lengths that data decides are SVG attributes.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: with it browsers send `Origin: null` on our own forms, and the guard of forms reads the origin.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
ASSET_HEADERS = {**ALWAYS, "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
HSTS = "max-age=31536000"


def page_headers(*, secure: bool, private: bool) -> Mapping[str, str]:
    """Headers of a page. `secure`: it travels over TLS. `private`: it shows what its viewer alone may see.

    A page depends on the cookies of session and language, never on anything else of the request's headers.
    """
    headers = {
        **ALWAYS,
        "Content-Security-Policy": CONTENT_POLICY,
        "Vary": "Cookie",
        "Cache-Control": "no-store" if private else "private, no-cache",
    }
    if secure:
        headers["Strict-Transport-Security"] = HSTS
    return headers
