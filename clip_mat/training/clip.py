"""Training of Crystal CLIP, from files to shipped weights."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from clip_mat.clip import CrystalClip, load_model, save_model
from clip_mat.language.captions import write_caption
from clip_mat.sentence_encoder import packaged_folder
from clip_mat.towers.model import ModelConfig, TwoTowers
from clip_mat.towers.text_tower import Reader
from clip_mat.training.card import write_card
from clip_mat.training.config import LossName, TrainConfig
from clip_mat.training.dataset import read_training_set
from clip_mat.training.distributed import speaks_for_all
from clip_mat.training.pairs import PairSource, TrainingSet
from clip_mat.training.run import RUN_FILE, RunSummary
from clip_mat.training.trainer import train

BATCH = 256
CHUNK = 64
VALIDATION = 1000
"""Crystals kept for validation, and the size of its gallery; whole formulas, so that none is half known."""
LEARNING_RATES = {"": 1e-3}


def train_clip(
    data: Sequence[Path],
    out: Path,
    *,
    minutes: float | None = None,
    epochs: int | None = None,
    written: Path | None = None,
    held_out: frozenset[str] = frozenset(),
    init: Path | None = None,
    shared: bool = True,
    loss: LossName = "infonce",
    batch: int = BATCH,
    device: str = "auto",
    threads: int | None = None,
    resume: bool = False,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> RunSummary:
    """Train both towers and write them to a folder that `CrystalClip.load` reads.

    Args:
        data: Files or folders of crystals.
        out: Takes the weights, the model card, checkpoints and logs.
        minutes: Time limit.
        epochs: Passes over the data at most.
        written: Parquet of captions by others: columns ``material_id`` and ``prompt``.
        held_out: Ids whose written captions are left alone.
        init: Folder of trained weights to begin from; by default training begins anew.
        shared: Whether both towers pass what is stated through the same weights.
        loss: See `clip_mat.training.losses`.
        batch: Pairs in a batch, over all ranks.
        device: Torch device, or "auto".
        threads: Of torch on the CPU.
        resume: Continue the run that lies in `out`.
        seed: Decides everything that is drawn.
        progress: Called with crystals done and crystals in all while graphs are made.

    Raises:
        TrainingError: If there is nothing to learn from, or a run to resume does not fit.
        WeightsError: If there are no weights to begin from.
    """
    whole = read_training_set(data, out / "cache", seed, written, held_out, progress)
    training, validation = _split(whole, seed)
    torch.manual_seed(seed)
    sizes = ModelConfig(shared=shared)
    model = TwoTowers(sizes, packaged_folder())
    earlier = 0.0 if init is None else begin_from(init, model)
    config = TrainConfig(
        minutes=minutes,
        epochs=epochs,
        learning_rates=LEARNING_RATES,
        loss=loss,
        bank=loss == "infonce",
        two_pass=False,
        evaluate_every=2,
        seed=seed,
        threads=threads,
    )
    source = PairSource(training, Reader(packaged_folder(), sizes.vocabulary), batch, CHUNK, seed)
    trained = train(
        model, source, config, out, evaluate=_Validation(validation, seed, device), device=device, resume=resume
    )
    averaged = trained.model
    if not isinstance(averaged, TwoTowers):
        raise TypeError(f"the trainer gave back a {type(averaged).__name__}")
    if speaks_for_all():
        save_model(averaged, out)
        trained.summary.write(out, hours_before=earlier)
        write_card(out, trained.summary, len(training.facts), earlier)
    return trained.summary


def begin_from(folder: Path, model: TwoTowers) -> float:
    """Put trained weights into a model; layers that they lack stay as they are.

    Returns:
        Hours that were spent on them.
    """
    trained = load_model(folder)[0].state_dict()
    fresh = model.state_dict()
    model.load_state_dict({n: value for n, value in trained.items() if value.shape == fresh[n].shape}, strict=False)
    run = folder / RUN_FILE
    if not run.is_file():
        return 0.0
    told = json.loads(run.read_text(encoding="utf-8"))
    return float(told["hours"]) + float(told.get("hours_before", 0.0))


def _split(data: TrainingSet, seed: int) -> tuple[TrainingSet, TrainingSet]:
    """Some whole formulas for validation, the rest to learn from."""
    formulas = sorted({facts.formula for facts in data.facts})
    random.Random(seed).shuffle(formulas)
    share = min(VALIDATION / len(data.facts), 0.1)
    kept = set(formulas[: int(share * len(formulas))])
    inside = [row for row, facts in enumerate(data.facts) if facts.formula not in kept]
    outside = [row for row, facts in enumerate(data.facts) if facts.formula in kept]
    return _rows(data, inside), _rows(data, outside)


def _rows(data: TrainingSet, rows: Sequence[int]) -> TrainingSet:
    place = {row: i for i, row in enumerate(rows)}
    return replace(
        data,
        graphs=[data.graphs[row] for row in rows],
        shaken=[data.shaken[row] for row in rows],
        facts=[data.facts[row] for row in rows],
        written={place[row]: captions for row, captions in data.written.items() if row in place},
    )


class _Validation:
    """Recall in the validation gallery, with and without symmetry, for captions of a fixed seed."""

    def __init__(self, data: TrainingSet, seed: int, device: str) -> None:
        from clip_mat.towers.graphs import hidden

        self._device = device
        self._graphs = {"": data.graphs, " without symmetry": [hidden(graph) for graph in data.graphs]}
        rng = random.Random(seed)
        self._texts = {
            "system": [write_caption(facts, rng, "chemsys+system").text for facts in data.facts],
            "shape": [write_caption(facts, rng, "anonymous+spacegroup").text for facts in data.facts],
            "any": [write_caption(facts, rng).text for facts in data.facts],
        }

    def __call__(self, model: nn.Module) -> dict[str, float]:
        figures: dict[str, float] = {}
        if not isinstance(model, TwoTowers) or not self._graphs[""]:
            return figures
        clip = CrystalClip(model, "in training", str(next(model.parameters()).device))
        for arm, graphs in self._graphs.items():
            crystals = clip.encode_graphs(graphs)
            for name, texts in self._texts.items():
                scores = clip.encode_text(texts) @ crystals.T
                rank = (scores > np.diagonal(scores)[:, None]).sum(1)
                figures[f"R@1 {name}{arm}"] = float((rank < 1).mean())
                figures[f"R@10 {name}{arm}"] = float((rank < 10).mean())
        return figures
