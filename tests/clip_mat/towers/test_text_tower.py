"""The text tower reads chemistry as chemistry."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from clip_mat import CrystalClip
from clip_mat.crystal import SYMBOLS, Crystal
from clip_mat.language.formula_parser import parse_formula
from clip_mat.sentence_encoder import packaged_folder
from clip_mat.towers.chemistry import Chemistry
from clip_mat.towers.text_tower import KINDS, MAX_TOKENS, Reader, TextTower
from clip_mat.towers.vocabulary import Vocabulary

VOCABULARY = Vocabulary()
ROCK_SALT_CELL = np.array([[0, 2.6, 2.6], [2.6, 0, 2.6], [2.6, 2.6, 0]])


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(packaged_folder(), VOCABULARY)


@pytest.fixture(scope="module")
def tower() -> TextTower:
    torch.manual_seed(0)
    return TextTower(Chemistry(32, VOCABULARY, 32), 32, packaged_folder(), width=32, layers=1).eval()


def vectors(tower: TextTower, reader: Reader, *texts: str) -> npt.NDArray[np.float32]:
    with torch.inference_mode():
        found: npt.NDArray[np.float32] = torch.nn.functional.normalize(tower(reader(texts)), dim=1).numpy()
    return found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cubic NaCl", "cubic ClNa"),
        ("Mg(OH)2 layers", "MgO2H2 layers"),
        ("space group P6_3/mmc", "space group P63/mmc"),
        ("TiO2 with tetragonal symmetry", "Ti2O4 with tetragonal symmetry"),
        ("TiO₂ with tetragonal symmetry", "TiO2 with tetragonal symmetry"),
    ],
)
def test_the_same_chemistry_is_the_same_vector(tower: TextTower, reader: Reader, one: str, other: str) -> None:
    a, b = vectors(tower, reader, one, other)
    assert a @ b > 0.99999


@pytest.mark.parametrize(
    ("one", "other"),
    [("cubic Co", "cubic CO"), ("cubic NaCl", "cubic KCl"), ("FeO", "Fe2O3"), ("AB2 in Fm-3m", "A2B3 in Fm-3m")],
)
def test_other_chemistry_is_another_vector(tower: TextTower, reader: Reader, one: str, other: str) -> None:
    a, b = vectors(tower, reader, one, other)
    assert a @ b < 0.999


def test_elements_and_groups_are_whole_tokens(reader: Reader) -> None:
    inputs = reader(["LiMn2O4 in Fd-3m"])
    kinds = [KINDS[kind] for kind in inputs.kind[0].tolist()]
    assert kinds.count("formula") == 3
    assert kinds.count("spacegroup") == 1
    assert set(inputs.element[0].tolist()) == {0, 3, 25, 8}
    assert inputs.group[0].max() == 227
    assert inputs.stated.whole.tolist() == [True]
    assert inputs.stated.group.tolist() == [[227]]
    fractions = dict(zip(inputs.stated.element[0].tolist(), inputs.stated.fraction[0].tolist(), strict=True))
    assert fractions == pytest.approx({3: 1 / 7, 25: 2 / 7, 8: 4 / 7})


def test_single_elements_are_not_the_whole(reader: Reader) -> None:
    stated = reader(["something with lithium and oxygen"]).stated
    assert stated.whole.tolist() == [False]
    assert sorted(stated.element[0].tolist()) == [3, 8]
    assert stated.fraction.sum() == 0


def test_names_of_structure_types_and_families_are_known(reader: Reader) -> None:
    stated = reader(["a nitride of the wurtzite type", "ZnS structure", "nothing of the kind"]).stated
    names = (None, *VOCABULARY.prototypes)
    assert names[stated.prototype[0].max()] == "wurtzite"
    assert (None, *VOCABULARY.families)[stated.family[0].max()] == "nitride"
    assert stated.prototype[2].max() == 0
    assert stated.family[2].max() == 0


def test_one_of_several_elements_weighs_as_one_and_has_no_token(reader: Reader) -> None:
    inputs = reader(["alkali metal oxide", "oxide"])
    stated = inputs.stated
    assert {SYMBOLS[number] for number in stated.element[0].tolist() if number} == {"Li", "Na", "K", "Rb", "Cs"}
    assert stated.present[0].square().sum().item() == pytest.approx(1)
    assert not stated.whole[0]
    assert torch.equal(stated.family[0], stated.family[1])
    assert inputs.word[0].tolist() == inputs.word[1].tolist()


def test_a_class_is_read_before_what_lies_in_its_name(reader: Reader) -> None:
    stated = reader(["platinum group metal", "hydroxide"]).stated
    assert SYMBOLS.index("Pt") in stated.element[0].tolist()
    assert (stated.element[0] > 0).sum() == 6
    assert {SYMBOLS[number] for number in stated.element[1].tolist() if number} == {"H", "O"}


def test_a_formula_silences_classes(reader: Reader) -> None:
    stated = reader(["noble metal PtO2"]).stated
    assert {SYMBOLS[number] for number in stated.element[0].tolist() if number} == {"Pt", "O"}
    assert stated.present[0].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("text", "members", "others"),
    [
        ("chalcogenide", ("ZnS", "CdSe", "PbTe"), ("ZnO", "MgO", "GaAs")),
        ("pnictide", ("GaAs", "InP", "GaN"), ("ZnS", "MgO", "NaCl")),
        ("an alkali metal compound", ("NaCl", "LiF", "KBr"), ("MgO", "ZnS", "GaAs")),
        ("noble metal", ("AgCl", "PtC", "AuCu"), ("NaCl", "MgO", "FeSi")),
        ("lanthanoid material", ("LaN", "CeS", "GdAs"), ("MgO", "CaS", "GaAs")),
    ],
)
def test_the_shipped_towers_know_what_a_class_is(text: str, members: tuple[str, ...], others: tuple[str, ...]) -> None:
    clip = CrystalClip.load()
    words, known = clip.encode_text([text]), [parse_formula(formula) for formula in (*members, *others)]
    crystals = []
    for composition in known:
        (first, _), (second, _) = composition or ()
        crystals.append(Crystal.from_symbols([str(first), str(second)], [[0, 0, 0], [0.5, 0.5, 0.5]], ROCK_SALT_CELL))
    likeness = (clip.encode_crystals(crystals) @ words.T)[:, 0]
    assert likeness[: len(members)].min() > likeness[len(members) :].max()


def test_a_batch_is_its_texts(tower: TextTower, reader: Reader) -> None:
    texts = ["NaCl", "a wide-gap nitride with the wurtzite structure and more words than the others", "", "Pnma"]
    together = vectors(tower, reader, *texts)
    alone = np.concatenate([vectors(tower, reader, text) for text in texts])
    assert np.abs(together - alone).max() < 1e-5


def test_long_texts_are_cut(reader: Reader) -> None:
    assert reader(["LiMn2O4 " * 1000]).word.shape == (1, MAX_TOKENS)
