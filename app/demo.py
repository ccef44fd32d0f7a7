"""``clip-mat demo``: what the project does, on what it brings along."""

from __future__ import annotations

import click

from app.terminal import console, note

QUESTIONS = (
    "Are temperature effects important for defects?",
    "How large is the formation entropy of oxygen vacancies in ceria?",
    "Who won the football world cup in 1998?",
)
SEARCHES = ("rock salt structure", "lead-free ternary perovskite")
HITS = 4


@click.command("demo")
def demo_command() -> None:
    """Ask the bundled review three questions, the last of which it cannot answer, and search the bundled prototypes.

    Uses no network and writes only to its cache.

    \b
    Example:  clip-mat demo
    """
    from rich.text import Text

    from app.materials import show_result
    from app.papers import show_answer
    from clip_mat import MaterialsIndex
    from rag import PaperLibrary

    note("Reading the bundled review (at first use: a few seconds) ...")
    with PaperLibrary.demo() as papers:
        for question in QUESTIONS:
            console().print(Text(f"\n? {question}\n", style="bold cyan"))
            show_answer(papers.ask(question))
    note("\nSearching the bundled prototypes (at first use they are indexed: a few seconds) ...")
    with MaterialsIndex.open() as materials:
        for text in SEARCHES:
            console().print(Text(f"\n? {text}\n", style="bold cyan"))
            show_result(materials.search(text, HITS))
