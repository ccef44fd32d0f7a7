"""``clip-mat eval verifier``: whether false sentences are seen and true ones let pass."""

from __future__ import annotations

from pathlib import Path

import click

from app.terminal import PathName, json_option, note, print_json


@click.command("verifier")
@click.option(
    "--data",
    type=PathName(file_okay=False, exists=True),
    required=True,
    help="Folder with papers (PDF), questions, answers, and the claims of SciFact, at any depth.",
)
@click.option(
    "--model",
    type=PathName(file_okay=False, exists=True),
    help="Folder of trained weights; by default those that are shipped.",
)
@click.option(
    "--written",
    type=PathName(dir_okay=False, exists=True),
    help="Claims written by hand about sentences of the papers, JSON Lines: file, sentence, true, false.",
)
@click.option("--most", default=200, show_default=True, type=click.IntRange(1), help="Cases of a list.")
@click.option("--seed", default=0, show_default=True, help="Of the cases and of the bootstrap.")
@json_option
def verifier_command(data: Path, model: Path | None, written: Path | None, most: int, seed: int, as_json: bool) -> None:
    """Falsehoods seen, true sentences let pass, and claims judged against abstracts, beside baselines.

    Sentences are of documents that `clip-mat train verifier` keeps apart; brackets hold 95% bootstrap intervals.

    \b
    Example:  clip-mat eval verifier --data papers --written claims.jsonl
    """
    from rag.evaluation.measures import table
    from rag.verify import Verifier
    from rag.verify.evaluation import CLAIMS, measure, read_claims, read_written
    from rag.verify.lessons import read_sources, split_sources

    files = sorted(data.rglob(CLAIMS))
    if not files:
        note(f"{data}: no {CLAIMS} there, so claims of SciFact are not judged")
    claims = read_claims(files[0]) if files else []
    split = split_sources(read_sources(data))
    more = read_written(written, split.test) if written else {}
    rows = measure(Verifier.load(model), split, claims, written=more, most=most, seed=seed)
    if as_json:
        print_json({"seed": seed, "rows": [row.to_dict() for row in rows]})
        return
    systems = list(dict.fromkeys(row.system for row in rows))
    lists = list(dict.fromkeys(row.cases for row in rows))
    cells = {(row.system, row.cases): f"{row.right}" for row in rows}
    sizes = {row.cases: row.right.n for row in rows}
    body = [(f"{name} ({sizes[name]})", *(cells.get((system, name), "-") for system in systems)) for name in lists]
    click.echo(table(["judged right", *systems], body))
    for row in rows:
        if row.auc is not None:
            click.echo(f"AUC on {row.cases}, {row.system}: {row.auc:.3f}")
