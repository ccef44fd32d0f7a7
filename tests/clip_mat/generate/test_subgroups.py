"""Subgroups, by the numbers that the tables give."""

from __future__ import annotations

import numpy as np
import pytest
import spglib

from clip_mat.generate.subgroups import subgroups


@pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING")
@pytest.mark.parametrize(("hall_number", "operations", "count"), [(517, 48, 98), (400, 16, 35), (2, 2, 2), (1, 1, 1)])
def test_as_many_as_the_tables_have(hall_number: int, operations: int, count: int) -> None:
    """Pm-3m, P4/mmm, P-1, P1: subgroups of Oh, D4h, Ci and C1."""
    rotations = spglib.get_symmetry_from_database(hall_number)["rotations"]
    assert len(rotations) == operations
    found = subgroups(rotations)
    assert len(found) == count
    assert len(found[0]) == operations
    assert len(found[-1]) == 1
    for group in found:
        members = {rotations[place].tobytes() for place in group}
        assert operations % len(members) == 0
        products = [rotations[one] @ rotations[other] for one in group for other in group]
        assert {product.astype(rotations.dtype).tobytes() for product in products} == members
        assert np.eye(3, dtype=rotations.dtype).tobytes() in members
