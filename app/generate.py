"""``clip-mat generate``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from app.terminal import (
    PathName,
    PictureName,
    answer_lines,
    changes,
    console,
    counted,
    json_option,
    needs,
    note,
    plain,
    print_json,
    progress_bar,
    show_pairs,
    show_table,
)

if TYPE_CHECKING:
    from clip_mat.generate.exports import ExportFormat
    from clip_mat.generate.generator import Generator, Rank
    from clip_mat.generate.request import CrystalRequest
    from clip_mat.generate.results import GenerationResult

FORMATS = ("cif", "cif-p1", "poscar", "extxyz", "json", "prismatic", "vasp")
NO_FILES = "the folder that files of this format are written into"
_LIKE = '{"composition": "NaCl"}'
_FIELDS = ("text", "composition", "cell", "spacegroup", "crystal_system", "filter", "n", "from_noise", "new", "seed")
TEXT_COLUMNS = ("formula", "space group", "from", "neutral", "new")
SPARED_COLUMNS = ("d / Å", "neutral")
"""Columns that a narrow terminal goes without: distances are checked before a crystal is shown; --json tells both."""
_folder = PathName(file_okay=False)


@click.command("generate")
@click.argument("text", required=False)
@click.option("-n", "n", default=4, show_default=True, help="How many.")
@click.option("--composition", help="Formula, in place of one in TEXT; how many units fill a cell is left free.")
@click.option("--cell", help="Exact content of the cell, like Li4Mn4O8.")
@click.option("--spacegroup", help="Number or symbol, like 225 or Fm-3m.")
@click.option("--crystal-system", help="triclinic to cubic.")
@click.option("--filter", "condition", help="OPTIMADE filter in place of the one read from TEXT; '' for none.")
@click.option("--from-noise", is_flag=True, help="From pure noise, without templates.")
@click.option("--new", is_flag=True, help="Only crystals that the index does not know.")
@click.option("--index", "folder", type=_folder, help="Where templates come from; by default 288 bundled prototypes.")
@click.option("--denoiser", "weights", type=PathName(file_okay=False, exists=True),
              help="Folder of your own weights, as train diffusion writes them.")  # fmt: skip
@click.option("--requests", type=click.File("rb"), help="Requests as JSON Lines; - for stdin. Prints JSON Lines.")
@click.option("--rank", type=click.Choice(["model", "energy"]), default="model", show_default=True,
              help="energy: relax with CHGNet (the extra [relax]) and rank by energy too.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Of everything that is drawn.")
@click.option("--format", "style", type=click.Choice(FORMATS), default="cif", show_default=True, help="For --out.")
@click.option("--out", type=_folder, help="Write the crystals into this folder.")
@click.option("--trajectory", type=_folder, help="Write the way from noise to each crystal here: extxyz and GIF.")
@click.option("--picture", type=PictureName(), help="Draw the first crystals, as PNG.")
@json_option
def generate_command(
    text: str | None,
    n: int,
    composition: str | None,
    cell: str | None,
    spacegroup: str | None,
    crystal_system: str | None,
    condition: str | None,
    from_noise: bool,
    new: bool,
    folder: Path | None,
    weights: Path | None,
    requests: BinaryIO | None,
    rank: Rank,
    seed: int,
    style: ExportFormat,
    out: Path | None,
    trajectory: Path | None,
    picture: Path | None,
    as_json: bool,
) -> int:
    """Make crystals that fit TEXT, a composition or a cell; or any crystals at all.

    How TEXT was understood is shown. Structure types that the index knows are tried with other elements; where they do
    not suffice, and with --from-noise, crystals are made of noise. A composition is obeyed exactly; what cannot be met
    is said.

    \b
    Examples:  clip-mat generate "orthorhombic LiMnO2" --out made
               clip-mat generate --composition NaCl -n 2 --format poscar --out made
               clip-mat generate "wide-gap nitride with the wurtzite structure" --index mine
               clip-mat generate --cell Li4Mn4O8 --from-noise --picture made.png
    """
    from clip_mat.generate.request import CrystalRequest

    if requests is not None:
        asked = any((text, composition, cell, spacegroup, crystal_system, condition, out, trajectory, picture))
        if asked or changes("--format"):
            raise click.UsageError(
                "--requests goes with -n, --seed, --from-noise, --new, --index, --denoiser and --rank only"
            )
        with _open(folder, weights) as generator:
            lines = (line.decode("utf-8", "replace").strip() for line in requests)
            defaults = {"n": n, "seed": seed, "from_noise": from_noise, "new": new}
            return answer_lines(
                filter(None, lines),
                lambda batch: _answers(generator, batch, defaults, rank),
                lambda told: bool(told["structures"]),
                nothing=f"{getattr(requests, 'name', 'stdin')}: no request in it",
                what="generating",
            )
    needs("--format", "--out", NO_FILES)
    request = CrystalRequest.read(
        text or "",
        n=n,
        composition=composition,
        cell=cell,
        spacegroup=spacegroup,
        crystal_system=crystal_system,
        filter=condition,
        from_noise=from_noise,
        new=new,
        seed=seed,
    )
    with _open(folder, weights) as generator, progress_bar("generating") as progress:
        told = progress if rank == "energy" else None
        (result,) = generator.generate([request], rank=rank, trajectory=trajectory is not None, progress=told)
    if out is not None:
        result = result.write(out, style)
        note(f"{counted(len(result), 'crystal')} written to {out}")
    if trajectory is not None:
        ways = result.write_trajectories(trajectory)
        if ways:
            note(f"{counted(ways, 'way')} from noise to crystal written to {trajectory}")
        else:
            note("no crystal was made of noise, so no way is written; add --from-noise")
    if picture is not None and result:
        result.picture().save(picture)
    if as_json:
        print_json(result.to_dict())
    else:
        show_generated(result)
    return 0 if result else 1


def show_generated(result: GenerationResult) -> None:
    """How the request was understood, and the crystals as a table."""
    from rich.text import Text

    show_pairs(result.request.to_rows())
    screen = console()
    for remark in (*result.request.notes, *result.notes):
        screen.print(Text(plain(remark), style="dim"))
    if not result:
        screen.print("no crystals")
        return
    columns, rows = result.table()
    screen.print()
    show_table(columns, rows, text=TEXT_COLUMNS, spared=SPARED_COLUMNS)


def _open(folder: Path | None, weights: Path | None) -> Generator:
    from clip_mat import Generator

    if folder is None:
        note("Templates: 288 bundled prototypes; index your own with: clip-mat index SOURCE --out DIR")
    generator = Generator.load(folder, denoiser=weights)
    if not len(generator.index):
        note(f"{folder}: no crystals in it to take structure types from; put some in with: "
             f"clip-mat index SOURCE --out {folder}")  # fmt: skip
    return generator


def _answers(generator: Generator, lines: list[str], defaults: dict[str, Any], rank: Rank) -> Iterator[dict[str, Any]]:
    """Those that can be understood are made together, in the order of the lines."""
    from clip_mat import ClipMatError

    read: list[CrystalRequest | dict[str, Any]] = []
    for line in lines:
        try:
            read.append(_request(line, defaults))
        except ClipMatError as error:
            read.append({"request": line[:200], "structures": [], "error": str(error)})
    made = iter(generator.generate([request for request in read if not isinstance(request, dict)], rank=rank))
    for request in read:
        yield request if isinstance(request, dict) else next(made).to_dict()


def _request(line: str, defaults: dict[str, Any]) -> CrystalRequest:
    from clip_mat import RequestError
    from clip_mat.generate.request import CrystalRequest

    try:
        given = json.loads(line)
    except ValueError:
        raise RequestError(f"not JSON: {line[:60]!r}; write one object a line, like {_LIKE}") from None
    if not isinstance(given, dict):
        raise RequestError(f"not an object: {line[:60]!r}; write one like {_LIKE}")
    unknown = sorted(set(given) - set(_FIELDS))
    if unknown:
        raise RequestError(f"unknown field {unknown[0]!r}; know {', '.join(_FIELDS)}")
    kept = {name: value for name, value in given.items() if value is not None}
    return CrystalRequest.read(**{**defaults, **kept})
