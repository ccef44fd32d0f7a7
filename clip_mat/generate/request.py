"""What is asked of the generator: read from plain words, shown to the user, and held against every crystal made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from math import gcd
from typing import Any, Self

from clip_mat.errors import RequestError
from clip_mat.facts import CRYSTAL_SYSTEMS, Facts, Key, anonymous_formula, reduced
from clip_mat.facts import crystal_system as crystal_system_of
from clip_mat.generate.inputs import check_kinds, counts_of, spacegroup_of
from clip_mat.language.classes import FAMILY_ELEMENTS
from clip_mat.language.formulas import conventional_formula
from clip_mat.language.mentions import Mention, find_mentions
from clip_mat.search.filter_check import meets
from clip_mat.search.optimade import compile_filter, fields_of
from clip_mat.search.request import ANYTHING, interpret
from clip_mat.symmetry import spacegroup_symbol

MAX_NUMBER = 1000
"""Most crystals in one request."""
MAX_ATOMS = 64
"""Most atoms in a cell that is asked for."""
ESTIMATED = ("band_gap", "energy_above_hull", "formation_energy")
"""Properties that a generated crystal is only thought to have, after its template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrystalRequest:
    """What is asked for; None and empty where nothing is.

    Attributes:
        text: As it was asked.
        words: What of the text goes into the vector.
        composition: Reduced formula; how many units stand in a cell is free.
        cell: Exact content of the cell; then `composition` is its reduced formula.
        elements: Elements that must be there.
        families: Classes of compound, as `clip_mat.facts.families` names them.
        spacegroup: International number.
        crystal_system: As in `clip_mat.facts.CRYSTAL_SYSTEMS`.
        prototypes: Structure types, each as good as the others.
        anonymous: Anonymous formula.
        gap: A class of `clip_mat.facts.GAP_CLASSES`.
        filter: OPTIMADE filter that every crystal meets; empty for none.
        n: How many crystals.
        from_noise: Without templates.
        new: Only crystals that the index does not know.
        seed: Decides everything that is drawn.
        notes: How the request was understood, for the user to see.
    """

    text: str = ""
    words: str = ""
    composition: Mapping[str, int] | None = None
    cell: Mapping[str, int] | None = None
    elements: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    spacegroup: int | None = None
    crystal_system: str | None = None
    prototypes: tuple[str, ...] = ()
    anonymous: str | None = None
    gap: str | None = None
    filter: str = ""
    n: int = 4
    from_noise: bool = False
    new: bool = False
    seed: int = 0
    notes: tuple[str, ...] = ()

    @classmethod
    def read(
        cls,
        text: str = "",
        *,
        n: int = 4,
        composition: str | Mapping[str, int] | None = None,
        cell: str | Mapping[str, int] | None = None,
        spacegroup: int | str | None = None,
        crystal_system: str | None = None,
        filter: str | None = None,
        from_noise: bool = False,
        new: bool = False,
        seed: int = 0,
    ) -> Self:
        """Understand a request.

        Args:
            text: In plain words; may be empty.
            n: How many crystals.
            composition: Formula or counts, in place of one in the text.
            cell: Exact content of the cell, formula or counts.
            spacegroup: Number or symbol, in place of one in the text.
            crystal_system: In place of one in the text.
            filter: OPTIMADE, in place of the filter that is read from the text; "" for none.
            from_noise: Without templates.
            new: Only crystals that the index does not know; a text that asks for a new compound means that, too.
            seed: Decides everything that is drawn.

        Raises:
            RequestError: If a part cannot be understood or met, or two parts contradict each other.
        """
        check_kinds(text=text, n=n, seed=seed, from_noise=from_noise, new=new)
        if not 1 <= n <= MAX_NUMBER:
            raise RequestError(f"n must be a whole number from 1 to {MAX_NUMBER:,}, not {n}")
        if composition is not None and cell is not None:
            raise RequestError("give a composition or the content of a cell, not both")
        read = cls._of_text(text) if text.strip() else cls()
        if filter is not None:
            read = replace(read, filter=filter.strip())
        if read.filter:
            compile_filter(read.filter)
        content = counts_of(cell, "cell") if cell is not None else None
        wanted = content
        if composition is not None:
            wanted = counts_of(composition, "composition")
        if wanted is not None:
            read = read._with_composition(reduced(wanted))
        if spacegroup is not None:
            read = read._with_group(spacegroup_of(spacegroup))
        if crystal_system is not None:
            read = read._with_system(crystal_system)
        if content is not None and sum(content.values()) > MAX_ATOMS:
            raise RequestError(f"the cell holds {sum(content.values())} atoms; at most {MAX_ATOMS} can be made")
        new = new or read.new
        read = replace(read, text=text, cell=content, n=n, from_noise=from_noise, new=new, seed=seed)
        read._check()
        return read

    @classmethod
    def _of_text(cls, text: str) -> Self:
        """What the words say."""
        understood = interpret(text)
        words = "" if understood.text == ANYTHING else understood.text
        mentions = find_mentions(words)
        notes = [*understood.notes, *understood.remarks]
        new = _NEW.search(text)
        if new:
            notes.append(f"{new[0]}: only crystals that the index does not hold")
        formulas = [m for m in mentions if m.kind == "formula" and m.counts]
        composition = reduced(formulas[0].counts) if formulas else None
        if len({str(m.composition) for m in formulas}) > 1:
            notes.append(f"several formulas are named; the first counts: {conventional_formula(composition or {})}")
        groups = sorted({m.spacegroup for m in mentions if m.kind == "spacegroup" and m.spacegroup})
        systems = sorted({m.name for m in mentions if m.kind == "crystal_system" and m.name in CRYSTAL_SYSTEMS})
        clauses = [understood.filter] if understood.filter else []
        if len(groups) > 1:
            clauses.append(_either("spacegroup", groups))
        elif len(systems) > 1 and not groups:
            clauses.append(_either("crystal_system", [f'"{system}"' for system in systems]))
        group = groups[0] if len(groups) == 1 else None
        system = systems[0] if len(systems) == 1 and not groups else None
        elements: list[str] = []
        families: list[str] = []
        if composition is None:
            for mention in mentions:
                if mention.kind in ("element", "system"):
                    elements += [str(symbol) for symbol, _ in mention.composition if symbol]
                elif mention.kind == "family" and mention.name:
                    families.append(mention.name)
                if mention.kind == "system" and f"nelements = {len(mention.composition)}" not in " ".join(clauses):
                    clauses.append(f"nelements = {len(mention.composition)}")
            if understood.kind is not None:  # "sodium iron phosphate" asks for phosphorus and oxygen, too
                brought = {symbol for name in families for symbol in FAMILY_ELEMENTS.get(name, ())}
                elements += [symbol for symbol in understood.kind.elements if symbol not in brought]
                clauses += [understood.kind.number] if understood.kind.number else []
        anonymous = [m for m in mentions if m.kind == "anonymous"]
        return cls(
            text=text,
            words=words,
            composition=composition,
            elements=tuple(dict.fromkeys(elements)),
            families=tuple(dict.fromkeys(families)),
            spacegroup=group,
            crystal_system=crystal_system_of(group) if group else system,
            prototypes=tuple(dict.fromkeys(m.name for m in mentions if m.kind == "prototype" and m.name)),
            anonymous=_pattern(anonymous[0]) if anonymous and composition is None else None,
            gap=_gap_class(words),
            filter=" AND ".join(dict.fromkeys(clauses)),
            new=new is not None,
            notes=tuple(notes),
        )

    def _with_composition(self, composition: dict[str, int]) -> Self:
        notes = self.notes
        if self.composition is not None and dict(self.composition) != composition:
            given, said = conventional_formula(composition), conventional_formula(self.composition)
            notes = (*notes, f"the composition given, {given}, replaces that of the text, {said}")
        return replace(self, composition=composition, elements=(), families=(), anonymous=None, notes=notes)

    def _with_group(self, number: int) -> Self:
        notes, system = self.notes, crystal_system_of(number)
        if self.crystal_system is not None and (self.spacegroup or number, self.crystal_system) != (number, system):
            said = spacegroup_symbol(self.spacegroup) if self.spacegroup else self.crystal_system
            notes = (*notes, f"the space group given, {spacegroup_symbol(number)}, replaces that of the text, {said}")
        return replace(self, spacegroup=number, crystal_system=system, notes=notes)

    def _with_system(self, system: str) -> Self:
        system = system.lower() if isinstance(system, str) else system
        if system not in CRYSTAL_SYSTEMS:
            raise RequestError(f"crystal system {system!r}: know {', '.join(CRYSTAL_SYSTEMS)}")
        if self.spacegroup is not None and self.crystal_system != system:
            symbol = spacegroup_symbol(self.spacegroup)
            raise RequestError(f"space group {symbol} ({self.spacegroup}) is {self.crystal_system}, not {system}")
        return replace(self, crystal_system=system)

    def _check(self) -> None:
        """Raises a RequestError where a filter forbids what the rest asks for."""
        if self.composition is not None and not composition_meets(self.composition, self):
            formula = conventional_formula(self.composition)
            raise RequestError(f"{formula} cannot meet the filter {self.filter}; change one of them")

    @property
    def states(self) -> frozenset[Key]:
        """What a crystal must be to be what was asked for, as far as the crystal itself shows it."""
        keys: list[Key] = [("element", symbol) for symbol in self.elements]
        keys += [("family", name) for name in self.families]
        if self.composition is not None:
            keys.append(("formula", Facts(self.composition).formula))
        if self.anonymous:
            keys.append(("anonymous", self.anonymous))
        if self.spacegroup is not None:
            keys.append(("spacegroup", self.spacegroup))
        elif self.crystal_system is not None:
            keys.append(("crystal_system", self.crystal_system))
        return frozenset(keys)

    @property
    def fields(self) -> frozenset[str]:
        """Names of all that the filter speaks of."""
        return frozenset(fields_of(compile_filter(self.filter))) if self.filter else frozenset()

    @property
    def properties(self) -> tuple[str, ...]:
        """Properties that the filter speaks of and a crystal does not show by itself."""
        return tuple(name for name in ESTIMATED if name in self.fields)

    @property
    def is_open(self) -> bool:
        """Whether nothing at all is asked."""
        return not (self.words or self.filter or self.states or self.prototypes or self.gap)

    def to_dict(self) -> dict[str, Any]:
        """As JSON; what is not asked for is left out."""
        known = {
            "text": self.text,
            "composition": conventional_formula(self.composition) if self.composition else None,
            "cell": dict(self.cell) if self.cell else None,
            "elements": list(self.elements),
            "families": list(self.families),
            "spacegroup": self.spacegroup,
            "crystal_system": self.crystal_system,
            "prototypes": list(self.prototypes),
            "anonymous": self.anonymous,
            "gap": self.gap,
            "filter": self.filter,
            "words": self.words,
        }
        asked = {name: value for name, value in known.items() if value not in (None, [], "")}
        return asked | {"n": self.n, "from_noise": self.from_noise, "new": self.new, "seed": self.seed}

    def to_rows(self) -> Iterator[tuple[str, str]]:
        """Names and values for people, of what was understood."""
        for name, value in self.to_dict().items():
            if name not in ("text", "n", "seed", "from_noise", "new"):
                shown = ", ".join(value) if isinstance(value, list) else str(value)
                if name == "cell" and self.cell:
                    shown = " ".join(f"{symbol}{count}" for symbol, count in self.cell.items())
                elif name == "spacegroup" and self.spacegroup:
                    shown = f"{spacegroup_symbol(self.spacegroup)} ({self.spacegroup})"
                yield name.replace("_", " ").replace("spacegroup", "space group"), shown


