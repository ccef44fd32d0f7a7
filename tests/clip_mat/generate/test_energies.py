"""The order of crystals by energy and likelihood, with energies that the tests make up, and the hull."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clip_mat import Generator
from clip_mat.crystal import Crystal
from clip_mat.errors import WeightsError
from clip_mat.generate import energies
from clip_mat.generate.checks import KnownCrystals, check, same
from clip_mat.generate.energies import EnergyRanker, formation_energy
from clip_mat.generate.relax import Relaxed
from clip_mat.generate.request import CrystalRequest
from clip_mat.generate.results import GeneratedCrystal, GenerationResult, Origin
from clip_mat.structures import Entry

FCC = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
ROCK_SALT = Crystal.from_symbols(["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]], 5.64 * FCC)
BLENDE = Crystal.from_symbols(["Na", "Cl"], [[0, 0, 0], [0.25, 0.25, 0.25]], 6.2 * FCC)
CESIUM_CHLORIDE = Crystal.from_symbols(["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]], 3.5 * np.eye(3))
POTASSIUM_CHLORIDE = Crystal.from_symbols(["K", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]], 6.3 * FCC)


class Index:
    """Compounds of known formation energy, as an index gives them."""

    def __init__(self, compounds: Sequence[Entry] = ()) -> None:
        self.compounds = compounds
        self.asked: list[str] = []

    def entries(self, filter: str = "") -> list[Entry]:
        self.asked.append(filter)
        return list(self.compounds)


def made(crystal: Crystal, score: float, group: int = 225) -> GeneratedCrystal:
    return GeneratedCrystal(crystal, group, score, Origin("retrieved", "t"), check(crystal))


def result(*crystals: GeneratedCrystal, n: int, composition: str | None = "NaCl", **asked: object) -> GenerationResult:
    request = CrystalRequest.read("", n=n, composition=composition, **asked)  # type: ignore[arg-type]
    return GenerationResult(request, crystals)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Energies by shape, and what was relaxed for how many steps."""
    done: list[tuple[str, int]] = []
    known = {
        "rock": (ROCK_SALT, -3.60),
        "blende": (BLENDE, -3.55),
        "cesium": (CESIUM_CHLORIDE, -3.50),
        "potassium": (POTASSIUM_CHLORIDE, -3.40),
    }

    def relax(crystals: Sequence[Crystal], *, steps: int, **_: object) -> list[Relaxed]:
        found = []
        for crystal in crystals:
            name, energy = next(
                ((name, energy) for name, (shape, energy) in known.items() if same(crystal, shape)), ("other", None)
            )
            done.append((name, steps))
            found.append(Relaxed(crystal, energy, steps, True))
        return found

    monkeypatch.setattr(energies, "relax", relax)
    return done


def ranker(index: Index | None = None) -> EnergyRanker:
    return EnergyRanker(index or Index(), KnownCrystals.of_crystals([]))  # type: ignore[arg-type]


def test_energy_and_likelihood_decide_together(steps: list[tuple[str, int]]) -> None:
    """50 meV/atom are two kT: a factor of 7.4."""
    little, much = made(BLENDE, 0.6, 216), made(BLENDE, 0.9, 216)
    first = ranker().rank(result(little, made(ROCK_SALT, 0.3), n=2))
    assert [one.spacegroup for one in first] == [225, 216]  # 0.6 < 7.4 * 0.3
    second = ranker().rank(result(much, made(ROCK_SALT, 0.1), n=2))
    assert [one.spacegroup for one in second] == [216, 225]  # 0.9 > 7.4 * 0.1
    assert [one.energy for one in second] == [-3.55, -3.60]


def test_no_more_are_kept_and_relaxed_than_are_asked_for(steps: list[tuple[str, int]]) -> None:
    everything = [made(BLENDE, 0.5, 216), made(ROCK_SALT, 0.4), made(CESIUM_CHLORIDE, 0.001, 221)]
    (best,) = ranker().rank(result(*everything, n=1), steps=50)
    assert best.spacegroup == 225
    assert [name for name, of in steps if of < 50] == ["blende", "rock"]  # the third is hopeless, not even begun
    assert [name for name, of in steps if of == 50] == ["rock"]


def test_what_relaxes_to_the_same_comes_once(steps: list[tuple[str, int]]) -> None:
    shaken = Crystal(ROCK_SALT.numbers, ROCK_SALT.positions + np.diag([0.004, 0.0, 0.0])[:2], ROCK_SALT.lattice)
    found = ranker().rank(result(made(ROCK_SALT, 0.5), made(shaken, 0.4, 1), made(BLENDE, 0.1, 216), n=2))
    assert [one.spacegroup for one in found] == [225, 216]


