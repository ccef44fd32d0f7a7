"""The substances of a text: which elements and which compounds it names, by formula, by name or by both.

``NaCl``, ``ClNa`` and "sodium chloride" are one; ``Co`` is an element and ``CO`` a molecule; "lead" is Pb where it is
no verb.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from clip_mat.language.formula_parser import parse_formula
from rag.mentions import mentions_of

Formula = tuple[tuple[str | None, float | None], ...]

_FAMILIES: dict[str, frozenset[str]] = {
    "oxide": frozenset(["O"]),
    "sulfide": frozenset(["S"]),
    "selenide": frozenset(["Se"]),
    "telluride": frozenset(["Te"]),
    "fluoride": frozenset(["F"]),
    "chloride": frozenset(["Cl"]),
    "bromide": frozenset(["Br"]),
    "iodide": frozenset(["I"]),
    "nitride": frozenset(["N"]),
    "phosphide": frozenset(["P"]),
    "arsenide": frozenset(["As"]),
    "antimonide": frozenset(["Sb"]),
    "carbide": frozenset(["C"]),
    "silicide": frozenset(["Si"]),
    "germanide": frozenset(["Ge"]),
    "boride": frozenset(["B"]),
    "hydride": frozenset(["H"]),
    "halide": frozenset(["F", "Cl", "Br", "I"]),
}
_MOLECULES = {
    "water": "H2O",
    "ammonia": "NH3",
    "methane": "CH4",
    "hydrogen peroxide": "H2O2",
    "carbon monoxide": "CO",
    "carbon dioxide": "CO2",
    "nitric oxide": "NO",
    "sulfuric acid": "H2SO4",
    "hydrochloric acid": "HCl",
    "nitric acid": "HNO3",
    "methanol": "CH3OH",
    "ethanol": "C2H5OH",
    "silica": "SiO2",
    "methylammonium": "CH3NH3",
    "formamidinium": "CH(NH2)2",
}
_ORGANIC_CATIONS = {"MA": "CH3NH3", "FA": "CH(NH2)2"}
_ORGANIC = re.compile(r"(?<![A-Za-z])(MA|FA)(?=(?:Pb|Sn|Ge)[A-Z\d(]|[+](?!\w))")
_CHARGED = re.compile(r"(?<=[A-Za-z\d)])\^\{?\d?[+-]\}?|[⁰¹²³⁴-⁹]?[⁺⁻]")


@dataclass(frozen=True, slots=True)
class Substances:
    """What a text names.

    Attributes:
        formulas: Compositions of compounds, each with how it is written.
        elements: Symbols of elements named by themselves, each with how it is written.
        families: Classes of compounds (``oxide``), each with how it is written.
        inside: Every element that is named or stands in a formula.
    """

    formulas: dict[Formula, str]
    elements: dict[str, str]
    families: dict[str, str]
    inside: frozenset[str]


@lru_cache(maxsize=4096)
def find_substances(text: str) -> Substances:
    """The substances that a text names."""
    text = _ORGANIC.sub(lambda m: _ORGANIC_CATIONS[m[1]], _CHARGED.sub("", text))
    formulas: dict[Formula, str] = {}
    elements: dict[str, str] = {}
    families: dict[str, str] = {}
    inside: set[str] = set()
    for mention in mentions_of(text):
        written = text[mention.start : mention.end]
        symbols = [symbol for symbol, _ in mention.composition if symbol]
        if mention.kind == "formula":
            if len(mention.composition) > 1:
                formulas.setdefault(mention.composition, written)
            else:
                elements.setdefault(symbols[0], written)
            inside.update(symbols)
        elif mention.kind in ("element", "system"):
            for symbol in symbols:
                elements.setdefault(symbol, written)
            inside.update(symbols)
        elif mention.kind == "family" and mention.name in _FAMILIES:
            families.setdefault(mention.name, written)
            if mention.name != "halide":
                inside |= _FAMILIES[mention.name]
        elif mention.kind == "anonymous":
            inside.update(symbols)
    lowered = text.lower()
    for name, formula in _MOLECULES.items():
        if name in lowered:
            composition = parse_formula(formula)
            if composition is not None:
                formulas.setdefault(composition, name)
                inside.update(symbol for symbol, _ in composition if symbol)
    return Substances(formulas, elements, families, frozenset(inside))


def _is_spaced(written: str, evidence: str) -> bool:
    """Whether a formula with a count stands in a text with blanks in it, as PDFs give them: ``TiO 2``."""
    return bool(re.search(r"\d", written)) and written in re.sub(r"(?<=[A-Za-z\d)]) (?=\d)", "", evidence)


def missing_substances(claim: str, evidence: str) -> list[str]:
    """What a claim names and the evidence does not, as the claim writes it.

    A compound also counts as named where the evidence spells its elements out ("titanium dioxide" for TiO2) and writes
    no other formula of the same elements; an element, where it stands in a formula.
    """
    ours, theirs = find_substances(claim), find_substances(evidence)
    missing = []
    for formula, written in ours.formulas.items():
        symbols = {symbol for symbol, _ in formula if symbol}
        others = [known for known in theirs.formulas if {symbol for symbol, _ in known} == symbols]
        if formula in theirs.formulas or _is_spaced(written, evidence):
            continue
        spelled = theirs.elements.keys() | {s for name in theirs.families for s in _FAMILIES[name]}
        if others or not symbols <= spelled:
            missing.append(written)
    missing += [written for symbol, written in ours.elements.items() if symbol not in theirs.inside]
    for name, written in ours.families.items():
        if not _FAMILIES[name] & theirs.inside and name not in theirs.families:
            missing.append(written)
    return missing
