"""Plain text and Markdown. Form feeds are page breaks; there are no boxes and no printed labels."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from rag.documents import Document, Fragment, Kind, Page, Sentence
from rag.errors import UnreadableDocument
from rag.reading.flow import Vocabulary
from rag.reading.roles import BACK, REFERENCES
from rag.reading.sentences import sentence_ends
from rag.reading.text import one_line, readable, strip_controls

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)])\s+")
_TABLE_ROW = re.compile(r"^\s*\|.*\|\s*$")
_BROKEN_WORD = re.compile(r"\b([^\W\d_]+)[-‐‑]\s*\n\s*([^\W\d_]+)")


def parse_plain(path: Path, data: bytes) -> Document:
    """Read a txt or md file from its bytes.

    Raises:
        UnreadableDocument: The bytes are not text, or hold none.
    """
    pages = split_pages(path, data)
    markdown = path.suffix.lower() in (".md", ".markdown")
    sentences = tuple(_sentences(pages, markdown))
    if not sentences:
        raise UnreadableDocument(path, "holds no text")
    return Document(
        file=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        pages=tuple(Page(number, None, 0.0, 0.0) for number in range(1, len(pages) + 1)),
        sentences=sentences,
    )


def split_pages(path: Path, data: bytes) -> list[str]:
    """The text of each page. Raises UnreadableDocument where the bytes are not text."""
    text = _decode(path, data)
    pages = text.replace("\r\n", "\n").replace("\r", "\n").split("\f")
    while len(pages) > 1 and not pages[-1].strip():
        pages.pop()
    return pages


def _decode(path: Path, data: bytes) -> str:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    sample = data[:65536]
    if b"\0" in sample:
        even, odd = sample[0::2].count(0), sample[1::2].count(0)
        if max(even, odd) > 0.3 * len(sample) / 2 and min(even, odd) < 0.02 * len(sample) / 2:
            return data.decode("utf-16-le" if odd > even else "utf-16-be", "replace")
        raise UnreadableDocument(path, "is binary data, not text", "name a PDF, txt or md file")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    unprintable = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in sample)
    if unprintable > 0.05 * len(sample):
        raise UnreadableDocument(path, "is binary data, not text", "name a PDF, txt or md file")
    return data.decode("latin-1")


def _sentences(pages: list[str], markdown: bool) -> Iterator[Sentence]:
    section, kind, paragraph = "", Kind.BODY, 0
    vocabulary = Vocabulary(line.rstrip() for page in pages for line in page.split("\n"))

    def join(match: re.Match[str]) -> str:
        return match[1] + "-" * vocabulary.keeps_hyphen(match[1], match[2]) + match[2]

    for number, page in enumerate(pages, start=1):
        for block_kind, text in _blocks(page, markdown):
            if block_kind is Kind.HEADING:
                section = one_line(readable(text))
                kind = Kind.REFERENCE if REFERENCES.match(section) else Kind.BACK if BACK.match(section) else Kind.BODY
            chosen = kind if block_kind is Kind.BODY else block_kind
            for sentence in _split(text, chosen):
                quote = one_line(readable(_BROKEN_WORD.sub(join, sentence)))
                if quote:
                    yield Sentence(quote, chosen, (Fragment(number, None, quote, ()),), section, paragraph)
            paragraph += 1


def _split(text: str, kind: Kind) -> Iterator[str]:
    if kind is not Kind.BODY and kind is not Kind.BACK:
        yield text
        return
    start = 0
    for end in sentence_ends(text):
        yield text[start:end]
        start = end


def _blocks(page: str, markdown: bool) -> Iterator[tuple[Kind, str]]:
    """Headings, paragraphs, list items, tables and fenced code of one page, their text verbatim."""
    lines: list[str] = []
    fenced = False
    for line in [*strip_controls(page).split("\n"), ""]:
        heading = _HEADING.match(line) if markdown and not fenced else None
        fence = bool(_FENCE.match(line)) if markdown else False
        breaks = heading or fence or (not fenced and (not line.strip() or (markdown and _ITEM.match(line))))
        if breaks and lines:
            yield _kind(lines, fenced, markdown), "\n".join(lines)
            lines = []
        if fence:
            fenced = not fenced
        elif heading:
            yield Kind.HEADING, heading[2]
        elif line.strip():
            lines.append(line)
    if lines:
        yield _kind(lines, fenced, markdown), "\n".join(lines)


def _kind(lines: list[str], fenced: bool, markdown: bool) -> Kind:
    if fenced or (markdown and all(_TABLE_ROW.match(line) for line in lines)):
        return Kind.TABLE
    return Kind.BODY
