"""POSCAR, extended XYZ and JSON to crystals."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from clip_mat.crystal import Crystal
from clip_mat.errors import CrystalError
from clip_mat.structures.entries import Read, attempt, checked, element, refuse_atoms

if TYPE_CHECKING:
    from ase import Atoms


def read_poscar(text: str) -> Iterator[Read]:
    """The structure of a POSCAR or CONTCAR that names its elements (VASP 5 and later).

    Raises:
        CrystalError: If it is none.
    """
    lines = text.splitlines()
    try:
        factors = [float(word) for word in lines[1].split()]
        lattice = np.array([[float(word) for word in line.split()[:3]] for line in lines[2:5]])
        names = lines[5].split()
        if names and names[0].isdigit():
            raise CrystalError("the POSCAR names no elements (VASP 4); write their symbols above their counts")
        counts = [int(word) for word in lines[6].split()]
        symbols = [element(name.split("_")[0].split("/")[0]) for name in names]  # "Fe_pv", "O/2f3a" of VASP 6
        if len(symbols) != len(counts) or min(counts) < 0:
            raise CrystalError(f"{len(symbols)} elements and {len(counts)} counts in the POSCAR")
        refuse_atoms(sum(counts))
        start = 8 if lines[7].strip()[:1].lower() == "s" else 7  # selective dynamics
        cartesian = lines[start].strip()[:1].lower() in ("c", "k")
        rows = lines[start + 1 : start + 1 + sum(counts)]
        places = np.array([[float(word) for word in row.split()[:3]] for row in rows]).reshape(-1, 3)
        factor = _scale(factors, lattice)
        lattice = lattice * factor
        positions = (places * factor) @ np.linalg.inv(lattice) if cartesian else places
    except (ValueError, IndexError, np.linalg.LinAlgError) as error:
        raise CrystalError(f"not a POSCAR: {error}") from None
    repeated = [symbol for symbol, count in zip(symbols, counts, strict=True) for _ in range(count)]
    yield Read("", attempt(lambda: checked(Crystal.from_symbols(repeated, positions, lattice))), {})


def _scale(factors: list[float], lattice: Any) -> Any:
    """What all lengths are multiplied by: one number, one an axis, or a negative one that is the volume wanted."""
    if len(factors) == 3:
        return np.array(factors)
    (factor,) = factors
    return factor if factor > 0 else (-factor / abs(np.linalg.det(lattice))) ** (1 / 3)


def read_xyz(text: str) -> Iterator[Read]:
    """The frames of an extended XYZ file; values of its comment lines are properties.

    Raises:
        CrystalError: If it is none.
    """
    from ase.io.extxyz import read_xyz as read_frames

    frames = read_frames(io.StringIO(text), index=slice(None))
    place, atoms = 0, _next_frame(frames)
    if atoms is None:
        raise CrystalError("not extended XYZ: no frame in the file")
    while atoms is not None:
        following = _next_frame(frames)
        alone = place == 0 and following is None
        yield Read("" if alone else str(place), attempt(partial(_from_atoms, atoms)), _values(atoms))
        place, atoms = place + 1, following


def _next_frame(frames: Iterator[Atoms]) -> Atoms | None:
    try:
        return next(frames, None)
    except Exception as error:  # noqa: BLE001 - ASE raises what it meets: KeyError, IndexError, its own kinds
        raise CrystalError(f"not extended XYZ: {type(error).__name__}: {str(error)[:200]}") from None


def _from_atoms(atoms: Atoms) -> Crystal:
    refuse_atoms(len(atoms))
    return checked(Crystal.from_atoms(atoms))


def _values(atoms: Atoms) -> dict[str, Any]:
    energy = {} if atoms.calc is None else {"energy": atoms.calc.results.get("energy")}
    return energy | atoms.info


def read_json(text: str) -> Iterator[Read]:
    """Structures in pymatgen's JSON: one, a list, an object of them by id, or records with a ``structure`` each.

    Only numbers and element names are taken: classes that the file names are never imported.

    Raises:
        CrystalError: If there is none.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CrystalError(f"not JSON: {str(error)[:200]}") from None
    if isinstance(content, list):
        records = [(str(place), record) for place, record in enumerate(content)]
    elif isinstance(content, dict) and _structure_in(content) is None:
        records = [(name, {"id": name} | record) for name, record in content.items() if isinstance(record, dict)]
    else:
        records = [("", content)]
    if not any(_structure_in(record) for _, record in records):
        raise CrystalError("no structure in the JSON; each needs 'lattice' and 'sites', as pymatgen writes them")
    for place, record in records:
        yield Read(place, attempt(partial(_from_record, record)), _said_of(record))


def _structure_in(record: Any) -> dict[str, Any] | None:
    """pymatgen's dictionary of a structure: the record itself, or its ``structure``."""
    if not isinstance(record, dict):
        return None
    if "lattice" in record and "sites" in record:
        return record
    return _structure_in(record.get("structure"))


def _said_of(record: Any) -> dict[str, Any]:
    """All that a record says beside its structure."""
    if not isinstance(record, dict):
        return {}
    properties = record.get("properties")
    described = record if "structure" in record else {"id": record.get("id")}
    said = {name: value for name, value in described.items() if name not in ("structure", "properties")}
    return said | (properties if isinstance(properties, dict) else {})


def _from_record(record: Any) -> Crystal:
    structure = _structure_in(record)
    if structure is None:
        raise CrystalError("no structure in this record")
    try:
        sites = structure["sites"]
        refuse_atoms(len(sites))
        for site in sites:
            if len(site["species"]) != 1 or abs(site["species"][0]["occu"] - 1) > 1e-3:
                raise CrystalError("disordered: a site has several species or a partial one; order it first")
        symbols = [element(str(site["species"][0]["element"])) for site in sites]
        positions = np.array([site["abc"] for site in sites], dtype=np.float64)
        lattice = np.array(structure["lattice"]["matrix"], dtype=np.float64)
    except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        raise CrystalError(f"no structure as pymatgen writes it: {type(error).__name__} at {error}") from None
    return checked(Crystal.from_symbols(symbols, positions, lattice))
