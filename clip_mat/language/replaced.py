"""A known compound with one element in place of another: "CsPbI3 with tin instead of lead" is CsSnI3."""

from __future__ import annotations

import re
from collections import Counter

from clip_mat.language.formula_parser import parse_formula, whole_counts
from clip_mat.language.formulas import conventional_formula
from clip_mat.language.names import ELEMENT_SYMBOLS

_NAMES = "|".join(sorted(map(re.escape, ELEMENT_SYMBOLS), key=len, reverse=True))
_ELEMENT = rf"(?:{_NAMES}|{'|'.join(sorted(set(ELEMENT_SYMBOLS.values()), key=len, reverse=True))})"
_FORMULA = r"(?<![\w-])(?P<formula>(?:[A-Z][a-z]?\d*|\((?:[A-Z][a-z]?\d*)+\)\d*){2,})(?![\w-])"
_PHRASES = tuple(
    re.compile(pattern.format(formula=_FORMULA, new=rf"(?P<new>(?i:{_ELEMENT}))", old=rf"(?P<old>(?i:{_ELEMENT}))"))
    for pattern in (
        r"{formula},? (?:but )?with {new} (?:instead|in place|in lieu) of {old}(?![\w-])",
        r"{formula},? (?:but )?with {old} (?:replaced|substituted|exchanged) (?:by|with|for) {new}(?![\w-])",
        r"[Rr]eplac(?:e|ing) (?:the )?{old} (?:in|of) {formula} (?:by|with) {new}(?![\w-])",
        r"[Rr]eplac(?:e|ing) (?:the )?{old} (?:by|with) {new} in {formula}",
    )
)


def put_in_place(text: str) -> tuple[str, tuple[str, ...]]:
    """A text with the formula that is meant for each such phrase, and what was made of them, for the user to see.

    A phrase whose compound does not hold the element that is to go stays as it is.

    >>> put_in_place("CsPbI3 but with tin instead of lead, cubic")
    ('CsSnI3, cubic', ('CsPbI3 but with tin instead of lead: CsSnI3',))
    """
    told = []
    for pattern in _PHRASES:
        while match := pattern.search(text):
            formula = _exchanged(match["formula"], _symbol(match["old"]), _symbol(match["new"]))
            if formula is None:
                break
            told.append(f"{match[0]}: {formula}")
            text = text[: match.start()] + formula + text[match.end() :]
    return text, tuple(told)


def _symbol(written: str) -> str:
    return ELEMENT_SYMBOLS.get(written.lower(), written.capitalize())


def _exchanged(formula: str, old: str, new: str) -> str | None:
    """The formula with another element; None where it does not hold the one that is to go, or is none."""
    counts = whole_counts(parse_formula(formula) or ())
    if old not in counts or old == new:
        return None
    made: Counter[str] = Counter()
    for symbol, amount in counts.items():
        made[new if symbol == old else symbol] += amount
    return conventional_formula(made)
