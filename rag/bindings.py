"""What belongs together in a sentence of a paper must stay together where it is said in other words.

A language model rarely invents a number; it takes one of the page and gives it to another thing. So every number of a
drafted sentence must stand, in a quote, with the words that it stands with in the draft; a number, substance or name
must not have taken the place of another in a copied phrase; the items of a list must be those of one sentence.
These rules know words, not meaning: they refuse some true sentences, and the paper's own sentence takes their place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from rag.neighbours import ABOUT, BREAK, TIED, TOKEN, acronyms_of, content_of, is_among, is_content, is_spelled
from rag.reading.text import word_list
from rag.verify.compounds import find_substances
from rag.verify.opposites import CONTRASTS, DIRECTED, are_alike, poles
from rag.verify.quantities import Quantity, agrees, find_numbers, plain_numbers
from rag.verify.wording import stem

LEAST_COMPANY = 0.5
"""Share of the words beside a number that must stand beside it in a quote, too."""

LEAST_NAMED = 0.5
"""Share of the words before a comparison that the sentence which compares must have."""

NEAR = 4
"""Words beside a substance, a name, or a word for more or less."""

LEFT, RIGHT = 8, 4
"""Words beside a number that say what it is a number of, before and behind it; no further than the next number."""

PHRASE = 3
"""Words to either side of a place that two copies of a phrase are compared by."""

COPIED_PHRASE = 2
"""Such words that agree from which on a phrase counts as copied."""

ECHO = 0.9
"""Share of a sentence's content words in the question, in its order, from which on it only says the question again."""

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_COMPARISON = re.compile(r"(.*)\b(?:[a-z]{3,}er|more|less|worse)\b[^;]*?\b(?:than|compared (?:to|with))\b")
_ASKS = re.compile(r"\s*(?:\w+ )?(?:what|which|who|whose|where|when|why|how)\b", re.IGNORECASE)
_LABEL = re.compile(
    r"\b(fig|tab|table|eq|eqn|ref|section|sec|scheme|chapter|box|appendix|algorithm|step)\w*\.? ?\(?([A-Z]?\d+[a-z]?)",
    re.IGNORECASE,
)
_LIST = re.compile(r"((?:[^,;:()]+,\s+){2,}(?:and|or)\s+[^,;:.()]+)", re.IGNORECASE)
_BETWEEN = word_list("is are was were be been has have had can could may might will would not also then")
"""Words between a subject and its verb."""


@dataclass(frozen=True, slots=True)
class _Number:
    """A number and the words that it stands with.

    Attributes:
        quantity: The number.
        left: Stems of the content words before it, nearest first.
        right: Of those behind it, nearest first.
        tied: Whether the word before it belongs to it: "an efficiency of 20%".
        kinds: Neighbours before it, as "inverted cells": (inverted, cell).
        close: Stems of its own clause.
    """

    quantity: Quantity
    left: tuple[str, ...]
    right: tuple[str, ...]
    tied: bool
    kinds: frozenset[tuple[str, str]]
    close: tuple[str, ...]


def hold_together(text: str, quotes: Sequence[str], asked: str = "") -> bool:
    """Whether a sentence keeps together what its quotes do.

    Args:
        text: The sentence.
        quotes: Sentences of the papers that are said to support it together.
        asked: The question, whose words a sentence may take up.
    """
    return (
        _labels(text) <= _labels(" ".join(quotes))
        and not _repeats_facts(text, quotes)
        and not any(took_a_place(text, quote) for quote in quotes)
        and _numbers_keep_company(text, quotes)
        and _words_keep_company(text, quotes)
        and all(_is_list_of(items, quotes) for items in _lists(text))
        and _compares_the_same(text, quotes)
        and _adds_little(text, quotes, asked)
    )


def answers_more(text: str, asked: str) -> bool:
    """Whether a sentence says more than a question that asks for something ("Which ...?") has said itself."""
    if not _ASKS.match(asked):
        return True
    said, known = (
        [stem(word) for word in TOKEN.findall(part) if word[0].isdecimal() or is_content(word)]
        for part in (text, asked)
    )
    blocks = SequenceMatcher(None, said, known, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) < ECHO * len(said)


def _labels(text: str) -> set[tuple[str, str]]:
    """Figures, tables and equations that a text refers to."""
    return {(kind.lower()[:3], number.lower()) for kind, number in _LABEL.findall(text)}


# --- a number and its thing ---------------------------------------------------------------------------------------


def _numbers_keep_company(text: str, quotes: Sequence[str]) -> bool:
    stated = [number for quote in quotes for number in _numbers(quote, wide=True)]
    return all(_keeps_company(number, stated, quotes) for number in _numbers(text))


