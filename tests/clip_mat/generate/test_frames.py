"""Elements asked for on the symmetric places of crystals of other patterns."""

from __future__ import annotations

from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from fact_encoder import FactEncoder
from scipy.optimize import linear_sum_assignment

from clip_mat import MaterialsIndex
from clip_mat.crystal import Crystal
from clip_mat.evaluation.matching import rms_distance
from clip_mat.generate.frames import _apart, _handed_out, _nearest, framed
from clip_mat.generate.proposals import propose
from clip_mat.generate.ranking import NearestElements, default_ranker
from clip_mat.generate.substitution import Slots
from clip_mat.generate.templates import IndexTemplates, Template, TemplateLibrary
from clip_mat.generate.voting import Wanted
from clip_mat.structures import Entry
from clip_mat.symmetry import find_spacegroup

FCC = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])


def heusler(a: str, b: str, c: str, edge: float = 6.0) -> Crystal:
    """A on both tetrahedral places, B and C on the other two; with A = B it is the type of BiF3."""
    places = [[0.25] * 3, [0.75] * 3, [0.5] * 3, [0.0] * 3]
    return Crystal.from_symbols([a, a, b, c], places, edge * FCC)


def rock_salt(first: str, second: str) -> Crystal:
    return Crystal.from_symbols([first, second], [[0, 0, 0], [0.5] * 3], 5.6 * FCC)


