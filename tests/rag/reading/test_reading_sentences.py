"""Sentence ends in scientific English."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.reading.sentences import CITATION, sentence_ends


def split(text: str) -> list[str]:
    start, parts = 0, []
    for end in sentence_ends(text):
        parts.append(text[start:end].strip())
        start = end
    return parts


@pytest.mark.parametrize(
    "sentences",
    [
        ["The gap is 1.5 eV (Fig. 2a).", "It shrinks on heating."],
        ["Smith et al. showed this.", "We agree."],
        ["Halides, e.g. CsPbI3, decompose at ca. 300 K.", "Oxides do not."],
        ["See Ref. 12 and Eqs. 3–5 for details.", "This is new."],
        ["A. Walsh and D. O. Scanlon derived it.", "It holds."],
        ["The lattice constant is 5.43 Å.", "At 300 K it grows."],
        ["It appeared in J. Phys. Chem. C in 2019.", "Nobody read it."],
        ["The film was held at 300 K.", "The other was not."],
        ["Is it stable?", "Yes, in air."],
        ["We used CsBr, AgBr, etc.", "The films were dry."],
        ["Cells, modules, vs. tandems were compared.", "p-Type layers won."],
        ["The rate follows Arrhenius [12].", "The prefactor does not."],
        ["Reproduced with permission from Ref. [27].", "c Crystal structure of the film."],
        ["Fig. 2 Films of tin.", "a–c Micrographs of them."],
        ["It is derived in Ch. 4 of that book.", "We use it."],
        ["Fig. 1. Two effects computed from formulas.", "(a) The first."],
        ["This holds (see Sec. 3.2, i.e. below).", "(The rest is noise.)"],
        ["“It works.”", "They left."],
        ["It is stable.[12,13]", "It is cheap."],
    ],
)
def test_split(sentences: list[str]) -> None:
    assert split(" ".join(sentences)) == sentences


def test_raised_citation_behind_the_full_stop() -> None:
    text = f"We saw high efficiency.{CITATION * 5} The films were thin."
    assert split(text) == [f"We saw high efficiency.{CITATION * 5}", "The films were thin."]


@given(st.text())
def test_ends_ascend_and_cover_the_text(text: str) -> None:
    ends = sentence_ends(text)
    assert ends == sorted(set(ends))
    assert not text[ends[-1] if ends else 0 :].strip()
