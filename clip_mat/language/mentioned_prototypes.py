"""Names of structure types and everyday compounds in a text.

A name that is made of an element or a compound ("cesium chloride", "NaCl") means the structure type only where a word
such as "type" follows; alone it means the substance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from unicodedata import combining

from clip_mat.facts import CRYSTAL_SYSTEMS
from clip_mat.language.formula_parser import is_last_piece, parse_formula
from clip_mat.language.mention import Found, Mention
from clip_mat.language.names import COMMON_COMPOUNDS, ELEMENT_SYMBOLS, aliases, loose_aliases, prototype_names

_TYPE = r"(?:[- ](?:crystal[- ])?(?:structure[- ])?(?:types?|prototypes?)\b|-(?:like|structured?)\b)"
TYPE_BEHIND = re.compile(_TYPE, re.IGNORECASE)
"""Words that make a compound the name of its structure."""
_LIKENESS_BEFORE = re.compile(
    r"(?:\b(?:isotypic|isostructural|isomorphous)(?:ly)? (?:with|to)|\bsame (?:crystal )?structure as"
    r"|\b(?:with|has|have|having|(?:shar|adopt|tak|possess)\w*) the (?:crystal )?structure of"
    r"|\b(?:structure[- ]types?|prototypes?)(?: is| of)?\s?[:=-]?)"
    r" ?(?:that of |those of )?(?:(?:alpha|beta|α|β)-)?$",
    re.IGNORECASE,
)
_NAMED_BEHIND = re.compile(rf"{_TYPE}|[- ](?:crystal[- ])?structures?\b", re.IGNORECASE)
"""... and a type that has no other name than its compound's: "the ThMn12 structure" is hardly that of ThMn12."""
STRUCTURE_BEHIND = re.compile(rf"{_TYPE}|[- ](?:crystal[- ])?(?:structures?|lattice|phases?|laves|compounds?)\b", re.I)
"""... and those that make a Strukturbericht symbol one."""
_STRUKTURBERICHT = re.compile(r"[A-L]\d{0,2}(?:_\w{1,2}|[a-c])?")
_DIGITS_APART = re.compile(r"(?<=\d)_(?=\w)")
_GROUPS_TOO = frozenset(["C2"])
"""Symbols of Strukturbericht that people rather write for a space group."""
_POLYTYPE = re.compile(r"\d[HRT] ")
_FIRST_WORD = re.compile(r"[^\W_]+")
_CHEMICAL_NAMES = frozenset(["ammonia", "hexaboride", "dodecaboride"])


def names_a_type(text: str, start: int, end: int) -> bool:
    """Whether a compound stands for its structure: ``K2NiF4-type``, ``isotypic with BaNiSn3``."""
    return bool(TYPE_BEHIND.match(text, end) or _is_likened(text, start))


def _is_likened(text: str, start: int) -> bool:
    return _LIKENESS_BEFORE.search(text, max(0, start - 48), start) is not None


@dataclass(frozen=True, slots=True)
class _Alias:
    """One spelling of a name.

    Attributes:
        text: In small letters, hyphens as blanks.
        name: Canonical name.
        behind: What must follow.
        head: Letters at the start that speak of a crystal system, and are left to it.
        tail: Letters at the end that speak of a crystal system, or of an element unless "structure" follows.
        tail_is_element: Which of the two.
        symbol: Whether it is one of Strukturbericht, which can be a piece of a formula, too.
    """

    text: str
    name: str
    behind: re.Pattern[str] | None = None
    head: int = 0
    tail: int = 0
    tail_is_element: bool = False
    symbol: bool = False


