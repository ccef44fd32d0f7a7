"""Citations of the bundled review, and what becomes of them when they are spoilt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmarks.citations import check_citations
from benchmarks.foreign_pages import read_pages
from benchmarks.judge import Judge
from rag import PaperLibrary
from rag.answers import AnswerSentence
from rag.demo import PAPER


def alike(texts: Sequence[str]) -> np.ndarray:
    """All texts mean the same, so that words and numbers alone decide."""
    return np.ones((len(texts), 1), dtype=np.float32)


def test_citations_hold_until_they_are_spoilt(demo: PaperLibrary) -> None:
    judge = Judge(read_pages([PAPER]), alike)
    answer = demo.ask("Are temperature effects important for defects?")
    report = check_citations([answer], judge, lambda _: PAPER)
    assert report.precision == 1.0
    assert report.sentences == len(answer.sentences)
    assert report.quotes.checked >= report.sentences
    first = answer.sentences[0]
    moved = replace(first, support=tuple(replace(place, page=1) for place in first.support))
    more = replace(first, text="Gold costs 12 dollars.")
    hotter = replace(first, text=first.text[:-1] + " at 77 K.")
    spoilt_sentences = (moved, more, hotter, AnswerSentence("So it is."))
    spoilt = check_citations([replace(answer, sentences=spoilt_sentences)], judge, lambda _: PAPER)
    assert spoilt.unsupported == (moved.text, more.text, hotter.text)
    assert spoilt.uncited == ("So it is.",)
    assert len(spoilt.quotes.astray) == len(first.support)
    assert spoilt.precision == 0


def test_silence_cites_nothing_and_is_no_fault(demo: PaperLibrary) -> None:
    judge = Judge(read_pages([PAPER]), alike)
    silent = demo.ask("Who was the first emperor of Rome?")
    assert silent.abstained
    assert check_citations([silent], judge, lambda _: PAPER).sentences == 0
