"""``clip-mat train ranker``: which structure type a composition takes."""

from __future__ import annotations

import os
from pathlib import Path

import click

from app.terminal import PathName, json_option, note, note_skipped, print_json


@click.command("ranker")
@click.option("--data", type=PathName(exists=True), multiple=True, required=True,
              help="Crystals: a parquet, a CIF, or a folder of them; may be given several times.")  # fmt: skip
@click.option("--out", type=PathName(file_okay=False), required=True, help="Folder of the weights.")
@click.option("--epochs", default=4, show_default=True, type=click.IntRange(1), help="Passes over the crystals.")
@click.option("--matched", default=5000, show_default=True, type=click.IntRange(0),
              help="Crystals for which the matcher is asked as well.")  # fmt: skip
@click.option("--max-sites", default=20, show_default=True, type=click.IntRange(1),
              help="Only crystals of at most so many atoms.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Decides all that is drawn.")
@json_option
def ranker_command(
    data: tuple[Path, ...], out: Path, epochs: int, matched: int, max_sites: int, seed: int, as_json: bool
) -> None:
    """Train the ranker of structure types, each crystal asked for in turn with its formula left out.

    Takes about fifteen minutes of one core for 17,000 crystals, and as many again where the matcher is asked. At the
    end it tells how often proposals match crystals of formulas that were kept out.

    \b
    Example:  clip-mat train ranker --data train.parquet --out ranker
    """
    from clip_mat.evaluation.csp_tasks import read_entries
    from clip_mat.generate.templates import Template
    from clip_mat.training.ranker import save_ranker, train_ranker
    from clip_mat.training.ranker_net import RankerConfig

    entries = [
        entry for path in data for entry in read_entries(path, skipped=note_skipped) if len(entry.crystal) <= max_sites
    ]
    config = RankerConfig(epochs=epochs, matched=matched, seed=seed)
    lines: list[str] = []

    def tell(line: str) -> None:
        lines.append(line)
        note(line)

    weights = train_ranker(list(map(Template.of, entries)), config, processes=os.cpu_count() or 1, told=tell)
    save_ranker(weights, out)
    if as_json:
        print_json({"out": str(out), "crystals": len(entries), "validation": lines})
