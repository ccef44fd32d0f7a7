"""Energies and relaxation; what needs CHGNet is skipped where it is not installed."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from clip_mat.crystal import Crystal
from clip_mat.errors import WeightsError
from clip_mat.generate.checks import same
from clip_mat.generate.relax import Reference, energy_above_hull, relax

FCC = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])


def rock_salt(edge: float = 5.64, off: float = 0.0) -> Crystal:
    return Crystal.from_symbols(["Na", "Cl"], [[0, 0, 0], [0.5 + off, 0.5, 0.5]], edge * FCC)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chgnet", None)
    monkeypatch.setitem(sys.modules, "chgnet.model.dynamics", None)
    with pytest.raises(WeightsError, match=r"CHGNet.*pip install 'clip-mat\[relax\]'"):
        relax([rock_salt()])


def test_a_hull_by_hand() -> None:
    """A and B mix with 1 eV/atom to AB; A3B lies half a way to it, 0.5 eV/atom below the elements, at best."""
    references = [
        Reference({"Na": 1}, -1.0),
        Reference({"Na": 2}, -0.9),
        Reference({"Cl": 2}, -2.0),
        Reference({"Na": 1, "Cl": 1}, -2.5),
        Reference({"K": 1}, -9.0),
    ]
    assert energy_above_hull({"Na": 2, "Cl": 2}, -2.4, references) == pytest.approx(0.1)
    assert energy_above_hull({"Na": 1, "Cl": 1}, -2.7, references) == pytest.approx(-0.2)
    assert energy_above_hull({"Na": 3, "Cl": 1}, -1.7, references) == pytest.approx(0.05)
    assert energy_above_hull({"Na": 1}, -0.8, references) == pytest.approx(0.2)
    assert energy_above_hull({"Na": 1, "Br": 1}, -3.0, references) is None
    assert energy_above_hull({"Na": 1, "Cl": 1}, -3.0, []) is None


def test_rock_salt_comes_to_rest(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("chgnet")
    (found,) = relax([rock_salt(edge=5.2, off=0.02)])
    assert found.converged
    assert found.steps > 0
    assert found.energy == pytest.approx(-3.67, abs=0.05)  # in the Materials Project -3.668 eV/atom
    assert same(found.crystal, rock_salt())
    assert found.crystal.volume == pytest.approx(rock_salt(5.69).volume, rel=0.03)
    assert capsys.readouterr().out == ""


def test_what_it_cannot_cope_with_is_left_alone() -> None:
    pytest.importorskip("chgnet")
    on_top = Crystal(np.array([11, 17]), np.zeros((2, 3)), 4 * np.eye(3))
    far = Crystal(np.array([11]), np.zeros((1, 3)), 40 * np.eye(3))
    bad, lone, good = relax([on_top, far, rock_salt()], steps=1)
    assert good.energy is not None
    assert good.energy < -3
    for found, given in ((bad, on_top), (lone, far)):
        assert found.energy is None or np.isfinite(found.energy)
        np.testing.assert_array_equal(found.crystal.numbers, given.numbers)
