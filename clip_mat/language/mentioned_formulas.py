"""Formulas, chemical systems and elements in a text.

Case is trusted where it can be; a symbol that is a word of English too needs chemistry beside it.
"""

from __future__ import annotations

import re
from functools import cache, reduce
from math import gcd

from clip_mat.crystal import NUMBERS
from clip_mat.language.formula_parser import (
    FORMULA,
    SYMBOL,
    Composition,
    alphabetical,
    parse_formula,
    parse_sloppy_formula,
)
from clip_mat.language.mention import Found, Mention
from clip_mat.language.mentioned_prototypes import STRUCTURE_BEHIND, names_a_type
from clip_mat.language.names import ELEMENT_SYMBOLS
from clip_mat.language.words import NO_FORMULAS, SHOUTED_NO_FORMULAS

_ITEM = rf"(?:(?-i:{SYMBOL})(?![A-Za-z0-9])|(?:{'|'.join(ELEMENT_SYMBOLS)})(?![a-z]))"
_HYPHENATED = re.compile(
    rf"(?<![\w/-])(?:{SYMBOL}(?:-{SYMBOL})+)(?![\w(]|-(?!(?:system|based|containing|alloy|compound|phase)s?\b)\w)"
)
_HYPHENATED_NAMES = re.compile(
    rf"\b(?:{'|'.join(ELEMENT_SYMBOLS)})(?:-(?:{'|'.join(ELEMENT_SYMBOLS)}))+\b", re.IGNORECASE
)
_SHARED = rf"\({SYMBOL}(?:, ?{SYMBOL})+\)"
_MIXED_SITE = re.compile(rf"(?<![\w)])([A-Z]\w*)?{_SHARED}((?:\d?[A-Z][\w()]*)?)(?!\w)")
"""``(La,Sr)MnO3``, ``Cu(In,Ga)Se2``: elements that share a site in unknown parts."""
_ROMAN = frozenset("IV")
_COUNTED = re.compile(r"(?:\b(?:group|type|phase|class|family|polymorph|part|stage)s? |\b[IV]+[-–/])$", re.IGNORECASE)
"""Behind these Roman numerals are numbers."""
_OXIDATION_STATE = re.compile(r"(?<=[A-Za-z])\((?:I{1,3}|IV|VI{0,3})\)(?!\d)")


def find_systems(text: str) -> Found:
    """Chemical systems: ``Li-Mn-O``, ``zirconium-copper``, and formulas whose parts are open."""
    if "-" not in text and "," not in text:
        return
    for match in _HYPHENATED.finditer(text):
        symbols = match[0].split("-")
        if len(set(symbols)) == len(symbols) and not set(symbols) <= _ROMAN:
            yield Mention(*match.span(), "system", _unmeasured(symbols))
    for match in _HYPHENATED_NAMES.finditer(text):
        symbols = [ELEMENT_SYMBOLS[name.lower()] for name in match[0].split("-")]
        if len(set(symbols)) == len(symbols):
            yield Mention(*match.span(), "system", _unmeasured(symbols))
    for match in _MIXED_SITE.finditer(text):
        rest = (match[1] or "") + match[2].lstrip("0123456789")
        if rest and parse_formula(rest):
            yield Mention(*match.span(), "system", _unmeasured(list(set(re.findall(SYMBOL, match[0])))))


def _unmeasured(symbols: list[str]) -> Composition:
    return tuple((symbol, None) for symbol in sorted(symbols))


