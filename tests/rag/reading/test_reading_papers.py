"""Real papers, judged by readers that had no part in reading them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from rag.demo import PAPER, TRUTH
from rag.documents import EVIDENCE_KINDS, Box, Document, Kind
from rag.reading import normalise_quote, read_document, read_many

Poppler = Callable[[Path], list[list[str]]]


@pytest.fixture(scope="module")
def demo() -> Document:
    return read_document(PAPER)


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return json.loads(TRUTH.read_text(encoding="utf-8"))


def bare(text: str) -> str:
    return normalise_quote(text.replace("^", ""))


def prose(truth: dict[str, Any]) -> list[dict[str, Any]]:
    return [s for s in truth["sentences"] if s["kind"] != "formula"]


def overlap(box: Box, other: Sequence[float]) -> float:
    """Intersection over union."""
    width = min(box.x1, other[2]) - max(box.x0, other[0])
    height = min(box.y1, other[3]) - max(box.y0, other[1])
    common = max(0.0, width) * max(0.0, height)
    area = (box.x1 - box.x0) * (box.y1 - box.y0) + (other[2] - other[0]) * (other[3] - other[1])
    return common / (area - common)


def test_demo_order_kinds_pages_and_labels(demo: Document, truth: dict[str, Any]) -> None:
    place = {}
    for index, sentence in enumerate(demo.sentences):
        place.setdefault(bare(sentence.text), index)
    order = []
    for expected in prose(truth):
        index = place[bare(expected["text"])]
        order.append(index)
        found = demo.sentences[index]
        assert found.kind == expected["kind"], expected["text"]
        assert [(f.page, f.label) for f in found.fragments] == [(f["page"], f["label"]) for f in expected["fragments"]]
    assert order == sorted(order)


def test_demo_text_is_word_for_word(demo: Document, truth: dict[str, Any]) -> None:
    """Blanks, carets and hyphens too, in everything that can be evidence."""
    texts = {sentence.text for sentence in demo.sentences}
    expected = [s["text"] for s in truth["sentences"] if s["kind"] in EVIDENCE_KINDS]
    assert [text for text in expected if text not in texts] == []


def test_demo_boxes(demo: Document, truth: dict[str, Any]) -> None:
    by_text = {bare(sentence.text): sentence for sentence in demo.sentences}
    scores = [
        max((overlap(box, target) for f in by_text[bare(s["text"])].fragments for box in f.boxes), default=0.0)
        for s in prose(truth)
        for fragment in s["fragments"]
        for target in fragment["boxes"]
    ]
    assert sum(score >= 0.9 for score in scores) >= 0.95 * len(scores)


@pytest.mark.parametrize("start", ["perov_s41467", "walsh_2020_jmca"])
def test_quotes_stand_on_their_pages(papers: list[Path], poppler: Poppler, start: str) -> None:
    path = next(path for path in papers if path.name.startswith(start))
    assert missing_quotes(read_document(path), poppler(path)) == []


@pytest.mark.slow
def test_all_papers(papers: list[Path], poppler: Poppler) -> None:
    """Over all papers: quotes found by poppler, ten-word runs in PDFium's order, hyphens at line ends."""
    quotes = missing = runs = kept = 0
    for path, document in read_many(papers, workers=2):
        assert isinstance(document, Document), document
        missing += len(missing_quotes(document, poppler(path)))
        quotes += sum(len(s.fragments) for s in document.sentences if s.kind in EVIDENCE_KINDS)
        good, all_runs = ten_word_runs(document, path)
        kept, runs = kept + good, runs + all_runs
    assert quotes > 4000
    assert missing == 0
    assert kept >= 0.97 * runs


def missing_quotes(document: Document, readings: list[list[str]]) -> list[str]:
    pages = [[normalise_quote(text) for text in reading] for reading in readings]
    return [
        fragment.quote
        for sentence in document.sentences
        if sentence.kind in EVIDENCE_KINDS
        for fragment in sentence.fragments
        if not any(normalise_quote(fragment.quote) in reading[fragment.page - 1] for reading in pages)
    ]


def ten_word_runs(document: Document, path: Path) -> tuple[int, int]:
    """Runs of ten words of the text, within a paragraph and page, that PDFium's own order has too; and all."""
    pdf = pypdfium2.PdfDocument(path)
    words: dict[tuple[int, int], list[str]] = defaultdict(list)
    for sentence in document.sentences:
        if sentence.kind is Kind.BODY:
            for fragment in sentence.fragments:
                words[fragment.page, sentence.paragraph] += filter(None, map(normalise_quote, fragment.quote.split()))
    streams = {}
    good = total = 0
    for (page, _), found in words.items():
        if page not in streams:
            raw = pdf[page - 1].get_textpage().get_text_range()
            streams[page] = normalise_quote(re.sub("[\ufffe\x02]", "", raw))
        parts = ["".join(found[i : i + 10]) for i in range(len(found) - 9)]
        good, total = good + sum(part in streams[page] for part in parts), total + len(parts)
    pdf.close()
    return good, total