def test_the_nearest_frames_are_those_of_all_that_were_looked_at_one_by_one() -> None:
    rng = np.random.default_rng(0)
    templates = [
        Template(str(place), Crystal(rng.integers(1, 100, size), rng.random((size, 3)), 5.0 * np.eye(3)))
        for place, size in enumerate(rng.choice([3, 6, 9], 200))
    ]
    slots = Slots.of({"Na": 1, "Cl": 2})
    costs = []
    for template in templates:
        apart = _apart(
            template.crystal.numbers, np.repeat(slots.elements, np.array([1, 2]) * len(template.crystal) // 3)
        )
        costs.append(apart[linear_sum_assignment(apart)].mean())
    assert _nearest(templates, slots) == [templates[place] for place in np.argsort(costs, kind="stable")[:24]]
    assert _nearest([], slots) == []


def test_two_elements_become_one() -> None:
    lib = TemplateLibrary([Template("Ni2MnAl", heusler("Ni", "Mn", "Al"))])
    (made,) = propose(lib, {"Fe": 3, "Al": 1}, cell=True, spacegroup=225)
    assert Counter(made.crystal.symbols) == {"Fe": 3, "Al": 1}
    assert find_spacegroup(made.crystal) == made.spacegroup == 225
    assert made.template.id == "Ni2MnAl"
    assert rms_distance(made.crystal, heusler("Fe", "Fe", "Al")) is not None


def test_one_element_becomes_two_each_on_places_of_its_own() -> None:
    lib = TemplateLibrary([Template("Fe3Al", heusler("Fe", "Fe", "Al"))])
    best, *_ = propose(lib, {"Ni": 2, "Mn": 1, "Al": 1}, cell=True, spacegroup=225)
    assert rms_distance(best.crystal, heusler("Ni", "Mn", "Al")) is not None


def test_known_crystals_that_give_one_structure_are_one_answer() -> None:
    pair = [Template("x", heusler("Co", "Cr", "Ga")), Template("y", heusler("Co", "V", "Ga"))]
    found = list(framed(pair, Slots.of({"Fe": 3, "Al": 1}), Wanted(225), default_ranker()))
    assert found[0].share > 0.5
    assert all(rms_distance(one.crystal, other.crystal) is None for one in found for other in found if one is not other)


def test_what_becomes_more_symmetric_than_asked_for_is_left_out() -> None:
    lib = TemplateLibrary([Template("NaCl", rock_salt("Na", "Cl"))])
    assert propose(lib, {"Po": 2}, cell=True, spacegroup=225) == []  # simple cubic, 221


def test_templates_of_the_pattern_come_first_and_none_of_a_type_twice() -> None:
    own = Template("Fe3Al", heusler("Fe", "Fe", "Al"))
    lib = TemplateLibrary([own, Template("Fe2MnAl", heusler("Fe", "Mn", "Al"))])
    found = propose(lib, {"Fe": 3, "Si": 1}, cell=True, spacegroup=225)
    assert found[0].template.id == "Fe3Al"
    assert len({one.type for one in found}) == len(found)
    assert all(find_spacegroup(one.crystal) == 225 for one in found)


def test_without_a_space_group_only_where_no_template_is_sure() -> None:
    other = Template("Ni2MnAl", heusler("Ni", "Mn", "Al"))
    asked = {"Fe": 3, "Al": 1}
    assert [one.template.id for one in propose(TemplateLibrary([other]), asked, cell=True)] == ["Ni2MnAl"]
    assert propose(TemplateLibrary([other]), asked) == []  # nor where the size of the cell is open
    known = Template("Fe3Al", heusler("Fe", "Fe", "Al"), 0.0)
    assert [one.template.id for one in propose(TemplateLibrary([other, known]), asked, cell=True)] == ["Fe3Al"]


def test_only_where_the_ranker_judges_and_what_is_asked_for_is_met() -> None:
    lib = TemplateLibrary([Template("Ni2MnAl", heusler("Ni", "Mn", "Al"))])
    assert propose(lib, {"Fe": 3, "Al": 1}, cell=True, spacegroup=225, judge=NearestElements()) == []
    assert propose(lib, {"Fe": 3, "Al": 1}, cell=True, spacegroup=225, exclude=["Ni2MnAl"]) == []
    assert propose(lib, {"Fe": 3, "Al": 1}, cell=True, spacegroup=216) == []


def test_volumes_are_those_of_the_new_elements() -> None:
    lib = TemplateLibrary([Template("Ni2MnAl", heusler("Ni", "Mn", "Al"))])
    (light,) = propose(lib, {"Be": 3, "B": 1}, cell=True, spacegroup=225)
    (heavy,) = propose(lib, {"K": 3, "Bi": 1}, cell=True, spacegroup=225)
    assert light.crystal.volume < 0.9 * heusler("Ni", "Mn", "Al").volume
    assert heavy.crystal.volume > 1.5 * heusler("Ni", "Mn", "Al").volume


def test_an_index_lends_the_same_places(tmp_path: Path) -> None:
    entries = [Entry("Ni2MnAl", heusler("Ni", "Mn", "Al"), {}), Entry("NaCl", rock_salt("Na", "Cl"), {})]
    lib = TemplateLibrary(map(Template.of, entries))
    with MaterialsIndex.open(tmp_path / "index", FactEncoder()) as index:
        index.add(entries)
        for cell in (True, False):
            (ours,) = propose(IndexTemplates(index), {"Fe": 3, "Al": 1}, cell=cell, spacegroup=225)
            (theirs,) = propose(lib, {"Fe": 3, "Al": 1}, cell=cell, spacegroup=225)
            assert (ours.template.id, ours.type, ours.score) == (theirs.template.id, theirs.type, theirs.score)
            assert len(ours.crystal) == 4


@pytest.mark.parametrize("seed", range(8))
def test_the_cheapest_ways_are_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.choice([1, 2, 4], 5)
    truth = rng.integers(0, 3, 5)
    atoms = np.bincount(truth, sizes, 3).astype(np.int64)
    costs = rng.random((5, 3)) * sizes[:, None]
    ways = [np.array(way) for way in product(range(3), repeat=5)]
    fitting = [way for way in ways if (np.bincount(way, sizes, 3) == atoms).all()]
    expected = sorted(float(costs[np.arange(5), way].sum()) for way in fitting)[:3]
    found = _handed_out(sizes, costs, atoms)
    assert [cost for cost, _ in found] == pytest.approx(expected)
    assert all((np.bincount(way, sizes, 3) == atoms).all() for _, way in found)