_FORMULA = re.compile(rf"(?<![A-Za-z0-9_.^])(?<![0-9]/){FORMULA}(?![A-Za-z0-9]|_[A-Za-z]|/[mnabcd]{{1,3}}\b)")
_WRAPPED = re.compile(r"\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\[\]]*\]")
_MINUS_BEHIND = re.compile(r"-(?!\w)")
_STRUKTURBERICHT = re.compile(r"[ABC]\d{1,2}")
_HAS_DIGIT = re.compile(r"\d")
_WORDLIKE = frozenset(["In", "As", "I", "At", "No", "He", "Be", "Am", "Os"])
"""Symbols that are words of English (or plurals of letters) too."""
_OPENING = frozenset(_WORDLIKE - {"Os"})
"""... with which a sentence may begin, ..."""
_MOLECULES = frozenset(["H2", "N2", "O2", "O3", "F2", "P4", "S8", "Cl2", "Se8", "Br2", "I2", "C60", "C70"])
"""... and what may stand there for itself: "In O2 atmosphere", but not "In Br3"."""
_MOST_PIECES = 12


def find_formulas(text: str) -> Found:
    """Formulas in correct case, together or in pieces (``Li Mn O2``).

    From each piece on the longest reading comes first and shorter ones follow, for the case that another kind of
    mention has taken its end: of ``Tb Mg2 P6_3/mmc`` phosphorus is no part.
    """
    shouted = _is_shouted(text)
    pieces = [(match.start(), match.end(), match[0]) for match in _FORMULA.finditer(text)]
    for place, (start, end, piece) in enumerate(pieces):
        yield from _spaced_formulas(text, pieces, place)
        mention = _one_formula(text, start, end, piece, shouted)
        if mention is not None:
            yield mention


def _one_formula(text: str, start: int, end: int, piece: str, shouted: bool) -> Mention | None:
    if piece in NO_FORMULAS or (shouted and piece in SHOUTED_NO_FORMULAS):
        return None
    if _WRAPPED.fullmatch(piece):
        start, end, piece = start + 1, end - 1, piece[1:-1]
    if set(piece.rstrip("0123456789")) <= _ROMAN and _COUNTED.search(text, max(0, start - 12), start):
        return None  # "group IV", "II-VI"
    if (uncharged := _OXIDATION_STATE.sub("", piece)) != piece and len(parse_formula(uncharged) or ()) < 2:
        return None  # "Fe(III)" holds no iodine
    piece = uncharged
    digits = bool(_HAS_DIGIT.search(piece))
    composition = (shouted and digits and parse_sloppy_formula(piece)) or parse_formula(piece)
    if composition is None:
        return None
    if piece == "P1":  # a lone atom of phosphorus would be P
        return Mention(start, end, "spacegroup", spacegroup=1)
    if len(composition) == 1:
        if not digits and _CALLED_FORMULA.search(text, max(0, start - 24), start):
            return Mention(start, end, "formula", composition)
        if not digits or "+" in piece or "-" in piece or "^" in piece or _MINUS_BEHIND.match(text, end):
            return None  # an element, alone or charged
        if _STRUKTURBERICHT.fullmatch(piece) and STRUCTURE_BEHIND.match(text, end):
            return None
    elif not digits and piece.isupper() and len(set(piece)) < len(piece):
        return None  # an abbreviation: BCC, FCC
    if names_a_type(text, start, end):  # not what the crystal is made of
        return Mention(start, end, "prototype", name=piece)
    return Mention(start, end, "formula", composition)


def _spaced_formulas(text: str, pieces: list[tuple[int, int, str]], place: int) -> Found:
    """``Li Mn O2``, ``Ag2 Pb1 P2 O7``, ``C DyRh3``: several pieces from one on, the most first."""
    last = place
    while last + 1 < min(len(pieces), place + _MOST_PIECES) and text[pieces[last][1] : pieces[last + 1][0]] == " ":
        last += 1
    for stop in range(last, place, -1):
        run = [piece for _, _, piece in pieces[place : stop + 1]]
        parsed = [parse_formula(piece) for piece in run]
        symbols = [symbol for composition in parsed for symbol, _ in composition or ()]
        if (
            None in parsed
            or len(set(symbols)) != len(symbols)
            or any(piece in NO_FORMULAS or piece[0] in "([" for piece in run)
        ):
            continue
        names = [str(symbol) for symbol in symbols]
        compounds = sum(len(composition or ()) > 1 for composition in parsed)
        digits = any(_HAS_DIGIT.search(piece) for piece in run)
        doubtful = run[0] in _WORDLIKE or run[-1] in _WORDLIKE
        if compounds > 1 or (compounds == 1 and (len(run) > 2 or doubtful or not digits or not alphabetical(names))):
            continue
        start, end = pieces[place][0], pieces[stop][1]
        called = _CALLED_FORMULA.search(text, max(0, start - 24), start)
        unsure = not digits or (run[0] in _OPENING and run[1] in _MOLECULES)
        if doubtful and len(run) == 2 and unsure and not called:
            continue
        if not digits and not called:
            yield Mention(start, end, "system", _unmeasured(names))
        elif (whole := parse_formula("".join(run))) is not None:
            yield Mention(start, end, "formula", whole)


