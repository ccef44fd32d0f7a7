"""Questions that ask what something is, and the sentences that say so."""

from __future__ import annotations

from pathlib import Path

import pytest
from hash_encoder import HashEncoder

from clip_mat import SentenceEncoder
from rag.answers import DEFINITION, LIMITATION
from rag.definitions import DESCRIBES, INTRODUCES, SAYS, defines, term_asked
from rag.library import PaperLibrary
from rag.reading.sentences import sentence_ends


@pytest.mark.parametrize(
    ("question", "term"),
    [
        ("What is polyBERT?", "polyBERT"),
        ("what are perovskites", "perovskites"),
        ("What is the tolerance factor?", "tolerance factor"),
        ("What is meant by 'ergodicity'?", "ergodicity"),
        ("What does LOCO CV stand for?", "LOCO CV"),
        ("What does GAME-Net do?", "GAME-Net"),
        ("What does the term 'barostat' mean?", "barostat"),
        ("What is silica gel?", "silica gel"),
        ("Define the solid-state energy scale.", "solid-state energy scale"),
        ("What is the band gap of GaN?", None),
        ("What is a thermostat in molecular dynamics?", "thermostat"),
        ("What is the band gap in silicon?", None),
        ("What is a typical time step?", None),
        ("What is the best thermostat?", None),
        ("What is known about CsPbI3?", None),
        ("How stable is CsPbI3?", None),
        ("Which thermostat is recommended?", None),
        ("What?", None),
    ],
)
def test_which_questions_ask_what_something_is(question: str, term: str | None) -> None:
    assert term_asked(question) == term


@pytest.mark.parametrize(
    ("term", "sentence", "degree"),
    [
        ("barostat", "A barostat is an algorithm that keeps the pressure.", SAYS),
        ("barostats", "Barostats are algorithms that keep the pressure.", SAYS),
        ("anion redox", "In this context, anion redox refers to processes in which the anion is oxidised.", SAYS),
        ("ElemNet", "We train a network that we refer to as ElemNet.", SAYS),
        ("polyBERT", "We train a language model called polyBERT.", SAYS),
        ("LLM-Prop", "We then propose LLM-Prop, a method that reads descriptions.", INTRODUCES),
        ("GAME-Net", "Here we present GAME-Net (Graph-based Adsorption on Metal Energy-neural Network).", INTRODUCES),
        ("LOCO CV", "Leave-one-cluster-out cross-validation (LOCO CV) groups what is alike.", INTRODUCES),
        ("PCE", "The power conversion efficiency (PCE) rose to 25%.", INTRODUCES),
        ("polyBERT", "Next, we train polyBERT, a Transformer, with these data.", DESCRIBES),
        ("perovskites", "Perovskites have the general formula ABX3.", SAYS),
        ("perovskite", "Compounds of that structure are known as perovskites.", SAYS),
        ("transfer learning", "Transfer learning focuses on using what one task taught for another.", SAYS),
        ("Ewald summation", "The Ewald summation technique provides one way to sum charges.", SAYS),
        ("barostat", "Barostats maintain the pressure.", DESCRIBES),
        ("barostat", "The goal of a barostat is to keep the pressure.", DESCRIBES),
        ("barostat", "With the slow barostat, the cell hardly changes.", 0),
        ("barostat", "Barostats are known to be slow.", 0),
        ("machine learning", "We develop a machine learning approach to alloys.", 0),
        ("barostat", "The barostat is slow to converge.", 0),
        ("barostat", "We use a barostat at all times.", 0),
        ("ElemNet", "ElemNet predicts the enthalpy within 0.05 eV.", 0),
        ("LOCO CV", "We cluster with k-means (LOCO CV) in what follows.", 0),
        ("LLM-Prop", "All of these make LLM-Prop (LLM-Prop+all).", 0),
        ("CV", "The curve (CV) is shown.", 0),
        ("barostat", "A thermostat is an algorithm that keeps the temperature.", 0),
    ],
)
def test_how_well_a_sentence_says_what_a_thing_is(term: str, sentence: str, degree: int) -> None:
    assert defines(term, sentence) == degree


def test_a_name_that_begins_small_can_begin_a_sentence() -> None:
    text = "It is faster than fingerprints. polyBERT runs on GPUs. mRNA is something else."

    assert [text[:end].rsplit(". ", 1)[-1] for end in sentence_ends(text)] == [
        "It is faster than fingerprints.",
        "polyBERT runs on GPUs.",
        "mRNA is something else.",
    ]


def test_the_sentence_that_says_what_a_thing_is_leads_among_many_that_name_it(tmp_path: Path) -> None:
    uses = [
        f"# Section {n}\n\nZetaNet zetanet results of ZetaNet in run {n} were compared with ZetaNet before. "
        f"ZetaNet took {n} minutes in that run. The loss of ZetaNet fell in run {n}.\n"
        for n in range(2, 40)
    ]
    said = (
        "# Methods\n\nThe data were split at random. ZetaNet is a graph network that predicts the hardness of alloys.\n"
    )
    (tmp_path / "paper.md").write_text("\n".join([*uses, said]), encoding="utf-8")
    with PaperLibrary(tmp_path / "index", encoder=HashEncoder()) as library:
        library.add([tmp_path / "paper.md"])

        answer = library.ask("What is ZetaNet?")

    assert "ZetaNet is a graph network that predicts the hardness of alloys." in [one.text for one in answer.sentences]


def test_where_no_sentence_says_what_a_thing_is_the_answer_tells_so(tmp_path: Path, encoder: SentenceEncoder) -> None:
    names = "Zetanet was run again. The losses of zetanet fell in each run. Zetanet was compared with another."
    (tmp_path / "paper.md").write_text(f"# Results\n\n{names}", encoding="utf-8")
    with PaperLibrary(tmp_path / "index", encoder=encoder) as library:
        library.add([tmp_path / "paper.md"])
        answer = library.ask("What is zetanet?")
        other = library.ask("Did the losses of zetanet fall?")

    assert not answer.abstained
    assert answer.sentences[-1].text == LIMITATION.format(part=DEFINITION.format(term="zetanet"))
    assert all(sentence.support for sentence in other.sentences)


def test_a_definition_is_found_among_hundreds_of_passages_that_name_the_thing(tmp_path: Path) -> None:
    uses = [
        f"# Section {n}\n\nFilms of pyrodite {n} were made. Pyrodite cells of pyrodite last {n} days.\n"
        for n in range(150)
    ]
    said = "# Introduction\n\nOxides of that kind, with octahedra which share corners, are called pyrodites.\n"
    (tmp_path / "paper.md").write_text("\n".join([*uses, said]), encoding="utf-8")
    with PaperLibrary(tmp_path / "index", encoder=HashEncoder()) as library:
        library.add([tmp_path / "paper.md"])

        answer = library.ask("What is a pyrodite?")

    assert "Oxides of that kind, with octahedra which share corners, are called pyrodites." in [
        one.text for one in answer.sentences
    ]
