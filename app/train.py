"""``clip-mat train``: make the models anew, on your own crystals if you like."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import click

from app.terminal import json_option, note, print_json

DEFAULT_MINUTES = 110.0


@click.group("train")
def train_command() -> None:
    """Train the models."""


@train_command.command("clip")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    required=True,
    help="Crystals: a parquet, a CIF, or a folder of them; may be given several times.",
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the run.")
@click.option("--minutes", type=float, help="Time limit, over all parts of the run.  [default: 110, without --epochs]")
@click.option("--epochs", type=int, help="Passes over the crystals.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option("--resume", is_flag=True, help="Continue the run in --out from its last checkpoint.")
@click.option("--seed", default=0, show_default=True, help="Of the weights, the captions and the order.")
@json_option
def clip_command(
    data: tuple[Path, ...],
    out: Path,
    minutes: float | None,
    epochs: int | None,
    device: str,
    resume: bool,
    seed: int,
    as_json: bool,
) -> int:
    """Train the text tower and the crystal tower of Crystal CLIP.

    The folder takes the weights with their model card, the logs (CSV and TensorBoard) and a checkpoint every few
    minutes. SIGTERM and Ctrl-C end the run after the current step, with a checkpoint. For several processes or GPUs
    put `torchrun --nproc-per-node N -m app.cli` in the place of `clip-mat`.

    \b
    Example:  clip-mat train clip --data crystals.parquet --out run
              clip-mat train clip --data crystals.parquet --out run --resume
    """
    from clip_mat.training.clip import train_clip

    logging.getLogger("clip_mat.training").setLevel(logging.INFO)
    if minutes is None and epochs is None:
        minutes = DEFAULT_MINUTES
    summary = train_clip(data, out, minutes=minutes, epochs=epochs, device=device, resume=resume, seed=seed)
    if os.environ.get("RANK", "0") != "0":  # under torchrun the first process speaks for all
        return 0
    if as_json:
        print_json(summary.to_dict())
    if not summary.finished:
        note(f"{out}: stopped at step {summary.steps} (continue with --resume)")
        return 1
    figures = "".join(f", {name} {value:.3f}" for name, value in summary.metrics.items())
    note(f"{out}: {summary.steps} steps in {60 * summary.hours:.0f} minutes{figures}")
    return 0
