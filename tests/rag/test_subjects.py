"""What a question names, and that answers speak of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from clip_mat import SentenceEncoder
from rag import PaperLibrary
from rag.subjects import Subject


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("What is the band gap of GaN?", Subject(names=("GaN",))),
        ("What is the band gap of silicon?", Subject(elements=("silicon", "Si"))),
        ("Are 2D perovskites more stable than 3D ones?", Subject(structures=("perovskites",))),
        ("Which time step is used when bonds to hydrogen are rigid?", Subject()),
        ("By how much does tin lower the gap?", Subject(elements=("tin", "Sn"))),
        ("What does lead to defects?", Subject()),
        ("Which thermostat is recommended?", Subject()),
    ],
)
def test_what_a_question_names(question: str, subject: Subject) -> None:
    assert Subject.of(question) == subject


def _library(folder: Path, encoder: SentenceEncoder, *texts: str) -> PaperLibrary:
    for number, text in enumerate(texts):
        (folder / f"paper{number}.md").write_text(f"# Results {number}\n\n{text}\n", encoding="utf-8")
    library = PaperLibrary(folder / "index", encoder=encoder)
    library.add(folder.glob("*.md"))
    return library


def test_an_element_is_found_by_name_and_symbol_and_others_are_no_answer(
    tmp_path: Path, encoder: SentenceEncoder
) -> None:
    with _library(
        tmp_path,
        encoder,
        "The band gap of the chloride is 1.8 eV.",
        "The band gap of Si is 1.1 eV.",
        "Cells were dried for a day before use.",
    ) as library:
        silicon, tin = library.ask("What is the band gap of silicon?"), library.ask("What is the band gap of tin?")

    assert [sentence.text for sentence in silicon.sentences] == ["The band gap of Si is 1.1 eV."]
    assert tin.abstained


def test_a_paper_that_never_names_the_structure_type_is_no_answer(tmp_path: Path, encoder: SentenceEncoder) -> None:
    images = "A 3D image is more stable than a 2D one. Stable images in 2D and in 3D take more time."
    films = "The films are perovskites. A 3D film is more stable than a 2D film."
    with _library(tmp_path, encoder, images, films) as library:
        answer = library.ask("Are 2D perovskites more stable than 3D ones?")

    assert {place.file for place in answer.supports} == {"paper1.md"}


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("How hard is GaN?", "How hard is it?"),
        ("Does spiro-OMeTAD melt?", "Does it melt?"),
        ("Is tin softer than Sn-doped GaN?", "Is it softer than it it?"),
        ("Which thermostat is recommended?", "Which thermostat is recommended?"),
    ],
)
def test_what_is_asked_besides_what_is_named(question: str, left: str) -> None:
    assert Subject.of(question).left_out_of(question) == left


def test_what_is_told_of_a_compound_is_no_answer_to_another_question_about_it(
    tmp_path: Path, encoder: SentenceEncoder
) -> None:
    text = (
        "Films of FAPbI3 were grown from solution. The phase of FAPbI3 is stabilised by caesium. "
        "The band gap of FAPbI3 is 1.47 eV. Cells made of FAPbI3 absorb light up to 840 nm."
    )
    with _library(tmp_path, encoder, text, "Cells were dried for a day before use.") as library:
        for question in ("What is the melting point of FAPbI3?", "Is FAPbI3 ferromagnetic?", "Who sells FAPbI3?"):
            assert library.ask(question).abstained, question
        gap, phase = library.ask("What is the band gap of FAPbI3?"), library.ask("How is FAPbI3 made stable?")

    assert [sentence.text for sentence in gap.sentences] == ["The band gap of FAPbI3 is 1.47 eV."]
    assert "The phase of FAPbI3 is stabilised by caesium." in [sentence.text for sentence in phase.sentences]


def test_a_quantity_may_go_by_its_initials_or_be_meant_by_the_rest(tmp_path: Path, encoder: SentenceEncoder) -> None:
    text = (
        "Solar cells of FAPbI3 achieve an FF of 0.84. "
        "After FAPbI3 was doped with caesium and the strain of its lattice was relaxed, 24.4% were certified."
    )
    asked = "What efficiency was certified after FAPbI3 was doped with caesium and its lattice strain relaxed?"
    with _library(tmp_path, encoder, text, "Cells were dried for a day before use.") as library:
        short, meant = map(library.ask, ("What fill factor do FAPbI3 solar cells achieve?", asked))

    assert "FF of 0.84" in short.text
    assert "24.4%" in meant.text
