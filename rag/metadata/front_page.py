"""What the first pages of a paper say about it: title, byline, DOI, dates, its own citation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from rag.documents import Document, FrontLine
from rag.metadata.citation_line import CitationLine, abbreviates, calls_for_citation, parse_citation_line
from rag.metadata.names import looks_like_name, parse_byline
from rag.metadata.record import Author
from rag.metadata.text import clean, find_dois, find_year, similarity

_LABEL = re.compile(
    r"^(?:\W*(?:research|review|original|regular|invited|topical|full|short|open|article|access|paper|letters?|"
    r"comments?|communications?|perspectives?|data|descriptors?|analysis|report|brief|rapid|feature|editorial|"
    r"tutorial|highlights?|featured|corrected|author|correction|accepted|manuscript|preprint|software|"
    r"contents?|lists?|available|at|science\s?direct|check|for|updates?|focus|news|views?|progress|account)\W*)+$",
    re.IGNORECASE,
)
_BANNER = re.compile(
    r"^(?:www\.|https?://)|journal homepage|^(?:the )?(?:international )?journals? (?:of|for)\b",
    re.IGNORECASE,
)
_STOP = re.compile(
    r"^\W*(?:abstract|summary|introduction|highlights|keywords?|received|accepted|published|"
    r"article\s?info|graphical|in brief|contents|(?:1|i)\.?\s+introduction|doi\b|"
    r"cite this|correspond|e-?mail|dated)\b",
    re.IGNORECASE,
)
_MARGIN = re.compile(
    r"^(?:(?:(?:received|accepted|published|revised|submitted)(?:\sonline)?\W{1,3}(?:on\s)?"
    r"(?:\d{1,2}(?:st|nd|rd|th)?\s)?[A-Z][a-z]+\s(?:\d{1,2},\s)?(?:\d{4}|x{4})|doi:?\s?10\.\d{4,9}/\S+|check\sfor\supdates|"
    r"open(?=\s[A-Z][a-z])|\d{1,4},\s\d{2,6}(?=\s[a-z]))[,;]?(?:\s|$))+",
    re.IGNORECASE,
)
_CONNECTIVES = frozenset({"and", "von", "van", "der", "den", "de", "del", "di", "da", "la", "le", "dos"})
_AFFILIATION = re.compile(
    r"\b(?:universit|department|institut|laborator|school of|college|facult|academy)\w*", re.IGNORECASE
)
_DATA_LINE = re.compile(r"\b(?:data|dataset|repository|code|archived?|deposited)\b", re.IGNORECASE)
_TITLE_MARKS = re.compile(r"[\s*†‡§¶#∗]+$")
_REFERENCE = re.compile(r"^\s*(?:\[\d+\]|\d{1,3}[.)]\s|[A-Z][^\W\d_]+, [A-Z]\.)")
_DATA_DOI = re.compile(r"^10\.(?:5281|6084|14469|17863|24435|17188|5517|5061|17632|7910|25377|17862|18126)/")
_ARXIV = re.compile(
    r"^\W*arxiv:\s?(?P<id>\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d{1,2})?\b(?P<rest>.{0,60})",
    re.IGNORECASE,
)
_PUBLISHED = re.compile(
    r"(?:\bpublish\w*|first published|publication date|version of record|version dated|posted|issue date)"
    r"\b(?P<rest>.{0,60})",
    re.IGNORECASE,
)
_COPYRIGHT = re.compile(r"(?:©|\(c\)|\bcopyright\b|ª)(?P<rest>.{0,90})", re.IGNORECASE)
_HANDLED = re.compile(r"\b(?:accepted|received|submitted|revised|dated)\b(?P<rest>.{0,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FrontPage:
    """Evidence from the first pages; what was not found is "", None or empty.

    Attributes:
        title: From the type size.
        authors: From the lines below the title.
        doi: The paper's own, not one of its references or data sets.
        arxiv: arXiv identifier, from the stamp in the margin.
        citation: The citation of itself that the paper prints on a page or in its running lines.
        citation_source: ``first page`` or ``running head``.
        years: Years by strength of evidence: ``published``, ``copyright``, ``arxiv``, ``handled``.
    """

    title: str
    authors: tuple[Author, ...]
    doi: str
    doi_source: str
    arxiv: str
    citation: CitationLine | None
    citation_source: str
    years: dict[str, int]


def read_front_page(document: Document, journals: Sequence[str] = ()) -> FrontPage:
    """Collect the evidence.

    Args:
        document: A paper as read.
        journals: Names that the journal may have: set in large type they are no title.
    """
    citation, citation_source = _own_citation(document)
    known = [*journals, citation.journal if citation else ""]
    front = [_without_margin(line) for line in document.front]
    block = _title_lines(front, [name for name in known if name])
    doi, doi_source = _own_doi(document)
    arxiv, arxiv_year = _arxiv_stamp(document)
    years = _years(document)
    if arxiv_year:
        years["arxiv"] = arxiv_year
    return FrontPage(
        title=_TITLE_MARKS.sub("", clean(_join(line.text for line in block))),
        authors=_byline(front, block),
        doi=doi,
        doi_source=doi_source,
        arxiv=arxiv,
        citation=citation,
        citation_source=citation_source,
        years=years,
    )


def _without_margin(line: FrontLine) -> FrontLine:
    """The line without the note of the margin (date, badge, DOI) that stands level with it, read first."""
    text = clean(line.text)
    return replace(line, text=_MARGIN.sub("", text) if line.role == "text" else text)


def _join(lines: Iterable[str]) -> str:
    """Lines of a title as one; a hyphen at a line end stays, for titles are not hyphenated by machines."""
    return re.sub(r"(?<=[^\W\d_])-\s\n", "-", " \n".join(line.strip() for line in lines)).replace(" \n", " ")


def _title_lines(front: Sequence[FrontLine], journals: Sequence[str]) -> list[FrontLine]:
    """The lines of the title: the largest type on a page, journal banners and labels aside."""
    body_sizes = [line.size for line in front for _ in range(len(line.text) // 20)]
    body = median(body_sizes) if body_sizes else 0.0
    titles: list[list[FrontLine]] = []
    for page in sorted({line.page for line in front}):
        blocks = [
            block
            for block in _blocks([line for line in front if line.page == page and line.role == "text"])
            if block[0].size > 1.15 * body and _may_be_title(_join(line.text for line in block), journals)
        ]
        if blocks:
            # Type sizes are measured, not declared: within 2% they are one, and the upper block is the title.
            largest = max(block[0].size for block in blocks)
            titles.append(next(block for block in blocks if block[0].size >= 0.98 * largest))
    if len(titles) == 2 and _same(*titles):
        return titles[1]  # The first page is a cover of the publisher's, and repeats the title.
    return titles[0] if titles else []


def _same(first: Sequence[FrontLine], second: Sequence[FrontLine]) -> bool:
    return similarity(_join(line.text for line in first), _join(line.text for line in second)) > 0.9


def _blocks(lines: Sequence[FrontLine]) -> list[list[FrontLine]]:
    """Runs of lines of one size, one below the other; a line of the margin may stand between two of them."""
    blocks: list[list[FrontLine]] = []
    for line in lines:
        above = next((block for block in reversed(blocks[-3:]) if _continues(block[-1], line)), None)
        if above:
            above.append(line)
        else:
            blocks.append([line])
    return blocks


def _continues(above: FrontLine, below: FrontLine) -> bool:
    gap = above.box.y0 - below.box.y1
    return abs(above.size - below.size) <= 0.05 * above.size and -2 * above.size < gap < 1.2 * above.size


def _may_be_title(text: str, journals: Sequence[str]) -> bool:
    text = clean(text)
    letters = sum(character.isalpha() for character in text)
    if letters < 10 or len(text.split()) < 2 or _LABEL.match(text) or _BANNER.search(text):
        return False
    return letters > 0.5 * len(text) and not any(_is_banner_of(text, journal) for journal in journals)


def _is_banner_of(text: str, journal: str) -> bool:
    """Whether ``text`` is the journal's name, or its end (``Journal of`` stands in smaller type)."""
    tail = journal.split()[-len(text.split()) :]
    return similarity(text, journal) > 0.85 or abbreviates(journal, text) or abbreviates(" ".join(tail), text)