def _is_shouted(text: str) -> bool:
    """Whether the text is in capitals, so that case tells nothing."""
    return text.isupper() and len(text) > 8


_SLOPPY = re.compile(r"(?<![A-Za-z0-9_.#-])(?<![a-z]-)[A-Za-z][A-Za-z0-9]{2,}(?![A-Za-z0-9]|_\w|[/.]\w)")


def find_sloppy_formulas(text: str) -> Found:
    """Formulas in careless case: ``limno2``, ``Tio2``, ``nacl``."""
    for match in _SLOPPY.finditer(text):
        if match[0].startswith("RE"):  # a rare earth, no rhenium
            continue
        composition = parse_sloppy_formula(match[0])
        if composition is not None:
            yield Mention(*match.span(), "formula", composition)


_ANONYMOUS = re.compile(
    r"(?<![\w-])(?:[AMRX]|A')(?:[A-Z][a-z]?'?|\d)+(?:\([A-Z][a-z]?\d*(?:[A-Z][a-z]?\d*)*\)\d+)?(?![\w'])"
)
_ANONYMOUS_PIECE = re.compile(rf"([A-H]'?|{SYMBOL}|[MRTX])(\d{{0,2}})")
_RATIO = re.compile(r"(?<![\d:.])\d{1,2}(?::\d{1,2}){1,5}(?![\d:])")
_CLOSED = re.compile(r"\s*(?:$|[,;.])")
_PLACEHOLDERS = frozenset("AMRTX")
_LONE_LETTER = re.compile(
    r"\b(?:formula type|(?:prototype|anonymous|general) formula|general composition|[Tt]he|a) "
    r"(A)(?= formula| type|-(?:type|stoich)|\s*(?:$|[.,;:)]| (?:in|of|with|and|for)\b))"
)
"""An element's stoichiometry; a capital A is an article elsewhere."""
_NEEDS_WORD = re.compile(
    r"[- ](?:type|stoichiometr|compound|structure|composition|formula|prototype|material|phase)", re.I
)
_LETTERS = re.compile(r"AB(?:CD?E?F?)?[OX]?|AX")
"""What hardly means anything else, also amid a sentence, unless layers are said to be stacked so."""
_STACKED = re.compile(r"[- ](?:stack|layer|pack|sequence)", re.I)
_CALLED_FORMULA = re.compile(r"\b(?:formula|composition|stoichiometry)(?: type)?\s*[:=]?\s*$", re.I)
_ABBREVIATIONS = frozenset(["R2SCAN", "MP20", "MAX", "MOF", "XRD", "RT", "MC", "AC"])


