"""What a text says of a crystal: formulas, elements, space groups, structure types, numbers - and where it says so.

Each kind is looked for over the whole text, in the order of `_FINDERS`; what an earlier kind has taken, a later one
leaves alone. English hides elements ("In", "As", "I", "lead to") and formulas hide in English ("CO", "P1"), so a
doubtful word counts only where its neighbours speak of chemistry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, reduce
from math import gcd
from typing import Literal, TypeAlias

from clip_mat.crystal import NUMBERS
from clip_mat.language.formula_parser import (
    FORMULA,
    SYMBOL,
    Composition,
    alphabetical,
    parse_formula,
    parse_sloppy_formula,
    plain_digits,
)
from clip_mat.language.spacegroups import find_symbol
from clip_mat.language.words import ELEMENT_NAMES, NO_FORMULAS, SHOUTED_NO_FORMULAS, WORD_MENTIONS

Kind = Literal[
    "formula",
    "system",
    "element",
    "anonymous",
    "spacegroup",
    "crystal_system",
    "prototype",
    "family",
    "quantity",
]


@dataclass(frozen=True, slots=True)
class Mention:
    """One thing that a text says of a crystal.

    Attributes:
        start: First character.
        end: One past the last character.
        kind: What is said.
        composition: (symbol, amount), symbols in alphabetical order. A formula has amounts, the whole ones in lowest
            terms; a system and an element have none (None). In an anonymous formula the unnamed elements (None)
            come first, in decreasing order of their amounts.
        spacegroup: International number, 1 to 230.
        name: Canonical name of a crystal system, a prototype or a family.
        value: Number of a quantity.
        unit: Its unit: eV, meV, eV/atom, meV/atom, GPa, K, nm, Å, atoms, ...
    """

    start: int
    end: int
    kind: Kind
    composition: Composition = ()
    spacegroup: int | None = None
    name: str | None = None
    value: float | None = None
    unit: str | None = None


_Found: TypeAlias = Iterator[Mention]


def find_mentions(text: str) -> list[Mention]:
    """Everything that a text says of a crystal, in the order of the text; no two overlap."""
    plain = plain_digits(text)
    found: list[Mention] = []
    taken = bytearray(len(plain))
    for finder in _FINDERS:
        for mention in finder(plain):
            if not any(taken[mention.start : mention.end]):
                taken[mention.start : mention.end] = b"\x01" * (mention.end - mention.start)
                found.append(mention)
    return sorted(found, key=lambda mention: mention.start)


# --- space groups ---------------------------------------------------------------------------------------------------

_GROUP_START = re.compile(
    r"(?<![A-Za-z0-9_(/])(?<![A-Za-z0-9]-)[PIFRCABpifrcab](?=[ _]?[-1-6mnabcdeMNABCDE$\\\u0303-\u0305])"
)
_GROUP_WORD = r"(?:space[- ]?group|\bs\.?g\.?\b)(?: (?:symbol|type|is|of|symmetry|with))?"
_GROUP_NUMBER = re.compile(
    rf"(?:{_GROUP_WORD}\s*[:=]?\s*(?:no\.?|nr\.?|number|num\.?)?\s*#?\s*|\bno\. ?|#)"
    r"\(?(\d{1,3})\)?(?![\d.]*\w)",
    re.IGNORECASE,
)
_NUMBER_BEHIND = re.compile(
    r",? ?[(\[]?(?:no\.? ?|number |# ?|space group )(\d{1,3})[)\]]?(?!\w)|,? ?[(\[](\d{1,3})[)\]]", re.I
)
_GROUP_BEFORE = re.compile(rf"(?:{_GROUP_WORD}|symmetry|group)\s*[:=]?\s*[($\"'`]*$", re.IGNORECASE)
_GROUP_AFTER = re.compile(
    r"[)$\"'`]* ?[- ](?:(?:space[- ]?group|symmetr|phase group)|\((?:no\.?|#|sg) ?\d)", re.IGNORECASE
)


def _spacegroups(text: str) -> _Found:
    for match in _GROUP_START.finditer(text):
        start = match.start()
        symbol = find_symbol(text, start)
        if symbol is None:
            continue
        end, number, sure = symbol
        if text[end : end + 1] in ("-", "/", "_") and text[end + 1 : end + 2].isalnum() and not sure:
            continue
        behind = _NUMBER_BEHIND.match(text, end)
        if behind and int(behind[1] or behind[2]) == number:
            yield Mention(start, behind.end(), "spacegroup", spacegroup=number)
        elif sure or _GROUP_BEFORE.search(text, max(0, start - 30), start) or _GROUP_AFTER.match(text, end):
            yield Mention(start, end, "spacegroup", spacegroup=number)
    for match in _GROUP_NUMBER.finditer(text):
        if 1 <= int(match[1]) <= 230:
            yield Mention(match.start(), match.end(), "spacegroup", spacegroup=int(match[1]))


# --- numbers with units ---------------------------------------------------------------------------------------------

_UNITS = {
    "eV/atom": r"ev ?(?:/|per ) ?atom",
    "meV/atom": r"mev ?(?:/|per ) ?atom",
    "eV": r"ev|electron ?volts?",
    "meV": r"mev",
    "GPa": r"gpa",
    "MPa": r"mpa",
    "nm": r"nm",
    "pm": r"pm",
    "Å": r"Å|angstroms?",
    "K": r"(?-i:K)|kelvins?",
    "°C": r"° ?c",
    "g/cm3": r"g ?/ ?cm(?:\^?3|³)|g ?cm-3",
    "atoms": r"atoms?|sites?",
}
_UNIT = "|".join(rf"(?P<u{place}>{pattern})" for place, pattern in enumerate(_UNITS.values()))
_UNIT_NAMES = tuple(_UNITS)
_DECIMAL = r"\d{1,6}(?:\.\d{1,6})?|\.\d{1,6}"
_QUANTITY = re.compile(
    rf"(?<![\w.])(?:(?P<low>{_DECIMAL}) ?(?:-|to|and|~) ?)?(?P<value>{_DECIMAL})[ -]?(?:{_UNIT})(?![A-Za-z0-9/])",
    re.IGNORECASE,
)


def _quantities(text: str) -> _Found:
    for match in _QUANTITY.finditer(text):
        unit = next(name for place, name in enumerate(_UNIT_NAMES) if match[f"u{place}"])
        if match["low"]:
            yield Mention(match.start(), match.end("low"), "quantity", value=float(match["low"]), unit=unit)
        yield Mention(match.start("value"), match.end(), "quantity", value=float(match["value"]), unit=unit)


# --- words ----------------------------------------------------------------------------------------------------------

_WORD = re.compile(r"[A-Za-z]{3,}|(?<![A-Za-z0-9])β(?=-)")
_VERB_LEAD = re.compile(r"(?:\bto|can|could|may|might|will|would|which|that|not) $", re.IGNORECASE)
_LEAD_TO = re.compile(r"[ -](?:to|in)\b", re.IGNORECASE)
_TYPE_BEHIND = re.compile(r"[- ](?:type|structured?|prototype|lattice|laves|phase)\b|-like\b", re.IGNORECASE)


def _prototypes(text: str) -> _Found:
    lexicon = _prototype_lexicon()
    lower = text.lower()
    if len(lower) != len(text):  # a letter that grows in lower case would move every position
        return
    for match in _FIRST_WORD.finditer(lower):
        start = match.start()
        for alias, name, needs_type in lexicon.get(match[0], ()):
            end = start + len(alias)
            if lower.startswith(alias, start) and not lower[end : end + 1].isalnum():
                if needs_type and not _TYPE_BEHIND.match(text, end):
                    continue
                yield Mention(start, end, "prototype", name=name)
                break


_FIRST_WORD = re.compile(r"(?<![a-z0-9])[^\W_]+")


@cache
def _prototype_lexicon() -> dict[str, list[tuple[str, str, bool]]]:
    """(alias, name, whether "type" or "structure" must follow) by the first word of the alias, longest first."""
    return {}


def _words(text: str) -> _Found:
    for match in _WORD.finditer(text):
        word = match[0].lower()
        known = WORD_MENTIONS.get(word)
        if known is None:
            continue
        kind, name = known
        start, end = match.span()
        if kind != "element":
            yield Mention(start, end, kind, name=name)
        elif word != "lead" or not (_LEAD_TO.match(text, end) or _VERB_LEAD.search(text, max(0, start - 8), start)):
            yield Mention(start, end, "element", ((name, None),))


# --- formulas -------------------------------------------------------------------------------------------------------

_ITEM = rf"(?:(?-i:{SYMBOL})(?![A-Za-z0-9])|(?:{'|'.join(ELEMENT_NAMES)})(?![a-z]))"
_HYPHENATED = re.compile(rf"(?<![\w/-])(?:{SYMBOL}(?:-{SYMBOL})+)(?![\w(]|-\w)")
_HYPHENATED_NAMES = re.compile(rf"\b(?:{'|'.join(ELEMENT_NAMES)})(?:-(?:{'|'.join(ELEMENT_NAMES)}))+\b", re.IGNORECASE)
_ROMAN = frozenset("IV")


def _systems(text: str) -> _Found:
    for match in _HYPHENATED.finditer(text):
        symbols = match[0].split("-")
        if len(set(symbols)) == len(symbols) and not set(symbols) <= _ROMAN:
            yield Mention(*match.span(), "system", _unmeasured(symbols))
    for match in _HYPHENATED_NAMES.finditer(text):
        symbols = [ELEMENT_NAMES[name.lower()] for name in match[0].split("-")]
        if len(set(symbols)) == len(symbols):
            yield Mention(*match.span(), "system", _unmeasured(symbols))


def _unmeasured(symbols: list[str]) -> Composition:
    return tuple((symbol, None) for symbol in sorted(symbols))


_FORMULA = re.compile(rf"(?<![A-Za-z0-9_.^])(?<![0-9]/){FORMULA}(?![A-Za-z0-9]|_[A-Za-z])")
_TYPE_WORD = re.compile(r"[- ]?(?:structure[- ])?type\b|-like\b", re.IGNORECASE)
_STRUKTURBERICHT = re.compile(r"[ABC]\d{1,2}")
_HAS_DIGIT = re.compile(r"\d")
_WORDLIKE = frozenset(["In", "As", "I", "At", "No", "He", "Be", "Am", "Os"])
"""Symbols that are words of English (or plurals of letters) too."""


def _formulas(text: str) -> _Found:
    shouted = _is_shouted(text)
    pieces = [(match.start(), match.end(), match[0]) for match in _FORMULA.finditer(text)]
    place = 0
    while place < len(pieces):
        width, spaced = _spaced_formula(text, pieces, place)
        if spaced is not None:
            yield spaced
            place += width
            continue
        start, end, piece = pieces[place]
        place += 1
        mention = _one_formula(text, start, end, piece, shouted)
        if mention is not None:
            yield mention


def _one_formula(text: str, start: int, end: int, piece: str, shouted: bool) -> Mention | None:
    if piece in NO_FORMULAS or (shouted and piece in SHOUTED_NO_FORMULAS):
        return None
    digits = bool(_HAS_DIGIT.search(piece))
    composition = (shouted and digits and parse_sloppy_formula(piece)) or parse_formula(piece)
    if composition is None:
        return None
    if len(composition) == 1:
        if not digits or "+" in piece or "-" in piece or "^" in piece:
            return None  # an element, alone or charged
        if _STRUKTURBERICHT.fullmatch(piece) and _TYPE_BEHIND.match(text, end):
            return None
    elif not digits and piece.isupper() and len(set(piece)) < len(piece):
        return None  # an abbreviation: BCC, FCC
    if _TYPE_WORD.match(text, end):  # "K2NiF4-type" names a structure, not what the crystal is made of
        return Mention(start, end, "prototype", name=piece)
    return Mention(start, end, "formula", composition)


def _spaced_formula(text: str, pieces: list[tuple[int, int, str]], place: int) -> tuple[int, Mention | None]:
    """``Li Mn O2``, ``Ag2 Pb1 P2 O7``, ``C DyRh3``: how many pieces it spans, and what it says."""
    last = place
    while last + 1 < len(pieces) and text[pieces[last][1] : pieces[last + 1][0]] == " ":
        last += 1
    for stop in range(last, place, -1):
        run = [piece for _, _, piece in pieces[place : stop + 1]]
        parsed = [parse_formula(piece) for piece in run]
        symbols = [symbol for composition in parsed for symbol, _ in composition or ()]
        if None in parsed or len(set(symbols)) != len(symbols) or any(piece in NO_FORMULAS for piece in run):
            continue
        names = [str(symbol) for symbol in symbols]
        compounds = sum(len(composition or ()) > 1 for composition in parsed)
        digits = any(_HAS_DIGIT.search(piece) for piece in run)
        doubtful = run[0] in _WORDLIKE or run[-1] in _WORDLIKE
        if compounds > 1 or (compounds == 1 and (len(run) > 2 or doubtful or not digits or not alphabetical(names))):
            continue
        if doubtful and len(run) == 2:
            continue
        start, end = pieces[place][0], pieces[stop][1]
        if not digits:
            return stop - place + 1, Mention(start, end, "system", _unmeasured(names))
        whole = parse_formula("".join(run))
        if whole is not None:
            return stop - place + 1, Mention(start, end, "formula", whole)
    return 1, None


def _is_shouted(text: str) -> bool:
    """Whether the text is in capitals, so that case tells nothing."""
    return text.isupper() and len(text) > 8


_SLOPPY = re.compile(r"(?<![A-Za-z0-9_.#-])(?<![a-z]-)[A-Za-z][A-Za-z0-9]{2,}(?![A-Za-z0-9]|_\w|[/.]\w)")


def _sloppy_formulas(text: str) -> _Found:
    for match in _SLOPPY.finditer(text):
        composition = parse_sloppy_formula(match[0])
        if composition is not None:
            yield Mention(*match.span(), "formula", composition)


# --- formulas that name no element ----------------------------------------------------------------------------------

_ANONYMOUS = re.compile(
    r"(?<![\w-])(?:[AMRX]|A')(?:[A-Z][a-z]?'?|\d)+(?:\([A-Z][a-z]?\d*(?:[A-Z][a-z]?\d*)*\)\d+)?(?![\w'])"
)
_ANONYMOUS_PIECE = re.compile(rf"([A-H]'?|{SYMBOL}|[MRTX])(\d{{0,2}})")
_RATIO = re.compile(r"(?<![\d:.])\d{1,2}(?::\d{1,2}){1,5}(?![\d:])")
_PLACEHOLDERS = frozenset("AMRTX")
_NEEDS_WORD = re.compile(
    r"[- ](?:type|stoichiometr|compound|structure|composition|formula|prototype|material|phase)", re.I
)
_ABBREVIATIONS = frozenset(["R2SCAN", "MP20", "AB", "ABC", "MAX", "AC", "MO", "MOF", "RT", "MX", "AX", "XRD", "MC"])


def _anonymous(text: str) -> _Found:
    for match in _ANONYMOUS.finditer(text):
        composition = _read_anonymous(match[0])
        if composition is None:
            continue
        if (match[0] in _ABBREVIATIONS or not _HAS_DIGIT.search(match[0])) and not _NEEDS_WORD.match(text, match.end()):
            continue
        yield Mention(*match.span(), "anonymous", composition)
    for match in _RATIO.finditer(text):
        amounts = sorted((int(part) for part in match[0].split(":")), reverse=True)
        if amounts[-1] > 0:
            divisor = reduce(gcd, amounts)
            yield Mention(*match.span(), "anonymous", tuple((None, amount // divisor) for amount in amounts))


@cache
def _read_anonymous(text: str) -> Composition | None:
    """Composition of ``A2BC4`` or ``ABO3``; None if it is neither."""
    position = 0
    unnamed: list[int] = []
    named: dict[str, int] = {}
    letters = set(re.findall(r"[A-Z](?![a-z])", text))
    in_order = letters == {chr(65 + place) for place in range(len(letters))}
    while position < len(text):
        piece = _ANONYMOUS_PIECE.match(text, position)
        if piece is None or piece[2].startswith("0"):
            return None
        symbol, amount = piece[1], int(piece[2] or 1)
        letter = symbol[0]
        if in_order and len(symbol.rstrip("'")) == 1:
            unnamed.append(amount)
        elif symbol in NUMBERS and not (letter == "B" and len(symbol) == 1 and "A" in letters):
            named[symbol] = named.get(symbol, 0) + amount
        elif letter in _PLACEHOLDERS or letter == "B":
            unnamed.append(amount)
        else:
            return None
        position = piece.end()
    if not unnamed or len(unnamed) + len(named) < 2:
        return None
    divisor = reduce(gcd, [*unnamed, *named.values()])
    first = tuple((None, amount // divisor) for amount in sorted(unnamed, reverse=True))
    return (*first, *((symbol, named[symbol] // divisor) for symbol in sorted(named)))


# --- elements -------------------------------------------------------------------------------------------------------

_ELEMENT_LIST = re.compile(
    rf"(?<![\w-]){_ITEM}(?:(?: ?, ?(?:and |or |& ?)?| ?/ ?| (?:and|or|nor|&) |(?: ?\+ ?)){_ITEM})+", re.IGNORECASE
)
_LISTED = re.compile(rf"(?<![A-Za-z0-9])(?:{SYMBOL})(?![A-Za-z0-9])")
_ELEMENT = re.compile(
    rf"(?<![A-Za-z0-9_°./'’])({SYMBOL})(?:\^\{{?\d?[-+]\}}?|[⁰¹²³⁴-⁹]?[⁺⁻]|\d?\+)?(?![A-Za-z0-9'’]|_\w|\.[A-Za-z])"
)
_CHEMISTRY_BEFORE = re.compile(
    r"(?:containing|contains?|with|without|no|of|lacking|elements?|excluding|not|plus|and|or|include|includes|including)"
    r" $",
)
_CHEMISTRY_AFTER = re.compile(
    r"-(?:free|based|rich|poor|doped|containing|bearing|deficient|ion|only)\b"
    r"| (?:atoms?|ions?|cations?|anions?|content|metal|compounds?|crystals?|alloys?|oxides?|sulfides?|halides?)\b",
    re.IGNORECASE,
)
_ENDS = re.compile(r"\s*(?:$|[.,;:!?)])")
_NUMBER_BEFORE = re.compile(r"\d ?$")
_SITE_BEHIND = re.compile(r"[- ]sites?\b")


def _elements(text: str) -> _Found:
    for listed in _ELEMENT_LIST.finditer(text):
        symbols = list(_LISTED.finditer(text, *listed.span()))
        if len(symbols) > 1 and not all(match[0] in _WORDLIKE for match in symbols):
            for match in symbols:
                yield Mention(*match.span(), "element", ((match[0], None),))
        elif len(symbols) == 1 and symbols[0][0] not in ("I", "As", "In"):
            match = symbols[0]
            yield Mention(*match.span(), "element", ((match[0], None),))
    for match in _ELEMENT.finditer(text):
        if _is_element(text, *match.span(), match[1], match[0] != match[1]):
            yield Mention(*match.span(), "element", ((match[1], None),))


def _is_element(text: str, start: int, end: int, symbol: str, charged: bool) -> bool:
    if charged or text.strip() == symbol:
        return True
    if symbol not in _WORDLIKE and len(symbol) == 2:
        return not (symbol == "Pa" and _NUMBER_BEFORE.search(text, max(0, start - 2), start))
    if _NUMBER_BEFORE.search(text, max(0, start - 2), start) or _SITE_BEHIND.match(text, end):
        return False
    if _CHEMISTRY_AFTER.match(text, end):
        return symbol != "No" and (symbol not in ("As", "In") or start > 0)
    before = _CHEMISTRY_BEFORE.search(text, max(0, start - 12), start) is not None
    return before and _ENDS.match(text, end) is not None


_FINDERS: tuple[Callable[[str], _Found], ...] = (
    _prototypes,
    _spacegroups,
    _quantities,
    _systems,
    _formulas,
    _anonymous,
    _words,
    _elements,
    _sloppy_formulas,
)
