"""BibTeX files beside a paper: find the file, parse it, pick the entry that means the paper."""

from __future__ import annotations

import codecs
import logging
import re
from functools import lru_cache
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from rag.metadata.citation_line import tidy_pages
from rag.metadata.names import MAX_AUTHORS
from rag.metadata.record import Author, Paper
from rag.metadata.text import NAME_LIMIT, clean, find_year, normalise_doi, similarity, words

if TYPE_CHECKING:
    from pybtex.database import Entry, Person

_log = logging.getLogger(__name__)

MAX_BIB_BYTES = 8_000_000
MAX_BIB_FILES = 20
"""Files of one folder that are looked into."""

SHORT_BIB = 50
"""Entries up to which a file is parsed whole."""

SAME_TITLE = 0.9
"""Similarity from which two titles mean one paper."""

_BIBTEX_TO_CSL = {
    "book": "book",
    "conference": "paper-conference",
    "dataset": "dataset",
    "inbook": "chapter",
    "incollection": "chapter",
    "inproceedings": "paper-conference",
    "mastersthesis": "thesis",
    "misc": "article",
    "online": "article",
    "phdthesis": "thesis",
    "software": "software",
    "techreport": "report",
    "thesis": "thesis",
    "unpublished": "article",
}

# Escapes that stand for a character of markup are set aside before the markup goes, and put back after.
_LITERAL = {
    r"\textbackslash": "\ue000", r"\textbraceleft": "\ue001", r"\textbraceright": "\ue002",
    r"\textasciicircum": "\ue003", r"\textasciitilde": "\ue004",
    r"\$": "\ue005", r"\{": "\ue001", r"\}": "\ue002",
}  # fmt: skip
_LITERAL_BACK = str.maketrans(
    {"\ue000": "\\", "\ue001": "{", "\ue002": "}", "\ue003": "^", "\ue004": "~", "\ue005": "$"}
)


def _entries_of(bib: Path, file: str, known: Paper) -> dict[str, tuple[Paper, str]]:
    """The entries of a file that may mean the paper, parsed; of a short file, all of them.

    A file that is too large or cannot be read gives none, and a warning.
    """
    try:
        status = bib.stat()
        if status.st_size > MAX_BIB_BYTES:
            size = f"{status.st_size} bytes, more than the {MAX_BIB_BYTES} that are read"
            _log.warning("%s: %s; ignored", bib.name, size)
            return {}
        chunks = _chunks(bib, status.st_mtime_ns, status.st_size)
    except OSError as error:
        _log.warning("%s: cannot be read (%s); ignored", bib.name, error.strerror)
        return {}
    if len(chunks) > SHORT_BIB:
        chunks = tuple(chunk for chunk in chunks if _may_mean(chunk, file, known))[: 2 * SHORT_BIB]
    return parse_bib("".join(chunks), bib.name)


@lru_cache(maxsize=4)
def _chunks(bib: Path, _mtime: int, _size: int) -> tuple[str, ...]:
    """The source cut before each ``@`` that begins a line; a version is read once, whoever asks."""
    return tuple(re.split(r"(?m)^(?=[ \t]*@)", bib.read_text(encoding="utf-8-sig", errors="replace")))


def _may_mean(chunk: str, file: str, known: Paper) -> bool:
    """A quick look that spares the parser, which is slow, most of a large library."""
    text = chunk.casefold()
    if text.lstrip().startswith("@string") or file.casefold() in text or (known.doi and known.doi in text):
        return True
    longest = sorted((word for word in words(known.title) if word.isascii()), key=len)[-4:]
    return sum(word in text for word in longest) >= max(1, len(longest) - 1)


def parse_bib(text: str, name: str = "bibliography") -> dict[str, tuple[Paper, str]]:
    """Parse BibTeX source; broken entries are logged as warnings and left out.

    Args:
        text: The source.
        name: What to call it in warnings.

    Returns:
        Entry key -> (record, the entry's ``file`` field).
    """
    import pybtex.errors
    from pybtex.database.input.bibtex import Parser
    from pybtex.exceptions import PybtexError

    parser = Parser()
    with pybtex.errors.capture() as errors:
        try:
            parser.parse_string(text)
        except PybtexError as fatal:
            errors.append(fatal)
    for fault in errors[:5]:
        _log.warning("%s: %s; what is broken is left out", name, clean(str(fault)))
    entries: dict[str, tuple[Paper, str]] = {}
    for key, entry in parser.data.entries.items():
        if (paper := _paper(entry)).title:
            entries[str(key)] = (paper, entry.fields.get("file", ""))
    return entries