def _keeps_company(number: _Number, stated: Sequence[_Number], quotes: Sequence[str]) -> bool:
    words = (*number.left, *number.right)
    if not words:
        return True
    weights = [*(1 / (1 + at) for at in range(len(number.left))), *(0.5 / (1 + at) for at in range(len(number.right)))]
    spelled = acronyms_of(" ".join(quotes))
    everywhere = {word for other in stated for word in (*other.left, *other.right)}

    def is_known(word: str, beside: Sequence[str]) -> bool:
        return is_among(word, beside) or is_spelled(word, words, beside, spelled)

    same, others = [], []
    for other in stated:
        beside = (*other.left, *other.right)
        known = [is_known(word, beside) for word in words]
        share = sum(weight for weight, is_known in zip(weights, known, strict=True) if is_known) / sum(weights)
        if agrees(number.quantity, other.quantity) or agrees(other.quantity, number.quantity):
            is_other = number.tied and number.left and other.close and not is_known(number.left[0], other.close)
            if not is_other and not _is_of_another_kind(number, other, everywhere):
                same.append(share)
        elif other.quantity.dimension == number.quantity.dimension:
            others.append(share)
    best = max(same, default=0.0)
    return best >= LEAST_COMPANY and best >= max(others, default=0.0) - 0.2


def _is_of_another_kind(ours: _Number, theirs: _Number, everywhere: set[str]) -> bool:
    """Whether the one speaks of inverted cells and the other of planar ones, where the quotes know both."""
    beside = (*theirs.left, *theirs.right)
    return any(
        noun == known and kind != other and not is_among(kind, beside) and is_among(kind, everywhere)
        for kind, noun in ours.kinds
        for other, known in theirs.kinds
    )


def _numbers(text: str, *, wide: bool = False) -> Iterator[_Number]:
    """Numbers with their company; of a paper's sentence all words up to the next number, of a draft's its clause."""
    plain = plain_numbers(text)
    found = [q for q in find_numbers(text) if not (plain[q.start : q.end].isalpha() and q.number == 2)]
    for at, quantity in enumerate(found):
        begin = found[at - 1].end if at else 0
        end = found[at + 1].start if at + 1 < len(found) else len(plain)
        before, behind = plain[begin : quantity.start], plain[quantity.end : end]
        left = content_of(before, LEFT * (2 if wide else 1), from_end=True, clause=not wide)
        right = content_of(behind, RIGHT * (2 if wide else 1), from_end=False, clause=True)
        close = content_of(before, LEFT, from_end=True, clause=True)
        last = [word.lower() for word in TOKEN.findall(before) if word.lower() not in ABOUT][-1:]
        yield _Number(quantity, left, right, bool(last) and last[0] in TIED, _kinds(before, left), (*close, *right))


def _kinds(text: str, among: Sequence[str]) -> frozenset[tuple[str, str]]:
    """Content words in direct neighbourhood, both among some stems."""
    words = list(TOKEN.finditer(text))
    pairs = ((one, two) for one, two in pairwise(words) if text[one.end() : two.start()] in (" ", "-"))
    return frozenset((stem(one[0]), stem(two[0])) for one, two in pairs if {stem(one[0]), stem(two[0])} <= set(among))


def _repeats_facts(text: str, quotes: Sequence[str]) -> bool:
    """Whether a number, substance or name is told more often than by the quotes, and so of something else, too."""
    told = Counter(stem(word) for at, word in enumerate(_words(text)) if _kind(word, at))
    known = Counter(stem(word) for quote in quotes for word in _words(quote))
    return any(count > max(known[word], 1) for word, count in told.items())


def _words_keep_company(text: str, quotes: Sequence[str]) -> bool:
    """Whether what rises or falls is what a quote says so of; and, where a sentence draws on several quotes, whether
    each of its substances and names stands in one of them with the words that it stands with here."""
    for at, match in enumerate(TOKEN.finditer(text)):
        places = [(quote, other) for quote in quotes for other in TOKEN.finditer(quote)]
        same = [(quote, other) for quote, other in places if stem(other[0]) == stem(match[0])]
        if _tells_a_change(match[0]) and same:  # of a synonym words cannot tell what it is said of
            thing = _changed(text, match)
            same += [(q, other) for q, other in places if _tells_a_change(other[0]) and are_alike(other[0], match[0])]
            if thing and not any(is_among(thing, _beside(quote, other, NEAR)) for quote, other in same):
                return False
        elif len(quotes) > 1 and same and _kind(match[0], at) == "thing":
            beside = _beside(text, match, NEAR)
            others = [_beside(quote, other, LEFT) for quote, other in same]
            if beside and not any(
                is_among(beside[0], known) and _share(beside, known) >= LEAST_COMPANY for known in others
            ):
                return False
    return True


def _tells_a_change(word: str) -> bool:
    """Whether a verb or noun says that something becomes more or less; adjectives go with too many things."""
    return any(
        pole.axis in DIRECTED and CONTRASTS[pole.contrast].word_class in ("verb", "noun")
        for pole in poles().get(word.lower(), ())
    )