def composition_meets(counts: Mapping[str, int], request: CrystalRequest) -> bool:
    """Whether a composition meets what the request's filter says of compositions.

    Args:
        counts: In lowest terms, elements in alphabetical order.
        request: Its filter counts, nothing else.
    """
    if not request.filter:
        return True
    facts = Facts(counts)
    known = {
        "elements": list(facts.elements),
        "nelements": len(facts.elements),
        "chemical_formula_reduced": facts.formula,
        "chemical_formula_anonymous": facts.anonymous,
        "chemical_system": facts.chemical_system,
    }
    return meets(known, request.filter, ignoring=sorted(request.fields - set(known)))


def _pattern(mention: Mention) -> str | None:
    """The anonymous formula that is mentioned."""
    amounts = [int(amount) for _, amount in mention.composition if amount and float(amount).is_integer()]
    if not amounts:
        return None
    divisor = reduce(gcd, amounts)
    return anonymous_formula({chr(65 + place): amount // divisor for place, amount in enumerate(amounts)})


def _either(name: str, values: Sequence[object]) -> str:
    return "(" + " OR ".join(f"{name} = {value}" for value in values) + ")"


_NEW = re.compile(r"\b(?:new|novel|undiscovered|unreported|not yet (?:known|reported|made))\b", re.IGNORECASE)
_GAP_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("wide gap", re.compile(r"\b(?:wide|large)[- ](?:band[- ]?)?gap", re.IGNORECASE)),
    ("narrow gap", re.compile(r"\b(?:narrow|small)[- ](?:band[- ]?)?gap", re.IGNORECASE)),
    ("insulator", re.compile(r"\binsulat(?:or|ors|ing)\b", re.IGNORECASE)),
    ("semiconductor", re.compile(r"\bsemi-?conduct(?:or|ors|ing)\b", re.IGNORECASE)),
    ("nonmetal", re.compile(r"\bnon-?metal(?:lic)?\b", re.IGNORECASE)),
    ("metal", re.compile(r"\bmetallic\b(?! (?:element|ion|glass|radi))|\b(?:is|an?|be) metals?\b(?![- ]\w)", re.I)),
    ("metal", re.compile(r"^metals?\b(?![- ]\w)", re.IGNORECASE)),
)


def _gap_class(words: str) -> str | None:
    """The class of band gap that the words name."""
    for name, pattern in _GAP_WORDS:
        if pattern.search(words):
            return name
    return None
