"""A claim and a text as the entailment network sees them: tokens, and what is known of each word beforehand.

Beside its meaning every word brings what a comparison of words finds: whether the other side has it, or its opposite;
whether it is a denial, or denied; whether its number agrees with one of the other side. Knowledge of this kind helps
most where there is little to learn from (KIM, Chen et al., arXiv:1711.04289, with the relations of WordNet).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rag.verify.opposites import DIRECTED, are_alike, are_opposites
from rag.verify.quantities import agrees, find_numbers, plain_numbers
from rag.verify.windows import split_sentences
from rag.verify.wording import Wording, read_words

FEATURES = 12
CLAIM_TOKENS, TEXT_TOKENS = 72, 128
"""Longest claim and text; what is beyond is cut."""

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """n pairs, the tokens of the claim first and those of the text behind them, padded to t tokens.

    Attributes:
        ids: (n, t) of the vocabulary.
        vectors: (n, t, d) of the tokens in their sentence.
        mask: (n, t) True for tokens that are no padding.
        claim: (n, t) True for the tokens of the claim.
        features: (n, t, FEATURES).
    """

    ids: npt.NDArray[np.int64]
    vectors: Halves
    mask: npt.NDArray[np.bool_]
    claim: npt.NDArray[np.bool_]
    features: Floats


@dataclass(frozen=True, slots=True, eq=False)
class SentenceTokens:
    """The tokens of one sentence.

    Attributes:
        ids: (t,) of the vocabulary.
        starts: (t,) first character of each.
        vectors: (t, d) of each in its context.
    """

    ids: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    vectors: Halves


Encode = Callable[[Sequence[str]], list[SentenceTokens]]


def read_pairs(pairs: Sequence[tuple[str, str]], encode: Encode) -> Pairs:
    """What the network reads of at least one claim with its text.

    Args:
        pairs: Claims and texts.
        encode: Sentences to tokens; a claim is taken for one sentence, a text is cut into its own.
    """
    claims = [[read_words(plain_numbers(claim)).text] for claim, _ in pairs]
    texts = [[read_words(plain_numbers(s)).text for s in split_sentences(text)] or [""] for _, text in pairs]
    sentences = list(dict.fromkeys(sentence for row in (*claims, *texts) for sentence in row))
    known = dict(zip(sentences, encode(sentences), strict=True))
    rows = []
    for claim, text in zip(claims, texts, strict=True):
        ours, theirs = read_words(claim[0]), read_words(" ".join(text))
        one, other = _joined(claim, known, CLAIM_TOKENS), _joined(text, known, TEXT_TOKENS)
        features = np.concatenate(
            [
                _by_token(compare_words(ours, theirs), ours, one.starts),
                _by_token(compare_words(theirs, ours), theirs, other.starts),
            ]
        )
        rows.append((one, other, features))
    longest = max(len(one.ids) + len(other.ids) for one, other, _ in rows)
    size = rows[0][0].vectors.shape[1]
    ids = np.zeros((len(rows), longest), np.int64)
    vectors = np.zeros((*ids.shape, size), np.float16)
    mask, of_claim = np.zeros(ids.shape, bool), np.zeros(ids.shape, bool)
    features = np.zeros((*ids.shape, FEATURES), np.float32)
    for row, (one, other, found) in enumerate(rows):
        first, last = len(one.ids), len(one.ids) + len(other.ids)
        ids[row, :first], ids[row, first:last] = one.ids, other.ids
        vectors[row, :first], vectors[row, first:last] = one.vectors, other.vectors
        mask[row, :last], of_claim[row, :first] = True, True
        features[row, :last] = found
    return Pairs(ids, vectors, mask, of_claim, features)


def _joined(sentences: Sequence[str], known: Mapping[str, SentenceTokens], most: int) -> SentenceTokens:
    """The tokens of sentences in a row, cut at `most`; characters are counted in the sentences joined by blanks."""
    parts = [known[sentence] for sentence in sentences]
    offsets = np.cumsum([0, *(len(sentence) + 1 for sentence in sentences[:-1])])
    starts = np.concatenate([part.starts + offset for part, offset in zip(parts, offsets, strict=True)])
    ids = np.concatenate([part.ids for part in parts])
    return SentenceTokens(ids[:most], starts[:most], np.concatenate([part.vectors for part in parts])[:most])


def _by_token(known: Floats, words: Wording, starts: npt.NDArray[np.int64]) -> Floats:
    """Features of words (w, f) to those of the tokens that begin at some characters (t, f)."""
    if not words.words or not len(starts):
        return np.zeros((len(starts), FEATURES), np.float32)
    places = np.searchsorted([word.start for word in words.words], starts, side="right") - 1
    taken: Floats = known[np.maximum(places, 0)]
    return taken


def compare_words(ours: Wording, theirs: Wording) -> Floats:
    """What is known of each word of one side beside the other, (w, FEATURES) of 0 and 1."""
    known = np.zeros((len(ours.words), FEATURES), np.float32)
    others: dict[str, list[int]] = {}
    for place, word in enumerate(theirs.words):
        others.setdefault(word.stem, []).append(place)
    poled = [word for word in theirs.words if word.poles]
    for row, (place, word) in zip(known, enumerate(ours.words), strict=True):
        same = others.get(word.stem, [])
        denied = ours.is_denied(place)
        row[0] = bool(same)
        if word.is_content:
            row[1] = not same
            row[2] = bool(same) and all(theirs.is_denied(at) != denied for at in same)
            row[3] = sum(c.isupper() or c.isdigit() for c in word.text[1:]) > 0 and not same
        row[4] = place in ours.negations
        row[5] = denied
        for pole in word.poles:
            if pole.axis in DIRECTED:
                row[6 + pole.side] = 1.0
        if word.poles:
            row[8] = not same and any(are_opposites(word.text, other.text) for other in poled)
            row[9] = not same and any(are_alike(word.text, other.text) for other in poled)
    stated = find_numbers(theirs.text)
    starts = {word.start: place for place, word in enumerate(ours.words)}
    for quantity in find_numbers(ours.text):
        place = starts.get(quantity.start, -1)
        if place >= 0:
            fits = any(agrees(quantity, other) or agrees(other, quantity) for other in stated)
            known[place, 10 if fits else 11] = 1.0
    return known
