"""Authors' names: from a metadata field, or from the line under a title with its affiliation marks."""

from __future__ import annotations

import re
import unicodedata

from rag.metadata.record import Author
from rag.metadata.text import NAME_LIMIT, clean

MAX_AUTHORS = 500

_PARTICLES = frozenset(
    {
        "af",
        "al",
        "av",
        "ben",
        "bin",
        "da",
        "dal",
        "das",
        "de",
        "del",
        "della",
        "den",
        "der",
        "di",
        "do",
        "dos",
        "du",
    }
    | {
        "el",
        "ibn",
        "la",
        "las",
        "le",
        "los",
        "ten",
        "ter",
        "tot",
        "van",
        "vom",
        "von",
        "y",
        "zu",
        "zum",
        "zur",
    }
)
_BODY = re.compile(
    r"^the\s|\b(?:authors?|collaboration|committee|consortium|foundation|group|institute|laboratory|organi[sz]ation|"
    r"project|society|team|university)$",
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"^(?:Jr|Sr|II|III|IV)\.?$", re.IGNORECASE)
_INITIALS = re.compile(r"^(?:[^\W\d_]\.?[-\s]?){1,4}$")
_NOT_A_NAME = re.compile(
    r"\b(?:universit\w*|department|institut\w*|laborator\w*|school|college|facult\w*|cent(?:er|re)|academy|"
    r"company|inc|ltd|gmbh|abstract|introduction|keywords?|received|accepted|published|submitted|copyright|"
    r"correspond\w*|author\w*|e-?mail|article|review|letters?|journal|open access|editor\w*|cite|view|online|"
    r"updates?|figure|table|supplement\w*|www|http\w*|doi|research|communications?|contents?|highlights|the|of|in|"
    r"for|with|on|from|by|as|is|are|this|we|an?(?!\.)|usa|china|germany|france|japan|india|"
    r"equally|contributed|license|issue|volume|physics|chemistry|materials?|science|engineering)\b",
    re.IGNORECASE,
)
_MARKS = re.compile(r"[*∗†‡§¶#‖∥⊥✉➀-➉⁎★☆◆◇♦♢♠♣]+")
_MARKED_LETTERS = re.compile(r"[*∗†‡§¶#‖∥⊥✉]+\s*,?\s*[a-z]{1,4}\b(?!\.)")
_NUMBERS = re.compile(r"\s*\d+(?:\s*[,–-]\s*\d+)*\s*")
_LETTER_MARKS = re.compile(
    r"(?<=,)\s*([a-z](?:,?[a-z]){0,3})(?=\s+[^\W\d_]|\s*,|\s*$)|"
    r"(?<=\s)([a-xz]|[a-z]{2,4}(?=\s*(?:,|&|and\b|$)))(?=\s|,|$)"
)
_EMAIL = re.compile(r"\S+@\S+|\(\s*\)|\borcid\b(?:\s*id)?\S*|https?://\S+", re.IGNORECASE)
_SEPARATORS = re.compile(r"\s*(?:[,;|•·]|&|\band\b|\bund\b)\s*")
_GLUED = re.compile(r"^([A-Z][a-z]{2,})([A-Z][a-z]{2,})$")
_CJK = re.compile(r"^[\u3400-\u9fff\uac00-\ud7af]{2,4}$")


def parse_name(text: str) -> Author | None:
    """One name, in either order (``Puck van Gerwen``, ``van Gerwen, Puck``); None where no name is left."""
    text = clean(text, NAME_LIMIT).strip(" ,;.-") + ("." if text.rstrip().endswith(".") else "")
    if _BODY.search(text):
        return Author(text)
    parts = [part.strip() for part in text.split(",") if part.strip(" .")]
    if not parts:
        return None
    suffix = next((part for part in parts[1:] if _SUFFIX.match(part)), "")
    parts = [part for part in parts if part != suffix]
    if len(parts) > 1:
        return Author(_calm(parts[0]), _calm(" ".join(parts[1:])), suffix)
    tokens = parts[0].split()
    if len(tokens) > 1 and _SUFFIX.match(tokens[-1]):
        suffix = tokens.pop()
    if len(tokens) == 1:
        if _CJK.match(tokens[0]):
            return Author(tokens[0][0], tokens[0][1:], suffix)
        return Author(_calm(tokens[0]), "", suffix)
    cut = len(tokens) - 1
    while cut > 1 and tokens[cut - 1].casefold() in _PARTICLES and not tokens[cut - 1].isupper():
        cut -= 1
    return Author(_calm(" ".join(tokens[cut:])), _calm(" ".join(tokens[:cut])), suffix)


