"""``clip-mat eval retrieval``: how well texts find crystals, and crystals texts."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.terminal import PathName, PictureName, console, json_option, needs, note_skipped, print_json, progress_bar

if TYPE_CHECKING:
    from clip_mat import CrystalClip
    from clip_mat.evaluation import Arm, Estimate, Gallery, ModelReport, Query
    from clip_mat.evaluation.report import SearchReport
    from clip_mat.language.captions import Tier

_file = PathName(dir_okay=False, exists=True)
_folder = PathName(file_okay=False)
_TIERS: tuple[Tier, ...] = (
    "formula+system",
    "formula+spacegroup",
    "anonymous+spacegroup",
    "chemsys+system",
    "full",
    "any",
)


@click.command("retrieval")
@click.option(
    "--gallery",
    "paths",
    type=PathName(exists=True),
    multiple=True,
    required=True,
    help="Crystals to search: a parquet, a CIF, or a folder; may be given several times.",
)
@click.option("--queries", type=_file, help="Ids, one a line, of the crystals to ask for; all where none is given.")
@click.option("--tiers", type=click.Choice(_TIERS), multiple=True, help="What captions tell.  [default: all]")
@click.option("--written", type=_file, help="Captions by others: parquet with material_id and prompt.")
@click.option("--held-out", type=_file, help="With --written: ids, one a line, of those to take.")
@click.option("--free", type=_file, help="Queries as people type them: JSON Lines of id, query, states, filter.")
@click.option("--no-symmetry", is_flag=True, help="Also without telling the model space groups.")
@click.option("--shaken", is_flag=True, help="Also with 0.05 Å of noise on every coordinate.")
@click.option("--model", type=_folder, help="Folder of a trained model; by default the one that is shipped.")
@click.option("--compare", type=_folder, help="Another model, on the same queries.")
@click.option("--search", is_flag=True, help="Also the search with filters read from the text, over an index.")
@click.option("--index", type=_folder, help="With --search: keep the index here, for next time.")
@click.option("--cache", type=_folder, help="Keep the vectors of the gallery here, for next time.")
@click.option("--map", "picture", type=PictureName(".png", ".svg", ".pdf"), help="Draw the space to this file.")
@click.option("--seed", default=0, show_default=True, help="Of captions, noise, pools and bootstraps.")
@json_option
def retrieval_command(
    paths: tuple[Path, ...],
    queries: Path | None,
    tiers: tuple[Tier, ...],
    written: Path | None,
    held_out: Path | None,
    free: Path | None,
    no_symmetry: bool,
    shaken: bool,
    model: Path | None,
    compare: Path | None,
    search: bool,
    index: Path | None,
    cache: Path | None,
    picture: Path | None,
    seed: int,
    as_json: bool,
) -> None:
    """Recall and MRR over a whole gallery beside their ceilings, classes from prompts, names of structure types.

    Only the one crystal that a text is about counts as found. A ceiling is what a perfect model gets that breaks ties
    by chance, among all crystals of which the text is true. Brackets hold 95% bootstrap intervals.

    \b
    Example:  clip-mat eval retrieval --gallery train.parquet --gallery val.parquet --queries ids.txt
    """
    from clip_mat import CrystalClip
    from clip_mat.evaluation import measure
    from clip_mat.evaluation.maps import draw_map
    from clip_mat.evaluation.queries import read_ids

    if bool(written) != bool(held_out):
        raise click.UsageError("--written and --held-out go together: only captions that training never saw count")
    needs("--index", "--search", "which searches it")
    gallery = _read_gallery(paths)
    asked = read_ids(queries) if queries else list(gallery.ids)
    lists = _lists(gallery, asked, tiers or _TIERS, written, held_out, free, seed)
    arms: list[Arm] = ["symmetry"]
    arms += ["no symmetry"] if no_symmetry else []
    arms += ["shaken"] if shaken else []
    reports = []
    for folder in (model, compare) if compare else (model,):
        with closing(CrystalClip.load(folder, processes=os.cpu_count() or 1)) as clip:
            with progress_bar("encoding") as progress:
                report = measure(
                    clip, gallery, lists, arms=arms, asked=asked, seed=seed, cache=cache, progress=progress
                )
            if search and folder is model:
                report = replace(report, search=_measure_search(clip, gallery, lists, paths, index, seed))
        reports.append(report)
    gains = _gains(*reports, seed=seed) if compare else {}
    if picture:
        with closing(CrystalClip.load(model, processes=os.cpu_count() or 1)) as clip:
            texts = [query.text for query in next(iter(lists.values()))]
            draw_map(picture, gallery.encode(clip, cache=cache), gallery.facts, clip.encode_text(texts), seed=seed)
    if as_json:
        told = {name: gain.to_dict() for name, gain in gains.items()}
        print_json({"seed": seed, "models": [report.to_dict() for report in reports], "gains": told})
    else:
        _show(reports, gains)


def _show(reports: Sequence[ModelReport], gains: Mapping[str, Estimate]) -> None:
    from clip_mat.evaluation import render

    screen = console()
    if not screen.is_terminal:  # a file has room for whole tables
        screen.width = 100
    for report in reports:
        for part in render(report):
            screen.print(part)
            screen.print()
    for name, gain in gains.items():
        screen.print(f"R@1, {name}: first less second {gain}")


def _read_gallery(paths: Sequence[Path]) -> Gallery:
    from clip_mat.evaluation import Gallery

    with progress_bar("reading") as progress:
        return Gallery.read(paths, progress=progress, skipped=note_skipped)


def _lists(
    gallery: Gallery,
    asked: Sequence[str],
    tiers: Sequence[Tier],
    written: Path | None,
    held_out: Path | None,
    free: Path | None,
    seed: int,
) -> dict[str, Sequence[Query]]:
    """Queries by the name of their list."""
    from clip_mat.evaluation.queries import caption_queries, read_free_queries, read_ids, read_written_captions

    lists: dict[str, Sequence[Query]] = {}
    for tier in tiers:
        lists[tier] = caption_queries(gallery, asked, tier, seed=seed)
    if written and held_out:
        lists["written"] = read_written_captions(written, gallery, read_ids(held_out))
    if free:
        lists["free"] = read_free_queries(free)
    return lists


def _measure_search(
    clip: CrystalClip,
    gallery: Gallery,
    lists: Mapping[str, Sequence[Query]],
    paths: Sequence[Path],
    index: Path | None,
    seed: int,
) -> SearchReport:
    from clip_mat import MaterialsIndex
    from clip_mat.evaluation import measure_search

    with tempfile.TemporaryDirectory() as folder, MaterialsIndex.open(index or folder, clip) as materials:
        with progress_bar("indexing") as progress:
            for path in paths:
                materials.add(path, progress=progress)

        def search(texts: Sequence[str], k: int) -> list[list[str]]:
            return [[hit.id for hit in found] for found in materials.search_many(texts, k)]

        return measure_search(search, gallery, lists, seed=seed)


def _gains(ours: ModelReport, other: ModelReport, *, seed: int) -> dict[str, Estimate]:
    """R@1 of the first model less that of the second, by list of queries."""
    from clip_mat.evaluation import gain

    rows = zip(ours.arms[0].to_crystal, other.arms[0].to_crystal, strict=True)
    return {one.name: gain(one, two, seed=seed) for one, two in rows}
