"""What the generative model learns from: reduced cells, their facts, and vectors of Crystal CLIP.

Half of the vectors are those of the crystal itself, with and without its symmetry, half those of captions of it: at use
a text is what is known.
"""

from __future__ import annotations

import hashlib
import logging
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from clip_mat.clip import CrystalClip
from clip_mat.crystal import Crystal
from clip_mat.entry_facts import facts_of
from clip_mat.errors import TrainingError
from clip_mat.evaluation.csp_tasks import read_entries
from clip_mat.facts import Facts
from clip_mat.generate.cells import equivalent_axes, lattice_numbers, niggli
from clip_mat.language.captions import write_caption
from clip_mat.structures import Skipped
from clip_mat.towers.graphs import hidden, make_graphs

logger = logging.getLogger(__name__)
MOST_ATOMS = 20
TEXTS = 4
"""Captions of each crystal whose vectors are kept."""


@dataclass(frozen=True, slots=True, eq=False)
class DiffusionSet:
    """N crystals to learn from.

    Attributes:
        crystals: In Niggli-reduced cells.
        lattices: (N, 6), see `clip_mat.generate.cells.lattice_numbers`.
        axes: Of each, see `clip_mat.generate.cells.equivalent_axes`.
        facts: What is true of each.
        own: (N, 2, d) float16, vectors of the crystals, with symmetry and without; d = 0 where there are none.
        texts: (N, k, d) float16, vectors of captions.
    """

    crystals: list[Crystal]
    lattices: npt.NDArray[np.float64]
    axes: list[npt.NDArray[np.int64]]
    facts: list[Facts]
    own: npt.NDArray[np.float16]
    texts: npt.NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.crystals)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self.own.shape[2])

    def rows(self, rows: Sequence[int]) -> DiffusionSet:
        """Some of the crystals."""
        return DiffusionSet(
            [self.crystals[row] for row in rows],
            self.lattices[rows],
            [self.axes[row] for row in rows],
            [self.facts[row] for row in rows],
            self.own[rows],
            self.texts[rows],
        )


def read_diffusion_set(
    paths: Sequence[Path],
    cache: Path,
    clip: CrystalClip,
    seed: int,
    texts: int = TEXTS,
    most_atoms: int = MOST_ATOMS,
    progress: Callable[[int, int], None] | None = None,
) -> DiffusionSet:
    """Crystals, their facts and their vectors.

    Args:
        paths: Files or folders of crystals, or zips of a benchmark, of which the training split is read; what cannot
            be read is left out and logged, what is too large left out.
        cache: Folder where vectors are kept between runs.
        clip: Makes the vectors.
        seed: Decides the captions.
        texts: Captions of each crystal.
        most_atoms: In a cell.
        progress: Called with crystals done and crystals in all while they are encoded.

    Raises:
        TrainingError: If no crystal can be read.
    """

    def left_out(found: Skipped) -> None:
        logger.warning("%s: %s left out: %s", found.source, found.id, found.reason)

    entries = [
        entry for path in paths for entry in read_entries(path, "train", left_out) if len(entry.crystal) <= most_atoms
    ]
    if not entries:
        told = ", ".join(map(str, paths))
        raise TrainingError(f"{told}: no crystal of at most {most_atoms} atoms; give CIFs or a parquet with them")
    facts = [facts_of(entry) for entry in entries]
    crystals = [niggli(entry.crystal) for entry in entries]
    own, captions = _vectors(crystals, facts, cache, clip, seed, texts, progress)
    return DiffusionSet(
        crystals,
        np.stack([lattice_numbers(crystal.lattice, len(crystal)) for crystal in crystals]),
        [equivalent_axes(crystal.lattice) for crystal in crystals],
        facts,
        own,
        captions,
    )


def _vectors(
    crystals: Sequence[Crystal],
    facts: Sequence[Facts],
    cache: Path,
    clip: CrystalClip,
    seed: int,
    texts: int,
    progress: Callable[[int, int], None] | None,
) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.float16]]:
    """Vectors of crystals and captions, read from the cache where they lie there."""
    digest = hashlib.sha256(f"{clip.fingerprint} {seed} {texts}".encode())
    for crystal, fact in zip(crystals, facts, strict=True):
        for array in (crystal.numbers, crystal.positions, crystal.lattice):
            digest.update(array.tobytes())
        digest.update(repr(sorted(map(str, fact.keys))).encode())
    file = cache / f"vectors-{digest.hexdigest()[:16]}.npz"
    if not file.is_file():
        own = np.zeros((len(crystals), 2, clip.dimension), np.float16)
        written = np.zeros((len(crystals), texts, clip.dimension), np.float16)
        for start in range(0, len(crystals), 512):
            part = slice(start, start + 512)
            graphs = make_graphs(crystals[part])
            own[part, 0] = clip.encode_graphs(graphs)
            own[part, 1] = clip.encode_graphs([hidden(graph) for graph in graphs])
            rngs = [random.Random(f"{seed}/{row}") for row in range(*part.indices(len(crystals)))]
            captions = [
                write_caption(f, rng).text for f, rng in zip(facts[part], rngs, strict=True) for _ in range(texts)
            ]
            written[part] = clip.encode_text(captions).reshape(-1, texts, clip.dimension)
            if progress is not None:
                progress(min(part.stop, len(crystals)), len(crystals))
        cache.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(f".{os.getpid()}.npz")  # ranks may make it at the same time
        np.savez(partial, allow_pickle=False, own=own, texts=written)
        partial.replace(file)
    with np.load(file, allow_pickle=False) as arrays:
        return arrays["own"], arrays["texts"]


def split(data: DiffusionSet, formulas: int) -> tuple[DiffusionSet, DiffusionSet]:
    """Some whole formulas for validation, the rest to learn from.

    Chance has no say in it but once and for all: a model that is trained further is not tested on what it learnt.

    Args:
        data: All.
        formulas: For validation, of at most a tenth.

    Returns:
        What to learn from, and what to validate on.
    """
    every = sorted({facts.formula for facts in data.facts})
    random.Random(0).shuffle(every)
    kept = set(every[: min(formulas, len(every) // 10)])
    inside = [row for row, facts in enumerate(data.facts) if facts.formula not in kept]
    outside = [row for row, facts in enumerate(data.facts) if facts.formula in kept]
    return data.rows(inside), data.rows(outside)
