"""Formulas, cells and space groups as people and JSON give them, checked before anything is made of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from clip_mat.crystal import NUMBERS
from clip_mat.errors import RequestError
from clip_mat.language.formula_parser import parse_formula, plain_digits
from clip_mat.language.spacegroups import find_symbol

_KINDS = {"text": (str, "a text"), "n": (int, "a whole number"), "seed": (int, "a whole number")}


def check_kinds(**given: object) -> None:
    """Raises a RequestError where a value, which may come from JSON, is of the wrong kind."""
    for name, value in given.items():
        kind, told = _KINDS.get(name, (bool, "true or false"))
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise RequestError(f"{name} must be {told}, not {value!r}")


def counts_of(given: object, what: str) -> dict[str, int]:
    """Element counts of a formula as written, or of a mapping; elements in alphabetical order.

    Raises:
        RequestError: If it is none, or has fractions.
    """
    if isinstance(given, str):
        amounts = _amounts(given)
        if amounts is None:
            raise RequestError(f"{what} {given!r} is no formula; write it like LiMnO2 or Li2Mn2O4")
    elif isinstance(given, Mapping):
        amounts = Counter(dict(given))
    else:
        raise RequestError(f"{what} must be a formula or counts by element, not {given!r}")
    unknown = [symbol for symbol in amounts if symbol not in NUMBERS]
    if unknown or not amounts:
        raise RequestError(f"{what} {given!r}: no such element: {', '.join(map(str, unknown)) or 'none given'}")
    for symbol, count in amounts.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise RequestError(f"{what} {given!r}: the amount of {symbol} must be a whole number, not {count!r}")
    return {symbol: amounts[symbol] for symbol in sorted(amounts)}


def _amounts(written: str) -> Counter[str] | None:
    """Counts of a formula without bringing them to lowest terms; None if it is no formula in whole numbers."""
    parsed = parse_formula(written.strip())
    if parsed is None or not all(symbol and amount and float(amount).is_integer() for symbol, amount in parsed):
        return None
    lowest = {str(symbol): int(amount or 0) for symbol, amount in parsed}
    plain = re.findall(r"([A-Z][a-z]?)(\d*)", written.strip())
    if "".join(symbol + count for symbol, count in plain) != written.strip().replace(" ", ""):
        return _with_brackets(written) or Counter(lowest)
    counted: Counter[str] = Counter()
    for symbol, count in plain:
        counted[symbol] += int(count or 1)
    return counted


def _with_brackets(written: str) -> Counter[str] | None:
    """Counts of a formula with brackets, ``Mg2(OH)4``; None where it is none, or has fractions."""
    from pymatgen.core.composition import Composition

    try:
        amounts = Composition(written).get_el_amt_dict()
    except ValueError:
        return None
    whole = all(float(amount).is_integer() for amount in amounts.values())
    return Counter({symbol: int(amount) for symbol, amount in amounts.items()}) if whole else None


def spacegroup_of(given: object) -> int:
    """Number of a space group given by number or symbol.

    Raises:
        RequestError: If there is none.
    """
    if isinstance(given, str) and not given.strip().isdecimal():
        found = find_symbol(written := plain_digits(given.strip()), 0)
        if found is None or found[0] != len(written):
            raise RequestError(f"space group {given!r}: give a number from 1 to 230 or a symbol like Fm-3m")
        return found[1]
    number = int(given) if isinstance(given, int | float | str) and float(given).is_integer() else 0
    if isinstance(given, bool) or not 1 <= number <= 230:
        raise RequestError(f"space group {given!r}: give a number from 1 to 230 or a symbol like Fm-3m")
    return number
