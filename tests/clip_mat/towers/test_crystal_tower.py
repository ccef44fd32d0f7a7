"""The crystal tower sees the crystal, not how somebody wrote it down."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy.spatial.transform import Rotation

from clip_mat.crystal import Crystal
from clip_mat.towers.chemistry import Chemistry
from clip_mat.towers.crystal_tower import CrystalTower, collate_graphs
from clip_mat.towers.graphs import CUTOFF, hidden, load_graphs, make_graph, save_graphs, shaken
from clip_mat.towers.vocabulary import Vocabulary

VOCABULARY = Vocabulary()
CUBE = np.eye(3)
ROCK_SALT = Crystal.from_symbols(["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]], 5.64 / 2 * (1 - CUBE))
WURTZITE = Crystal.from_symbols(
    ["Zn", "Zn", "O", "O"],
    [[1 / 3, 2 / 3, 0], [2 / 3, 1 / 3, 0.5], [1 / 3, 2 / 3, 0.382], [2 / 3, 1 / 3, 0.882]],
    [[3.25, 0, 0], [-1.625, 2.8146, 0], [0, 0, 5.2]],
)
LOW = Crystal.from_symbols(
    ["Li", "Mn", "O", "O"],
    [[0.1, 0.2, 0.3], [0.6, 0.55, 0.8], [0.3, 0.8, 0.1], [0.85, 0.15, 0.6]],
    [[4.1, 0.2, 0], [0.7, 4.6, 0.3], [-0.4, 0.9, 5.2]],
)
CRYSTALS = {"rock salt": ROCK_SALT, "wurtzite": WURTZITE, "low symmetry": LOW}


@pytest.fixture(scope="module")
def tower() -> CrystalTower:
    torch.manual_seed(0)
    return CrystalTower(Chemistry(32, VOCABULARY, 32), 32, width=32, channels=8).eval()


def vector(tower: CrystalTower, crystal: Crystal, symmetry: bool = True) -> npt.NDArray[np.float32]:
    with torch.inference_mode():
        found = tower(collate_graphs([make_graph(crystal, symmetry=symmetry)], VOCABULARY))
    unit: npt.NDArray[np.float32] = torch.nn.functional.normalize(found, dim=1)[0].numpy()
    return unit


def supercell(crystal: Crystal, matrix: npt.ArrayLike) -> Crystal:
    """The crystal in a larger cell, by brute force over translations."""
    wide = np.asarray(matrix)
    lattice = wide @ crystal.lattice
    positions, numbers = [], []
    reach = range(-6, 7)
    for shift in itertools.product(reach, reach, reach):
        inside = (crystal.positions + shift) @ np.linalg.inv(wide)
        for place, number in zip(inside, crystal.numbers, strict=True):
            if ((place > -1e-9) & (place < 1 - 1e-9)).all():
                positions.append(place)
                numbers.append(number)
    assert len(numbers) == round(abs(np.linalg.det(wide))) * len(crystal)
    return Crystal(np.array(numbers), np.array(positions), lattice)


@pytest.mark.parametrize("name", CRYSTALS)
@pytest.mark.parametrize("symmetry", [True, False])
def test_how_a_crystal_is_written_down_does_not_matter(tower: CrystalTower, name: str, symmetry: bool) -> None:
    crystal = CRYSTALS[name]
    rng = np.random.default_rng(3)
    order = rng.permutation(len(crystal))
    turn = Rotation.random(random_state=4).as_matrix()
    written_otherwise = {
        "rotated": Crystal(crystal.numbers, crystal.positions, crystal.lattice @ turn.T),
        "mirrored": Crystal(crystal.numbers, crystal.positions, crystal.lattice * [1, 1, -1]),
        "translated": Crystal(crystal.numbers, crystal.positions + rng.random(3), crystal.lattice),
        "permuted": Crystal(crystal.numbers[order], crystal.positions[order], crystal.lattice),
        "another cell": supercell(crystal, [[1, 1, 0], [0, 1, 0], [-1, 2, 1]]),
        "a supercell": supercell(crystal, [[2, 0, 0], [0, 1, 1], [1, 0, 2]]),
    }
    expected = vector(tower, crystal, symmetry)
    for way, other in written_otherwise.items():
        assert np.abs(vector(tower, other, symmetry) - expected).max() < 2e-5, way


def test_different_crystals_differ(tower: CrystalTower) -> None:
    zinc_blende = Crystal.from_symbols(["Na", "Cl"], [[0, 0, 0], [0.25, 0.25, 0.25]], 5.64 / 2 * (1 - CUBE))
    stretched = Crystal(ROCK_SALT.numbers, ROCK_SALT.positions, ROCK_SALT.lattice * [1, 1, 1.02])
    seen = [vector(tower, c, symmetry=False) for c in (ROCK_SALT, zinc_blende, stretched, WURTZITE, LOW)]
    for a, b in itertools.combinations(seen, 2):
        assert np.abs(a - b).max() > 1e-3


def test_a_batch_is_its_crystals(tower: CrystalTower) -> None:
    graphs = [make_graph(crystal) for crystal in CRYSTALS.values()]
    with torch.inference_mode():
        together = tower(collate_graphs(graphs, VOCABULARY))
        alone = torch.cat([tower(collate_graphs([graph], VOCABULARY)) for graph in graphs])
    assert torch.allclose(together, alone, atol=1e-5)


def test_the_vector_changes_smoothly_as_a_neighbour_passes_the_cutoff(tower: CrystalTower) -> None:
    """Two cells, the same but for one spacing that is just inside or outside of the cut-off."""
    base = np.diag([1.0, 1.0, 1.0])
    around = []
    for stretch in (CUTOFF - 1e-5, CUTOFF + 1e-5):
        lattice = base * [stretch, 1, 1]
        lattice /= np.linalg.det(lattice) ** (1 / 3)
        around.append(vector(tower, Crystal.from_symbols(["Po"], [[0, 0, 0]], lattice * 3.0), symmetry=False))
    assert np.abs(around[0] - around[1]).max() < 1e-3


def test_symmetry_is_found_at_every_tolerance_and_can_be_hidden() -> None:
    graph = make_graph(WURTZITE)
    assert graph.symmetry.tolist() == [186, 186]
    assert graph.prototypes == ("wurtzite",)
    assert hidden(graph).prototypes == ()
    assert hidden(graph).symmetry.tolist() == [0, 0]
    assert make_graph(WURTZITE, symmetry=False).symmetry.tolist() == [0, 0]


def test_shaken_crystals_lose_their_symmetry_at_the_small_tolerance_first() -> None:
    noisy = shaken(WURTZITE, 0.05, np.random.default_rng(0))
    moved = (noisy.positions - WURTZITE.positions + 0.5) % 1 - 0.5
    assert 0.02 < np.sqrt(((moved @ WURTZITE.lattice) ** 2).mean()) < 0.1
    found = make_graph(noisy).symmetry.tolist()
    assert found[0] != 186
    assert found[-1] == 186
    assert make_graph(noisy).prototypes == ("wurtzite",)


def test_a_lonely_atom_has_a_vector(tower: CrystalTower) -> None:
    """One atom whose neighbours are all its own images."""
    assert np.isfinite(vector(tower, Crystal.from_symbols(["Xe"], [[0, 0, 0]], CUBE * 40))).all()


def test_graphs_come_back_as_they_were_kept() -> None:
    graphs = [make_graph(crystal) for crystal in CRYSTALS.values()]
    for before, after in zip(graphs, load_graphs(save_graphs(graphs)), strict=True):
        assert (before.spacing, before.prototypes) == (after.spacing, after.prototypes)
        for name in ("numbers", "degree", "neighbour", "vector", "symmetry"):
            assert np.array_equal(getattr(before, name), getattr(after, name)), name


def test_neighbours_agree_with_brute_force() -> None:
    for crystal in CRYSTALS.values():
        graph = make_graph(crystal)
        spacing = (crystal.volume / len(crystal)) ** (1 / 3)
        reach = range(-4, 5)
        shifts = np.array(list(itertools.product(reach, reach, reach))) @ crystal.lattice
        difference = crystal.cartesian[None, :, None] + shifts - crystal.cartesian[:, None, None]
        distance = np.linalg.norm(difference, axis=-1)
        expected = np.sort(distance[(distance > 1e-6) & (distance < CUTOFF * spacing)])
        assert np.allclose(np.sort(np.linalg.norm(graph.vector, axis=1)) * spacing, expected, atol=1e-4)
