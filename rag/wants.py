"""What a question asks, which kind of answer it wants, and which sentences could give that."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.reading.text import word_list
from rag.verify.wording import read_words

_QUANTITY = re.compile(
    r"\bhow (?:many|much|long|large|high|low|far|fast|big|often|small|thick|wide|old|hot|deep)\b"
    r"|\b(?:what|which) (?:[\w-]+ ){0,4}(?:percent|percentage|efficiency|temperature|value|energy|gap|bandgap|number|"
    r"rate|size|length|thickness|lifetime|cost|concentration|density|pressure|time|ratio|fraction|mass|voltage|yield|"
    r"barrier|distance|angle|wavelength|frequency|radius|diameter|year|area|score|accuracy|error)s?\b",
    re.IGNORECASE,
)
_MEASURE = (
    r"(?:energ(?:y|ies)|(?:enthalp|entrop|conductivit|resistivit|densit|viscosit|solubilit|capacit|mobilit|permittivit|"
    r"permeabilit|porosit|affinit|electronegativit|velocit)(?:y|ies)|(?:temperature|resistance|capacitance|constant|"
    r"coefficient|point|moment|strength|potential|voltage|current|lifetime|diameter|distance|length|angle|volume|weight|"
    r"parameter|factor|work function|price|cost|pressure|ratio|heat|tension|wavelength|transition|expansion|barrier|"
    r"rate|yield|speed|band ?gap|gap)s?|efficienc(?:y|ies)|frequenc(?:y|ies)|modul(?:us|i)|ind(?:ex|ices)|radi(?:us|i)|"
    r"thickness(?:es)?|mass(?:es)?|mismatch(?:es)?|hardness|toughness)"
)
"""The last word of the name of what can be measured."""
_PROCESS = (
    r"(?: of (?:fusion|vapou?ri[sz]ation|formation|mixing|reaction|adsorption|expansion|sublimation|diffusion|"
    r"refraction|friction|inertia|elasticity|decomposition))?"
)
_HOWEVER_LARGE = (
    r"(?:(?:range of |values? of |magnitude of )(?:the )?)?(?:(?:typical|usual|reported|measured|calculated|predicted|"
    r"computed|estimated|assumed|experimental|theoretical|average|mean|total|overall|exact|approximate|main|certified|"
    r"record|highest|lowest|largest|smallest|best|longest|shortest|maximum|minimum|"
    r"maximal|minimal|optimal|optimum|ideal|current|initial|final|same|new) )*"
)
_JOINS = r"(?:of|in|on|at|as|an?|the|and|or|for|to|by|with|is|are|was|were)\b"
_MEASURED = rf"{_HOWEVER_LARGE}(?P<quantity>(?:(?!{_JOINS})[\w'’-]+ ){{0,3}}?{_MEASURE}{_PROCESS})"
_ASKED = (
    re.compile(
        rf"\W*(?:what|which|how \w+) (?:is|are|was|were) (?:the |an? )?{_MEASURED} (?:of|for|in|at|between|under|"
        r"needed|required|used|reported|obtained|observed|achieved|reached|measured|calculated)\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\W*(?:what|which) (?!(?:is|are|was|were)\b){_MEASURED} "
        r"(?:do|does|did|has|have|had|is|are|was|were|can|could|should)\b",
        re.IGNORECASE,
    ),
)
_POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|theirs?|(?:this|these|those)(?! (?:papers?|study|studies|works?|reviews?|articles?)\b))\b",
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


GENERAL_WORDS = word_list(
    "accept achieve act add advantage affect agree aim allow alter amount analogue appear apply approach argue arise "
    "ask aspect assess assign assume attempt author available avoid bad become begin behave best better big bring "
    "build call carry case category cause challenge change cheap choose circumstance claim come common compare "
    "comparison complete conclude consequence consider consist contain continue contribute cost cover create deal "
    "decide decline decrease define definition depend derive describe deviate differ difference different difficult "
    "disadvantage discuss display divide drawback drop easy effective employ enable enhance ensure evaluate example "
    "exceed exclusive exclusively exhibit exist expand expect expensive explain explore express extend extensive "
    "extensively fact factor fail fall fast feature follow gain generate give goal good great grow handle happen hard "
    "harm harmful help high hinder hold idea identify illustrate impact impede important impose improve include "
    "increase indicate inexpensive influence inhibit intensity introduce investigate involve issue keep kind know "
    "large lead level limit list long look low magnitude main maintain major make manage manner maximum mean meaning "
    "mention method minimum move name narrow necessary need new novel number observe obtain occur offer old optimal "
    "original outperform part percentage perform play poor possible prepare present prevent previous problem "
    "procedure produce promote property proposal propose protect prove provide publish purpose qualitatively question "
    "raise reach react reason recent recommend reduce refer release rely remain remove repair repeat replace report "
    "represent require respond result reveal rise role run say serve share similar simple single slow small solve "
    "sort special specific stay step stop strengthen strong study suffer suggest suitable support take technique tell "
    "term test text thing think timescale topic treat turn type typical understand useful usual value vary want way "
    "weak wide work worse worst write wrong"
)
"""Words that say what is wanted of a matter, and not of which."""


def split_question(question: str) -> list[str]:
    """The questions that one line asks: several question marks, or clauses joined by "and" + a question word.

    "Which are 2D and which 3D?" stays whole: what its second half asks stands in the first.
    """
    clauses = re.split(
        r"(?<=\?)\s+|;\s+|"
        r",?\s+and\s+(?=(?:what|which|how|why|when|where|who|whose|does|do|did|is|are|can)(?:\s+\S+){2})",
        question,
        flags=re.IGNORECASE,
    )
    return [clause.strip() for clause in clauses if len(clause.split()) > 1] or [question]


def in_full(parts: Sequence[str]) -> list[str]:
    """Each of the questions that one line asks, with what it points back to: "what could replace it?" says nothing by
    itself, and is followed by the words of the last question that does.

    >>> in_full(["Is lead toxic in perovskites", "what could replace it?"])
    ['Is lead toxic in perovskites', 'what could replace it? lead toxic perovskites']
    """
    full: list[str] = []
    matter = ""
    for part in parts:
        if full and _POINTS_BACK.search(part):
            full.append(f"{part} {matter}")
        else:
            full.append(part)
            matter = " ".join(word.text for word in read_words(part).words if word.is_content)
    return full


def wants_number(question: str) -> bool:
    """Whether a question asks for a quantity; what limits or causes one is asked otherwise."""
    return bool(_QUANTITY.search(question)) and not wants_reason(question)


def quantity_asked(question: str) -> str | None:
    """The measurable quantity whose value a question asks for, as it names it; None where it asks something else.

    >>> quantity_asked("What is the highest melting point of lead halides?")
    'melting point'
    >>> quantity_asked("What is the role of temperature?") is None
    True
    """
    found = (pattern.match(question) for pattern in _ASKED)
    return next((match["quantity"] for match in found if match), None)


def initials(name: str) -> str:
    """What a name of several words is short for, as a rule: ``FF`` for "fill factor"; "" for one word."""
    words = re.findall(r"[^\W\d_]+", name)
    return "".join(word[0] for word in words).upper() if len(words) > 1 else ""


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