def _byline(front: Sequence[FrontLine], title: Sequence[FrontLine]) -> tuple[Author, ...]:
    """Authors: the lines after the title, in one size, in which nearly every word has a capital."""
    if not title:
        return ()
    lines = [line for line in front if line.page == title[0].page and line.role == "text"]
    start = max(lines.index(line) for line in title) + 1
    chosen: list[FrontLine] = []
    for line in lines[start : start + 60]:
        text = clean(line.text)
        if chosen and abs(line.size - chosen[0].size) > 0.15 * chosen[0].size:
            # Marks may come as tiny lines of their own; anything with words in another size ends the byline.
            if sum(character.isalpha() for character in text) > 3:
                break
            continue
        if _STOP.match(text) or _AFFILIATION.search(text):
            if chosen:
                break
            continue
        if _reads_like_names(text, bool(chosen)):
            chosen.append(line)
        elif chosen:
            break
    return parse_byline(" ".join(line.text for line in chosen))


def _reads_like_names(text: str, inside: bool) -> bool:
    tokens = [token for token in re.findall(r"[^\W\d_][^\s,;\d]*", text) if len(token) > 2 or token[0].isupper()]
    capitals = [token for token in tokens if token[0].isupper() or token in _CONNECTIVES]
    if not tokens:
        return inside
    if len(capitals) < 0.7 * len(tokens) or _LABEL.match(text) or _BANNER.search(text):
        return False
    names = parse_byline(text)
    # Inside a byline a line may hold the half of a name only ("Skelton4", "Keith T.").
    return bool(names) or (inside and len(tokens) <= 3 and (len(tokens) == 1 or looks_like_name(text)))


