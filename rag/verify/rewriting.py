"""The same said otherwise: what a verifier must not complain about, for its training and for its measures.

Each maker takes a sentence and returns one that follows from it, or None where the sentence offers no place for it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files

from clip_mat.language.names import ELEMENT_NAMES
from rag.mentions import mentions_of
from rag.verify.opposites import CONTRASTS, alike, inflect, is_used_as, poles
from rag.verify.quantities import NUMBER_WORDS, find_numbers, plain_numbers

Maker = Callable[[str, random.Random], str | None]


def _synonyms() -> Iterator[list[str]]:
    """Words in the same form that can stand for one another, a set at a time."""
    forms: tuple[str, ...] = ("",)
    for line in files("rag.verify").joinpath("synonyms.txt").read_text("utf-8").splitlines():
        if line.startswith(("#", "[")):
            forms = {"[verbs]": ("", "s", "ed", "ing"), "[nouns]": ("", "s")}.get(line, ("",))
            continue
        for form in forms:
            yield [_IRREGULAR.get((word, form)) or inflect(word, form) for word in line.split()]


_IRREGULAR = {
    ("find", "ed"): "found",
    ("choose", "ed"): "chosen",
    ("get", "ed"): "obtained",
    ("get", "ing"): "getting",
    ("begin", "ed"): "began",
    ("show", "ed"): "showed",
    ("study", "s"): "studies",
    ("apply", "ed"): "applied",
}
_SETS = tuple(_synonyms())
_OTHER_WORDS = {word: tuple(other for other in words if other != word) for words in _SETS for word in words}
_WORD = re.compile(r"\b[a-z]{3,}\b")


@cache
def other_words(word: str) -> frozenset[str]:
    """Words, in lower case, that can stand for one in lower case in some sense of it, in its form."""
    return frozenset(other for words in _SETS if word in words for other in words) - {word}


def use_synonym(sentence: str, rng: random.Random) -> str | None:
    """One or two words replaced by others of the same meaning."""
    new = sentence
    for _ in range(rng.choice((1, 1, 2, 3))):
        places = [match for match in _WORD.finditer(new) if match[0] in _OTHER_WORDS]
        if not places:
            break
        match = rng.choice(places)
        new = new[: match.start()] + rng.choice(_OTHER_WORDS[match[0]]) + new[match.end() :]
    return new if new != sentence else None


def use_same_side(sentence: str, rng: random.Random) -> str | None:
    """A word of direction replaced by another of the same side: raises for increases."""
    places = []
    for match in re.finditer(r"\b[A-Za-z][a-z-]{3,}\b", sentence):
        for pole in poles().get(match[0].lower(), ()):
            others = alike(pole, pole.side, match[0].lower())
            fits = is_used_as(pole, sentence[: match.start()])
            if others and fits and CONTRASTS[pole.contrast].word_class != "adverb" and pole.axis != "state":
                places.append((match, others))
    if not places:
        return None
    match, words = rng.choice(places)
    word = rng.choice(words)
    return sentence[: match.start()] + (word.capitalize() if match[0][0].isupper() else word) + sentence[match.end() :]


_LEAD = re.compile(
    r"^(?:However|Moreover|Furthermore|Therefore|Thus|Hence|In addition|Additionally|Interestingly|Notably|"
    r"In this work|In this study|In this paper|Here|Recently|For example|For instance|In general|"
    r"In particular|As a result|Consequently|In contrast|Specifically|Finally|Overall|In fact|Indeed|Importantly|"
    r"To this end|In this case|As expected|Similarly|Also|Nevertheless|"
    r"Besides|Note that|It should be noted that|Of course|Unfortunately|Firstly|First|Second|Secondly|Then),? "
)
_REPORTED = re.compile(
    r"^(?:We (?:find|found|show|showed|note|observe|observed|demonstrate|conclude|report|see) that|It (?:is|was|"
    r"has been) (?:shown|found|known|observed|noted|clear|evident|well known|reported) that|"
    r"The results? (?:shows?|indicates?|suggests?) that|This (?:shows|means|indicates|suggests|implies) that|"
    r"Our results (?:show|indicate|suggest) that)\s+"
)
_TAIL = re.compile(
    r"(?:, which [^,;]+|, where [^,;]+"
    r"|, (?:leading|resulting|thus|thereby|making|allowing|indicating|suggesting|showing)[^,;]+"
    r"|; .+|, (?:but|while|whereas|although) .+)(?=\.$)"
)
_BRACKETS = re.compile(r"\s?\([^()]*\)|\s?\[[^][]*\]")
_REPORTS = (
    "The authors report that {}",
    "According to the paper, {}",
    "It was found that {}",
    "The study shows that {}",
    "It is stated that {}",
    "The text says that {}",
    "{}, as the authors report",
    "Research shows that {}",
)


def drop_clause(sentence: str, rng: random.Random) -> str | None:
    """Without an opening phrase, an aside or a clause at the end."""
    makers: list[Callable[[str], str]] = [
        lambda s: _capital(_LEAD.sub("", s)),
        lambda s: _capital(_REPORTED.sub("", s)),
        lambda s: _TAIL.sub("", s),
        lambda s: _BRACKETS.sub("", s),
    ]
    rng.shuffle(makers)
    for maker in makers:
        new = maker(sentence)
        if new != sentence and len(new.split()) >= 5:
            return new
    return None


_ADVERB = re.compile(r" (?!only|early|likely|family|apply|supply|nearly|hardly|barely|rarely)[a-z]+ly\b(?= [a-z])")
_LAST_PHRASE = re.compile(
    r" (?:in|for|with|by|at|using|during|via|through|under|within|as well as) [^,;()]{4,60}(?=\.$)"
)


def shorten(sentence: str, rng: random.Random) -> str | None:
    """Without an adverb, or without the phrase at its end that says how, where or when."""
    if re.search(r"\b(?:only|not|no|never|without|than|between|from)\b", sentence):
        return None  # what is left out might be what is denied or compared
    makers: list[Callable[[str], str]] = [lambda s: _ADVERB.sub("", s, count=1), lambda s: _LAST_PHRASE.sub("", s)]
    rng.shuffle(makers)
    for maker in makers:
        new = maker(sentence)
        if new != sentence and len(new.split()) >= 6:
            return new
    return None


def report(sentence: str, rng: random.Random) -> str | None:
    """As somebody tells it who has read it."""
    body = _LEAD.sub("", sentence).rstrip(".")
    if not body or "?" in body:
        return None
    pattern = rng.choice(_REPORTS)
    first = body.split()[0]
    lowered = body[0].lower() + body[1:] if first[1:].islower() or first in ("A", "We") else body
    return (pattern.format(lowered) if not pattern.startswith("{}") else pattern.format(_capital(body))) + "."


_CONVERSIONS: dict[str, tuple[tuple[str, float], ...]] = {
    "eV": (("meV", 1000),),
    "meV": (("eV", 0.001),),
    "nm": (("Å", 10),),
    "Å": (("nm", 0.1), ("pm", 100)),
    "μm": (("nm", 1000),),
    "mm": (("cm", 0.1), ("μm", 1000)),
    "cm": (("mm", 10),),
    "GPa": (("MPa", 1000),),
    "MPa": (("GPa", 0.001),),
    "h": (("min", 60), ("hours", 1)),
    "hours": (("h", 1), ("minutes", 60)),
    "min": (("minutes", 1), ("s", 60)),
    "minutes": (("min", 1),),
    "s": (("seconds", 1), ("ms", 1000)),
    "ns": (("ps", 1000),),
    "ps": (("fs", 1000), ("ns", 0.001)),
    "V": (("mV", 1000),),
    "mV": (("V", 0.001),),
    "%": (("percent", 1),),
    "mg": (("g", 0.001),),
    "kg": (("g", 1000),),
    "GHz": (("MHz", 1000),),
    "THz": (("GHz", 1000),),
}


def convert_unit(sentence: str, rng: random.Random) -> str | None:
    """A quantity in another unit."""
    text = plain_numbers(sentence)
    numbers = find_numbers(sentence)
    places = []
    for quantity in numbers:
        written = text[quantity.start : quantity.end - len(quantity.unit)].strip()
        if not re.fullmatch(r"\d+(?:\.\d+)?", written) or not text[: quantity.end].endswith(quantity.unit or "?"):
            continue
        if quantity.unit in _CONVERSIONS or (quantity.unit in ("K", "°C") and quantity.number >= 200):
            places.append((quantity, written))
    if not places:
        return None
    quantity, written = rng.choice(places)
    if quantity.unit == "K":
        changed = f"{quantity.number - 273.15:.0f} °C"
    elif quantity.unit == "°C":
        changed = f"{quantity.number + 273.15:.0f} K"
    else:
        unit, factor = rng.choice(_CONVERSIONS[quantity.unit])
        changed = f"{float(f'{quantity.number * factor:.6g}'):g} {unit}"
        if "e" in changed.split()[0]:
            return None
    before = text[: quantity.start]
    if re.search(r"\d\s?(?:-|to|and|±|,)\s?$", before):  # the unit serves the number before it, too
        return None
    return before + changed + text[quantity.end :]


_DIGIT_WORDS = {
    f"{value:g}": word
    for word, value in NUMBER_WORDS.items()
    if 2 <= value <= 12 and word not in ("twice", "thrice", "both") and "fold" not in word
}


def spell_number(sentence: str, rng: random.Random) -> str | None:
    """A small number in letters, or in digits."""
    spelled = [
        (m, _DIGIT_WORDS[m[0]])
        for m in re.finditer(r"(?<![\w.,^−-])\d{1,2}(?= [a-z]{4,})(?![\d.])", sentence)
        if m[0] in _DIGIT_WORDS
    ]
    words = {word: digits for digits, word in _DIGIT_WORDS.items()}
    spelled += [
        (m, words[m[0]])
        for m in re.finditer(r"\b[a-z]{3,6}\b(?! (?:hundred|thousand|million|billion|of the))", sentence)
        if m[0] in words
    ]
    if not spelled:
        return None
    match, other = rng.choice(spelled)
    return sentence[: match.start()] + other + sentence[match.end() :]


def name_element(sentence: str, rng: random.Random) -> str | None:
    """An element by its name instead of its symbol, or the other way round."""
    places = [m for m in mentions_of(sentence) if m.kind == "element"]
    places = [
        m
        for m in places
        if sentence[m.end : m.end + 1] not in ("-", "+", "^") and sentence[m.start - 1 : m.start] != "-"
    ]
    if not places:
        return None
    mention = rng.choice(places)
    symbol = next(s for s, _ in mention.composition if s)
    if symbol not in ELEMENT_NAMES:  # X stands for any element
        return None
    written = sentence[mention.start : mention.end]
    if written == symbol:
        return sentence[: mention.start] + ELEMENT_NAMES[symbol][0] + sentence[mention.end :]
    if written.lower() in ELEMENT_NAMES[symbol] and symbol not in ("In", "As", "I", "He", "At", "No"):
        return sentence[: mention.start] + symbol + sentence[mention.end :]
    return None


_COMPARISON = re.compile(
    r"^(?P<one>(?:The |A |An )?[\w\s/+-]{3,60}?) (?P<verb>is|are|was|were) "
    r"(?P<how>(?:much |significantly |slightly |far )?)(?P<comparative>\w+er|more|less|better|worse)"
    r"(?P<what>(?: \w+)?) than (?P<other>(?:that of |the |those of )?[\w\s/+-]{3,60}?)\.$"
)


def turn_comparison(sentence: str, rng: random.Random) -> str | None:
    """B is lower than A, for A is higher than B."""
    del rng
    match = _COMPARISON.match(sentence)
    if match is None:
        return None
    for pole in poles().get(match["comparative"], ()):
        contrast = CONTRASTS[pole.contrast]
        others = [
            w for w in contrast.sides[1 - pole.side] if w.endswith("er") or w in ("less", "more", "worse", "better")
        ]
        if others:
            one = match["one"]
            one = one[0].lower() + one[1:] if one.startswith(("The ", "A ", "An ")) else one
            return f"{_capital(match['other'])} {match['verb']} {match['how']}{others[0]}{match['what']} than {one}."
    return None


_OF_NOUN = re.compile(
    r"\b[Tt]he ([a-z]+(?: [a-z]+)?) of ([A-Z][\w-]*)(?=[,.]| (?:is|are|was|were|in|at|for|by|to|from)\b)"
)
_WE = re.compile(
    r"^(?:In this (?:work|study|paper), )?[Ww]e (?:have )?(used|developed|proposed|studied|performed|introduced"
    r"|investigated|trained|employed|selected|calculated|computed|measured|applied|considered|observed|compared)"
    r" ((?:the |a |an |two |three |several |our )?[^,.;]{4,70}?)"
    r"(?= (?:to|for|in|with|by|on|from|using|and|as)\b|\.$)"
)


def recast(sentence: str, rng: random.Random) -> str | None:
    """Passive for active, "TiO2 gap" for "gap of TiO2", the place at the end instead of the beginning."""
    makers: list[Callable[[str], str]] = [_passive, _move_opening, lambda s: _OF_NOUN.sub(r"the \2 \1", s, count=1)]
    rng.shuffle(makers)
    for maker in makers:
        new = maker(sentence)
        if new != sentence:
            return _capital(new)
    return None


def _passive(sentence: str) -> str:
    match = _WE.match(sentence)
    if match is None or match[2].startswith("our "):
        return sentence
    plural = match[2].startswith(("two ", "three ", "several ")) or match[2].endswith("s")
    return f"{_capital(match[2])} {'were' if plural else 'was'} {match[1]}{sentence[match.end() :]}"


_OPENING = re.compile(r"^((?:In|For|At|During|After|Under|With|By|Among|On) [^,;]{4,60}), ([^,;]+)\.$")


def _move_opening(sentence: str) -> str:
    match = _OPENING.match(sentence)
    if match is None:
        return sentence
    opening = match[1][0].lower() + match[1][1:]
    return f"{_capital(match[2])} {opening}."


_NOT_ADJECTIVE = re.compile(r"\b(is|are|was|were|be) not (\w+)\b")


def undouble(sentence: str, rng: random.Random) -> str | None:
    """Unstable for not stable."""
    for match in _NOT_ADJECTIVE.finditer(sentence):
        for pole in poles().get(match[2], ()):
            contrast = CONTRASTS[pole.contrast]
            prefixed = [w for w in contrast.sides[1 - pole.side] if w.endswith(match[2][2:]) and w != match[2]]
            if contrast.word_class == "adjective" and prefixed:
                return f"{sentence[: match.start()]}{match[1]} {rng.choice(prefixed)}{sentence[match.end() :]}"
    return None


REWRITINGS: dict[str, Maker] = {
    "synonym": use_synonym,
    "same side": use_same_side,
    "clause dropped": drop_clause,
    "reported": report,
    "unit converted": convert_unit,
    "number spelled": spell_number,
    "element named": name_element,
    "comparison turned": turn_comparison,
    "recast": recast,
    "shortened": shorten,
    "denial resolved": undouble,
}
"""Makers of sentences that still say what their evidence says, by kind."""

_OFTEN = ("synonym", "same side", "clause dropped", "reported", "recast", "shortened")


def rewrite(sentence: str, rng: random.Random, most: int = 3) -> tuple[str, tuple[str, ...]]:
    """A sentence rewritten up to `most` times, and how; unchanged where nothing offers itself.

    Args:
        sentence: To rewrite.
        rng: Decides.
        most: At most so many rewritings, each of another kind.
    """
    kinds = list(REWRITINGS)
    rng.shuffle(kinds)
    wanted = rng.randint(1, most)
    done: list[str] = []
    for kind in sorted(kinds, key=lambda kind: kind in _OFTEN):  # what seldom fits comes first
        if len(done) == wanted:
            break
        if kind not in _OFTEN and rng.random() < 0.4:
            continue
        new = REWRITINGS[kind](sentence, rng)
        if new is not None and new != sentence:
            sentence = new
            done.append(kind)
    return sentence, tuple(done)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
