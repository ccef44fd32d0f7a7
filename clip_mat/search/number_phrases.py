"""Numbers that a question sets bounds with: gaps, energies, atoms in the cell, numbers of elements."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clip_mat.facts import METAL_BELOW
from clip_mat.search.phrase import Phrase

_NUMBER = r"[-+]?(?:\d{1,5}(?:[.,]\d{1,6})?|\.\d{1,6})"
_COUNTS = {
    word: count
    for count, word in enumerate(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), 1)
}
_COUNT = rf"(?:\d{{1,4}}|{'|'.join(_COUNTS)})"
_COMPARISONS = {
    ">=": r">=|≥|=>|at least|(?:no|not) (?:less|fewer|smaller|lower|narrower) than|not (?:below|under)"
    r"|(?:a )?minimum(?: of)?|min\.?",
    "<=": r"<=|≤|=<|at most|up to|(?:no|not) (?:more|larger|greater|bigger|higher|wider) than"
    r"|not (?:above|over|exceeding|beyond)|within|(?:a )?maximum(?: of)?|max\.?",
    ">": r"(?<!sub)>|above|over|greater than|larger than|bigger than|wider than|more than|higher than|exceeding"
    r"|exceeds|beyond|in excess of",
    "<": r"<|below|under|less than|smaller than|lower than|narrower than|fewer than",
}
_COMPARISON = "(?:" + "|".join(_COMPARISONS.values()) + ")"
_ENERGY = r"(?:m?eV)"
_PER_ATOM = rf"{_ENERGY}(?: ?(?:/|per) ?(?:atom|at\.?))?"
_WITH = r"(?:\b(?:with|having|has|have|whose|and|of)\s+)?(?:\b(?:an?|the|its|their)\s+)?"
_GAP = (
    r"(?:(?:electronic |electrical |optical |direct |indirect |fundamental |calculated |pbe )*"
    r"(?:band[- ]?|energy )?gaps?(?: energy| energies)?|E_?g\b)"
)
_IS = (
    r"(?:\s*(?:is|are|of|lies|being|values?|in the range(?: of)?|ranging|range|that is|which is|should be|must be"
    r"|=|:))*"
    r"\s*"
)
_HULL = r"(?:the )?(?:convex )?hull"
_HULL_NAME = (
    rf"(?:energ(?:y|ies) (?:above|over|from) {_HULL}|e_?(?:above_?)?hull|hull (?:energy|distance)"
    rf"|distance (?:to|from) {_HULL})"
)
_FORMATION = r"(?:formation (?:energy|energies|enthalpy)|energy of formation|enthalpy of formation)"
_CELL = (
    r"(?:\s*(?:in|per|within)\s+(?:the |a |an |each |its |their )?(?:primitive |conventional |unit |small )*"
    r"(?:unit[- ]?)?cells?)"
)


def _pattern(body: str) -> re.Pattern[str]:
    return re.compile(body, re.IGNORECASE)


_NOT_MORE = r"(?![\w.]*\d)(?![A-Za-z/])"
_BOUND = rf"(?P<cmp>{_COMPARISON})\s*(?:an? |the )?(?P<n>{_NUMBER})\s*(?P<u>UNIT)?"
_RANGE = (
    rf"(?:(?:between|from|in the range(?: of)?|ranging from)\s+)?(?<![\w>}}$])(?P<low>{_NUMBER})\s*(?P<ul>UNIT)?"
    rf"\s*(?:-|to|up to|and|~|\.\.)\s*(?P<high>{_NUMBER})\s*(?P<u>UNIT)"
)
_SECOND = rf"\s*(?:,|,? (?:and|but|or))\s*(?P<cmp2>{_COMPARISON})\s*(?P<n2>{_NUMBER})\s*(?P<u2>UNIT)"
_AHEAD = rf"(?P<n>{_NUMBER})\s*(?P<u>UNIT)?\s*(?P<sign><=|≤|<|>=|≥|>)\s*"
_BEHIND = rf"\s*(?P<cmp2><=|≤|<|>=|≥|>)\s*(?P<n2>{_NUMBER})\s*(?P<u2>UNIT)?"
_POSTFIX = (
    r"(?P<more>\s*(?:or|and) (?:more|above|higher|larger|greater|over|wider)|\+)"
    r"|(?P<less>\s*(?:or|and) (?:less|below|lower|smaller|under))"
)


def _forms(name: str, unit: str) -> tuple[re.Pattern[str], ...]:
    """Ways to bound one property: by a range, by one or two comparisons, by "or more", before or behind its name."""
    bound, between = _BOUND.replace("UNIT", unit), _RANGE.replace("UNIT", unit)
    second, ahead, behind = (part.replace("UNIT", unit) for part in (_SECOND, _AHEAD, _BEHIND))
    return (
        _pattern(rf"{_WITH}{ahead}{name}{behind}{_NOT_MORE}"),
        _pattern(rf"{_WITH}{name}{_IS}{bound}{second}{_NOT_MORE}"),
        _pattern(rf"{_WITH}{name}{_IS}{between}{_NOT_MORE}"),
        _pattern(rf"{_WITH}{between}\s+{name}"),
        _pattern(rf"{_WITH}{name}{_IS}(?P<n>{_NUMBER})\s*(?P<u>{unit})?(?:{_POSTFIX})\b"),
        _pattern(rf"{_WITH}{name}{_IS}{bound}{_NOT_MORE}"),
        _pattern(
            rf"{_WITH}{bound.replace('(?P<u>' + unit + ')?', '(?P<u>' + unit + ')')}\s+(?:wide |large |in )?{name}"
        ),
    )


_PROPERTIES = (
    ("band_gap", _forms(_GAP, _ENERGY)),
    ("energy_above_hull", _forms(_HULL_NAME, _PER_ATOM)),
    ("formation_energy", _forms(_FORMATION, _PER_ATOM)),
)
_ABOUT_GAP = _pattern(
    rf"{_WITH}{_GAP}{_IS}(?:about|around|roughly|approximately|approx\.?|near|close to|exactly|equal to|~|≈)?\s*"
    rf"(?P<n>{_NUMBER})\s*(?P<u>{_ENERGY}){_NOT_MORE}"
)
_NO_GAP = _pattern(
    r"(?<!non-)(?<!non )(?<!not )(?<!nearly )\b"
    r"(?:(?:with |having )?(?:zero|no|without(?: an?)?|vanishing) (?:band[- ]?)?gap"
    rf"|gapless)\b(?! (?:{_COMPARISON}|between|of|in|from))"
    rf"|{_WITH}{_GAP}{_IS}(?:zero\b|0(?:\.0+)?(?:\s*{_ENERGY})?{_NOT_MORE})"
)
_A_GAP = _pattern(
    r"\b(?:with |having )?(?:an? )?(?:non-?(?:zero|vanishing)|finite|open(?:ed)?) (?:band[- ]?)?gap\b|\bnot gapless\b"
)
_DENIED = re.compile(r"\b(?:no|not|without|never|neither|nor)(?: an?| the| any)? $", re.IGNORECASE)
_NEAR_HULL = _pattern(
    rf"{_WITH}(?:\b(?:stable|metastable|lying|lies)\s+)?(?P<cmp>{_COMPARISON})\s*(?P<n>{_NUMBER})"
    rf"\s*(?P<u>{_PER_ATOM})\s*(?:of|from|above|over|to|off)\s+{_HULL}\b"
)
_NEGATIVE_FORMATION = _pattern(rf"{_WITH}(?P<sign>negative|positive) {_FORMATION}")
_CELL_BOUND = _pattern(
    rf"{_WITH}(?P<cmp>{_COMPARISON}|exactly)\s*(?P<n>{_COUNT})\s*(?:atoms|sites)(?P<cell>{_CELL})?(?![\w-])(?! per)"
)
_CELL_RANGE = _pattern(
    rf"{_WITH}(?:between |from )?(?P<low>{_COUNT})\s*(?:-|to|and)\s*(?P<high>{_COUNT})\s*(?:atoms|sites){_CELL}"
)
_CELL_EXACT = _pattern(rf"{_WITH}(?P<n>{_COUNT})[- ](?:atoms?|sites?)(?:{_CELL}| (?:unit |primitive )?cells?)(?![\w-])")
_ELEMENTS_BOUND = _pattern(
    rf"{_WITH}(?P<cmp>{_COMPARISON}|exactly|only)\s*(?P<n>{_COUNT})\s*(?:different |distinct |chemical )*"
    r"(?:elements|element types|components)(?![\w-])"
)
_ELEMENTS_EXACT = _pattern(
    rf"{_WITH}(?P<n>{_COUNT})(?:[- ](?:different |distinct |chemical )*(?:elements|element|component))(?![\w-])"
)
_NUMBERED_BEFORE = re.compile(r"(?:(?:group|\bnumber|\bno\.?|\bsg|\bspg|#)[ :.]*|\w-)$", re.IGNORECASE)
"""Behind these a number is a name and counts nothing: "space group 116 elements: ...", "P-3 elements: ..."."""
_ARITIES = {"unary": 1, "binary": 2, "ternary": 3, "quaternary": 4, "quinary": 5, "senary": 6}
_ARITY = "(?:" + "|".join(word[:-1] + "(?:y|ies)" for word in _ARITIES) + ")"
_ARITY_LIST = _pattern(
    r"(?P<neg>\b(?:non-?|not (?:a )?))?(?<!pseudo)(?<!pseudo-)(?<!quasi-)"
    rf"\b(?P<list>{_ARITY}(?:(?:,? (?:or|and) |, |/){_ARITY})*)\b"
)


def find(text: str) -> Iterator[Phrase]:
    """Every phrase that bounds a number."""
    for name, forms in _PROPERTIES:
        for form in forms:
            for match in form.finditer(text):
                denied = _DENIED.search(text, max(0, match.start() - 16), match.start())
                condition = _bounds(name, match, denied=denied is not None)
                yield Phrase(denied.start() if denied else match.start(), match.end(), condition, leaves=True)
    for match in _NEAR_HULL.finditer(text):
        yield Phrase(*match.span(), _bounds("energy_above_hull", match), leaves=True)
    for match in _NEGATIVE_FORMATION.finditer(text):
        yield Phrase(
            *match.span(), f"formation_energy {'<' if match['sign'].lower() == 'negative' else '>'} 0", leaves=True
        )
    for match in _ABOUT_GAP.finditer(text):
        value = _in_electronvolts(match["n"], match["u"])
        if value < 0:
            continue
        width = max(0.2, 0.15 * value)
        low, high = max(0.0, value - width), value + width
        yield Phrase(*match.span(), f"band_gap >= {low:.6g} AND band_gap <= {high:.6g}", leaves=True, soft=True)
    for match in _A_GAP.finditer(text):
        yield Phrase(*match.span(), f"band_gap > {METAL_BELOW}", leaves=True)
    for match in _NO_GAP.finditer(text):
        yield Phrase(*match.span(), f"band_gap < {METAL_BELOW}", leaves=True)
    yield from _find_counts(text)


def _find_counts(text: str) -> Iterator[Phrase]:
    for match in _CELL_RANGE.finditer(text):
        low, high = sorted((_count(match["low"]), _count(match["high"])))
        yield Phrase(*match.span(), f"nsites >= {low} AND nsites <= {high}", leaves=True)
    for pattern, name in ((_CELL_BOUND, "nsites"), (_ELEMENTS_BOUND, "nelements")):
        for match in pattern.finditer(text):
            operator = _operator(match["cmp"])
            if operator == "<=" and match["cmp"].lower() == "within":
                continue
            yield Phrase(*match.span(), f"{name} {operator} {_count(match['n'])}", leaves=True)
    for pattern, name in ((_CELL_EXACT, "nsites"), (_ELEMENTS_EXACT, "nelements")):
        for match in pattern.finditer(text):
            if not _NUMBERED_BEFORE.search(text[: match.start("n")]):
                yield Phrase(*match.span(), f"{name} = {_count(match['n'])}", leaves=True)
    for match in _ARITY_LIST.finditer(text):
        counts = sorted({_arity(word) for word in re.findall(_ARITY, match["list"], re.IGNORECASE)})
        if match["neg"]:
            yield Phrase(*match.span(), " AND ".join(f"nelements != {count}" for count in counts), leaves=True)
        else:
            either = " OR ".join(f"nelements = {count}" for count in counts)
            yield Phrase(*match.span(), either if len(counts) == 1 else f"({either})", soft=True)


_OPPOSITE = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "=": "!="}
_TURNED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}
"""A comparison with its sides exchanged."""


def _bounds(name: str, match: re.Match[str], *, denied: bool = False) -> str:
    """Condition in eV for a range, one or two comparisons, or an "or more"; what it excludes, where it is denied."""
    found = match.groupdict()
    unit = found.get("u") or found.get("u2") or "eV"
    if found.get("high"):
        low = _in_electronvolts(found["low"], found["ul"] or unit)
        high = _in_electronvolts(found["high"], unit)
        limits = [(">=", min(low, high)), ("<=", max(low, high))]
    else:
        if found.get("more") or found.get("less"):
            sign = ">=" if found.get("more") else "<="
        elif found.get("sign"):
            sign = _TURNED[_operator(found["sign"])]
        else:
            sign = _operator(found["cmp"])
        limits = [(sign, _in_electronvolts(found["n"], unit))]
        if found.get("n2"):
            limits.append((_operator(found["cmp2"]), _in_electronvolts(found["n2"], found["u2"] or unit)))
    if denied and len(limits) > 1:
        return (
            "(" + " OR ".join(f"{name} {_OPPOSITE[sign].replace('=', '')} {value:.6g}" for sign, value in limits) + ")"
        )
    return " AND ".join(f"{name} {_OPPOSITE[sign] if denied else sign} {value:.6g}" for sign, value in limits)


def _operator(written: str) -> str:
    """The sign of a comparison in words."""
    for sign, pattern in _COMPARISONS.items():
        if re.fullmatch(pattern, written, re.IGNORECASE):
            return sign
    return "="


def _in_electronvolts(number: str, unit: str) -> float:
    thousands = re.fullmatch(r"[-+]?\d{1,3},\d{3}", number)
    value = float(number.replace(",", "" if thousands else "."))
    return value * (0.001 if unit.lower().startswith("m") else 1.0)


def _count(written: str) -> int:
    return _COUNTS.get(written.lower()) or int(written)


def _arity(word: str) -> int:
    return _ARITIES[re.sub("ies$", "y", word.lower())]
