"""CIF text to crystals, with gemmi for the syntax (Wojdyr, J. Open Source Softw. 7, 4200 (2022)).

Symmetry is expanded here, site by site, and stops at the largest cell that is read: a kilobyte of CIF can ask for ten
thousand atoms.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import NUMBERS, Crystal
from clip_mat.errors import CrystalError
from clip_mat.structures.entries import LONGEST, Read, attempt, checked, element, refuse_atoms

Block: TypeAlias = Any  # gemmi.cif.Block: gemmi's C++ classes have no types
Matrix: TypeAlias = npt.NDArray[np.float64]

_SAME_PLACE = 0.1
"""Images of one site closer than this, in Å, are one atom on a special position, written with rounded digits."""
_MOST_OPERATIONS = 192
"""Of the largest space groups, Fm-3m and its kin."""

_CELL = (
    "_cell_length_a",
    "_cell_length_b",
    "_cell_length_c",
    "_cell_angle_alpha",
    "_cell_angle_beta",
    "_cell_angle_gamma",
)
_OPERATIONS = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz", "_space_group_symop.operation_xyz")
_HALL_NAMES = ("_space_group_name_Hall", "_symmetry_space_group_name_Hall")
_NAMES = ("_space_group_name_H-M_alt", "_symmetry_space_group_name_H-M")
_GROUP_NUMBERS = ("_space_group_IT_number", "_symmetry_Int_Tables_number")
_NO_ATOMS = "no atoms with fractional coordinates in the CIF"
_TYPE = re.compile(r"([A-Z][a-z]?)(?:[0-9]*[+-]?[0-9]*)$")
_LABEL = re.compile(r"([A-Z][a-z]?)(?![a-z])")


def parse_cif(text: str) -> Crystal:
    """The one structure of a CIF.

    Deuterium is read as hydrogen. Where the symmetry operations, a Hall or Hermann-Mauguin name and the number of the
    space group are given, the first of these counts; without any the atoms are taken as all there are.

    Raises:
        CrystalError: If there is no structure or more than one, it is disordered, it has more than
            `clip_mat.structures.MOST_ATOMS` atoms, an atom is no element or stands on another, or the cell is absurd.
    """
    blocks = find_blocks(text)
    if len(blocks) != 1:
        raise CrystalError(f"{len(blocks)} structures in the CIF, where one is needed" if blocks else _NO_ATOMS)
    return crystal_of(blocks[0][1])


def read_cif(text: str) -> Iterator[Read]:
    """Every structure of a CIF; where there are several, the names of their blocks are their places.

    Raises:
        CrystalError: If the text is no CIF, or holds no structure.
    """
    blocks = find_blocks(text)
    if not blocks:
        raise CrystalError(_NO_ATOMS)
    for name, block in blocks:
        yield Read(name if len(blocks) > 1 else "", attempt(partial(crystal_of, block)), {})


def find_blocks(text: str) -> list[tuple[str, Block]]:
    """Names and contents of the blocks that list atoms.

    Raises:
        CrystalError: If the text is no CIF.
    """
    from gemmi import cif

    try:
        document = cif.read_string(text)
    except (ValueError, RuntimeError) as error:
        told = re.sub(r"^string:(\d+)(?::\d+\(\d+\))?", r"line \1", " ".join(str(error).split()))
        raise CrystalError(f"not a CIF: {told[:200]}") from None
    return [(block.name, block) for block in document if block.find_values("_atom_site_fract_x")]


def crystal_of(block: Block) -> Crystal:
    """The crystal of one block. Raises CrystalError as `parse_cif` does."""
    refuse_atoms(len(block.find_values("_atom_site_fract_x")))
    lattice = _lattice(block)
    symbols = _symbols(block)
    positions = np.array([_numbers(block, f"_atom_site_fract_{axis}", len(symbols)) for axis in "xyz"]).T
    if not np.isfinite(positions).all():
        raise CrystalError("an atom has no place: a fractional coordinate is missing or no finite number")
    _refuse_disorder(block, len(symbols))
    operations = _operations(block)
    if len(operations) > 1:
        symbols, positions = _expand(symbols, positions, lattice, operations)
    return checked(Crystal.from_symbols(symbols, positions, lattice))


def _lattice(block: Block) -> Matrix:
    """Cell vectors in rows: a along x, b in the plane of x and y."""
    from gemmi import cif

    values = [cif.as_number(block.find_value(tag) or "?") for tag in _CELL]
    *lengths, alpha, beta, gamma = values
    if not (all(0 < length <= LONGEST for length in lengths) and all(0 < angle < 180 for angle in values[3:])):
        raise CrystalError(f"no cell with edges {lengths} Å and angles {values[3:]}°: missing, or out of bounds")
    (cos_a, cos_b, cos_c), sin_c = (_cosine(angle) for angle in (alpha, beta, gamma)), math.sin(math.radians(gamma))
    height = (cos_a - cos_b * cos_c) / sin_c
    square = 1 - cos_b**2 - height**2
    if square <= 0:
        raise CrystalError(f"no cell has angles of {alpha:g}, {beta:g} and {gamma:g}° at once")
    a, b, c = lengths
    return np.array(
        [[a, 0.0, 0.0], [b * cos_c, b * sin_c, 0.0], [c * cos_b, c * height, c * math.sqrt(square)]], dtype=np.float64
    )


def _cosine(degrees: float) -> float:
    return 0.0 if degrees == 90 else math.cos(math.radians(degrees))


def _numbers(block: Block, tag: str, count: int) -> list[float]:
    """A column of numbers, their uncertainties left out; not a number where there is none."""
    from gemmi import cif

    values = list(block.find_values(tag))
    if len(values) != count:
        raise CrystalError(f"{tag} is missing, or not one for each of {count} atoms")
    try:
        return [float(value) for value in values]
    except ValueError:
        return [cif.as_number(value) for value in values]


def _symbols(block: Block) -> list[str]:
    types = list(block.find_values("_atom_site_type_symbol"))
    known: dict[str, str] = {}
    if types:
        return [known.get(text) or known.setdefault(text, _typed(text)) for text in types]
    return [_labelled(text) for text in block.find_values("_atom_site_label")]


def _typed(text: str) -> str:
    """Element of a type symbol, its charge left out: ``Fe3+``."""
    plain = text.strip("'\" ").capitalize()
    match = _TYPE.match(plain)
    return element(match[1] if match else plain)


def _labelled(text: str) -> str:
    """Element at the start of a label: ``Fe2A``, ``O1W``; not ``Wat``."""
    match = _LABEL.match(text.strip("'\" "))
    if not match:
        raise CrystalError(f"the label {text[:20]!r} names no element")
    return match[1] if match[1] in NUMBERS else element(match[1][0])


def _refuse_disorder(block: Block, count: int) -> None:
    if not block.find_values("_atom_site_occupancy"):
        return
    for occupancy in _numbers(block, "_atom_site_occupancy", count):
        if not math.isnan(occupancy) and abs(occupancy - 1) > 1e-3:
            raise CrystalError(f"disordered: a site is occupied to {occupancy:g}; order the structure first")


def _operations(block: Block) -> list[Any]:
    """Symmetry operations (gemmi.Op), the identity among them."""
    import gemmi

    if block.find_values("_space_group_symop_magn_operation.xyz"):
        raise CrystalError("a magnetic CIF; give the structure without its moments")
    for tag in _OPERATIONS:
        if texts := {text.strip("'\" ") for text in block.find_values(tag)}:
            if len(texts) > _MOST_OPERATIONS:
                raise CrystalError(f"{len(texts):,} symmetry operations; no space group has more than 192")
            try:
                return [gemmi.Op(text) for text in sorted(texts)]
            except (ValueError, RuntimeError) as error:
                raise CrystalError(f"not a symmetry operation: {' '.join(str(error).split())[:100]}") from None
    return _named_operations(block)


def _named_operations(block: Block) -> list[Any]:
    """Operations of the space group by its name or number; none where neither is given."""
    import gemmi
    from gemmi import cif

    def first(tags: tuple[str, ...]) -> str:
        values = (cif.as_string(block.find_value(tag) or "?").strip() for tag in tags)
        return next((value for value in values if value), "")

    hall, name, number = first(_HALL_NAMES), first(_NAMES), cif.as_number(first(_GROUP_NUMBERS))
    if hall:
        try:
            return list(gemmi.symops_from_hall(hall))
        except (ValueError, RuntimeError) as error:
            raise CrystalError(f"no such Hall symbol of a space group: {hall[:40]!r}") from error
    group = None
    if name:  # whether R is given in hexagonal axes shows in the angles
        alpha, gamma = (cif.as_number(block.find_value(f"_cell_angle_{angle}") or "?") for angle in ("alpha", "gamma"))
        group = gemmi.find_spacegroup_by_name(name, alpha, gamma)
    if group is None and 1 <= number <= 230:
        group = gemmi.find_spacegroup_by_number(int(number))
    if group is None and name:
        raise CrystalError(f"no symmetry operations, and no such space group: {name[:40]!r}")
    return list(group.operations()) if group else []


def _expand(symbols: list[str], positions: Matrix, lattice: Matrix, operations: list[Any]) -> tuple[list[str], Matrix]:
    """All atoms of the cell.

    An image of a site that falls on the site shows an operation that leaves it in place; the site is moved to the
    mean of these images, which is where the operations truly leave it.
    """
    rotations = np.array([operation.rot for operation in operations]) / operations[0].DEN  # (m, 3, 3)
    shifts = np.array([operation.tran for operation in operations]) / operations[0].DEN  # (m, 3)
    grown: list[str] = []
    images: list[Matrix] = []
    for symbol, position in zip(symbols, positions, strict=True):
        orbit = rotations @ position + shifts
        home = orbit - position
        home -= np.rint(home)
        stays = np.linalg.norm(home @ lattice, axis=1) < _SAME_PLACE
        if stays.any():
            position = position + home[stays].mean(axis=0)
            orbit = rotations @ position + shifts
        distinct = _distinct(orbit % 1.0, lattice)
        grown += [symbol] * len(distinct)
        refuse_atoms(len(grown))
        images.append(distinct)
    return grown, np.concatenate(images)


def _distinct(places: Matrix, lattice: Matrix) -> Matrix:
    apart = places[:, None] - places
    apart -= np.rint(apart)
    same = np.square(apart @ lattice).sum(-1) < _SAME_PLACE**2
    first: Matrix = places[same.argmax(axis=1) == np.arange(len(places))]
    return first
