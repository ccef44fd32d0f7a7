"""The words by which sentences offer compounds, compare them, or turn them down: one list for each role.

Phrases are written as they are said. ``*`` stands for any ending of a word, ``a/b`` for either word, ``(a)`` for a word
that may be missing, and ``...`` for up to three words.
"""

from __future__ import annotations

import re


def phrases(*said: str) -> str:
    """A regular expression for any of several phrases, as whole words."""
    return rf"\b(?:{'|'.join(_pattern(phrase) for phrase in said)})"


def _pattern(phrase: str) -> str:
    pattern = ""
    for word in phrase.split():
        blank = r"\s" if pattern else ""
        if word == "...":
            pattern += r"(?:\s[\w()-]+){0,3}?"
        elif word.startswith("("):
            pattern += rf"(?:{blank}{_word(word.strip('()'))})?"
        else:
            pattern += blank + _word(word)
    return pattern


def _word(word: str) -> str:
    either = [re.escape(one).replace(r"\*", r"\w*") + ("" if one.endswith("*") else r"\b") for one in word.split("/")]
    return either[0] if len(either) == 1 else f"(?:{'|'.join(either)})"


OFFERED = phrases(
    "promising", "recommend*", "best", "ideal", "excellent", "suitable", "candidate*", "outstanding",
    "favorable/favourable", "favored/favoured", "preferred", "attractive", "superior",
    "most stable/efficient/active/used/studied", "identif*", "discover*", "thermodynamically stable",
    "focus on", "demonstrated", "successful*", "emerg*",
)  # fmt: skip
"""Around a compound: the sentence speaks for it."""

REFUSED_BEFORE = phrases(
    "not", "never", "without", "avoid*", "free of/from", "exclud*", "except (for)", "other than", "neither",
    "nor", "lack/lacks", "absence of", "instead of", "rather than", "replace/replaces/replacing",
    "replacement/replacements of/for", "substitute/substitutes for", "substituting",
    "alternative/alternatives to/for", "eliminat*", "toxicity of", "get/getting rid of", "do/does not form",
    "toxic", "problem/problems of/with",
)  # fmt: skip
"""In front of a compound: it is turned down."""

REFUSED_BEHIND = phrases(
    "should/must be avoided/replaced/excluded/eliminated/discarded/left",
    "has/have/need/needs to be avoided/replaced/excluded/eliminated/discarded/left",
)  # fmt: skip
"""Behind a compound and a few words: likewise."""

REFUSED_AS = phrases(
    "not", "toxic", "poisonous", "unsuitable", "unlikely", "excluded", "ruled out", "avoided", "discarded",
    "inferior", "impossible",
)  # fmt: skip
"""Behind a compound and *is*, *was*, *proved*: likewise."""

UNABLE = phrases("do/does/did/can/could/will/would not", "cannot", "fail/fails/failed to", "lack/lacks")
"""Behind a compound: it cannot do what is told of."""

COMPARED_BEFORE = phrases(
    "unlike", "than", "relative to", "compared/comparison to/with", "in contrast to/with", "as opposed to",
    "versus", "vs", "outperform*", "surpass*", "exceed*", "superior/inferior to", "similar to",
    "analog* of/to", "counterpart*", "that of", "those of", "derived from", "over", "above", "below", "from",
    "precursor/precursors (such/like/of) (as)", "decompos* to/into", "degrad* to/into",
)  # fmt: skip
"""In front of a compound: another is held against it, or comes from it."""

COMPARED_BEHIND = phrases(
    "precursor*", "impurit*", "substrate*", "electrode*", "secondary phase*", "contact*", "reference",
)  # fmt: skip
"""Behind a compound: it is there for the sake of another."""

UNSTABLE = phrases("unstable", "metastable")
"""Behind a compound and *is*: likewise."""

FALLS_APART = phrases("decompos*", "degrad*")

SET_ASIDE = phrases(
    "from", "replac*", "substitut*", "alternative/alternatives to/for", "instead of", "derived from",
    "in place of", "analog* of/to", "similar to", "like", "than", "compared to/with", "unlike",
)  # fmt: skip
"""In a question, in front of a compound: it is named only to start from or to compare with."""

CONCEDED = phrases(
    "although", "though", "despite", "even though", "unlike", "instead of", "rather than", "in contrast to",
    "compared to/with", "as opposed to", "other than", "than",
)  # fmt: skip
"""In a question: what follows, up to the next comma, is not what is asked for."""

REMOVED = phrases(
    "replace/replaces/replaced/replacing", "replacement of", "replacement/replacements for",
    "substitute/substitutes for", "substituting", "substitution of", "substituted for",
    "avoid/avoids/avoiding", "eliminate/eliminates/eliminating", "alternative/alternatives to", "instead of",
    "(environmental) toxicity/leakage of", "toxic", "poisonous",
)  # fmt: skip
"""In front of an element: it shall not be there."""

REMOVED_BEHIND = phrases(
    "is/are/was/were (completely/partially/fully) replaced/substituted/avoided/eliminated",
    "is/are/was/were left out",
    "can/could/may/should/must be (completely/partially/fully) replaced/substituted/avoided/eliminated",
    "has/have been (completely/partially/fully) replaced/substituted/avoided/eliminated",
)  # fmt: skip
"""Behind an element: likewise."""

EASED = re.compile(r"(?:\b(?:less|least|not|hardly|without)|\bnon)[\s-]$", re.IGNORECASE)
"""In front of one of these words: the opposite is said ("less toxic")."""

ANALOGUE = phrases("inorganic ... analog*/counterpart*/alternative*/equivalent*/version*/parent*")
"""Around a compound: it takes the place of one that has organic ions."""

MORE = phrases(
    "larger", "largest", "higher", "highest", "wider", "widest", "greater", "greatest", "more", "most",
    "longer", "longest", "stronger", "strongest", "increased", "improved",
)  # fmt: skip
LESS = phrases(
    "smaller", "smallest", "lower", "lowest", "narrower", "narrowest", "less", "least", "shorter",
    "shortest", "weaker", "weakest", "reduced",
)  # fmt: skip
"""Directions in which two compounds are compared."""
