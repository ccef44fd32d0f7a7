"""``clip-mat eval design``: from questions to crystals, held against what is expected."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from app.terminal import PathName, json_option, note, print_json, progress_bar

_folder = PathName(file_okay=False)


@click.command("design")
@click.option("--papers", type=PathName(exists=True), required=True, help="The papers that are asked.")
@click.option("--questions", type=PathName(dir_okay=False, exists=True), required=True,
              help="JSON Lines: question, expected.")  # fmt: skip
@click.option("--templates", type=_folder, help="Structure index for templates; by default 288 bundled prototypes.")
@click.option("--index", type=_folder, help="Keep the paper index here, for next time.")
@click.option("-n", "n", default=4, show_default=True, help="Crystals of each question.")
@click.option("--llm", help="Language model that writes the answers.")
@click.option("--seed", default=0, show_default=True, help="Of everything that is drawn.")
@json_option
def design_command(
    papers: Path,
    questions: Path,
    templates: Path | None,
    index: Path | None,
    n: int,
    llm: str | None,
    seed: int,
    as_json: bool,
) -> None:
    """Whether requests are right, crystals obey them, and pages say so.

    Crystals are read back from their CIF by pymatgen, quotes are looked up on their pages by a reader that is not ours.
    Every question counts.

    \b
    Example:  clip-mat eval design --papers papers/ --questions tests/data/design_questions.jsonl
    """
    from clip_mat import Generator
    from rag import PaperLibrary
    from rag.design import plan
    from rag.evaluation.designs import evaluate_designs, read_design_questions

    asked = read_design_questions(questions)
    places = {path.name: path for path in ([papers] if papers.is_file() else sorted(papers.rglob("*")))}
    with ExitStack() as stack:
        folder = index or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        library = stack.enter_context(PaperLibrary(folder))
        with progress_bar("reading") as reading:
            report = library.add([papers], progress=reading)
        for file, reason in report.skipped:
            note(f"skipped {file}: {reason}")
        generator = stack.enter_context(Generator.load(templates))
        show = stack.enter_context(progress_bar("designing"))
        done = 0

        def design(question: str) -> dict[str, Any]:
            nonlocal done
            made = plan(library, question, llm=llm, n=n, seed=seed).make(generator)
            done += 1
            show(done, len(asked), question)
            return made.to_dict()

        result = evaluate_designs(asked, design, lambda file: places[file])
    if as_json:
        print_json(result.to_dict())
    else:
        click.echo(str(result))
