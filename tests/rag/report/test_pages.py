"""The pages that an answer cites: the right place is marked, and a file that cannot be shown costs one line."""

from __future__ import annotations

import io
import json
import logging
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from clip_mat import SentenceEncoder
from rag import PaperLibrary, QuestionError
from rag.answers import Answer, AnswerSentence, Reference, Source, Support
from rag.demo import PAPER, TRUTH
from rag.documents import Box
from rag.ingest import content_digests
from rag.reading import read_document
from rag.report import DrawLimits, draw_pages, write_pages
from rag.report.drawing import MARK

sys.path.insert(0, str(Path(__file__).parents[1] / "reading"))
from pdf_builder import Builder, assemble, paper_page, text


def answer(path: Path, *supports: Support, sha256: str = "") -> Answer:
    """An answer that cites a file."""
    digest = sha256 or content_digests([path], [])[path]
    reference = Reference("Tin2020", "Tin.", None, path.name, "", Source(path, digest))
    return Answer("Why?", False, (AnswerSentence("Because.", supports),), (reference,))


def support(page: int = 1, *boxes: Box, quote: str = "because", file: str = "tin.pdf") -> Support:
    return Support("Tin2020", file, page, None, quote, boxes, 1.0)


def pixels(png: bytes) -> npt.NDArray[np.uint8]:
    """(rows, columns, 3)."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def marked(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Where the paper has the colour of the marker."""
    return (np.abs(picture.astype(int) - MARK) < 24).all(axis=2)


