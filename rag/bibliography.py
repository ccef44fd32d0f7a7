"""Citation keys, references in MLA style, and the export of records as BibTeX and CSL-JSON.

BibTeX is written by pybtex. MLA is written here: the CSL processor for Python abbreviates given names,
changes the case of titles and puts full stops outside the quotation marks, none of which the MLA Handbook
(9th edition) allows.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import count, product
from string import ascii_lowercase
from typing import Any

from rag.metadata.record import Author, Paper

_KEY_LIMIT = 40
_ARTICLES = frozenset({"a", "an", "the", "on", "le", "la", "der", "die", "das"})
_BIBTEX_TYPES = {
    "article-journal": "article",
    "article": "misc",
    "paper-conference": "inproceedings",
    "chapter": "incollection",
    "book": "book",
    "thesis": "phdthesis",
    "report": "techreport",
}


def paper_key(paper: Paper, taken: Collection[str]) -> str:
    """A short name for a paper: ``Kim2020``, and on a clash ``Kim2020a``, ``Kim2020b``, ... ``Kim2020aa``.

    First author's family name in ASCII letters, then the year, or ``nd``. A paper without authors goes by the
    first word of its title. The same record and the same ``taken`` always give the same key, and a key once
    given never needs to change: later papers step aside.

    Args:
        paper: The record.
        taken: Keys of other papers.
    """
    name = _ascii_letters(_without_article(paper.authors[0].family)) if paper.authors else ""
    base = (name or _first_word(paper.title) or "Paper") + (str(paper.year) if paper.year else "nd")
    return next(key for key in (base + suffix for suffix in _suffixes()) if key not in taken)


def _without_article(name: str) -> str:
    """``The clip-mat authors`` -> ``clip-mat authors``: a body is not filed under its article."""
    first, _, rest = name.partition(" ")
    return rest if rest and first.casefold() == "the" else name


def _suffixes() -> Iterator[str]:
    yield ""
    for length in count(1):
        for letters in product(ascii_lowercase, repeat=length):
            yield "".join(letters)


def _first_word(title: str) -> str:
    candidates = (_ascii_letters(word) for word in title.split() if word.casefold() not in _ARTICLES)
    return next((word for word in candidates if len(word) > 1), "")


def _ascii_letters(name: str) -> str:
    """``van der Waals`` -> ``VanDerWaals``, ``Kröger`` -> ``Kroger``, ``王`` -> ``Wang``."""
    from anyascii import anyascii

    parts = re.findall(r"[A-Za-z]+", anyascii(name).replace("'", ""))
    return "".join(part[0].upper() + part[1:] for part in parts)[:_KEY_LIMIT]


def mla(paper: Paper) -> str:
    """The reference in MLA style (9th edition), one line of plain text.

    ``Kim, Sunghyun, et al. “CarrierCapture.jl: Anharmonic Carrier Capture.” Journal of Open Source Software,
    vol. 5, no. 47, 2020, p. 2102, https://doi.org/10.21105/joss.02102.``
    """
    container = [
        paper.journal or paper.publisher,
        f"vol. {paper.volume}" if paper.volume else "",
        f"no. {paper.issue}" if paper.issue else "",
        str(paper.year) if paper.year else "",
        _mla_pages(paper.pages),
        doi_url(paper) or paper.url,
    ]
    title = paper.title.rstrip(".")
    quoted = f"“{title.replace('“', '‘').replace('”', '’')}{'' if title.endswith(('?', '!', '…')) else '.'}”"
    sentences = (_mla_authors(paper.authors), quoted, ", ".join(part for part in container if part))
    return " ".join(s if s.endswith((".", "”")) else f"{s}." for s in sentences if s)


def doi_url(paper: Paper) -> str:
    """The DOI as a link, or ""."""
    return f"https://doi.org/{paper.doi}" if paper.doi else ""


def _mla_authors(authors: tuple[Author, ...]) -> str:
    if not authors:
        return ""
    first = ", ".join(part for part in (authors[0].family, authors[0].given, authors[0].suffix) if part)
    if len(authors) == 1:
        return first
    return f"{first}, and {authors[1].name}" if len(authors) == 2 else f"{first}, et al"


def _mla_pages(pages: str) -> str:
    """``pp. 553–68``: a last page above 99 keeps two digits, or as many as differ from the first page's."""
    first, dash, last = pages.partition("–")
    if not dash:
        return f"p. {first}" if first else ""
    if first.isdigit() and last.isdigit() and len(first) == len(last) > 2:
        shared = next(i for i in range(len(first)) if i == len(first) - 2 or first[i] != last[i])
        last = last[shared:]
    return f"pp. {first}–{last}"


def bibtex(papers: Mapping[str, Paper]) -> str:
    """The records as a BibTeX file in UTF-8.

    Args:
        papers: Citation key -> record.
    """
    from pybtex.database import BibliographyData

    entries = {key: _bibtex_entry(paper) for key, paper in papers.items()}
    return str(BibliographyData(entries).to_string("bibtex"))


def _bibtex_entry(paper: Paper) -> Any:
    from pybtex.database import Entry, Person

    kind = _BIBTEX_TYPES.get(paper.type, "misc")
    container = {"inproceedings": "booktitle", "incollection": "booktitle", "misc": "howpublished"}
    fields = {
        # Inner braces keep a style from lowering the capitals of formulas and names.
        "title": f"{{{_bibtex_text(paper.title)}}}",
        container.get(kind, "journal"): _bibtex_text(paper.journal),
        "year": str(paper.year or ""),
        "volume": _bibtex_text(paper.volume),
        "number": _bibtex_text(paper.issue),
        "pages": _bibtex_text(paper.pages.replace("–", "--")),
        "publisher": _bibtex_text(paper.publisher),
        "doi": _bibtex_text(paper.doi),
        "url": _bibtex_text(paper.url),
    }
    persons = [
        Person(
            # A body's name in braces is not taken apart.
            last=_bibtex_text(author.family) if author.given else f"{{{_bibtex_text(author.family)}}}",
            first=_bibtex_text(author.given),
            lineage=_bibtex_text(author.suffix),
        )
        for author in paper.authors
    ]
    stated = [(name, value) for name, value in fields.items() if value]
    return Entry(kind, fields=stated, persons={"author": persons} if persons else {})


_BIBTEX_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "^": r"\textasciicircum{}",
    "$": r"\$",
}


def _bibtex_text(text: str) -> str:
    """Escape what pybtex leaves alone as markup; ``% & # _ ~`` it escapes itself."""
    return "".join(_BIBTEX_SPECIAL.get(character, character) for character in text)


def csl_json(papers: Mapping[str, Paper]) -> list[dict[str, Any]]:
    """The records as CSL-JSON items, as reference managers import them.

    Args:
        papers: Citation key -> record; the key becomes the item's ``id``.
    """
    return [_csl_item(key, paper) for key, paper in papers.items()]


def _csl_item(key: str, paper: Paper) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": key,
        "type": paper.type,
        "title": paper.title,
        "author": [_csl_name(author) for author in paper.authors],
        "issued": {"date-parts": [[paper.year]]} if paper.year else None,
        "container-title": paper.journal,
        "volume": paper.volume,
        "issue": paper.issue,
        "page": paper.pages.replace("–", "-"),
        "publisher": paper.publisher,
        "DOI": paper.doi,
        "URL": paper.url,
    }
    return {name: value for name, value in item.items() if value}


def _csl_name(author: Author) -> dict[str, str]:
    if not author.given:
        return {"literal": author.family}
    name = {"family": author.family, "given": author.given, "suffix": author.suffix}
    return {part: value for part, value in name.items() if value}
