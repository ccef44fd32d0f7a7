"""What a paper is once it has been read: pages, and sentences that know where they stand.

Coordinates are PDF points (1/72 inch), origin at the lower left corner of the page.
Pages count from 1, as a PDF viewer counts them; a *label* is the page number as printed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """The part that a sentence plays in its paper."""

    TITLE = "title"
    FRONT = "front"
    """Authors, affiliations, addresses, dates, licence lines: not evidence."""
    HEADING = "heading"
    BODY = "body"
    CAPTION = "caption"
    TABLE = "table"
    FORMULA = "formula"
    """A displayed equation, or text so full of mathematics that it cannot be read as prose."""
    REFERENCE = "reference"
    BACK = "back"
    """Acknowledgements, funding, author contributions, competing interests: not evidence."""


EVIDENCE_KINDS = frozenset({Kind.BODY, Kind.CAPTION})
"""Kinds whose sentences may support an answer."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in PDF points, ``x0 < x1`` and ``y0 < y1``."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Fragment:
    """A contiguous piece of one sentence, inside one column of one page.

    A sentence that runs over a column or page break has several fragments, in reading order.

    Attributes:
        page: Physical page, from 1.
        label: Page number as printed, or None where the paper prints none.
        quote: The characters as they stand on the page: line-end hyphens joined, white space collapsed,
            ligatures expanded, raised and lowered characters as Unicode super- and subscripts where they exist
            (``10¹³ cm⁻³``), else plain. After NFKC and without white space and
            hyphens it is found verbatim on the page.
        boxes: One box a line.
    """

    page: int
    label: str | None
    quote: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in reading order.

    Attributes:
        text: For people and for search: one line, formulas readable (``Cs2AgBiBr6``, ``10^13 cm^-3``).
        kind: The part that it plays.
        fragments: Where it stands; at least one.
        section: Nearest heading above, or "".
        paragraph: Running number of its paragraph (or caption, table, ...) in the document.
        whole: False where the rest of it was not found: a figure, a column or a formula cuts it. It leads to its page,
            but says nothing by itself.
    """

    text: str
    kind: Kind
    fragments: tuple[Fragment, ...]
    section: str = ""
    paragraph: int = 0
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """One page. ``width`` and ``height`` in points."""

    number: int
    label: str | None
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class FrontLine:
    """A line of the first two pages with its look, from which title, authors and year can be told.

    Attributes:
        text: The line.
        page: Physical page, from 1.
        size: Font size in points.
        box: Where it stands.
        role: ``head``, ``foot`` (running lines) or ``text``.
    """

    text: str
    page: int
    size: float
    box: Box
    role: str = "text"


@dataclass(frozen=True, slots=True)
class Document:
    """A paper as read.

    Attributes:
        file: File name, without folders.
        sha256: Hex digest of the file's bytes.
        pages: All pages, in order.
        sentences: All sentences, in reading order, every kind.
        info: The PDF's document information (``Title``, ``Author``, ``CreationDate``, ...), text only.
        xmp: XMP values by qualified name (``dc:title``, ``prism:doi``, ...), lists joined by "; ".
        front: Lines of the first two pages, in reading order.
        running: Distinct running heads and feet (they often hold journal, volume, DOI).
    """

    file: str
    sha256: str
    pages: tuple[Page, ...]
    sentences: tuple[Sentence, ...]
    info: dict[str, str] = field(default_factory=dict)
    xmp: dict[str, str] = field(default_factory=dict)
    front: tuple[FrontLine, ...] = ()
    running: tuple[str, ...] = ()
