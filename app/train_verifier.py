"""``clip-mat train verifier``: whether a passage says what a sentence says."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from app.terminal import PathName, json_option, note, print_json, show_run

VALIDATION = 400
"""Lessons to choose by, fewer where there are fewer to learn from."""


@click.command("verifier")
@click.option(
    "--data",
    type=PathName(file_okay=False, exists=True),
    required=True,
    help="Folder with papers (PDF), questions (ChemLit-QA) and answers (ScholarQABench), at any depth.",
)
@click.option("--out", type=PathName(file_okay=False), required=True, help="Folder of the run.")
@click.option("--minutes", default=25.0, show_default=True, type=click.FloatRange(0, min_open=True),
              help="Time limit, over all parts of the run.")  # fmt: skip
@click.option("--steps", type=click.IntRange(1), help="At most so many steps.")
@click.option("--lessons", default=12_000, show_default=True, type=click.IntRange(1),
              help="Different pairs to learn from.")  # fmt: skip
@click.option("--threads", type=click.IntRange(1), help="Threads of torch on the CPU.")
@click.option("--resume", is_flag=True, help="Continue the run in --out from its last checkpoint.")
@click.option("--seed", default=0, show_default=True, help="Decides all that is drawn.")
@json_option
def verifier_command(
    data: Path,
    out: Path,
    minutes: float,
    steps: int | None,
    lessons: int,
    threads: int | None,
    resume: bool,
    seed: int,
    as_json: bool,
) -> int:
    """Train the verifier of sentences on papers, each sentence in other words or made false in one place.

    The folder takes the weights with their model card, the logs (CSV and TensorBoard) and a checkpoint every few
    minutes. SIGTERM and Ctrl-C end the run after the current step, with a checkpoint.

    \b
    Example:  clip-mat train verifier --data papers --out run --minutes 25
              clip-mat train verifier --data papers --out run --minutes 25 --resume
    """
    import torch

    from rag.verify.lessons import read_sources, split_sources
    from rag.verify.training import VerifierTraining, train_verifier

    logging.getLogger("clip_mat.training").setLevel(logging.INFO)
    if threads is not None:
        torch.set_num_threads(threads)
    split = split_sources(read_sources(data, told=note))
    config = VerifierTraining(
        minutes=minutes, steps=steps, lessons=lessons, validation=min(VALIDATION, lessons), seed=seed
    )
    summary = train_verifier(split, out, config, resume=resume)
    if as_json:
        print_json(summary.to_dict())
    return show_run(
        out, finished=summary.finished, steps=summary.steps, minutes=summary.minutes, metrics=summary.metrics
    )
