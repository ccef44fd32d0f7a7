"""Whether two crystals are the same, as the field measures it, for many at a time.

The matcher is pymatgen's with the tolerances that CDVAE (Xie et al., ICLR 2022) began with and everybody kept:
``StructureMatcher(ltol=0.3, stol=0.5, angle_tol=10)``. It compares primitive cells scaled to one volume, so that a
wrong density costs nothing: measure that apart.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from typing import TYPE_CHECKING, Self, TypeVar, cast

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import Crystal
from clip_mat.facts import reduced, write_formula
from clip_mat.generate.checks import field_valid

if TYPE_CHECKING:
    from pymatgen.analysis.structure_matcher import StructureMatcher
    from pymatgen.core.structure import IStructure, Structure

LENGTH_TOLERANCE, SITE_TOLERANCE, ANGLE_TOLERANCE = 0.3, 0.5, 10.0
_NO_MATCH = (ValueError, ArithmeticError, IndexError, np.linalg.LinAlgError)
_LONGEST = 2e4
"""Cube of the longest edge of a reduced cell, in volumes of it, beyond which nothing is compared."""
_JOBS_AT_ONCE = 8

Floats = npt.NDArray[np.float64]
Job = tuple[Crystal, Sequence[Crystal]]
Progress = Callable[[int, int, str], None]
_T = TypeVar("_T")
_R = TypeVar("_R")


def formula_of(crystal: Crystal) -> str:
    """Reduced formula, elements in alphabetical order: what two crystals must share to be the same."""
    return write_formula(reduced(Counter(crystal.symbols)))


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """A crystal made ready for the matcher once, however often it is compared.

    Attributes:
        formula: Reduced formula.
        structure: Primitive Niggli cell; None where pymatgen finds none, which matches nothing.
    """

    formula: str
    structure: Structure | None

    @classmethod
    def of(cls, crystal: Crystal) -> Self:
        """What pymatgen's matcher makes of a crystal before it compares."""
        return cls(formula_of(crystal), _reduce(crystal))

    @classmethod
    def of_primitive(cls, crystal: Crystal) -> Self:
        """The same of a cell that is known to be primitive, at a fraction of the price."""
        return cls(formula_of(crystal), _niggli(crystal))


def rms_distance(one: Crystal | Reduced, other: Crystal | Reduced) -> float | None:
    """Root mean square displacement of the atoms between two crystals, in units of (V/N)^(1/3); None if they differ.

    What has atoms on top of each other, or a cell that the matcher cannot take, differs from everything.
    """
    first = one if isinstance(one, Reduced) else Reduced.of(one)
    second = other if isinstance(other, Reduced) else Reduced.of(other)
    if first.formula != second.formula or first.structure is None or second.structure is None:
        return None
    if len(first.structure) != len(second.structure):
        return None
    with _quiet():
        try:
            found = _matcher().get_rms_dist(first.structure, second.structure)  # type: ignore[no-untyped-call]
        except _NO_MATCH:
            return None
    return None if found is None else float(found[0])


def rms_distances(
    jobs: Sequence[Job], *, processes: int = 1, progress: Progress | None = None
) -> list[npt.NDArray[np.float64]]:
    """`rms_distance` of each reference to each of its candidates; NaN where they differ.

    Args:
        jobs: A reference and the candidates for it.
        processes: Share the work; 1 stays in this one.
        progress: Told how many references are done, of how many.
    """
    found = []
    for done, row in enumerate(shared_work(_compare, jobs, processes), 1):
        found.append(row)
        if progress is not None:
            progress(done, len(jobs), formula_of(jobs[done - 1][0]))
    return found


def _compare(job: Job) -> Floats:
    reference, candidates = job
    sought = Reduced.of(reference)
    distances = [rms_distance(sought, candidate) for candidate in candidates]
    return np.array([np.nan if distance is None else distance for distance in distances], dtype=np.float64)


def shared_work(function: Callable[[_T], _R], items: Sequence[_T], processes: int) -> Iterator[_R]:
    """``map`` over processes, in order; a module-level function of what can be sent to them."""
    if processes < 2 or len(items) < 2 * _JOBS_AT_ONCE:
        yield from map(function, items)
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        yield from pool.map(function, items, chunksize=_JOBS_AT_ONCE)


def _reduce(crystal: Crystal) -> Structure | None:
    with _quiet():
        if not field_valid(crystal) or _is_rod(crystal):
            return None
        try:
            niggli = crystal.to_structure().get_reduced_structure(reduction_algo="niggli")
            if math.gcd(*Counter(crystal.symbols).values()) == 1:  # no smaller cell can hold a part of each element
                return niggli
            return niggli.get_primitive_structure()
        except _NO_MATCH:
            return None


def _niggli(crystal: Crystal) -> Structure | None:
    import spglib
    from pymatgen.core.structure import Structure

    with _quiet():
        lattice = spglib.niggli_reduce(crystal.lattice)
        if lattice is None or not field_valid(crystal) or _is_rod(crystal):
            return None
    return Structure(lattice, crystal.symbols, crystal.cartesian, coords_are_cartesian=True)


def _is_rod(crystal: Crystal) -> bool:
    """Whether the cell is so long for its volume that pymatgen would fill the memory with its images."""
    import spglib

    reduced_lattice = spglib.niggli_reduce(crystal.lattice)
    lattice = crystal.lattice if reduced_lattice is None else reduced_lattice
    return float(np.linalg.norm(lattice, axis=1).max()) ** 3 > _LONGEST * crystal.volume


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd cells; what comes of them is told by None
        yield


@cache
def _matcher() -> StructureMatcher:
    from pymatgen.analysis.structure_matcher import StructureMatcher

    class ReducedMatcher(StructureMatcher):
        """Takes cells that are reduced already: pymatgen's own memory of them costs more than the comparison.

        Were the method ever renamed, cells would be reduced twice, to the same result.
        """

        @classmethod
        def _get_reduced_structure(
            cls,
            struct: Structure | IStructure,
            primitive_cell: bool = True,  # noqa: ARG003 - as pymatgen calls it
            niggli: bool = True,  # noqa: ARG003
        ) -> Structure:
            return cast("Structure", struct.copy())

    return ReducedMatcher(ltol=LENGTH_TOLERANCE, stol=SITE_TOLERANCE, angle_tol=ANGLE_TOLERANCE)
