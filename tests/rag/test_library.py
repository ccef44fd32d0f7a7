"""Taking papers in, and asking of what is there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from clip_mat import SentenceEncoder
from clip_mat.sentence_encoder import Span, SpanEmbedding
from rag import LibraryError, PaperLibrary, QuestionError
from rag.demo import PAPER
from rag.library import MAX_QUESTION

TIN = "Tin halide perovskites oxidise in air. Their band gap is 1.3 eV. Additives slow the oxidation of tin."
LEAD = "Lead halide perovskites are poisonous. Their efficiency is 25 %. Lead leaks into the rain."


@pytest.fixture
def library(tmp_path: Path, encoder: SentenceEncoder) -> PaperLibrary:
    return PaperLibrary(tmp_path / "papers.db", encoder=encoder)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_second_ingest_does_nothing(library: PaperLibrary, tmp_path: Path) -> None:
    folder = write(tmp_path, "in/tin.txt", TIN).parent
    write(tmp_path, "in/deep/lead.md", LEAD)
    first = library.add(folder)
    assert sorted(file for file, _ in first.added) == ["lead.md", "tin.txt"]
    second = library.add(folder)
    assert (second.added, second.updated, second.skipped, second.passages) == ([], [], [], 0)
    assert sorted(file for file, _ in second.unchanged) == ["lead.md", "tin.txt"]
    assert len(library) == 2


def test_the_same_content_under_two_names_is_one_paper(library: PaperLibrary, tmp_path: Path) -> None:
    report = library.add([write(tmp_path, "a.txt", TIN), write(tmp_path, "b.txt", TIN)])
    assert [file for file, _ in report.added] == ["a.txt"]
    assert report.unchanged == [("b.txt", "same content as a.txt")]
    assert len(library) == 1


def test_the_same_name_with_other_content_is_another_paper(library: PaperLibrary, tmp_path: Path) -> None:
    library.add([write(tmp_path, "x/paper.txt", TIN), write(tmp_path, "y/paper.txt", LEAD)])
    assert len(library) == 2
    assert len(set(library.papers())) == 2


def test_new_content_of_a_file_replaces_the_old_and_keeps_the_key(library: PaperLibrary, tmp_path: Path) -> None:
    path = write(tmp_path, "paper.txt", TIN)
    ((_, key),) = library.add(path).added
    write(tmp_path, "paper.txt", LEAD)
    assert library.add(path).updated == [("paper.txt", key)]
    texts = [hit.text for hit in library.passages("halide perovskites", 10)]
    assert texts
    assert not any("Tin" in text for text in texts)


def test_a_text_that_stays_is_not_encoded_again(tmp_path: Path, encoder: SentenceEncoder) -> None:
    class Counting(SentenceEncoder):
        seen: ClassVar[list[str]] = []

        def encode_spans(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[SpanEmbedding]:
            self.seen.extend(texts)
            return encoder.encode_spans(texts, spans)

    library = PaperLibrary(tmp_path / "papers.db", encoder=Counting())
    pages = "\f".join([TIN, LEAD])
    path = write(tmp_path, "paper.txt", pages)
    library.add(path)
    assert len(Counting.seen) == 2
    path.write_text(pages.replace("25 %", "26 %"), encoding="utf-8")
    library.add(path)
    assert len(Counting.seen) == 3
    library.add(path)
    assert len(Counting.seen) == 3


def test_one_bad_file_does_not_stop_the_others(library: PaperLibrary, tmp_path: Path) -> None:
    (tmp_path / "bad.pdf").write_bytes(b"not a pdf at all")
    (tmp_path / "empty.pdf").write_bytes(b"")
    (tmp_path / "cut.pdf").write_bytes(PAPER.read_bytes()[:5000])
    write(tmp_path, "good.txt", TIN)
    report = library.add([tmp_path, tmp_path / "absent.pdf", write(tmp_path, "picture.png", "x")])
    assert [file for file, _ in report.added] == ["good.txt"]
    reasons = dict(report.skipped)
    assert {Path(name).name for name in reasons} == {"bad.pdf", "empty.pdf", "cut.pdf", "absent.pdf", "picture.png"}
    assert all(reason and "\n" not in reason for reason in reasons.values())


@pytest.mark.parametrize("name", ["with space.txt", "Ünïcödé – 钙钛矿.txt", "new\nline.txt", "quote'\"; DROP.txt"])
def test_odd_names(library: PaperLibrary, tmp_path: Path, name: str) -> None:
    library.add(write(tmp_path, name, TIN))
    answer = library.ask("What is the band gap of tin halide perovskites?")
    assert answer.sentences[0].support[0].file == name


def test_loops_of_links_end(library: PaperLibrary, tmp_path: Path) -> None:
    folder = write(tmp_path, "in/tin.txt", TIN).parent
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "self.txt").symlink_to(folder / "self.txt")
    report = library.add([folder, folder / "self.txt"])
    assert [file for file, _ in report.added] == ["tin.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_may_not_be_read_is_listed(library: PaperLibrary, tmp_path: Path) -> None:
    closed = write(tmp_path, "in/closed/tin.txt", TIN).parent
    write(tmp_path, "in/lead.txt", LEAD)
    closed.chmod(0)
    try:
        report = library.add(tmp_path / "in")
    finally:
        closed.chmod(0o700)
    assert [file for file, _ in report.added] == ["lead.txt"]
    assert "ermission" in report.skipped[0][1]


def test_a_removed_paper_answers_nothing(library: PaperLibrary, tmp_path: Path) -> None:
    ((_, key),) = library.add(write(tmp_path, "tin.txt", TIN)).added
    library.remove(key)
    assert len(library) == 0
    assert library.ask("What is the band gap of tin halide perovskites?").abstained
    with pytest.raises(LibraryError, match="no paper"):
        library.remove(key)


def test_only_the_papers_asked_for_answer(library: PaperLibrary, tmp_path: Path) -> None:
    tin, lead = write(tmp_path, "tin.txt", TIN), write(tmp_path, "lead.txt", LEAD)
    library.add([tin, lead])
    (key,) = library.keys_of([lead])
    answer = library.ask("Which halide perovskites oxidise in air?", where={"key": key})
    assert "Tin" not in answer.text


@pytest.mark.parametrize("question", ["", "   \n\t", "\x00\x1b"])
def test_an_empty_question_is_refused(library: PaperLibrary, question: str) -> None:
    with pytest.raises(QuestionError, match="empty"):
        library.ask(question)


def test_a_book_is_no_question(library: PaperLibrary) -> None:
    with pytest.raises(QuestionError, match=f"{MAX_QUESTION:,}"):
        library.ask("a" * 100_000)


@pytest.mark.parametrize("query", ['"', "a AND", "NEAR(", "*", "col:x", "钙钛矿", "🙂", "(((", "Xx2Yy3", "' OR 1=1 --"])
def test_any_text_is_a_query(demo: PaperLibrary, query: str) -> None:
    assert len(demo.passages(query, 3)) == 3
    demo.ask(query)


def test_how_many(demo: PaperLibrary) -> None:
    assert len(demo.passages("vacancy", 0)) == 0
    everything = demo.passages("vacancy", 10_000)
    assert [hit.rank for hit in everything] == list(range(1, len(everything) + 1))
    scores = [hit.score for hit in everything]
    assert scores == sorted(scores, reverse=True)
    with pytest.raises(QuestionError, match="-1"):
        demo.passages("vacancy", -1)


def test_the_json_of_passages(demo: PaperLibrary) -> None:
    document = demo.passages("vacancy", 2).to_dict()
    assert set(document) == {"query", "passages"}
    assert set(document["passages"][0]) == {"rank", "key", "file", "pages", "labels", "text", "score"}


def test_an_empty_library_is_silent(library: PaperLibrary) -> None:
    assert library.ask("What is the band gap of silicon?").abstained
    assert len(library.passages("silicon", 5)) == 0


def test_a_missing_library_is_said(tmp_path: Path, encoder: SentenceEncoder) -> None:
    with pytest.raises(LibraryError, match="absent"):
        PaperLibrary(tmp_path / "absent", encoder=encoder, create=False)


def test_another_encoder_is_refused(library: PaperLibrary, tmp_path: Path) -> None:
    class Other(SentenceEncoder):
        fingerprint = "0" * 64

    library.close()
    with pytest.raises(LibraryError, match="encoder"):
        PaperLibrary(tmp_path / "papers.db", encoder=Other())


def test_a_reader_cannot_write(library: PaperLibrary, tmp_path: Path, encoder: SentenceEncoder) -> None:
    library.add(write(tmp_path, "tin.txt", TIN))
    with PaperLibrary(tmp_path / "papers.db", encoder=encoder, read_only=True) as reader:
        assert len(reader.passages("tin", 3)) == 1
        with pytest.raises(LibraryError):
            reader.add(write(tmp_path, "lead.txt", LEAD))


def test_a_library_can_be_moved(library: PaperLibrary, tmp_path: Path, encoder: SentenceEncoder) -> None:
    library.add(write(tmp_path, "tin.txt", TIN))
    library.close()
    shutil.move(tmp_path / "papers.db", tmp_path / "elsewhere")
    with PaperLibrary(tmp_path / "elsewhere", encoder=encoder, create=False) as moved:
        assert len(moved) == 1


def test_exports(demo: PaperLibrary) -> None:
    assert "@" in demo.bibtex()
    (item,) = demo.csl_json()
    assert item["id"] == "ClipMatAuthors2026"
