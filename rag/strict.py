"""What must hold of a drafted sentence and its quotes, whatever a comparison of their meaning says.

Every number stands in the quotes with its unit; nothing is said of all where they speak of some, or for certain where
they say "may"; no word or number of a near copy is another; no clause is made of other words, and nobody is
named who found it out. Strict on purpose: a true sentence that fails here gives way to the very sentence of the paper.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

from rag.bindings import answers_more, hold_together
from rag.reading.text import word_list
from rag.verify.opposites import are_opposites
from rag.verify.quantities import find_numbers

LEAST_SHARED = 0.55
"""Share of the content words of every clause that its quotes must have."""

NEW_ROW = 3
"""Content words in a row that the quotes do not have: somebody's addition, not another wording."""

COPIED = 0.6
"""Share of a sentence's words in a quote, in the same order, from which on the two are compared word by word."""

WORD_FOR_WORD = 0.9
"""The same share, from which on it is the paper's own sentence."""

_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[^\W\d_]+(?:['’]t)?")

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_TOKEN = re.compile(r"[^\W\d_]+|\d+(?:[.,]\d+)*")

_STRONG = (
    word_list(
        "all every each any always entire entirely whole wholly completely everywhere universally both full fully"
    ),
    word_list(
        "no not none never nothing nobody neither nor without cannot free lack lacks absent hardly fail fails failed"
    ),
    word_list("only solely exclusively alone just sole merely unique uniquely"),
    word_list("must necessarily need needs needed require requires required essential necessary have has should"),
    word_list("impossible cannot unable not prevent prevents prevented"),
    word_list("same equal equals identical equivalent alike equally equivalently similar similarly"),
)
"""Words that claim much, in groups: a sentence with one of `_CLAIMING` may have no more of its group than its quote."""

_CLAIMING = word_list(
    "not same equal equals identical equivalent all every always entirely completely everywhere universally no none "
    "never nothing nobody neither nor cannot only solely exclusively must necessarily impossible without"
)
_COMPARING = word_list(
    "higher lower larger smaller greater bigger better worse stronger weaker faster slower longer shorter wider "
    "narrower thicker thinner cheaper more less fewer superior inferior"
)
_SUPERLATIVE = word_list(
    "highest lowest largest smallest greatest best worst strongest weakest fastest slowest longest shortest most least "
    "first last record champion maximum minimum optimal optimum main primary"
)
"""Words that compare with others: a quote without any of their kind does not compare."""

_LIMITING = word_list(
    "not no never few some most mostly partly often sometimes usually rarely typically may might could only nearly "
    "almost hardly"
)
"""Words that cannot be left out of a copy."""

_AUXILIARY = word_list(
    "is are was were has have had been be do does did can could may might will would shall should must"
)

_SMALL = word_list("the and for are was not that with")

_HEDGED = re.compile(
    r"\b(?:may|might|could|possibly|perhaps|potentially|probably|presumably)\s+(?:\w+ly\s+|also\s+|be\s+|have\s+)?(\w{3,})",
    re.I,
)
_HEDGE = re.compile(
    r"\b(?:may|might|could|can|possib\w+|perhaps|potential\w*|probabl\w+|presumabl\w+|likely|suggest\w*|seem\w*|appear\w*|"
    r"would|hypothes\w+|expected|thought|believed|if|whether)\b",
    re.I,
)
_FINDER = re.compile(
    r"(?!(?:We|They|It|He|She|Researchers|Scientists|Authors|The|Some|Many|Several|Studies|Experiments|Simulations|"
    r"Calculations|Results|Measurements|Papers|Reports|Evidence|Theory|Data|This|These|Others|Recent|Both)\b)"
    r"([A-Z][\w'’-]+)(?:\s+(?:and|&)\s+[A-Z][\w'’-]+|\s+et al\.?|'s team| and (?:colleagues|co-?workers))?\s+"
    r"(?:first |later |recently |have |has |also )?(?:found|find|finds|showed|shown|shows?|demonstrated|reported|"
    r"reports?|discovered|proved|proposed|argued|argues?|claimed|claims?|noted|notes?|observed|suggested|stated|"
    r"states?|said|says|writes?|wrote|concluded|explained|explains?)\b"
)
"""A sentence that begins with who found it out."""

CLAUSE = re.compile(
    r"(?:,|;| –| —)\s+(?=(?:which|making|leading|resulting|causing|allowing|indicating|suggesting|highlighting|thus|"
    r"thereby|due to|because|as|and|so|with|where|while|whereas|including|such as|especially|particularly)\b)|;\s+"
)
"""Where a sentence may end sooner. Never before what takes something back: but, unless, except, only, if."""


def stands(
    text: str, quotes: Sequence[str], words_of: Callable[[Sequence[str]], list[set[str]]], asked: str = ""
) -> bool:
    """Whether all of that holds.

    Args:
        text: The sentence.
        quotes: Sentences of the papers that are said to support it together.
        words_of: Content words of texts, stemmed.
        asked: The question, whose words a sentence may take up.
    """
    quoted = " ".join(quotes)
    main = max(quotes, key=lambda quote: copied(text, quote))
    return (
        _numbers_stand(text, quoted)
        and not _overclaims(text, main)
        and not _compares(text, quoted)
        and not any(is_turned(text, quote) for quote in quotes)
        and _finder_stands(text, quoted)
        and _clauses_stand(text, quotes, words_of)
        and (copied(text, main) >= WORD_FOR_WORD or (answers_more(text, asked) and not _stammers(text)))
        and hold_together(text, quotes, asked)
    )


def _numbers_stand(text: str, quoted: str) -> bool:
    """Every number as written, thousands' commas aside, and with the same unit where it has one that is known."""
    if not _digits(text) <= _digits(quoted):
        return False
    known = {(quantity.number, quantity.unit) for quantity in find_numbers(quoted)}
    return all((q.number, q.unit) in known for q in find_numbers(text) if q.unit)


def _digits(text: str) -> set[str]:
    plain = unicodedata.normalize("NFKC", text)
    return set(_DIGITS.findall(_THOUSANDS.sub("", plain)))


def _overclaims(text: str, quoted: str) -> bool:
    """Whether it speaks of all, none, only or must where the quotes do not, or leaves a "may" of theirs out."""
    ours, theirs = _plain_words(text), _plain_words(quoted)
    for group in _STRONG:
        if group & _CLAIMING & set(ours) and sum(w in group for w in ours) > sum(w in group for w in theirs):
            return True
    if _HEDGE.search(text):
        return False
    return any(_has_stem(word.lower(), set(ours)) for word in _HEDGED.findall(quoted))


def _compares(text: str, quoted: str) -> bool:
    """Whether it compares where the quotes do not."""
    ours, theirs = set(_plain_words(text)), set(_plain_words(quoted))
    return any(words & ours and not words & theirs for words in (_COMPARING, _SUPERLATIVE))


def _stammers(text: str) -> bool:
    """Whether it says four words in a row twice, as small models do that have nothing more to say."""
    words = _plain_words(text)
    rows = Counter(zip(words, words[1:], words[2:], words[3:], strict=False))
    return any(
        count > 1 and sum(len(word) > 2 and word not in _SMALL for word in row) > 1 for row, count in rows.items()
    )


def _plain_words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text.replace("n't", " not"))]


