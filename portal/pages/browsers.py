"""What a browser says it is, in words that people know: enough to tell one's own sessions apart, and no more."""

from __future__ import annotations

# The first that stands in the text. Most browsers name others too, for compatibility, so the order matters.
BROWSERS = (
    ("MicroMessenger", "WeChat"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
OTHER_CHARACTERS_MAX = 40


def browser_of(user_agent: str) -> str:
    """`Firefox · Windows`; what it says itself when it is none of these, such as a program."""
    found = [next((name for mark, name in kinds if mark in user_agent), "") for kinds in (BROWSERS, SYSTEMS)]
    return " · ".join(filter(None, found)) or user_agent[:OTHER_CHARACTERS_MAX]