def _own_doi(document: Document) -> tuple[str, str]:
    """The DOI that the paper carries, and where: in a running line, else the first of its own on page one."""
    edge = [line.text for line in document.front if line.role != "text"]
    first = [line for line in document.front if line.role == "text"]
    texts = _with_wrapped([line.text for line in first if line.page == 1])
    later = _with_wrapped([line.text for line in first if line.page > 1 and not _REFERENCE.match(line.text)][:30])
    spare: tuple[str, str] = ("", "")
    found: list[tuple[str, str]] = []
    for lines, source in (
        (_with_wrapped(edge), "first page"),
        (_with_wrapped(list(document.running)), "running head"),
        (texts, "first page"),
        (later, "first page"),
    ):
        for line in lines:
            if _REFERENCE.match(line):
                continue
            for doi in find_dois(line):
                if not _DATA_DOI.match(doi) and not _DATA_LINE.search(line):
                    found.append((doi, source))
                else:
                    spare = spare if spare[0] else (doi, source)
    if not found:
        return spare
    # A DOI may be cut short where a line ends; then another place has it whole.
    return max((one for one in found if one[0].startswith(found[0][0])), key=lambda one: len(one[0]))


def _with_wrapped(lines: list[str]) -> list[str]:
    """The lines, where one that breaks inside a DOI is joined with the next."""
    joined: list[str] = []
    for line in lines:
        if joined and re.search(r"10\.\d{4,9}/(?:[-._;()/:A-Za-z0-9]*[-/._])?$|doi\.org/$|10\.\d{4,9}$", joined[-1]):
            joined[-1] += line.strip()
        else:
            joined.append(line.strip())
    return joined


def _own_citation(document: Document) -> tuple[CitationLine | None, str]:
    """The citation of itself that the paper prints, made whole from all the places where it prints one."""
    front = document.front
    boxed = [[line.text, *(after.text for after in front[i + 1 : i + 3])] for i, line in enumerate(front)]
    edges = [*document.running, *(line.text for line in front if line.role != "text")]
    first = [line.text for line in front if line.page == 1 and line.role == "text"]
    found = [(c, "first page") for lines in boxed if calls_for_citation(lines[0]) for c in _citations(lines)[:1]]
    # A foot of several lines is put together only where no single line says it all.
    for width in (1, 2, 3):
        windows = (edges[i : i + width] for i in range(len(edges) - width + 1))
        if in_edges := [(c, "running head") for lines in windows for c in _citations(lines)[-1:]]:
            found += in_edges
            break
    found += [(c, "first page") for line in first for c in _citations([line])]
    if not found:
        return None, ""
    best, source = found[0]
    same = [c for c, _ in found if c.volume == best.volume and _first_page(c) == _first_page(best)]
    # One place gives the first page, another the range; one the name with its spaces, another without.
    alike = [c.journal for c in same if similarity(c.journal, best.journal) > 0.95]
    pages, journal = max((c.pages for c in same), key=len), max(alike, key=len)
    return replace(best, pages=pages, journal=journal, issue=best.issue or max(c.issue for c in same)), source


def _first_page(citation: CitationLine) -> str:
    return citation.pages.split("–")[0]


def _citations(lines: Sequence[str]) -> list[CitationLine]:
    """The citation that begins in the first of these lines, as read from one line, from two, ..."""
    if _REFERENCE.match(lines[0]):
        return []
    runs = (parse_citation_line(" ".join(lines[: count + 1])) for count in range(len(lines)))
    return [citation for citation in runs if citation]


def _arxiv_stamp(document: Document) -> tuple[str, int | None]:
    for text in (*(line.text for line in document.front if line.page == 1), *document.running):
        if match := _ARXIV.match(clean(text)):
            return match["id"].lower(), find_year(match["rest"]) or _arxiv_year(match["id"])
    return "", None


def _arxiv_year(identifier: str) -> int | None:
    digits = identifier.rpartition("/")[2]
    short = int(digits[:2])
    return 1900 + short if short > 90 else 2000 + short


def _years(document: Document) -> dict[str, int]:
    years: dict[str, int] = {}
    texts = [
        *(line.text for line in document.front if line.page == 1 or line.role != "text"),
        *document.running,
    ]
    for text in texts:
        if _REFERENCE.match(text):
            continue
        for name, pattern in (("published", _PUBLISHED), ("copyright", _COPYRIGHT), ("handled", _HANDLED)):
            for match in pattern.finditer(text[:1000]):
                # "Published on 1 May 2018. Downloaded on 2 June 2025": the first year counts.
                if name not in years and (year := find_year(re.split(r"(?i)downloaded", match["rest"])[0])):
                    years[name] = year
    return years