def _has_stem(word: str, words: set[str]) -> bool:
    stem = word[: max(4, len(word) - 2)]
    return len(word) >= 4 and any(other.startswith(stem) for other in words)


def _tokens(text: str) -> list[str]:
    return [word.lower() for word in _TOKEN.findall(_THOUSANDS.sub("", text))]


def copied(text: str, quote: str) -> float:
    """Share of a sentence's words that stand in a quote in the same order."""
    ours = _tokens(text)
    matcher = SequenceMatcher(None, ours, _tokens(quote), autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks()) / max(len(ours), 1)


def is_turned(text: str, quote: str) -> bool:
    """Whether a copy of (part of) a quote differs by opposites, numbers or their order, or how much it claims."""
    if copied(text, quote) < COPIED:
        return False
    ours, theirs = _tokens(text), _tokens(quote)
    if not _is_row_of([t for t in ours if t[0].isdecimal()], [t for t in theirs if t[0].isdecimal()]):
        return True
    for kind, a, b, c, d in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        mine, yours = ours[a:b], theirs[c:d]
        if kind == "equal":
            continue
        if _CLAIMING & set(mine) and not _CLAIMING & set(yours):
            return True
        if len(yours) <= 2 and _LIMITING & set(yours) and not _LIMITING & set(mine):
            return True
        if yours and yours[-1] in _AUXILIARY and theirs[d : d + 1] == ours[b : b + 1] and not _AUXILIARY & set(ours):
            return True  # "the material incorporated to inhibit decay" has lost its "was"
        if len(mine) == len(yours) <= 3 and any(map(_are_opposed, mine, yours)):
            return True
    return False


def _is_row_of(numbers: Sequence[str], others: Sequence[str]) -> bool:
    """Whether numbers stand among others in the same order."""
    rest = iter(others)
    return all(number in rest for number in numbers)


def _are_opposed(mine: str, yours: str) -> bool:
    return are_opposites(mine, yours) or (mine[0].isdecimal() and yours[0].isdecimal())


def _finder_stands(text: str, quoted: str) -> bool:
    finder = _FINDER.match(text)
    return finder is None or finder[1].casefold() in quoted.casefold()


def _clauses_stand(text: str, quotes: Sequence[str], words_of: Callable[[Sequence[str]], list[set[str]]]) -> bool:
    """A comparison of the whole may overlook a short clause that was put behind a long copy.

    The first clause may draw on all quotes, as a sentence and the one before it tell a thing together; a later one must
    stand in one of them.
    """
    clauses = [clause for clause in CLAUSE.split(text) if clause.strip()]
    words = words_of([*clauses, *quotes])
    (first, *later), known = words[: len(clauses)], words[len(clauses) :]
    together = set().union(*known)
    return (
        _shared(first, [together])
        and all(_shared(clause, known) for clause in later)
        and _longest_new_row(text, together, words_of) < NEW_ROW
    )


def _longest_new_row(text: str, known: set[str], words_of: Callable[[Sequence[str]], list[set[str]]]) -> int:
    """Most content words in a row, small words between them aside, none of which is known."""
    *single, content = words_of([*_WORD.findall(text), text])  # of a small word alone its stem is given, too
    longest = row = 0
    for words in single:
        if words & content:
            row = row + 1 if words.isdisjoint(known) else 0
            longest = max(longest, row)
    return longest


def _shared(clause: set[str], known: Sequence[set[str]]) -> bool:
    return len(clause) < 2 or max(len(clause & words) for words in known) >= LEAST_SHARED * len(clause)
