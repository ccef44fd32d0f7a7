"""The networks of `rag.verify.entailment`; apart from it because torch is slow to import."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from rag.verify.tokens import CLAIM_TOKENS, TEXT_TOKENS, Pairs, SentenceTokens

TOKENS_PER_BATCH = 1536
SHARPNESS = 8.0
"""Of the soft alignment; a cosine of 1 outweighs one of 0.5 by a factor of 55."""
NOT = -1e4


class SentenceLayers:
    """Sentences to token vectors by the lowest layers of a BERT, each sentence by itself.

    Args:
        embeddings: Ids (n, t) to vectors (n, t, d).
        layers: Of a transformer, those that are used.
        tokenizer: Of its word pieces; it must neither cut nor pad.
        pad: Id of padding.
        remembered: Sentences whose vectors are kept, about 30 kB each.
    """

    def __init__(
        self, embeddings: nn.Module, layers: Sequence[nn.Module], tokenizer: object, pad: int, remembered: int = 2000
    ) -> None:
        self._embeddings, self._layers = embeddings, list(layers)
        self._tokenizer = tokenizer
        self._pad, self._remembered = pad, remembered
        self._dtype = next(embeddings.parameters()).dtype
        self._known: dict[str, SentenceTokens] = {}

    def __call__(self, sentences: Sequence[str]) -> list[SentenceTokens]:
        """The tokens of sentences."""
        fresh = [sentence for sentence in dict.fromkeys(sentences) if sentence not in self._known]
        found = dict(self._read(fresh)) if fresh else {}
        result = [found.get(sentence) or self._known[sentence] for sentence in sentences]
        self._known |= found
        while len(self._known) > self._remembered:  # the oldest first
            del self._known[next(iter(self._known))]
        return result

    def _read(self, sentences: Sequence[str]) -> list[tuple[str, SentenceTokens]]:
        encodings = self._tokenizer.encode_batch(list(sentences))  # type: ignore[attr-defined]
        order = sorted(range(len(sentences)), key=lambda place: len(encodings[place].ids))
        most = max(CLAIM_TOKENS, TEXT_TOKENS) + 2
        found = []
        while order:
            longest = min(len(encodings[order[-1]].ids), most)
            batch = [order.pop() for _ in range(min(len(order), max(1, TOKENS_PER_BATCH // longest)))]
            ids = np.full((len(batch), longest), self._pad, np.int64)
            padding = np.ones(ids.shape, bool)
            for row, place in enumerate(batch):
                own = encodings[place].ids[:most]
                ids[row, : len(own)], padding[row, : len(own)] = own, False
            with torch.inference_mode():
                hidden = self._embeddings(torch.from_numpy(ids))
                masked = torch.from_numpy(padding) if padding.any() else None
                for layer in self._layers:
                    hidden = layer(hidden, src_key_padding_mask=masked)
            vectors = hidden.to(torch.float16).numpy()
            for row, place in enumerate(batch):
                last = min(len(encodings[place].ids), most) - 1  # without [CLS] and [SEP]
                starts = np.array([start for start, _ in encodings[place].offsets[1:last]], np.int64)
                tokens = SentenceTokens(ids[row, 1:last].copy(), starts, vectors[row, 1:last].copy())
                found.append((sentences[place], tokens))
        return found


class EntailmentNet(nn.Module):
    """Token vectors of a claim and a text to three logits: supports, contradicts, does not tell.

    Each token is compared with what it is softly aligned to on the other side (decomposable attention, Parikh et al.,
    arXiv:1606.01933); a few transformer layers over both sides then weigh the comparisons.

    Args:
        words: (v, d) word vectors, which are not trained.
        features: What is known of each token beforehand.
        width: Of the layers.
        layers: How many.
    """

    def __init__(self, words: Tensor, features: int, width: int, layers: int) -> None:
        super().__init__()
        size = words.shape[1]
        self.register_buffer("words", functional.layer_norm(words, (size,)), persistent=False)
        self.words: Tensor
        self.of_word, self.of_vector = nn.Linear(size, width), nn.Linear(size, width)
        self.compare = nn.Sequential(nn.Linear(8 * width, width), nn.GELU(), nn.Linear(width, width))
        self.known = nn.Linear(features + 3, width)
        self.norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, width // 32, 2 * width, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )
        self.head = nn.Sequential(nn.LayerNorm(2 * width), nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, 3))

    def forward(self, pairs: Pairs) -> Tensor:
        """Logits (n, 3)."""
        mask, claim = torch.from_numpy(pairs.mask), torch.from_numpy(pairs.claim)
        vectors = torch.from_numpy(pairs.vectors).float()
        words = self.of_word(self.words[torch.from_numpy(pairs.ids)])
        vectors = self.of_vector(functional.layer_norm(vectors, vectors.shape[-1:]))
        across = (claim[:, :, None] != claim[:, None, :]) & mask[:, None, :] & mask[:, :, None]
        by_word, by_vector = (_cosines(part, across) for part in (words, vectors))
        own = torch.cat([words, vectors], dim=-1)
        other = (SHARPNESS * (by_word + by_vector)).softmax(dim=-1).to(own.dtype) @ own
        likeness = torch.stack([by_word.amax(dim=-1), by_vector.amax(dim=-1)], dim=-1).clamp(min=0.0)
        known = torch.cat([torch.from_numpy(pairs.features), likeness.float(), claim[..., None].float()], dim=-1)
        compared = self.compare(torch.cat([own, other, own - other, own * other], dim=-1))
        hidden: Tensor = self.norm(compared + self.known(known))
        for layer in self.layers:
            hidden = layer(hidden, src_key_padding_mask=~mask)
        inside = claim[..., None]
        mean = (hidden * inside).sum(dim=1) / inside.sum(dim=1).clamp(min=1)
        highest = hidden.masked_fill(~inside, NOT).amax(dim=1)
        logits: Tensor = self.head(torch.cat([mean, highest], dim=-1))
        return logits


def _cosines(vectors: Tensor, allowed: Tensor) -> Tensor:
    """Of every token with every other (n, t, t); `NOT` where that is not allowed."""
    unit = functional.normalize(vectors, dim=-1)
    return (unit @ unit.transpose(1, 2)).masked_fill(~allowed, NOT)
