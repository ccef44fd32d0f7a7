"""The bundled paper is what its truth says, as seen by readers that had no part in making either."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pypdf
import pytest

from rag.demo import PAPER, TRUTH
from rag.demo.boxes import Layout, Mark, pieces, spans
from rag.demo.source import SourceError, read
from rag.documents import EVIDENCE_KINDS, Kind

Box = Sequence[float]

LAYOUT = Layout(width=200.0, height=300.0, left=10.0, column=80.0, gutter=20.0)


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return json.loads(TRUTH.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def reader() -> pypdf.PdfReader:
    return pypdf.PdfReader(PAPER)


@pytest.fixture(scope="module")
def printed(reader: pypdf.PdfReader) -> list[str]:
    """Every page's text, as an independent reader finds it."""
    return [page.extract_text() for page in reader.pages]


@pytest.fixture(scope="module")
def pages(printed: list[str]) -> list[str]:
    """Every page's bare characters."""
    return [bare(text) for text in printed]


def bare(text: str) -> str:
    """Characters without white space, hyphens and the caret of house style."""
    return re.sub(r"[\s\u00ad\u2010\u2212^-]", "", unicodedata.normalize("NFKC", text))


def fragments(truth: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [(sentence, part) for sentence in truth["sentences"] for part in sentence["fragments"]]


def test_pages_and_printed_labels(truth: dict[str, Any], reader: pypdf.PdfReader, pages: list[str]) -> None:
    assert [page["label"] for page in truth["pages"]] == reader.page_labels
    assert [page["page"] for page in truth["pages"]] == list(range(1, len(reader.pages) + 1))
    assert 4 <= len(pages) <= 6
    for page, text, drawn in zip(truth["pages"], pages, reader.pages, strict=True):
        assert page["label"] != str(page["page"])
        assert bare(page["head"]) in text
        assert bare(page["foot"]) in text
        assert page["width"] == pytest.approx(float(drawn.mediabox.width), abs=0.01)
        assert page["height"] == pytest.approx(float(drawn.mediabox.height), abs=0.01)


def test_sentences_are_whole_and_in_order(truth: dict[str, Any]) -> None:
    labels = {page["page"]: page["label"] for page in truth["pages"]}
    assert [sentence["order"] for sentence in truth["sentences"]] == list(range(len(truth["sentences"])))
    places = [part["page"] for _, part in fragments(truth)]
    assert places == sorted(places)
    for sentence in truth["sentences"]:
        assert Kind(sentence["kind"])
        assert sentence["text"].strip()
        assert " ".join(part["text"] for part in sentence["fragments"]) == sentence["text"]
        assert all(part["label"] == labels[part["page"]] for part in sentence["fragments"])


def test_every_fragment_stands_on_its_page_in_order(truth: dict[str, Any], pages: list[str]) -> None:
    read_to = dict.fromkeys(range(1, len(pages) + 1), 0)
    for sentence, part in fragments(truth):
        if sentence["kind"] == Kind.FORMULA:
            continue
        words = bare(part["text"])
        at = pages[part["page"] - 1].find(words, read_to[part["page"]])
        assert at >= 0, f"page {part['page']}: {part['text']!r}"
        read_to[part["page"]] = at + len(words)


def test_boxes_keep_to_their_columns_and_out_of_the_figure(truth: dict[str, Any]) -> None:
    figure = truth["figure"]
    left, _, right, _ = figure["box"]
    middle = (left + right) / 2
    limits = {"left": (left, middle), "right": (middle, right), "full": (left, right)}
    for sentence, part in fragments(truth):
        low, high = limits[part["column"]]
        tops = [box[3] for box in part["boxes"]]
        assert tops == sorted(tops, reverse=True)
        for x0, y0, x1, y1 in part["boxes"]:
            assert low - 0.1 <= x0 < x1 <= high + 0.1, sentence["text"]
            assert 0 < y0 < y1 < truth["pages"][0]["height"]
            if part["page"] == figure["page"]:
                assert y0 >= figure["box"][3] or y1 <= figure["box"][1], sentence["text"]


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs pdftotext (poppler-utils)")
def test_boxes_agree_with_poppler(truth: dict[str, Any]) -> None:
    words = poppler_words(PAPER)
    overlaps = []
    for sentence in truth["sentences"]:
        if sentence["kind"] == Kind.FORMULA:
            continue
        ours: list[tuple[int, Box]] = []
        theirs: list[tuple[int, Box]] = []
        text = ""
        for part in sentence["fragments"]:
            for box in part["boxes"]:
                line = [word for word in words[part["page"] - 1] if inside(word[0], box)]
                text += "".join(word for _, word in sorted(line))
                ours.append((part["page"], box))
                theirs.append((part["page"], hull([place for place, _ in line])))
        assert bare(text) == bare(sentence["text"])
        overlaps.append(overlap(ours, theirs))
    assert sum(value >= 0.9 for value in overlaps) >= 0.97 * len(overlaps)


def poppler_words(path: Path) -> list[list[tuple[Box, str]]]:
    """Boxes (origin at the lower left) and characters of every page's words."""
    run = subprocess.run(["pdftotext", "-bbox", path, "-"], capture_output=True, text=True, check=True)
    word = re.compile(r'<word xMin="(.+?)" yMin="(.+?)" xMax="(.+?)" yMax="(.+?)">(.*?)</word>')
    found = []
    for page in run.stdout.split("<page ")[1:]:
        height = float(re.search(r'height="(.+?)"', page)[1])
        on_page = []
        for x0, top, x1, bottom, text in word.findall(page):
            box = (float(x0), height - float(bottom), float(x1), height - float(top))
            on_page.append((box, html.unescape(text)))
        found.append(on_page)
    return found


def inside(box: Box, other: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return other[0] - 0.5 < x < other[2] + 0.5 and other[1] < y < other[3]


def hull(boxes: Sequence[Box]) -> Box:
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def overlap(ours: Sequence[tuple[int, Box]], theirs: Sequence[tuple[int, Box]]) -> float:
    """Intersection over union of two lists of boxes that pair up line by line."""
    common = total = 0.0
    for (_, a), (_, b) in zip(ours, theirs, strict=True):
        width = min(a[2], b[2]) - max(a[0], b[0])
        height = min(a[3], b[3]) - max(a[1], b[1])
        shared = max(width, 0) * max(height, 0)
        common += shared
        total += sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)) - shared
    return common / total