def find_anonymous(text: str) -> Found:
    """``A2BC4``, ``ABO3`` and ratios such as ``1:1:3``."""
    for match in _ANONYMOUS.finditer(text):
        composition = _read_anonymous(match[0])
        if composition is None or match[0] in _ABBREVIATIONS:
            continue
        behind = match.end()
        sure = _HAS_DIGIT.search(match[0]) or _NEEDS_WORD.match(text, behind) or _CLOSED.match(text, behind)
        known = _LETTERS.fullmatch(match[0]) and not _STACKED.match(text, behind) and not _is_shouted(text)
        if not sure and not known:
            continue
        yield Mention(*match.span(), "anonymous", composition)
    for match in _LONE_LETTER.finditer(text):
        yield Mention(*match.span(1), "anonymous", ((None, 1),))
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
    letters = set(re.findall(r"[A-Z](?![a-z])", text)) - {"O", "X"}
    in_order = len(letters) > 1 and letters == {chr(65 + place) for place in range(len(letters))}
    while position < len(text):
        piece = _ANONYMOUS_PIECE.match(text, position)
        if piece is None or piece[2].startswith("0"):
            return None
        symbol, amount = piece[1], int(piece[2] or 1)
        letter = symbol[0]
        if in_order and symbol.rstrip("'") in letters:
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


_ELEMENT_LIST = re.compile(
    rf"(?<![\w-]){_ITEM}(?:(?: ?, ?(?:and |or |plus |& ?)?| ?/ ?| (?:and|or|nor|plus|&) |(?: ?\+ ?)){_ITEM})+",
    re.IGNORECASE,
)
_LISTED = re.compile(rf"(?<![A-Za-z0-9])(?:{SYMBOL})(?![A-Za-z0-9])")
_ELEMENT = re.compile(
    rf"(?<![A-Za-z0-9_°./'’])({SYMBOL})(?:\^\{{?\d?[-+]\}}?|[⁰¹²³⁴-⁹]?[⁺⁻]|\d?\+)?(?![A-Za-z0-9'’]|_\w|\.[A-Za-z])"
)
_CHEMISTRY_BEFORE = re.compile(
    r"(?:(?:containing|contains?|with|without|no|of|lacking|elements?|excluding|not|plus|and|or|include|includes|including"
    r"|only|just|solely|to|comprises|comprising) |\belements?(?: are| is)?(?: ?[:=] ?| ))$",
    re.IGNORECASE,
)
_CHEMISTRY_AFTER = re.compile(
    r"-(?:free|based|rich|poor|doped|containing|bearing|deficient|ion|only)\b"
    r"| (?:only|alone|and no other element|and nothing else)\b"
    r"| (?:atoms?|ions?|cations?|anions?|content|metal|compounds?|crystals?|alloys?|oxides?|sulfides?|halides?)\b",
    re.IGNORECASE,
)
_ENDS = re.compile(r"\s*(?:$|[.,;:!?)])")
_NUMBER_BEFORE = re.compile(r"\d ?$")
_SITE_BEHIND = re.compile(r"[- ]sites?\b")
_CRITICAL = re.compile(
    r"(?:\b(?:high|low|larg|critical|record|maxim|transition|superconducti|curie)\w*[ -]|"
    r"\b(?:an?|the|its|whose|with) )$",
    re.IGNORECASE,
)
_DEGREES_BEHIND = re.compile(r"\s*(?:above|below|over|under|near|about|around|of|at|up to|is|[=<>≥≤~≈])\s*[~≈]?\d")
"""What stands around a critical temperature, which is written as technetium is."""


def find_elements(text: str) -> Found:
    """Symbols of elements, in lists and where chemistry is spoken."""
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
    if symbol == "Tc" and not _CHEMISTRY_AFTER.match(text, end):
        behind = _DEGREES_BEHIND.match(text, end)
        if behind or _CRITICAL.search(text, max(0, start - 20), start):
            return False
    if symbol not in _WORDLIKE and len(symbol) == 2:
        return not (symbol == "Pa" and _NUMBER_BEFORE.search(text, max(0, start - 2), start))
    if _NUMBER_BEFORE.search(text, max(0, start - 2), start) or _SITE_BEHIND.match(text, end):
        return False
    if _CHEMISTRY_AFTER.match(text, end):
        return symbol != "No" and (symbol not in ("As", "In") or start > 0)
    before = _CHEMISTRY_BEFORE.search(text, max(0, start - 12), start) is not None
    return before and _ENDS.match(text, end) is not None
