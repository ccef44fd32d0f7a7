"""Papers that are made to agree, to disagree, or to speak of different things."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import main
from clip_mat import SentenceEncoder
from rag import PaperLibrary
from rag.report import html_report

PAPERS = {
    "Ames": "# On lead iodide\n\nIt is a perovskite. The band gap of CsPbI3 is 1.73 eV at room temperature.",
    "Brown": "# Optical gaps\n\nIt is a matter of optics. We find that CsPbI3 has a band gap of 2.31 eV at 300 K [3].",
    "Clark": "# Bromides\n\nBromides are stable. The band gap of CsPbBr3 is 2.3 eV at room temperature.",
    "Dean": "# Films of iodides\n\nFilms were cast. Our CsPbI3 films have a band gap of 1.7 eV at room temperature.",
}
QUESTION = "What is the band gap of CsPbI3 at room temperature?"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("papers")
    for name, text in PAPERS.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.md" for name in PAPERS}


@pytest.fixture(scope="module")
def library(
    files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, encoder: SentenceEncoder
) -> Iterator[PaperLibrary]:
    with PaperLibrary(tmp_path_factory.mktemp("index") / "papers.db", encoder=encoder) as library:
        library.add(files.values())
        yield library


def only(library: PaperLibrary, files: dict[str, Path], *names: str) -> dict[str, object]:
    return {"key": {"$in": library.keys_of([files[name] for name in names])}}


def test_a_contradiction_is_said_with_both_pages(library: PaperLibrary, files: dict[str, Path]) -> None:
    answer = library.ask(QUESTION, where=only(library, files, "Ames", "Brown"))
    (disagreement,) = answer.disagreements
    assert disagreement.kind == "number"
    sides = {disagreement.first.support[0].file, disagreement.second.support[0].file}
    assert sides == {"Ames.md", "Brown.md"}
    assert disagreement.text.startswith("The papers disagree: “")
    assert disagreement.text.count(" page 1)") == 2
    assert "[3]" not in disagreement.text
    assert {reference.file for reference in answer.references} >= sides
    document = answer.to_dict()
    assert document["disagreements"][0]["first"]["support"][0]["page"] == 1
    assert "comparison" not in document


@pytest.mark.parametrize("names", [("Ames", "Clark"), ("Ames", "Dean"), ("Brown", "Clark"), ("Ames",)])
def test_agreement_and_other_materials_are_no_contradiction(
    library: PaperLibrary, files: dict[str, Path], names: tuple[str, ...]
) -> None:
    answer = library.ask(QUESTION, where=only(library, files, *names), compare=True)
    assert answer.comparison
    assert not answer.disagreements
    assert not any(statement.disagrees for statement in answer.comparison)


def test_a_comparison_tells_who_agrees_with_whom(library: PaperLibrary) -> None:
    answer = library.ask(QUESTION, compare=True)
    said = {s.sentence.support[0].file: s for s in answer.comparison if "CsPbI3" in s.sentence.text}
    citation = {file: statement.sentence.citations for file, statement in said.items()}
    assert said["Ames.md"].agrees == (citation["Dean.md"],)
    assert said["Dean.md"].agrees == (citation["Ames.md"],)
    assert said["Ames.md"].disagrees == (citation["Brown.md"],)
    assert set(said["Brown.md"].disagrees) == {citation["Ames.md"], citation["Dean.md"]}
    pairs = {frozenset((d.first.citations, d.second.citations)) for d in answer.disagreements}
    assert len(pairs) == len(answer.disagreements) == 2


def test_a_comparison_changes_no_word_of_the_answer(library: PaperLibrary) -> None:
    assert library.ask(QUESTION, compare=True).text == library.ask(QUESTION).text


def test_silence_has_nothing_to_compare(library: PaperLibrary) -> None:
    answer = library.ask("Who won the football world cup in 1998?", compare=True)
    assert answer.abstained
    assert not answer.comparison
    assert not answer.disagreements


def test_the_report_shows_both_sides_and_the_table(library: PaperLibrary) -> None:
    text = html_report(library.ask(QUESTION, compare=True), [])
    assert "Where the papers disagree" in text
    assert "Paper by paper" in text
    assert text.count("2.31 eV") >= 2


def test_the_command_shows_them(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIP_MAT_DATA", str(tmp_path / "data"))
    with pytest.raises(SystemExit) as stop:
        main(["ask", QUESTION, *map(str, files.values()), "--compare"])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    assert "The papers disagree:" in shown
    assert "agrees with" in shown