def _calm(name: str) -> str:
    """Names set in capitals come back in lower case: ``MÜLLER-LÜDENSCHEIDT`` -> ``Müller-Lüdenscheidt``."""
    letters = [c for c in name if c.isalpha()]
    long = any(len(part) > 2 for part in re.split(r"[\W_]+", name))
    return name.title() if long and len(letters) > 3 and all(c.isupper() for c in letters) else name


def parse_field(text: str) -> tuple[Author, ...]:
    """Authors of a metadata field: ``A. Smith; B. Jones``, ``Smith, John``, ``A. Smith and C. Lee``."""
    text = clean(text, 100 * NAME_LIMIT)
    if not text:
        return ()
    pieces = text.split(";") if ";" in text else _pieces_at_commas(text)
    authors = (parse_name(piece) for piece in pieces[:MAX_AUTHORS])
    return tuple(author for author in authors if author)


def _pieces_at_commas(text: str) -> list[str]:
    groups = [group for group in re.split(r"\s+(?:and|&)\s+|,\s*(?:and|&)\s+", text) if group.strip()]
    pieces: list[str] = []
    for group in groups:
        parts = [part.strip() for part in group.split(",") if part.strip()]
        families, given = parts[0::2], parts[1::2]
        surname_first = len(families) == len(given) and all(_is_surname(part) for part in families)
        if surname_first and (len(parts) == 2 or all(_INITIALS.match(part) for part in given)):
            pieces += [f"{family}, {rest}" for family, rest in zip(families, given, strict=True)]
            continue
        for part in parts:
            if pieces and _SUFFIX.match(part):
                pieces[-1] += f", {part}"
            else:
                pieces.append(part)
    return pieces


def _is_surname(part: str) -> bool:
    return all(token.casefold() in _PARTICLES for token in part.split()[:-1])


def parse_byline(text: str) -> tuple[Author, ...]:
    """Authors of a byline, without its affiliation marks, addresses and footnote signs.

    A raised number ends a name as surely as a comma does, so marks become separators: ``Ann Lee 1 & B. Ray1``
    and ``Ann Lee, *a B. Ray,a`` fall apart in the right places.
    """
    text = _EMAIL.sub(" ", clean(_unraise(text), 20 * NAME_LIMIT * 10))
    text = _NUMBERS.sub(" , ", text)
    text = _MARKS.sub(" , ", _MARKED_LETTERS.sub(" , ", text))
    text = _LETTER_MARKS.sub(_drop_mark, text)
    names: list[str] = []
    for piece in _SEPARATORS.split(text):
        # Narrow spaces get lost in some PDFs: a name of one word with a capital inside is two words.
        piece = _GLUED.sub(r"\1 \2", piece)
        if names and _SUFFIX.match(piece):
            names[-1] += f", {piece}"
        elif looks_like_name(piece):
            names.append(piece)
    authors = (parse_name(name) for name in names[:MAX_AUTHORS])
    return tuple(dict.fromkeys(author for author in authors if author))


def _unraise(text: str) -> str:
    """Unicode superscripts are marks here, not letters of a name."""
    return "".join(" , " if unicodedata.decomposition(c).startswith("<super>") else c for c in text)


def _drop_mark(match: re.Match[str]) -> str:
    letters = (match[1] or match[2]).replace(",", "")
    return " , " if "".join(sorted(set(letters))) == letters else match[0]


def looks_like_name(text: str) -> bool:
    """Whether ``text`` could be a person: two to six capitalised words, no digits, no word of an address."""
    tokens = text.replace("\u00a0", " ").split()
    if len(tokens) == 1 and _CJK.match(tokens[0]):
        return True
    if not 2 <= len(tokens) <= 6 or len(text) > 60 or _NOT_A_NAME.search(text):
        return False
    if not any(len(token.strip(".-'’")) > 1 for token in tokens):
        return False
    return all(map(_is_name_token, tokens)) and tokens[-1].casefold() not in _PARTICLES


def _is_name_token(token: str) -> bool:
    core = token.strip(".-'’‘ʼ")
    if not core or not all(c.isalpha() or c in "-.'’‘ʼ" for c in core):
        return False
    return core[0].isupper() or not core[0].islower() or token.casefold() in _PARTICLES or core[:2] in {"d'", "d’"}
