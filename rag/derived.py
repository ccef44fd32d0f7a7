"""Words made of one another that share no stem by their letters: ``absorb`` and ``absorption``, ``stable`` and
``stability``.

A stemmer takes endings off, so that ``migrate`` finds ``migration``; where a word changes its stem, it finds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_VERBS = (
    ("orb", "orption"),
    ("uce", "uction"),
    ("mpose", "mposition"),
    ("olve", "olution"),
    ("vert", "version"),
    ("pand", "pansion"),
    ("rode", "rosion"),
    ("mit", "mission"),
    ("dhere", "dhesion"),
    ("rude", "rusion"),
    ("clude", "clusion"),
    ("expose", "exposure"),
    ("fail", "failure"),
    ("grow", "growth"),
    ("lose", "loss"),
    ("respond", "response"),
    ("occur", "occurrence"),
    ("scribe", "scription"),
    ("lyse", "lysis"),
    ("lyze", "lysis"),
    ("synthesise", "synthesis"),
    ("synthesize", "synthesis"),
    ("oxidise", "oxidation"),
    ("oxidize", "oxidation"),
)
"""How verbs end, and the nouns made of them."""
_ADJECTIVES = (
    ("unstable", "instability"),
    ("stable", "stability"),
    ("stable", "stabilise"),
    ("stable", "stabilize"),
    ("strong", "strength"),
    ("porous", "porosity"),
    ("viscous", "viscosity"),
    ("pure", "purity"),
    ("accurate", "accuracy"),
    ("uncertain", "uncertainty"),
)


def _inflected(verb: str) -> str:
    """A pattern of a verb's ending with those of its forms."""
    if verb.endswith("e"):
        return rf"{verb[:-1]}(?:e|es|ed|ing)$"
    return rf"{verb}(?:s|{verb[-1]}?ed|{verb[-1]}?ing)?$"


_NOUN_OF = [(re.compile(_inflected(verb)), noun) for verb, noun in _VERBS]
_NOUN_OF += [(re.compile(rf"^{adjective}$"), noun) for adjective, noun in _ADJECTIVES]
_OF_NOUN = [(re.compile(rf"{noun}s?$"), verb) for verb, noun in _VERBS]
_OF_NOUN += [(re.compile(rf"^{noun}$"), adjective) for adjective, noun in _ADJECTIVES]


def relatives(word: str) -> Iterator[str]:
    """Words that a word is made of, or that are made of it; some are none.

    >>> list(relatives("absorbed"))
    ['absorption']
    """
    for pattern, ending in (*_NOUN_OF, *_OF_NOUN):
        other = pattern.sub(ending, word)
        if other != word:
            yield other
