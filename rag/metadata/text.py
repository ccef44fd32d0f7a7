"""Text from a PDF is not to be trusted: here it is cleaned, bounded and tested before it enters a record."""

from __future__ import annotations

import html
import re
import unicodedata
from datetime import date
from difflib import SequenceMatcher

TITLE_LIMIT = 500
NAME_LIMIT = 100
RAW_LIMIT = 20_000
"""Characters looked at, before any pattern runs: keeps every pattern's time bounded."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_SCRIPTS = re.compile(r"<(script|style)\b[^>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAGS = re.compile(r"</?[A-Za-z][^<>]{0,300}>|<!--[^<>]{0,300}-->")
_TAG_START = re.compile(r"<(?=[A-Za-z/!])")
_MARKDOWN_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\((?:[^()\s]|\([^()\s]{0,500}\)){0,500}\)")
_MARKDOWN_MARKS = re.compile(r"\*\*|__|`+|^\s{0,3}#{1,6}\s+")
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_SPACING_ACCENTS = {
    "¨": "\u0308",
    "´": "\u0301",
    "`": "\u0300",
    "ˆ": "\u0302",
    "˜": "\u0303",
    "ˇ": "\u030c",
    "¸": "\u0327",
}
_SPLIT_ACCENT = re.compile(r"([¨´ˆ˜ˇ¸])\s?([A-Za-zı])")

# The form that covers nearly every DOI ever registered; angle brackets, quotes and spaces never pass.
_DOI = re.compile(r"(?<![\w.])10\.\d{4,9}/[-._;()/:A-Za-z0-9]{1,200}")
_DOI_PREFIX = re.compile(r"^\s*(?:doi\s*[:=]?\s*|https?://(?:dx\.)?doi\.org/)+", re.IGNORECASE)
_FORGED_DOI = re.compile(r"script:|data:|\.\./|x{4}|n{7}|\.\.$|123456/|/\d?$", re.IGNORECASE)
_YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)")

_JUNK_TITLE = re.compile(
    r"^(?:untitled|unknown|title|document\d*|slide \d+|no title|manuscript|paper|main|article|template|"
    r"microsoft \w+.*|.*\.(?:docx?|tex|dvi|ps|eps|pdf|rtf|odt|indd|qxd|pages|md|txt)|"
    r"(?:doi:?\s*)?10\.\d{4,9}/\S+|https?://\S+|latex with.*|[\w-]+ \d+\.\.\d+|"
    r"pii:?\s.*|\S*[_\d]\S*|[\W\d_]*)$",
    re.IGNORECASE,
)


def clean(text: str, limit: int = TITLE_LIMIT) -> str:
    """One line of plain text: no markup, no terminal escapes, no control or invisible characters.

    Args:
        text: Anything.
        limit: Longest answer, in characters; longer text ends at a word, with an ellipsis.
    """
    text = text[:RAW_LIMIT]
    # More than once: an entity may hide a tag or an escape, and what is left around a removed tag may be one.
    for _ in range(3):
        text = _ESCAPES.sub("", html.unescape(text))
        if not text.isprintable():
            text = "".join(_printable(character) for character in text)
        text = _TAGS.sub("", _SCRIPTS.sub("", text))
    text = _TAG_START.sub("< ", text)
    text = _MARKDOWN_MARKS.sub("", _MARKDOWN_LINK.sub(r"\1", text))
    text = text.translate(_LIGATURES)
    text = _SPLIT_ACCENT.sub(lambda m: m[2].replace("ı", "i") + _SPACING_ACCENTS[m[1]], text)
    text = unicodedata.normalize("NFC", text)
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    return cut[: cut.rfind(" ")].rstrip() + "…" if " " in cut[limit // 2 :] else cut + "…"


def _printable(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cf", "Co", "Cs", "Cn"}:
        return ""
    return " " if category == "Cc" else character


def normalise_doi(text: str) -> str:
    """The bare DOI in lower case, or "" where ``text`` is not one DOI and nothing else."""
    bare = _DOI_PREFIX.sub("", text.strip())
    match = _DOI.fullmatch(bare)
    return _checked_doi(match[0]) if match else ""


def find_dois(text: str) -> list[str]:
    """Every well-formed DOI in a piece of running text, in order, once each."""
    found = (_checked_doi(match[0]) for match in _DOI.finditer(text[:RAW_LIMIT]))
    return list(dict.fromkeys(doi for doi in found if doi))


def _checked_doi(doi: str) -> str:
    doi = doi.rstrip(".,;:/-_(")
    while doi.endswith(")") and doi.count(")") > doi.count("("):
        doi = doi[:-1].rstrip(".,;:")
    return "" if "/" not in doi or _FORGED_DOI.search(doi) else doi.lower()


def is_junk_title(title: str) -> bool:
    """Whether a title was left by a program: a file name, a DOI, "untitled", a typesetter's job name."""
    return not title or bool(_JUNK_TITLE.match(title)) or sum(c.isalpha() for c in title) < 4


def find_year(text: str) -> int | None:
    """The first plausible year of publication in ``text``: 1800 up to next year."""
    for match in _YEAR.finditer(text):
        if 1800 <= (year := int(match[1])) <= date.today().year + 1:
            return year
    return None


def words(text: str) -> list[str]:
    """Words without case, accents, sub- and superscripts, for comparison."""
    text = text.casefold()
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(character for character in decomposed if not unicodedata.combining(character))
    return re.findall(r"[^\W_]+", text)


def similarity(first: str, second: str, floor: float = 0.0) -> float:
    """How alike two titles are, 0 to 1, whatever their case, accents, punctuation and spacing.

    Args:
        first, second: The titles.
        floor: Likeness that matters; below it the answer may be 0, and comes much sooner.
    """
    a, b = "".join(words(first[:TITLE_LIMIT])), "".join(words(second[:TITLE_LIMIT]))
    if not a or not b or 2 * min(len(a), len(b)) < floor * (len(a) + len(b)):
        return 0.0
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() >= floor else 0.0
