"""Energies and relaxed crystals by CHGNet (Deng et al., Nat. Mach. Intell. 5, 1031 (2023)), the extra ``[relax]``.

CHGNet's weights come with its package. Its energies are those of the Materials Project's calculations, with its
corrections: they compare with each other, and with the Materials Project's own.
"""

from __future__ import annotations

import contextlib
import io
import math
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from clip_mat.crystal import Crystal
from clip_mat.errors import CrystalError, WeightsError

INSTALL = "pip install 'clip-mat[relax]'"
STEPS = 200
FORCE = 0.05
"""In eV/Å, and the same for the pull on the cell, below which a crystal is relaxed."""
_LONGEST = 0.1
"""In Å, that an atom moves in one step. So BFGS comes to rest in two thirds of the steps that FIRE needs; L-BFGS sent
one crystal in thirty uphill."""


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """A crystal at rest, or on the way there.

    Attributes:
        crystal: Atoms in their order, turned as before; as it was given where the model failed.
        energy: eV/atom; None where the model failed.
        steps: How many were made.
        converged: Whether forces came below the limit.
    """

    crystal: Crystal
    energy: float | None
    steps: int
    converged: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """A compound of known energy, that others may decompose into.

    Attributes:
        counts: Atoms of each element, in any multiple.
        energy: eV/atom, by the same model or the same calculations.
    """

    counts: Mapping[str, int]
    energy: float


def relax(
    crystals: Sequence[Crystal], *, steps: int = STEPS, force: float = FORCE, device: str = "cpu"
) -> list[Relaxed]:
    """Relax atoms and cells, one crystal after the other.

    A crystal that the model cannot cope with comes back as it is, without an energy.

    Args:
        crystals: What to relax.
        steps: At most, for each; 0 for the energy as it is.
        force: In eV/Å, below which a crystal is relaxed.
        device: Of torch.

    Raises:
        WeightsError: If CHGNet is not installed.
    """
    calculator = _calculator(device)
    return [_relax(crystal, calculator, steps, force) for crystal in crystals]


def energy_above_hull(counts: Mapping[str, int], energy: float, references: Iterable[Reference]) -> float | None:
    """How far, in eV/atom, a compound lies above what it may decompose into; negative where it is more stable.

    Args:
        counts: Atoms of each element.
        energy: eV/atom.
        references: Compounds of the same elements; others are left out.

    Returns:
        None where an element by itself is not among the references, without which there is no hull.
    """
    from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
    from pymatgen.core.composition import Composition

    def entry(counts: Mapping[str, int], energy: float) -> PDEntry:
        return PDEntry(Composition(dict(counts)), energy * sum(counts.values()))

    among = [reference for reference in references if set(reference.counts) <= set(counts)]
    alone = {symbol for reference in among if len(reference.counts) == 1 for symbol in reference.counts}
    if alone != set(counts):
        return None
    diagram = PhaseDiagram([entry(reference.counts, reference.energy) for reference in among])
    _, above = diagram.get_decomp_and_e_above_hull(entry(counts, energy), allow_negative=True)
    return None if above is None else float(above)


def require_chgnet() -> None:
    """Nothing where CHGNet can be used.

    Raises:
        WeightsError: If it is not installed.
    """
    try:
        import chgnet.model.dynamics  # noqa: F401
    except ImportError as error:
        raise WeightsError(f"energies need CHGNet, which is not here ({error}): {INSTALL}") from error


def _calculator(device: str) -> Any:
    require_chgnet()
    from chgnet.model.dynamics import CHGNetCalculator

    with _quiet():
        return CHGNetCalculator(_model(device), use_device=device)


@cache
def _model(device: str) -> Any:
    from chgnet.model import CHGNet

    return CHGNet.load(use_device=device, verbose=False)


def _relax(crystal: Crystal, calculator: Any, steps: int, force: float) -> Relaxed:
    from ase.filters import FrechetCellFilter
    from ase.optimize import BFGS

    atoms = crystal.to_atoms()
    atoms.calc = calculator
    try:
        with _quiet():
            atoms_and_cell: Any = FrechetCellFilter(atoms)
            optimizer = BFGS(atoms_and_cell, logfile=io.StringIO(), maxstep=_LONGEST)
            converged = bool(optimizer.run(fmax=force, steps=steps))
            energy = float(atoms.get_potential_energy()) / len(atoms)
            relaxed = Crystal(crystal.numbers, atoms.get_scaled_positions(wrap=False), atoms.cell.array)
    except (ArithmeticError, AttributeError, CrystalError, RuntimeError, ValueError, IndexError):
        return Relaxed(crystal, None, 0, False)  # atoms on top of each other, or none near: no graph, no numbers
    if not math.isfinite(energy):
        return Relaxed(crystal, None, 0, False)
    return Relaxed(relaxed, energy, int(optimizer.nsteps), converged)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps what CHGNet prints off stdout, which may be somebody's JSON, and its warnings off the terminal."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
