"""``clip-mat eval text``: whether the generator does what texts ask."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.terminal import PathName, console, json_option, note_skipped, print_json, progress_bar

if TYPE_CHECKING:
    from clip_mat import Crystal
    from clip_mat.evaluation.gap_model import GapModel
    from clip_mat.evaluation.guidance import GuidanceRow, TextReport
    from clip_mat.evaluation.unguided import UnguidedReport


@click.command("text")
@click.option("--index", type=PathName(file_okay=False), help="Where templates come from.")
@click.option("--requests", "asked", type=PathName(exists=True), required=True,
              help="Crystals whose composition and crystal system are asked for in words.")  # fmt: skip
@click.option("--gaps", type=PathName(exists=True),
              help="Crystals with known band gaps: a judge of metals and wide gaps is fitted on them.")  # fmt: skip
@click.option("--limit", default=500, show_default=True, type=click.IntRange(1), help="Requests, drawn at random.")
@click.option(
    "--max-sites", default=20, show_default=True, type=click.IntRange(1), help="Only crystals of at most so many atoms."
)
@click.option(
    "--each",
    default=100,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Crystals for each class that is asked for.",
)
@click.option(
    "--unguided",
    default=500,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Crystals of requests that ask for nothing.",
)
@click.option("--from-noise", is_flag=True, help="Without templates.")
@click.option("--seed", default=0, show_default=True, help="Of requests, crystals and bootstraps.")
@json_option
def text_command(
    index: Path | None,
    asked: Path,
    gaps: Path | None,
    limit: int,
    max_sites: int,
    each: int,
    unguided: int,
    from_noise: bool,
    seed: int,
    as_json: bool,
) -> None:
    """Composition and symmetry of requests in words; classes asked for without a formula; crystals of no request.

    Every request counts: a crystal that is missing counts as wrong. A class is reached where asking for it makes it at
    least five times as frequent as asking for nothing, or gives it nine times in ten.

    \b
    Example:  clip-mat eval text --index mine --requests val.parquet --gaps train.parquet
    """
    from clip_mat import CrystalError, Generator
    from clip_mat.entry_facts import facts_of
    from clip_mat.evaluation.csp_tasks import read_entries
    from clip_mat.evaluation.gap_model import GapModel
    from clip_mat.evaluation.guidance import measure_guidance, measure_text
    from clip_mat.evaluation.unguided import measure_unguided
    from clip_mat.generate.checks import KnownCrystals
    from clip_mat.generate.request import CrystalRequest

    entries = [entry for entry in read_entries(asked, skipped=note_skipped) if len(entry.crystal) <= max_sites]
    if not entries:
        raise CrystalError(f"{asked}: no crystal of at most {max_sites} atoms to ask for")
    chosen = random.Random(seed).sample(entries, min(limit, len(entries)))
    facts = [found for entry in chosen if (found := facts_of(entry)).spacegroup is not None]
    judge: GapModel | None = None
    if gaps is not None:
        known = [
            entry
            for entry in read_entries(gaps, skipped=note_skipped)
            if isinstance(entry.properties.get("band_gap"), float)
        ]
        if not known:
            raise CrystalError(f"{gaps}: no crystal with a band gap; give a parquet with a column band_gap")
        values = [float(str(entry.properties["band_gap"])) for entry in known]
        judge = GapModel.fit([entry.crystal for entry in known], values, seed=seed)
    with Generator.load(index) as generator, progress_bar("generating") as progress:

        def generate(requests: Sequence[dict[str, Any]]) -> list[list[Crystal]]:
            read = [CrystalRequest.read(**{**request, "from_noise": from_noise}) for request in requests]
            return [[made.crystal for made in result] for result in generator.generate(read, progress=progress)]

        report = measure_text(generate, facts, seed=seed)
        (free,) = generate([{"n": unguided, "seed": seed}])
        nothing = measure_unguided(
            free, unguided, [entry.crystal for entry in entries], KnownCrystals.of_index(generator.index), seed=seed
        )
        rows = measure_guidance(generate, free, judge, each=each, seed=seed)
    if as_json:
        document = {
            "text": report.to_dict(),
            "unguided": nothing.to_dict(),
            "guidance": [row.to_dict() for row in rows],
        }
        print_json(document | {"judge_auc": judge.auc if judge else {}})
    else:
        _show(report, nothing, rows, judge)


def _show(report: TextReport, nothing: UnguidedReport, rows: Sequence[GuidanceRow], judge: GapModel | None) -> None:
    from rich.table import Table

    screen = console()
    screen.print(f"{nothing.asked} crystals of which nothing was asked")
    for name in ("valid", "plausible", "composition", "unique", "novel", "triclinic", "density", "elements"):
        value = getattr(nothing, name)
        told = f"{value:.3f} (Wasserstein distance)" if isinstance(value, float) else str(value or "-")
        screen.print(f"  {name:<14}  {told}")
    screen.print()
    screen.print(f"{report.requests} requests of composition and crystal system in words")
    screen.print(f"  composition     {report.composition}")
    screen.print(f"  crystal system  {report.system}")
    screen.print(f"  in P1           {report.triclinic}\n")
    table = Table("class", "asked for", "not asked for", "reached", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(row.name, str(row.asked), str(row.unguided), "yes" if row.reached else "no")
    screen.print(table)
    if judge:
        told = ", ".join(f"{name} {auc:.3f}" for name, auc in judge.auc.items())
        screen.print(f"\njudge of gaps, AUC on chemical systems it was not fitted on: {told}")
