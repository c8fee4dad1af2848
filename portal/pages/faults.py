"""What can be wrong with the files of a page. Raised at start-up, naming the file, so that no fault waits for a visitor."""

from __future__ import annotations


class PageFault(Exception):  # noqa: N818 - read as a sentence: "page fault in consumer/product.graphql: ...".
    """A file of a page is wrong."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file = file
        self.reason = reason