def test_it_holds_what_makes_reading_hard(truth: dict[str, Any], printed: list[str]) -> None:
    moves = {
        (before["column"], after["column"], after["page"] - before["page"])
        for sentence in truth["sentences"]
        for before, after in zip(sentence["fragments"], sentence["fragments"][1:], strict=False)
    }
    assert {("left", "right", 0), ("right", "left", 1)} <= moves
    kinds = [sentence["kind"] for sentence in truth["sentences"]]
    assert kinds.count(Kind.REFERENCE) >= 20
    assert kinds.count(Kind.FORMULA) >= 2
    assert set(kinds) == set(Kind)
    columns = [part["column"] for _, part in fragments(truth) if part["page"] == truth["figure"]["page"]]
    wide = columns.index("full")
    assert {"left", "right"} <= set(columns[:wide])
    assert {"left", "right"} <= set(columns[wide:])
    everything = " ".join(sentence["text"] for sentence in truth["sentences"])
    for formula in ("Cs2AgBiBr6", "10^10 cm^-3", "Cu2ZnSnS4", "CH3NH3PbI3"):
        assert formula in everything
    assert len(re.findall(r"[a-z][\u00ad-]\n[a-z]", "".join(printed))) >= 20


def test_it_answers_the_question_of_the_demo_in_several_places(truth: dict[str, Any]) -> None:
    answers = [
        sentence
        for sentence in truth["sentences"]
        if sentence["kind"] in EVIDENCE_KINDS
        and re.search(r"[Tt]emperature (effects )?(are|matters|sets)", sentence["text"])
    ]
    assert len({sentence["section"] for sentence in answers}) >= 3
    assert len({part["page"] for sentence in answers for part in sentence["fragments"]}) >= 3


