"""Requests to crystals, over a small index and a denoiser that has learnt nothing: what is asked for is obeyed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fact_encoder import FactEncoder

from clip_mat import Generator, MaterialsIndex
from clip_mat.crystal import Crystal
from clip_mat.facts import crystal_system
from clip_mat.generate.candidates import Candidate
from clip_mat.generate.checks import KnownCrystals, same
from clip_mat.generate.denoiser import Denoiser, DenoiserConfig
from clip_mat.generate.request import CrystalRequest
from clip_mat.generate.results import Origin
from clip_mat.generate.retrieved import Retriever
from clip_mat.generate.sampler import CrystalDenoiser
from clip_mat.generate.swaps import steps
from clip_mat.generate.walk import Sample
from clip_mat.language.formulas import conventional_formula
from clip_mat.search.bundled import bundled_entries
from clip_mat.symmetry import find_spacegroup


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generator]:
    clip = FactEncoder()
    index = MaterialsIndex.open(tmp_path_factory.mktemp("index"), clip)
    index.add([entry for entry in bundled_entries() if len(entry.crystal) <= 20])
    torch.manual_seed(0)
    network = Denoiser(
        DenoiserConfig(width=24, layers=1, heads=2, pair_width=8, condition_width=16, vector=clip.dimension)
    )
    with Generator(index, CrystalDenoiser(network, clip=clip.fingerprint)) as made:
        yield made


def test_a_composition_is_obeyed_exactly(generator: Generator) -> None:
    for formula in ("NaCl", "KBr", "BaTiO3", "CaF2", "LiAl", "Si"):
        result = generator.sample(composition=formula, n=3)
        assert result
        wanted = CrystalRequest.read(composition=formula).composition
        for made in result:
            counts = Counter(made.crystal.symbols)
            units = len(made.crystal) // sum((wanted or {}).values())
            assert {symbol: count // units for symbol, count in counts.items()} == wanted


def test_the_content_of_a_cell_is_obeyed_exactly(generator: Generator) -> None:
    for content in ({"Mg": 2, "O": 2}, {"Ti": 2, "O": 4}, {"Cs": 1, "Cl": 1}):
        for made in generator.sample(cell=content, n=4):
            assert Counter(made.crystal.symbols) == Counter(content)
            assert len(made.structure) == sum(content.values())


def test_a_symmetry_is_obeyed(generator: Generator) -> None:
    for group in (225, 221, 186):
        for made in generator.sample(composition="KI", spacegroup=group, n=2):
            assert made.spacegroup == group
            assert find_spacegroup(made.crystal, 0.01) == group
    for made in generator.sample("hexagonal ZnO", n=2):
        assert crystal_system(made.spacegroup) == "hexagonal"


def test_what_cannot_be_met_is_shown_without_and_this_is_said(generator: Generator) -> None:
    result = generator.sample(composition="NaCl", spacegroup=196, n=1)
    assert result
    assert result[0].spacegroup != 196
    assert any("F23 (196)" in note for note in result.notes)


def test_fewer_crystals_than_asked_for_have_a_reason(generator: Generator) -> None:
    result = generator.sample(composition="KBr", spacegroup=225, n=12)
    assert 0 < len(result) < 12
    assert any("of 12 crystals" in note for note in result.notes)


def test_kinds_of_compounds_without_a_formula(generator: Generator) -> None:
    result = generator.sample("lead-free halide perovskite", n=5)
    assert len(result) == 5
    for made in result:
        assert {"F", "Cl", "Br", "I"} & set(made.crystal.symbols)
        assert "Pb" not in made.crystal.symbols
    formulas = [(made.formula, made.spacegroup) for made in result]
    assert len(set(formulas)) == len(formulas)


def test_elements_asked_for_are_there_and_no_others(generator: Generator) -> None:
    for made in generator.sample("Na-Cl system", n=3):
        assert set(made.crystal.symbols) == {"Na", "Cl"}
    for made in generator.sample("ternary oxide containing Li", n=3):
        assert len(set(made.crystal.symbols)) == 3
        assert {"Li", "O"} <= set(made.crystal.symbols)


def test_a_salt_has_all_that_its_name_says(generator: Generator) -> None:
    for made in generator.sample("calcium titanate", n=2):
        assert set(made.crystal.symbols) == {"Ca", "Ti", "O"}


def test_what_is_known_costs_nothing_and_what_is_far_fetched_the_more(generator: Generator) -> None:
    request = replace(CrystalRequest.read("an oxide with the spinel structure"), words="")  # so nothing else counts
    candidates, _ = Retriever(generator.index).find(request)
    costs = {conventional_formula(Counter(one.crystal.symbols)): -one.score for one in candidates}
    assert costs["MgAl2O4"] == 0.0  # is in the index
    others = {formula: cost for formula, cost in costs.items() if formula != "MgAl2O4"}
    assert min(others.values()) > 0.0
    near, far = steps({"Mg": "Zn", "Al": "Al", "O": "O"}), steps({"Mg": "Zn", "Al": "Cr", "O": "O"})
    assert 0 < near < far


def test_results_are_best_first_and_never_the_same(generator: Generator) -> None:
    result = generator.sample(composition="AgBr", n=6)
    scores = [made.score for made in result if made.origin.kind == "retrieved"]
    assert scores == sorted(scores, reverse=True)
    for place, made in enumerate(result):
        assert not any(same(made.crystal, other.crystal) for other in result[:place])


def test_a_long_list_keeps_places_for_noise(generator: Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def make(requests: list[CrystalRequest], counts: list[int], **_: object) -> list[list[Candidate]]:
        asked.extend(counts)
        return [[Candidate(rods(ratio), 1.0, Origin("noise")) for ratio in (2.0, 4.0)] for _ in requests]

    monkeypatch.setattr(generator._noise, "make", make)
    result = generator.sample(composition="TlBr", n=18)
    assert asked[0] == 2
    assert len(result) == 18
    assert [made.origin.kind for made in result] == ["retrieved"] * 16 + ["noise"] * 2
    assert all(made.origin.kind == "retrieved" for made in generator.sample(composition="TlBr", n=6))


def rods(ratio: float) -> Crystal:
    """What no template is like: rows of one element each."""
    lattice = np.diag([2.6, 2.6 * ratio, 2.6 * ratio])
    return Crystal.from_symbols(["Tl", "Br"], [[0, 0, 0], [0, 0.5, 0.5]], lattice)


def test_the_known_compound_comes_first_and_is_not_called_new(generator: Generator) -> None:
    first, *others = generator.sample("NaCl", n=3)
    assert (first.spacegroup, first.checks.novel) == (225, False)
    assert all(made.checks.novel for made in others)


def test_only_new_crystals_where_these_are_asked_for(generator: Generator) -> None:
    for asked in ({"composition": "NaCl"}, {"text": "halide"}, {"cell": "Na2Cl2", "from_noise": True}):
        result = generator.sample(n=3, new=True, **asked)
        assert result
        assert all(made.checks.novel for made in result)


def test_what_is_new_can_be_judged_by_other_crystals_than_templates(generator: Generator) -> None:
    first, second = generator.sample(composition="NaCl", n=2)
    stranger = Generator(generator.index, generator.denoiser, known=KnownCrystals.of_crystals([second.crystal]))
    made = stranger.sample(composition="NaCl", n=2, new=True)
    assert same(made[0].crystal, first.crystal)
    assert not any(same(one.crystal, second.crystal) for one in made)


def test_from_noise_uses_no_template_and_repeats_itself(generator: Generator) -> None:
    one, two = (generator.sample(cell="Na2Cl2", n=2, from_noise=True, seed=3) for _ in range(2))
    assert all(made.origin.kind == "noise" and made.origin.template is None for made in one)
    assert [made.cif for made in one] == [made.cif for made in two]
    assert all(Counter(made.crystal.symbols) == {"Na": 2, "Cl": 2} for made in one)


def test_the_next_best_stands_in_for_one_that_fails_a_check(
    generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = CrystalDenoiser.sample

    def best_spoilt(model: CrystalDenoiser, *args: Any, **options: Any) -> list[Sample]:
        return [
            replace(best, crystal=Crystal(best.crystal.numbers, best.crystal.positions, 0.1 * best.crystal.lattice))
            for best in sample(model, *args, **options)
        ]

    monkeypatch.setattr(CrystalDenoiser, "sample", best_spoilt)
    (made,) = generator.sample(cell="Na2Cl2", n=1, from_noise=True)
    assert made.checks.valid


def test_together_gives_what_one_by_one_gives(generator: Generator) -> None:
    asked = [CrystalRequest.read(composition=formula, n=2) for formula in ("NaCl", "TiO2", "CaTiO3")]
    together = generator.generate(asked)
    apart = [generator.generate([request])[0] for request in asked]
    for one, two in zip(together, apart, strict=True):
        assert [made.to_dict() for made in one if made.origin.kind == "retrieved"] == [
            made.to_dict() for made in two if made.origin.kind == "retrieved"
        ]


def test_json_is_what_the_contract_says(generator: Generator) -> None:
    document = json.loads(json.dumps(generator.sample("cubic NaCl", n=1).to_dict()))
    assert set(document) == {"request", "structures", "notes"}
    (structure,) = document["structures"]
    assert set(structure) == {"file", "cif", "formula", "spacegroup", "score", "origin", "checks"}
    assert structure["spacegroup"] == {"number": 225, "symbol": "Fm-3m"}
    assert structure["origin"] == {"kind": "retrieved", "template": "aflow:NaCl_cF8_225"}
    assert set(structure["checks"]) == {"valid", "charge_balanced", "min_distance", "unique", "novel"}


def test_crystals_go_to_files_and_come_back(generator: Generator, tmp_path: Path) -> None:
    from pymatgen.core.structure import Structure

    result = generator.sample(composition="KCl", n=2).write(tmp_path)
    for made in result:
        assert made.file
        again = Structure.from_file(made.file)
        assert again.composition.reduced_formula == made.structure.composition.reduced_formula
    assert len(list(tmp_path.iterdir())) == len(result)


def test_ways_from_noise_are_written(generator: Generator, tmp_path: Path) -> None:
    result = generator.sample(cell="Na1Cl1", n=1, from_noise=True, trajectory=True)
    assert result.write_trajectories(tmp_path) == len(result)
    if result:
        assert {path.suffix for path in tmp_path.iterdir()} == {".xyz", ".gif"}


def test_a_table_and_a_notebook_view(generator: Generator) -> None:
    result = generator.sample("cubic NaCl", n=1)
    assert "Fm-3m (225)" in str(result)
    assert "<sub>" not in result._repr_html_() or "NaCl" in result._repr_html_()
    assert result.picture().png.startswith(b"\x89PNG")


def test_a_cell_too_large_for_noise_is_said(generator: Generator) -> None:
    result = generator.sample(cell={"Na": 21, "Cl": 22}, n=1)
    assert not result
    assert any("more than 20 atoms" in note for note in result.notes)
