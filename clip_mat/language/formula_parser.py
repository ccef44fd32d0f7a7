"""Chemical formulas as people write them: brackets, hydrates, charges, subscripts of every make, sloppy case.

A composition is a tuple of (symbol, amount), symbols in alphabetical order, so ``NaCl`` and ``ClNa`` are one; whole
amounts are in lowest terms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache, reduce
from itertools import pairwise
from math import gcd
from typing import TypeAlias

from clip_mat.crystal import SYMBOLS

Composition: TypeAlias = tuple[tuple[str | None, float | None], ...]


def _any_symbol() -> str:
    """Regular expression of any symbol, those of one first letter together: ``(?:A[cglmrstu]|B[aehikr]?|...)``."""
    seconds: dict[str, str] = {}
    for symbol in SYMBOLS[1:]:
        seconds[symbol[0]] = seconds.get(symbol[0], "") + symbol[1:]
    return "(?:" + "|".join(f"{a}[{b}]{'?' if a in SYMBOLS else ''}" if b else a for a, b in seconds.items()) + ")"


_SYMBOL = _any_symbol()
_NUMBER = r"(?:\d{1,3}\.\d{1,4}|(?!0\d)\d{1,3})"
_COUNT = rf"(?:<sub>{_NUMBER}</sub>|\$?_\{{?{_NUMBER}\}}?\$?|{_NUMBER})"
_CHARGE = r"(?:\^\{?\d?[-+]\}?|[⁰¹²³⁴-⁹]?[⁺⁻]|\d?\+(?![\w+]))"
_VACANCY = r"(?:[-+±][xyδ](?![a-z]))"
_ATOM = rf"{_SYMBOL}(?:{_COUNT}?{_VACANCY}|{_CHARGE}{_COUNT}?|{_COUNT}{_CHARGE}?)?"
_GROUP = rf"(?:{_ATOM})+"
for _ in range(2):  # brackets within brackets
    _GROUP = rf"(?:{_ATOM}|[(\[]{_GROUP}[)\]]{_COUNT}?{_CHARGE}?)+"
FORMULA = rf"{_GROUP}(?:[·•⋅∙]\s?{_NUMBER}?{_GROUP})*"
"""Regular expression of a formula in correct case, with digits translated by `plain_digits`."""
SYMBOL = _SYMBOL

_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉–—‐‑−﹣－", "0123456789-------")
_MARKUP = re.compile(r"</?sub>|[$_{}]")
_CHARGES = re.compile(rf"\^\{{?\d?[-+]\}}?|[⁰¹²³⁴-⁹]?[⁺⁻]|(?<=[a-zA-Z])\d?\+(?!\w)|{_VACANCY}")
_PIECE = re.compile(rf"({_SYMBOL})({_NUMBER})?|([(\[])|[)\]]({_NUMBER})?")
_RARE = "He Ne Ar Kr Xe Rn Po At Fr Ra Ac Pa Np Pu Am Cm Bk Cf Es Fm Md No Lr Tc Pm"
_LOWER = {symbol.lower(): symbol for symbol in SYMBOLS[1:] if symbol not in _RARE.split()}
_LOWER_FORMULA = re.compile(r"(?:[a-z]{1,8}\d{0,2}){1,6}")
_LOWER_PIECE = re.compile(r"([a-z]+)(\d*)")
_LOWER_EXCEPTIONS = {"co2": "CO2", "h2o": "H2O", "no2": "NO2", "sc2": "Sc2"}
_COMMON_COMPOUNDS = (
    "LiH LiF LiCl LiBr NaF NaCl NaBr NaI KCl KBr RbCl RbBr RbI CsF CsCl CsBr AgCl AgBr CuCl CuBr TlCl TlBr "
    "BeO MgO CaO SrO BaO ZnO CdO MnO FeO NiO CuO PbO SnO MgS SrS BaS ZnS CdS MnS FeS NiS CuS PbS SnS HgS "
    "MgSe ZnSe CdSe PbSe SnSe HgSe MgTe ZnTe CdTe PbTe SnTe HgTe GeTe AlN GaN GaAs InAs AlSb GaSb InSb "
    "ZrN HfN NbN ZrC HfC NbC TaC SiGe NiAl TiAl NiTi FePt"
)
_COMMON = {formula.lower(): formula for formula in _COMMON_COMPOUNDS.split()}
"""Compounds without a digit that are no word of English when all their letters are small."""
_NOT_LOWER = re.compile(r"sp\d.*|ph\d.*|usb\d|vasp\d|[amothc][psabcifr]\d+|p6\d?|r2scan")


def plain_digits(text: str) -> str:
    """The text with subscript digits and typographic hyphens made plain; no character moves."""
    return text.translate(_DIGITS)


def whole_counts(composition: Composition) -> dict[str, int]:
    """Atoms of each element; none where amounts are fractions or not told."""
    if not all(symbol and amount and float(amount).is_integer() for symbol, amount in composition):
        return {}
    return {str(symbol): int(amount or 0) for symbol, amount in composition}


@lru_cache(maxsize=65536)
def parse_formula(text: str) -> Composition | None:
    """Composition of a formula in correct case; None if it is no formula.

    Args:
        text: Like ``Mn(InTe2)2``, ``CuSO4·5H2O``, ``LiMnO$_2$``, ``Fe^{3+}``. Charges and vacancies (``-x``, ``-δ``)
            are left out.
    """
    text = _MARKUP.sub("", _CHARGES.sub("", plain_digits(text)))
    total: dict[str, float] = {}
    for part in re.split(r"[·•⋅∙]\s?", text):
        factor = re.match(rf"{_NUMBER}(?=[A-Z(\[])", part)
        counts = _count(part[factor.end() :] if factor else part)
        if counts is None:
            return None
        for symbol, amount in counts.items():
            total[symbol] = total.get(symbol, 0) + amount * (float(factor[0]) if factor else 1)
    return reduced_composition(total) if total and min(total.values()) > 0 else None


def reduced_composition(amounts: Mapping[str, float]) -> Composition:
    """Symbols in alphabetical order; whole amounts divided by what they share."""
    if all(float(amount).is_integer() for amount in amounts.values()):
        divisor = reduce(gcd, (int(amount) for amount in amounts.values()))
        return tuple((symbol, int(amounts[symbol]) // divisor) for symbol in sorted(amounts))
    return tuple((symbol, round(amounts[symbol], 6)) for symbol in sorted(amounts))


def _count(text: str) -> dict[str, float] | None:
    """Amounts in plain text without charges; None if it does not parse."""
    stack: list[dict[str, float]] = [{}]
    position = 0
    while position < len(text):
        piece = _PIECE.match(text, position)
        if piece is None:
            return None
        symbol, count, opening, group_count = piece.groups()
        if symbol:
            stack[-1][symbol] = stack[-1].get(symbol, 0) + float(count or 1)
        elif opening:
            stack.append({})
        else:
            if len(stack) < 2:
                return None
            for inner, amount in stack.pop().items():
                stack[-1][inner] = stack[-1].get(inner, 0) + amount * float(group_count or 1)
        position = piece.end()
    return stack[0] if len(stack) == 1 else None


@lru_cache(maxsize=65536)
def parse_sloppy_formula(text: str) -> Composition | None:
    """Composition of a formula whose case cannot be trusted (``limno2``, ``Tio2``, ``NACL``); None if in doubt.

    It needs a digit and a reading in elements, the one with the fewest, or must be a very common compound.
    """
    lower = plain_digits(text).lower()
    if lower in _COMMON:
        return parse_formula(_COMMON[lower])
    if lower in _LOWER_EXCEPTIONS:
        return parse_formula(_LOWER_EXCEPTIONS[lower])
    if not re.search(r"\d", lower) or not _LOWER_FORMULA.fullmatch(lower) or _NOT_LOWER.fullmatch(lower):
        return None
    amounts: dict[str, float] = {}
    for letters, count in _LOWER_PIECE.findall(lower):
        symbols = _split_lower(letters)
        if not symbols or count.startswith("0"):
            return None
        for place, symbol in enumerate(symbols):
            last = place == len(symbols) - 1
            amounts[symbol] = amounts.get(symbol, 0) + (float(count or 1) if last else 1)
    return reduced_composition(amounts) if len(amounts) > 1 else None


def _split_lower(letters: str) -> tuple[str, ...] | None:
    """The fewest elements whose symbols spell the letters, longer symbols first; None if none do."""
    best: list[tuple[str, ...] | None] = [None] * len(letters) + [()]
    for start in reversed(range(len(letters))):
        for width in (2, 1):
            rest = best[start + width] if start + width <= len(letters) else None
            symbol = _LOWER.get(letters[start : start + width])
            if rest is None or symbol is None or symbol in rest:
                continue
            known = best[start]
            if known is None or len(rest) + 1 < len(known):
                best[start] = (symbol, *rest)
    return best[0]


def alphabetical(symbols: list[str]) -> bool:
    """Whether no symbol comes before the one ahead of it."""
    return all(left <= right for left, right in pairwise(symbols))


_PIECES_BEFORE = re.compile(r"(?<![A-Za-z0-9>])(?:[A-Z][a-z]?\d+|[A-Z][a-z]?\d* [A-Z][a-z]?\d*) $")
_PIECE_BEFORE = re.compile(rf"(?<![A-Za-z0-9>])(?!(?:In|As|I|At|No|He|Be|Am) ){_SYMBOL} $")
_BORON_OR_CARBON = re.compile(r"[BC]\d")


def is_last_piece(text: str, start: int) -> bool:
    """Whether pieces of a formula stand before a symbol, whose last piece it then is: ``La Ni2 P2``, ``Ta2 Fe B2``.

    Of boron and carbon one is enough: ``Ho B6``, since no element has such a structure.
    """
    one = _BORON_OR_CARBON.match(text, start) and _PIECE_BEFORE.search(text, max(0, start - 4), start)
    return bool(one) or _PIECES_BEFORE.search(text, max(0, start - 12), start) is not None
