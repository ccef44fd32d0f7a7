"""Compounds that a sentence names, and whether a crystal can be made of each.

The formula may be written in any way that papers write it, with a line-end hyphen left in, oxidation states between
the symbols, or as a trivial name or an acronym. What has organic ions, or atoms in fractions that no small cell can
hold, is found too and says why it is not made.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from clip_mat.crystal import NUMBERS
from clip_mat.facts import reduced
from clip_mat.language.formula_parser import SYMBOL, Composition, parse_formula, plain_digits
from clip_mat.language.formulas import conventional_formula
from clip_mat.language.names import COMMON_COMPOUNDS, ELEMENT_SYMBOLS
from rag.design.names import (
    ACRONYMS,
    CAPITAL_FORMULAS,
    DOPED,
    NO_COMPOUNDS,
    ORGANIC_IONS,
    TRIVIAL_NAMES,
)
from rag.mentions import mentions_of

MOST_ATOMS = 40
"""Most atoms in one formula unit of an ordered cell that stands for a compound with fractions."""
_MOST_UNITS = 10

_NONMETALS = frozenset(["H", "C", "N", "O", "F", "Cl", "Br", "I", "S", "P", "He", "Ne", "Ar", "Kr", "Xe", "Rn"])
_HALOGENS = frozenset(["F", "Cl", "Br", "I"])
_CARBON_NITRIDES = frozenset(["C3N4"])
_STATE = re.compile(rf"(?<![A-Za-z])((?:{SYMBOL}\d*)*{SYMBOL})\((?:I{{1,3}}|IV|VI{{0,2}})\)")
_CATIONS_ONLY = r"(?:(?:(?!(?:O|S|Se|Te|F|Cl|Br|I|N|P)(?![a-z]))[A-Z][a-z]?)\d*)+"
_LINE_END = re.compile(rf"(?<![\w-])((?=\w*\d){_CATIONS_ONLY})-\s?(?=(?:{SYMBOL}\d*|[()xy-])*\d)(?={SYMBOL}[\dA-Z(])")
_SHARED_END = re.compile(rf"(?<=\()({SYMBOL}x)-\s?({SYMBOL}1-x)")
_SPACED_END = re.compile(r"(?<=x\))\s(?=[A-Z][a-z]?\d)")
_UNREADABLE = re.compile(r"[^\s()\[\],;]*�[^\s()\[\],;]*")
_POLYHEDRON = re.compile(
    r"\s*(?:\([^()]*\)\s*)?(?:(?:corner|edge|face|vertex)-sharing\s)?(?:\w+\s)?(?:octahedr|tetrahedr|polyhedr|"
    r"prisms?\b|cuboctahedr)"
)
_POLYHEDRON_BEFORE = re.compile(r"(?:octahedra|tetrahedra|polyhedra|units) of $|sharing $")


@dataclass(frozen=True, slots=True)
class Compound:
    """A compound that a sentence names.

    Attributes:
        start: First character, in the readable text (`readable`).
        end: One past the last.
        name: As it stands there.
        counts: Atoms of each element, the same for every spelling; empty where no crystal can be made of it.
        reason: Why none can be made, in words that follow the name; empty otherwise.
        remark: What is not quite as the paper has it (a host without its dopant, fractions put in order).
        stands_in: Whether it is made in place of a solid solution or a doped compound, which is what is named.
    """

    start: int
    end: int
    name: str
    counts: Mapping[str, int]
    reason: str = ""
    remark: str = ""
    stands_in: bool = False

    @property
    def formula(self) -> str:
        """As chemists write it; the name as it stands where no crystal can be made."""
        return conventional_formula(self.counts) if self.counts else self.name


def readable(text: str) -> str:
    """A sentence in which formulas can be read: plain digits, no oxidation states, no hyphens of line ends in them.

    A word with a character that could not be read is none: ``Fm3�m`` is not Fm3.
    """
    text = _UNREADABLE.sub("�", text)
    text = plain_digits(unicodedata.normalize("NFKC", text)).replace("‑", "-").replace("−", "-")
    while (shorter := _STATE.sub(r"\1", text)) != text:
        text = shorter
    text = _SPACED_END.sub("", _SHARED_END.sub(r"\1\2", text))
    return _LINE_END.sub(r"\1", text)


def find_compounds(text: str, acronyms: Mapping[str, str] | None = None) -> list[Compound]:
    """Every compound that a readable sentence names, in the order of the text.

    Args:
        text: From `readable`.
        acronyms: Formulas by acronym as the paper defines them, which come before those that are known to all.
    """
    found: list[Compound] = []
    taken = bytearray(len(text))
    for finder in (_hybrids, _solutions, _trivial, lambda t: _acronyms(t, acronyms or {}), _formulas, _elemental):
        free = [compound for compound in finder(text) if not any(taken[compound.start : compound.end])]
        for compound in free:  # the ends of one solid solution stand at one place
            taken[compound.start : compound.end] = b"\x01" * (compound.end - compound.start)
        found += free
    return sorted(found, key=lambda compound: compound.start)


def definitions(texts: Iterator[str]) -> dict[str, str]:
    """Acronyms that a paper defines by a formula: ``BaTiO3 (BTO)`` or ``BTO (BaTiO3)``."""
    defined: dict[str, str] = {}
    for text in texts:
        for match in _DEFINED.finditer(readable(text)):
            formula, acronym = (match["f1"], match["a1"]) if match["a1"] else (match["f2"], match["a2"])
            composition = parse_formula(formula)
            if composition and len(composition) > 1 and _whole(composition)[0] and _initials(acronym, formula):
                defined.setdefault(acronym, formula)
    return defined


_ACRONYM = r"[A-Z][A-Za-z]{0,2}[A-Z][A-Za-z0-9]{0,3}"
_FORMULA = r"(?:[A-Z][a-z]?\d*){2,}"
_DEFINED = re.compile(
    rf"\b(?P<f1>{_FORMULA}) ?[(,] ?(?P<a1>{_ACRONYM})\b[),]|\b(?P<a2>{_ACRONYM}) ?\((?P<f2>{_FORMULA})\)"
)


def _initials(acronym: str, formula: str) -> bool:
    """Whether an acronym is made of the first letters of a formula's elements."""
    return acronym != formula and {a for a in acronym if a.isupper()} <= {
        symbol[0] for symbol in re.findall("[A-Z]", formula)
    }


