"""Space groups, by spglib (Togo, Shinohara & Tanaka, Sci. Technol. Adv. Mater. Meth. 4, 2384822 (2024))."""

from __future__ import annotations

import os
import re
import warnings
from functools import cache

from clip_mat.crystal import Crystal

TOLERANCE = 0.1
"""How far, in Å, an atom may stand from its symmetric place (spglib's ``symprec``)."""


def find_spacegroup(crystal: Crystal, tolerance: float = TOLERANCE) -> int | None:
    """International number of the space group, 1 to 230; None where spglib finds none.

    Args:
        crystal: Any cell of the crystal.
        tolerance: In Å.
    """
    _quiet_spglib()
    import spglib

    cell = (crystal.lattice, crystal.positions, crystal.numbers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what spglib cannot do is told by None
        dataset = spglib.get_symmetry_dataset(cell, symprec=tolerance)
    return None if dataset is None else int(dataset.number)


@cache
def _quiet_spglib() -> None:
    """Keeps spglib's own notes off the terminal."""
    os.environ.setdefault("SPGLIB_WARNING", "OFF")


@cache
def spacegroup_symbol(number: int) -> str:
    """Hermann-Mauguin symbol in short form, screw axes with an underscore: ``P6_3/mmc``, ``Fm-3m``.

    Raises:
        ValueError: If there is no such group.
    """
    import gemmi

    group = gemmi.find_spacegroup_by_number(number)
    if group is None:
        raise ValueError(f"a space group is 1 to 230, not {number}")
    centring, *axes = group.hm.split()
    if 3 <= number <= 15:  # monoclinic: only the unique axis is written
        axes = [axis for axis in axes if axis != "1"]
    return centring + "".join(re.sub(r"^([2346])([1-5])", r"\1_\2", axis) for axis in axes)
