"""Documents survive the pipe."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents import Box, Document, Fragment, FrontLine, Kind, Page, Sentence
from rag.reading import decode_document, encode_document

hundredths = st.integers(-100_000, 100_000).map(lambda n: n / 100)
boxes = st.builds(Box, hundredths, hundredths, hundredths, hundredths)
words = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
labels = st.none() | words
fragments = st.builds(Fragment, st.integers(1, 9), labels, words, st.lists(boxes, max_size=3).map(tuple))
sentences = st.builds(
    Sentence,
    words,
    st.sampled_from(Kind),
    st.lists(fragments, min_size=1, max_size=3).map(tuple),
    words,
    st.integers(0),
    st.booleans(),
)
documents = st.builds(
    Document,
    words,
    words,
    st.lists(st.builds(Page, st.integers(1), labels, hundredths, hundredths), max_size=3).map(tuple),
    st.lists(sentences, max_size=4).map(tuple),
    st.dictionaries(words, words, max_size=3),
    st.dictionaries(words, words, max_size=3),
    st.lists(st.builds(FrontLine, words, st.integers(1, 2), hundredths, boxes, st.just("head")), max_size=2).map(tuple),
    st.lists(words, max_size=2).map(tuple),
)


@given(documents)
def test_round_trip(document: Document) -> None:
    assert decode_document(encode_document(document)) == document


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"v":99}', b'{"v":1,"file":"a"}', b"\x80\x04pickle"])
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message differs by cause
        decode_document(data)
