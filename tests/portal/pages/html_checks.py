"""What every page's HTML must satisfy, by reading it as a parser does."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
POINTERS = ("for", "popovertarget", "aria-labelledby")
ADDRESSES = ("href", "src", "action", "srcset", "poster", "data", "formaction", "xlink:href")


class Structure(HTMLParser):
    """Collects what is wrong with a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.points: list[str] = []
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.addresses: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.complaints: list[str] = []
        self.feed(html)
        self.close()
        self.finish(html)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.element(tag, dict(attrs))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.element(tag, dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.complaints.append(f"</{tag}> closes something else")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"style", "script"} and data.strip():
            self.complaints.append(f"inline {self.open[-1]}")
        self.texts.append(data)

    def element(self, tag: str, attributes: dict[str, Any]) -> None:
        if "svg" not in self.open:
            self.tags.append(tag)
        if attributes.get("id"):
            self.ids.append(attributes["id"])
        self.points += [attributes[name] for name in POINTERS if attributes.get(name)]
        self.points += (attributes.get("aria-describedby") or "").split()
        for name in ADDRESSES:
            if (address := attributes.get(name)) is not None and name != "data":
                self.address(tag, address)
        if tag == "form":
            self.forms.append({})
        if tag in {"input", "textarea", "select"} and attributes.get("name"):
            self.control(tag, attributes)
        if tag == "style" or "style" in attributes:
            self.complaints.append(f"style on {tag}")
        self.complaints += [f"{name} on {tag}" for name in attributes if name.startswith("on")]
        if int(attributes.get("tabindex") or 0) > 0:
            self.complaints.append("positive tabindex")

    def address(self, tag: str, address: str) -> None:
        if address.startswith("#"):
            self.points.append(address[1:])
        elif not address.startswith("/") or address.startswith("//"):
            self.complaints.append(f"{tag} leads to {address!r}")
        self.addresses.append(address)

    def control(self, tag: str, attributes: dict[str, Any]) -> None:
        kind = attributes.get("type", "text")
        if self.forms and kind == "hidden":
            self.forms[-1][attributes["name"]] = attributes.get("value") or ""
        if kind not in {"hidden", "checkbox", "radio"} and not (attributes.get("id") or attributes.get("aria-label")):
            self.complaints.append(f"unlabelled {tag} {attributes['name']}")

    def finish(self, html: str) -> None:
        if self.open:
            self.complaints.append(f"never closed: {self.open}")
        self.complaints += [f"id twice: {each}" for each in {each for each in self.ids if self.ids.count(each) > 1}]
        self.complaints += [f"points nowhere: {each}" for each in set(self.points) - set(self.ids)]
        self.complaints += [
            f"{self.tags.count(tag)} {tag}" for tag in ("h1", "main", "title") if self.tags.count(tag) != 1
        ]
        if not html.lstrip().lower().startswith("<!doctype html>"):
            self.complaints.append("no doctype")


def complaints(html: str) -> list[str]:
    """What is wrong with a page."""
    return Structure(html).complaints


def form(html: str, name: str) -> dict[str, str]:
    """The hidden fields of one form of a page."""
    return next(fields for fields in Structure(html).forms if fields.get("form-action") == name)
