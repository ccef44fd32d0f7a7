"""How near a compound stands to what the question asks."""

from __future__ import annotations

import random

import numpy as np

from rag.design.compounds import Compound
from rag.design.nearness import nearness
from rag.retrieval import Query


def test_nearness_does_not_depend_on_the_order_of_the_words_found() -> None:
    rng = random.Random(0)
    text = "The band gap of CdTe is wide and stable and direct and large and low and cheap and good."
    words = [word for word in text.strip(".").split() if word not in ("CdTe", "and", "is")]
    query = Query("any", np.zeros(2, np.float32), {word: rng.uniform(0.5, 9) for word in words})
    compound = Compound(16, 20, "CdTe", {"Cd": 1, "Te": 1})
    places = [(text.index(word), word) for word in words]
    found = {nearness(text, rng.sample(places, len(places)), query, compound, [compound]) for _ in range(20)}
    assert len(found) == 1
    assert 0 < found.pop() < 1
    assert nearness(text, [], query, compound, [compound]) == 0
