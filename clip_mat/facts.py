"""What can be said of a crystal: the facts behind captions, filters, evaluation and the targets of training.

Formulas are OPTIMADE's (Andersen et al., Sci. Data 8, 217 (2021)): elements in alphabetical order, counts in lowest
terms; the anonymous formula names the most abundant element A.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from math import gcd
from typing import Literal, TypeAlias

Key: TypeAlias = tuple[str, str | int]
"""One fact that a text can state and a crystal can have: ``("spacegroup", 225)``, ``("element", "Li")``."""

CrystalSystem = Literal["triclinic", "monoclinic", "orthorhombic", "tetragonal", "trigonal", "hexagonal", "cubic"]
_LAST_GROUP: tuple[tuple[int, CrystalSystem], ...] = (
    (2, "triclinic"),
    (15, "monoclinic"),
    (74, "orthorhombic"),
    (142, "tetragonal"),
    (167, "trigonal"),
    (194, "hexagonal"),
    (230, "cubic"),
)
CRYSTAL_SYSTEMS: tuple[CrystalSystem, ...] = tuple(system for _, system in _LAST_GROUP)

METAL_BELOW = 0.05
"""Band gap in eV below which a crystal counts as a metal."""
GAP_CLASSES: dict[str, tuple[float, float]] = {
    "metal": (0.0, METAL_BELOW),
    "nonmetal": (METAL_BELOW, float("inf")),
    "narrow gap": (METAL_BELOW, 1.0),
    "semiconductor": (METAL_BELOW, 3.0),
    "wide gap": (3.0, float("inf")),
    "insulator": (4.0, float("inf")),
}
"""Classes of the band gap, each from (inclusive) to (exclusive) in eV; they overlap as the words do."""
STABLE_BELOW = 0.001
"""Energy above the convex hull in eV/atom up to which a crystal counts as stable (on the hull)."""
NEARLY_STABLE_BELOW = 0.1
"""... and up to which it counts as metastable: room to be made."""


def crystal_system(spacegroup: int) -> CrystalSystem:
    """The crystal system of a space group, 1 to 230.

    Raises:
        ValueError: If there is no such group.
    """
    if not 1 <= spacegroup <= 230:
        raise ValueError(f"a space group is 1 to 230, not {spacegroup}")
    return next(system for last, system in _LAST_GROUP if spacegroup <= last)


def reduced(counts: Mapping[str, int]) -> dict[str, int]:
    """Element counts in lowest terms, elements in alphabetical order."""
    divisor = reduce(gcd, counts.values())
    return {symbol: counts[symbol] // divisor for symbol in sorted(counts)}


def write_formula(counts: Mapping[str, int]) -> str:
    """Symbols and counts in the order given; a count of one is left out."""
    return "".join(symbol + (str(count) if count > 1 else "") for symbol, count in counts.items())


def anonymous_formula(counts: Mapping[str, int]) -> str:
    """A for the most abundant element, then B, ...: ``{"Li": 1, "O": 2}`` is ``A2B``."""
    ordered = sorted(reduced(counts).values(), reverse=True)
    return write_formula({_letters(place): count for place, count in enumerate(ordered)})


def _letters(place: int) -> str:
    """A to Z, then Aa, Ba, ..., as OPTIMADE counts."""
    return chr(65 + place % 26) + ("" if place < 26 else chr(97 + place // 26 - 1))


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a crystal; None where it is not.

    Attributes:
        counts: Element counts of the reduced formula, elements in alphabetical order.
        spacegroup: International number, 1 to 230.
        prototypes: Names of its structure type, as `clip_mat.language.names` spells them: ``("rock salt",)``.
        band_gap: eV.
        energy_above_hull: eV/atom.
        formation_energy: eV/atom.
    """

    counts: Mapping[str, int]
    spacegroup: int | None = None
    prototypes: tuple[str, ...] = ()
    band_gap: float | None = None
    energy_above_hull: float | None = None
    formation_energy: float | None = None
    _keys: list[frozenset[Key]] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def formula(self) -> str:
        """``chemical_formula_reduced``: ``LiMnO2``."""
        return write_formula(self.counts)

    @property
    def anonymous(self) -> str:
        """``chemical_formula_anonymous``: ``A2BC``."""
        return anonymous_formula(self.counts)

    @property
    def elements(self) -> tuple[str, ...]:
        """Element symbols in alphabetical order."""
        return tuple(self.counts)

    @property
    def chemical_system(self) -> str:
        """Elements joined by hyphens: ``Li-Mn-O``."""
        return "-".join(self.counts)

    @property
    def crystal_system(self) -> CrystalSystem | None:
        """The crystal system, where the space group is known."""
        return None if self.spacegroup is None else crystal_system(self.spacegroup)

    @property
    def keys(self) -> frozenset[Key]:
        """Every fact as a key: a text fits a crystal when what it states is a subset of these."""
        if not self._keys:
            self._keys.append(frozenset(self._find_keys()))
        return self._keys[0]

    def _find_keys(self) -> list[Key]:
        keys: list[Key] = [
            ("formula", self.formula),
            ("anonymous", self.anonymous),
            ("chemical_system", self.chemical_system),
            ("nelements", len(self.counts)),
            *(("element", symbol) for symbol in self.counts),
            *(("family", name) for name in families(self.counts)),
            *(("prototype", name) for name in self.prototypes),
        ]
        if self.spacegroup is not None:
            keys += [("spacegroup", self.spacegroup), ("crystal_system", crystal_system(self.spacegroup))]
        if self.band_gap is not None:
            keys += [("gap", name) for name, (low, high) in GAP_CLASSES.items() if low <= self.band_gap < high]
        if self.energy_above_hull is not None:
            if self.energy_above_hull <= STABLE_BELOW:
                keys.append(("stability", "stable"))
            elif self.energy_above_hull <= NEARLY_STABLE_BELOW:
                keys.append(("stability", "metastable"))
            else:
                keys.append(("stability", "unstable"))
        return keys


