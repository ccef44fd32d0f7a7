"""Words of a question, and what holding them is worth."""

from __future__ import annotations

import random

import numpy as np

from rag.retrieval import Query


def test_coverage_does_not_depend_on_how_a_run_orders_its_sets() -> None:
    rng = random.Random(0)
    for _ in range(20):
        weights = {f"word{number}": rng.uniform(0.5, 9) for number in range(12)}
        query = Query("any", np.zeros(2, np.float32), weights)
        held = rng.sample(sorted(weights), 7)
        in_order = sum(weight for word, weight in weights.items() if word in held)
        assert query.coverage({*held, "another"}) == in_order / query.full_score  # to the last digit


def test_coverage_of_nothing() -> None:
    assert Query("", np.zeros(2, np.float32), {}).coverage({"tin"}) == 0
    assert Query("tin", np.zeros(2, np.float32), {"tin": 2.0}).coverage(set()) == 0
