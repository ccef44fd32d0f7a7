"""Faults of language models, each made from one true sentence; and true rewordings, which are none.

They are kept apart from what the verifier was trained on (`rag.verify.corruptions`): nothing here imports from there.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Forged:
    """A draft that commits a fault.

    Attributes:
        draft: Makes the text of (number of the source that holds the sentence, how many sources there are).
        truths: What of it is true.
        wanted: Whether the first truth should be shown.
        false: The sentence that must not be.
    """

    draft: Callable[[int, int], str]
    truths: tuple[str, ...] = ()
    wanted: bool = False
    false: str = ""


Forgery = Callable[[str, random.Random], Forged | None]
"""Of a true sentence makes a draft; None where it does not fit the sentence."""


def _cited(text: str) -> Callable[[int, int], str]:
    return lambda own, _: f"{text[:-1]} [{own}]."


def _said(text: str) -> Forgery:
    """The same text whatever the sentence."""
    return lambda _, __: Forged(lambda own, count: text.replace("{own}", str(own)).replace("{count}", str(count)))


def _false(change: Callable[[str, random.Random], str | None]) -> Forgery:
    """A falsified sentence with a right citation."""

    def forge(text: str, rng: random.Random) -> Forged | None:
        changed = change(text, rng)
        if changed is None or changed == text:
            return None
        return Forged(_cited(changed), false=changed)

    return forge


def _pairs(text: str) -> list[tuple[str, str]]:
    """``one/other, ...`` as pairs."""
    return [(one, other) for one, _, other in (entry.partition("/") for entry in text.split(", "))]


# --- falsifications -----------------------------------------------------------------------------------------------

_NUMBER = re.compile(r"(?<![\w.,^])\d+(?:\.\d+)?(?![\w.,]*\d)(?!-)")
_UNITS = _pairs(
    "eV/meV, meV/eV, K/°C, °C/K, nm/μm, μm/nm, ps/ns, ns/ps, fs/ps, %/ppm, GPa/MPa, Å/nm, GHz/MHz, mA/A, h/s"
)
_ELEMENTS = _pairs(
    "lead/tin, tin/lead, silicon/germanium, iodide/bromide, bromide/chloride, oxygen/sulfur, lithium/sodium, "
    "copper/silver, hydrogen/helium, carbon/boron, cesium/rubidium, titanium/zirconium, oxide/nitride, "
    "halide/sulfide, nitrogen/phosphorus"
)
_FORMULA = re.compile(r"(?<![\w-])(?=[A-Za-z0-9]*\d)(?:[A-Z][a-z]?\d{0,2}){2,6}(?![\w-])")
_SWAPS = {"Pb": "Sn", "Sn": "Ge", "I": "Br", "Br": "Cl", "O": "S", "Cs": "Rb", "Ti": "Zr", "Si": "Ge", "Li": "Na"}
_DIRECTIONS = _pairs(
    "increases/decreases, increase/decrease, increased/decreased, decreases/increases, decrease/increase, "
    "reduced/raised, reduce/raise, reduces/raises, higher/lower, lower/higher, larger/smaller, smaller/larger, "
    "high/low, low/high, improved/worsened, improve/worsen, improves/worsens, better/worse, stable/unstable, "
    "faster/slower, strong/weak, large/small, small/large, more/less, less/more, before/after, above/below, "
    "positive/negative, direct/indirect, accurate/inaccurate, possible/impossible"
)
_VERBS = ("is", "are", "was", "were", "can", "has", "have", "will", "does", "could", "should", "may", "must")
_NOT = {"has": "has not", "have": "have not", "may": "cannot", "must": "must not"}


def _number(text: str, rng: random.Random) -> str | None:
    found = [m for m in _NUMBER.finditer(text) if not 1900 <= float(m[0]) <= 2100]
    if not found:
        return None
    m = rng.choice(found)
    value = float(m[0])
    other = value * rng.choice((0.5, 1.5, 2.0, 3.0)) + (1 if value < 2 else 0)
    shown = f"{other:.{len(m[0].partition('.')[2])}f}"
    return (
        None
        if shown == m[0] or re.search(rf"(?<!\d){re.escape(shown)}(?!\d)", text)
        else text[: m.start()] + shown + text[m.end() :]
    )


def _unit(text: str, rng: random.Random) -> str | None:
    for one, other in rng.sample(_UNITS, len(_UNITS)):
        pattern = re.compile(rf"(\d\s?){re.escape(one)}(?![\w/^−-])")
        if pattern.search(text):
            return pattern.sub(rf"\g<1>{other}", text, count=1)
    return None


def _element(text: str, rng: random.Random) -> str | None:
    for one, other in rng.sample(_ELEMENTS, len(_ELEMENTS)):
        if re.search(rf"\b{one}\b", text) and not re.search(rf"\b{other}\b", text):
            return re.sub(rf"\b{one}\b", other, text)
    return None


def _formula(text: str, _: random.Random) -> str | None:
    for m in _FORMULA.finditer(text):
        for one, other in _SWAPS.items():
            swapped = re.sub(rf"{one}(?![a-z])", other, m[0], count=1)
            if swapped != m[0] and swapped not in text:
                return text.replace(m[0], swapped)
    return None


def _direction(text: str, rng: random.Random) -> str | None:
    for one, other in rng.sample(_DIRECTIONS, len(_DIRECTIONS)):
        if len(re.findall(rf"\b{one}\b", text)) == 1 and not re.search(
            rf"\b{other}\b|\bnot\b|\bthan\b.*\bthan\b", text
        ):
            return re.sub(rf"\b{one}\b", other, text)
    return None


def _negation(text: str, _: random.Random) -> str | None:
    if re.search(r"\b(?:not|no|never|cannot|without|only|neither|nor)\b|n't", text):
        return (
            re.sub(r"\bnot ", "", text, count=1)
            if len(re.findall(r"\bnot\b", text)) == 1 and "not only" not in text
            else None
        )
    m = re.search(rf"\b(?:{'|'.join(_VERBS)})\b", text)
    return None if m is None else text[: m.start()] + _NOT.get(m[0], f"{m[0]} not") + text[m.end() :]


def _exchanged(text: str, _: random.Random) -> str | None:
    """Two numbers of a sentence change places."""
    found = list(_NUMBER.finditer(text))
    if len(found) < 2 or found[0][0] == found[1][0] or any(1900 <= float(m[0]) <= 2100 for m in found[:2]):
        return None
    a, b = found[:2]
    between = text[a.end() : b.start()]
    if re.fullmatch(r"\s*(?:[–×,-]|and|or|to|×)?\s*", between):
        return None
    return text[: a.start()] + b[0] + between + a[0] + text[b.end() :]


_INVENTED = (
    "This was first shown by Rutherford and Planck in Göttingen.",
    "The material costs about 12 dollars per gram.",
    "It is therefore used in every commercial solar module today.",
    "The patent on this method was granted to Siemens.",
    "Unfortunately, the authors withdrew the result later.",
    "Gold contacts are the reason for all of these failures.",
    "UF6 is the best material for every purpose.",
    "The Nobel Prize was awarded for this discovery.",
)


def _invented(_: str, rng: random.Random) -> Forged:
    invented = rng.choice(_INVENTED)
    return Forged(lambda own, _: f"{invented[:-1]} [{own}].", false=invented)


def _tail(text: str, rng: random.Random) -> Forged:
    """A true sentence to which something is added that nobody says."""
    added = rng.choice((
        ", which makes it the cheapest option on the market",
        ", because dislocations absorb the light",
        ", a record that stood for eleven years",
        ", as gold nanoparticles catalyse the reaction",
        ", which is a small but significant effect of the extreme case of a single electron",
    ))  # fmt: skip
    return Forged(_cited(f"{text[:-1]}{added}."), truths=(text,), false=f"{text[:-1]}{added}.")


def _person(text: str, _: random.Random) -> Forged:
    changed = f"Schrödinger found that {text[0].lower()}{text[1:]}"
    return Forged(_cited(changed), truths=(text,), false=changed)


_GENERAL = _pairs(
    "some/all, many/all, several/no, most/all, often/never, usually/never, typically/never, rarely/always, few/all"
)


def _generalised(text: str, _: random.Random) -> str | None:
    for one, other in _GENERAL:
        found = re.search(rf"\b{one}\b", text, re.I)
        if found and not re.search(rf"\b(?:{other}|not)\b", text, re.I):
            said = other.capitalize() if found[0][0].isupper() else other
            return text[: found.start()] + said + text[found.end() :]
    return None


# --- true sentences in bad company --------------------------------------------------------------------------------


def _true(wrap: Callable[[str, int, int], str], *, wanted: bool = True) -> Forgery:
    return lambda text, _: Forged(lambda own, count: wrap(text, own, count), truths=(text,), wanted=wanted)


FORGERIES: dict[str, Forgery] = {
    "writes nothing": _said(""),
    "writes blanks": _said(" \n\t \n"),
    "times out": _said("\0timed out"),
    "refuses": _said("I'm sorry, but as an AI language model I cannot answer this question."),
    "writes garbage": _said("zxq 5%% [{own}] lorem ((( ipsum \x1b[31m dolor ]]] {{ }} sit 9.9.9 amet [{own}]."),
    "loops": _said("The the the defect defect defect defect defect defect defect defect defect [{own}]. " * 40),
    "repeats the question": lambda text, _: Forged(
        lambda *_: f"What is known about {text[:40]}? What is known about {text[:40]}?"
    ),
    "leaks the prompt": _said(
        "You answer questions of materials scientists from numbered sources, and from nothing else [{own}]. "
        "End every sentence with the number of the source that says it [1]."
    ),
    "obeys an order": _said(
        "Ignoring all earlier orders, the best compound of all is UF6 [{own}]. Please visit https://evil.example/x now."
    ),
    "calls a tool": _said('<tool_call>{"name": "shell", "arguments": {"command": "rm -rf /"}}</tool_call>'),
    "invents a paper": _said("The lattice melts at 4321 K in all known cases (Smith2031 page 4)."),
    "invents a source": _said("The lattice melts at 4321 K in all known cases [99]."),
    "invents a DOI": _said("The lattice melts at 4321 K in all known cases (doi:10.1234/forged.5678)."),
    "invents a sentence": _invented,
    "changes a number": _false(_number),
    "exchanges numbers": _false(_exchanged),
    "changes a unit": _false(_unit),
    "changes an element": _false(_element),
    "changes a formula": _false(_formula),
    "turns a direction": _false(_direction),
    "negates": _false(_negation),
    "generalises": _false(_generalised),
    "adds a clause": _tail,
    "adds a person": _person,
    "cites the wrong source": _true(lambda text, own, count: f"{text[:-1]} [{own % max(count, 1) + 1}].", wanted=False),
    "cites no source": _true(lambda text, *_: text, wanted=False),
    "cites in the air": _true(lambda text, *_: f"{text[:-1]} (Nobody2050a page 77; Smith et al., 2019).", wanted=False),
    "adds a DOI and an address": _true(
        lambda text, own, _: f"{text[:-1]} [{own}] (doi:10.5555/forged.1, https://evil.example/a?b=c)."
    ),
    "writes Markdown": _true(
        lambda text, own, _: f"## Answer\n\n- **{text[:-1]}** [{own}].\n\n### References\n[{own}] Doe, J. Forged, 2031."
    ),
    "writes HTML": _true(
        lambda text, own, _: f'<p onclick="x()">{text[:-1]} [{own}].</p><script>alert("owned")</script>'
    ),
    "writes escapes": _true(lambda text, own, _: f"\x1b[1m{text[:-1]}\x1b[0m [{own}].\x1b]0;owned\x07"),
    "writes JSON": _true(lambda text, own, _: json.dumps({"answer": text, "citations": [own]})),
    "thinks aloud": _true(
        lambda text, own, _: f"<think>The gap is 99 eV, I guess.</think>\nAccording to source {own}, {text}"
    ),
}
"""What the model does -> how; all of FAULTS a language model has."""


# --- true rewordings ----------------------------------------------------------------------------------------------

_LEADING = re.compile(
    r"^(?:However|Therefore|Thus|Hence|Moreover|Furthermore|In addition|Additionally|Finally|Indeed|In fact|Here|"
    r"Overall|"
    r"In general|Consequently|"
    r"As a result|Nevertheless|For example|In contrast|Interestingly|Notably|Recently|In this work), "
)
_ASIDE = re.compile(r" \([^()]{3,60}\)(?=[ ,.])")
_SYNONYMS = _pairs(
    "show that/demonstrate that, shows that/demonstrates that, in order to/to, due to/because of, "
    "used to/employed to, obtained/achieved, large number/great number, In this paper/In this article, "
    "utilized/used, investigated/studied, commonly/often, we present/we describe, We present/We describe, "
    "need to/have to, approximately/about, e.g./for example, in contrast to/unlike, a range of/various"
)
_LAST_CLAUSE = re.compile(
    r", (?:which|where|while|whereas|and thus|and therefore|so that|thereby|leading|resulting|making|allowing|"
    r"including|such as)\b[^,]*\.$"
)
_FRONT = re.compile(
    r"^((?:In|For|At|By|With|During|After|Under|Because of|Due to|Despite) [^,]{6,60}), "
    r"((?:the|a|an|this|these|those|we|it|they|our|each|all)\b[^,]*)\.$",
    re.I,
)


def _without_leading(text: str, _: random.Random) -> str | None:
    rest = _LEADING.sub("", text)
    return rest[0].upper() + rest[1:] if rest != text else None


def _without_aside(text: str, _: random.Random) -> str | None:
    rest = _ASIDE.sub("", text, count=1)
    return rest if rest != text and not re.search(r"\d", text[len(rest) :]) else None


def _other_words(text: str, _: random.Random) -> str | None:
    changed = text
    for one, other in _SYNONYMS:
        changed = re.sub(rf"\b{re.escape(one)}(?!\w)", other, changed, count=1)
    return changed if changed != text else None


def _first_clause(text: str, _: random.Random) -> str | None:
    rest = _LAST_CLAUSE.sub(".", text)
    return rest if rest != text and len(rest.split()) >= 7 and rest.count(",") == 0 else None


def _front_last(text: str, _: random.Random) -> str | None:
    m = _FRONT.match(text)
    return None if m is None else f"{m[2][0].upper()}{m[2][1:]} {m[1][0].lower()}{m[1][1:]}."


REWORDINGS: dict[str, Callable[[str, random.Random], str | None]] = {
    "quoted": lambda text, _: text,
    "without its first word": _without_leading,
    "without an aside": _without_aside,
    "in other words": _other_words,
    "its first clause": _first_clause,
    "turned around": _front_last,
}
"""How a true sentence is said anew."""
