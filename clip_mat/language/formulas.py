"""One composition in the many ways that people write it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from math import gcd

from clip_mat.facts import reduced, write_formula
from clip_mat.language.names import ELEMENT_NAMES


def _elements(written: str) -> tuple[str, ...]:
    return tuple(re.findall("[A-Z][a-z]?", written))


_ELECTROPOSITIVE = _elements(
    "FrCsKRbBaRaNaSrLiCaAcLaTbYbCePmPrNdSmEuGdDyYHoErTmLuPuAmBkCfCmEsFmHfLrMdNoThMgZrNpScUPaTaTiMnBeNbAlTlVZnCrCd"
    "InGaFeCoCuReTcNiAgSnHgPoBiMoIrOsPdRuPtRhPbWAu"
)
"""Metals by rising electronegativity (Pauling's scale), as intermetallics are written."""
_CATIONS = _elements(
    "FrCsRbKNaLiTlAgRaBaSrCaPbEuAcLaCePrNdPmSmGdTbDyHoErTmYbLuYBiThPaUNpPuAmCmBkCfEsFmMdNoLrBeMgCuCdZnHgNiCoMnFe"
    "InGaAlCrScVSnTiZrHfNbTaMoWTcReRuOsRhIrPdPtAuPo"
)
"""Metals by rising usual charge, the large before the small, as salts and oxides are written: CuFeO2, LaMnO3."""
_NONMETALS = _elements("HeNeArKrXeRnGeSiBSbAsPCNHTeSeSAtIBrClOF")
"""The rest, as IUPAC orders them (Nomenclature of Inorganic Chemistry 2005, table VI)."""
_SALT_FORMERS = frozenset(_elements("OFSClSeBrTeI"))
_OXOACID_FORMERS = frozenset(_elements("CNPAs"))
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def chemists_order(symbols: Iterable[str]) -> list[str]:
    """Different elements as chemists write them where a database sorts by the alphabet: Li Mn O, Pb Ti O, N H."""
    present = frozenset(symbols)
    metals = _CATIONS if present & _SALT_FORMERS else _ELECTROPOSITIVE
    if "O" in present and present & _OXOACID_FORMERS:  # acid salts name hydrogen early: KH2PO4, NaHCO3
        metals = (*metals, "H")
    order = (*metals, *_NONMETALS)
    return sorted(present, key=order.index)


def conventional_formula(counts: Mapping[str, int]) -> str:
    """The reduced formula with elements in the order in which chemists name them.

    Args:
        counts: Atoms of each element, in any multiple.
    """
    atoms = reduced(counts)
    return write_formula({symbol: atoms[symbol] for symbol in chemists_order(atoms)})


def vary_formula(counts: Mapping[str, int], rng: random.Random) -> str:
    """One of the ways to write a composition: ``LiMnO2``, ``Li Mn O2``, ``LiMnO₂``, ``LiMnO$_2$``, ``Li2Mn2O4``.

    Args:
        counts: Element counts in lowest terms.
        rng: Decides.
    """
    order = rng.choices(_ORDERS, _ORDER_WEIGHTS)[0]
    if order == "grouped":
        return _mark_counts(_group(counts), rng)
    symbols = list(counts)
    if order == "chemist":
        symbols = chemists_order(symbols)
    elif order == "shuffled":
        rng.shuffle(symbols)
    times = rng.choice((2, 2, 4)) if rng.random() < 0.03 else 1
    ones = rng.random() < 0.06
    parts = [symbol + _count(counts[symbol] * times, ones) for symbol in symbols]
    return _mark_counts((" " if rng.random() < 0.08 else "").join(parts), rng)


_ORDERS = ("chemist", "alphabetical", "grouped", "shuffled")
_ORDER_WEIGHTS = (45, 20, 27, 8)


def list_elements(symbols: Sequence[str], rng: random.Random, spelled: float = 0.5) -> str:
    """``Li, Mn and O``, ``lithium and oxygen``: in any order, by symbol or, with the chance given, by name."""
    shown = list(symbols)
    rng.shuffle(shown)
    if rng.random() < spelled:
        shown = [element_name(symbol, rng) for symbol in shown]
    if len(shown) == 1:
        return shown[0]
    comma = "," if len(shown) > 2 and rng.random() < 0.3 else ""
    return ", ".join(shown[:-1]) + f"{comma} {rng.choice(('and', 'and', 'and', '&', 'plus'))} {shown[-1]}"


def element_name(symbol: str, rng: random.Random) -> str:
    """An English name of the element, in one of its spellings."""
    return rng.choice(ELEMENT_NAMES[symbol])


def _count(count: int, ones: bool) -> str:
    return str(count) if count > 1 or ones else ""


def _group(counts: Mapping[str, int]) -> str:
    """Chemist's order, the last two elements in parentheses where they share a factor: ``Mg(OH)2``, ``Al2(SO4)3``."""
    symbols = chemists_order(list(counts))
    shared = gcd(counts[symbols[-1]], counts[symbols[-2]]) if len(symbols) > 2 else 1
    if shared == 1:
        return "".join(symbol + _count(counts[symbol], ones=False) for symbol in symbols)
    *first, centre, anion = symbols
    inner = [(centre, counts[centre] // shared), (anion, counts[anion] // shared)]
    if centre == "H" and inner == [("H", 1), ("O", 1)]:
        inner.reverse()
    group = "".join(symbol + _count(count, ones=False) for symbol, count in inner)
    return "".join(symbol + _count(counts[symbol], ones=False) for symbol in first) + f"({group}){shared}"


def _mark_counts(formula: str, rng: random.Random) -> str:
    """Plain digits mostly; subscripts of Unicode, LaTeX or HTML now and then."""
    chance = rng.random()
    if chance < 0.86:
        return formula
    if chance < 0.93:
        return formula.translate(SUBSCRIPTS)
    opening, closing = ("$_{", "}$") if chance < 0.955 else ("$_", "$") if chance < 0.97 else ("<sub>", "</sub>")
    marked, digits = [], ""
    for character in formula + "\0":
        if character.isdigit():
            digits += character
            continue
        if digits:
            braces = opening == "$_" and len(digits) > 1
            marked.append(f"$_{{{digits}}}$" if braces else opening + digits + closing)
            digits = ""
        marked.append(character)
    return "".join(marked[:-1])