def extent(mask: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is true."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "tin.pdf"
    path.write_bytes(Builder().page(*paper_page()).page(*paper_page()).build())
    return path


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_the_mark_lies_on_the_ink_of_the_quoted_words(number: int) -> None:
    """By the place of every sentence in the bundled review, known from its typesetting."""
    truth = json.loads(TRUTH.read_text(encoding="utf-8"))
    spans = [
        [Box(*box) for box in fragment["boxes"]]
        for sentence in truth["sentences"]
        for fragment in sentence["fragments"]
        if fragment["page"] == number
    ]
    boxes = spans[len(spans) // 2]
    (page,) = draw_pages(answer(PAPER, support(number, *boxes)))
    picture = pixels(page.png)
    scale = picture.shape[0] / 841.89
    mask = marked(picture)
    left, top, right, bottom = extent(mask)
    assert abs(left - (min(b.x0 for b in boxes) - 1) * scale) <= 2
    assert abs(right - (max(b.x1 for b in boxes) + 1) * scale) <= 2
    assert abs(top - (841.89 - max(b.y1 for b in boxes)) * scale) <= 2
    assert abs(bottom - (841.89 - min(b.y0 for b in boxes)) * scale) <= 2
    inside = picture[top:bottom, left:right]
    assert (inside.max(axis=2) < 110).mean() > 0.02  # the words are still black


def test_a_page_is_drawn_as_read_when_it_is_cropped_and_turned(tmp_path: Path) -> None:
    """What reading says of places and what drawing shows are one coordinate system."""
    lonely = "The vacancy stands alone on this page."
    words = "\n".join([*paper_page(), text(150, 120, lonely)])
    content = f"q 0 1 -1 0 842 0 cm {words} Q".encode()
    frame = b"/MediaBox [0 0 842 595] /CropBox [40 20 800 560] /Rotate 90"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [5 0 R] /Count 1 >>",
        b"<< /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >> >> >>",
        b"<< >>",
        b"<< /Type /Page /Parent 2 0 R %s /Resources 3 0 R /Contents 6 0 R >>" % frame,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
    ]
    path = tmp_path / "turned.pdf"
    path.write_bytes(assemble(objects))
    (fragment,) = next(s for s in read_document(path).sentences if s.text == lonely).fragments
    (page,) = draw_pages(answer(path, support(1, *fragment.boxes)))
    picture = pixels(page.png)
    assert picture.shape[0] > picture.shape[1]
    left, top, right, bottom = extent(marked(picture))
    ink = picture.max(axis=2) < 110
    ink[: picture.shape[0] * 3 // 4] = False
    x0, y0, x1, y1 = extent(ink)
    assert left <= x0 < x1 <= right
    assert top <= y0 < y1 <= bottom
    assert right - left < 1.1 * (x1 - x0)
    assert bottom - top < 2.5 * (y1 - y0)


def test_quotes_of_one_page_share_a_picture_and_pages_come_in_the_order_of_the_text(paper: Path) -> None:
    low, high = Box(72, 100, 200, 112), Box(72, 700, 200, 712)
    cited = answer(paper, support(2, low), support(1, low), support(2, high))
    pages = draw_pages(cited)
    assert [page.name for page in pages] == ["Tin2020-page-2", "Tin2020-page-1"]
    mask = marked(pixels(pages[0].png))
    half = mask.shape[0] // 2
    assert mask[:half].any()
    assert mask[half:].any()
    assert cited.show(2).png == pages[1].png
    with pytest.raises(QuestionError, match="cites 2"):
        cited.show(3)


def test_boxes_beyond_the_page_mark_what_is_on_it(paper: Path) -> None:
    (page,) = draw_pages(answer(paper, support(1, Box(-1e9, -50, 1e9, 30), Box(9000, 9000, 9001, 9001))))
    left, top, right, bottom = extent(marked(pixels(page.png)))
    assert (left, right, bottom) == (0, pixels(page.png).shape[1], pixels(page.png).shape[0])
    assert top > bottom * 0.9


def test_written_files_are_named_by_key_and_page(paper: Path, tmp_path: Path) -> None:
    cited = answer(paper, support(2, Box(72, 100, 200, 112)))
    assert write_pages(cited, tmp_path / "a" / "b") == [tmp_path / "a" / "b" / "Tin2020-page-2.png"]


def test_a_key_never_leaves_the_folder(paper: Path, tmp_path: Path) -> None:
    evil = "../../Tin2020"
    cited = answer(paper, replace(support(1, Box(72, 100, 200, 112)), key=evil))
    cited = replace(cited, references=(replace(cited.references[0], key=evil),))
    (path,) = write_pages(cited, tmp_path / "pages")
    assert path.parent == tmp_path / "pages"
    assert path.is_file()


def test_text_files_are_shown_as_text_with_the_quote_marked(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    words = "First page.\fTin is a <b>metal</b>. Its oxi-\ndation  is\nslow, says \ufb01ne print. Lead is heavy.\n"
    path.write_text(words, encoding="utf-8")
    quote = support(2, quote="Its oxi- dation is slow, says fine print.", file="notes.txt")
    (page,) = draw_pages(answer(path, quote))
    assert "".join(text for text, _ in page.pieces) == words.split("\f")[1].strip("\n")
    assert [text for text, quoted in page.pieces if quoted] == ["Its oxi-\ndation  is\nslow, says \ufb01ne print."]
    (written,) = write_pages(answer(path, quote), tmp_path / "pages")
    assert written.name == "Tin2020-page-2.html"
    assert "<b>" not in written.read_text(encoding="utf-8")


def test_a_long_text_is_cut_around_the_quotes(tmp_path: Path) -> None:
    path = tmp_path / "book.txt"
    filler = "Nothing is said here. " * 20_000
    path.write_text(f"{filler}Tin melts at 505 K. {filler}Lead melts at 601 K. {filler}", encoding="utf-8")
    quotes = [support(1, quote=quote, file="book.txt") for quote in ("Tin melts at 505 K.", "Lead melts at 601 K.")]
    (page,) = draw_pages(answer(path, *quotes))
    assert [text for text, quoted in page.pieces if quoted] == ["Tin melts at 505 K.", "Lead melts at 601 K."]
    assert sum(len(text) for text, _ in page.pieces) < 1.1 * DrawLimits().characters


def test_a_quote_that_is_not_there_is_not_marked(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Tin is a metal.", encoding="utf-8")
    (page,) = draw_pages(answer(path, support(1, quote="Lead is a metal.", file="notes.txt")))
    assert page.pieces == (("Tin is a metal.", False),)


def test_what_moved_or_changed_is_told_once_and_the_rest_goes_on(
    paper: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    changed = answer(paper, support(1), support(2), sha256="0" * 64)
    gone = replace(support(1), key="Gone2020", file="gone.pdf")
    other = replace(support(1, Box(72, 100, 200, 112)), key="Good2020")
    good = replace(answer(paper).references[0], key="Good2020")
    lost = Reference("Gone2020", "", None, "gone.pdf", "", Source(tmp_path / "gone.pdf", "0" * 64))
    cited = replace(
        changed,
        sentences=(*changed.sentences, AnswerSentence("So.", (gone, other))),
        references=(*changed.references, lost, good),
    )
    with caplog.at_level(logging.WARNING):
        written = write_pages(cited, tmp_path / "pages")
    assert [path.name for path in written] == ["Good2020-page-1.png"]
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert lines[0].startswith("tin.pdf: has changed since it was taken in")
    assert lines[1].startswith("gone.pdf: is not at")
    assert not any("\n" in line for line in lines)


def test_a_page_that_is_not_there_is_told(paper: Path) -> None:
    (page,) = draw_pages(answer(paper, support(7)))
    assert not page.png
    assert "2 pages" in page.note


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "tin.pdf"
    path.write_bytes(b"%PDF-1.7\n" + b"\x93" * 4000 + b"\n%%EOF\n")
    (page,) = draw_pages(answer(path, support(1)))
    assert page.note.startswith("tin.pdf: cannot be drawn")


def test_a_poster_is_drawn_smaller(tmp_path: Path) -> None:
    path = tmp_path / "poster.pdf"
    data = Builder().page(*paper_page()).build()
    path.write_bytes(data.replace(b"[0 0 595 842]", b"[0 0 14400 14400]"))
    (page,) = draw_pages(answer(path, support(1)), limits=DrawLimits(pixels=250_000))
    shape = pixels(page.png).shape
    assert shape[0] * shape[1] <= 260_000


def test_a_page_that_never_ends_costs_its_time_and_no_more(tmp_path: Path, paper: Path) -> None:
    """Fifty million strokes in a file of a few kilobytes; the next page is drawn by a new process."""
    packed = zlib.compress(b"0 0 m 595 842 l 0 842 l 595 0 l S\n" * 3_000_000, 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R >>",
        b"<< >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
    ]
    bomb = tmp_path / "bomb.pdf"
    bomb.write_bytes(assemble(objects))
    first = answer(bomb, replace(support(1), key="Bomb2020", file="bomb.pdf"))
    source = replace(first.references[0], key="Bomb2020")
    second = answer(paper, support(1, Box(72, 100, 200, 112)))
    both = replace(first, sentences=first.sentences + second.sentences, references=(source, *second.references))
    pages = draw_pages(both, limits=DrawLimits(seconds=5))
    assert pages[0].note.startswith("bomb.pdf: ")
    assert "attack" in pages[0].note
    assert pages[1].png


def test_an_answer_of_a_library_shows_its_pages_after_a_move(tmp_path: Path, encoder: SentenceEncoder) -> None:
    with PaperLibrary(tmp_path / "papers.db", encoder=encoder) as library:
        old, new = tmp_path / "tin.txt", tmp_path / "deep" / "notes on tin.txt"
        old.write_text("Tin halide perovskites oxidise in air. Their band gap is 1.3 eV.", encoding="utf-8")
        ((_, key),) = library.add(old).added
        question = "What is the band gap of tin halide perovskites?"
        assert library.ask(question).show().pieces
        new.parent.mkdir()
        old.rename(new)
        assert "take it in again" in library.ask(question).show().note
        report = library.add(new)
        assert report.unchanged == [("notes on tin.txt", "")]
        assert (report.added, report.updated, report.passages) == ([], [], 0)
        answered = library.ask(question)
        assert answered.show().pieces
        assert (answered.references[0].key, answered.references[0].file) == (key, "notes on tin.txt")
        assert answered.sentences[0].support[0].file == "notes on tin.txt"


def test_a_page_shows_itself_in_a_notebook(paper: Path) -> None:
    (page,) = draw_pages(answer(paper, support(1, Box(72, 100, 200, 112))))
    assert "data:image/png;base64," in page._repr_html_()
