"""``clip-mat train``: make the models anew, on your own crystals if you like."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.terminal import PathName, json_option, needs, print_json, progress_bar, show_run
from app.train_ranker import ranker_command
from app.train_verifier import verifier_command

if TYPE_CHECKING:
    from clip_mat.training.config import LossName
    from clip_mat.training.run import RunSummary

DEFAULT_MINUTES = 110.0


@click.group("train")
def train_command() -> None:
    """Train the models, on your own crystals if you like.

    \b
    Examples:  clip-mat train clip --data crystals.parquet --out run
               clip-mat train diffusion --data crystals.parquet --out run
    """


train_command.add_command(ranker_command)
train_command.add_command(verifier_command)


def _run_options(data: str, seed: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Options of every run: on what, where, how long, from what, by what.

    Args:
        data: What --data takes.
        seed: What --seed decides.
    """
    options = (
        click.option(
            "--data",
            type=PathName(exists=True),
            multiple=True,
            required=True,
            help=f"Crystals: {data}; may be given several times.",
        ),
        click.option("--out", type=PathName(file_okay=False), required=True, help="Folder of the run."),
        click.option(
            "--minutes",
            type=click.FloatRange(0, min_open=True),
            help="Time limit, over all parts of the run.  [default: 110, without --epochs]",
        ),
        click.option("--epochs", type=click.IntRange(1), help="Passes over the crystals."),
        click.option(
            "--init",
            type=PathName(file_okay=False, exists=True),
            help="Folder of trained weights to begin from.",
        ),
        click.option("--threads", type=click.IntRange(1), help="Threads of torch on the CPU."),
        click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda."),
        click.option("--resume", is_flag=True, help="Continue the run in --out from its last checkpoint."),
        click.option("--seed", default=0, show_default=True, help=f"Of {seed}."),
    )

    def add(command: Callable[..., int]) -> Callable[..., int]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


@train_command.command("clip")
@_run_options("a parquet, a CIF, or a folder of them", "the weights, the captions and the order")
@click.option(
    "--captions",
    type=PathName(dir_okay=False, exists=True),
    help="Parquet of captions that people wrote: columns material_id and prompt.",
)
@click.option(
    "--held-out",
    type=PathName(dir_okay=False, exists=True),
    help="File of ids, one a line, whose written captions are kept for evaluation.",
)
@click.option(
    "--loss",
    type=click.Choice(["infonce", "siglip", "clip", "chemeleon"]),
    default="infonce",
    show_default=True,
    help="Multi-positive infonce or siglip; to compare with: CLIP's own, by open_clip, or Chemeleon's.",
)
@click.option("--apart", is_flag=True, help="Share no weights between the towers, to compare losses without them.")
@json_option
def clip_command(
    captions: Path | None, held_out: Path | None, loss: LossName, apart: bool, as_json: bool, **run: Any
) -> int:
    """Train the text tower and the crystal tower of Crystal CLIP.

    The folder takes the weights with their model card, the logs (CSV and TensorBoard) and a checkpoint every few
    minutes. SIGTERM and Ctrl-C end the run after the current step, with a checkpoint. For several processes or GPUs
    put `torchrun --nproc-per-node N -m app.cli` in the place of `clip-mat`.

    \b
    Example:  clip-mat train clip --data crystals.parquet --out run
              clip-mat train clip --data crystals.parquet --out run --resume
    """
    from clip_mat.evaluation.queries import read_ids
    from clip_mat.training.clip import train_clip

    needs("--held-out", "--captions", "of which it keeps some apart")
    kept = frozenset(read_ids(held_out)) if held_out else frozenset()
    own = {"written": captions, "held_out": kept, "loss": loss, "shared": not apart}
    return _train(train_clip, run | own, "making graphs", as_json)


@train_command.command("diffusion")
@_run_options(
    "a parquet, a CIF, a folder of them, or a benchmark's zip", "the weights, the noise, the captions and the order"
)
@click.option(
    "--clip",
    type=PathName(file_okay=False, exists=True),
    help="Folder of the Crystal CLIP whose vectors guide it.  [default: the one that comes along]",
)
@click.option(
    "--max-sites",
    type=click.IntRange(1),
    help="Only crystals of at most so many atoms.  [default: 20, or as the weights of --init]",
)
@click.option("--batch", default=128, show_default=True, type=click.IntRange(1), help="Crystals in a step.")
@click.option(
    "--workers", default=0, show_default=True, type=click.IntRange(0), help="Processes that prepare lessons for a GPU."
)
@json_option
def diffusion_command(
    clip: Path | None, max_sites: int | None, batch: int, workers: int, as_json: bool, **run: Any
) -> int:
    """Train the generative model of crystals, on those of few atoms in the cell.

    The folder takes the weights with their model card, the logs (CSV and TensorBoard) and a checkpoint every few
    minutes. SIGTERM and Ctrl-C end the run after the current step, with a checkpoint. For several processes or GPUs
    put `torchrun --nproc-per-node N -m app.cli` in the place of `clip-mat`; on a CPU two processes of one thread
    each are faster than one of two.

    \b
    Example:  clip-mat train diffusion --data crystals.parquet --out run
              clip-mat train diffusion --data crystals.parquet --out run --minutes 25 --batch 512 --workers 14
              clip-mat train diffusion --data crystals.parquet --out run --resume
    """
    from clip_mat.training.diffusion import train_diffusion

    own = {"clip": clip, "most_atoms": max_sites, "batch": batch, "workers": workers}
    return _train(train_diffusion, run | own, "encoding crystals", as_json)


def _train(train: Callable[..., RunSummary], options: Mapping[str, Any], what: str, as_json: bool) -> int:
    """Run a training and say how it went; the exit status.

    Args:
        train: `train_clip` or `train_diffusion`.
        options: Its arguments.
        what: It does before it trains, beside the bar.
        as_json: Whether to print the summary as JSON, too.
    """
    from clip_mat.training.distributed import speaks_for_all

    logging.getLogger("clip_mat.training").setLevel(logging.INFO)
    limited = options["minutes"] is not None or options["epochs"] is not None
    with ExitStack() as stack:
        chosen = options if limited else {**options, "minutes": DEFAULT_MINUTES}
        summary = train(**chosen, progress=_bar_until_done(stack, what))
    if not speaks_for_all():
        return 0
    if as_json:
        print_json(summary.to_dict())
    return show_run(
        options["out"],
        finished=summary.finished,
        steps=summary.steps,
        minutes=60 * summary.hours,
        metrics=summary.metrics,
    )


def _bar_until_done(stack: ExitStack, what: str) -> Callable[[int, int], None]:
    """A progress bar that is gone when all is done, since training draws its own then."""
    bar: list[Callable[[int, int, str], None]] = []

    def show(done: int, total: int) -> None:
        if not bar:
            bar.append(stack.enter_context(progress_bar(what)))
        bar[0](done, total, "")
        if done == total:
            stack.close()

    return show
