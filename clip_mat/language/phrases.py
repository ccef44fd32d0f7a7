"""The ways to say one fact: before a noun, after it, as a sentence's verb, as a noun of its own, or as a keyword.

A `Piece` holds what one fact states and the templates for it; `clip_mat.language.captions` puts pieces together.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

from clip_mat.facts import ANIONS, CRYSTAL_SYSTEMS, Facts, Key, families
from clip_mat.language import wordings as words
from clip_mat.language.formulas import SUBSCRIPTS, chemists_order, element_name, list_elements, vary_formula
from clip_mat.language.names import aliases
from clip_mat.symmetry import spacegroup_symbol

Form = Literal["subject", "adjective", "head", "post", "predicate", "nominal", "tag", "value"]
Templates: TypeAlias = dict[Form, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Piece:
    """One fact, ready to be said.

    Attributes:
        label: What it is called in a list of properties: ``crystal system``.
        states: The keys that its words state.
        shown: What fills the templates.
        templates: By form; a form that is missing cannot be said.
    """

    label: str
    states: frozenset[Key]
    shown: str
    templates: Templates

    def can(self, form: Form) -> bool:
        """Whether there are words for this form."""
        return form in self.templates

    def say(self, form: Form, rng: random.Random) -> str:
        """The fact in one of its wordings of the form."""
        return rng.choice(self.templates[form]).replace("{}", self.shown)


def formula(facts: Facts, rng: random.Random) -> Piece:
    """The composition as a formula."""
    return Piece("formula", frozenset([("formula", facts.formula)]), vary_formula(facts.counts, rng), words.FORMULA)


def element_names(facts: Facts, rng: random.Random) -> Piece:
    """Every element by name, as a compound is called: lithium manganese oxide. It states the chemical system."""
    symbols = chemists_order(facts.elements)
    if rng.random() < 0.15:
        rng.shuffle(symbols)
    keys: list[Key] = [("chemical_system", facts.chemical_system)]
    names = [element_name(symbol, rng) for symbol in symbols]
    anion = next((name for name in families(facts.counts) if ANIONS.get(name) == symbols[-1]), None)
    if anion is not None and rng.random() < 0.85:
        names[-1] = _spell(anion, rng)
        keys.append(("family", anion))
        return Piece("compound", frozenset(keys), " ".join(names), words.NAMES)
    joint = rng.choice(("-", "-", "–", " ")) if len(names) > 1 else ""
    return Piece("compound", frozenset(keys), joint.join(names), words.NAMES_JOINED)


def chemical_system(facts: Facts, rng: random.Random) -> Piece:
    """The chemical system: these elements and no other."""
    keys: frozenset[Key] = frozenset([("chemical_system", facts.chemical_system)])
    if len(facts.counts) > 1 and rng.random() < 0.6:
        symbols = chemists_order(facts.elements) if rng.random() < 0.5 else list(facts.elements)
        if rng.random() < 0.15:
            rng.shuffle(symbols)
        if rng.random() < 0.15:
            symbols = [element_name(symbol, rng) for symbol in symbols]
        return Piece("chemical system", keys, rng.choice(("-", "-", "-", "–", "/")).join(symbols), words.SYSTEM)
    return Piece("elements", keys, list_elements(facts.elements, rng), words.ONLY_ELEMENTS)


def some_elements(facts: Facts, rng: random.Random) -> Piece:
    """One to three of the elements, perhaps with others beside them."""
    symbols = rng.sample(facts.elements, rng.randint(1, min(3, len(facts.elements))))
    keys: frozenset[Key] = frozenset(("element", symbol) for symbol in symbols)
    templates = words.ELEMENTS if len(symbols) > 1 else words.ELEMENT
    return Piece("contains", keys, list_elements(symbols, rng, 0.6), templates)


def anonymous(facts: Facts, rng: random.Random) -> Piece:
    """The stoichiometry without the elements: ABC3, A3BC, 1:1:3; ABX3 and, for oxides, ABO3."""
    keys: set[Key] = {("anonymous", facts.anonymous)}
    counts = sorted(facts.counts.values(), reverse=rng.random() < 0.3)
    if rng.random() < 0.15:
        rng.shuffle(counts)
    if len(counts) > 1 and rng.random() < 0.15:
        return Piece("stoichiometry", frozenset(keys), ":".join(map(str, counts)), words.RATIO)
    letters = list(words.LETTERS[: len(counts)])
    style = rng.random()
    if "O" in facts.counts and len(counts) > 1 and style < 0.3:
        counts = [*sorted(count for symbol, count in facts.counts.items() if symbol != "O"), facts.counts["O"]]
        letters[-1] = "O"
        keys.add(("element", "O"))
    elif len(counts) > 1 and style < 0.45:
        letters[-1] = "X"
    shown = "".join(letter + (str(count) if count > 1 else "") for letter, count in zip(letters, counts, strict=True))
    if rng.random() < 0.06:
        shown = shown.translate(SUBSCRIPTS)
    return Piece("stoichiometry", frozenset(keys), shown, words.ANONYMOUS)


def count(facts: Facts, rng: random.Random) -> Piece | None:
    """How many elements: ternary, three-element."""
    number = len(facts.counts)
    if number not in words.NUMBERS:
        return None
    adjective, spelled = words.NUMBERS[number]
    keys: frozenset[Key] = frozenset([("nelements", number)])
    if adjective and rng.random() < 0.7:
        return Piece("number of elements", keys, adjective, words.ARITY)
    return Piece("number of elements", keys, spelled, words.COUNT if number > 1 else words.COUNT_OF_ONE)


def system(facts: Facts, rng: random.Random) -> Piece | None:
    """The crystal system."""
    if facts.spacegroup is None or facts.crystal_system is None:
        return None
    shown: str = facts.crystal_system
    if facts.spacegroup in words.RHOMBOHEDRAL and rng.random() < 0.12:
        shown = "rhombohedral"
    return Piece("crystal system", frozenset([("crystal_system", facts.crystal_system)]), shown, words.CRYSTAL_SYSTEM)


def spacegroup(facts: Facts, rng: random.Random) -> Piece | None:
    """The space group, by symbol, by number or by both."""
    number = facts.spacegroup
    if number is None:
        return None
    keys: frozenset[Key] = frozenset([("spacegroup", number)])
    style = rng.random()
    if style < 0.22:
        return Piece("space group", keys, str(number), words.GROUP_NUMBER)
    symbol = rng.choice(spellings_of_group(number)) if rng.random() < 0.6 else spacegroup_symbol(number)
    if style < 0.32:
        return Piece("space group", keys, rng.choice(words.BOTH).format(symbol=symbol, number=number), words.GROUP)
    return Piece("space group", keys, symbol, words.GROUP)


@cache
def spellings_of_group(number: int) -> tuple[str, ...]:
    """How people write a space group's symbol: ``P6_3/mmc``, ``P63/mmc``, ``P6₃/mmc``, ``p63/mmc``, ``$P6_3/mmc$``."""
    symbol = spacegroup_symbol(number)
    spellings = [symbol, symbol.replace("_", ""), symbol.replace("_", "").lower()]
    if "_" in symbol:
        screws = symbol
        for digit in "12345":
            screws = screws.replace(f"_{digit}", digit.translate(SUBSCRIPTS))
        spellings += [screws, f"${symbol}$"]
    if "-" in symbol:
        spellings.append(re.sub(r"-(\d)", "\\1\u0305", symbol))
        spellings.append("$" + re.sub(r"-(\d)", r"\\bar{\1}", symbol) + "$")
    if "/" in symbol:
        spellings.append(symbol.replace("_", "").replace("/", " / "))
    return tuple(dict.fromkeys(spellings))


