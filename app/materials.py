"""``clip-mat index`` and ``search``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click
from click.shell_completion import CompletionItem

from app.generate import FORMATS, NO_FILES
from app.terminal import (
    PathName,
    PictureName,
    answer_lines,
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
    from clip_mat import Crystal, MaterialsIndex
    from clip_mat.generate.exports import ExportFormat
    from clip_mat.search.adding import IndexReport
    from clip_mat.search.results import SearchResult

_folder = PathName(file_okay=False)


def _files(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The shell completes names of files; a provider is typed."""
    return [CompletionItem(incomplete, type="file")]


@click.command("index")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", shell_complete=_files)
@click.option("--out", type=_folder, required=True, help="Folder of the index; made where it is missing.")
@json_option
def index_command(sources: tuple[str, ...], out: Path, as_json: bool) -> int:
    """Take crystals into an index that `clip-mat search` searches.

    A SOURCE is a CIF, POSCAR, extended XYZ or JSON file, a folder of them, a parquet table with a column cif (and
    material_id, band_gap, ...), or optimade:PROVIDER?filter=FILTER, which asks that provider over the network. What is
    known by content is left as it is, so the same command can be run again and again, also after it was stopped.

    \b
    Examples:  clip-mat index structures/ --out mine
               clip-mat index materials.parquet --out mine
               clip-mat index 'optimade:oqmd?filter=elements HAS ALL "Li","Mn","O"' --out lmo
    """
    from clip_mat import CrystalClip, MaterialsIndex

    if not all(sources):
        raise click.UsageError("the name of a SOURCE is empty (is a variable not set?)")
    clip = CrystalClip.load(processes=os.cpu_count() or 1)
    with closing(clip), MaterialsIndex.open(out, clip) as index, progress_bar("indexing") as progress:
        report = index.add(sources, progress=progress)
        size = len(index)
    if as_json:
        print_json(report.to_dict())
    else:
        _show_report(report, size, out)
    took_nothing = not (report.added or report.updated or report.unchanged)
    return 1 if took_nothing and report.skipped else 0


@click.command("search")
@click.argument("text", required=False)
@click.option("-k", "k", default=10, show_default=True, help="How many.")
@click.option("--index", "folder", type=_folder, help="Folder of an index; by default 288 bundled prototypes.")
@click.option("--filter", "condition", help="OPTIMADE filter in place of the one read from TEXT; '' for none.")
@click.option("--like", type=PathName(), help="Rank by likeness to the crystal in this file.")
@click.option("--queries", type=click.File("rb"), help="Searches, one a line; - for stdin. Prints JSON Lines.")
@click.option("--export", type=_folder, help="Write the structures found into this folder.")
@click.option("--format", "style", type=click.Choice(FORMATS), default="cif", show_default=True, help="For --export.")
@click.option("--picture", type=PictureName(), help="Draw the first hits, as PNG.")
@json_option
def search_command(
    text: str | None,
    k: int,
    folder: Path | None,
    condition: str | None,
    like: Path | None,
    queries: BinaryIO | None,
    export: Path | None,
    style: ExportFormat,
    picture: Path | None,
    as_json: bool,
) -> int:
    """Find compounds that fit TEXT.

    Numbers, exclusions and lists of elements in TEXT become an OPTIMADE filter, which is shown, holds for every hit,
    and can be replaced with --filter; the other words rank. A use, like "thermoelectric", is looked for by likeness to
    known compounds that serve. A search by --filter alone lists stable compounds first.

    \b
    Examples:  clip-mat search "rock salt structure"
               clip-mat search "lead-free halide perovskite, gap above 1.5 eV" --index mine
               clip-mat search "layered oxide" --filter 'elements HAS "Li" AND nelements=3' --index mine
               clip-mat search --like NaCl.cif --picture alike.png
    """
    if sum(given is not None for given in (text, like, queries)) > 1:
        raise click.UsageError("give one of TEXT, --like and --queries")
    if text is None and like is None and queries is None and condition is None:
        raise click.UsageError("say what to find: TEXT, --filter, --like or --queries")
    if queries is not None and (export or picture):
        raise click.UsageError("--export and --picture show one search, not those of --queries")
    needs("--format", "--export", NO_FILES)
    with _open(folder) as index:
        if queries is not None:
            texts = (line.decode("utf-8", "replace").rstrip("\r\n") for line in queries)
            return answer_lines(
                texts,
                lambda batch: _answers(index, batch, k, condition),
                lambda told: "error" not in told,
                nothing=f"{getattr(queries, 'name', 'stdin')}: no search in it",
                what="searching",
            )
        if like is not None:
            result = index.search_by_structure(_first_crystal(like), k, condition)
        else:
            result = index.search(text or "", k, condition)
        if export:
            _export(index, result, export, style)
        if picture:
            index.picture(result).save(picture)
    if as_json:
        for remark in result.notes:
            note(remark)
        print_json(result.to_dict())
    else:
        show_result(result)
    return 0