METALLOIDS = frozenset(["B", "Si", "Ge", "As", "Sb", "Te"])
NONMETALS = frozenset(
    ["H", "He", "C", "N", "O", "F", "Ne", "P", "S", "Cl", "Ar", "Se", "Br", "Kr", "I", "Xe", "At", "Rn"]
)
ANIONS = {
    "oxide": "O",
    "sulfide": "S",
    "selenide": "Se",
    "telluride": "Te",
    "fluoride": "F",
    "chloride": "Cl",
    "bromide": "Br",
    "iodide": "I",
    "nitride": "N",
    "phosphide": "P",
    "arsenide": "As",
    "antimonide": "Sb",
    "carbide": "C",
    "silicide": "Si",
    "germanide": "Ge",
    "boride": "B",
    "hydride": "H",
}
"""The element behind a class of compound."""
_ELECTRONEGATIVE = ("F", "O", "Cl", "N", "Br", "I", "S", "Se", "C", "As", "P", "Te", "H", "Sb", "B", "Si", "Ge")
"""From the anion of every compound to the anion of few; hydrogen last but the metalloids."""


FAMILIES = ("elemental", "intermetallic", *ANIONS, "halide")
"""Names that `families` gives."""


def families(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Classes of compound that a composition alone decides: ``("oxide",)``, ``("iodide", "halide")``.

    A binary-style name goes to the most electronegative element only: LiFePO4 is an oxide, no phosphide.
    """
    found: list[str] = []
    if len(counts) == 1:
        found.append("elemental")
    elif all(symbol not in NONMETALS and symbol not in METALLOIDS for symbol in counts):
        found.append("intermetallic")
    if len(counts) > 1:
        anion = next((symbol for symbol in _ELECTRONEGATIVE if symbol in counts), None)
        found += [name for name, symbol in ANIONS.items() if symbol == anion]
        if anion in ("F", "Cl", "Br", "I"):
            found.append("halide")
    return tuple(found)