@cache
def _hybrid_pattern() -> re.Pattern[str]:
    organic = "|".join(ion.written for ion in ORGANIC_IONS)
    amount = r"(?:\d*\.?\d+|\d?[-]?[xyz]|\d[-][xyz])?"
    part = rf"(?:{SYMBOL}{amount}|\((?:{SYMBOL}{amount})+\){amount})"
    ion = rf"(?:(?:{organic}){amount}|\((?:{organic})\){amount})"
    return re.compile(rf"(?<![A-Za-z0-9])(?:{part})*{ion}(?:{ion}|{part})*(?![A-Za-z0-9])")


def _hybrids(text: str) -> Iterator[Compound]:
    """``MAPbI3``, ``FA0.8Cs0.2PbI3``: organic ions, which the generator does not know."""
    pattern = _hybrid_pattern()
    for match in pattern.finditer(text):
        rest, names = match[0], []
        for ion in ORGANIC_IONS:
            rest, times = re.subn(rf"\(?{ion.written}[\d.xyz-]*\)?[\d.]*", "", rest, count=2)
            names += [ion.name] * bool(times)
        inorganic = set(re.findall(SYMBOL, rest))
        if len(inorganic) > 1 and inorganic - _NONMETALS and inorganic & _HALOGENS:
            ions = " and ".join(dict.fromkeys(names))
            yield Compound(*match.span(), match[0], {}, f"has organic ions ({ions}), which cannot be made")


_AMOUNT = r"(?:\d*\.?\d*[-+]?[xyzδ]|[xyz]|\d*\.?\d+)?"
_SOLUTION = re.compile(
    rf"(?<![A-Za-z0-9])(?=[^\s]*[a-z\d)][xy]|[^\s]*[A-Z][xy])(?:{SYMBOL}{_AMOUNT}|"
    rf"\((?:{SYMBOL}{_AMOUNT},?)+\){_AMOUNT})+(?![A-Za-z0-9])"
)
_SHARED = re.compile(rf"({SYMBOL})x,?({SYMBOL})1-x")
_SHARED_BACK = re.compile(rf"({SYMBOL})1-x,?({SYMBOL})x")


def _solutions(text: str) -> Iterator[Compound]:
    """``Cs2Ag(SbxBi1-x)Br6``: the compounds between which a solid solution lies, each in its own right."""
    for match in _SOLUTION.finditer(text):
        shared = _SHARED.search(match[0]) or _SHARED_BACK.search(match[0])
        if shared is None:
            continue
        for end_member in (shared[1], shared[2]):
            written = match[0][: shared.start()] + end_member + match[0][shared.end() :]
            composition = parse_formula(re.sub(rf"\(({SYMBOL})\)", r"\1", written))
            counts, _ = _whole(composition or ())
            if counts and len(counts) > 1:
                remark = f"an end of the solid solution {match[0]}"
                yield Compound(*match.span(), match[0], counts, remark=remark, stands_in=True)


def _trivial(text: str) -> Iterator[Compound]:
    lower = text.lower().replace("sulphide", "sulfide")
    if len(lower) != len(text):
        return
    for match in _trivial_pattern().finditer(lower):
        counts, _ = _whole(parse_formula(TRIVIAL_NAMES[" ".join(match[0].split())]) or ())
        yield Compound(*match.span(), text[match.start() : match.end()], counts)


