"""A perfect model reaches exactly the ceiling, and a ceiling is counted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from known_model import OneHot, crystal

from clip_mat.errors import CrystalError
from clip_mat.evaluation import Gallery, Query, gain
from clip_mat.evaluation.gallery import FactIndex
from clip_mat.evaluation.retrieval import count_fitting, crystal_to_text, pooled, searched, text_to_crystal
from clip_mat.facts import Facts


def test_the_index_of_facts_is_a_search_through_all(gallery: Gallery, queries: list[Query]) -> None:
    for query in queries:
        expected = {row for row, facts in enumerate(gallery.facts) if query.states <= facts.keys}
        assert gallery.index.matching(query.states) == expected
    assert gallery.index.matching([]) == set(range(len(gallery)))
    assert FactIndex(gallery.facts).matching([("element", "U")]) == set()


def test_fitting_crystals_are_counted(gallery: Gallery, queries: list[Query]) -> None:
    expected = [sum(query.fits(facts) for facts in gallery.facts) for query in queries]
    assert count_fitting(queries, gallery).tolist() == expected
    # its own crystal counts even where the data do not bear the text out
    wrong = Query("m-0", "uranium", frozenset([("element", "U")]))
    assert count_fitting([wrong], gallery).tolist() == [1]


def test_a_perfect_model_reaches_the_ceiling(gallery: Gallery, queries: list[Query], perfect: OneHot) -> None:
    texts = perfect.encode_text([query.text for query in queries])
    found = text_to_crystal("all", queries, gallery, texts, gallery.encode(perfect))
    fitting = count_fitting(queries, gallery)
    assert found.scores["R@10"].mean.value == pytest.approx(np.minimum(1, 10 / fitting).mean())
    for measured in found.scores.values():
        assert measured.ceiling == pytest.approx(measured.mean.value)
        assert measured.ratio is not None
        assert measured.ratio.value == pytest.approx(1)
    assert found.scores["R@1"].mean.value < 0.5  # there is something to tie


def test_a_perfect_model_reaches_the_ceiling_in_pools(gallery: Gallery, queries: list[Query], perfect: OneHot) -> None:
    texts = perfect.encode_text([query.text for query in queries])
    found = pooled("all", queries, gallery, texts, gallery.encode(perfect), size=50, pools=3)
    assert found.gallery == 50
    assert found.queries == 150
    for measured in found.scores.values():
        assert measured.ceiling == pytest.approx(measured.mean.value)
    with pytest.raises(ValueError, match="needs as many queries"):
        pooled("all", queries, gallery, texts, gallery.encode(perfect), size=121)


def test_pools_are_easier_than_the_gallery(gallery: Gallery, queries: list[Query], perfect: OneHot) -> None:
    texts, crystals = perfect.encode_text([query.text for query in queries]), gallery.encode(perfect)
    whole = text_to_crystal("all", queries, gallery, texts, crystals)
    pool = pooled("all", queries, gallery, texts, crystals, size=30, pools=5)
    assert pool.scores["R@1"].mean.value > whole.scores["R@1"].mean.value


def test_back_from_crystal_to_text(gallery: Gallery, queries: list[Query]) -> None:
    # The best that can be done: among texts that are true of a crystal, those true of fewer come first.
    fitting = count_fitting(queries, gallery)
    texts = np.array(
        [[query.fits(facts) / count for facts in gallery.facts] for query, count in zip(queries, fitting, strict=True)]
    )
    found = crystal_to_text("all", queries, gallery, texts.astype(np.float32), np.eye(120, dtype=np.float32))
    for measured in found.scores.values():
        assert measured.ceiling == pytest.approx(measured.mean.value)
    assert found.gallery == len(queries)


def test_a_search_is_scored_by_its_hits(gallery: Gallery, queries: list[Query]) -> None:
    def search(texts: Sequence[str], k: int) -> list[list[str]]:
        asked = {query.text: query.id for query in queries}
        return [["m-1", "m-2", asked[text]][: k if place % 2 else 0] for place, text in enumerate(texts)]

    found = searched("all", queries[4:], gallery, search)
    assert found.scores["R@1"].mean.value == 0
    assert found.scores["R@5"].mean.value == 0.5
    assert found.scores["MRR"].mean.value == pytest.approx(0.5 / 3, abs=5e-3)


def test_a_gain_is_paired(gallery: Gallery, queries: list[Query], perfect: OneHot) -> None:
    texts, crystals = perfect.encode_text([query.text for query in queries]), gallery.encode(perfect)
    good = text_to_crystal("all", queries, gallery, texts, crystals)
    bad = text_to_crystal("all", queries, gallery, -texts, crystals)
    assert gain(good, good).high == gain(good, good).low == 0
    assert gain(good, bad).low > 0


def test_vectors_are_kept_by_model_crystals_and_arm(
    gallery: Gallery, queries: list[Query], perfect: OneHot, tmp_path: Path
) -> None:
    first = gallery.encode(perfect, cache=tmp_path)
    again = gallery.encode(perfect, cache=tmp_path)
    np.testing.assert_array_equal(first, again)
    assert perfect.encoded == len(gallery)
    gallery.encode(perfect, "no symmetry", cache=tmp_path)
    assert perfect.encoded == 2 * len(gallery)
    perfect.fingerprint = "2"
    gallery.encode(perfect, cache=tmp_path)
    assert perfect.encoded == 3 * len(gallery)
    other = Gallery(gallery.ids, [crystal(place) for place in reversed(range(120))], gallery.facts)
    assert other.fingerprint != gallery.fingerprint


def test_shaken_crystals_are_shaken_by_the_seed(gallery: Gallery) -> None:
    class Coordinates(OneHot):
        def encode_crystals(self, crystals: Sequence[object], symmetry: bool = True) -> np.ndarray:
            return np.array([one.cartesian.ravel() for one in crystals], dtype=np.float32)  # type: ignore[attr-defined]

    model = Coordinates(gallery, [])
    straight, shaken = gallery.encode(model), gallery.encode(model, "shaken", seed=1)
    moved = (shaken - straight + 2) % 4 - 2  # across the cell's edge
    assert moved.std() == pytest.approx(0.05, rel=0.1)
    np.testing.assert_array_equal(shaken, gallery.encode(model, "shaken", seed=1))
    assert not np.array_equal(shaken, gallery.encode(model, "shaken", seed=2))


def test_a_gallery_is_of_distinct_crystals() -> None:
    facts = Facts({"Cl": 1, "Na": 1})
    with pytest.raises(CrystalError, match="stands twice"):
        Gallery(["a", "a"], [crystal(0)] * 2, [facts] * 2)
    with pytest.raises(CrystalError, match="empty"):
        Gallery([], [], [])
    with pytest.raises(CrystalError, match="'b'"):
        Gallery(["a"], [crystal(0)], [facts]).find(["a", "b"])
