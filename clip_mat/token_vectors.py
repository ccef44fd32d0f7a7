"""Texts to token vectors: what a sentence vector is pooled from.

Two ways, one interface: a BERT whose files lie in a folder, run on torch's own transformer layers, which starts in the
time that torch needs; and anything else that sentence-transformers can load, which takes several times as long to
start.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from clip_mat.errors import WeightsError

if TYPE_CHECKING:
    import torch
    from torch import nn

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """Vectors of the tokens of n texts, padded to t tokens.

    Attributes:
        vectors: (n, t, d) float32.
        offsets: (n, t, 2) character range of each token; empty ranges for special and padding tokens.
        mask: (n, t) True for tokens that are no padding.
    """

    vectors: npt.NDArray[np.float32]
    offsets: npt.NDArray[np.int64]
    mask: npt.NDArray[np.bool_]


class TokenEncoder(Protocol):
    """Texts to token vectors."""

    dimension: int

    def __call__(self, texts: Sequence[str]) -> TokenVectors:
        """Token vectors of at least one text; texts that are too long are cut."""


class Bert:
    """BERT (Devlin et al., arXiv:1810.04805) for inference.

    Args:
        folder: Holds ``config.json``, ``tokenizer.json`` and ``model.safetensors`` as Hugging Face writes them.
        max_tokens: Where a text is cut.
        device: Torch device.
        bfloat16: Run in bfloat16 instead of float32.

    Raises:
        WeightsError: If a file is missing or damaged, or the weights do not fit the configuration.
    """

    def __init__(self, folder: Path, max_tokens: int, device: str, *, bfloat16: bool) -> None:
        import torch
        from tokenizers import Tokenizer

        def build(config: dict[str, Any], weights: dict[str, torch.Tensor]) -> tuple[nn.Module, nn.Module]:
            self._tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
            self._tokenizer.enable_truncation(max_tokens)
            self._tokenizer.enable_padding(pad_id=int(config["pad_token_id"]))
            self.dimension = int(config["hidden_size"])
            return _modules(config, weights)

        embeddings, layers = _built(folder, build)
        dtype = torch.bfloat16 if bfloat16 else torch.float32
        self._embeddings, self._layers = embeddings.to(device, dtype), layers.to(device, dtype)
        self._device = device

    def __call__(self, texts: Sequence[str]) -> TokenVectors:
        import torch

        encodings = self._tokenizer.encode_batch(list(texts))
        mask = np.array([encoding.attention_mask for encoding in encodings], dtype=bool)
        with torch.inference_mode():
            ids = torch.tensor([encoding.ids for encoding in encodings], device=self._device)
            padding = torch.from_numpy(~mask).to(self._device)
            hidden = self._layers(self._embeddings(ids), src_key_padding_mask=padding if padding.any() else None)
        return TokenVectors(hidden.float().cpu().numpy(), np.array([encoding.offsets for encoding in encodings]), mask)


def read_embeddings(folder: Path) -> nn.Module:
    """The first stage of a BERT alone: ids (n, t) to vectors (n, t, d) of words and their places.

    Args:
        folder: Holds ``config.json`` and ``model.safetensors`` as Hugging Face writes them.

    Raises:
        WeightsError: If a file is missing or damaged, or the weights do not fit the configuration.
    """
    return _built(folder, _embeddings)


def read_layers(folder: Path) -> tuple[nn.Module, nn.ModuleList, dict[str, Any]]:
    """A BERT to build upon: its embeddings, its layers one by one, and its configuration.

    Args:
        folder: Holds ``config.json`` and ``model.safetensors`` as Hugging Face writes them.

    Raises:
        WeightsError: If a file is missing or damaged, or the weights do not fit the configuration.
    """
    from torch import nn

    (embeddings, layers), config = _built(folder, lambda config, weights: (_modules(config, weights), config))
    return embeddings, nn.ModuleList(layers.layers), config


def _built(folder: Path, build: Callable[[dict[str, Any], dict[str, torch.Tensor]], T]) -> T:
    """What is made of a folder's configuration and weights. Raises a WeightsError as `read_embeddings`."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return build(config, load_file(folder / "model.safetensors"))
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise WeightsError(f"{folder}: no usable BERT there ({error}); reinstall or download it again") from error


