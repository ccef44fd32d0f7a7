"""Known crystals as templates for unknown ones, by the pattern of their composition.

>>> from clip_mat.generate.templates import IndexTemplates, Template, TemplateLibrary
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter, OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from clip_mat.crystal import NUMBERS, SYMBOLS, Crystal
from clip_mat.facts import anonymous_formula, reduced, write_formula
from clip_mat.generate.consensus import fingerprint
from clip_mat.generate.substitution import Floats, Ints, Slots, orders, substitute
from clip_mat.language.names import prototypes_of
from clip_mat.structures import Entry
from clip_mat.symmetry import find_spacegroup, find_symmetry, read_symmetry

if TYPE_CHECKING:
    from clip_mat.search.materials import MaterialsIndex

_PATTERNS = 64
"""Patterns that are kept in memory: as many as requests are answered together."""
_CELLS = 16
"""Sizes of cells whose templates are kept in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A known crystal whose elements can be changed.

    Attributes:
        id: In the index or file that it comes from.
        crystal: As it is known, in any cell.
        energy_above_hull: eV/atom; None where it is not known.
        properties: What else is known of it.
        slots: Its composition.
    """

    id: str
    crystal: Crystal
    energy_above_hull: float | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    slots: Slots = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "slots", Slots.of(self.counts))

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Of a crystal that was read."""
        hull = entry.properties.get("energy_above_hull")
        known = float(hull) if isinstance(hull, int | float) else None
        return cls(entry.id, entry.crystal, known, entry.properties)

    @property
    def counts(self) -> Counter[str]:
        """Atoms of each element in the cell."""
        return Counter(self.crystal.symbols)


@dataclass(frozen=True, slots=True, eq=False)
class StructureType:
    """What spglib makes of a template.

    Attributes:
        spacegroup: International number.
        label: As `clip_mat.symmetry.prototype_label`.
        primitive: Primitive cell.
        words: For each of the equivalent choices of origin and axes, the Wyckoff letters of each slot.
    """

    spacegroup: int
    label: str
    primitive: Crystal
    words: tuple[tuple[str, ...], ...]

    def decorated(self, order: Sequence[int]) -> tuple[str, ...]:
        """What two crystals of one composition have in common when they are isopointal with the same element on the
        same positions: label, then letters for each slot of the request.

        Args:
            order: A row of `clip_mat.generate.substitution.orders`.
        """
        place = np.argsort(order)
        return self.label, *min(tuple(words[slot] for slot in place) for words in self.words)


class Pattern:
    """All templates of one pattern of composition, as arrays.

    Args:
        templates: Of one anonymous formula.

    Attributes:
        templates: n of them, as given.
        elements: (n, k) atomic numbers in the order of slots.
        counts: (k,) of the slots.
        units: (n,) formula units in the cell as it is known.
        hull: (n,) energy above the hull in eV/atom; 0 where not known.
    """

    def __init__(self, templates: Sequence[Template]) -> None:
        slots = [template.slots for template in templates]
        self.templates = templates
        self.counts = slots[0].counts
        self.elements: Ints = np.array([one.elements for one in slots], dtype=np.int64)
        atoms = np.array([len(template.crystal) for template in templates], dtype=np.int64)
        self.units: Ints = atoms // slots[0].atoms
        self.hull: Floats = np.array([max(template.energy_above_hull or 0.0, 0.0) for template in templates])
        self._types: dict[int, StructureType | None] = {}
        self._fingerprints: dict[int, Floats] = {}

    def __len__(self) -> int:
        return len(self.templates)

    def row(self, template: Template) -> int:
        """Where a template stands.

        Raises:
            KeyError: If it is not one of these.
        """
        return self._rows[id(template)]

    @cached_property
    def _rows(self) -> dict[int, int]:
        return {id(template): row for row, template in enumerate(self.templates)}

    @cached_property
    def orders(self) -> Ints:
        """(p, k) as `clip_mat.generate.substitution.orders`."""
        return orders(self.counts)

    def structure_type(self, row: int) -> StructureType | None:
        """Symmetry of a template, found when it is first asked for; None where spglib finds none."""
        if row not in self._types:
            self._types[row] = self._find_type(row)
        return self._types[row]

    def fingerprint(self, row: int) -> Floats:
        """Distances in a template by pair of slots, as `clip_mat.generate.consensus.fingerprint`; found when
        it is first asked for.

        Raises:
            ValueError: If the template has no structure type.
        """
        if row not in self._fingerprints:
            kind = self.structure_type(row)
            if kind is None:
                raise ValueError(f"{self.templates[row].id}: spglib finds no symmetry of this template")
            slots = {int(number): slot for slot, number in enumerate(self.elements[row], 1)}
            self._fingerprints[row] = fingerprint(substitute(kind.primitive, slots))
        return self._fingerprints[row]

    def _find_type(self, row: int) -> StructureType | None:
        template = self.templates[row]
        written = str(template.properties.get("protostructure", ""))
        return structure_type(template.crystal, self.elements[row].tolist(), written)


def structure_type(crystal: Crystal, elements: Sequence[int], written: str = "") -> StructureType | None:
    """Symmetry of a crystal; None where spglib finds none.

    Args:
        crystal: Any cell of it.
        elements: Atomic numbers, in the order of slots.
        written: What its source says of the symmetry, as `clip_mat.symmetry.read_symmetry` takes it.
    """
    found = read_symmetry(written, crystal) or find_symmetry(crystal)
    if found is None or len(found.primitive) % sum(reduced(Counter(crystal.symbols)).values()):
        return None
    symbols = [SYMBOLS[number] for number in elements]
    words = tuple(tuple(way[symbol] for symbol in symbols) for way in found.words)
    return StructureType(found.spacegroup, found.prototype, found.primitive, words)