def show_result(result: SearchResult) -> None:
    """How the request was understood, and the hits as a table."""
    from rich.text import Text

    from clip_mat.search.results import TABLE_COLUMNS, table_row

    condition = ("filter", result.filter or "none", "edit with --filter")
    show_pairs([condition, ("ranked by", result.text or "stability")])
    screen = console()
    for remark in result.notes:
        screen.print(Text(plain(remark), style="dim"))
    if not result.hits:
        screen.print("no hits")
        return
    screen.print()
    show_table(
        TABLE_COLUMNS, [table_row(hit) for hit in result.hits], text=("id", "formula", "space group"), spared=("score",)
    )


def _open(folder: Path | None) -> MaterialsIndex:
    from clip_mat import MaterialsIndex

    if folder is not None:
        return MaterialsIndex.open(folder, create=False)
    note("Searching 288 bundled prototypes; index your own compounds with: clip-mat index SOURCE --out DIR")
    return MaterialsIndex.open()


def _answers(index: MaterialsIndex, texts: Sequence[str], k: int, condition: str | None) -> Iterator[dict[str, Any]]:
    """Together, which is fast; one by one where one of them cannot be answered."""
    from clip_mat import RequestError

    try:
        yield from [result.to_dict() for result in index.search_many(texts, k, condition)]
    except RequestError as error:
        if len(texts) == 1:
            yield {"query": texts[0], "error": str(error)}
        else:
            for text in texts:
                yield from _answers(index, [text], k, condition)


def _first_crystal(path: Path) -> Crystal:
    """Raises CrystalError where there is none."""
    from clip_mat import CrystalError
    from clip_mat.structures import Entry, read_crystals

    reason = "no structure in it"
    for item in read_crystals(path):
        if isinstance(item, Entry):
            return item.crystal
        reason = item.reason
    raise CrystalError(f"{path}: {reason}")


def _export(index: MaterialsIndex, result: SearchResult, folder: Path, style: ExportFormat) -> None:
    from clip_mat import CrystalError
    from clip_mat.generate.exports import export

    notes: list[str] = []
    written = 0
    for hit in result:
        name = f"{hit.rank:03}_{hit.formula}_{hit.id}"
        try:
            done = export(index.get(hit.id), folder, style, name=name, title=hit.id)
        except CrystalError as error:
            notes.append(f"{hit.formula}: {error}")
            continue
        written += 1
        notes += [done.note] if done.note else []
    for remark in (*dict.fromkeys(notes), f"{counted(written, 'structure')} written to {folder}"):
        note(remark)


def _show_report(report: IndexReport, size: int, out: Path) -> None:
    from rich.table import Table
    from rich.text import Text

    screen = console()
    if report.skipped:
        table = Table(box=None, pad_edge=False, show_header=False)
        for item in report.skipped:
            table.add_row("skipped", Text(plain(item.id)), Text(plain(item.reason)))
        screen.print(table)
    counts = {
        "added": len(report.added),
        "updated": len(report.updated),
        "unchanged": len(report.unchanged),
        "skipped": len(report.skipped),
    }
    told = ", ".join(f"{count:,} {state}" for state, count in counts.items())
    screen.print(Text(plain(f"{told}; {size:,} compounds in {out}")))