def test_metadata_agrees_with_the_bibliography(truth: dict[str, Any], reader: pypdf.PdfReader) -> None:
    entry = PAPER.with_suffix(".bib").read_text(encoding="utf-8")
    assert reader.metadata is not None
    assert reader.xmp_metadata is not None
    assert reader.metadata.title == truth["title"] == reader.xmp_metadata.dc_title["x-default"]
    assert reader.metadata.author == truth["authors"][0]
    assert f"title        = {{{truth['title']}}}" in entry
    assert f"author       = {{{{{truth['authors'][0]}}}}}" in entry
    assert f"year         = {{{truth['year']}}}" in entry
    first, last = truth["pages"][0]["label"], truth["pages"][-1]["label"]
    assert f"pages        = {{{first}--{last}}}" in entry


def test_the_committed_files_are_what_the_source_gives() -> None:
    pytest.importorskip("typst", reason="typesetting needs typst (extra dev)")
    from rag.demo.build import build

    pdf, text = build()
    assert text == TRUTH.read_text(encoding="utf-8"), "run python -m rag.demo.build"
    assert pdf == PAPER.read_bytes(), "run python -m rag.demo.build, with the typst that the extra dev names"
    assert len(pdf) <= 400_000


def test_a_word_that_moved_to_the_next_line_starts_at_the_column_edge() -> None:
    marks = [(Mark(1, 20, 50), Mark(1, 60, 50)), (Mark(1, 60, 50), Mark(1, 40, 62))]
    (span,) = spans(pieces(marks, LAYOUT), LAYOUT, size=10)
    assert [(box[0], box[2]) for box in span.boxes] == [(20, 60), (10, 40)]
    assert span.boxes[0][1:4:2] == pytest.approx((300 - 50 - 2.46, 300 - 50 + 8.94))


def test_a_broken_word_fills_its_line_and_goes_on_in_the_next() -> None:
    marks = [(Mark(1, 20, 50), Mark(1, 60, 50)), (Mark(1, 63, 50), Mark(1, 30, 62))]
    (span,) = spans(pieces(marks, LAYOUT), LAYOUT, size=10)
    assert [(box[0], box[2]) for box in span.boxes] == [(20, 90), (10, 30)]
    assert not span.broken


def test_a_sentence_over_columns_and_pages_has_a_span_for_each() -> None:
    marks = [
        (Mark(1, 20, 280), Mark(1, 90, 280)),
        (Mark(1, 90, 280), Mark(1, 150, 20)),
        (Mark(1, 155, 20), Mark(2, 30, 20)),
    ]
    found = spans(pieces(marks, LAYOUT), LAYOUT, size=10)
    assert [(span.page, span.side, span.words) for span in found] == [
        (1, "left", (0,)),
        (1, "right", (1, 2)),
        (2, "left", (2,)),
    ]
    assert found[1].broken


def test_a_sentence_follows_another_that_ended_the_line() -> None:
    marks = [(Mark(1, 90, 50), Mark(1, 30, 62))]
    (span,) = spans(pieces(marks, LAYOUT, last=Mark(1, 90, 50)), LAYOUT, size=10)
    assert [(box[0], box[2]) for box in span.boxes] == [(10, 30)]


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("## 1. A\n\nA claim [@unknown2020].\n", "unknown2020"),
        ("## 1. A\n\nA claim.\n\n## References\n\nlonely2020: A. Lonely.\n", "lonely2020"),
        ("## 1. A\n\n!picture\n", "!picture"),
    ],
)
def test_faults_of_the_source_are_named(tmp_path: Path, body: str, fault: str) -> None:
    source = tmp_path / "review.md"
    source.write_text(f"# Title\n\n{body}", encoding="utf-8")
    with pytest.raises(SourceError, match=fault):
        read(source)


def test_markup_becomes_house_style(tmp_path: Path) -> None:
    source = tmp_path / "review.md"
    source.write_text(
        "# Title\n\n## 1. A\n\nIn Cs~2~AgBiBr~6~ *N* = 10^13^ cm^-3^ at 300 K [@b2,a1].\n"
        "Both agree [@a1].\n\n## References\n\na1: A. One, *Z. Phys.* 1 (1926).\nb2: B. Two.\n",
        encoding="utf-8",
    )
    items = read(source)
    assert [item.text for item in items if item.kind is Kind.BODY] == [
        "In Cs2AgBiBr6 N = 10^13 cm^-3 at 300 K [1,2].",
        "Both agree [2].",
    ]
    assert [item.text for item in items if item.kind is Kind.REFERENCE] == [
        "[1] B. Two.",
        "[2] A. One, Z. Phys. 1 (1926).",
    ]
