"""Words of Chinese and English texts for the catalogue's search; PostgreSQL has no parser for Chinese.

A text becomes a `tsvector` and a question a `tsquery`, both as text that PostgreSQL casts. Chinese is segmented by jieba's
dictionary alone: its guesses at unknown words depend on the neighbours, so a name would be one word in a document and two
in a question. A word the dictionary does not know is therefore its single characters, and a question asks for them
side by side. A position is where a word begins in the text, so that neighbours are neighbours.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterator
from functools import cache
from threading import Lock
from typing import Any, NamedTuple

with warnings.catch_warnings():
    # Its source has invalid escapes, of which Python 3.12 and newer warn when they compile it.
    warnings.simplefilter("ignore")
    import jieba

# What a question may hold; the rest of a longer one is left out.
QUERY_WORDS_MAX = 16
QUERY_CHARACTERS_MAX = 200

# Limits of the type tsvector: positions above are stored as the highest, and a word keeps its first 255 positions.
POSITION_MAX = 16383
WORD_CHARACTERS_MAX = 64

# Words that say nothing about a product. Both sides leave them out, or a question with one would find nothing.
EMPTY_WORDS = frozenset(
    "的 了 和 与 及 或 在 是 为 对 等 可 并 之 a an and at by for in is of on or the to with".split()
)

WORD = re.compile(r"[^\W_]+")
HAN = re.compile(r"[\u3400-\u9fff]+")
LATIN_PLURAL = re.compile(r"[a-z]{2,}[a-rt-z]s")

_loading = Lock()


class Word(NamedTuple):
    """A word and where it begins in its text, counted in characters from 0."""

    text: str
    start: int


def document_vector(name: str, summary: str = "", description: str = "") -> str:
    """The text of a tsvector: words of the name weigh A, of the summary B, of the description C.

    Each text may hold both languages, one after the other.
    """
    places: dict[str, dict[int, str]] = {}
    offset = 1
    for weight, text in (("A", name), ("B", summary), ("C", description)):
        folded = _folded(text)
        for word in _words(folded, parts=True):
            places.setdefault(word.text, {}).setdefault(min(offset + word.start, POSITION_MAX), weight)
        offset += len(folded) + 1
    return " ".join(
        f"{_quoted(word)}:{','.join(f'{position}{weight}' for position, weight in sorted(at.items())[:255])}"
        for word, at in sorted(places.items())
    )


def query_terms(text: str) -> str:
    """The text of a tsquery that wants every word of a question; empty when it holds none.

    The last word matches longer ones too when it is Latin, because people ask while they type.
    """
    words = list(_words(_folded(text[:QUERY_CHARACTERS_MAX]), parts=False))[:QUERY_WORDS_MAX]
    terms: list[str] = []
    open_run = -1  # Where the next single character begins if it belongs to the unknown word before it.
    for word in words:
        single = len(word.text) == 1 and HAN.fullmatch(word.text) is not None
        if single and word.start == open_run:
            terms[-1] += f" <-> {_quoted(word.text)}"
        else:
            terms.append(_quoted(word.text))
        open_run = word.start + 1 if single else -1
    if words and len(words[-1].text) > 1 and not HAN.search(words[-1].text):
        terms[-1] += ":*"
    return " & ".join(f"({term})" if "<->" in term else term for term in terms)


def words_of(text: str) -> list[str]:
    """The words of a text in their order, in small letters."""
    return [word.text for word in _words(_folded(text), parts=False)]


def load_dictionary() -> None:
    """Read the dictionary now, which takes most of a second, and not when somebody asks."""
    _segmenter()


def _words(text: str, *, parts: bool) -> Iterator[Word]:
    """The words of a folded text in order; with `parts` also the shorter words inside long ones."""
    for run in WORD.finditer(text):
        for found, start, _ in _segmenter().tokenize(run.group(), mode="search" if parts else "default", HMM=False):
            word = found[:-1] if LATIN_PLURAL.fullmatch(found) else found
            if word not in EMPTY_WORDS and WORD.fullmatch(word) and len(word) <= WORD_CHARACTERS_MAX:
                yield Word(word, run.start() + start)


def _folded(text: str) -> str:
    """Full-width letters become plain ones, capitals small ones."""
    return unicodedata.normalize("NFKC", text).lower()


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _segmenter() -> Any:
    # Two threads must not both read the dictionary, which takes most of a second.
    with _loading:
        return _loaded_segmenter()


@cache
def _loaded_segmenter() -> Any:
    """Jieba with its dictionary in memory.

    Its own loader keeps the dictionary in the machine's temporary directory and believes whatever lies there, which any
    user of the machine may have written; so the dictionary is read from the package each time.
    """
    segmenter: Any = jieba.Tokenizer()
    segmenter.FREQ, segmenter.total = segmenter.gen_pfdict(segmenter.get_dict_file())
    segmenter.initialized = True
    return segmenter
