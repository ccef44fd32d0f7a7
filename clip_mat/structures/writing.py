"""Crystals to structure files."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Sequence
from itertools import repeat
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import Crystal
from clip_mat.facts import reduced, write_formula
from clip_mat.structures.prismatic import write_prismatic

Format: TypeAlias = Literal["cif", "cif-p1", "poscar", "extxyz", "json", "prismatic"]
FORMATS: tuple[Format, ...] = get_args(Format)
"""Names of the formats that are written; JSON is pymatgen's, Prismatic a simulator of electron microscopes."""
SUFFIXES: dict[Format, str] = {
    "cif": ".cif",
    "cif-p1": ".cif",
    "poscar": ".vasp",
    "extxyz": ".extxyz",
    "json": ".json",
    "prismatic": ".xyz",
}
"""How the names of such files end."""


def write_crystal(
    crystal: Crystal, format: Format = "cif", *, symmetrized: bool = True, tolerance: float = 0.01, title: str = ""
) -> str:
    """A crystal as the text of a structure file.

    Args:
        crystal: What to write.
        format: One of `FORMATS`.
        symmetrized: A CIF in its space group: the conventional cell, with atoms on their symmetric places. If not,
            and in all other formats, the cell and the atoms as they are; Prismatic gets a right-angled cell of them.
        tolerance: How far, in Å, an atom may stand from its symmetric place.
        title: First line of a POSCAR or of Prismatic's file, block name of a CIF in P1; by default the formula.

    Raises:
        CrystalError: If the format cannot hold the crystal: Prismatic takes right-angled cells only.
        ValueError: If there is no such format.
    """
    title = " ".join(title.split()) or write_formula(reduced(Counter(crystal.symbols)))
    crystal = _right_handed(crystal)
    if format == "cif":
        return (symmetrized and _symmetrized_cif(crystal, tolerance)) or _plain_cif(crystal, title)
    if format == "cif-p1":
        return _plain_cif(crystal, title)
    if format == "poscar":
        return _poscar(crystal, title)
    if format == "extxyz":
        return write_extxyz([crystal])
    if format == "json":
        return json.dumps(crystal.to_structure().as_dict())
    if format == "prismatic":
        return write_prismatic(crystal, title)
    raise ValueError(f"{format!r} is none of {', '.join(FORMATS)}")


def _right_handed(crystal: Crystal) -> Crystal:
    """The same atoms in a right-handed cell: edges and angles alone would mirror another, and VASP refuses it."""
    if np.linalg.det(crystal.lattice) > 0:
        return crystal
    return Crystal(crystal.numbers, crystal.positions[:, [1, 0, 2]], crystal.lattice[[1, 0, 2]])


def _symmetrized_cif(crystal: Crystal, tolerance: float) -> str | None:
    """Written by pymatgen; None where no symmetry is found."""
    from pymatgen.io.cif import CifWriter
    from pymatgen.symmetry.analyzer import SymmetryUndeterminedError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # spglib's, on how pymatgen calls it
        try:
            return str(CifWriter(crystal.to_structure(), symprec=tolerance))
        except SymmetryUndeterminedError:
            return None


def _plain_cif(crystal: Crystal, title: str) -> str:
    lengths = np.linalg.norm(crystal.lattice, axis=1)
    a, b, c = crystal.lattice / lengths[:, None]
    angles = np.degrees(np.arccos(np.clip([b @ c, c @ a, a @ b], -1, 1)))
    counts = reduced(Counter(crystal.symbols))
    lines = [
        f"data_{title.replace(' ', '_')}",
        *(f"_cell_length_{axis} {length:.10f}" for axis, length in zip("abc", lengths, strict=True)),
        *(f"_cell_angle_{axis} {angle:.10f}" for axis, angle in zip(("alpha", "beta", "gamma"), angles, strict=True)),
        "_symmetry_space_group_name_H-M 'P 1'",
        "_symmetry_Int_Tables_number 1",
        f"_chemical_formula_sum '{' '.join(f'{symbol}{count}' for symbol, count in counts.items())}'",
        "loop_",
        "_symmetry_equiv_pos_as_xyz",
        "'x, y, z'",
        "loop_",
        "_atom_site_type_symbol",
        "_atom_site_label",
        "_atom_site_fract_x",
        "_atom_site_fract_y",
        "_atom_site_fract_z",
        "_atom_site_occupancy",
    ]
    for place, (symbol, (x, y, z)) in enumerate(zip(crystal.symbols, crystal.positions, strict=True)):
        lines.append(f"{symbol} {symbol}{place} {x:.10f} {y:.10f} {z:.10f} 1")
    return "\n".join(lines) + "\n"


def _poscar(crystal: Crystal, title: str) -> str:
    """Atoms of one element stand together, as VASP wants them."""
    counts = Counter(crystal.symbols)
    places = {symbol: place for place, symbol in enumerate(counts)}
    order = np.argsort([places[symbol] for symbol in crystal.symbols], kind="stable")
    return "\n".join(
        [
            title,
            "1.0",
            *_vectors(crystal.lattice),
            " ".join(counts),
            " ".join(map(str, counts.values())),
            "Direct",
            *_vectors(crystal.positions[order]),
            "",
        ]
    )


def _vectors(rows: npt.NDArray[np.float64]) -> list[str]:
    return [" ".join(f"{value:.12f}" for value in row) for row in rows]


def write_extxyz(crystals: Sequence[Crystal], times: Sequence[float] = ()) -> str:
    """Crystals as frames of one extended XYZ file, which ASE and OVITO read.

    Args:
        crystals: Their cells and atoms as they are.
        times: One of each crystal, for the key ``time``; none to leave it out.
    """
    lines = []
    for crystal, time in zip(crystals, times or repeat(None, len(crystals)), strict=True):
        lattice = " ".join(f"{value:.10g}" for value in crystal.lattice.flat)
        told = "" if time is None else f" time={round(time, 6)}"
        lines += [
            str(len(crystal)),
            f'Lattice="{lattice}" Properties=species:S:1:pos:R:3 pbc="T T T"{told}',
            *map("{:<2} {}".format, crystal.symbols, _vectors(crystal.cartesian)),
        ]
    return "\n".join([*lines, ""])
