"""Sentences made false in one place: what a verifier must see, for its training and for its measures.

Each maker takes a sentence that is true of its evidence and returns one that no longer is, or None where the sentence
offers no place for it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from clip_mat.language.names import ELEMENT_NAMES
from rag.mentions import mentions_of
from rag.verify.opposites import alike, inflect, is_used_as, poles
from rag.verify.quantities import Quantity, agrees, find_numbers, plain_numbers

Maker = Callable[[str, random.Random], str | None]

_UNITS = """
eV: meV | keV | kJ/mol | V
meV: eV | keV | mV
nm: μm | Å | mm
Å: nm | pm | μm
μm: nm | mm
mm: cm | μm | nm
cm: mm | m
m: cm | km
K: °C | mK | eV
°C: K | °F
GPa: MPa | kPa
MPa: GPa | kPa
%: ppm | nm | ‰
wt%: at% | ppm
h: min | s | days
hours: minutes | days
hour: minute | day
min: h | s
minutes: hours | seconds
s: ms | min | h
seconds: minutes | hours
days: hours | weeks
ms: s | μs
ns: ps | μs
ps: ns | fs
fs: ps | ns
V: mV | kV
mV: V | μV
mA: A | μA
W: mW | kW
mg: g | μg
g: mg | kg
kg: g | mg
mL: L | μL
M: mM | μM
mM: M | μM
Hz: kHz | MHz
THz: GHz | MHz
kJ/mol: kcal/mol | eV
kcal/mol: kJ/mol | meV
years: months | days
percent: ppm
GB: MB | TB
eV/atom: meV/atom | eV
meV/atom: eV/atom | meV
"""
_UNIT_SWAPS = {
    unit: tuple(others.split(" | ")) for unit, others in (line.split(": ") for line in _UNITS.strip().splitlines())
}
_ALIKE = (
    "Li Na K Rb Cs|Be Mg Ca Sr Ba|Sc Y La Ce Nd Gd|Ti Zr Hf|V Nb Ta|Cr Mo W|Mn Re|Fe Ru Os|Co Rh Ir|Ni Pd Pt|Cu Ag Au"
    "|Zn Cd Hg|B Al Ga In Tl|Si Ge Sn Pb|N P As Sb Bi|O S Se Te|F Cl Br I|Fe Co Ni|C Si|H Li|He Ne Ar Kr Xe"
)
_GROUPS = tuple(tuple(group.split()) for group in _ALIKE.split("|"))


def swap_number(sentence: str, rng: random.Random) -> str | None:
    """Another number in the place of one; never one that could be a rounding of it."""
    text = plain_numbers(sentence)
    places = [q for q in find_numbers(sentence) if text[q.start].isdigit()]
    if not places:
        return None
    quantity = rng.choice(places)
    written = re.match(r"[\d,]*\.?\d+", text[quantity.start :])
    if written is None:
        return None
    for _ in range(8):
        changed = _other_digits(written[0], rng)
        new = text[: quantity.start] + changed + text[quantity.start + written.end() :]
        there = [q for q in find_numbers(new) if q.start == quantity.start]
        if there and not any(agrees(there[0], known) for known in find_numbers(sentence)):
            return new
    return None


def _other_digits(written: str, rng: random.Random) -> str:
    """A number in the same format: one digit changed, or scaled."""
    plain = written.replace(",", "")
    decimals = len(plain.partition(".")[2])
    if rng.random() < 0.5:
        digits = [place for place, c in enumerate(written) if c.isdigit()]
        place = digits[0] if rng.random() < 0.6 else rng.choice(digits)
        low = "123456789" if place == digits[0] else "0123456789"
        return written[:place] + rng.choice(low.replace(written[place], "")) + written[place + 1 :]
    if decimals == 0 and len(plain) == 4 and plain.startswith(("19", "20")):
        return str(int(plain) + rng.choice((-11, -7, -5, -3, 3, 4, 6)))
    return f"{float(plain) * rng.choice((0.2, 0.4, 0.5, 0.7, 1.4, 1.8, 2, 3, 5, 10)):.{decimals}f}"


def swap_unit(sentence: str, rng: random.Random) -> str | None:
    """Another unit behind the same number."""
    text = plain_numbers(sentence)
    places = [q for q in find_numbers(sentence) if q.unit in _UNIT_SWAPS and text[: q.end].endswith(q.unit)]
    if not places:
        return None
    quantity = rng.choice(places)
    new = rng.choice(_UNIT_SWAPS[quantity.unit])
    return text[: quantity.end - len(quantity.unit)] + new + text[quantity.end :]


def swap_element(sentence: str, rng: random.Random) -> str | None:
    """Another element, of the same group mostly, in the place of one; in a formula, now and then, another count."""
    places = [m for m in mentions_of(sentence) if m.kind in ("element", "formula")]
    places = [m for m in places if not _ABBREVIATION.fullmatch(sentence[m.start : m.end])]
    if not places:
        return None
    mention = rng.choice(places)
    written = sentence[mention.start : mention.end]
    symbols = [symbol for symbol, _ in mention.composition if symbol]
    counts = list(re.finditer(r"(?<=[A-Za-z)])[2-9](?![\d.])", written))
    if mention.kind == "formula" and counts and rng.random() < 0.25:
        match = rng.choice(counts)
        count = rng.choice([str(n) for n in range(2, 8) if str(n) != match[0]])
        return sentence[: mention.start + match.start()] + count + sentence[mention.start + match.end() :]
    symbol = rng.choice(symbols)
    other = _other_element(symbol, symbols, rng)
    if other is None:
        return None
    if mention.kind == "element" and written.lower() in ELEMENT_NAMES.get(symbol, ()):
        name = ELEMENT_NAMES[other][0]
        changed = name.capitalize() if written[0].isupper() else name
    else:
        changed = re.sub(rf"{symbol}(?![a-z])", other, written)
    return None if changed == written else sentence[: mention.start] + changed + sentence[mention.end :]


_ABBREVIATION = re.compile(r"(?!CO$|NO$|BN$|KI$)[A-Z]{2,}")
"""What parses as a formula, but mostly is none: ``SW``, ``PV``."""


def _other_element(symbol: str, known: Sequence[str], rng: random.Random) -> str | None:
    alike = [one for group in _GROUPS if symbol in group for one in group if one not in known]
    return rng.choice(alike) if alike else None


_AUXILIARY = re.compile(
    r"\b(is|are|was|were|can|could|may|might|will|would|should|must|has been|have been|had been|does|do|did)\b"
    r"(?! not| no |n't| never| only| also)"
)
_DENIED = re.compile(
    r"\b(is|are|was|were|can|could|may|might|will|would|should|must|have|has|been) not\b"
    r"|\bcannot\b|\b(do|does|did) not (\w+)"
)
_PLAIN_VERBS = (
    "show depend use contain provide require include lead improve increase decrease allow exhibit have remain occur "
    "form affect contribute enable reduce suggest indicate yield give produce play change follow correspond involve "
    "work"
)
_VERB = re.compile(r"\b(" + "|".join(f"{inflect(v, 's')}|{v}" for v in _PLAIN_VERBS.split()) + r")\b")
_BASE = {inflect(v, "s"): v for v in _PLAIN_VERBS.split()} | {"has": "have"}


def negate(sentence: str, rng: random.Random) -> str | None:
    """What is said denied, or what is denied said."""
    denied = list(_DENIED.finditer(sentence))
    if denied:
        match = rng.choice(denied)
        if match[2]:
            return sentence[: match.start()] + match[3] + sentence[match.end() :]
        said = "can" if match[0] == "cannot" else match[1]
        return sentence[: match.start()] + said + sentence[match.end() :]
    places = list(_AUXILIARY.finditer(sentence))
    if places and rng.random() < 0.85:
        match = rng.choice(places)
        joint = " never" if rng.random() < 0.1 else " not"
        at = match.start() + len(match[0].split()[0])
        return sentence[:at] + joint + sentence[at:]
    verbs = [
        match
        for match in _VERB.finditer(sentence)
        if not re.search(r"\b(?:to|not|a|the|of) $", sentence[: match.start()])
    ]
    if not verbs:
        return None
    match = rng.choice(verbs)
    base = _BASE.get(match[0])
    return sentence[: match.start()] + (f"does not {base}" if base else f"do not {match[0]}") + sentence[match.end() :]


def flip_direction(sentence: str, rng: random.Random) -> str | None:
    """The opposite in the place of a word that has one."""
    places = []
    for match in re.finditer(r"[A-Za-z][a-z]+(?:-[a-z]+)*", sentence):
        for pole in poles().get(match[0].lower(), ()):
            if len(match[0]) > 3 or match[0].lower() in ("low", "few", "add"):
                places.append((match, pole))
    if not places:
        return None
    places = [place for place in places if is_used_as(place[1], sentence[: place[0].start()])] or places
    directed = [place for place in places if place[1].axis != "state"]
    match, pole = rng.choice(directed or places)
    other = rng.choice(alike(pole, 1 - pole.side, match[0].lower()))
    if match[0][0].isupper():
        other = other.capitalize()
    before = sentence[: match.start()]
    article = re.search(r"\b([Aa])n? $", before)
    if article:
        before = before[: article.start()] + article[1] + ("n " if other[0].lower() in "aeiou" else " ")
    return before + other + sentence[match.end() :]


_OTHER_AMOUNTS = """
all: some
some: all
most: few
many: few
few: many
every: hardly any
always: sometimes
sometimes: always
often: rarely
usually: rarely
typically: rarely
only: also
at least: at most
at most: at least
more than: less than
less than: more than
both: neither of the
several: no
generally: never
mainly: hardly
first: last
must: need not
cannot: can
up to: at least
"""
_QUANTIFIERS = dict(line.split(": ") for line in _OTHER_AMOUNTS.strip().splitlines())
_QUANTIFIER = re.compile(r"\b(" + "|".join(sorted(_QUANTIFIERS, key=len, reverse=True)) + r")\b", re.IGNORECASE)


def swap_quantifier(sentence: str, rng: random.Random) -> str | None:
    """All instead of some, few instead of many, at least instead of at most."""
    places = list(_QUANTIFIER.finditer(sentence))
    if not places:
        return None
    match = rng.choice(places)
    other = _QUANTIFIERS[match[0].lower()]
    return (
        sentence[: match.start()] + (other.capitalize() if match[0][0].isupper() else other) + sentence[match.end() :]
    )


_TERM = re.compile(
    r"\b(?:[A-Z][\w-]*[A-Z\d][\w-]*|(?<!^)[a-z]{5,}(?:ity|ion|ure|ism|ics|ance|ence|ics|gap|ode|al|er|or)s?)\b"
)
_CAUSAL = re.compile(
    r"^(?P<one>[^,;:]{8,120}?) (?P<joint>because|due to|leads? to|causes?|results? in|depends? on|is caused by"
    r"|arises? from|affects?|outperforms?|is followed by|precedes?|enables?|than) "
    r"(?P<other>[^,;:]{6,120}?)(?P<end>[.,;].*)$"
)


def swap_roles(sentence: str, rng: random.Random) -> str | None:
    """Two things of one sentence in each other's place: cause and effect, the better and the worse."""
    causal = _CAUSAL.match(sentence)
    if causal and rng.random() < 0.6:
        one, other = causal["one"], causal["other"]
        one = one[0].lower() + one[1:] if one[1:2].islower() else one
        return f"{other[0].upper()}{other[1:]} {causal['joint']} {one}{causal['end']}"
    if not re.search(r"\b(?:than|whereas|while|from|to|by|compared|versus|instead|into)\b", sentence):
        return None
    terms = list({match[0]: match for match in _TERM.finditer(sentence)}.values())
    if len(terms) < 2:
        return None
    a, b = sorted(rng.sample(terms, 2), key=lambda match: match.start())
    return f"{sentence[: a.start()]}{b[0]}{sentence[a.end() : b.start()]}{a[0]}{sentence[b.end() :]}"


