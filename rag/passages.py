"""Passages: a few sentences that stand together on a page, the unit that is searched.

A passage is built from whole evidence sentences, begins and (but for a sentence that runs over the page break) ends
on one page, and never mixes a caption with the body. So a hit on a passage is a hit on a page.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rag.documents import EVIDENCE_KINDS, Document, Kind, Sentence
from rag.orders import addresses_machine
from rag.reading.codec import sentence_from_row, sentence_to_row

TARGET_CHARACTERS = 900
"""A passage is closed before the sentence that would make it longer than this."""

LEAST_CHARACTERS = 250
"""A new section closes a passage only once it has this much text; a short section joins the next one."""

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Passage:
    """Consecutive evidence sentences of one page.

    Attributes:
        sentences: At least one, in reading order.
    """

    sentences: tuple[Sentence, ...]

    @cached_property
    def text(self) -> str:
        """Its sentences, joined by single spaces."""
        return " ".join(sentence.text for sentence in self.sentences)

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Character range of each sentence in `text`."""
        spans, start = [], 0
        for sentence in self.sentences:
            spans.append((start, start + len(sentence.text)))
            start += len(sentence.text) + 1
        return spans

    @property
    def section(self) -> str:
        """Heading above its first sentence, or ""."""
        return self.sentences[0].section

    @property
    def pages(self) -> list[int]:
        """Physical pages that it touches, ascending."""
        return sorted({fragment.page for sentence in self.sentences for fragment in sentence.fragments})

    @property
    def labels(self) -> list[str | None]:
        """Printed labels of `pages`."""
        labels = {f.page: f.label for sentence in self.sentences for f in sentence.fragments}
        return [labels[page] for page in self.pages]


def make_passages(document: Document) -> list[Passage]:
    """Cut a document into passages.

    Captions become passages of their own. Sentences that are no evidence (references, authors, headings,
    tables, displayed formulas) are left out, and so are those that give orders to the machine that reads them.
    """
    evidence = [s for s in document.sentences if s.kind in EVIDENCE_KINDS and not addresses_machine(s.text)]
    body = [s for s in evidence if s.kind is not Kind.CAPTION]
    captions = [s for s in evidence if s.kind is Kind.CAPTION]
    return [*_cut(body, by_paragraph=False), *_cut(captions, by_paragraph=True)]


def _cut(sentences: Sequence[Sentence], *, by_paragraph: bool) -> Iterator[Passage]:
    current: list[Sentence] = []
    length = 0
    for sentence in sentences:
        if current:
            before = current[-1]
            turned = sentence.fragments[0].page != before.fragments[0].page
            new_section = sentence.section != before.section and length >= LEAST_CHARACTERS
            new_caption = by_paragraph and sentence.paragraph != before.paragraph
            full = length + len(sentence.text) > TARGET_CHARACTERS
            if turned or new_section or new_caption or full:
                yield Passage(tuple(current))
                current, length = [], 0
        current.append(sentence)
        length += len(sentence.text) + 1
    if current:
        yield Passage(tuple(current))


# --- how a passage lies in the store -----------------------------------------------------------------------------
#
# payload = uint32 n, uint32 d, n float32 scales, n * d int8 sentence vectors, UTF-8 JSON of the sentences.
# Vectors come first so that a search can read them without parsing the text.

_HEADER = struct.Struct("<II")


def encode_payload(passage: Passage, vectors: FloatArray) -> bytes:
    """A passage and its sentence vectors as bytes.

    Args:
        passage: n sentences.
        vectors: (n, d) float32; kept as int8 with one scale a vector (error of a cosine below 0.005).
    """
    n, d = vectors.shape
    if n != len(passage.sentences):
        raise ValueError(f"{n=} sentence vectors for {len(passage.sentences)=}")
    scales = np.abs(vectors).max(axis=1) / 127.0
    quantised = np.rint(vectors / np.where(scales > 0, scales, 1)[:, None]).astype(np.int8)
    sentences = json.dumps([sentence_to_row(s) for s in passage.sentences], ensure_ascii=False)
    return b"".join((_HEADER.pack(n, d), scales.astype("<f4").tobytes(), quantised.tobytes(), sentences.encode()))


def decode_vectors(payload: bytes) -> FloatArray:
    """Sentence vectors (n, d) float32 of a payload."""
    n, d = _HEADER.unpack_from(payload)
    scales = np.frombuffer(payload, "<f4", n, _HEADER.size)
    quantised = np.frombuffer(payload, np.int8, n * d, _HEADER.size + 4 * n).reshape(n, d)
    vectors: FloatArray = quantised.astype(np.float32) * scales[:, None]
    return vectors


def decode_passage(payload: bytes) -> Passage:
    """The passage of a payload."""
    n, d = _HEADER.unpack_from(payload)
    rows = json.loads(payload[_HEADER.size + 4 * n + n * d :])
    return Passage(tuple(sentence_from_row(row) for row in rows))