@cache
def _trivial_pattern() -> re.Pattern[str]:
    names = sorted(TRIVIAL_NAMES, key=len, reverse=True)
    either = "|".join(name.replace(" ", r"\s+") for name in names)
    return re.compile(rf"(?<![\w-])(?<!ium )(?<!organic )(?:{either})(?![\w-])(?!\s+(?:double\s+)?perovskite)")


_WORD = re.compile(r"(?<![\w-])[A-Z][A-Za-z]*[A-Z][A-Za-z0-9]*(?![\w])")


def _acronyms(text: str, defined: Mapping[str, str]) -> Iterator[Compound]:
    for match in _WORD.finditer(text):
        word = match[0]
        if word in DOPED and word not in defined:
            host, meaning = DOPED[word]
            counts, _ = _whole(parse_formula(host) or ())
            remark = f"{word} is {meaning}: its host {host} is made"
            yield Compound(*match.span(), word, counts, remark=remark, stands_in=True)
            continue
        written = defined.get(word) or ACRONYMS.get(word)
        if written:
            counts, remark = _whole(parse_formula(written) or ())
            if counts:
                yield Compound(*match.span(), word, counts, remark=remark or f"{word} is {written}")


def _formulas(text: str) -> Iterator[Compound]:
    for mention in mentions_of(text):
        if mention.kind != "formula":
            continue
        name = text[mention.start : mention.end]
        if not _is_compound(name, mention.composition) or text[mention.end : mention.end + 1] in ("^", "+"):
            continue
        if _POLYHEDRON.match(text, mention.end) or _POLYHEDRON_BEFORE.search(text, 0, mention.start):
            continue
        counts, remark = _whole(mention.composition)
        if not counts:
            yield Compound(mention.start, mention.end, name, {}, "has fractions of atoms that no small cell can hold")
        else:
            yield Compound(mention.start, mention.end, name, counts, remark=remark)


_ELEMENTAL = re.compile(
    r"(?<![\w-])(?P<name>silicon|germanium|diamond|graphite|selenium|tellurium)(?=[,.;)]|$|\s(?:is|was|has|had|shows|showed|"
    r"absorbs|conducts)\b)",
    re.IGNORECASE,
)
"""Elements that are materials by themselves, where no noun follows ("silicon cells")."""


def _elemental(text: str) -> Iterator[Compound]:
    for match in _ELEMENTAL.finditer(text):
        symbol = {"diamond": "C", "graphite": "C"}.get(match["name"].lower()) or ELEMENT_SYMBOLS[match["name"].lower()]
        yield Compound(*match.span("name"), match["name"], {symbol: 1})


def _is_compound(name: str, composition: Composition) -> bool:
    """Whether what parses as a formula is meant as one, and as that of a solid."""
    symbols = {str(symbol) for symbol, _ in composition}
    if len(symbols) < 2 or not symbols <= NUMBERS.keys() or name in NO_COMPOUNDS or "^" in name:
        return False
    if parse_formula(name) is None and name.lower() not in COMMON_COMPOUNDS:  # in careless case: LiMO2 is no LiMo2
        return False
    bare = name.strip("()[]")
    if not any(c.isdigit() for c in bare):
        stem = bare.removesuffix("s")
        if stem.isupper() and stem.isalpha() and bare not in CAPITAL_FORMULAS:
            return False
    if symbols <= _NONMETALS:
        return bare in _CARBON_NITRIDES
    return not {"C", "H"} <= symbols


def _whole(composition: Composition) -> tuple[dict[str, int], str]:
    """Counts in whole numbers and, where that took several units, a remark; none if no small cell holds them."""
    amounts = {str(symbol): float(amount or 0) for symbol, amount in composition if symbol}
    if not amounts or min(amounts.values()) <= 0:
        return {}, ""
    for units in range(1, _MOST_UNITS + 1):
        scaled = {symbol: amount * units for symbol, amount in amounts.items()}
        near = {symbol: round(amount) for symbol, amount in scaled.items()}
        if all(abs(near[symbol] - amount) < 0.02 * units and near[symbol] for symbol, amount in scaled.items()):
            counts = reduced(near)
            if units == 1:
                return counts, ""
            if sum(near.values()) <= MOST_ATOMS:
                return counts, f"its fractions of atoms are put in order as {conventional_formula(counts)}"
            break
    return {}, ""


_BETWEEN = re.compile(r"(?:\s*(?:,|/|and|or|&|as well as|,\s*(?:and|or)|\([^()]{0,30}\))\s*)+", re.IGNORECASE)


def lists_of(text: str, compounds: list[Compound]) -> list[list[Compound]]:
    """Compounds that are told of together: ``MnCdBr4, MnRu2Br8 and ZnCoBr4``."""
    lists: list[list[Compound]] = [[compound] for compound in compounds[:1]]
    for before, after in pairwise(compounds):
        between = text[before.end : after.start]
        together = after.start - before.end <= 1 or _BETWEEN.fullmatch(between)
        if together or before.name == after.name:
            lists[-1].append(after)
        else:
            lists.append([after])
    return lists
