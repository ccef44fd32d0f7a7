"""What kind of answer a question wants, and which sentences could give it."""

from __future__ import annotations

import re

_QUANTITY = re.compile(
    r"\bhow (?:many|much|long|large|high|low|far|fast|big|often|small|thick|wide|old|hot|deep)\b"
    r"|\b(?:what|which) (?:[\w-]+ ){0,4}(?:percent|percentage|efficiency|temperature|value|energy|gap|bandgap|number|"
    r"rate|size|length|thickness|lifetime|cost|concentration|density|pressure|time|ratio|fraction|mass|voltage|yield|"
    r"barrier|distance|angle|wavelength|frequency|radius|diameter|year|area|score|accuracy|error)s?\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d")
_REASON = re.compile(
    r"\W*(?:why|how come|for what reason|what (?:\w+ ){0,3}?(?:causes?|caused|limits?|limited|leads? to|led to|"
    r"prevents?|hinders?|explains?|makes?|drives?|determines?)\b|"
    r"what (?:is|are|was|were) the (?:\w+ ){0,2}(?:reasons?|causes?|origins?|purpose|aims?|motivation))",
    re.IGNORECASE,
)
_GIVEN = re.compile(
    r"\b(?:because|due to|owing to|thanks to|caus(?:e|es|ed|ing)\b|attribut|ascribed|explained by|as a result of|"
    r"result(?:s|ed|ing)? (?:from|in)|originat|aris(?:e|es|ing) from|stem(?:s|med)? from|lead(?:s|ing)? to|led to|"
    r"responsible for|so that|in order to|since|thus|therefore|hence|for this reason|limited by|hinder|prone to|"
    r"susceptible|allow|enabl|avoid|ensur)",
    re.IGNORECASE,
)


def wants_number(question: str) -> bool:
    """Whether a question asks for a quantity; what limits or causes one is asked otherwise."""
    return bool(_QUANTITY.search(question)) and not wants_reason(question)


def states_number(sentence: str) -> bool:
    """Whether a sentence holds a number."""
    return bool(_NUMBER.search(sentence))


def wants_reason(question: str) -> bool:
    """Whether a question asks for a cause, a reason or a purpose."""
    return bool(_REASON.match(question))


def states_reason(sentence: str) -> bool:
    """Whether a sentence has words that join a cause to its effect: of the sentences that answer such questions of
    ChemLit-QA one in two has them, of the others one in five."""
    return bool(_GIVEN.search(sentence))