def _changed(text: str, match: re.Match[str]) -> str:
    """Stem of what a word of change is said of: the word before it, else the one behind it; "" for neither."""
    before = text[: match.start()]
    for other in reversed(list(TOKEN.finditer(before))):
        if BREAK.search(before[other.end() :]):
            break
        if is_content(other[0]) and not other[0].endswith("ly"):
            return stem(other[0])
        if other[0].lower() not in _BETWEEN and not other[0].endswith("ly"):
            break
    return next(iter(content_of(text[match.end() :], 1, from_end=False, clause=True)), "")


def _beside(text: str, match: re.Match[str], most: int) -> tuple[str, ...]:
    """Stems of the content words beside a word, of its own clause where few are wanted."""
    left = content_of(text[: match.start()], most, from_end=True, clause=most == NEAR)
    return (*left, *content_of(text[match.end() :], most, from_end=False, clause=most == NEAR))


def _share(beside: Sequence[str], others: Sequence[str]) -> float:
    return sum(is_among(word, others) for word in beside) / len(beside)


# --- one thing in the place of another ----------------------------------------------------------------------------


def took_a_place(text: str, quote: str) -> bool:
    """Whether a number, substance or name stands in a copied phrase where the quote has another one."""
    ours, theirs = _words(text), _words(quote)
    mine, yours = [stem(word) for word in ours], [stem(word) for word in theirs]
    for at, word in enumerate(ours):
        kind = _kind(word, at)
        if not kind:
            continue
        same = other = -1
        for place, known in enumerate(theirs):
            if mine[at] == yours[place]:
                same = max(same, sum(_agreeing(mine, at, yours, place)))
            elif _kind(known, place) == kind:
                left, right = _agreeing(mine, at, yours, place)
                if left and (right or at + 1 == len(ours)):
                    other = max(other, left + right)
        if other >= COPIED_PHRASE and other > same:
            return True
    return False


def _words(text: str) -> list[str]:
    return TOKEN.findall(_THOUSANDS.sub("", text))


def _kind(word: str, at: int) -> str:
    """``number``, ``thing`` for a substance or a name, "" for any other word."""
    if word[0].isdecimal():
        return "number"
    if sum(c.isupper() for c in word) > 1 or (at and word[0].isupper() and len(word) > 1):
        return "thing"
    substances = find_substances(word) if len(word) > 1 else None
    return "thing" if substances and (substances.elements or substances.families or substances.formulas) else ""


def _agreeing(mine: Sequence[str], at: int, yours: Sequence[str], place: int) -> tuple[int, int]:
    """Words in a row before two places, and behind them, that agree."""
    left = right = 0
    while left < min(PHRASE, at, place) and mine[at - left - 1] == yours[place - left - 1]:
        left += 1
    room = min(PHRASE, len(mine) - at - 1, len(yours) - place - 1)
    while right < room and mine[at + right + 1] == yours[place + right + 1]:
        right += 1
    return left, right


def _compares_the_same(text: str, quotes: Sequence[str]) -> bool:
    """Whether what is called larger or smaller than another is so called by one sentence that names it, too."""
    found = _COMPARISON.search(text)
    if found is None:
        return True
    named = [stem(word) for word in TOKEN.findall(found[1]) if is_content(word)]
    for quote in quotes:
        if not _COMPARISON.search(quote):
            continue
        words = [stem(word) for word in TOKEN.findall(quote)]
        acronyms = acronyms_of(quote)
        known = [is_among(word, words) or is_spelled(word, named, words, acronyms) for word in named]
        if sum(known) >= LEAST_NAMED * len(named):
            return True
    return False


# --- lists, and words that nobody wrote ---------------------------------------------------------------------------


def _lists(text: str) -> Iterator[list[list[str]]]:
    """Items of each list, as stems of the words that name them; of the first one the last words."""
    for match in _LIST.finditer(text):
        parts = re.split(r",\s+(?:and|or)\s+|,\s+", match[0])
        items = [[stem(word) for word in TOKEN.findall(part) if is_content(word)] for part in parts]
        yield [items[0][-2:], *(item[:3] for item in items[1:])]


def _is_list_of(items: Sequence[Sequence[str]], quotes: Sequence[str]) -> bool:
    """Whether one sentence has all the items."""
    for quote in quotes:
        words = {stem(word) for word in TOKEN.findall(quote)}
        if all(is_among(word, words) for item in items for word in item):
            return True
    return False


def _adds_little(text: str, quotes: Sequence[str], asked: str) -> bool:
    """Whether all but one or two content words are those of the quotes or of the question."""
    quoted = [word for quote in quotes for word in map(stem, TOKEN.findall(quote))]
    known = {*quoted, *(stem(word) for word in TOKEN.findall(asked))}
    row = [stem(word) for word in TOKEN.findall(text) if is_content(word)]
    acronyms = acronyms_of(" ".join([*quotes, text]))
    new = {word for word in row if not is_among(word, known) and not is_spelled(word, row, quoted, acronyms)}
    return len(new) <= max(1, len(set(row)) // 8)
