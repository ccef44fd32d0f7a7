"""The words of a sentence as the rules see them: cut, brought to their stem, marked where they are denied.

Stems are those of English inflection alone (plural, -ed, -ing, -ly): "stable" and "stability" stay apart, "reduces" and
"reduced" do not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from rag.reading.text import word_list
from rag.verify.opposites import Pole, poles

_TOKEN = re.compile(r"[^\W\d_](?:[^\W_]|[-'^+/](?=\w)|\.(?=\w))*|\d+(?:[.,]\d+)*|[^\W_]+")
STOP_WORDS = word_list(
    "a an the of in on at by for to from as and or but nor so if then than that which who whose whom this these those "
    "it its they them their there here we our us he she his her you your i is are was were be been being am do does "
    "did done has have had having can could may might must shall should will would also both either each such very "
    "more most much many however thus hence therefore while whereas when where what how why because since though "
    "although still yet just even ever only into onto over under between among within through during about against "
    "per via et al not no never none neither without cannot up down out off other another some any all same own "
    "too using used use shown show shows found find"
)
_NEGATIONS = frozenset(
    ["not", "no", "never", "none", "neither", "nor", "cannot", "without", "n't", "nothing", "nobody"]
)
_DENIERS = word_list(
    "fail fails failed failing lack lacks lacked lacking absence absent unable hardly scarcely barely unlikely "
    "impossible prevent prevents avoids avoid"
)
"""Words that deny what follows without being a negation; they excuse, and never accuse."""
_NO_DENIAL = re.compile(
    r"\b(?:not (?:only|just|merely)|no\. ?\d|no doubt|whether or not|if not|no less than)\b", re.IGNORECASE
)
_BREAK = re.compile(r"[,;:—.!?]")
_TURNS = word_list("whereas while but although though because however")
_REACH = 5
"""Words behind a negation that it can deny."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word.

    Attributes:
        text: As written.
        stem: In lower case, without its inflection.
        start: First character in the sentence.
        clause: Number of its clause, from 0.
    """

    text: str
    stem: str
    start: int
    clause: int = 0

    @property
    def is_content(self) -> bool:
        """Whether it carries meaning by itself."""
        return self.text.lower() not in STOP_WORDS and self.stem not in STOP_WORDS

    @property
    def poles(self) -> tuple[Pole, ...]:
        """Where it stands among the contrasts."""
        return poles().get(self.text.lower(), ())


@dataclass(frozen=True)
class Wording:
    """A sentence, or a few.

    Attributes:
        text: As written.
        words: In order.
    """

    text: str
    words: tuple[Word, ...]

    @cached_property
    def content(self) -> frozenset[str]:
        """Stems of the content words."""
        return frozenset(word.stem for word in self.words if word.is_content)

    @cached_property
    def negations(self) -> tuple[int, ...]:
        """Places of the words that deny."""
        harmless = [match.span() for match in _NO_DENIAL.finditer(self.text)]
        return tuple(
            place
            for place, word in enumerate(self.words)
            if word.text.lower() in _NEGATIONS and not any(a <= word.start < b for a, b in harmless)
        )

    def is_denied(self, place: int, *, widely: bool = False) -> bool:
        """Whether the word at a place is in the reach of a negation before it.

        Args:
            place: Of the word.
            widely: Count words such as "fails to" and "lack of" as negations.
        """
        near = range(max(0, place - _REACH), place)
        if any(at in self.negations for at in near):
            return True
        return widely and any(self.words[at].text.lower() in _DENIERS for at in near)

    def denied_words(self) -> list[int]:
        """Places of what each negation denies: the first content word behind it."""
        heads = []
        for at in self.negations:
            for place in range(at + 1, min(at + 1 + _REACH, len(self.words))):
                if self.words[place].is_content:
                    heads.append(place)
                    break
        return heads

    def around(self, place: int, reach: int = 4, *, in_clause: bool = False) -> frozenset[str]:
        """Stems of the content words within so many words of a place, itself left out; only of its clause if asked."""
        near = (*self.words[max(0, place - reach) : place], *self.words[place + 1 : place + 1 + reach])
        clause = self.words[place].clause
        return frozenset(word.stem for word in near if word.is_content and (not in_clause or word.clause == clause))


@lru_cache(maxsize=8192)
def read_words(text: str) -> Wording:
    """The words of a text."""
    plain = text.replace("’", "'").replace("‐", "-").replace("‑", "-").replace("n't", " not")
    words: list[Word] = []
    clause = end = 0
    for match in _TOKEN.finditer(plain):
        if _BREAK.search(plain, end, match.start()) or match[0].lower() in _TURNS:
            clause += 1
        words.append(Word(match[0], stem(match[0]), match.start(), clause))
        end = match.end()
    return Wording(plain, tuple(words))


_KEEP = word_list(
    "this his its was has as is us yes gas bus less across always perhaps during being string thing bring spring ring "
    "king sing need speed indeed feed seed bed red embed only early family reply apply supply"
)


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A word in lower case without its inflection; what is no plain word stays as it is."""
    if not word.isalpha() or (len(word) < 4 or word in _KEEP):
        return word.lower()
    if sum(c.isupper() for c in word) > 1:
        return word.lower().removesuffix("s") if word.endswith("s") and word[:-1].isupper() else word.lower()
    word = word.lower()
    if word in _KEEP:
        return word
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return _bare(word.removesuffix(ending) + instead)
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return _bare(word[:-1])
    for ending in ("ingly", "edly", "ing", "ed", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and any(c in "aeiouy" for c in word[: -len(ending)]):
            rest = word.removesuffix(ending)
            if len(rest) > 3 and rest[-1] == rest[-2] and rest[-1] not in "lsz":
                rest = rest[:-1]
            return _bare(rest)
    return _bare(word)


def _bare(word: str) -> str:
    """Without a final e or y, so that "reduce" and "reduc(ing)" meet."""
    return word.removesuffix("e") if len(word) > 4 and word.endswith("e") else word


def coverage(claim: Wording, evidence: Wording) -> float:
    """Share of the content words of a claim that the evidence has, 0 to 1; 1 for a claim without any."""
    return len(claim.content & evidence.content) / len(claim.content) if claim.content else 1.0