def find_bib(path: Path, paper: Paper | None = None) -> Path | None:
    """The BibTeX file that speaks of a paper.

    That is the one with the same stem beside it; else the first, by name, of its folder with an entry whose
    ``file`` field names it, or whose DOI or title is the paper's.

    Args:
        path: The paper's file.
        paper: What is known of it already; without it only ``file`` fields and the file's name can match.
    """
    twin = path.with_suffix(".bib")
    if twin.is_file():
        return twin
    try:
        candidates = sorted(p for p in path.parent.iterdir() if p.suffix.lower() == ".bib" and p.is_file())
    except OSError:
        return None
    known = paper or Paper(title=path.stem.replace("_", " "))
    return next((bib for bib in candidates[:MAX_BIB_FILES] if match_entry(bib, path.name, known)), None)


def match_entry(bib: Path, file: str, known: Paper) -> Paper | None:
    """The entry of ``bib`` that means the paper ``known``, stored as ``file``; None where none does.

    A file with one entry and the paper's own stem needs no further proof.
    """
    entries = _entries_of(bib, file, known)
    papers = [paper for paper, _ in entries.values()]
    for paper, field in entries.values():
        if file in _file_names(field):
            return paper
    for paper in papers:
        if known.doi and paper.doi == known.doi:
            return paper
    best = max(papers, key=lambda paper: similarity(paper.title, known.title, SAME_TITLE), default=None)
    if best and similarity(best.title, known.title, SAME_TITLE) >= SAME_TITLE:
        return best
    return papers[0] if len(papers) == 1 and bib.stem == Path(file).stem else None


def _file_names(field: str) -> set[str]:
    """Names in a ``file`` field as JabRef, Mendeley and Zotero write it: ``Full Text:a/b.pdf:PDF;...``."""
    parts = re.split(r"[;:]", field.replace(r"\:", ":").replace(r"\_", "_").replace("{", "").replace("}", ""))
    names = {PurePosixPath(part.strip()).name for part in parts}
    return {name for name in names | {PureWindowsPath(part.strip()).name for part in parts} if name}


def _paper(entry: Entry) -> Paper:
    fields = {name.lower(): value for name, value in entry.fields.items()}

    def first(*names: str) -> str:
        return next((clean(decode_latex(fields[name])) for name in names if fields.get(name)), "")

    journal = first("journal", "journaltitle", "booktitle", "howpublished")
    type_ = _BIBTEX_TO_CSL.get(entry.type.lower(), "article-journal")
    eprint = first("eprint")
    if eprint and not journal and "arxiv" in first("archiveprefix", "eprinttype").casefold():
        journal, type_ = "arXiv", "article"
    authors = tuple(_author(person) for person in entry.persons.get("author", [])[:MAX_AUTHORS])
    url = first("url")
    record = {
        "title": first("title"),
        "authors": tuple(author for author in authors if author.family),
        "year": find_year(first("year", "date")),
        "journal": journal,
        "volume": first("volume"),
        "issue": first("number", "issue"),
        "pages": tidy_pages(first("pages", "eid", "articleno", "article-number")),
        "doi": normalise_doi(first("doi")),
        "url": url if re.fullmatch(r"https?://[^\s<>\"\\]+", url) else "",
        "publisher": first("publisher", "institution", "school"),
    }
    sources = {name: "bib" for name, value in record.items() if value}
    return Paper(**record, type=type_, sources=sources)  # type: ignore[arg-type]


def _author(person: Person) -> Author:
    def text(parts: list[str]) -> str:
        return clean(decode_latex(" ".join(parts)), NAME_LIMIT)

    return Author(
        family=text([*person.prelast_names, *person.last_names]),
        given=text([*person.first_names, *person.middle_names]),
        suffix=text(person.lineage_names),
    )


def decode_latex(source: str) -> str:
    """Plain text of a BibTeX value: accents and special characters decoded, commands and braces dropped."""
    import latexcodec  # noqa: F401  (registers the codec)

    text = re.sub(r"\\\\", " ", source)
    for command, stand_in in _LITERAL.items():
        ending = r"(?:\{\}|\s+(?=\S)|(?![A-Za-z]))" if command[-1].isalpha() else ""
        text = re.sub(re.escape(command) + ending, stand_in, text)
    text = codecs.getdecoder("ulatex")(text)[0]  # type: ignore[arg-type]
    text = re.sub(r"\$([^$]{0,500})\$", lambda m: re.sub(r"[_^]", "", m[1]), text)
    text = re.sub(r"\\[A-Za-z]+\*?\s*|[{}$\\]", "", text)
    return text.translate(_LITERAL_BACK)
