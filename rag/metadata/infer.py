"""Who wrote what, without a network: the evidence of a file, weighed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rag.documents import Document, Kind
from rag.metadata.bib import match_entry
from rag.metadata.citation_line import (
    CitationLine,
    abbreviates,
    is_journal_code,
    parse_citation_line,
    tidy_journal,
    tidy_pages,
)
from rag.metadata.front_page import FrontPage, read_front_page
from rag.metadata.names import parse_field
from rag.metadata.record import Author, Paper
from rag.metadata.text import clean, find_dois, find_year, is_junk_title, normalise_doi, words

TITLE_ON_PAGE = 0.7
"""Share of a stored title's words that the first pages must show before the title is believed."""

PREPRINT_SERVERS = {
    "10.48550/arxiv.": "arXiv",
    "10.26434/chemrxiv": "ChemRxiv",
    "10.1101/": "bioRxiv",
    "10.21203/rs.": "Research Square",
    "10.20944/preprints": "Preprints.org",
    "10.2139/ssrn.": "SSRN",
    "10.36227/techrxiv.": "TechRxiv",
}
"""Preprint servers by the beginning of their DOIs."""

_IDENTITY = ("journal", "volume", "issue", "pages")


def infer_paper(document: Document, bib: Path | None = None) -> Paper:
    """The bibliographic record of a paper as its file tells it; never fails.

    Evidence is weighed per field: an entry of ``bib`` > XMP > document information > first page > running
    lines > file name. A stored title or author that the first pages do not show is not believed while
    anything better is at hand, for programs leave their own names, templates and job numbers there.

    Args:
        document: A paper as read.
        bib: A BibTeX file; ignored where no entry of it means this paper.

    Returns:
        The record; its ``sources`` say where each field came from. The title is never empty.
    """
    evidence = _Evidence(document)
    found: dict[str, tuple[Any, str]] = {
        "title": evidence.title(),
        "authors": evidence.authors(),
        "year": evidence.year(),
        "doi": evidence.doi(),
        **evidence.place(),
    }
    paper = Paper(
        **{field: value for field, (value, _) in found.items()},
        type="article-journal" if found["journal"][0] not in {"", *PREPRINT_SERVERS.values()} else "article",
        sources={field: source for field, (value, source) in found.items() if value},
    )
    entry = match_entry(bib, document.file, paper) if bib else None
    return _overlay(paper, entry) if entry else paper


def _overlay(paper: Paper, entry: Paper) -> Paper:
    told = {field: getattr(entry, field) for field in entry.sources}
    if entry.journal and entry.journal != paper.journal:
        # Volume and pages belong to the journal they stand with.
        told |= {field: getattr(entry, field) for field in _IDENTITY}
    sources = {field: source for field, source in paper.sources.items() if told.get(field, True)}
    return replace(paper, **told, type=entry.type, sources=sources | entry.sources)


