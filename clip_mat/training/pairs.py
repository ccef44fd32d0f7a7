"""Training pairs: every crystal with a caption that is new each time, in batches that are hard.

Texts are told right from wrong by what they state: a caption fits every crystal that has all the stated facts, in the
batch and in the whole training set.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch

from clip_mat.facts import Facts
from clip_mat.language.captions import Caption, write_caption
from clip_mat.towers.crystal_tower import collate_graphs
from clip_mat.towers.graphs import Graph, hidden
from clip_mat.towers.guess import Truth
from clip_mat.towers.text_tower import Reader
from clip_mat.training.data import Batch, Chunk
from clip_mat.who_has import WhoHas

WRITTEN_SHARE = 0.5
"""How often a crystal that has captions written by others is shown with one of them."""
SHAKEN_SHARE = 0.15
"""How often a crystal is shown with its atoms shaken, ..."""
HIDDEN_SHARE = 0.35
"""... and how often without its symmetry, so that geometry must speak."""
LARGEST_CLUSTER = 8
RARE_NAMES = 12
"""A crystal whose structure type has n members is asked for by that name with chance `RARE_NAMES` / n, ..."""
RARE_SHARE = 0.4
"""... at most this: names of few members are asked for as often as those of many."""


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Crystals to learn from.

    Attributes:
        graphs: One for each crystal.
        shaken: The same crystals with noise on their atoms; symmetry as it is found there.
        facts: What is true of them.
        written: Captions by others, by row.
    """

    graphs: Sequence[Graph]
    shaken: Sequence[Graph]
    facts: Sequence[Facts]
    written: dict[int, list[Caption]] = field(default_factory=dict)


class PairSource:
    """Batches of crystals and captions, the same for the same seed.

    Args:
        data: What to learn from.
        reader: Makes tokens of texts.
        batch: Pairs in a batch, over all ranks.
        chunk: Pairs in a micro-batch.
        seed: Decides order, captions, noise.
    """

    def __init__(self, data: TrainingSet, reader: Reader, batch: int, chunk: int, seed: int) -> None:
        self.data = data
        self.size = len(data.facts)
        self._reader, self._batch, self._chunk, self._seed = reader, min(batch, self.size), chunk, seed
        self._who_has = WhoHas(data.facts)
        self._members = Counter(name for facts in data.facts for name in facts.prototypes)

    def __len__(self) -> int:
        return self.size // self._batch

    def epoch(self, number: int, rank: int = 0, world: int = 1) -> Iterator[Batch]:
        """This rank's part of the batches of an epoch; what does not fill a batch waits for the next epoch."""
        rng = random.Random(f"{self._seed}/{number}")
        order = self._order(rng)
        for start in range(0, len(self) * self._batch, self._batch):
            rows = order[start : start + self._batch]
            yield self._make(rows, random.Random(f"{self._seed}/{number}/{start}"), rank, world)

    def _order(self, rng: random.Random) -> list[int]:
        """Every crystal once; two thirds of them next to some that are easily taken for them."""
        clusters: dict[tuple[str, object], list[int]] = defaultdict(list)
        for row, facts in enumerate(self.data.facts):
            likeness: object = row
            kind = rng.choice(("chemical system", "shape", "alone"))
            if kind == "chemical system":
                likeness = facts.chemical_system
            elif kind == "shape":
                likeness = (facts.anonymous, facts.spacegroup)
            clusters[kind, likeness].append(row)
        pieces: list[list[int]] = []
        for cluster in clusters.values():
            rng.shuffle(cluster)
            pieces += [cluster[i : i + LARGEST_CLUSTER] for i in range(0, len(cluster), LARGEST_CLUSTER)]
        rng.shuffle(pieces)
        return [row for piece in pieces for row in piece]

    def _make(self, rows: Sequence[int], rng: random.Random, rank: int, world: int) -> Batch:
        pairs = [(row, self._caption(row, rng), self._graph(row, rng)) for row in rows]
        shares = [pairs[r * len(pairs) // world : (r + 1) * len(pairs) // world] for r in range(world)]
        for share in shares:  # captions of a length need the least padding
            share.sort(key=lambda pair: len(pair[1].text))
        own = shares[rank]
        fits = torch.zeros(len(own), self.size, dtype=torch.bool)
        for i, (_, caption, _) in enumerate(own):
            fits[i, torch.from_numpy(self._who_has(caption.states))] = True
        chunks = []
        for start in range(0, len(own), self._chunk):
            numbers, captions, graphs = zip(*own[start : start + self._chunk], strict=True)
            text = self._reader([caption.text for caption in captions])
            crystals = collate_graphs(graphs, self._reader.vocabulary)
            chunks.append(Chunk(text, crystals, torch.tensor(numbers), self._truth(numbers)))
        everyone = torch.tensor([row for share in shares for row, _, _ in share])  # in the order they are gathered
        return Batch(chunks, fits[:, everyone], fits)

    def _caption(self, row: int, rng: random.Random) -> Caption:
        written = self.data.written.get(row)
        if written and rng.random() < WRITTEN_SHARE:
            return rng.choice(written)
        facts = self.data.facts[row]
        fewest = min((self._members[name] for name in facts.prototypes), default=0)
        if fewest and rng.random() < min(RARE_SHARE, RARE_NAMES / fewest):
            return write_caption(facts, rng, "prototype")
        return write_caption(facts, rng)

    def _truth(self, rows: Sequence[int]) -> Truth:
        facts = [self.data.facts[row] for row in rows]
        return Truth(
            torch.tensor([each.spacegroup or 0 for each in facts]),
            self._reader.vocabulary.prototype([each.prototypes for each in facts]),
        )

    def _graph(self, row: int, rng: random.Random) -> Graph:
        graph = self.data.shaken[row] if rng.random() < SHAKEN_SHARE else self.data.graphs[row]
        return hidden(graph) if rng.random() < HIDDEN_SHARE else graph
