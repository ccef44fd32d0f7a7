"""The numbers that a sentence states, apart from the conditions under which it states them, and whether those of two
sentences can be the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag.verify.quantities import Quantity, agrees, find_numbers, plain_numbers
from rag.verify.units import Dimension, parse_unit

APART = 0.02
"""Two values contradict where they lie further apart than this share of the larger, and no rounding explains it."""
APART_ABOUT = 0.15
""" ... and where one of them is said to be rough."""

_BOUND = re.compile(
    r"(?:up to|over|(?:more|less|fewer) than|below|above|under|at least|at most|as (?:high|low|much|many|large) as|"
    r"exceed(?:s|ing)?|within|maximum of|minimum of|order of|[><≥≤≳≲]) ?$",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:at|above|below|near|after|until|under|during|for|over|within|beyond|when|between|every|in|from)\b"
    r"(?: (?!(?:is|are|was|were|has|have|had|reach\w*|equal\w*)\b)[\w-]+){0,4} ?$",
    re.IGNORECASE,
)
_CONDITIONS: frozenset[Dimension] = frozenset(
    known[1] for unit in ("K", "s", "Pa", "T", "Hz") if (known := parse_unit(unit)) is not None
)
_KELVIN: Dimension = (("temperature", 1),)
_ROOM = re.compile(r"\b(?:room|ambient) temperatures?\b", re.IGNORECASE)
_ROOM_KELVIN = (290.0, 303.0)
_YEARS = range(1850, 2101)


@dataclass(frozen=True, slots=True)
class Value:
    """A number, or a range of two.

    Attributes:
        low, high: In SI.
        quantities: As written.
        dimension: None of a number without a unit.
        bound: Whether it is only an upper or a lower bound.
        condition: Whether it says when something holds, and not what.
    """

    low: float
    high: float
    quantities: tuple[Quantity, ...]
    dimension: Dimension | None
    bound: bool
    condition: bool


def values_of(text: str) -> list[Value]:
    """Every value of a sentence; years are none. "Room temperature" is one of about 300 K."""
    plain = plain_numbers(text)
    found: list[Value] = []
    quantities = [q for q in find_numbers(text) if q.dimension is not None or q.number not in _YEARS]
    rest = iter(enumerate(quantities))
    for place, quantity in rest:
        behind = quantities[place + 1] if place + 1 < len(quantities) else None
        low, high = quantity.value, quantity.value
        used: tuple[Quantity, ...] = (quantity,)
        joint = plain[quantity.end : behind.start].strip() if behind is not None else ""
        if behind is not None and behind.dimension == quantity.dimension and joint in ("±", "+/-"):
            margin = behind.number * behind.scale
            low, high = quantity.value - margin, quantity.value + margin
            next(rest)
        elif behind is not None and behind.dimension == quantity.dimension and joint in ("to", "-"):
            low, high, used = min(low, behind.value), max(high, behind.value), (quantity, behind)
            next(rest)
        before = plain[: quantity.start]
        condition = quantity.dimension in _CONDITIONS and _CONDITION.search(before) is not None
        bound = _BOUND.search(before[-20:]) is not None
        found.append(Value(low, high, used, quantity.dimension, bound, condition))
    if not any(value.condition for value in found) and _ROOM.search(text):
        found.append(Value(*_ROOM_KELVIN, (), _KELVIN, False, True))
    if all(value.condition for value in found):  # then they are what is told: "melts at 505 K"
        return [Value(v.low, v.high, v.quantities, v.dimension, v.bound, not v.quantities) for v in found]
    return found


def same_conditions(ours: Sequence[Value], theirs: Sequence[Value]) -> bool:
    """Whether each condition of the one is one of the other."""
    one, other = [v for v in ours if v.condition], [v for v in theirs if v.condition]
    return all(any(_meet(v, w) for w in other) for v in one) and all(any(_meet(v, w) for w in one) for v in other)


def compare_values(
    ours: list[Value], theirs: list[Value], *, copies: bool
) -> Literal["agrees", "number", "unclear"] | None:
    """Whether two sentences about one thing give the same numbers; None where there is nothing to compare.

    Only one number of a kind may differ: of several it could not be told which stands against which.
    """
    agreed, against = False, 0
    for dimension in dict.fromkeys(value.dimension for value in ours):
        one = [v for v in ours if v.dimension == dimension]
        other = [v for v in theirs if v.dimension == dimension]
        if not other or (dimension is None and not copies):
            continue
        mine = [v for v in one if not any(_meet(v, w) for w in other)]
        yours = [w for w in other if not any(_meet(v, w) for v in one)]
        agreed |= len(mine) < len(one)
        if len(mine) == len(yours) == 1 and len(one) == len(other):
            (v,), (w,) = mine, yours
            if v.bound or w.bound or (v.low <= w.high and w.low <= v.high):
                return "unclear"
            against += 1
        elif mine and yours:
            return "unclear"
    if against:
        return "number" if against == 1 else "unclear"
    return "agrees" if agreed else None


def _meet(v: Value, w: Value) -> bool:
    """Whether two values can be one: they overlap, one is the other rounded, or they hardly differ."""
    if v.dimension != w.dimension:
        return False
    if len(v.quantities) == len(w.quantities) == 2:  # two ranges: from here to there
        return all(agrees(a, b) or agrees(b, a) for a, b in zip(v.quantities, w.quantities, strict=True))
    if v.low <= w.high and w.low <= v.high:
        return True
    if any(agrees(a, b) or agrees(b, a) for a in v.quantities for b in w.quantities):
        return True
    gap = max(v.low - w.high, w.low - v.high)
    size = max(abs(end) for end in (v.low, v.high, w.low, w.high))
    if v.low == v.high and w.low == w.high and abs(abs(v.low) - abs(w.low)) <= APART * size:
        return True  # "changes by -3 K", "drops by 3 K"
    rough = any(q.about for q in (*v.quantities, *w.quantities)) and not (v.bound or w.bound)
    return gap <= (APART_ABOUT if rough else APART) * size
