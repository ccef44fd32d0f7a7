"""The ranker learns from a small world in which one rule decides the structure."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from clip_mat.crystal import NUMBERS, Crystal
from clip_mat.errors import TrainingError
from clip_mat.generate.proposals import propose
from clip_mat.generate.ranking import Ranker
from clip_mat.generate.templates import Template, TemplateLibrary
from clip_mat.generate.variants import differences
from clip_mat.training.ranker import make_examples, save_ranker, train_ranker
from clip_mat.training.ranker_fits import fit_likeness
from clip_mat.training.ranker_net import RankerConfig, RankerNet, element_properties

FCC = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
RADII = {"Li": 0.8, "Na": 1.0, "K": 1.4, "Ag": 1.1, "Rb": 1.5, "Tl": 1.5, "Cs": 1.7}
RADII |= {"F": 1.3, "Cl": 1.8, "Br": 2.0, "I": 2.2}
METALS, HALOGENS = ("Li", "Na", "K", "Ag", "Rb", "Tl", "Cs"), ("F", "Cl", "Br", "I")
CONFIG = RankerConfig(epochs=5, matched=8, matched_epochs=1, batch=8, width=8, dimension=4, members=2, held_out=0.2)


def salt(metal: str, halogen: str) -> Template:
    """Caesium chloride for the large cations, rock salt for the others; bond lengths are sums of radii."""
    bond = RADII[metal] + RADII[halogen]
    lattice = 2 * bond / 3**0.5 * np.eye(3) if metal in ("Rb", "Tl", "Cs") else 2 * bond * FCC
    return Template(metal + halogen, Crystal.from_symbols([metal, halogen], [[0, 0, 0], [0.5] * 3], lattice), 0.0)


SALTS = [salt(metal, halogen) for metal in METALS for halogen in HALOGENS]


def perovskite(a: str, b: str) -> Template:
    places = [[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]
    return Template(a + b, Crystal.from_symbols([a, b, "O", "O", "O"], places, 4.0 * np.eye(3)), 0.0)


def test_the_rule_is_learned_and_volumes_too(tmp_path: Path) -> None:
    told: list[str] = []
    weights = train_ranker(SALTS, CONFIG, told=told.append)
    assert len(told) == 4
    assert told[2].startswith("cell told, ")
    save_ranker(weights, tmp_path)
    ranker = Ranker.load(tmp_path)
    for metal, group in (("Na", 225), ("Cs", 221)):
        ids = [metal + halogen for halogen in HALOGENS]
        library = TemplateLibrary(one for one in SALTS if one.id not in ids[1:2])
        found = propose(library, {metal: 1, "Cl": 1}, judge=ranker)
        assert found[0].spacegroup == group
        assert found[0].crystal.volume == pytest.approx(salt(metal, "Cl").crystal.volume, rel=0.25)
    sizes = [ranker.volume_ratio(_pair("Na", halogen), _pair("Na", "Cl"), (1, 1))[0] for halogen in HALOGENS]
    assert sizes == sorted(sizes)
    assert sizes[0] < 0.97 < sizes[1] == 1.0 < 1.03 < sizes[-1]  # a small world teaches them only in part


def _pair(metal: str, halogen: str) -> npt.NDArray[np.int64]:
    return np.array([[NUMBERS[metal], NUMBERS[halogen]]])


def test_training_is_repeatable() -> None:
    config = RankerConfig(epochs=1, matched=0, batch=16, width=4, dimension=2)
    one, other = train_ranker(SALTS, config), train_ranker(SALTS, config)
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name])


def test_what_is_trained_and_what_is_shipped_judge_alike() -> None:
    net = RankerNet(CONFIG)
    weights = {f"0.{name}": value.detach().numpy() for name, value in net.state_dict().items() if name != "props"}
    common = {"props": element_properties(), "volume": np.zeros(104, dtype=np.float32)}
    ranker = Ranker(weights | common | {"same": np.array([4.6, 6.3], dtype=np.float32)})
    oxides = [perovskite("Sr", "Ti"), perovskite("Ba", "Zr")]
    library = TemplateLibrary([*SALTS, *oxides])
    examples = list(make_examples(library, [*SALTS[:6], *oxides], random.Random(0)))
    together = net([one.ballot.votes for one in examples])  # of two patterns: slots of the shorter are filled up
    for one, taught in zip(examples, together, strict=True):
        scores, _ = ranker.judge(one.ballot.votes)
        np.testing.assert_allclose(scores, taught.log_softmax(0).detach().numpy(), rtol=1e-4, atol=1e-4)
        pattern = library.pattern(one.template.counts)
        assert pattern is not None
        assert one.template.id not in {pattern.templates[row.row].id for row in one.ballot.rows}


def test_nothing_in_common_is_told() -> None:
    with pytest.raises(TrainingError, match="no structure type in common"):
        train_ranker([salt("Na", "Cl")], CONFIG)


def test_the_shipped_ranker_has_these_properties_of_elements() -> None:
    properties = element_properties()
    np.testing.assert_allclose(properties, Ranker.load()._common["props"], atol=1e-4)
    assert properties.shape == (104, 8)
    assert properties[NUMBERS["F"], 0] == properties[:, 0].max()


def layered(metal: str, height: float) -> Template:
    """Caesium chloride stretched along c: the label of P4/mmm whatever the height."""
    lattice = np.diag([3.0, 3.0, 3.0 * height])
    return Template(f"{metal}{height}", Crystal.from_symbols([metal, "Cl"], [[0, 0, 0], [0.5] * 3], lattice), 0.0)


def test_likeness_of_one_type_is_learned_from_the_matcher() -> None:
    """Slightly stretched cells are the same structure, layers far apart are another."""
    near = [layered(metal, height) for metal in METALS for height in (1.3, 1.33)]
    far = [layered(metal, height) for metal in METALS for height in (3.0, 3.1)]
    ranker_of = {"props": element_properties(), "volume": np.zeros(104, dtype=np.float32)}
    net = {f"0.{name}": value.detach().numpy() for name, value in RankerNet(CONFIG).state_dict().items()}
    same = fit_likeness(TemplateLibrary([*near, *far]), random.Random(0), 400)
    ranker = Ranker(net | ranker_of | {"same": same})
    library = TemplateLibrary([*near, *far])
    pattern = library.pattern(near[0].counts)
    assert pattern is not None
    prints = np.array([pattern.fingerprint(pattern.row(one)) for one in (near[0], near[1], far[0])])
    chances = ranker.same_structure(differences(prints))
    np.testing.assert_allclose(chances.diagonal(), 1.0)
    assert chances[0, 1] > 0.8
    assert chances[0, 2] < 0.2
