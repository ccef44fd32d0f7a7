"""The facts of a crystal that was read: what its source says, and where that is silent what spglib finds."""

from __future__ import annotations

from collections import Counter

from clip_mat.facts import Facts, reduced
from clip_mat.language.names import canonical_prototype, from_aflow_names, prototypes_of
from clip_mat.structures import Entry
from clip_mat.symmetry import find_symmetry


def facts_of(entry: Entry) -> Facts:
    """What can be said of an entry.

    Space group and properties are the source's where it gives any. Names of the structure type are those of its label
    (the source's property ``label``, as `clip_mat.symmetry.prototype_label` writes it, else spglib's) and those that
    the source gives.
    """
    properties = entry.properties
    counts = reduced(Counter(entry.crystal.symbols))
    spacegroup, label = _group(properties.get("spacegroup")), properties.get("label")
    if spacegroup is None or not isinstance(label, str):
        symmetry = find_symmetry(entry.crystal)
        if symmetry is not None:
            spacegroup = spacegroup or symmetry.spacegroup
            label = symmetry.prototype
    return Facts(
        counts=counts,
        spacegroup=spacegroup,
        prototypes=_prototypes(label if isinstance(label, str) else "", properties.get("prototypes")),
        band_gap=_number(properties.get("band_gap")),
        energy_above_hull=_number(properties.get("energy_above_hull")),
        formation_energy=_number(properties.get("formation_energy")),
    )


def _prototypes(label: str, given: object) -> tuple[str, ...]:
    """Canonical names, once each."""
    names = dict.fromkeys(prototypes_of(label))
    for name in given if isinstance(given, list) else ():
        canonical = canonical_prototype(str(name))
        names.update(dict.fromkeys(from_aflow_names(str(name)) or ((canonical,) if canonical else ())))
    return tuple(names)


def _group(value: object) -> int | None:
    """The number of a space group, also as tables keep it in a column with gaps: 225.0."""
    number = _number(value)
    return int(number) if number is not None and number.is_integer() and 1 <= number <= 230 else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