def find_prototypes(text: str) -> Found:
    """Structure types by name, alias, compound ("NaCl-type") or Strukturbericht symbol ("B1 structure")."""
    plain = _plain(text)
    lexicon = _lexicon()
    for word in _FIRST_WORD.finditer(plain):
        start = word.start()
        if len(word[0]) < 3 and text[start - 1 : start] in ("-", "/") and text[start - 2 : start - 1].isalpha():
            continue  # the last of a list: "Sr-B-H phases"
        for alias in lexicon.get(word[0]) or lexicon.get(word[0].removesuffix("s")) or ():
            end = start + len(alias.text)
            if not plain.startswith(alias.text, start):
                continue
            if plain[end : end + 1] == "s" and alias.behind is None:  # perovskites
                end += 1
            if plain[end : end + 1].isalnum():
                continue
            if alias.behind and not alias.behind.match(text, end) and not _is_likened(text, start):
                continue
            if alias.symbol and (is_last_piece(text, start) or combining(text[max(0, start - 1)])):
                continue  # of "Ta2 Fe B2" or of the space group P4\u0305b2
            tail = 0 if alias.tail_is_element and STRUCTURE_BEHIND.match(text, end) else alias.tail
            yield Mention(start + alias.head, end - tail, "prototype", name=alias.name)
            break


def find_compound_names(text: str) -> Found:
    """Everyday names of compounds: "alumina" is Al2O3."""
    plain = _plain(text)
    lexicon = _compounds()
    for word in _FIRST_WORD.finditer(plain):
        for name in lexicon.get(word[0], ()):
            start, end = word.start(), word.start() + len(name)
            if plain.startswith(name, start) and not plain[end : end + 1].isalnum():
                composition = parse_formula(COMMON_COMPOUNDS[name])
                if composition and not names_a_type(text, start, end):
                    yield Mention(start, end, "formula", composition)
                break


def _plain(text: str) -> str:
    """Small letters, hyphens as blanks; no character moves."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)
    return lower.replace("-", " ")


@cache
def _lexicon() -> dict[str, list[_Alias]]:
    """Aliases by their first word, the longest first."""
    lexicon: dict[str, list[_Alias]] = {}
    for name in prototype_names():
        for written in (name, *aliases(name), *loose_aliases(name)):
            for alias in _spell(written, name):
                first = _FIRST_WORD.search(alias.text)
                if first is not None and first.start() == 0:
                    lexicon.setdefault(first[0], []).append(alias)
    for found in lexicon.values():
        found.sort(key=lambda alias: -len(alias.text))
    return lexicon


def _spell(written: str, name: str) -> list[_Alias]:
    stem = written.removesuffix("-type")
    if _STRUKTURBERICHT.fullmatch(written):
        behind = None if written == name else STRUCTURE_BEHIND  # the name of a type that has no better one
        if written in _GROUPS_TOO:
            behind = TYPE_BEHIND
        spellings = {written, _DIGITS_APART.sub("", written)}
        return [
            _Alias(_plain(spelling), name, None if _DIGITS_APART.search(spelling) else behind, symbol=True)
            for spelling in spellings
        ]
    if parse_formula(stem) is not None or (stem != written and stem in ELEMENT_SYMBOLS):
        return [_Alias(_plain(stem), name, _NAMED_BEHIND if written == name else TYPE_BEHIND)]
    text = _plain(written)
    first, *rest = text.split(" ")
    head = len(first) + 1 if first in CRYSTAL_SYSTEMS and rest else 0
    last = text.rsplit(" ", 1)[-1]
    substance = text[head:].split(" ")[0] in ELEMENT_SYMBOLS and last != "blende"
    if substance or last in _CHEMICAL_NAMES:
        return [_Alias(text, name, STRUCTURE_BEHIND, head)]
    if last in CRYSTAL_SYSTEMS:
        return [_Alias(text, name, None, head, len(last) + 1)]
    if _POLYTYPE.match(written):
        return [_Alias(text, name, None, head, len(text) - 2, tail_is_element=True)]
    ending = re.split("[- ]", written)[-1]
    if rest and not _STRUKTURBERICHT.fullmatch(ending) and (last in ELEMENT_SYMBOLS or parse_formula(ending)):
        return [_Alias(text, name, None, head, len(last) + 1, tail_is_element=True)]
    return [_Alias(text, name, None, head)]


@cache
def _compounds() -> dict[str, list[str]]:
    """Names of everyday compounds by their first word, the longest first."""
    names: dict[str, list[str]] = {}
    for name in sorted(COMMON_COMPOUNDS, key=len, reverse=True):
        names.setdefault(name.split(" ")[0], []).append(name)
    return names
