"""The report: complete, alone, harmless."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.cli import main
from rag import PaperLibrary
from rag.answers import ABSTENTION, Answer, AnswerSentence, Reference, Support
from rag.documents import Box
from rag.report import CitedPage, html_report, write_html

EVIL = '<script>alert(1)</script><img src=x onerror=alert(1)>"\' onload="alert(1)\x1b[2J\u202e'
VOID = {"meta", "img", "br", "link", "hr"}


class Reader(HTMLParser):
    """What a browser would see; fails on elements that are not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.words += data

    def links(self) -> list[str]:
        return [attributes["href"] or "" for tag, attributes in self.tags if tag == "a"]

    def ids(self) -> list[str]:
        return [identity for _, attributes in self.tags if (identity := attributes.get("id"))]


def example(words: str = "Tin oxidises.", key: str = "Tin2020") -> tuple[Answer, list[CitedPage]]:
    support = Support(key, f"{words}.pdf", 3, "212", words, (Box(1, 2, 3, 4),), 1.0)
    sentences = (AnswerSentence(words, (support, replace(support, page=4, label=None))),)
    reference = Reference(key, f"Author. “{words}” https://doi.org/10.1/a(b).", "10.1/a(b)", f"{words}.pdf", words)
    answer = Answer(words, False, sentences, (reference,), model=words)
    pages = [
        CitedPage(key, "tin.pdf", 3, words, png=b"\x89PNG"),
        CitedPage(key, "tin.txt", 4, None, pieces=((words, False), (words, True))),
    ]
    return answer, pages


def test_every_citation_opens_its_page() -> None:
    answer, pages = example()
    read = Reader(html_report(answer, pages))
    inside = [link[1:] for link in read.links() if link.startswith("#")]
    assert {"Tin2020-page-3", "Tin2020-page-4"} <= set(inside)
    assert set(inside) <= set(read.ids())
    assert len(set(read.ids())) == len(read.ids())
    assert "Tin oxidises (Tin2020 page 3; Tin2020 page 4)." in read.words
    assert "printed 212" in read.words


def test_references_have_their_doi_as_a_link() -> None:
    read = Reader(html_report(*example()))
    assert "https://doi.org/10.1/a(b)" in read.links()
    assert read.words.count("https://doi.org/10.1/a(b)") == 1


def test_nothing_is_loaded_and_nothing_runs() -> None:
    text = html_report(*example())
    read = Reader(text)
    tags = {tag for tag, _ in read.tags}
    assert not tags & {"script", "link", "iframe", "object", "embed", "base", "form"}
    assert all(attributes["src"].startswith("data:image/png;base64,") for tag, attributes in read.tags if tag == "img")
    assert "url(" not in text
    assert "@import" not in text
    (policy,) = (a["content"] for tag, a in read.tags if tag == "meta" and a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:")


def test_words_of_strangers_stay_words() -> None:
    plain = Reader(html_report(*example()))
    read = Reader(html_report(*example(EVIL, key=f"Tin{EVIL}2020")))
    assert [tag for tag, _ in read.tags] == [tag for tag, _ in plain.tags]
    assert not any(name.startswith("on") for _, attributes in read.tags for name in attributes)
    assert all(link.startswith(("#", "https://doi.org/")) for link in read.links())
    assert "\x1b" not in read.words
    assert "\u202e" not in read.words


@pytest.mark.parametrize("doi", ["javascript:alert(1)", '10.1/"onclick="x', "10.1/<b>", "10.1/ü ?q#f"])
def test_a_doi_is_an_address_of_doi_org_whatever_it_says(doi: str) -> None:
    answer, pages = example()
    answer = replace(answer, references=(replace(answer.references[0], doi=doi),))
    read = Reader(html_report(answer, pages))
    (link,) = (link for link in read.links() if not link.startswith("#"))
    assert re.fullmatch(r"https://doi\.org/[\w/:;().%-]+", link, re.ASCII)


def test_an_abstention_is_a_report_too(tmp_path: Path) -> None:
    answer = Answer("Who won?", True, (AnswerSentence(ABSTENTION),))
    read = Reader(write_html(answer, tmp_path / "a" / "b.html").read_text(encoding="utf-8"))
    assert ABSTENTION in read.words
    assert "References" not in read.words
    assert "Pages" not in read.words


def test_question_model_and_date_are_there() -> None:
    answer, pages = example()
    written = html_report(
        replace(answer, question="Why tin?", model="ollama:x"), pages, written=datetime(2026, 3, 5, tzinfo=UTC)
    )
    words = Reader(written).words
    assert "Why tin?" in words
    assert "written by ollama:x" in words
    assert "5 March 2026" in words


def test_a_model_asked_in_vain_is_named() -> None:
    answer, pages = example()
    words = Reader(html_report(replace(answer, model="extractive (ollama:x was too slow)"), pages)).words
    assert "sentences of the papers as they stand there (ollama:x was too slow)" in words
    assert "written by" not in words


def test_a_page_that_cannot_be_shown_says_why_in_the_report() -> None:
    answer, _ = example()
    pages = [CitedPage("Tin2020", "tin.pdf", n, None, note="tin.pdf: has changed") for n in (3, 4)]
    assert Reader(html_report(answer, pages)).words.count("tin.pdf: has changed") == 2


def test_the_command_writes_pages_and_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLIP_MAT_DATA", str(tmp_path / "data"))
    paper = tmp_path / "tin.txt"
    paper.write_text("Tin halide perovskites oxidise in air. Their band gap is 1.3 eV.", encoding="utf-8")
    folder, report = tmp_path / "pages", tmp_path / "answer.html"
    question = "What is the band gap of tin halide perovskites?"
    with pytest.raises(SystemExit) as stop:
        main(["ask", question, str(paper), "--show", str(folder), "--html", str(report)])
    assert stop.value.code == 0
    (page,) = folder.iterdir()
    assert "<mark>Their band gap is 1.3 eV.</mark>" in page.read_text(encoding="utf-8")
    assert "<mark>Their band gap is 1.3 eV.</mark>" in report.read_text(encoding="utf-8")
    told = capsys.readouterr().err.splitlines()
    assert [f"wrote {page}", f"wrote {report}"] == told


def test_an_answer_of_the_bundled_review(demo: PaperLibrary, tmp_path: Path) -> None:
    answer = demo.ask("Are temperature effects important for defects?")
    text = write_html(answer, tmp_path / "answer.html").read_text(encoding="utf-8")
    read = Reader(text)
    assert sum(tag == "img" for tag, _ in read.tags) == len({(s.key, s.page) for s in answer.supports})
    assert all(" ".join(s.quote.split()) in " ".join(read.words.split()) for s in answer.supports)
