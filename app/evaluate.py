"""``clip-mat eval``: the measures, with their baselines beside them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.csp import csp_command
from app.design_eval import design_command
from app.guidance import text_command
from app.retrieval import retrieval_command
from app.terminal import PathName, goes_without, json_option, needs, note, print_json, progress_bar
from app.verifier import verifier_command

if TYPE_CHECKING:
    from rag.evaluation import AnswerReport, FidelityReport, Question, RetrievalReport, Searcher
    from rag.library import PaperLibrary
    from rag.retrieval import Method

_file = PathName(dir_okay=False, exists=True)
_SYSTEMS: dict[str, Method] = {"clip-mat": "fused", "BM25 alone": "bm25", "vectors alone": "vectors"}


@click.group("eval")
def eval_command() -> None:
    """Measure how good answers, hits and crystals are.

    \b
    Examples:  clip-mat eval qa --papers papers/ --questions questions.jsonl
               clip-mat eval retrieval --gallery crystals.parquet
    """


eval_command.add_command(retrieval_command)
eval_command.add_command(csp_command)
eval_command.add_command(text_command)
eval_command.add_command(verifier_command)
eval_command.add_command(design_command)


@eval_command.command("qa")
@click.option(
    "--papers",
    type=PathName(exists=True),
    help="Folder of the papers (PDF, txt, md); by default the bundled review.",
)
@click.option("--questions", type=_file, help="Questions the papers answer, JSON Lines: question, file, pages, answer.")
@click.option("--off-topic", type=_file, help="Questions that they do not answer, JSON Lines: question.")
@click.option("--contexts", type=_file, help="A pool instead of papers, JSON Lines: context, question.")
@click.option("--paraphrases", type=_file, help="With --contexts: JSON Lines of context_sha256, paraphrase.")
@click.option("--index", type=PathName(file_okay=False), help="Keep the index here, for next time.")
@click.option("--sentences", default=200, show_default=True, type=click.IntRange(0),
              help="Random sentences whose quotes are checked.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Of the bootstrap and the random sentences.")
@json_option
def qa_command(
    papers: Path | None,
    questions: Path | None,
    off_topic: Path | None,
    contexts: Path | None,
    paraphrases: Path | None,
    index: Path | None,
    sentences: int,
    seed: int,
    as_json: bool,
) -> None:
    """Page hits, quotes and silence on questions with known answers.

    Prints hit@k, MRR and nDCG@10 with 95% bootstrap intervals beside BM25 alone and vectors alone; the share of quotes
    that an independent reader finds on their stated page; how often it answers and how often it is silent.

    \b
    Example:  clip-mat eval qa --papers papers/ --questions questions.jsonl --off-topic other.jsonl
    """
    needs("--paraphrases", "--contexts", "which they are about")
    goes_without("--contexts", ("--papers", "--questions", "--off-topic", "--sentences"), "a pool stands in for papers")
    with ExitStack() as stack:
        folder = index or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if contexts:
            result = _score_contexts(folder, contexts, paraphrases, seed)
        else:
            result = _score_papers(folder, papers, questions, off_topic, sentences, seed)
    if as_json:
        print_json(result.to_dict())
    else:
        result.show()


class _Result:
    """What was measured, for machines and for people."""

    def __init__(
        self,
        retrieval: Mapping[str, Sequence[RetrievalReport]],
        answers: AnswerReport | None = None,
        fidelity: FidelityReport | None = None,
    ) -> None:
        self._retrieval = retrieval
        self._answers = answers
        self._fidelity = fidelity

    def to_dict(self) -> dict[str, Any]:
        return {
            "retrieval": {name: [r.to_dict() for r in reports] for name, reports in self._retrieval.items()},
            "answers": self._answers.to_dict() if self._answers else None,
            "fidelity": self._fidelity.to_dict() if self._fidelity else None,
        }

    def show(self) -> None:
        from rag.evaluation import compare, retrieval_table

        for name, reports in self._retrieval.items():
            if not reports[0].ranks:
                continue
            click.echo(f"{name}\n\n{retrieval_table(reports)}\n")
            gain = compare(reports[0], reports[1])
            click.echo(f"hit@1, {reports[0].system} minus {reports[1].system}: {gain}\n")
        if self._answers:
            a = self._answers
            click.echo(f"answered when the papers do         {a.answered}")
            click.echo(f"silent when they do not             {a.abstained}")
            click.echo(f"answer holds the gold string        {a.contains_gold}")
            click.echo(f"answer cites a gold page            {a.cites_gold}")
        if self._fidelity:
            click.echo(f"quotes                              {self._fidelity}")


def _score_papers(
    folder: Path, papers: Path | None, questions: Path | None, off_topic: Path | None, sentences: int, seed: int
) -> _Result:
    from rag.demo import PAPER
    from rag.evaluation import Quote, check_quotes, evaluate_answers, sample
    from rag.evaluation.questions import same_file

    source = papers or PAPER
    asked, elsewhere = (_questions(file) for file in (questions, off_topic))
    library = _library(folder, [source])
    places = {path.name: path for path in ([source] if source.is_file() else sorted(source.rglob("*")))}
    for file in sorted({question.file for question in asked if question.file}):
        if not any(same_file(name, file) for name in places):
            note(f"{file}: a question is asked of it, but it is none of the papers, so that counts as not found")
    answers = evaluate_answers(library.ask, asked, elsewhere, seed=seed)
    drawn = sample([Quote(*quote) for quote in library.quotes()], sentences, seed=seed)
    fidelity = check_quotes(
        [quote for quote in [*answers.quotes, *drawn] if quote.file.lower().endswith(".pdf")],
        lambda file: places[file],
    )
    return _Result({"Pages": _compare(library, asked, "page", seed)}, answers, fidelity)


def _score_contexts(folder: Path, contexts: Path, paraphrases: Path | None, seed: int) -> _Result:
    from rag import LibraryError
    from rag.evaluation import read_contexts

    pool = read_contexts(contexts)
    if not pool.contexts:
        raise LibraryError(f"{contexts}: no context in it; write JSON Lines of context and question")
    with tempfile.TemporaryDirectory() as files:
        library = _library(folder, pool.write(Path(files)))
    tables = {f"Contexts ({len(pool.contexts)} in one pool)": _compare(library, pool.questions, "file", seed)}
    if paraphrases:
        tables["Paraphrased questions"] = _compare(library, pool.reworded(paraphrases), "file", seed)
    return _Result(tables)


def _library(folder: Path, paths: Sequence[Path]) -> PaperLibrary:
    """The papers of some paths. Raises LibraryError where there is none."""
    from rag import LibraryError, PaperLibrary

    library = PaperLibrary(folder)
    with progress_bar("reading") as progress:
        report = library.add(paths, progress=progress)
    for file, reason in report.skipped:
        note(f"skipped {file}: {reason}")
    if not library.papers():
        raise LibraryError(f"{', '.join(map(str, paths))}: no PDF, txt or md file there that could be read")
    return library


def _questions(file: Path | None) -> list[Question]:
    from rag import QuestionError
    from rag.evaluation import read_questions

    found = read_questions(file) if file else []
    if file and not found:
        raise QuestionError(f"{file}: no question in it")
    return found


def _compare(library: PaperLibrary, questions: Sequence[Question], unit: Any, seed: int) -> list[RetrievalReport]:
    from rag.evaluation import evaluate_retrieval

    def searcher(method: Method) -> Searcher:
        return lambda query, k: library.passages(query, k, method=method)

    return [
        evaluate_retrieval(name, searcher(method), questions, unit=unit, seed=seed) for name, method in _SYSTEMS.items()
    ]
