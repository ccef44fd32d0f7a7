"""Training of the generative model, from files to shipped weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from clip_mat.clip import CrystalClip
from clip_mat.errors import WeightsError
from clip_mat.generate.cells import LatticeScale, pattern_of
from clip_mat.generate.denoiser import Denoiser, DenoiserConfig
from clip_mat.generate.denoiser_weights import load_denoiser, save_denoiser
from clip_mat.generate.flow import Lesson, losses
from clip_mat.training.config import TrainConfig
from clip_mat.training.diffusion_card import write_diffusion_card
from clip_mat.training.diffusion_data import MOST_ATOMS, read_diffusion_set, split
from clip_mat.training.diffusion_run import train_denoiser
from clip_mat.training.distributed import chosen_device, speaks_for_all
from clip_mat.training.lessons import LessonSource
from clip_mat.training.run import RunSummary

BATCH = 128
CHUNK = 64
"""Crystals that go through the network at once on a CPU, whose caches are small; elsewhere it is the whole batch."""
VALIDATION = 600
"""Formulas kept for validation."""
LEARNING_RATE = 1.5e-3
FURTHER_RATE = 1e-3
"""Of a model that was trained before."""
WEIGHTS = "weights"
"""Folder, in that of the run, that always holds the averaged weights of the last checkpoint."""


def train_diffusion(
    data: Sequence[Path],
    out: Path,
    *,
    minutes: float | None = None,
    epochs: int | None = None,
    clip: Path | None = None,
    init: Path | None = None,
    most_atoms: int | None = None,
    batch: int = BATCH,
    device: str = "auto",
    threads: int | None = None,
    workers: int = 0,
    resume: bool = False,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> RunSummary:
    """Train the denoiser and write it to a folder that `CrystalDenoiser.load` reads.

    Args:
        data: Files or folders of crystals, or zips of a benchmark, of which the training split is read.
        out: Takes checkpoints and logs, and in ``weights`` the weights and their model card.
        minutes: Time limit.
        epochs: Passes over the data at most.
        clip: Folder of the Crystal CLIP whose vectors condition it; by default the one that comes with this package.
            A run may be resumed with another one.
        init: Folder of trained weights to begin from; by default training begins anew. Formulas are kept for validation
            by their names alone, so on the same data those stay unseen.
        most_atoms: In a cell; larger crystals are left out. By default `MOST_ATOMS`, or what `init` was made for.
        batch: Crystals in a step, over all ranks.
        device: Torch device, or "auto".
        threads: Of torch on the CPU.
        workers: Processes that prepare lessons; a GPU waits for them.
        resume: Continue the run that lies in `out`.
        seed: Decides everything that is drawn.
        progress: Called with crystals done and crystals in all while they are encoded.

    Raises:
        TrainingError: If there is nothing to learn from, or a run to resume does not fit.
        WeightsError: If there are no usable weights to begin from, or they are made for other sizes.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    reader = CrystalClip.load(clip)
    torch.manual_seed(seed)
    model = None if init is None else _trained(init, reader.dimension, most_atoms)
    if most_atoms is None:
        most_atoms = MOST_ATOMS if model is None else model.config.most_atoms
    whole = read_diffusion_set(data, out / "cache", reader, seed, most_atoms=most_atoms, progress=progress)
    training, validation = split(whole, VALIDATION)
    patterns = Counter(pattern_of(crystal) for crystal in training.crystals)
    sizes = np.bincount([len(crystal) for crystal in training.crystals], minlength=most_atoms + 1)
    cells = tuple(sizes.tolist())
    if model is None:
        known = DenoiserConfig(vector=reader.dimension, most_atoms=most_atoms, cells=cells)
        model = Denoiser(replace(known, scale=LatticeScale.of(training.lattices)))
    else:  # it keeps its scale of lattices
        model.config = replace(model.config, cells=cells)
    scale = model.config.scale
    chunk = CHUNK if chosen_device(device).type == "cpu" else batch
    config = TrainConfig(
        minutes=minutes,
        epochs=epochs,
        learning_rates={"": LEARNING_RATE if init is None else FURTHER_RATE},
        warmup_steps=300,
        ema_decay=0.9995,
        evaluate_every=5,
        seed=seed,
        threads=threads,
        workers=workers,
    )
    trained = train_denoiser(
        model,
        LessonSource(training, scale, batch, chunk, seed),
        config,
        out,
        evaluate=_Validation(LessonSource(validation, scale, batch, CHUNK, seed)) if len(validation) else None,
        keep=lambda averaged: save_denoiser(averaged, out / WEIGHTS, reader.fingerprint, patterns),
        device=device,
        resume=resume,
    )
    if speaks_for_all():
        save_denoiser(trained.model, out / WEIGHTS, reader.fingerprint, patterns)
        trained.summary.write(out)
        write_diffusion_card(out / WEIGHTS, trained.summary, len(training), most_atoms)
    return trained.summary


def _trained(folder: Path, dimension: int, most_atoms: int | None) -> Denoiser:
    """A trained model to begin from."""
    model, *_ = load_denoiser(folder)
    wanted = {"vectors of length": (dimension, model.config.vector)}
    if most_atoms is not None:
        wanted["atoms in a cell at most:"] = most_atoms, model.config.most_atoms
    for what, (asked, made_for) in wanted.items():
        if asked != made_for:
            raise WeightsError(f"{folder}: made for {what} {made_for}, not {asked}; train anew")
    return model


class _Validation:
    """Losses on crystals kept out of training of which nothing is told; the same noise each time."""

    def __init__(self, source: LessonSource) -> None:
        order = sorted(range(source.size), key=lambda row: len(source.data.crystals[row]))
        self._lessons: list[Lesson] = []
        for start in range(0, len(order), CHUNK):
            rows = order[start : start + CHUNK]
            self._lessons.append(source.lesson(rows, [np.random.default_rng([1, row]) for row in rows], plain=True))

    @torch.no_grad()
    def __call__(self, model: Denoiser) -> dict[str, float]:
        device = next(model.parameters()).device
        total = {"atoms": 0.0, "lattice": 0.0, "spacegroup": 0.0, "elements": 0.0}
        crystals = 0
        for lesson in self._lessons:
            moved = lesson.to(device)
            elements = model.composer(moved.kinds, moved.conditions)
            parts = losses(model(moved.state, moved.conditions), elements, moved)
            for name in total:
                total[name] += len(lesson) * float(parts[name])
            crystals += len(lesson)
        return {name: value / crystals for name, value in total.items()}
