"""Space groups that a text speaks of: symbols, numbers, and short symbols that could be atoms as well.

Of ``C2``, ``Cm`` or ``P1`` a text means the group where it names its compound otherwise, unless its formula goes on
there or another symmetry is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from clip_mat.facts import crystal_system
from clip_mat.language.formula_parser import SYMBOL, alphabetical, is_last_piece, parse_formula
from clip_mat.language.mention import Found, Mention
from clip_mat.language.mentioned_formulas import find_anonymous, find_formulas
from clip_mat.language.spacegroups import find_symbol
from clip_mat.language.words import WORD_MENTIONS, slips

_START = re.compile(r"(?<![A-Za-z0-9_/])(?<![A-Za-z0-9]-)[PIFRCABpifrcab](?=[ _]?[-1-6mnabcdeMNABCDE$\\\u0303-\u0305])")
_SUBSCRIPT_BEFORE = re.compile(r"[A-Za-z)\]](?:<sub>\d+</sub>|\$?_\{?\d+\}?\$?)$")
_SUBSCRIPT_BEHIND = re.compile(r"<sub>|\$?_\{?\d")
"""Typesetting of a formula that goes on: ``LuOs$_2$Pa``, ``Pm<sub>2</sub>O<sub>3</sub>``."""
_GROUP_WORD = (
    rf"(?:space[- ]?group|\b(?:{'|'.join(sorted(slips('spacegroup')))}|s[pace]{{3,5}}[- ]?g[roup]{{3,5}})\b"
    r"|\bs\.?p?\.?g\.?(?![a-z]))(?: (?:symbol|type|is|of|symmetry|with))?"
)
"""With a slip of the fingers, too: ``spacegrup``, ``sapce group``."""
_NUMBER = re.compile(
    rf"(?:{_GROUP_WORD}\s*[-:=]?\s*(?:(?:no|nr|n[umber]{{2,7}})\.?)?\s*#?\s*|\bno\. ?|#|(?P<group>\bgroup ))"
    r"\(?(\d{1,3})\)?(?![\d.:]*\w)(?! ?(?:m?eV|GPa|atoms?|%))"
    r"(?(group)(?![- ](?:element|metal|anion|cation|semiconductor)))",
    re.IGNORECASE,
)
_NUMBER_BEHIND = re.compile(
    r",? ?[(\[]?(?:no\.? ?|number |# ?|space group )(\d{1,3})[)\]]?(?!\w)|,? ?[(\[](\d{1,3})[)\]]", re.I
)
_GROUP_BEFORE = re.compile(
    rf"(?:{_GROUP_WORD}|symmetry|group|crystalli[sz](?:es|ing|ed) in)\s*[-:=]?\s*[($\"'`]*$", re.IGNORECASE
)
_GROUP_AFTER = re.compile(
    r"[)$\"'`]* ?[- ](?:space[- ]?group|symmetr|phase|polymorph|modification|crystal structure|\((?:no\.?|#|sg) ?\d)",
    re.IGNORECASE,
)
_ARTICLE_AND_NUMBER = re.compile(r"[Aa] 1(?::[12])?")
"""No setting of P1: "a 1:2 compound"."""
_LAYERED = re.compile(r"[PO][23][- ]phase")
"""Layered oxides of batteries, by the stacking of their oxygen."""
_PIECE_LIKE = re.compile(r"[PIFCB]\d|[CP]m")

_SHORT = re.compile(r"C2|Cm|Pm|R3|[PI]4|P[1236]|[pri][1-6]|[pif]23|c2|[cp]m|cc|pc")
"""Symbols that are taken for what they are where the text names its compound otherwise."""
_UNITLIKE = frozenset(["cm", "pm", "cc", "pc"])
_QUANTITY_BEFORE = re.compile(r"(?:^|[\s(~<>=])\d[\d.,]* ?$")
_RARE_ELEMENTS = frozenset(["Cm", "Pm"])
"""Curium and promethium, of which fewer compounds are known than of the groups so called."""
_APART = re.compile(r"[\s,;:|/()\-]{0,3}")
_PIECE_BEFORE = re.compile(rf"(?:^|[^A-Za-z0-9>]){SYMBOL}(?:\$?_?\{{?\d+\}}?\$?)? ?$")
_PIECE_BEHIND = re.compile(rf" ?{SYMBOL}\d*(?![A-Za-z0-9($<])")
_IN_A_LIST = re.compile(rf"(?:,| and| or| plus|/) ?{SYMBOL}(?![A-Za-z0-9])")
_TYPE_BEFORE = re.compile(r"\b(?:structure[- ]type|prototype)s?\W{0,3}$", re.IGNORECASE)
_TYPE_BEHIND = re.compile(r"[- ](?:structure|type|prototype)", re.IGNORECASE)
_RUN_BEFORE = re.compile(rf"(?<![A-Za-z0-9>])(?:{SYMBOL}\d* )+$")
_ONE = re.compile(r"[a-zA-Z]1(?!\d)")
_WORD = re.compile(r"[A-Za-z]{5,}")


def find_spacegroups(text: str) -> Found:
    """Symbols, with their number where it follows, and numbers of space groups."""
    told = list(_symbols(text))
    for match in _NUMBER.finditer(text):
        if 1 <= int(match[2]) <= 230:
            told.append(Mention(match.start(), match.end(), "spacegroup", spacegroup=int(match[2])))
    yield from _without_atoms(text, told)


def _symbols(text: str) -> Iterator[Mention]:
    compounds = cache(lambda: _compounds(text))  # looked for at most once, and seldom
    systems = cache(lambda: _systems(text))
    for match in _START.finditer(text):
        start = match.start()
        symbol = find_symbol(text, start)
        if symbol is None:
            continue
        end, number, sure = symbol
        if _ARTICLE_AND_NUMBER.fullmatch(text, start, end):
            continue
        if _SUBSCRIPT_BEHIND.match(text, end) or _SUBSCRIPT_BEFORE.search(text, max(0, start - 16), start):
            continue
        last = _PIECE_LIKE.fullmatch(text, start, end) and is_last_piece(text, start)
        if last and not _out_of_order(text, start, end):
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
                and (
                    _GROUP_AFTER.match(text, end)
                    or _stands_apart(text, start, end, compounds)
                    or _fits(text, start, end, number, systems)
                )
            )
        ):
            yield Mention(start, end, "spacegroup", spacegroup=number)


def _compounds(text: str) -> list[Mention]:
    """What could be the compound that the text is about: formulas of several elements, stoichiometries."""
    found = [mention for mention in find_formulas(text) if mention.kind == "formula" and len(mention.composition) > 1]
    return [*found, *find_anonymous(text)]


def _systems(text: str) -> set[str]:
    """The crystal systems that are named."""
    words = (WORD_MENTIONS.get(word.lower()) for word in _WORD.findall(text))
    return {word[1] for word in words if word is not None and word[0] == "crystal_system"}


def _fits(text: str, start: int, end: int, number: int, systems: Callable[[], set[str]]) -> bool:
    """Whether a doubtful symbol is of the crystal system that is named, and no element stands beside it."""
    return (
        _SHORT.fullmatch(text, start, end) is not None
        and crystal_system(number) in systems()
        and not _is_beside_element(text, start, end)
        and not _is_quantity(text, start, end)
        and not _IN_A_LIST.match(text, end)
    )


def _is_quantity(text: str, start: int, end: int) -> bool:
    """Whether it is a unit behind its number: 5 cm."""
    return text[start:end] in _UNITLIKE and _QUANTITY_BEFORE.search(text, max(0, start - 10), start) is not None


def _is_beside_element(text: str, start: int, end: int) -> bool:
    before = _PIECE_BEFORE.search(text, max(0, start - 12), start)
    return before is not None or _PIECE_BEHIND.match(text, end) is not None


def _stands_apart(text: str, start: int, end: int, compounds: Callable[[], Sequence[Mention]]) -> bool:
    """Whether a doubtful symbol stands beside a compound, and is no part of one in pieces: ``Na2 C2 O4``."""
    if not _SHORT.fullmatch(text, start, end) or _is_quantity(text, start, end):
        return False
    others = [each for each in compounds() if each.end <= start or each.start >= end]
    symbol = text[start:end]
    if symbol in _UNITLIKE:  # a few cm of ZnO
        between = [text[each.end : start] if each.end <= start else text[end : each.start] for each in others]
        return any(_APART.fullmatch(part) for part in between) or any(
            re.search(r"\d", text[each.start : each.end]) for each in others
        )
    if not others:
        return False
    if parse_formula(symbol) is None:
        return True
    if _PIECE_BEFORE.search(text, max(0, start - 12), start):
        return _out_of_order(text, start, end)
    if not _PIECE_BEHIND.match(text, end):
        return True
    return any(each.start == end + 1 and _begins_no_formula(symbol, text[each.start : each.end]) for each in others)


def _begins_no_formula(symbol: str, pieces: str) -> bool:
    """Whether a symbol before the pieces of a formula stands for itself: ``Cm Li Mn3 O6``, but not ``C2 Ca Mg O6``."""
    if symbol in _RARE_ELEMENTS:
        return True
    counted = symbol.endswith("1") and _ONE.search(pieces) is not None  # in "P1 F1 O5" every amount is written
    return not counted and not alphabetical(_symbols_in(symbol + pieces))


def _out_of_order(text: str, start: int, end: int) -> bool:
    """Whether a rare element would be the last of pieces that are in no order: ``Mg1 Zn5 Cm``."""
    if text[start:end] not in _RARE_ELEMENTS:
        return False
    run = _RUN_BEFORE.search(text, max(0, start - 60), start)
    symbols = _symbols_in(text[run.start() : end]) if run else []
    return len(symbols) > 2 and not alphabetical(symbols)


def _symbols_in(text: str) -> list[str]:
    return re.findall(SYMBOL, text)


def _without_atoms(text: str, told: Sequence[Mention]) -> Iterator[Mention]:
    """Drop symbols that could be atoms or structure types where they contradict the symmetry that is told otherwise."""
    doubtful = [
        each
        for each in told
        if parse_formula(text[each.start : each.end])
        and (
            _is_beside_element(text, each.start, each.end)
            or _TYPE_BEFORE.search(text, max(0, each.start - 20), each.start)
            or _TYPE_BEHIND.match(text, each.end)
        )
    ]
    if not doubtful:
        yield from told
        return
    groups = {each.spacegroup for each in told if each not in doubtful}
    systems = _systems(text)
    for each in told:
        number = each.spacegroup or 0
        agrees = (not groups or number in groups) and (not systems or crystal_system(number) in systems)
        if each not in doubtful or agrees:
            yield each