def test_what_fails_comes_last_as_it_was(steps: list[tuple[str, int]]) -> None:
    odd = Crystal.from_symbols(["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.0]], np.diag([3.9, 3.9, 6.0]))
    found = ranker().rank(result(made(odd, 0.9, 123), made(ROCK_SALT, 0.05), n=2))
    assert [one.energy for one in found] == [-3.60, None]
    assert found[1].crystal is odd


def test_scores_of_words_are_no_probabilities(steps: list[tuple[str, int]]) -> None:
    """Without a composition energies alone decide within one, and compositions keep their order."""
    salts = [made(POTASSIUM_CHLORIDE, 0.7), made(CESIUM_CHLORIDE, 0.69, 221), made(ROCK_SALT, -0.2)]
    request = CrystalRequest.read("a chloride", n=3)
    found = ranker().rank(GenerationResult(request, tuple(salts)))
    assert [one.formula for one in found] == ["KCl", "NaCl", "NaCl"]
    assert [one.spacegroup for one in found[1:]] == [225, 221]


def test_a_symmetry_that_is_asked_for_stays(steps: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    def away(crystals: Sequence[Crystal], **_: object) -> list[Relaxed]:
        return [Relaxed(BLENDE, -9.0, 1, True) for _ in crystals]

    monkeypatch.setattr(energies, "relax", away)
    (kept,) = ranker().rank(result(made(ROCK_SALT, 0.5), n=1, spacegroup="225"))
    assert (kept.spacegroup, kept.energy) == (225, None)
    (free,) = ranker().rank(result(made(ROCK_SALT, 0.5), n=1))
    assert (free.spacegroup, free.energy) == (216, -9.0)


def test_the_hull_is_that_of_the_index(steps: list[tuple[str, int]]) -> None:
    """Against a compound 0.3 eV/atom below what is made, and against one above it."""
    formed = formation_energy({"Na": 1, "Cl": 1}, -3.60)
    assert formed == pytest.approx(-2.02, abs=0.1)  # in the Materials Project -2.1 eV/atom
    for below in (0.3, -0.2):
        index = Index([Entry("known", ROCK_SALT, {"formation_energy": formed - below}), Entry("bare", ROCK_SALT, {})])
        ranks = ranker(index)
        ranks.rank(result(made(POTASSIUM_CHLORIDE, 0.5), n=1, composition="KCl"))  # whose hull is another
        index.asked.clear()
        found = ranks.rank(result(made(ROCK_SALT, 0.5), made(BLENDE, 0.4, 216), n=2))
        assert index.asked == ['elements HAS ONLY "Cl","Na"']  # once for both
        assert [one.above_hull for one in found] == pytest.approx([below, below + 0.05])
        assert found[0].to_dict()["energy_above_hull"] == pytest.approx(below)
        assert any("1 in all" in note for note in found.notes)
    without = ranker(Index([Entry("bare", ROCK_SALT, {})])).rank(result(made(ROCK_SALT, 0.5), n=1))
    (bare,) = without
    assert any("no distance to the hull" in note for note in without.notes)
    assert bare.above_hull is None
    assert "energy_above_hull" not in bare.to_dict()


def test_a_failure_among_others_leaves_the_hull_of_the_others(steps: list[tuple[str, int]]) -> None:
    odd = Crystal.from_symbols(["K", "Br"], [[0, 0, 0], [0.5, 0.5, 0.0]], np.diag([4.4, 4.4, 7.0]))
    index = Index([Entry("known", ROCK_SALT, {"formation_energy": -2.0})])
    answer = GenerationResult(CrystalRequest.read("a halide", n=2), (made(ROCK_SALT, 0.5), made(odd, 0.4, 123)))
    found = ranker(index).rank(answer)
    assert [one.above_hull is None for one in found] == [False, True]
    assert any("1 in all" in note for note in found.notes)


def test_nothing_is_relaxed_for_compositions_beyond_what_is_asked_for(steps: list[tuple[str, int]]) -> None:
    answer = GenerationResult(
        CrystalRequest.read("a chloride", n=1), (made(ROCK_SALT, 0.5), made(POTASSIUM_CHLORIDE, 0.4))
    )
    assert [one.formula for one in ranker().rank(answer)] == ["NaCl"]
    assert {name for name, _ in steps} == {"rock"}


def test_elements_whose_energy_is_not_known() -> None:
    assert formation_energy({"Po": 1, "O": 2}, -5.0) is None
    assert formation_energy({"Fe": 2}, -8.4) == pytest.approx(0.0, abs=0.1)


def test_the_table_tells_energies(steps: list[tuple[str, int]]) -> None:
    found = ranker().rank(result(made(ROCK_SALT, 0.5), n=1))
    columns, rows = found.table()
    assert dict(zip(columns, rows[0], strict=True))["E / eV"] == "-3.600"
    assert dict(zip(columns, rows[0], strict=True))["above hull"] == "-"
    assert "score" in replace(found, crystals=(made(ROCK_SALT, 0.5),)).table()[0]


def test_without_chgnet_nothing_is_made_first(filled_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chgnet", None)
    monkeypatch.setitem(sys.modules, "chgnet.model.dynamics", None)
    monkeypatch.setattr(Generator, "_make", lambda *_: pytest.fail("crystals were made"))
    with Generator.load() as generator, pytest.raises(WeightsError, match=r"clip-mat\[relax\]"):
        generator.sample("", n=1, composition="NaCl", rank="energy")


def test_the_generator_looks_at_more_than_are_asked_for(
    steps: list[tuple[str, int]], filled_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clip_mat.generate.generator.require_chgnet", lambda: None)
    with Generator.load() as generator:
        seen: list[int] = []
        plain = generator.rank_by_energy
        monkeypatch.setattr(
            Generator, "rank_by_energy", lambda _, answer, **how: seen.append(len(answer)) or plain(answer, **how)
        )
        found = generator.sample("", n=1, composition="NaCl", rank="energy")
    assert len(found) == found.request.n == 1
    assert seen[0] > 1
    assert not any(" of 8 " in note for note in found.notes)
    assert Counter(found[0].crystal.symbols)["Na"] == Counter(found[0].crystal.symbols)["Cl"]