def _embeddings(config: dict[str, Any], weights: dict[str, torch.Tensor]) -> nn.Module:
    from torch import nn

    class Embeddings(nn.Module):
        """Ids (n, t) to vectors (n, t, d): word, position and the one token type of a single text."""

        def __init__(self) -> None:
            super().__init__()
            self.words = nn.Embedding.from_pretrained(weights["embeddings.word_embeddings.weight"])
            places = weights["embeddings.position_embeddings.weight"]
            self.places = nn.Parameter(places + weights["embeddings.token_type_embeddings.weight"][0], False)
            self.norm = nn.LayerNorm(config["hidden_size"], eps=config["layer_norm_eps"])
            self.norm.load_state_dict(_pick(weights, "embeddings.LayerNorm"))

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            vectors: torch.Tensor = self.norm(self.words(ids) + self.places[: ids.shape[1]])
            return vectors

    return Embeddings().eval()


def _modules(config: dict[str, Any], weights: dict[str, torch.Tensor]) -> tuple[nn.Module, nn.TransformerEncoder]:
    """BERT's embeddings and layers, with their weights."""
    import torch
    from torch import nn

    size, epsilon = config["hidden_size"], config["layer_norm_eps"]
    layer = nn.TransformerEncoderLayer(
        size,
        config["num_attention_heads"],
        config["intermediate_size"],
        dropout=0.0,
        activation=config["hidden_act"],
        layer_norm_eps=epsilon,
        batch_first=True,
    )
    layers = nn.TransformerEncoder(layer, config["num_hidden_layers"], enable_nested_tensor=False)
    for number, module in enumerate(layers.layers):
        own = f"encoder.layer.{number}"
        parts = {
            "self_attn.out_proj": "attention.output.dense",
            "norm1": "attention.output.LayerNorm",
            "linear1": "intermediate.dense",
            "linear2": "output.dense",
            "norm2": "output.LayerNorm",
        }
        state = {
            f"{ours}.{kind}": weights[f"{own}.{theirs}.{kind}"]
            for ours, theirs in parts.items()
            for kind in ("weight", "bias")
        }
        for kind in ("weight", "bias"):
            heads = [weights[f"{own}.attention.self.{name}.{kind}"] for name in ("query", "key", "value")]
            state[f"self_attn.in_proj_{kind}"] = torch.cat(heads)
        module.load_state_dict(state)
    return _embeddings(config, weights), layers.eval()


def _pick(weights: dict[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    return {kind: weights[f"{name}.{kind}"] for kind in ("weight", "bias")}


class AnySentenceTransformer:
    """Whatever sentence-transformers loads (Reimers & Gurevych, arXiv:1908.10084), by folder or hub name.

    Raises:
        WeightsError: If there is no such model.
    """

    def __init__(self, name: str, max_tokens: int, device: str, *, bfloat16: bool) -> None:
        import torch
        from sentence_transformers import SentenceTransformer

        with _quiet():
            try:
                model = SentenceTransformer(name, device=device)
            except (OSError, ValueError) as error:
                raise WeightsError(f"{name}: no sentence encoder ({error}); give its folder or hub name") from error
        self._model = model.to(torch.bfloat16).eval() if bfloat16 else model.eval()
        self._max_tokens = min(max_tokens, model.max_seq_length or max_tokens)
        self._device = device
        dimension = model.get_embedding_dimension()
        if dimension is None:
            raise WeightsError(f"{name}: the model does not say how long its vectors are; use another")
        self.dimension = int(dimension)

    def __call__(self, texts: Sequence[str]) -> TokenVectors:
        import torch

        tokens = self._model.tokenizer(
            list(texts),
            padding=True,
            truncation=True,
            max_length=self._max_tokens,
            return_tensors="pt",
            return_offsets_mapping=True,
        )
        offsets = tokens.pop("offset_mapping").numpy()
        with torch.inference_mode():
            features = self._model[0]({key: value.to(self._device) for key, value in tokens.items()})
            hidden = features["token_embeddings"].float().cpu().numpy()
        return TokenVectors(hidden, offsets, tokens["attention_mask"].numpy().astype(bool))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the progress bars and notes of the model libraries off the terminal while weights load."""
    from transformers.utils import logging as hf_logging

    logger = logging.getLogger("sentence_transformers")
    level = logger.level
    logger.setLevel(logging.ERROR)
    hf_logging.disable_progress_bar()
    try:
        yield
    finally:
        hf_logging.enable_progress_bar()
        logger.setLevel(level)
