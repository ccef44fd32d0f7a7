"""Classes from prompts: known areas under curves, and models that know or guess."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from known_model import crystal

from clip_mat.evaluation import Gallery
from clip_mat.evaluation.prototypes import NAME_FRAMES, GapQuery, query_gaps, query_prototypes
from clip_mat.evaluation.zeroshot import CONCEPTS, SYSTEM_PROMPTS, Concept, auc, classify, prompt_vector
from clip_mat.facts import CRYSTAL_SYSTEMS, Facts


class Words:
    """A model whose texts point along the words that they hold, one axis a word."""

    name = "words"
    fingerprint = "1"

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)

    def encode_text(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.array([[word in text for word in self.words] for text in texts], dtype=np.float32)

    def encode_crystals(self, crystals: Sequence[object], symmetry: bool = True) -> npt.NDArray[np.float32]:
        raise NotImplementedError


def test_the_area_is_the_share_of_pairs_in_order() -> None:
    rng = np.random.default_rng(0)
    members, others = rng.integers(8, size=40), rng.integers(6, size=70)
    pairs = [(high > low) + (high == low) / 2 for high, low in product(members, others)]
    assert auc(members, others) == pytest.approx(np.mean(pairs))
    assert auc([2, 3], [0, 1]) == 1
    assert auc([1], [1, 1]) == 0.5


def test_crystal_systems_are_read_off_the_nearest_prompt(gallery: Gallery) -> None:
    model = Words(CRYSTAL_SYSTEMS)
    truth = [CRYSTAL_SYSTEMS.index(facts.crystal_system) for facts in gallery.facts if facts.crystal_system]
    vectors = np.eye(7, dtype=np.float32)[truth]
    assert classify(model, vectors, gallery.facts).crystal_system.value == 1
    half = vectors.copy()
    cubic = np.flatnonzero(np.array(truth) == 6)
    half[cubic] = np.eye(7, dtype=np.float32)[0]
    found = classify(model, half, gallery.facts)
    assert found.crystal_system.value == pytest.approx(1 - len(cubic) / len(truth))
    assert found.balanced == pytest.approx(1 - 1 / len(set(truth)))


def test_a_class_is_told_by_its_words_and_what_is_unknown_is_left_out(gallery: Gallery) -> None:
    metal = Concept("metal", ("metal",), CONCEPTS[0].holds, ("insulator",), taught=False)
    assert CONCEPTS[0].name == "metal"
    known = [facts.band_gap is not None for facts in gallery.facts]
    model = Words(["metal", "insulator"])
    vectors = np.array([[f.band_gap == 0, f.band_gap != 0] for f in gallery.facts], dtype=np.float32)
    (found,) = classify(model, vectors, gallery.facts, concepts=[metal]).concepts
    assert found.auc.value == found.auc.low == 1
    assert found.members + found.others == sum(known) < len(gallery)
    report = classify(model, -vectors, gallery.facts, concepts=[metal])
    assert report.mean_auc() == report.mean_auc(taught=False) == 0
    assert report.mean_auc(taught=True) is None


def test_a_class_of_none_is_left_out(gallery: Gallery) -> None:
    noble = next(concept for concept in CONCEPTS if concept.name == "noble metal")
    vectors = np.ones((len(gallery), 1), dtype=np.float32)
    assert classify(Words(["noble"]), vectors, gallery.facts, concepts=[noble]).concepts == ()


@pytest.mark.parametrize(
    ("name", "counts", "holds"),
    [
        ("chalcogenide", {"Cd": 1, "Te": 1}, True),
        ("chalcogenide", {"Cd": 1, "O": 1}, False),
        ("pnictide", {"As": 1, "Ga": 1}, True),
        ("actinide", {"O": 2, "U": 1}, True),
        ("lanthanide", {"O": 2, "Th": 1}, False),
        ("lanthanide", {"B": 6, "La": 1}, True),
        ("radioactive", {"O": 2, "Tc": 1}, True),
        ("noble metal", {"Au": 1, "Y": 1}, True),
        ("alkali metal", {"Ca": 1, "O": 1}, False),
        ("intermetallic", {"Al": 2, "Ho": 1}, True),
        ("ceramic", {"Al": 2, "Ho": 1}, False),
    ],
)
def test_the_truth_of_classes(name: str, counts: dict[str, int], holds: bool) -> None:
    concept = next(concept for concept in CONCEPTS if concept.name == name)
    assert concept.holds(Facts(counts)) is holds


def test_a_prompt_is_the_mean_of_its_wordings() -> None:
    vector = prompt_vector(Words(["cubic", "lattice"]), ("cubic",), SYSTEM_PROMPTS)
    assert vector == pytest.approx(np.array([4, 1]) / 17**0.5)


def test_precision_at_ten_counts_members(gallery: Gallery) -> None:
    model = Words(["perovskite"])
    member = np.array([["perovskite" in facts.prototypes] for facts in gallery.facts], dtype=np.float32)
    found = query_prototypes(model, gallery, member)
    assert found is not None
    (name,) = found.names
    assert (name.name, name.members) == ("perovskite", 12)
    assert found.precision.value == 1
    assert all(frame.count("{}") == 1 for frame in NAME_FRAMES)
    none = query_prototypes(model, gallery, 1 - member)
    assert none is not None
    assert none.precision.value == 0
    assert query_prototypes(model, gallery, member, fewest=13) is None


def test_fewer_members_than_places_cannot_fill_them() -> None:
    names = [("spinel",) if place < 6 else () for place in range(40)]
    few = Gallery(
        [str(place) for place in range(40)],
        [crystal(place) for place in range(40)],
        [Facts({"Cl": 1, "Na": 1}, 225, name) for name in names],
    )
    member = np.array([[bool(name)] for name in names], dtype=np.float32)
    found = query_prototypes(Words(["spinel"]), few, member)
    assert found is not None
    assert (found.precision.value, found.attainable.value) == (0.6, 1.0)


def test_gaps_out_of_range_count_against_a_search(gallery: Gallery) -> None:
    by_gap = {gap: [i for i, f in zip(gallery.ids, gallery.facts, strict=True) if f.band_gap == gap] for gap in (0, 5)}
    unknown = [i for i, f in zip(gallery.ids, gallery.facts, strict=True) if f.band_gap is None]
    hits = [*by_gap[5][:3], by_gap[0][0], *unknown[:6]]
    queries = [GapQuery("gap above 3 eV", 3.0)]
    assert query_gaps(lambda texts, k: [hits], gallery, queries).value == 0.75
    assert query_gaps(lambda texts, k: [unknown[:10]], gallery, queries).value == 0
