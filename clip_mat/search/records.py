"""Crystals as records of a store: what filters see, what is kept, and both back again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from clip_mat.crystal import Crystal
from clip_mat.entry_facts import facts_of
from clip_mat.errors import CrystalError
from clip_mat.facts import Facts
from clip_mat.language.formulas import conventional_formula
from clip_mat.search.optimade import PROPERTIES
from clip_mat.structures import Entry
from indexes import Record, Vector

FORMAT = 1
"""Of records; raise it when what is said of a crystal changes, and the next indexing writes all of them anew."""

_LONGEST_PROPERTY = 200
_SAID_ELSEWHERE = {"formula", "cif", "structure"}


def metadata_of(entry: Entry, facts: Facts) -> dict[str, Any]:
    """Everything that filters see: `clip_mat.search.optimade.PROPERTIES` and the source's other plain values."""
    known = {
        "id": entry.id,
        "elements": list(facts.elements),
        "nelements": len(facts.elements),
        "nsites": len(entry.crystal),
        "chemical_formula_reduced": facts.formula,
        "chemical_formula_anonymous": facts.anonymous,
        "chemical_system": facts.chemical_system,
        "spacegroup": facts.spacegroup,
        "crystal_system": facts.crystal_system,
        "prototypes": list(facts.prototypes),
        "band_gap": facts.band_gap,
        "energy_above_hull": facts.energy_above_hull,
        "formation_energy": facts.formation_energy,
        "density": round(entry.crystal.density, 4),
    }
    others = {
        name: value
        for name, value in entry.properties.items()
        if name not in PROPERTIES and name not in _SAID_ELSEWHERE and _is_plain(value)
    }
    return others | {name: value for name, value in known.items() if value is not None}


def make_record(entry: Entry, vector: Vector, id: str | None = None) -> Record:
    """The record of an entry.

    Args:
        entry: Crystal and properties.
        vector: Shape (d,).
        id: In place of the entry's own.
    """
    facts = facts_of(entry)
    metadata = metadata_of(entry, facts) | {"id": entry.id if id is None else id}
    text = " ".join(
        [
            conventional_formula(facts.counts),
            facts.formula,
            *facts.elements,
            *facts.prototypes,
            facts.crystal_system or "",
        ]
    )
    return Record(metadata["id"], text.strip(), metadata, pack(entry), vector)


def digest_of(entry: Entry) -> str:
    """Digest of crystal and properties, by which a second indexing knows what it has."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps([FORMAT, dict(entry.properties)], sort_keys=True, allow_nan=True).encode())
    for array in (entry.crystal.numbers, entry.crystal.positions, entry.crystal.lattice):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def pack(entry: Entry) -> bytes:
    """The crystal of an entry, and the entry's digest, as JSON."""
    crystal = entry.crystal
    content = {
        "format": FORMAT,
        "digest": digest_of(entry),
        "numbers": crystal.numbers.tolist(),
        "positions": crystal.positions.tolist(),
        "lattice": crystal.lattice.tolist(),
    }
    return json.dumps(content, separators=(",", ":")).encode()


def unpack(payload: bytes) -> Crystal:
    """The crystal that `pack` wrote, to the last bit.

    Raises:
        CrystalError: If it is of another format.
    """
    content = json.loads(payload)
    if content["format"] != FORMAT:
        raise CrystalError(f"a crystal of format {content['format']}, this version reads {FORMAT}; index it again")
    return Crystal(np.array(content["numbers"]), np.array(content["positions"]), np.array(content["lattice"]))


def stored_digest(payload: bytes) -> str:
    """The digest that `pack` wrote; empty if that was another version."""
    content = json.loads(payload)
    return str(content["digest"]) if content["format"] == FORMAT else ""


def formula_of(metadata: Mapping[str, Any]) -> str:
    """The formula of a record as chemists write it."""
    from clip_mat.language.formula_parser import parse_formula

    written = str(metadata["chemical_formula_reduced"])
    composition = parse_formula(written)
    assert composition is not None, written
    return conventional_formula({str(symbol): int(amount or 0) for symbol, amount in composition})


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_PROPERTY
    return isinstance(value, bool | int | float)
