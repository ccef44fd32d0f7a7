"""Ranks and scores against what sorting gives, and ties against many throws of a die."""

from __future__ import annotations

import numpy as np
import pytest

from clip_mat.evaluation.scores import Ranks, bootstrap, rank_targets, score


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_ranks_are_those_of_sorting(block: int) -> None:
    rng = np.random.default_rng(0)
    queries = rng.standard_normal((40, 8)).astype(np.float32)
    gallery = rng.standard_normal((300, 8)).astype(np.float32)
    targets = rng.integers(300, size=40)
    ranks = rank_targets(queries, gallery, targets, block=block)
    for place, target in enumerate(targets):
        order = np.argsort(-(queries[place].astype(np.float64) @ gallery.T.astype(np.float64)))
        assert ranks.above[place] == order.tolist().index(target)
    assert (ranks.tied == 1).all()


def test_ties_are_what_chance_gives() -> None:
    rng = np.random.default_rng(1)
    above, tied = np.array([0, 0, 2, 8, 9, 30]), np.array([1, 4, 5, 4, 1, 3])
    ranks = Ranks(above, tied)
    thrown = above + 1 + rng.integers(tied, size=(200_000, len(tied)))  # ranks from 1
    for k in (1, 5, 10):
        np.testing.assert_allclose(ranks.recall(k), (thrown <= k).mean(axis=0), atol=5e-3)
    np.testing.assert_allclose(ranks.reciprocal(), (1 / thrown).mean(axis=0), atol=5e-3)


def test_equal_vectors_tie() -> None:
    gallery = np.array([[1, 0], [1, 0], [0, 1], [-1, 0]], dtype=np.float32)
    ranks = rank_targets(gallery[[0, 2, 3]], gallery, np.array([1, 0, 3]))
    assert ranks.above.tolist() == [0, 1, 0]
    assert ranks.tied.tolist() == [2, 3, 1]


def test_a_random_model_scores_k_over_n() -> None:
    rng = np.random.default_rng(2)
    queries, gallery = rng.standard_normal((4000, 16)), rng.standard_normal((200, 16))
    ranks = rank_targets(queries.astype(np.float32), gallery.astype(np.float32), rng.integers(200, size=4000))
    for k in (1, 10, 100):
        assert ranks.recall(k).mean() == pytest.approx(k / 200, abs=4 * (k / 200 / 4000) ** 0.5)


def test_the_interval_holds_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for seed in range(100):
        estimate = bootstrap(rng.random(100) < 0.7, seed=seed)
        held += estimate.low <= 0.7 <= estimate.high
    assert 85 <= held <= 100


def test_a_ratio_is_resampled_with_its_ceiling() -> None:
    ceilings = np.linspace(0.1, 1.0, 50)
    found = score(ceilings * 0.5, ceilings)
    assert found.ceiling == pytest.approx(0.55)
    assert found.ratio is not None
    assert (found.ratio.value, found.ratio.low, found.ratio.high) == pytest.approx((0.5, 0.5, 0.5))
    assert found.mean.low < found.mean.value < found.mean.high  # the means themselves do vary


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(4).random(80)
    assert bootstrap(values, seed=1) == bootstrap(values, seed=1) != bootstrap(values, seed=2)


def test_what_does_not_fit_is_refused() -> None:
    vectors = np.eye(3, dtype=np.float32)
    with pytest.raises(ValueError, match="no row"):
        rank_targets(vectors, vectors, np.array([0, 1, 3]))
    with pytest.raises(ValueError, match="do not fit"):
        rank_targets(vectors, vectors[:, :2], np.array([0, 1, 2]))
    with pytest.raises(ValueError, match="no query"):
        bootstrap([])
    with pytest.raises(ValueError, match="no query"):
        score([], [])
    with pytest.raises(ValueError, match="ties at least with itself"):
        Ranks(np.array([0]), np.array([0]))
