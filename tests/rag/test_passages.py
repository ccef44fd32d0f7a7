from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents import Box, Document, Fragment, Kind, Page, Sentence
from rag.passages import (
    TARGET_CHARACTERS,
    Passage,
    decode_passage,
    decode_vectors,
    encode_payload,
    make_passages,
)


def sentence(text: str, page: int = 1, kind: Kind = Kind.BODY, section: str = "", paragraph: int = 0) -> Sentence:
    fragment = Fragment(page, str(page + 210), text, (Box(10, 20, 30, 40.5),))
    return Sentence(text, kind, (fragment,), section, paragraph)


def document(*sentences: Sentence) -> Document:
    return Document("a.pdf", "0" * 64, (Page(1, "211", 595, 842),), sentences)


def words(count: int, word: str = "word") -> str:
    return " ".join([word] * count) + "."


def test_every_evidence_sentence_is_in_exactly_one_passage() -> None:
    kinds = [Kind.TITLE, Kind.BODY, Kind.CAPTION, Kind.REFERENCE, Kind.BODY, Kind.TABLE, Kind.FORMULA, Kind.BACK]
    sentences = [sentence(f"{kind} {i}.", kind=kind, paragraph=i) for i, kind in enumerate(kinds * 5)]
    passages = make_passages(document(*sentences))
    kept = sorted(s.text for p in passages for s in p.sentences)
    assert kept == sorted(s.text for s in sentences if s.kind in (Kind.BODY, Kind.CAPTION))


def test_a_passage_begins_and_ends_on_one_page() -> None:
    passages = make_passages(document(sentence("One.", 1), sentence("Two.", 1), sentence("Three.", 2)))
    assert [p.text for p in passages] == ["One. Two.", "Three."]
    assert [p.pages for p in passages] == [[1], [2]]
    assert [p.labels for p in passages] == [["211"], ["212"]]


def test_a_sentence_over_the_page_break_belongs_to_the_page_where_it_begins() -> None:
    torn = Sentence("Half and half.", Kind.BODY, (Fragment(1, "i", "Half", ()), Fragment(2, "ii", "and half.", ())))
    (first, second) = make_passages(document(torn, sentence("Next.", 2)))
    assert (first.pages, first.labels) == ([1, 2], ["i", "ii"])
    assert second.pages == [2]


def test_captions_stand_alone() -> None:
    passages = make_passages(
        document(
            sentence("Body."),
            sentence("Fig. 1. A.", kind=Kind.CAPTION, paragraph=7),
            sentence("More of it.", kind=Kind.CAPTION, paragraph=7),
            sentence("Fig. 2. B.", kind=Kind.CAPTION, paragraph=8),
            sentence("Body goes on."),
        )
    )
    assert [p.text for p in passages] == ["Body. Body goes on.", "Fig. 1. A. More of it.", "Fig. 2. B."]


def test_passages_keep_to_their_size_and_to_sections() -> None:
    long = [sentence(words(40), section="1") for _ in range(20)] + [sentence("New.", section="2")]
    passages = make_passages(document(*long))
    assert all(len(p.text) <= TARGET_CHARACTERS for p in passages)
    assert passages[-1].section == "2"
    short = make_passages(document(sentence("Short.", section="1"), sentence("New.", section="2")))
    assert len(short) == 1


def test_spans_point_at_the_sentences() -> None:
    passage = Passage((sentence("First one."), sentence("Zweiter – Å."), sentence("Third.")))
    assert [passage.text[a:b] for a, b in passage.spans] == [s.text for s in passage.sentences]


@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_payload_round_trip(texts: list[str], seed: int) -> None:
    passage = Passage(tuple(sentence(text) for text in texts))
    vectors = np.random.default_rng(seed).normal(size=(len(texts), 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    payload = encode_payload(passage, vectors)
    assert decode_passage(payload) == passage
    cosines = (decode_vectors(payload) * vectors).sum(axis=1)
    assert np.abs(cosines - 1).max() < 0.005


def test_payload_refuses_a_wrong_number_of_vectors() -> None:
    with pytest.raises(ValueError, match="n=2 sentence vectors"):
        encode_payload(Passage((sentence("One."),)), np.zeros((2, 384), np.float32))


def test_a_zero_vector_stays_zero() -> None:
    payload = encode_payload(Passage((sentence("One."),)), np.zeros((1, 8), np.float32))
    assert not decode_vectors(payload).any()
