"""``clip-mat ingest``, ``ask``, ``passages`` and ``references``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.terminal import (
    PathName,
    changes,
    console,
    json_option,
    note,
    plain,
    print_json,
    progress_bar,
    show_table,
    status_line,
)

if TYPE_CHECKING:
    from indexes import Filter
    from rag.answers import Answer
    from rag.ingest import IngestReport
    from rag.library import PaperLibrary

_paths = click.argument("paths", nargs=-1, type=PathName())
_index = click.option(
    "--index",
    type=PathName(file_okay=False),
    help="Folder of the paper index; by default one in your user data folder.",
)


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True, type=PathName())
@_index
@click.option("--online", is_flag=True, help="Ask Crossref for authors, journal and DOI (uses the network).")
@json_option
def ingest_command(paths: tuple[Path, ...], index: Path | None, online: bool, as_json: bool) -> int:
    """Take papers in: PDF, txt and md files, and folders of them.

    What is known by content is left as it is, so the same command can be run again and again.

    \b
    Example:  clip-mat ingest papers/ notes.md --index perovskites
    """
    from rag import PaperLibrary

    with PaperLibrary(index or _own_library()) as library, progress_bar("reading") as progress:
        report = library.add(paths, online=online, progress=progress)
    if as_json:
        print_json(report.to_dict())
    else:
        _show_report(report)
    if report.added or report.updated or report.unchanged:
        return 0
    if not report.skipped:
        note(f"no PDF, txt or md file in {', '.join(map(str, paths))}")
    return 1


@click.command("ask")
@click.argument("question")
@_paths
@_index
@click.option("--llm", metavar="SPEC",
              help="Let a model draft: openai:gpt-4o, ollama:llama3, http://host/v1, local, local:PATH.")  # fmt: skip
@click.option("--compare", is_flag=True,
              help="Also show what each paper says, and which of them agree and disagree.")  # fmt: skip
@click.option("--show", type=PathName(file_okay=False),
              help="Write the cited pages into this folder as PNG (of text files: HTML), quotes marked.")  # fmt: skip
@click.option("--html", type=PathName(dir_okay=False),
              help="Write a report into this file: answer, quotes, references and the cited pages.")  # fmt: skip
@json_option
def ask_command(
    question: str,
    paths: tuple[Path, ...],
    index: Path | None,
    llm: str | None,
    compare: bool,
    show: Path | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """Answer QUESTION from papers, with the page behind every sentence.

    PATHs are taken in first; without --index only they are asked. Without PATHs and --index your own papers are asked,
    or, as long as you have none, a bundled review on temperature effects in defects.

    The answer is an extract, unless --llm names a language model that drafts it. Then each of its sentences is compared
    with the papers, and none is shown that they do not support. Settings follow the name:
    ollama:llama3?temperature=0.2&timeout=60 (also seed, max_tokens, context). "local" is a small packaged model.

    \b
    Examples:  clip-mat ask "Are temperature effects important for defects?"
               clip-mat ask "What limits the lifetime of perovskite cells?" papers/
               clip-mat ask "How large is the entropy of vacancies in ceria?" --show pages --html answer.html
               clip-mat ask "What is the band gap of CsPbI3?" papers/ --compare
               clip-mat ask "Which thermostat is recommended?" papers/ --llm openai:gpt-4o
    """
    answer = _ask(question, paths, index, llm, compare)
    if as_json:
        print_json(answer.to_dict())
    else:
        show_answer(answer)
    _write(answer, show, html)  # last: an answer that took time is not lost where a file cannot be written


@click.command("passages")
@click.argument("query")
@click.option("-k", "k", default=10, show_default=True, help="How many.")
@_index
@json_option
def passages_command(query: str, k: int, index: Path | None, as_json: bool) -> None:
    """Show the passages that fit QUERY best, without an answer.

    \b
    Example:  clip-mat passages "vibrational entropy of a vacancy" -k 3
    """
    with _open(index) as library:
        hits = library.passages(query, k)
    if as_json:
        print_json(hits.to_dict())
        return
    if not hits:
        console().print("no passages")
        return
    rows = [
        (str(hit.rank), hit.key, ", ".join(map(str, hit.pages)), f"{hit.score:.2f}", hit.text[:300]) for hit in hits
    ]
    show_table(("#", "paper", "page", "score", "passage"), rows, text=("paper",), wrapped=("passage",))


@click.command("references")
@click.option(
    "--format",
    "style",
    type=click.Choice(["mla", "bibtex", "csl-json"]),
    default="mla",
    show_default=True,
    help="MLA text, BibTeX or CSL-JSON.",
)
@_index
@json_option
def references_command(style: str, index: Path | None, as_json: bool) -> None:
    """List the papers of an index as references. --json prints CSL-JSON.

    \b
    Example:  clip-mat references --format bibtex > papers.bib
    """
    from rag.bibliography import mla

    if as_json:
        if changes("--format") and style != "csl-json":
            raise click.UsageError(f"--json prints CSL-JSON; leave out --format {style}")
        style = "csl-json"
    with _open(index) as library:
        if style == "bibtex":
            click.echo(library.bibtex(), nl=False)
        elif style == "csl-json":
            print_json(library.csl_json())
        else:
            for key, paper in library.papers().items():
                click.echo(plain(f"{key}: {mla(paper)}"))


def show_answer(answer: Answer) -> None:
    """The answer as a paragraph, where papers disagree, what each says if asked, and the references."""
    from rich.text import Text

    screen = console()
    screen.print(Text(plain(answer.text)))
    for disagreement in answer.disagreements:
        screen.print(Text.assemble("\n", plain(disagreement.text), style="yellow"))
    if answer.comparison:
        screen.print()
        _show_comparison(answer)
    if answer.references:
        screen.print()
        screen.print(Text("References", style="bold"))
    for reference in answer.references:
        places: dict[int, Any] = {
            support.page: support.label for support in answer.supports if support.key == reference.key
        }
        pages = ", ".join(
            f"{page}" + (f" (printed {label})" if label not in (None, str(page)) else "")
            for page, label in sorted(places.items())
        )
        screen.print(Text.assemble((reference.key, "bold"), plain(f"  {reference.text}")))
        screen.print(Text(plain(f"    {reference.file}, page {pages}"), style="dim"))


def _show_comparison(answer: Answer) -> None:
    others = ("agrees with", "disagrees with")
    rows = [
        (
            statement.key,
            ", ".join(dict.fromkeys(str(support.page) for support in statement.sentence.support)),
            statement.sentence.text,
            ", ".join(statement.agrees),
            ", ".join(statement.disagrees),
        )
        for statement in answer.comparison
    ]
    show_table(("paper", "page", "what it says", *others), rows, text=("paper",), wrapped=("what it says", *others))


def _write(answer: Answer, show: Path | None, html: Path | None) -> None:
    """The cited pages and the report, where they are asked for."""
    if show is None and html is None:
        return
    from rag.report import draw_pages, write_html, write_pages

    pages = draw_pages(answer)
    if show is not None:
        for path in write_pages(answer, show, pages=pages):
            note(f"wrote {path}")
    if html is not None:
        note(f"wrote {write_html(answer, html, pages=pages)}")


def _ask(question: str, paths: tuple[Path, ...], index: Path | None, llm: str | None, compare: bool) -> Answer:
    with asked_papers(paths, index) as (library, where), status_line() as progress:
        answer = library.ask(question, where=where, llm=llm, compare=compare, progress=progress)
    if answer.model.startswith("extractive ("):
        note(f"An extract is shown: {answer.model.removeprefix('extractive (').removesuffix(')')}")
    return answer


@contextmanager
def asked_papers(paths: tuple[Path, ...], index: Path | None) -> Iterator[tuple[PaperLibrary, Filter | None]]:
    """The library that is asked, and which of its papers; files that are given are taken in first."""
    from rag import LibraryError, PaperLibrary

    if not paths:
        with _open(index) as library:
            yield library, None
        return
    with PaperLibrary(index or _own_library()) as library:
        with progress_bar("reading") as progress:
            report = library.add(paths, progress=progress)
        for file, reason in report.skipped:
            note(f"skipped {file}: {reason}")
        keys = library.keys_of(paths)
        if not keys:
            named = ", ".join(map(str, paths))
            raise LibraryError(f"{named}: no PDF, txt or md file there that could be read, so there is nothing to ask")
        yield library, None if index else {"key": {"$in": keys}}


def _open(index: Path | None) -> PaperLibrary:
    """The index asked for; else the user's own papers, where there are any; else the demo."""
    from rag import PaperLibrary

    if index is not None:
        return PaperLibrary(index, create=False)
    if _own_library().is_dir():
        own = PaperLibrary(_own_library(), create=False)
        if own.papers():
            return own
        own.close()
    note("Asking the bundled review; take your own papers in with: clip-mat ingest PATH")
    return PaperLibrary.demo()


def _own_library() -> Path:
    from clip_mat.cache import data_folder

    return data_folder() / "papers"


def _show_report(report: IngestReport) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    rows = [("added", report.added), ("updated", report.updated), ("unchanged", report.unchanged)]
    for state, entries in (*rows, ("skipped", report.skipped)):
        for file, detail in entries:
            table.add_row(state, Text(plain(file)), Text(plain(detail)))
    screen = console()
    screen.print(table)
    counts = ", ".join(f"{len(entries)} {state}" for state, entries in (*rows, ("skipped", report.skipped)))
    screen.print(f"{counts}; {report.pages} pages, {report.passages} passages")
