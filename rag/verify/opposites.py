"""Words of science that contradict one another: what goes up and what goes down, what helps and what harms.

A `Contrast` is two sets of words; any word of one side contradicts any of the other, and words of one side say nearly
the same. Contrasts of one axis compare with each other: "raises" contradicts "lower". The words were collected for
this package.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

WordClass = Literal["verb", "noun", "adjective", "adverb"]


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two sides that contradict.

    Attributes:
        axis: What they differ in.
        word_class: Verbs and nouns are inflected.
        sides: Words of the one and of the other side, in their basic form.
    """

    axis: str
    word_class: WordClass
    sides: tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Pole:
    """Where a word stands on an axis.

    Attributes:
        axis: Of its contrast.
        side: 0 or 1.
        contrast: Place in `CONTRASTS`.
        form: Inflection: "" (basic), "s", "ed", "ing".
    """

    axis: str
    side: int
    contrast: int
    form: str


def _read(text: str) -> Iterator[Contrast]:
    word_class: WordClass = "verb"
    classes: dict[str, WordClass] = {
        "[verb]": "verb",
        "[noun]": "noun",
        "[adjective]": "adjective",
        "[adverb]": "adverb",
    }
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if line in classes:
            word_class = classes[line]
            continue
        axis, _, words = line.partition(": ")
        one, _, other = words.partition(" | ")
        yield Contrast(axis, word_class, (tuple(one.split()), tuple(dict.fromkeys(other.split()))))


CONTRASTS: tuple[Contrast, ...] = tuple(_read(files("rag.verify").joinpath("contrasts.txt").read_text("utf-8")))
"""Every contrast; a word can be in several."""

_IRREGULAR = {
    ("rise", "ed"): "rose",
    ("fall", "ed"): "fell",
    ("grow", "ed"): "grew",
    ("shrink", "ed"): "shrank",
    ("lose", "ed"): "lost",
    ("break", "ed"): "broke",
    ("begin", "ed"): "began",
    ("build", "ed"): "built",
    ("bind", "ed"): "bound",
    ("freeze", "ed"): "froze",
    ("keep", "ed"): "kept",
    ("drive", "ed"): "drove",
    ("forbid", "ed"): "forbade",
    ("split", "ed"): "split",
    ("speed", "ed"): "sped",
    ("undershoot", "ed"): "undershot",
    ("unbind", "ed"): "unbound",
    ("outweigh", "ed"): "outweighed",
}
_DOUBLED = frozenset(["drop", "stop", "permit", "omit", "emit", "begin", "thin", "split", "forbid"])
FORMS = ("", "s", "ed", "ing")


def inflect(word: str, form: str) -> str:
    """A verb in a form: "" (basic), "s", "ed" (simple past) or "ing"; a noun's "s" is its plural.

    Args:
        word: Basic form.
        form: One of `FORMS`.
    """
    if form == "":
        return word
    if (word, form) in _IRREGULAR:
        return _IRREGULAR[word, form]
    if form == "s":
        if word.endswith("y") and word[-2] not in "aeiou":
            return word[:-1] + "ies"
        return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")
    if word in _DOUBLED:
        word += word[-1]
    elif word.endswith("y") and form == "ed" and word[-2] not in "aeiou":
        return word[:-1] + "ied"
    elif word.endswith("e") and not word.endswith("ee"):
        word = word[:-1]
    return word + form


@cache
def poles() -> dict[str, tuple[Pole, ...]]:
    """Where each word of the contrasts, in each of its forms, stands; keys in lower case."""
    found: dict[str, list[Pole]] = {}
    for place, contrast in enumerate(CONTRASTS):
        for side, words in enumerate(contrast.sides):
            for word in words:
                for form in _forms(contrast.word_class):
                    found.setdefault(inflect(word, form), []).append(Pole(contrast.axis, side, place, form))
    for participle, word in {"grown": "grow", "risen": "rise", "fallen": "fall", "broken": "break"}.items():
        found[participle] = [Pole(p.axis, p.side, p.contrast, "ed") for p in found[word]]
    return {word: tuple(places) for word, places in found.items()}


def _forms(word_class: WordClass) -> tuple[str, ...]:
    return FORMS if word_class == "verb" else ("", "s") if word_class == "noun" else ("",)


@lru_cache(maxsize=100_000)
def are_alike(one: str, other: str) -> bool:
    """Whether two words, in any case and form, stand on the same side of a contrast or of a `DIRECTED` axis."""
    return any(
        a.side == b.side and (a.contrast == b.contrast or a.axis == b.axis in DIRECTED)
        for a in poles().get(one.lower(), ())
        for b in poles().get(other.lower(), ())
    )


@lru_cache(maxsize=100_000)
def are_opposites(one: str, other: str) -> bool:
    """Whether two words, in any case and form, contradict each other: of one contrast, or of one `DIRECTED` axis."""
    known = poles()
    for a in known.get(one.lower(), ()):
        for b in known.get(other.lower(), ()):
            if a.side != b.side and (a.contrast == b.contrast or a.axis == b.axis in DIRECTED):
                return True
    return False


_BEFORE_NOUN = re.compile(
    r"\b(?:an?|the|of|this|its|their|our|no|large|small|strong|significant|any|further|with|by) $", re.I
)


def is_used_as(pole: Pole, before: str) -> bool:
    """Whether a word that follows some text can be of the class of a pole: "the increase" is a noun.

    Args:
        pole: What the word could be.
        before: The text in front of it.
    """
    word_class = CONTRASTS[pole.contrast].word_class
    if _BEFORE_NOUN.search(before):
        return word_class in ("noun", "adjective") or (word_class == "verb" and pole.form in ("ed", "ing"))
    return word_class != "noun"


_DEGREES = frozenset(["less", "more", "worse", "better", "fewer"])


def alike(pole: Pole, side: int, word: str) -> list[str]:
    """Words of a side of a pole's contrast in the form of a word: comparatives for a comparative.

    Args:
        pole: Where the word stands.
        side: 0 or 1.
        word: In lower case.
    """
    words = [inflect(other, pole.form) for other in CONTRASTS[pole.contrast].sides[side]]
    degree = "er" if word in _DEGREES else next((end for end in ("est", "er", "ed") if word.endswith(end)), "")
    same = [w for w in words if (w.endswith(degree) if degree else not w.endswith(("er", "est")))]
    if degree == "er":
        same += [w for w in words if w in _DEGREES]
    return [w for w in same if w != word] or [w for w in words if w != word]


DIRECTED = frozenset(["amount", "speed", "stability", "cause", "benefit"])
"""Axes whose contrasts all point the same way, so that they compare with each other."""
