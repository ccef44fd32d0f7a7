"""Obedience of a generator, measured on generators whose obedience is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from clip_mat import Crystal
from clip_mat.evaluation.gap_model import GapModel, features_of
from clip_mat.evaluation.guidance import measure_guidance, measure_text
from clip_mat.evaluation.unguided import measure_unguided
from clip_mat.facts import Facts
from clip_mat.generate.checks import KnownCrystals
from clip_mat.search.bundled import bundled_entries

CORNERS = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
ROCK_SALT = np.concatenate([CORNERS, CORNERS + 0.5])


def rock_salt(cation: str, anion: str, edge: float = 5.6) -> Crystal:
    return Crystal.from_symbols([cation] * 4 + [anion] * 4, ROCK_SALT, np.eye(3) * edge)


def triclinic(*symbols: str) -> Crystal:
    lattice = [[4.0, 0.1, 0.2], [0.5, 5.0, 0.3], [0.7, 0.9, 6.0]]
    positions = np.random.default_rng(0).random((len(symbols), 3))
    return Crystal.from_symbols(list(symbols), positions, lattice)


def test_every_text_request_counts_also_those_that_give_nothing() -> None:
    facts = [Facts({"Cl": 1, "Na": 1}, 225)] * 4

    def generate(requests: Sequence[dict[str, Any]]) -> list[list[Crystal]]:
        assert all("NaCl" in request["text"] and "cubic" in request["text"] for request in requests)
        return [[rock_salt("Na", "Cl")], [rock_salt("K", "Cl")], [triclinic("Na", "Cl", "Na", "Cl")], []]

    report = measure_text(generate, facts)
    assert report.composition.value == 0.5
    assert report.system.value == 0.5
    assert report.triclinic.value == 0.25
    assert report.requests == 4


def test_guidance_is_told_from_none() -> None:
    def obedient(requests: Sequence[dict[str, Any]]) -> list[list[Crystal]]:
        made = []
        for request in requests:
            text = request.get("text", "")
            crystal = rock_salt("Na", "Cl") if "rock salt" in text or "cubic" in text else triclinic("Ti", "O", "O")
            made.append([crystal] * request["n"])
        return made

    free = [triclinic("Ti", "O", "O")] * 20
    rows = {row.name: row for row in measure_guidance(obedient, free, None, each=10)}
    assert rows["rock salt"].reached
    assert rows["cubic"].reached
    assert (rows["oxide"].asked.value, rows["oxide"].unguided.value) == (1.0, 1.0)
    assert not rows["tetragonal"].reached
    assert not rows["wurtzite"].reached


def test_missing_crystals_count_as_wrong() -> None:
    salt = rock_salt("Na", "Cl")
    rows = measure_guidance(lambda requests: [[salt] for _ in requests], [salt], None, each=4)
    assert next(row for row in rows if row.name == "rock salt").asked.value == 0.25


def test_the_gap_model_tells_metals_from_salts() -> None:
    crystals, gaps = [], []
    for cation in ("Li", "Na", "K", "Rb", "Cs", "Mg", "Ca", "Sr", "Ba"):
        for anion in ("F", "Cl", "Br", "I", "O", "S"):
            crystals.append(rock_salt(cation, anion))
            gaps.append(6.0)
    for first in ("Fe", "Co", "Ni", "Cu", "Ti", "V", "Cr", "Pd", "Pt"):
        for second in ("Al", "Ga", "Zn", "Nb", "Mo", "Ir"):
            crystals.append(rock_salt(first, second))
            gaps.append(0.0)
    model = GapModel.fit(crystals, gaps)
    assert min(model.auc.values()) > 0.95
    chances = model.chance([rock_salt("Tl", "Cl"), rock_salt("Mn", "Hf")], "wide gap")
    assert chances[0] > chances[1]
    with pytest.raises(ValueError, match="all or none"):
        GapModel.fit(crystals[:5], gaps[:5])
    with pytest.raises(ValueError, match="len"):
        GapModel.fit(crystals, gaps[:5])


def test_features_are_those_of_the_crystal_not_of_its_cell() -> None:
    crystal = next(entry.crystal for entry in bundled_entries() if "CaTiO3_cP5" in entry.id)
    double = Crystal(
        np.tile(crystal.numbers, 2),
        np.concatenate([crystal.positions * [1, 1, 0.5], crystal.positions * [1, 1, 0.5] + [0, 0, 0.5]]),
        crystal.lattice * [[1], [1], [2]],
    )
    np.testing.assert_allclose(features_of(crystal), features_of(double))
    assert np.isfinite(features_of(crystal)).all()


def test_unguided_crystals_are_measured_with_those_that_are_missing() -> None:
    salt, other = rock_salt("Na", "Cl"), rock_salt("K", "Cl", 6.3)
    crushed = Crystal(salt.numbers, salt.positions, salt.lattice * 0.1)
    made = [salt, rock_salt("Na", "Cl", 5.7), other, rock_salt("Na", "Ne"), crushed]
    report = measure_unguided(made, 10, [salt, other], KnownCrystals.of_crystals([salt]))
    assert report.valid.value == 0.4
    assert report.composition.value == 0.4
    assert report.unique.value < 0.5
    assert report.novel is not None
    assert report.novel.value >= 0.2
    assert report.elements == 0.0
    assert report.density
    same = measure_unguided([salt, other], 2, [salt, other])
    assert (same.density, same.elements, same.novel) == (0.0, 0.0, None)
    assert salt.density == pytest.approx(2.21, abs=0.02)
    nothing = measure_unguided([], 4, [salt])
    assert (nothing.valid.value, nothing.density) == (0.0, None)
    with pytest.raises(ValueError, match="nothing to measure"):
        measure_unguided([salt], 1, [])