def prototype(facts: Facts, rng: random.Random) -> Piece | None:
    """The structure type by one of its names."""
    if not facts.prototypes:
        return None
    canonical = rng.choice(facts.prototypes)
    shown = canonical
    others = aliases(canonical)
    if others and rng.random() < 0.45:
        shown = rng.choice(others)
    keys: set[Key] = {("prototype", canonical)}
    # a name such as "cubic perovskite" says the crystal system too
    keys |= {("crystal_system", name) for name in CRYSTAL_SYSTEMS if name in shown.lower()}
    if not keys <= facts.keys:
        return None
    if shown.endswith("-type"):
        return Piece("structure type", frozenset(keys), shown.removesuffix("-type"), words.COMPOUND_TYPE)
    if shown == canonical and canonical in words.PLAIN_TYPES:
        return Piece("structure type", frozenset(keys), shown, words.PLAIN_TYPE)
    return Piece("structure type", frozenset(keys), shown, words.STRUCTURE_TYPE)


def family(facts: Facts, rng: random.Random) -> Piece | None:
    """A class of compound: oxide, nitride, intermetallic."""
    names = sorted(str(value) for kind, value in facts.keys if kind == "family")
    if not names:
        return None
    name = rng.choice(names)
    templates = {"elemental": words.ELEMENTAL, "intermetallic": words.INTERMETALLIC}.get(name, words.FAMILY)
    return Piece("class", frozenset([("family", name)]), _spell(name, rng), templates)


