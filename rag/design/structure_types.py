"""Which structure types a compound can have by its formula and its symmetry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from clip_mat.facts import anonymous_formula
from clip_mat.facts import crystal_system as system_of
from clip_mat.language.names import labels_of


@cache
def _types(name: str) -> tuple[tuple[str, int], ...]:
    """Anonymous formula and space group of every structure type that bears a name or belongs to its class."""
    types = []
    for label in labels_of(name):
        match = re.match(r"((?:[A-Z]\d*)+)_[a-z][A-Z]\d+_(\d+)_", label)
        if match:
            counts = [int(count or 1) for count in re.findall(r"[A-Z](\d*)", match[1])]
            formula = anonymous_formula({str(place): count for place, count in enumerate(counts)})
            types.append((formula, int(match[2])))
    return tuple(types)


def possible_type(
    name: str, counts: Mapping[str, int], spacegroup: int | None = None, crystal_system: str | None = None
) -> str | None:
    """The name of a structure type that a compound can have, a narrower one where only that fits; None if it cannot.

    Papers call Cs2AgBiBr6 a perovskite; its formula says that it is a double perovskite.

    Args:
        name: Canonical name.
        counts: Of the compound.
        spacegroup: That it shall have, too.
        crystal_system: Likewise.
    """
    formula = anonymous_formula(counts)
    for candidate in (name, f"double {name}"):
        groups = [group for pattern, group in _types(candidate) if pattern == formula]
        if spacegroup is not None:
            groups = [group for group in groups if group == spacegroup]
        if crystal_system is not None:
            groups = [group for group in groups if system_of(group) == crystal_system]
        if groups:
            return candidate
    return None