class Templates(ABC):
    """Where templates come from.

    Args:
        most: Patterns that are kept in memory; None for all.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._patterns: OrderedDict[str, Pattern | None] = OrderedDict()

    @abstractmethod
    def of_patterns(self, anonymous: Collection[str]) -> Mapping[str, Sequence[Template]]:
        """All templates of anonymous formulas, ``A2BC``; one of which there is none may be missing."""

    @abstractmethod
    def of_cells(self, atoms: Collection[int], spacegroup: int | None = None) -> Sequence[Template]:
        """All templates whose cells hold one of these numbers of atoms, or those of a space group."""

    def pattern(self, counts: Mapping[str, int]) -> Pattern | None:
        """All templates for a composition; None where there are none. What was made is remembered."""
        self.expect([counts])
        return self._patterns[anonymous_formula(counts)]

    def expect(self, compositions: Iterable[Mapping[str, int]]) -> None:
        """Say what will be asked: looking for many patterns at once takes little longer than for one."""
        asked = dict.fromkeys(map(anonymous_formula, compositions))
        wanted = [name for name in asked if name not in self._patterns]
        found = self.of_patterns(wanted) if wanted else {}
        for name in asked:
            if name in self._patterns:
                self._patterns.move_to_end(name)
            else:
                self._patterns[name] = Pattern(found[name]) if found.get(name) else None
        while self._most is not None and len(self._patterns) > max(self._most, len(asked)):
            self._patterns.popitem(last=False)


class TemplateLibrary(Templates):
    """Templates in memory.

    Args:
        templates: All of them.
    """

    def __init__(self, templates: Iterable[Template]) -> None:
        super().__init__()
        self._by_pattern: dict[str, list[Template]] = {}
        self._groups: dict[str, int | None] = {}
        for template in templates:
            self._by_pattern.setdefault(anonymous_formula(template.counts), []).append(template)

    def __len__(self) -> int:
        return sum(map(len, self._by_pattern.values()))

    def __iter__(self) -> Iterator[Template]:
        for templates in self._by_pattern.values():
            yield from templates

    def of_patterns(self, anonymous: Collection[str]) -> Mapping[str, Sequence[Template]]:
        return {name: self._by_pattern[name] for name in anonymous if name in self._by_pattern}

    def of_cells(self, atoms: Collection[int], spacegroup: int | None = None) -> Sequence[Template]:
        wanted = [template for number in sorted(atoms) for template in self._by_size.get(number, ())]
        return wanted if spacegroup is None else [one for one in wanted if self._group(one) == spacegroup]

    @cached_property
    def _by_size(self) -> dict[int, list[Template]]:
        found: dict[int, list[Template]] = {}
        for template in self:
            found.setdefault(len(template.crystal), []).append(template)
        return found

    def _group(self, template: Template) -> int | None:
        if template.id not in self._groups:
            said = template.properties.get("spacegroup")
            self._groups[template.id] = said if isinstance(said, int) else find_spacegroup(template.crystal)
        return self._groups[template.id]


class IndexTemplates(Templates):
    """Templates of an index, read when a pattern is first asked for.

    Args:
        index: Stays open.
        max_sites: Leaves out larger cells.
    """

    def __init__(self, index: MaterialsIndex, max_sites: int = 64) -> None:
        super().__init__(_PATTERNS)
        self._index = index
        self._max_sites = max_sites
        self._cells = lru_cache(_CELLS)(self._read_cells)

    def of_patterns(self, anonymous: Collection[str]) -> Mapping[str, Sequence[Template]]:
        found: dict[str, list[Template]] = {}
        for entry in self._index.of_patterns(anonymous, self._max_sites):
            template = Template.of(entry)
            found.setdefault(anonymous_formula(template.counts), []).append(template)
        return found

    def _read_cells(self, atoms: tuple[int, ...], spacegroup: int | None) -> list[Template]:
        return list(map(Template.of, self._index.of_cells(atoms, spacegroup)))

    def of_cells(self, atoms: Collection[int], spacegroup: int | None = None) -> Sequence[Template]:
        return self._cells(tuple(number for number in sorted(atoms) if number <= self._max_sites), spacegroup)


def fits(
    kind: StructureType,
    *,
    spacegroup: int | None = None,
    crystal_system: str | None = None,
    prototypes: Sequence[str] = (),
) -> bool:
    """Whether a structure type is one that is asked for.

    Args:
        kind: The type.
        spacegroup: International number.
        crystal_system: As in `clip_mat.facts.CRYSTAL_SYSTEMS`.
        prototypes: Names, each as good as the others.
    """
    from clip_mat.facts import crystal_system as system_of

    if spacegroup is not None and kind.spacegroup != spacegroup:
        return False
    if crystal_system is not None and system_of(kind.spacegroup) != crystal_system:
        return False
    return not prototypes or bool(set(prototypes) & set(prototypes_of(kind.label)))


def formula_of(elements: Sequence[int], counts: Sequence[int]) -> str:
    """Reduced formula of elements in slots, alphabetical."""
    named = {SYMBOLS[number]: count for number, count in zip(elements, counts, strict=True)}
    return write_formula({symbol: named[symbol] for symbol in sorted(named, key=lambda s: (s, NUMBERS[s]))})