def gap(facts: Facts, rng: random.Random) -> Piece | None:
    """The band gap, as a class or as a value, which states all the classes it is in."""
    if facts.band_gap is None:
        return None
    keys = frozenset(key for key in facts.keys if key[0] == "gap")
    names = {str(name) for _, name in keys}
    shown = f"{facts.band_gap:.{rng.choice((1, 2, 2))}f}"
    if "metal" not in names and rng.random() < 0.3 and Facts(facts.counts, band_gap=float(shown)).keys >= keys:
        return Piece("band gap", keys, shown, words.GAP_VALUE)
    if {"narrow gap", "semiconductor"} <= names and rng.random() < 0.4:
        both: frozenset[Key] = frozenset([("gap", "narrow gap"), ("gap", "semiconductor")])
        return Piece("electronic character", both, "", words.NARROW_SEMICONDUCTOR)
    name = rng.choice(sorted(names))
    return Piece("electronic character", frozenset([("gap", name)]), "", words.GAP[name])


def stability(facts: Facts, rng: random.Random) -> Piece | None:
    """The stability, as a class or as the energy above the hull."""
    if facts.energy_above_hull is None:
        return None
    keys = frozenset(key for key in facts.keys if key[0] == "stability")
    name = str(next(iter(keys))[1])
    energy = f"{facts.energy_above_hull:.3f}"
    rounded = Facts(facts.counts, energy_above_hull=float(energy))
    if name != "stable" and rng.random() < 0.25 and rounded.keys >= keys:
        milli = rng.random() < 0.6
        shown = f"{1000 * float(energy):.0f} meV/atom" if milli else f"{energy} eV/atom"
        return Piece("energy above hull", keys, shown, words.HULL_VALUE)
    return Piece("stability", keys, "", words.STABILITY[name])


KINDS: dict[str, Callable[[Facts, random.Random], Piece | None]] = {
    "formula": formula,
    "names": element_names,
    "chemical_system": chemical_system,
    "elements": some_elements,
    "anonymous": anonymous,
    "count": count,
    "system": system,
    "spacegroup": spacegroup,
    "prototype": prototype,
    "family": family,
    "gap": gap,
    "stability": stability,
}
"""What can be said, by kind of fact; None where it is not known."""


def _spell(name: str, rng: random.Random) -> str:
    """``sulphide`` for ``sulfide`` now and then."""
    return name.replace("sulf", "sulph") if rng.random() < 0.3 else name
