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
HITS = 3
REQUESTS = ("orthorhombic LiMnO2", "a chloride with the spinel structure")
FROM_NOISE = "TiO2"
MADE = 3


@click.command("demo")
def demo_command() -> None:
    """Ask the bundled review three questions, the last of which it cannot answer; search the bundled prototypes; make
    crystals by text, after templates and from pure noise.

    Uses no network and writes only to its cache.

    \b
    Example:  clip-mat demo
    """
    from rich.text import Text

    from app.generate import show_generated
    from app.materials import show_result
    from app.papers import show_answer
    from clip_mat import Generator, MaterialsIndex
    from rag import PaperLibrary

    note("Reading the bundled review (at first use: a few seconds) ...")
    with PaperLibrary.demo() as papers:
        for question in QUESTIONS:
            console().print(Text(f"\n? {question}\n", style="bold cyan"))
            show_answer(papers.ask(question))
    note("Searching the bundled prototypes (at first use they are indexed: a few seconds) ...")
    with MaterialsIndex.open() as materials:
        for text in SEARCHES:
            console().print(Text(f"\n? {text}\n", style="bold cyan"))
            show_result(materials.search(text, HITS))
        note("Making crystals after the bundled prototypes, and one composition from pure noise ...")
        generator = Generator.load(materials)
        for text in REQUESTS:
            console().print(Text(f"\n? {text}\n", style="bold cyan"))
            show_generated(generator.sample(text, MADE))
        console().print(Text(f"\n? {FROM_NOISE}, from noise\n", style="bold cyan"))
        show_generated(generator.sample(composition=FROM_NOISE, n=MADE, from_noise=True))