CONTRADICTIONS: Mapping[str, Maker] = MappingProxyType(
    {
        "number": swap_number,
        "unit": swap_unit,
        "element": swap_element,
        "negation": negate,
        "direction": flip_direction,
        "quantifier": swap_quantifier,
        "role": swap_roles,
    }
)
"""Makers of sentences that their evidence contradicts, by kind."""


def add_clause(sentence: str, other: str, rng: random.Random) -> str | None:
    """The sentence with a clause of another one, which its evidence does not have."""
    pieces = [p.strip(" .") for p in re.split(r",|;|\b(?:because|which|and|with|by|for|that)\b", other)]
    pieces = [piece for piece in pieces if 3 <= len(piece.split()) <= 14]
    if not pieces or not sentence.endswith("."):
        return None
    joint = rng.choice(
        (", and", " because of", ", which shows", " owing to", ", including", " with", ", as in the case of")
    )
    return f"{sentence[:-1]}{joint} {rng.choice(pieces)}."


def mix(sentence: str, other: str, rng: random.Random) -> str | None:
    """The beginning of one sentence with the end of another."""
    one = re.split(r"(?<=[a-z]) (?=(?:is|are|was|were|has|have|can|may|shows?|by|in|with|for|that|of|to) )", sentence)
    two = re.split(r"(?<=[a-z]) (?=(?:is|are|was|were|has|have|can|may|shows?|by|in|with|for|that|of|to) )", other)
    if len(one) < 2 or len(two) < 2:
        return None
    cut = rng.randrange(1, len(one))
    return " ".join([*one[:cut], *two[rng.randrange(1, len(two)) :]])


def swap_word(sentence: str, words: Sequence[str], rng: random.Random) -> str | None:
    """A word of the sentence replaced by one with the same ending from elsewhere.

    Args:
        sentence: To change.
        words: Of other sentences.
        rng: Decides.
    """
    own = list(re.finditer(r"\b[a-z]{5,}\b", sentence))
    rng.shuffle(own)
    for match in own[:4]:
        alike = [w for w in words if w[-3:] == match[0][-3:] and w[:4] != match[0][:4]]
        if alike:
            return sentence[: match.start()] + rng.choice(alike) + sentence[match.end() :]
    return None


def is_stated(quantity: Quantity, evidence: str) -> bool:
    """Whether the evidence has a number that agrees with a changed one, which then is no corruption."""
    return any(agrees(quantity, other) for other in find_numbers(evidence))
