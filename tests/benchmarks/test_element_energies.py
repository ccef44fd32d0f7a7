"""The fit of element energies finds what crystals were made of, though some of them are far off."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.element_energies import apart, fit


def test_energies_come_back() -> None:
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(3), 200)
    left = shares @ [-1.0, -5.0, 2.0]
    left[:10] += 3.0  # whose calculations went elsewhere: least squares would move all three by more than 0.1
    assert fit(shares, left) == pytest.approx([-1.0, -5.0, 2.0], abs=0.01)
    assert apart(shares, left, 0) == pytest.approx(10 * 3.0 / 200, abs=0.01)
