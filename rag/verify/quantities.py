"""Numbers with their units, as a text states them, and whether two of them say the same.

A value is brought to SI with the dimension of its unit, so that 1.6 eV, 1600 meV and 154 kJ/mol compare. How far two
values may lie apart follows from how the claim is written: its last digit may be a rounded one, nothing more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from math import isclose

from rag.verify.units import UNIT_PATTERN, Dimension, parse_unit

SILENT_ROUNDING = 0.05
"""Share of a value that may be rounded away without a word: 1.6 eV is no 2 eV."""

STATED_ROUNDING = 0.15
""" ... and where the text says "about"."""

CONVERTED = 0.01
"""Share of a value that a change of its unit may cost: constants are rounded, too."""

_TEMPERATURE: Dimension = (("temperature", 1),)


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number of a text.

    Attributes:
        start: First character, in the text as `plain_numbers` leaves it.
        end: One past the last character, its unit included.
        number: As written, without the unit.
        step: One unit of its last written digit.
        unit: As written; "" where there is none.
        value: In SI (kelvin for °C).
        scale: What `number` is multiplied by to become `value`.
        dimension: Of the unit; None for a number by itself.
        about: Whether the text says that it is rounded.
        change: Whether the text says that it is a difference.
    """

    start: int
    end: int
    number: float
    step: float
    unit: str
    value: float
    scale: float
    dimension: Dimension | None
    about: bool = False
    change: bool = False


_SUPERSCRIPTS = {ord(raised): plain for raised, plain in zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True)}
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")
_MARKER = re.compile(r"\[\d+(?:\s*[,;–-]\s*\d+)*\]")
_LABELLED = re.compile(
    r"\b(?:fig(?:ure|s)?|tables?|eqs?|equations?|refs?|references?|sections?|sec|scheme|chapter|box|appendix|algorithm"
    r"|step|pages?|pp?|no|vol|supplementary)\b\.? ?\(?[A-Z]?\d+[a-z]?(?:[-.]\d+)*\)?",
    re.IGNORECASE,
)


def plain_numbers(text: str) -> str:
    """The text with raised digits as ``^2``, one kind of minus and blank, and without citation markers and the numbers
    of figures, tables and equations, which are no statements."""
    text = _RAISED.sub(lambda m: "^" + m[0].translate(_SUPERSCRIPTS), text)
    text = text.translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉−‐‑–—﹣－\u00a0\u2009\u202fµ×✕⋅∙", "0123456789-------   μ××··"))
    return _LABELLED.sub(" ", _MARKER.sub(" ", text))


_SMALL = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty"
)
_WORDS = {word: float(value) for value, word in enumerate(_SMALL.split(), start=2)} | {
    "thirty": 30.0,
    "forty": 40.0,
    "fifty": 50.0,
    "sixty": 60.0,
    "seventy": 70.0,
    "eighty": 80.0,
    "ninety": 90.0,
    "hundred": 100.0,
    "thousand": 1000.0,
    "million": 1e6,
    "billion": 1e9,
    "twice": 2.0,
    "both": 2.0,
    "half": 0.5,
    "thrice": 3.0,
}
_FOLD = {"twofold": 2.0, "threefold": 3.0, "fourfold": 4.0, "fivefold": 5.0, "tenfold": 10.0, "hundredfold": 100.0}
NUMBER_WORDS = _WORDS | _FOLD
"""Values of words that count. "One" is left out: mostly it counts nothing."""
_MULTIPLIERS = {"hundred": 100.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "k": 1e3}

