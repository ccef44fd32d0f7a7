"""What can be said against a crystal without computing its energy.

Distances and charges as the field judges them, and whether the crystal is new: among those made with it, and among
those that are known.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import Crystal
from clip_mat.facts import reduced, write_formula
from clip_mat.generate.charge import charge_balanced
from clip_mat.generate.consensus import fingerprint

if TYPE_CHECKING:
    from pymatgen.analysis.structure_matcher import StructureMatcher
    from pymatgen.core.structure import Structure

    from clip_mat.search.materials import MaterialsIndex

Array = npt.NDArray[np.float64]

CLOSEST = 0.5
"""Least distance in Å of two atoms in a crystal that the field calls structurally valid (Xie et al., ICLR 2022)."""
SMALLEST = 0.1
"""... and the least volume of its cell in Å³."""
TOO_CLOSE = 0.6
"""Atoms nearer than this share of the sum of their covalent radii have no place in a crystal: of 6,000 of the Materials
Project none comes below 0.67 (uranyl)."""

_IMAGES = np.array(list(product((-1, 0, 1), repeat=3)), dtype=np.float64)
_HOME = len(_IMAGES) // 2
_ROWS = 64
_REMEMBERED = 1024
_FAR = 1.2
"""Relative difference of fingerprints, as `clip_mat.generate.consensus` has them, beyond which no crystals match."""
_LONGEST = 2e4
"""Cube of the longest edge of a cell, in volumes of it, beyond which pymatgen would fill the memory: a rod."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What was checked of a crystal.

    Attributes:
        valid: No two atoms are closer than `CLOSEST`, nor than `TOO_CLOSE` of their covalent radii, and the cell has a
            volume.
        charge_balanced: Whether oxidation states sum up to nothing, as `clip_mat.generate.charge` has it.
        min_distance: Of two atoms, in Å.
        unique: Whether it is unlike those made before it; None where that was not asked.
        novel: Whether it is unlike all that are known; None where that was not asked. What has atoms on top of each
            other is like nothing.
    """

    valid: bool
    charge_balanced: bool
    min_distance: float
    unique: bool | None = None
    novel: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"min_distance": round(self.min_distance, 4)}


class KnownCrystals:
    """Crystals against which novelty is judged.

    Args:
        of_formulas: Gives the known crystals of reduced formulas (``LiMnO2``, elements in alphabetical order), in any
            cell; a formula of which none is known may be missing. What it gave is remembered.
    """

    def __init__(self, of_formulas: Callable[[Collection[str]], Mapping[str, Iterable[Crystal]]]) -> None:
        self._of_formulas = of_formulas
        self._found: dict[str, list[Structure | None]] = {}

    @classmethod
    def of_crystals(cls, crystals: Iterable[Crystal]) -> Self:
        """Those given."""
        by_formula: dict[str, list[Crystal]] = defaultdict(list)
        for crystal in crystals:
            by_formula[_formula(crystal)].append(crystal)
        return cls(lambda formulas: {formula: by_formula.get(formula, []) for formula in formulas})

    @classmethod
    def of_index(cls, index: MaterialsIndex) -> Self:
        """Those of an index, which stays open."""
        return cls(index.of_formulas)

    def expect(self, crystals: Iterable[Crystal]) -> None:
        """Say what will be asked: looking for many formulas at once takes no longer than for one."""
        wanted = {_formula(crystal) for crystal in crystals} - set(self._found)
        if not wanted:
            return
        if len(self._found) + len(wanted) > _REMEMBERED:
            self._found.clear()
        known = self._of_formulas(wanted)
        self._found.update({formula: list(map(_reduced, known.get(formula, ()))) for formula in wanted})

    def hold(self, crystal: Crystal) -> bool:
        """Whether one of them is the same as the crystal."""
        self.expect([crystal])
        known = self._found[_formula(crystal)]
        if not known:
            return False
        asked = _reduced(crystal)
        return any(_alike(asked, structure) for structure in known)


def check(crystal: Crystal, *, others: Iterable[Crystal] | None = None, known: KnownCrystals | None = None) -> Checks:
    """Check one crystal.

    Args:
        crystal: Any cell of it.
        others: Crystals that it should differ from, made for the same request.
        known: Crystals that it should differ from to be new.
    """
    near, shortest = nearest(crystal)
    return Checks(
        valid=near >= TOO_CLOSE and shortest >= CLOSEST and crystal.volume >= SMALLEST,
        charge_balanced=charge_balanced(Counter(crystal.symbols)),
        min_distance=shortest,
        unique=None if others is None else not any(same(crystal, other) for other in others),
        novel=None if known is None else not known.hold(crystal),
    )


def field_valid(crystal: Crystal) -> bool:
    """Structural validity as the field reports it (Xie et al., ICLR 2022): `CLOSEST` and `SMALLEST`, nothing else."""
    return nearest(crystal)[1] >= CLOSEST and crystal.volume >= SMALLEST


@lru_cache(_REMEMBERED)
def nearest(crystal: Crystal) -> tuple[float, float]:
    """How close atoms come to each other, images of themselves included; remembered for a while.

    Returns:
        The least distance as a share of the sum of two covalent radii (Cordero et al., Dalton Trans. 2832 (2008)), and
        the least distance in Å.
    """
    from ase.data import covalent_radii

    lattice = _niggli(crystal.lattice)
    positions = crystal.cartesian @ np.linalg.inv(lattice)
    radii = covalent_radii[crystal.numbers]
    shifts = _IMAGES @ lattice
    share = shortest = np.inf
    for start in range(0, len(positions), _ROWS):  # some at a time: the square of 2,000 atoms is large
        apart = positions[start : start + _ROWS, None] - positions
        apart -= np.rint(apart)
        squares = np.square((apart @ lattice)[:, :, None] + shifts).sum(axis=-1)  # (rows, n, images)
        squares[np.arange(len(squares)), np.arange(start, start + len(squares)), _HOME] = np.inf
        distances = np.sqrt(squares.min(axis=-1))
        share = min(share, float((distances / (radii[start : start + _ROWS, None] + radii)).min()))
        shortest = min(shortest, float(distances.min()))
    return share, shortest


def same(first: Crystal, second: Crystal) -> bool:
    """Whether two crystals are the same but for their cells, their volumes and small displacements.

    Judged by pymatgen's StructureMatcher with its own tolerances (0.2, 0.3, 5°), as is usual for uniqueness and novelty
    (Zeni et al., Nature 639, 624 (2025)); structure prediction is scored with wider ones.
    """
    return _formula(first) == _formula(second) and _alike(_reduced(first), _reduced(second))


class Distinct:
    """A growing collection of crystals in which none comes twice.

    Args:
        crystals: What is there from the beginning.
    """

    def __init__(self, crystals: Iterable[Crystal] = ()) -> None:
        self._kinds: dict[str, list[Crystal]] = defaultdict(list)
        for crystal in crystals:
            self.add(crystal)

    def add(self, crystal: Crystal) -> bool:
        """Take a crystal in, unless it is there already.

        Returns:
            Whether it was new.
        """
        kind = self._kinds[_formula(crystal)]
        if any(not _far_apart(crystal, other) and _alike(_reduced(crystal), _reduced(other)) for other in kind):
            return False
        kind.append(crystal)
        return True


def first_alike(crystals: Sequence[Crystal]) -> list[int]:
    """For each crystal the place of the first one that is the same; its own where it is the first of its kind."""
    firsts: list[int] = []
    kinds: dict[str, list[tuple[int, Structure | None]]] = defaultdict(list)
    alone = Counter(map(_formula, crystals))
    for place, crystal in enumerate(crystals):
        formula = _formula(crystal)
        if alone[formula] == 1:
            firsts.append(place)
            continue
        structure = _reduced(crystal)
        first = next((earlier for earlier, other in kinds[formula] if _alike(structure, other)), place)
        if first == place:
            kinds[formula].append((place, structure))
        firsts.append(first)
    return firsts


def _formula(crystal: Crystal) -> str:
    return write_formula(reduced(Counter(crystal.symbols)))


def _niggli(lattice: Array) -> Array:
    """The cell of shortest vectors, in which near atoms are at most one cell apart; as it is where it has none."""
    import spglib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what spglib cannot do is told by None
        found = spglib.niggli_reduce(lattice)
    return lattice if found is None else np.asarray(found)


@cache
def _matcher() -> StructureMatcher:
    from pymatgen.analysis.structure_matcher import StructureMatcher

    return StructureMatcher()


@lru_cache(_REMEMBERED)
def _reduced(crystal: Crystal) -> Structure | None:
    """The primitive Niggli cell, which costs more than a comparison and is needed for each, so that it is remembered
    for a while; None where there is no crystal to compare."""
    lattice = _niggli(crystal.lattice)
    longest = np.linalg.norm(lattice, axis=1).max()
    if not field_valid(crystal) or longest**3 > _LONGEST * crystal.volume:
        return None
    if math.gcd(*Counter(crystal.symbols).values()) == 1:  # no smaller cell can hold a part of each element
        return Crystal(crystal.numbers, crystal.cartesian @ np.linalg.inv(lattice), lattice).to_structure()
    structure = crystal.to_structure()
    try:
        return structure.get_primitive_structure().get_reduced_structure()
    except ValueError:  # pymatgen's, where rounding keeps it from a Niggli cell
        return structure


def _far_apart(first: Crystal, second: Crystal) -> bool:
    """Whether the distances in two crystals of one composition differ so far that the matcher need not be asked."""
    one, other = _distances(first), _distances(second)
    if one is None or other is None:
        return True
    size = (np.linalg.norm(one) + np.linalg.norm(other)) / 2.0
    return bool(np.linalg.norm(one - other) > _FAR * size)


@lru_cache(_REMEMBERED)
def _distances(crystal: Crystal) -> Array | None:
    """Fingerprint of the reduced cell; None where there is no crystal to compare."""
    structure = _reduced(crystal)
    return None if structure is None else fingerprint(Crystal.from_structure(structure))


def _alike(first: Structure | None, second: Structure | None) -> bool:
    if first is None or second is None or len(first) != len(second):
        return False
    return bool(_matcher().fit(first, second, skip_structure_reduction=True))