class _Evidence:
    """The evidence of one document; each method settles one field and says where its value came from."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.subject = self._subject()
        names = (self._xmp("prism:publicationname"), self.subject[0].journal if self.subject else "")
        self.page: FrontPage = read_front_page(document, [tidy_journal(name) for name in names if name])
        shown = [line.text for line in document.front] or [s.text for s in document.sentences[:40]]
        self.shown = " ".join(shown)
        self.shown_words = set(words(self.shown))
        self.shown_run_together = "".join(words(self.shown))

    def title(self) -> tuple[str, str]:
        stored = [
            (clean(self._xmp("dc:title")), "xmp"),
            (clean(self.document.info.get("Title", "")), "docinfo"),
        ]
        stored = [(title, source) for title, source in stored if not is_junk_title(title)]
        heading = self._heading()
        printed = [(title, "first page") for title in (self.page.title, heading) if title]
        believed = [(title, source) for title, source in stored if self._is_shown(title)]
        stem = clean(Path(self.document.file).stem.replace("_", " ")) or "Untitled"
        return next(iter([*believed, *printed, *stored]), (stem, "file name"))

    def _heading(self) -> str:
        """The title where it is marked as one, as in Markdown, whose first line may be a heading."""
        sentences = self.document.sentences
        marked = [s for s in sentences if s.kind is Kind.TITLE]
        if not marked and not self.document.front:
            marked = [s for s in sentences[:1] if s.kind is Kind.HEADING]
        return clean(marked[0].text) if marked else ""

    def _is_shown(self, title: str) -> bool:
        parts = [word for word in words(title) if len(word) > 2]
        shown = sum(word in self.shown_words or word in self.shown_run_together for word in parts)
        return not self.shown_words or (bool(parts) and shown >= TITLE_ON_PAGE * len(parts))

    def authors(self) -> tuple[tuple[Author, ...], str]:
        printed = self.page.authors
        for text, source in (
            (self._xmp("dc:creator"), "xmp"),
            (self.document.info.get("Author", ""), "docinfo"),
        ):
            stored = parse_field(text)
            if not stored or (self.shown_words and not self._is_printed(stored[0])):
                continue
            # Many publishers store the first author alone.
            if len(stored) == 1 and len(printed) > 1 and printed[0].family == stored[0].family:
                break
            return stored, source
        return printed, "first page"

    def _is_printed(self, author: Author) -> bool:
        return all(part in self.shown_run_together for part in words(author.family))

    def doi(self) -> tuple[str, str]:
        names = (
            "prism:doi",
            "crossmark:doi",
            "pdfx:doi",
            "dc:identifier",
            "prism:url",
            "pdfx:wps-articledoi",
        )
        candidates = [(normalise_doi(self._xmp(name)), "xmp") for name in names]
        info = self.document.info
        candidates += [(normalise_doi(info.get(name, "")), "docinfo") for name in ("doi", "DOI", "WPS-ARTICLEDOI")]
        candidates += [(doi, "docinfo") for doi in find_dois(info.get("Subject", ""))]
        candidates.append((self.page.doi, self.page.doi_source))
        if self.page.arxiv:
            candidates.append((f"10.48550/arxiv.{self.page.arxiv}", "first page"))
        stem = re.sub(r"^(10\.\d{4,9})_", r"\1/", Path(self.document.file).stem)
        candidates.append((normalise_doi(stem), "file name"))
        return _first(candidates)

    def year(self) -> tuple[int | None, str]:
        page, printed = self.page, self.page.years
        info = self.document.info
        subject, subject_source = self.subject or (None, "")
        candidates: list[tuple[int | None, str]] = [
            (subject.year, subject_source) if subject else (None, ""),
            *((find_year(self._xmp(f"prism:{name}")), "xmp") for name in ("coverdate", "publicationdate")),
            (page.citation.year if page.citation else None, page.citation_source),
            *(
                (find_year(self._xmp(name)), "xmp")
                for name in ("prism:coverdisplaydate", "prism:copyright", "dc:rights")
            ),
            (printed.get("published"), "first page"),
            (printed.get("copyright"), "first page"),
            (printed.get("arxiv"), "first page"),
            (_year_in_doi(self.doi()[0]), "first page"),
            (printed.get("handled"), "first page"),
            # When the file was made: often the year of a download or a reprint, so the last resort.
            (find_year(info.get("CreationDate", "")[:8].removeprefix("D:")[:4]), "docinfo"),
            (find_year(Path(self.document.file).stem), "file name"),
        ]
        return next(((year, source) for year, source in candidates if year), (None, ""))

    def place(self) -> dict[str, tuple[str, str]]:
        """Journal, volume, issue, pages."""
        name = tidy_journal(self._xmp("prism:publicationname"))
        main, colon, _ = name.partition(":")
        if colon and self.page.citation and abbreviates(self.page.citation.journal, main):
            name = main  # The series' motto, which the journal itself does not cite.
        lines: list[tuple[CitationLine | None, str]] = [
            self.subject or (None, ""),
            (self.page.citation, self.page.citation_source),
        ]
        journals = [(name, "xmp")] + [(line.journal, source) for line, source in lines if line]
        proper = [(journal, source) for journal, source in journals if journal and not is_journal_code(journal)]
        doi, doi_source = self.doi()
        preprint = [(server, doi_source) for prefix, server in PREPRINT_SERVERS.items() if doi.startswith(prefix)]
        pages = self._xmp("prism:pagerange")
        start, end = self._xmp("prism:startingpage"), self._xmp("prism:endingpage")
        # "0" is a blank form, and "1" counts the pages of an article that has a number instead.
        if not pages and start.strip("0") not in {"", "1"}:
            pages = f"{start}–{end}" if end else start

        def settle(stored: str, printed: Callable[[CitationLine], str]) -> tuple[str, str]:
            return _first([(clean(stored, 60), "xmp"), *((printed(line), source) for line, source in lines if line)])

        return {
            "journal": _first([*proper, *preprint, *journals]),
            "volume": settle(self._xmp("prism:volume"), lambda line: line.volume),
            "issue": settle(self._xmp("prism:number"), lambda line: line.issue),
            "pages": settle(tidy_pages(pages), lambda line: line.pages),
            "publisher": _first([(clean(self._xmp("dc:publisher"), 200), "xmp")]),
        }

    def _subject(self) -> tuple[CitationLine, str] | None:
        """The citation that publishers store as the subject, whole or just ``Journal, doi:...``."""
        for text, source in (
            (self._xmp("dc:description"), "xmp"),
            (self.document.info.get("Subject", ""), "docinfo"),
        ):
            if citation := parse_citation_line(text):
                return citation, source
            before, mark, _ = clean(text).partition(", doi:" if ", doi:" in text else ", https://doi.org/")
            if mark and len(before.split()) < 12 and not any(c.isdigit() for c in before):
                return CitationLine(tidy_journal(before), None, "", "", ""), source
        return None

    def _xmp(self, name: str) -> str:
        """An XMP value by lower-case qualified name; ``prism_1_:doi`` counts as ``prism:doi``."""
        for stored, value in self.document.xmp.items():
            prefix, _, local = stored.partition(":")
            if f"{re.sub(r'(_[0-9]+)*_?$', '', prefix)}:{local}".lower() == name:
                return value.strip()
        return ""


def _first(candidates: Iterable[tuple[str, str]]) -> tuple[str, str]:
    return next(((value, source) for value, source in candidates if value), ("", ""))


def _year_in_doi(doi: str) -> int | None:
    """``10.1016/j.chempr.2016.09.010`` and ``10.26434/chemrxiv-2016-ab12c`` were given in 2016."""
    match = re.search(r"(?<=[-./])(?:19|20)\d\d(?=[-./])", doi.partition("/")[2])
    return find_year(match[0]) if match else None
