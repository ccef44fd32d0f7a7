"""Captions: truthful texts about a crystal, in as many wordings as people have.

A caption is planned (which facts to state), each fact becomes a `Piece`, and a frame puts the pieces together:
keywords, a noun phrase, a title, a request, a question, sentences or a list of properties. The words are in
`clip_mat.language.wordings`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from clip_mat.facts import Facts, Key
from clip_mat.language import wordings as words
from clip_mat.language.phrases import KINDS, Piece, anonymous, formula, some_elements

Tier = Literal[
    "any", "formula+system", "formula+spacegroup", "anonymous+spacegroup", "chemsys+system", "prototype", "full"
]


@dataclass(frozen=True, slots=True)
class Caption:
    """A text and what it says.

    Attributes:
        text: The caption.
        states: The keys that the text states, all true of the crystal.
    """

    text: str
    states: frozenset[Key]


_TIERS: dict[str, tuple[str, ...]] = {
    "formula+system": ("formula", "system"),
    "formula+spacegroup": ("formula", "spacegroup"),
    "anonymous+spacegroup": ("anonymous", "spacegroup"),
    "chemsys+system": ("chemical_system", "system"),
    "prototype": ("prototype",),
}
_MIX: tuple[tuple[float, tuple[str, ...], int, int], ...] = (
    # share, facts always stated, at least and at most this many others
    (0.03, ("formula",), 0, 0),
    (0.09, ("formula", "system"), 0, 0),
    (0.07, ("formula", "spacegroup"), 0, 1),
    (0.06, ("formula",), 1, 3),
    (0.02, ("names",), 0, 1),
    (0.03, ("names", "system"), 0, 1),
    (0.02, ("names", "spacegroup"), 0, 1),
    (0.18, ("anonymous", "spacegroup"), 0, 0),
    (0.08, ("chemical_system", "system"), 0, 0),
    (0.04, ("chemical_system", "spacegroup"), 0, 1),
    (0.07, ("elements",), 1, 3),
    (0.05, ("prototype",), 0, 2),
    (0.07, ("gap",), 0, 0),
    (0.03, ("system",), 0, 0),
    (0.11, (), 2, 4),
    (0.05, ("full",), 0, 0),
)
"""What the captions of the tier "any" state."""
_SHARES = tuple(share for share, *_ in _MIX)
_OTHERS = {
    "system": 5,
    "spacegroup": 2,
    "prototype": 4,
    "family": 4,
    "gap": 5,
    "stability": 3,
    "count": 2,
    "elements": 1,
}
"""How often another fact is one of these kinds."""
_ENOUGH = ("formula", "compound", "structure type")
"""Labels of what makes a caption by itself; where facts are drawn, another one alone, ternary, says too little."""
_TYPOS = 0.02
"""Share of captions with a typing mistake."""


def write_caption(facts: Facts, rng: random.Random, tier: Tier = "any") -> Caption:
    """A caption of a crystal; what is not known of it is never stated.

    Args:
        facts: What is known.
        rng: Decides everything: the same state gives the same caption.
        tier: What to state: exactly a pair of facts, all of them ("full"), or anything ("any"), as people ask.

    Raises:
        KeyError: If there is no such tier.
    """
    pieces = _plan(facts, rng, tier)
    frame = rng.choices(_FRAMES, _SHORT if len(pieces) <= 3 else _LONG)[0]
    return Caption(_finish(frame(pieces, rng), pieces, rng), frozenset().union(*(piece.states for piece in pieces)))


def _plan(facts: Facts, rng: random.Random, tier: str) -> list[Piece]:
    """The pieces to say, at least one."""
    least = most = 0
    if tier == "any":
        _, kinds, least, most = rng.choices(_MIX, _SHARES)[0]
    else:
        kinds = ("full",) if tier == "full" else _TIERS[tier]
    if kinds == ("full",):
        first = "formula" if rng.random() < 0.85 else "names"
        rest = [kind for kind in ("system", "prototype", "gap", "stability", "count", "family") if rng.random() < 0.75]
        kinds = (first, "spacegroup", *rest)
    chosen = list(kinds)
    others = [kind for kind in _OTHERS if kind not in chosen and not (kind == "family" and "names" in chosen)]
    for _ in range(rng.randint(least, most)):
        kind = rng.choices(others, [_OTHERS[other] for other in others])[0]
        others.remove(kind)
        chosen.append(kind)
    pieces = [piece for kind in chosen if (piece := KINDS[kind](facts, rng)) is not None]
    if most and len(pieces) < 2 and not any(piece.label in _ENOUGH for piece in pieces):
        spare = anonymous if "elements" in chosen or rng.random() < 0.3 else some_elements
        pieces.append(spare(facts, rng))
    return pieces or [formula(facts, rng)]


def _keywords(pieces: Sequence[Piece], rng: random.Random) -> str:
    """``LiMnO2 orthorhombic``, ``Fm-3m, oxide, metallic``."""
    tags = [piece.say("tag", rng) if piece.can("tag") else piece.say("post", rng) for piece in pieces]
    rng.shuffle(tags)
    if rng.random() < 0.1:
        tags.insert(0 if rng.random() < 0.7 else len(tags), rng.choice(words.SOURCES))
    elif rng.random() < 0.1:
        tags.append(rng.choice(words.NOUNS))
    return rng.choice((" ", " ", " ", " ", ", ", ", ", "; ", " | ", " / ", " + ", " - ", " and ")).join(tags)


def _listing(pieces: Sequence[Piece], rng: random.Random) -> str:
    """``formula: LiMnO2; crystal system: orthorhombic``."""
    colon = rng.choice((": ", ": ", "=", " = ", " - "))
    items = [piece.label + colon + piece.say("value", rng) for piece in pieces]
    if rng.random() < 0.5:
        rng.shuffle(items)
    return rng.choice(("; ", ", ", " | ", ". ")).join(items)


def _colon(pieces: Sequence[Piece], rng: random.Random) -> str:
    """``LiMnO2: an orthorhombic semiconductor``; keywords where nothing names the compound."""
    named = [piece for piece in pieces if piece.can("subject")]
    rest = [piece for piece in pieces if piece not in named[:1]]
    if not named or not rest:
        return _keywords(pieces, rng)
    described = _noun_phrase(rest, rng, article=rng.random() < 0.5) if rng.random() < 0.6 else _keywords(rest, rng)
    return named[0].say("subject", rng) + rng.choice((": ", ": ", ", ", " - ", " – ", " (")) + described


def _noun_phrase(pieces: Sequence[Piece], rng: random.Random, article: bool = False, plural: bool = False) -> str:
    """``stable orthorhombic LiMnO2 phase with a band gap``; every piece is in it."""
    left = list(pieces)
    subject = noun = ""
    named = next((piece for piece in left if piece.can("subject")), None)
    if named is not None and not plural and (rng.random() < 0.85 or not named.can("post")):
        left.remove(named)
        subject = named.say("subject", rng)
    headed = next(
        (piece for piece in left if piece.can("head") and not (plural and piece.label == "structure type")), None
    )
    if headed is not None and rng.random() < 0.5:
        left.remove(headed)
        noun = headed.say("head", rng) + ("s" if plural else "")
    elif not subject or rng.random() < 0.4:
        noun = rng.choice(words.PLURALS if plural else words.NOUNS)
    before: list[str] = []
    after: list[str] = []
    for piece in left:
        if piece.can("adjective") and len(before) < 3 and (rng.random() < 0.55 or not piece.can("post")):
            before.append(piece.say("adjective", rng))
        else:
            after.append(piece.say("post" if piece.can("post") else "tag", rng))
    rng.shuffle(before)
    rng.shuffle(after)
    article_word = ""
    if article and not plural and (noun or not subject):
        article_word = "the" if subject else rng.choice(("a", "a", "a", "the", "some"))
    separator = ", " if len(before) > 1 and rng.random() < 0.25 else " "
    joint = " and " if len(after) == 2 and rng.random() < 0.3 and not after[1].startswith("(") else " "
    return " ".join(part for part in (article_word, separator.join(before), subject, noun, joint.join(after)) if part)


def _title(pieces: Sequence[Piece], rng: random.Random) -> str:
    """``Monoclinic distortion in the LiMnO2 lattice``, ``crystal structure of cubic LaNi5``."""
    nominal = [piece for piece in pieces if piece.can("nominal") and not piece.can("subject")]
    if not nominal or (len(pieces) == 1) or rng.random() < 0.25:
        return rng.choice(words.OPENINGS).replace("{}", _noun_phrase(pieces, rng))
    leading = rng.sample(nominal, 2 if len(nominal) > 2 and rng.random() < 0.4 else 1)
    rest = [piece for piece in pieces if piece not in leading]
    lead = " and ".join(piece.say("nominal", rng) for piece in leading)
    if rng.random() < 0.35:
        return f"{_noun_phrase(rest, rng, article=rng.random() < 0.3)} {rng.choice(words.VERBS)} {lead}"
    if rng.random() < 0.12 and not lead.startswith(("a ", "the ")):
        lead = f"{rng.choice(words.FLOURISHES)} {lead}"
    return f"{lead} {rng.choice(words.LINKS)} {_noun_phrase(rest, rng, article=rng.random() < 0.5)}"


def _request(pieces: Sequence[Piece], rng: random.Random) -> str:
    """``show me cubic nitrides``, ``is there a metallic oxide?``."""
    plural = rng.random() < 0.5 and not pieces[0].can("subject")
    return rng.choice(words.REQUESTS).replace("{}", _noun_phrase(pieces, rng, article=True, plural=plural))


def _question(pieces: Sequence[Piece], rng: random.Random) -> str:
    """``which oxide is cubic and has no band gap?``."""
    asked = [piece for piece in pieces if piece.can("predicate") and not piece.can("subject")]
    asked = rng.sample(asked, rng.randint(1, len(asked))) if asked else []
    rest = [piece for piece in pieces if piece not in asked]
    if not asked or any(piece.can("subject") for piece in rest):
        return _request(pieces, rng)
    said = " and ".join(piece.say("predicate", rng) for piece in asked)
    opening = rng.choice(("which", "what", "which", "name a", "is there a"))
    return f"{opening} {_noun_phrase(rest, rng)}{' that' if opening.endswith(' a') else ''} {said}?"


def _sentences(pieces: Sequence[Piece], rng: random.Random) -> str:
    """``LiMnO2 is orthorhombic and metallic. It lies on the convex hull.``"""
    told = [piece for piece in pieces if piece.can("predicate") and not piece.can("subject")]
    rng.shuffle(told)
    if told and rng.random() < 0.6:
        told = told[: rng.randint(1, len(told))]
    rest = [piece for piece in pieces if piece not in told]
    start = _noun_phrase(rest, rng, article=True) if rest else rng.choice(words.SUBJECTS)
    if not told:
        return f"{rng.choice(('This is', 'Here is', 'We consider', 'The structure is that of'))} {start}."
    sentences = []
    while told:
        taken = rng.randint(1, 3)
        said = _and([piece.say("predicate", rng) for piece in told[:taken]])
        told = told[taken:]
        sentences.append(f"{_capitalised(start)} {said}.")
        start = rng.choice(words.SUBJECTS)
    return " ".join(sentences)


_FRAMES = (_keywords, _noun_phrase, _title, _request, _question, _sentences, _colon, _listing)
_SHORT = (31, 21, 18, 10, 6, 8, 4, 2)
"""How often each frame is used for up to three facts,"""
_LONG = (18, 16, 14, 6, 4, 28, 6, 8)
"""and for more."""


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _capitalised(text: str) -> str:
    return text[0].upper() + text[1:]


_VOWEL = re.compile(r"(?<![\w/])(?<!type )(?<!formula )(?<!composition )([Aa]) (?=[aeiou](?!u?r[ao]n|ni|ne[ -]))(?!eu)")
_SYMBOLIC = frozenset(
    ["formula", "chemical system", "elements", "contains", "stoichiometry", "compound", "structure type"]
)
"""Labels of pieces in which capitals carry meaning: Co is not CO."""


def _finish(text: str, pieces: Sequence[Piece], rng: random.Random) -> str:
    """Articles, brackets, capitals, a closing point, a slip of the keys."""
    text = _VOWEL.sub(r"\1n ", text)
    if text.count("(") > text.count(")"):
        text += ")"
    chance = rng.random()
    if chance < 0.5:
        text = _capitalised(text)
    elif chance > 0.9 and not any(piece.label in _SYMBOLIC for piece in pieces):
        text = text.upper() if chance > 0.99 else text.lower()
    if text[-1].isalnum() and rng.random() < 0.12:
        text += "."
    return _mistype(text, rng) if rng.random() < _TYPOS else text


def _mistype(text: str, rng: random.Random) -> str:
    """One slip in a long plain word: a letter dropped, doubled or swapped with the next."""
    places = list(_LONG_WORD.finditer(text))
    if not places:
        return text
    word = rng.choice(places)
    place = rng.randrange(word.start() + 1, word.end() - 1)
    slip = rng.choice(("", text[place] * 2, text[place + 1] + text[place]))
    return text[:place] + slip + text[place + (2 if len(slip) == 2 and slip[0] != slip[1] else 1) :]


_LONG_WORD = re.compile(r"(?<![\w$-])[a-z]{6,}(?![\w$-])")
