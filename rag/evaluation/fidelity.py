"""Does every quote stand on the page that it names? Asked of a reader that is not ours.

Poppler's ``pdftotext`` is used where it is installed, else pypdf. Both words and page must agree: after
:func:`rag.reading.text.normalise_quote` the quote has to be a substring of what the other reader finds there.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from rag.errors import LibraryError
from rag.reading.text import normalise_quote

READER_SECONDS = 60
"""Longest time that ``pdftotext`` may take for one page."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Words said to stand on a page of a file; ``page`` counts from 1."""

    file: str
    page: int
    text: str


@dataclass(frozen=True, slots=True)
class FidelityReport:
    """How many quotes stand where they say.

    Attributes:
        reader: Who was asked.
        checked: Number of quotes.
        astray: Those that were not found on their page.
    """

    reader: str
    checked: int
    astray: tuple[Quote, ...]

    @property
    def rate(self) -> float:
        """Share of the quotes found on their page; 1 where there was none to check."""
        return 1 - len(self.astray) / self.checked if self.checked else 1.0

    def __str__(self) -> str:
        found = self.checked - len(self.astray)
        return f"{found} of {self.checked} quotes stand on their page (read by {self.reader})"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        astray = [{"file": quote.file, "page": quote.page, "quote": quote.text} for quote in self.astray]
        return {"reader": self.reader, "checked": self.checked, "rate": self.rate, "astray": astray}


PageReader = Callable[[Path, int], Sequence[str]]
"""``(file, page from 1) -> texts``: the page's text, once for each order in which the reader can give it."""


def check_quotes(
    quotes: Iterable[Quote], locate: Callable[[str], Path], read: PageReader | None = None, reader: str = ""
) -> FidelityReport:
    """Look every quote up on its page with an independent reader.

    Args:
        quotes: What to check; an empty text counts as astray.
        locate: Path of a file by its name.
        read: The reader; by default the one that :func:`independent_reader` finds.
        reader: Its name, for the report.
    """
    if read is None:
        reader, read = independent_reader()

    @lru_cache(maxsize=256)
    def page_texts(file: str, page: int) -> tuple[str, ...]:
        return tuple(normalise_quote(text) for text in read(locate(file), page))

    quotes = list(quotes)
    astray = []
    for quote in quotes:
        wanted = normalise_quote(quote.text)
        texts = page_texts(quote.file, quote.page) if wanted and quote.page >= 1 else ()
        if not any(wanted in text for text in texts):
            astray.append(quote)
    return FidelityReport(reader, len(quotes), tuple(astray))


def sample(quotes: Iterable[Quote], count: int, *, seed: int = 0) -> list[Quote]:
    """``count`` quotes drawn without replacement (or all of them); the same for the same seed."""
    quotes = list(quotes)
    return random.Random(seed).sample(quotes, min(count, len(quotes)))


def independent_reader() -> tuple[str, PageReader]:
    """The name and the function of the best reader here that shares no code with ours."""
    if shutil.which("pdftotext"):
        return "pdftotext of poppler", _read_with_poppler
    return "pypdf (pdftotext of poppler is not installed)", _read_with_pypdf


def _read_with_poppler(path: Path, page: int) -> tuple[str, ...]:
    # Poppler's reading order parts raised characters from their line, its raw order keeps the order of the
    # file: each is right where the other is not.
    return _pdftotext(path, page), _pdftotext(path, page, "-raw")


def _pdftotext(path: Path, page: int, *options: str) -> str:
    only = ["-f", str(page), "-l", str(page)]
    command = ["pdftotext", "-enc", "UTF-8", *options, *only, str(path.resolve()), "-"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=READER_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise LibraryError(f"{path}: pdftotext took over {READER_SECONDS} s for page {page}") from error
    if b"Wrong page range" in done.stderr:
        return ""
    if done.returncode and not done.stdout:
        reason = " ".join(done.stderr.decode(errors="replace").split())
        raise LibraryError(f"{path}: pdftotext cannot read page {page} ({reason or 'no reason given'})")
    return done.stdout.decode("utf-8", errors="replace")


def _read_with_pypdf(path: Path, page: int) -> tuple[str, ...]:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        return (PdfReader(path).pages[page - 1].extract_text(),)
    except IndexError:
        return ("",)
    except (OSError, PyPdfError) as error:
        raise LibraryError(f"{path}: pypdf cannot read page {page} ({error})") from error
