"""Subgroups of the symmetry of a cell: what a crystal that is nearly too symmetric may have instead."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def subgroups(rotations: npt.NDArray[np.int32]) -> list[list[int]]:
    """All subgroups of a point group, the largest first.

    In a primitive cell an operation is known by its rotation, so that these are all subgroups of its space group that
    keep every translation.

    Args:
        rotations: (m, 3, 3) a group of matrices of whole numbers.

    Returns:
        For each subgroup the places of its operations.
    """
    table = _table(rotations)
    cyclic = {_closed(table, 1 << place) for place in range(len(rotations))}
    found = set(cyclic)
    newest = set(cyclic)
    while newest:
        joined = {_closed(table, group | other) for group in newest for other in cyclic if group | other != group}
        newest = joined - found
        found |= newest
    groups = [[place for place in range(len(rotations)) if group >> place & 1] for group in found]
    return sorted(groups, key=lambda group: (-len(group), group))


def _table(rotations: npt.NDArray[np.int32]) -> list[list[int]]:
    """Which rotation two of them make, one after the other."""
    places = {rotation.tobytes(): place for place, rotation in enumerate(rotations)}
    products = np.einsum("aij,bjk->abik", rotations, rotations).astype(rotations.dtype)
    return [[places[product.tobytes()] for product in row] for row in products]


def _closed(table: Sequence[Sequence[int]], members: int) -> int:
    """The smallest group that has these members, as bits of a number."""
    generators = [place for place in range(len(table)) if members >> place & 1]
    group, fresh = members, list(generators)
    while fresh:
        place = fresh.pop()
        for generator in generators:
            product = table[place][generator]
            if not group >> product & 1:
                group |= 1 << product
                fresh.append(product)
    return group
