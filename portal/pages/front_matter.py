"""What a page says about itself: comments `# key: value` at the head of its operation."""

from __future__ import annotations

import re
from collections.abc import Mapping

from portal.pages.faults import PageFault

LINE = re.compile(r"#\s*(?P<key>[a-z-]+):\s*(?P<value>\S.*?)\s*")

# Keys of a page. title: its name, also in the navigation. nav: its place there; without it, it is reached by links only.
# path: below the portal's root, with the operation's variables in braces; else the file's name. under: the page whose
# entry in the navigation is marked while this one is shown. public: `yes` where nobody has to sign in. search: the
# variable that the header's search box fills, and the words shown in it. optional: scopes without which the page is shown
# without the fields that ask for them.
PAGE_KEYS = frozenset({"title", "nav", "path", "under", "public", "search", "optional"})
# Keys of a form's mutation. done: what the visitor is told afterwards. then: the page they are sent to, with places in
# the answer for the values of its address (`order id=placeOrder.order.id`); else back to the same page. shows: `yes` where
# the answer holds what is told once only: the page is shown at once, with the answer as `told`.
# tries: variables of the page that this form's fields fill when it comes back (`voucher=input.voucher`), so that the page
# reckons with what was entered; a button named `form-try` asks for that alone.
ACTION_KEYS = frozenset({"done", "then", "shows", "tries"})


# The keys of a list's file. columns: `words=place` for each, the place in a row with dots. rows: where a list without pages
# stands in the answer, with dots.
EXPORT_KEYS = frozenset({"columns", "rows"})


def read_front_matter(file: str, source: str, keys: frozenset[str]) -> Mapping[str, str]:
    """The comments before the first line that is none; each must be `# key: value` with a key we know."""
    found: dict[str, str] = {}
    for line in source.splitlines():
        if not line.startswith("#"):
            break
        match = LINE.fullmatch(line)
        if match is None or match["key"] not in keys:
            raise PageFault(file, f"{line!r} is not `# key: value` with one of {', '.join(sorted(keys))}")
        if match["key"] in found:
            raise PageFault(file, f"{match['key']} is given twice")
        found[match["key"]] = match["value"]
    return found