_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_POWER = r"(?:\s?[×x·*]\s?10\s?\^?\s?(?P<power>[-+]?\d{1,2})|[eE](?P<exponent>[-+]?\d{1,2})(?!\w|\.\d))"
_VALUE = rf"(?P<sign>(?<![\w)\].])[-+])?(?P<digits>{_DIGITS})(?:{_POWER})?"
_BARE_POWER = r"(?P<ten>10)\^(?P<tens>[-+]?\d{1,2})"
_SCALE_WORD = r"(?:[ -](?P<times>hundred|thousand|million|billion)\b)?"
_NUMBER = re.compile(
    rf"(?<![\w^_])(?<![\d][.,])(?<![A-Za-z]-)(?:{_BARE_POWER}|{_VALUE}){_SCALE_WORD}"
    rf"(?:(?P<gap>[ -]?)(?P<unit>{UNIT_PATTERN}))?(?![A-Za-z0-9]|[.,]\d)"
)
_WORD = re.compile(
    rf"\b(?P<word>{'|'.join(sorted(NUMBER_WORDS, key=len, reverse=True))})\b"
    rf"(?:[ -](?P<times>hundred|thousand|million|billion)\b)?(?:[ -](?P<unit>{UNIT_PATTERN})(?![A-Za-z0-9]))?",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(?:about|around|approximately|approx\.?|roughly|nearly|almost|some|circa|ca\.?|close to|up to|over|more than|"
    r"less than|below|above|under|at least|at most|order of|~|≈|∼|≃|>|<|≥|≤|≳|≲) ?$",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"(?:\bby|within|±|\+/-|\b(?:rise|change|difference|increase|decrease|drop|steps?|shift|error) of)"
    r"(?: about| up to)? ?$"
)
_JOIN = re.compile(r"\s?(?:-|to|and|or|,|±|\+/-|/|through|,? ?(?:and|or|to))\s?")


@lru_cache(maxsize=4096)
def find_numbers(text: str) -> tuple[Quantity, ...]:
    """Every number of a text, in its order; of "1 to 2 eV" and "1.2 ± 0.1 eV" each has the unit.

    Args:
        text: As people write; positions in the result are those in ``plain_numbers(text)``.
    """
    plain = plain_numbers(text)
    found = [_read(plain, match) for match in _NUMBER.finditer(plain)]
    found += [_read_word(match) for match in _WORD.finditer(plain)]
    found.sort(key=lambda quantity: quantity.start)
    for place in range(len(found) - 2, -1, -1):
        one, behind = found[place], found[place + 1]
        if one.dimension is None and behind.unit and _JOIN.fullmatch(plain, one.end, behind.start):
            found[place] = _with_unit(one, behind.unit)
    return tuple(found)


def _read(text: str, match: re.Match[str]) -> Quantity:
    if match["ten"]:
        number, step = 10.0 ** int(match["tens"]), 10.0 ** int(match["tens"])
    else:
        digits = match["digits"].replace(",", "")
        number = float(digits) * (-1 if match["sign"] == "-" else 1)
        step = 10.0 ** -len(digits.partition(".")[2])
        factor = 10.0 ** int(match["power"] or match["exponent"] or 0)
        number, step = number * factor, step * factor
    times = _MULTIPLIERS.get(match["times"] or "", 1.0)
    about = _ABOUT.search(text, max(0, match.start() - 16), match.start()) is not None
    change = _CHANGE.search(text, max(0, match.start() - 24), match.start()) is not None
    bare = Quantity(
        match.start(), match.end(), number * times, step * times, "", number * times, 1.0, None, about, change
    )
    unit = match["unit"]
    if not unit or _is_no_unit(text, match, unit):
        end = match.start("gap") if unit else match.end()
        return Quantity(bare.start, end, bare.number, bare.step, "", bare.value, 1.0, None, about, change)
    return _with_unit(bare, unit)


def _read_word(match: re.Match[str]) -> Quantity:
    number = NUMBER_WORDS[match["word"].lower()] * _MULTIPLIERS.get((match["times"] or "").lower(), 1.0)
    bare = Quantity(match.start(), match.end(), number, min(number, 1.0), "", number, 1.0, None)
    return _with_unit(bare, match["unit"]) if match["unit"] else bare


_ATOMS = re.compile(r" ?(?:atoms?|vacanc|ions?\b|sites?\b|interstitial|doped)")


def _is_no_unit(text: str, match: re.Match[str], unit: str) -> bool:
    """Whether a letter behind a number only looks like a unit: ``2 N atoms``, the ``s`` of ``1990s``, ``3-A``."""
    if len(unit) == 1 and unit.isupper() and (_ATOMS.match(text, match.end("unit")) or match["gap"] == "-"):
        return True
    return unit == "s" and not match["gap"] and match["digits"] is not None and len(match["digits"]) == 4


def _with_unit(bare: Quantity, unit: str) -> Quantity:
    known = parse_unit(unit)
    if known is None:
        return bare
    scale, dimension, offset = known
    return Quantity(
        bare.start,
        bare.end,
        bare.number,
        bare.step,
        unit,
        bare.number * scale + offset,
        scale,
        dimension,
        bare.about,
        bare.change,
    )


def agrees(claimed: Quantity, stated: Quantity) -> bool:
    """Whether a claimed number is what the evidence states: the same, correctly rounded, or in another unit.

    A number without a unit agrees with the same number in any unit, since to leave a unit out says nothing false.
    """
    if claimed.dimension is None:
        return _close(claimed, claimed.number, stated.number)
    if stated.dimension != claimed.dimension:
        return False
    if claimed.unit == stated.unit:
        return _close(claimed, claimed.number, stated.number)
    return _close(claimed, claimed.value, stated.value, converted=True) or (
        # a difference of temperatures is the same in °C and K
        (claimed.change or stated.change)
        and claimed.dimension == _TEMPERATURE
        and claimed.scale == stated.scale
        and _close(claimed, claimed.number, stated.number)
    )


def same_number(claimed: Quantity, stated: Quantity) -> bool:
    """Whether the digits agree, whatever the units."""
    return _close(claimed, claimed.number, stated.number)


def _close(claimed: Quantity, ours: float, theirs: float, *, converted: bool = False) -> bool:
    if isclose(ours, theirs, rel_tol=1e-6, abs_tol=1e-30):
        return True
    apart, size = abs(ours - theirs), abs(theirs)
    scale = claimed.scale if converted else 1.0
    step = claimed.step
    if claimed.about and step == 1.0 and claimed.number and claimed.number % 10 == 0:
        step = 10.0 if claimed.number % 100 else 100.0  # "about 300": its noughts are no digits
    rounded = apart <= 0.5000001 * step * scale
    limit = STATED_ROUNDING if claimed.about else SILENT_ROUNDING
    if rounded and apart <= limit * size:
        return True
    # Kelvin are shifted: what a rounded degree may cost is no share of the value.
    limit = CONVERTED * size if claimed.dimension != _TEMPERATURE else min(CONVERTED * size, 0.6)
    return converted and apart <= limit
