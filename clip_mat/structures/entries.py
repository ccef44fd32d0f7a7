"""What reading gives, and what every crystal from a file must be."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from clip_mat.crystal import NUMBERS, Crystal
from clip_mat.errors import CrystalError

MOST_ATOMS = 2000
"""Atoms in the largest cell that is read; a cell beyond it is refused before it is built."""
CLOSEST = 0.5
"""Least distance of two atoms in Å; H2 has 0.74."""
LONGEST = 1000.0
"""Longest cell edge in Å."""

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

_ISOTOPES = {"D": "H", "T": "H"}
_RENAMED = {
    "e_above_hull": "energy_above_hull",
    "formation_energy_per_atom": "formation_energy",
    "space_group": "spacegroup",
    "spacegroup_number": "spacegroup",
    "prototype_names": "prototypes",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A crystal, and what its source says of it.

    Attributes:
        id: Unique in its source: the source's own id where it has one, else file name and place in it.
        crystal: As in the file, whatever cell that has.
        properties: What JSON can hold. The names used here are ``band_gap`` (eV), ``energy_above_hull`` (eV/atom),
            ``formation_energy`` (eV/atom), ``spacegroup`` (1 to 230) and ``prototypes`` (list of names); others as in
            the source. What is unknown is left out.
        source: File or address.
    """

    id: str
    crystal: Crystal
    properties: Mapping[str, Json] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in a source that is no crystal that can be read.

    Attributes:
        id: As an entry's.
        source: File or address.
        reason: One line.
    """

    id: str
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Bounds on reading.

    Attributes:
        seconds: For one structure, or for opening a file.
        memory_mb: Address space of the process that parses.
        megabytes: Largest file other than a parquet.
    """

    seconds: float = 30.0
    memory_mb: int = 4096
    megabytes: int = 256


class Read(NamedTuple):
    """What a parser finds at one place of a file.

    Attributes:
        place: Where in the file; empty where it has room for one structure only.
        crystal: Or why there is none.
        values: What the file says of it, under the file's own names.
    """

    place: str
    crystal: Crystal | CrystalError
    values: Mapping[str, Any]


def attempt(parse: Callable[[], Crystal]) -> Crystal | CrystalError:
    """What ``parse`` makes, or why it makes nothing: one bad structure must not cost the others of its file."""
    try:
        return parse()
    except CrystalError as error:
        return error
    except Exception as error:  # noqa: BLE001 - whatever a stranger's file does to a parser ends here, as one line
        return CrystalError(f"cannot be read: {type(error).__name__}: {' '.join(str(error).split())[:200]}")


def element(symbol: str) -> str:
    """The element of a symbol; deuterium and tritium are hydrogen, as their chemistry is.

    Raises:
        CrystalError: If it is none: a dummy, a vacancy, a molecule.
    """
    symbol = _ISOTOPES.get(symbol, symbol)
    if symbol not in NUMBERS:
        raise CrystalError(f"{symbol[:20]!r} is no element")
    return symbol


def checked(crystal: Crystal) -> Crystal:
    """The crystal, if two atoms are nowhere closer than `CLOSEST` and its cell is of this world.

    Raises:
        CrystalError: If not; says which atoms.
    """
    refuse_atoms(len(crystal))
    if np.square(crystal.lattice).sum(axis=1).max() > LONGEST**2:
        raise CrystalError(f"a cell edge is longer than {LONGEST:g} Å")
    # A vector shorter than CLOSEST has fractional coordinates below CLOSEST / spacing of the planes; wrapped to
    # [-1/2, 1/2] they are off by whole cells, no more of them than this:
    across = np.sqrt(np.square(np.linalg.inv(crystal.lattice)).sum(axis=0))  # 1 / spacing
    reach = [math.floor(CLOSEST * inverse + 0.5) for inverse in across.tolist()]
    if math.prod(2 * cells + 1 for cells in reach) > 1000:
        raise CrystalError("the cell is flat: its atoms stand on top of their own images")
    for shift in product(*(range(-cells, cells + 1) for cells in reach)):
        _refuse_close_pairs(crystal, shift)
    return crystal


def _refuse_close_pairs(crystal: Crystal, shift: tuple[int, ...]) -> None:
    positions, rows = crystal.positions, 256  # some at a time: the square of 2,000 atoms is large
    for start in range(0, len(positions), rows):
        apart = positions[start : start + rows, None] - positions
        apart -= np.rint(apart)
        if any(shift):
            apart += shift
        squares = np.square(apart @ crystal.lattice).sum(-1)
        if not any(shift):
            squares[np.arange(len(squares)), np.arange(start, start + len(squares))] = np.inf
        if squares.min() < CLOSEST**2:
            first, second = np.unravel_index(squares.argmin(), squares.shape)
            one, other = crystal.symbols[start + int(first)], crystal.symbols[int(second)]
            raise CrystalError(f"{one} and {other} stand {math.sqrt(squares.min()):.2f} Å apart, on top of each other")


def refuse_atoms(count: int) -> None:
    """Raises a CrystalError for more than `MOST_ATOMS`; for those who count before they build."""
    if count > MOST_ATOMS:
        raise CrystalError(f"has more than {MOST_ATOMS:,} atoms in its cell ({count:,} or more)")


def clean_properties(values: Mapping[str, Any]) -> dict[str, Json]:
    """Properties under the names used here; what is unknown, or nothing that JSON holds, is left out."""
    named = {_RENAMED.get(name, name): _json(value) for name, value in values.items()}
    if isinstance(named.get("prototypes"), str):
        named["prototypes"] = [name for name in str(named["prototypes"]).split("|") if name]
    return {name: value for name, value in named.items() if value is not None and value != []}


def _json(value: Any) -> Json:
    if isinstance(value, np.generic):  # first: numpy's float is one of Python's too
        return _json(value.item())
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple | np.ndarray):
        return [_json(part) for part in value]
    if isinstance(value, dict):
        return {str(name): _json(part) for name, part in value.items()}
    return None
