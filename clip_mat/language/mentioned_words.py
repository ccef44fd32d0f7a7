"""Space groups, numbers with units, and names that a text speaks of."""

from __future__ import annotations

import re

from clip_mat.language.mention import Found, Mention
from clip_mat.language.spacegroups import find_symbol
from clip_mat.language.words import WORD_MENTIONS

_GROUP_START = re.compile(
    r"(?<![A-Za-z0-9_/])(?<![A-Za-z0-9]-)[PIFRCABpifrcab](?=[ _]?[-1-6mnabcdeMNABCDE$\\\u0303-\u0305])"
)
_GROUP_WORD = (
    r"(?:space[- ]?group|\bs[pace]{3,5}[- ]?g[roup]{3,5}\b|\bs\.?p?\.?g\.?(?![a-z]))"
    r"(?: (?:symbol|type|is|of|symmetry|with))?"
)
"""With a slip of the fingers, too: ``spacegrup``, ``sapce group``."""
_GROUP_NUMBER = re.compile(
    rf"(?:{_GROUP_WORD}\s*[-:=]?\s*(?:(?:no|nr|n[umber]{{2,7}})\.?)?\s*#?\s*|\bno\. ?|#|\bgroup )"
    r"\(?(\d{1,3})\)?(?![\d.]*\w)(?![- ](?:element|metal|anion|cation|semiconductor))",
    re.IGNORECASE,
)
_NUMBER_BEHIND = re.compile(
    r",? ?[(\[]?(?:no\.? ?|number |# ?|space group )(\d{1,3})[)\]]?(?!\w)|,? ?[(\[](\d{1,3})[)\]]", re.I
)
_GROUP_BEFORE = re.compile(
    rf"(?:{_GROUP_WORD}|symmetry|group|crystalli[sz](?:es|ing|ed) in)\s*[-:=]?\s*[($\"'`]*$", re.IGNORECASE
)
_LAYERED = re.compile(r"[PO][23][- ]phase")
"""Layered oxides of batteries, by the stacking of their oxygen."""
_GROUP_AFTER = re.compile(
    r"[)$\"'`]* ?[- ](?:space[- ]?group|symmetr|phase|polymorph|modification|crystal structure|\((?:no\.?|#|sg) ?\d)",
    re.IGNORECASE,
)


_BESIDE_FORMULA = re.compile(r"C2|Cm|Pm|R3|[PI]4|P[236]|[pri][1-6]|c2|cc|pc|(?<!\d)(?<!\d )[cp]m")
"""Symbols that are taken for what they are where the text names its compound otherwise."""
_COMPOUND = re.compile(
    r"(?<![A-Za-z0-9])(?=[\w$<>({]*\d)(?:[A-Z][a-z]?(?:[₀-₉\d_${}]|</?sub>)*){2,}(?![A-Za-z0-9])"
    r"|(?<![\d:])\d{1,2}(?::\d{1,2})+"
)
_PIECE_BEFORE = re.compile(r"(?:^|[^A-Za-z0-9>])[A-Z][a-z]?\d* ?$")
_PIECE_BEHIND = re.compile(r" ?[A-Z][a-z]?\d*(?![A-Za-z0-9($<])")
_PIECES_BEFORE = re.compile(r"(?<![A-Za-z0-9>])(?:[A-Z][a-z]?\d+|[A-Z][a-z]?\d* [A-Z][a-z]?\d*) $")
_PIECE_LIKE = re.compile(r"[PIFCB]\d{1,2}|[CP]m")


def is_last_piece(text: str, start: int) -> bool:
    """Whether pieces of a formula stand before a symbol, whose last piece it then is: ``La Ni2 P2``, ``Ta2 Fe B2``."""
    return _PIECES_BEFORE.search(text, max(0, start - 12), start) is not None


def _is_beside_compound(text: str, start: int, end: int) -> bool:
    """Whether a doubtful symbol stands for itself, and is no part of a compound written in pieces: ``Na2 C2 O4``."""
    if not _BESIDE_FORMULA.fullmatch(text, start, end) or not _COMPOUND.search(text):
        return False
    return not _PIECE_BEFORE.search(text, max(0, start - 6), start) and not _PIECE_BEHIND.match(text, end)


def find_spacegroups(text: str) -> Found:
    """Symbols, with their number where it follows, and numbers of space groups."""
    for match in _GROUP_START.finditer(text):
        start = match.start()
        symbol = find_symbol(text, start)
        if symbol is None:
            continue
        end, number, sure = symbol
        if _PIECE_LIKE.fullmatch(text, start, end) and is_last_piece(text, start):
            continue
        if text[end : end + 1] in ("-", "/", "_") and text[end + 1 : end + 2].isalnum() and not sure:
            continue
        behind = _NUMBER_BEHIND.match(text, end)
        if behind and int(behind[1] or behind[2]) == number:
            yield Mention(start, behind.end(), "spacegroup", spacegroup=number)
        elif (
            sure
            or _GROUP_BEFORE.search(text, max(0, start - 30), start)
            or (
                not _LAYERED.match(text, start)
                and (_GROUP_AFTER.match(text, end) or _is_beside_compound(text, start, end))
            )
        ):
            yield Mention(start, end, "spacegroup", spacegroup=number)
    for match in _GROUP_NUMBER.finditer(text):
        if 1 <= int(match[1]) <= 230:
            yield Mention(match.start(), match.end(), "spacegroup", spacegroup=int(match[1]))


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


def find_quantities(text: str) -> Found:
    """Numbers with a unit; of "1 to 2 eV" each number has it."""
    for match in _QUANTITY.finditer(text):
        unit = next(name for place, name in enumerate(_UNIT_NAMES) if match[f"u{place}"])
        if match["low"]:
            yield Mention(match.start(), match.end("low"), "quantity", value=float(match["low"]), unit=unit)
        yield Mention(match.start("value"), match.end(), "quantity", value=float(match["value"]), unit=unit)


_WORD = re.compile(r"[A-Za-z]{3,}")
_VERB_LEAD = re.compile(r"(?:\bto|can|could|may|might|will|would|which|that|not) $", re.IGNORECASE)
_LEAD_TO = re.compile(r"[ -](?:to|in)\b", re.IGNORECASE)


def find_words(text: str) -> Found:
    """Names of elements, crystal systems and families of compounds."""
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
