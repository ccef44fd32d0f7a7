"""``clip-mat eval csp``: how often the structure of a composition is predicted."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from app.terminal import PathName, changes, console, json_option, note_skipped, print_json, progress_bar

if TYPE_CHECKING:
    from clip_mat import Crystal, Generator
    from clip_mat.evaluation.csp import Generate
    from clip_mat.evaluation.scores import Estimate
    from clip_mat.generate.checks import KnownCrystals
    from clip_mat.generate.generator import Rank
    from clip_mat.generate.ranking import Judge
    from clip_mat.generate.templates import Templates

_path = PathName(exists=True)


@click.command("csp")
@click.option("--library", type=_path, help="Where templates come from: an index, or a file or folder of crystals.")
@click.option("--requests", "asked", type=_path, required=True,
              help="Crystals to predict: a parquet, a folder, or a benchmark's zip of POSCAR splits.")  # fmt: skip
@click.option("--content", type=click.Choice(["cell", "composition"]), default="cell", show_default=True,
              help="What is told: the content of the cell, as benchmarks do, or only the formula.")  # fmt: skip
@click.option("--spacegroup", is_flag=True, help="Tell the space group too.")
@click.option("-n", "n", default=20, show_default=True, type=click.IntRange(1, 1000), help="Crystals for each.")
@click.option("--from-noise", is_flag=True, help="Without templates.")
@click.option("--new", is_flag=True, help="Ask for crystals that the library does not know.")
@click.option("--rank", type=click.Choice(["model", "energy"]), default="model", show_default=True,
              help="energy: of the whole generator, relaxed and ranked with CHGNet (the extra [relax]).")  # fmt: skip
@click.option("--denoiser", type=PathName(file_okay=False, exists=True),
              help="Folder of weights that make crystals of noise.  [default: those that come along]")  # fmt: skip
@click.option(
    "--max-sites", default=20, show_default=True, type=click.IntRange(1), help="Only crystals of at most so many atoms."
)
@click.option("--limit", type=click.IntRange(1), help="Most requests, drawn at random.  [default: all]")
@click.option("--part", type=click.Choice(["val", "test"]), default="test", show_default=True,
              help="Which split of a zip is asked for; templates come from its training split.")  # fmt: skip
@click.option("--processes", type=click.IntRange(1), help="That share the comparisons.  [default: one a processor]")
@click.option("--seed", default=0, show_default=True, help="Of requests, noise and bootstraps.")
@json_option
def csp_command(
    library: Path | None,
    asked: Path,
    content: Literal["cell", "composition"],
    spacegroup: bool,
    n: int,
    from_noise: bool,
    new: bool,
    rank: Rank,
    denoiser: Path | None,
    max_sites: int,
    limit: int | None,
    part: Literal["val", "test"],
    processes: int | None,
    seed: int,
    as_json: bool,
) -> None:
    """Match rate and RMSE at 1 and n beside untrained substitution, and what the matcher does not see.

    Every request counts, answered or not. Brackets hold 95% bootstrap intervals. With an index as library the whole
    generator is measured; with a file or folder its ranked templates alone. The baseline puts the elements asked for
    into the templates whose elements are nearest. Where no template has the space group that is told, both answer with
    those of others.

    \b
    Example:  clip-mat eval csp --library train.parquet --requests val.parquet --limit 200
    """
    from clip_mat.evaluation.csp import gains, predict, render, score_csp
    from clip_mat.evaluation.csp_tasks import read_tasks

    if library is None and not from_noise:
        raise click.UsageError("--library is needed, unless crystals are made --from-noise")
    if new and library is None:
        raise click.UsageError("--new needs a --library: what it holds is not new")
    if (new or denoiser or rank == "energy") and not from_noise and library is not None and not _is_index(library):
        given = "--new" if new else "--denoiser" if denoiser else "--rank energy"
        raise click.UsageError(f"{given} is for the whole generator: give an index as --library, or --from-noise")
    if changes("--part") and asked.suffix.lower() != ".zip":
        raise click.UsageError(f"--part chooses a split of a zip, and {asked} is none")
    share = processes or os.cpu_count() or 1
    tasks = read_tasks(
        asked, max_sites=max_sites, limit=limit, seed=seed, part=part, processes=share, skipped=note_skipped
    )
    outcomes, scores = [], []
    with ExitStack() as stack:
        systems, known = _systems(
            stack, library, {"from_noise": from_noise, "new": new}, rank, denoiser, max_sites, seed
        )
        for name, generate in systems.items():
            with progress_bar(name) as progress:
                outcome = predict(
                    name, generate, tasks, n, content, spacegroup=spacegroup, processes=share, progress=progress
                )
            outcomes.append(outcome)
            scores.append(score_csp(outcome, tasks, n, known=known, seed=seed))
    found = {other.name: gains(outcomes[0], other, n, seed=seed) for other in outcomes[1:]}
    if as_json:
        asked_for = {
            "requests": len(tasks),
            "content": content,
            "spacegroup": spacegroup,
            "new": new,
            "rank": rank,
            "n": n,
            "seed": seed,
        }
        print_json(asked_for | {"systems": [one.to_dict() for one in scores], "gains": _dicts(found)})
    else:
        _show(render(scores, found))


def _systems(
    stack: ExitStack,
    library: Path | None,
    way: dict[str, Any],
    rank: Rank,
    denoiser: Path | None,
    max_sites: int,
    seed: int,
) -> tuple[dict[str, Generate], KnownCrystals | None]:
    """Generators by name, ours first; and what counts as known."""
    from clip_mat import MaterialsIndex
    from clip_mat.evaluation.csp_tasks import read_entries
    from clip_mat.generate.checks import KnownCrystals
    from clip_mat.generate.ranking import NearestElements, default_ranker
    from clip_mat.generate.templates import IndexTemplates, Template, TemplateLibrary

    systems: dict[str, Generate] = {}
    index: MaterialsIndex | None = None
    templates: Templates | None = None
    known: KnownCrystals | None = None
    if library is not None and _is_index(library):
        index = stack.enter_context(MaterialsIndex.open(library, create=False))
        templates, known = IndexTemplates(index, max_sites), KnownCrystals.of_index(index)
    elif library is not None:
        entries = [entry for entry in read_entries(library, "train", note_skipped) if len(entry.crystal) <= max_sites]
        templates = TemplateLibrary(map(Template.of, entries))
        known = KnownCrystals.of_crystals([entry.crystal for entry in entries])
    if index is not None or way["from_noise"]:
        from clip_mat import Generator

        generator = stack.enter_context(Generator.load(index, denoiser=denoiser, known=known))
        systems["from noise" if way["from_noise"] else "clip-mat"] = partial(_generate, generator, way, rank, seed)
    elif templates is not None:
        systems["ranked templates"] = _proposer(templates, default_ranker())
    if templates is not None:
        systems["substitution"] = _proposer(templates, NearestElements())
    return systems, known


def _generate(
    generator: Generator, way: dict[str, Any], rank: Rank, seed: int, requests: Sequence[dict[str, Any]]
) -> list[list[Crystal]]:
    from clip_mat.generate.request import CrystalRequest

    read = [CrystalRequest.read(**request, **way, seed=seed + place) for place, request in enumerate(requests)]
    with progress_bar("generating") as progress:
        return [[one.crystal for one in result] for result in generator.generate(read, rank=rank, progress=progress)]


def _proposer(templates: Templates, judge: Judge) -> Callable[[Sequence[dict[str, Any]]], list[list[Crystal]]]:
    from clip_mat.generate.proposals import propose
    from clip_mat.generate.request import CrystalRequest

    def generate(requests: Sequence[dict[str, Any]]) -> list[list[Crystal]]:
        made: list[list[Crystal]] = []
        with progress_bar("proposing") as progress:
            for request in requests:
                read = CrystalRequest.read(**request)
                counts = read.cell or read.composition or {}
                found = propose(
                    templates,
                    counts,
                    cell=read.cell is not None,
                    spacegroup=read.spacegroup,
                    limit=read.n,
                    judge=judge,
                    any_symmetry=True,
                )
                made.append([one.crystal for one in found])
                progress(len(made), len(requests), "")
        return made

    return generate


def _is_index(path: Path) -> bool:
    """Whether a folder holds a store, rather than files of crystals."""
    return (path / "store.sqlite").is_file()


def _dicts(found: dict[str, dict[str, Estimate]]) -> dict[str, Any]:
    return {other: {name: gain.to_dict() for name, gain in measures.items()} for other, measures in found.items()}


def _show(parts: Sequence[Any]) -> None:
    screen = console()
    if not screen.is_terminal:  # a file has room for whole tables
        screen.width = 120
    for part in parts:
        screen.print(part)
