"""From a file's bytes to a ``Document``. Runs inside the child process."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from rag.documents import EVIDENCE_KINDS, Document, Fragment, FrontLine, Kind, Sentence
from rag.documents import Page as DocumentPage
from rag.errors import UnreadableDocument
from rag.reading.blocks import Block, blocks_of, look_of
from rag.reading.columns import columns_of
from rag.reading.files import read_bytes
from rag.reading.flow import Cut, Flow, Vocabulary, votes_for_raised_citations
from rag.reading.furniture import Furniture, PagePieces, find_furniture
from rag.reading.glyphcodes import GlyphCodes
from rag.reading.limits import Limits
from rag.reading.lines import Line, lines_of, pieces_of, rows_of
from rag.reading.metadata import read_xmp
from rag.reading.paragraphs import Paragraph, begins_amid, is_cut_off, paragraphs_of
from rag.reading.pdf import Glyphs, PdfFile
from rag.reading.roles import assign_kinds, is_credit
from rag.reading.sentences import sentence_ends
from rag.reading.text import normalise_quote, one_line, readable

_CITATION_VOTES = 6
_FRONT_PAGES = 2
"""Pages whose lines are kept with their looks, because title and authors may be told from them."""

_CRUMB = re.compile(r"(?!.*[^\W\d_]{3}).{0,40}")  # no word


def parse(path: Path, limits: Limits, opened: Callable[[int], None] | None = None) -> Document:
    """Read ``path`` in this process. ``opened`` is told the number of pages as soon as it is known.

    Raises:
        UnreadableDocument: Not a paper that can be read; says why and what to do.
        UnsafeDocument: A limit was broken.
    """
    data = read_bytes(path, limits)
    if path.suffix.lower() != ".pdf":
        from rag.reading.plain import parse_plain

        return parse_plain(path, data)
    return parse_pdf(path, data, limits, opened)


def parse_pdf(path: Path, data: bytes, limits: Limits, opened: Callable[[int], None] | None = None) -> Document:
    """Read a PDF from its bytes. Raises as ``parse`` does."""
    _check_pdf(path, data)
    with PdfFile(data, str(path)) as pdf:
        count = len(pdf)
        if count == 0:
            raise UnreadableDocument(path, "holds no pages that can be read", "download it again")
        if count > limits.pages:
            raise UnreadableDocument(path, f"has {count:,} pages, more than {limits.pages:,}", "split it")
        if opened is not None:
            opened(count)
        pages = [pdf.glyphs(number) for number in range(1, count + 1)]
        info = pdf.info()
    _check_text(path, pages)
    pieces = [PagePieces(g.number, g.width, g.height, g.label, pieces_of(g)) for g in pages]
    furniture = find_furniture(pieces)
    columns: list[list[Line]] = []
    for glyphs, page, ids in zip(pages, pieces, furniture.ids, strict=True):
        columns += _layout(glyphs, page, ids)
        if glyphs.number > _FRONT_PAGES:  # a book of a thousand pages would not fit otherwise
            glyphs.forget_places()
            page.pieces.clear()
    look = look_of(columns)
    blocks: list[Block] = []
    for number, lines in enumerate(columns):
        blocks += blocks_of(lines, look, number)
    if blocks:
        assign_kinds(blocks, look, info.get("Title", ""))
    sentences = _Writer(pages, furniture.labels, columns).sentences(paragraphs_of(blocks))
    return Document(
        file=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        pages=tuple(
            DocumentPage(g.number, label, round(g.width, 2), round(g.height, 2))
            for g, label in zip(pages, furniture.labels, strict=True)
        ),
        sentences=tuple(sentences),
        info=info,
        xmp=read_xmp(data),
        front=tuple(_front(pages, columns, pieces, furniture)),
        running=tuple(one_line(readable(text)) for text in furniture.running),
    )


def _check_pdf(path: Path, data: bytes) -> None:
    if b"%PDF-" not in data[:1024]:
        what = "is a web page, not a PDF" if data.lstrip()[:1] == b"<" else "is not a PDF"
        raise UnreadableDocument(path, what, "download it again, or rename it to what it is")
    if b"%%EOF" not in data[-65536:]:
        raise UnreadableDocument(path, "is cut off: the end of the file is missing", "download it again")


def _check_text(path: Path, pages: Sequence[Glyphs]) -> None:
    letters = sum(len(glyphs.text) for glyphs in pages)
    if letters >= 40 or letters >= 20 * len(pages):
        return
    if any(glyphs.has_image for glyphs in pages):
        raise UnreadableDocument(path, "is a scan without a text layer", "run OCR first, for example ocrmypdf")
    raise UnreadableDocument(path, "holds no text", "if it shows text as drawings, run OCR first")


def _layout(glyphs: Glyphs, page: PagePieces, furniture: set[int]) -> list[list[Line]]:
    """Lines of one page, column by column in reading order."""
    pieces = [piece for piece in page.pieces if id(piece) not in furniture]
    columns = [rows_of(column.pieces, (column.x0, column.x1)) for column in columns_of(pieces)]
    lines = iter(lines_of(glyphs, [row for rows in columns for row in rows]))
    return [list(islice(lines, len(rows))) for rows in columns]


def _front(
    pages: Sequence[Glyphs],
    columns: Sequence[Sequence[Line]],
    pieces: Sequence[PagePieces],
    furniture: Furniture,
) -> Iterator[FrontLine]:
    for glyphs, page, ids in list(zip(pages, pieces, furniture.ids, strict=True))[:_FRONT_PAGES]:
        marked = [piece for piece in page.pieces if id(piece) in ids and piece.angle == 0]
        for line in lines_of(glyphs, rows_of(marked, (0.0, page.width))):
            role = "head" if line.base > page.height / 2 else "foot"
            yield FrontLine(one_line(readable(line.text)), page.number, line.size, line.box, role)
        for lines in columns:
            for line in lines:
                if line.page == page.number:
                    yield FrontLine(one_line(readable(line.text)), page.number, line.size, line.box)


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int


class _Writer:
    """Turns paragraphs into sentences, and checks every quote against the page's characters in stream order."""

    def __init__(
        self, pages: Sequence[Glyphs], labels: Sequence[str | None], columns: Sequence[Sequence[Line]]
    ) -> None:
        lines = [line for column in columns for line in column]
        self._codes = GlyphCodes(line.text for line in lines)
        self._vocabulary = Vocabulary(line.text for line in lines)
        self._raised = votes_for_raised_citations(lines) >= _CITATION_VOTES
        self._labels = labels
        self._pages = pages
        self._normal: dict[int, str] = {}

    def sentences(self, paragraphs: Sequence[Paragraph]) -> Iterator[Sentence]:
        """All sentences in order, numbered by paragraph."""
        for number, (paragraph, following) in enumerate(zip(paragraphs, [*paragraphs[1:], None], strict=True)):
            flow = Flow(paragraph.lines, self._vocabulary, self._codes, self._raised)
            section = one_line(readable(paragraph.section))
            spans = list(_spans(flow, paragraph.kind))
            for span in spans:
                sentence = self._sentence(flow, span, paragraph.kind, section, number)
                if sentence is None:
                    continue
                if sentence.kind is Kind.CAPTION and is_credit(sentence.text):
                    sentence = replace(sentence, kind=Kind.FRONT)
                elif (span is spans[0] and begins_amid(sentence.text)) or (
                    span is spans[-1] and is_cut_off(paragraph, following)
                ):
                    sentence = replace(sentence, whole=False)
                yield sentence

    def _sentence(self, flow: Flow, span: _Span, kind: Kind, section: str, number: int) -> Sentence | None:
        text = flow.readable(span.start, span.end)
        cuts = flow.cuts(span.start, span.end)
        if not text or not cuts:
            return None
        if kind in EVIDENCE_KINDS:
            verified = self._verified(flow, cuts)
            if verified is None:
                kind = Kind.FORMULA
            else:
                cuts = verified
        if len(cuts) > 1 and kind in EVIDENCE_KINDS:
            # What is left between characters that are not sure says nothing by itself.
            cuts = [cut for cut in cuts if not _CRUMB.fullmatch(normalise_quote(cut.text))] or cuts
        fragments = tuple(Fragment(cut.page, self._labels[cut.page - 1], cut.quote, cut.boxes) for cut in cuts)
        return Sentence(text, kind, fragments, section, number)

    def _verified(self, flow: Flow, cuts: Sequence[Cut]) -> list[Cut] | None:
        """The cuts, divided further where the page's own stream order is broken; None if that leaves crumbs."""
        verified: list[Cut] = []
        for cut in cuts:
            if self._stands(cut):
                verified.append(cut)
                continue
            parts = self._recut(flow, cut)
            if parts is None:
                return None
            verified += parts
        return verified

    def _recut(self, flow: Flow, cut: Cut) -> list[Cut] | None:
        parts: list[Cut] = []
        start = cut.start
        allowed = 2 + (cut.end - cut.start) // 50
        while start < cut.end:
            low, high = start, cut.end
            while low < high:  # the longest beginning that stands on the page
                middle = (low + high + 1) // 2
                pieces = flow.cuts(start, middle)
                if all(self._stands(piece) for piece in pieces):
                    low = middle
                else:
                    high = middle - 1
            if low == start or len(parts) >= allowed:
                return None
            blank = flow.text.rfind(" ", start + 1, low)
            if low < cut.end and blank > start + 8 and flow.text[low : low + 1] != " ":
                low = blank
            parts += flow.cuts(start, low)
            start = low
            while start < cut.end and flow.text[start].isspace():
                start += 1
        return parts

    def _stands(self, cut: Cut) -> bool:
        page = self._normal.get(cut.page)
        if page is None:
            page = self._normal[cut.page] = normalise_quote(self._pages[cut.page - 1].stream)
        return normalise_quote(cut.quote) in page


def _spans(flow: Flow, kind: Kind) -> Iterator[_Span]:
    if kind in (Kind.TABLE, Kind.FORMULA):
        yield from (_Span(start, end) for start, end in flow.rows())
        return
    if kind not in (Kind.BODY, Kind.CAPTION, Kind.BACK, Kind.FRONT):
        yield _Span(0, len(flow.text))
        return
    start = 0
    for end in sentence_ends(flow.masked()):
        while start < end and flow.text[start].isspace():
            start += 1
        yield _Span(start, end)
        start = end
