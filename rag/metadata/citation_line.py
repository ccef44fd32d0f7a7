"""One-line citations that a paper prints of itself: running heads, "Cite this:" boxes, document subjects.

Each pattern is a habit of one family of publishers, shown by an example; none knows a journal by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product

from rag.metadata.text import clean, find_year, words

_LINE_LIMIT = 600
_NUMBER = r"[A-Za-z]{0,6}\d[\w.]*"
_PAGES = rf"{_NUMBER}(?:\s?[-–—−]{{1,2}}\s?{_NUMBER})?"
_YEAR = r"(?P<year>(?:18|19|20)\d\d)"
_JOURNAL = r"(?P<journal>(?:\d[A-Z]\s)?[^\W\d_][^|()\d;]{1,90}?)"
_VOLUME = r"(?P<volume>[A-F]?\d{1,4})"
_ISSUE = r"(?:\s?\((?P<issue>\d{1,3}(?:[-–]\d{1,3})?)\)|,\s(?:no\.?|issue)\s(?P<issue2>\d{1,3}))?"
_MONTH = r"(?:\d{1,2}\s)?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?(?:\s\d{1,2})?"
_END = r"(?:\s?[,.;|].*|(?:\s\d{1,7})?(?:\s\(?\d+\sof\s\d+\)?)?|\s\(\d+\s?pp\).*)$"

_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Nature Communications | (2018) 9:5265    Nano-Micro Lett. (2021) 13:152
        # Faraday Discussions (2018), 211, 553-568
        rf"^{_JOURNAL}\s?[|,]?\s?\({_YEAR}\)\s?[,.]?\s?{_VOLUME}{_ISSUE}\s?[:,]\s?(?P<pages>{_PAGES}){_END}",
        # J. Mater. Chem. A, 2020, 8, 21780-21788    Living J. Comp. Mol. Sci. 2019, 1(1), 5957
        rf"^{_JOURNAL},?\s{_YEAR}(?:[,;.]\s?|\s){_VOLUME}{_ISSUE}\s?[,:]\s?(?P<pages>{_PAGES}){_END}",
        # Acta Materialia 61 (2013) 1-10    IOP SciNotes, 1(2020) 024805
        rf"^{_JOURNAL},?\s{_VOLUME}\s?\({_YEAR}\)\s?,?\s?(?P<pages>{_PAGES}){_END}",
        # Phys. Rev. B 97, 123456 (2018)    Journal of Things, vol. 3, no. 4, 12-18 (2019)
        rf"^{_JOURNAL},?\s(?:vol\.?\s)?{_VOLUME}{_ISSUE},\s?(?:pp?\.\s)?(?P<pages>{_PAGES})\s?\({_YEAR}\){_END}",
        # Daniel W Davies et al 2020 IOP SciNotes 1 024805
        rf"^(?:[^|\d]{{0,90}}\s)?{_YEAR}\s{_JOURNAL}\s{_VOLUME}\s(?P<pages>{_PAGES}){_END}",
        # Nature Computational Science | Volume 3 | May 2023 | 433-442
        rf"^{_JOURNAL}\s?\|\s?vol(?:ume)?\.?\s{_VOLUME}(?:\s?\|?\s?(?:issue|no\.?)\s?(?P<issue>\d{{1,3}}))?"
        rf"\s?\|\s?{_MONTH}\s{_YEAR}(?:\s?\|\s?(?P<pages>{_PAGES}))?{_END}",
        # Chem 1, 617-627, October 13, 2016
        rf"^{_JOURNAL}\s{_VOLUME}{_ISSUE},\s(?P<pages>{_PAGES}),\s{_MONTH},?\s{_YEAR}\b",
        # PNAS | March 5, 2019 | vol. 116 | no. 10 | 4006-4011
        rf"^{_JOURNAL}\s?\|\s?{_MONTH},?\s{_YEAR}\s?\|\s?vol\.?\s{_VOLUME}(?:\s?\|\s?no\.?\s(?P<issue>\d{{1,3}}))?"
        rf"\s?\|\s?(?P<pages>{_PAGES}){_END}",
        # Smith A and Lee B (2020) The Title. Front. Mater. 7:123.
        rf"^.{{3,300}}?\({_YEAR}\)\.?\s.{{5,300}}?[.?!]\s(?P<journal>[A-Z]\w*\.?(?:\s[A-Z]\w*\.?){{0,5}})\s"
        rf"{_VOLUME}{_ISSUE}:(?P<pages>{_PAGES}){_END}",
        # Davies et al., (2019). SMACT: ... Theory. Journal of Open Source Software, 4(38), 1361.
        rf"^.{{3,200}}?\({_YEAR}\)\.\s.{{5,300}}[.?!]\s(?P<journal>[A-Z][^|().\d]{{3,90}}),\s{_VOLUME}{_ISSUE},\s"
        rf"(?P<pages>{_PAGES}){_END}",
    )
)
_CALL = re.compile(r"^(?:to\s)?cite\s(?:this(?:\sarticle)?|as)\s?:?(?:\s|$)|^citation\s?:(?:\s|$)", re.IGNORECASE)
_NOISE = re.compile(
    r"\s?\|?\s?\b(?:doi\s?[:.]?\s?)?(?:https?://\S+|www\.\S+|10\.\d{4,9}/\S+)|"
    r"this journal is ©.*?\b\d{4}\b|[©ª].*$|\bdoi\s?:",
    re.IGNORECASE,
)
_LEADING_PAGE = re.compile(r"^\d{1,6}\s?\|?\s(?=[^\W\d_])")
_NOT_A_JOURNAL = re.compile(
    r"\b(?:et\sal|received|accepted|published|figs?|table|see|volume|copyright|downloaded|dated|version|page|"
    r"this|january|february|march|april|may|june|july|august|september|october|november|december)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CitationLine:
    """What one printed line says; unknown text is ""."""

    journal: str
    year: int | None
    volume: str
    issue: str
    pages: str


def parse_citation_line(line: str) -> CitationLine | None:
    """Read one line, or return None where it is no citation from its first word on."""
    line = clean(line, _LINE_LIMIT)
    line = _NOISE.sub(" ", line)
    line = _CALL.sub("", " ".join(line.split()))
    line = line.strip(" ,|")
    # Digits in front may be the page's number, or the year.
    for text, pattern in product(dict.fromkeys((line, _LEADING_PAGE.sub("", line))), _PATTERNS):
        if match := pattern.match(text):
            found = match.groupdict()
            journal = tidy_journal(found["journal"])
            if _may_be_journal(journal):
                return CitationLine(
                    journal=journal,
                    year=find_year(found["year"]),
                    volume=found["volume"] or "",
                    issue=found.get("issue") or found.get("issue2") or "",
                    pages=tidy_pages(found["pages"] or ""),
                )
    return None


def _may_be_journal(name: str) -> bool:
    if not name or len(name.split()) > 12 or _NOT_A_JOURNAL.search(name):
        return False
    return not name[0].islower() or bool(re.match(r"npj\b|[a-z][A-Z]", name))


def calls_for_citation(line: str) -> bool:
    """Whether the line says "Cite this", so that the citation may go on in the next line."""
    return bool(_CALL.match(clean(line, _LINE_LIMIT)))


def tidy_journal(name: str) -> str:
    """A journal's name without stray punctuation or a typesetter's capitals (``NATURE MATERIALS``)."""
    name = clean(name, 200).strip(" ,|:•")
    letters = [c for c in name if c.isalpha()]
    if " " in name and sum(c.isupper() for c in letters) > 0.6 * len(letters) and "." not in name:
        small = {"of", "and", "the", "in", "for", "on"}
        capitalised = (w if i and w in small else w.capitalize() for i, w in enumerate(name.lower().split()))
        name = " ".join(capitalised)
    return name if len(letters) > 1 else ""


def abbreviates(short: str, full: str) -> bool:
    """Whether ``short`` is an abbreviation of the title ``full``, word by word (``J. Mater. Chem. A``)."""
    small = {"of", "and", "the", "in", "for", "on"}
    a = [word for word in words(short) if word not in small]
    b = [word for word in words(full) if word not in small]
    return bool(a) and len(a) == len(b) and all(x[0] == y[0] and y.startswith(x) for x, y in zip(a, b, strict=True))


def is_journal_code(name: str) -> bool:
    """Whether a publisher's internal code stands in for the name (``CHEMPR``, ``YACHE``)."""
    return len(name) > 3 and name.isalpha() and name.isupper()


def tidy_pages(pages: str) -> str:
    """A range with one en dash and no spaces (``553–568``), or an article number."""
    first, dash, last = re.sub(r"\s", "", re.sub(r"[-–—−]+", "–", clean(pages, 60))).strip(".,;:–").partition("–")
    return first if not dash or first == last else f"{first}–{last}"
