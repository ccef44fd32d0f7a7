"""From files of crystals to what the trainer reads: graphs made once, facts, and captions that people wrote."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from clip_mat.entry_facts import facts_of
from clip_mat.errors import TrainingError
from clip_mat.facts import CRYSTAL_SYSTEMS, Facts, Key, crystal_system
from clip_mat.language.captions import Caption
from clip_mat.language.mentions import find_mentions
from clip_mat.structures import Entry, Skipped, read_crystals
from clip_mat.towers.graphs import Graph, load_graphs, make_graphs, save_graphs, shaken
from clip_mat.training.pairs import TrainingSet

SHAKEN_BY = (0.02, 0.08)
"""Least and most noise on a coordinate in Å, of the shaken copies."""

logger = logging.getLogger(__name__)


def read_training_set(
    paths: Sequence[Path],
    cache: Path,
    seed: int,
    written: Path | None = None,
    held_out: frozenset[str] = frozenset(),
    progress: Callable[[int, int], None] | None = None,
) -> TrainingSet:
    """Crystals, their graphs and their facts.

    Args:
        paths: Files or folders of crystals; what cannot be read is left out and logged.
        cache: Folder where the graphs are kept between runs.
        seed: Decides the noise of the shaken copies.
        written: Parquet of captions: columns ``material_id`` and ``prompt``.
        held_out: Ids whose written captions are left alone.
        progress: Called with graphs done and graphs in all while they are made.

    Raises:
        TrainingError: If no crystal can be read.
    """
    entries: list[Entry] = []
    for path in paths:
        for found in read_crystals(path):
            if isinstance(found, Skipped):
                logger.warning("%s: %s left out: %s", found.source, found.id, found.reason)
            else:
                entries.append(found)
    if not entries:
        raise TrainingError(f"{', '.join(map(str, paths))}: no crystal could be read; give CIFs or a parquet with them")
    facts = [facts_of(entry) for entry in entries]
    graphs, copies = _graphs(entries, cache, seed, progress)
    captions: dict[int, list[Caption]] = {}
    if written is not None:
        rows = {entry.id: row for row, entry in enumerate(entries) if entry.id not in held_out}
        captions = _written(written, rows, facts)
    return TrainingSet(graphs, copies, facts, captions)


def _graphs(
    entries: Sequence[Entry], cache: Path, seed: int, progress: Callable[[int, int], None] | None
) -> tuple[list[Graph], list[Graph]]:
    """The graph of each crystal as it is, and with its atoms shaken; read from the cache where they lie there."""
    digest = hashlib.sha256(str((seed, SHAKEN_BY)).encode())
    for entry in entries:
        for array in (entry.crystal.numbers, entry.crystal.positions, entry.crystal.lattice):
            digest.update(array.tobytes())
    file = cache / f"graphs-{digest.hexdigest()[:16]}.npz"
    if not file.is_file():
        rng = np.random.default_rng(seed)
        crystals = [entry.crystal for entry in entries]
        crystals += [shaken(crystal, rng.uniform(*SHAKEN_BY), rng) for crystal in crystals]
        with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as executor:
            made = make_graphs(crystals, executor=executor, progress=progress)
        cache.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}.npz")  # ranks may make it at the same time
        np.savez(part, allow_pickle=False, **save_graphs(made))
        part.replace(file)
    with np.load(file, allow_pickle=False) as arrays:
        graphs = load_graphs(dict(arrays))
    return graphs[: len(entries)], graphs[len(entries) :]


def _written(path: Path, rows: dict[str, int], facts: Sequence[Facts]) -> dict[int, list[Caption]]:
    """Captions by others, with what they can be seen to state."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, columns=["material_id", "prompt"])
    except pa.ArrowException as error:
        raise TrainingError(f"{path}: no parquet with columns material_id and prompt ({error})") from None
    captions: dict[int, list[Caption]] = {}
    for name, text in zip(table["material_id"].to_pylist(), table["prompt"].to_pylist(), strict=True):
        if name in rows and text:
            row = rows[name]
            captions.setdefault(row, []).append(Caption(text, stated_by(text) & facts[row].keys))
    return captions


def stated_by(text: str) -> frozenset[Key]:
    """The facts that a text can be seen to state: formula, elements, chemical system, symmetry."""
    keys: set[Key] = set()
    for mention in find_mentions(text):
        symbols = tuple(symbol for symbol, _ in mention.composition if symbol)
        if mention.kind == "formula":
            amounts = {symbol: amount for symbol, amount in mention.composition if symbol and amount}
            if all(float(amount).is_integer() for amount in amounts.values()):  # no ordered crystal has others
                keys |= Facts({symbol: int(amount) for symbol, amount in amounts.items()}).keys
        elif mention.kind == "system":
            keys.add(("chemical_system", "-".join(sorted(symbols))))
        elif mention.kind == "element":
            keys |= {("element", symbol) for symbol in symbols}
        elif mention.kind == "spacegroup" and mention.spacegroup:
            keys |= {("spacegroup", mention.spacegroup), ("crystal_system", crystal_system(mention.spacegroup))}
        elif mention.kind == "crystal_system" and mention.name in CRYSTAL_SYSTEMS:
            keys.add(("crystal_system", str(mention.name)))
    return frozenset(keys)
