"""The part of a long evidence that a claim is to be compared with: a sentence, or two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rag.reading.sentences import sentence_ends
from rag.verify.wording import Wording, coverage, read_words

LONGEST = 900
"""Characters of a window; of a longer sentence the rest is cut."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the evidence.

    Attributes:
        text: One sentence, or two.
        coverage: Share of the claim's content words that it has, 0 to 1.
        sentences: How many sentences it has.
    """

    text: str
    coverage: float
    sentences: int


@lru_cache(maxsize=4096)
def split_sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text."""
    found, start = [], 0
    for end in sentence_ends(text):
        sentence = " ".join(text[start:end].split())
        if sentence:
            found.append(sentence)
        start = end
    return tuple(found)


def best_windows(claim: str, evidence: Sequence[str], most: int) -> list[Window]:
    """The windows that share most of a claim's content words, best first; of equal ones the shorter first.

    Single sentences, neighbours, and the two sentences that cover most together are weighed.

    Args:
        claim: One sentence.
        evidence: Sentences or passages.
        most: At most so many windows.
    """
    words = read_words(claim)
    passages = [split_sentences(text) for text in evidence]
    texts: dict[str, int] = {}
    for sentences in passages:
        texts |= {sentence[:LONGEST]: 1 for sentence in sentences}
        pairs = (f"{one} {two}" for one, two in pairwise(sentences))
        texts |= {pair[:LONGEST]: 2 for pair in pairs if pair[:LONGEST] not in texts}
    joint = _joint([sentence for sentences in passages for sentence in sentences], words)
    if joint is not None:
        texts.setdefault(joint[:LONGEST], 2)
    windows = [Window(text, coverage(words, read_words(text)), count) for text, count in texts.items()]
    return sorted(windows, key=lambda window: (-round(window.coverage, 6), len(window.text)))[:most]


def _joint(sentences: Sequence[str], words: Wording) -> str | None:
    """The best sentence and the one that adds most to it, in their order; None where nothing is added."""
    if len(sentences) < 2:
        return None
    content = [read_words(sentence).content & words.content for sentence in sentences]
    first = max(range(len(sentences)), key=lambda place: (len(content[place]), -len(sentences[place])))
    rest = [place for place in range(len(sentences)) if content[place] - content[first]]
    if not rest:
        return None
    second = max(rest, key=lambda place: (len(content[place] - content[first]), -len(sentences[place])))
    return " ".join(sentences[place] for place in sorted((first, second)))
