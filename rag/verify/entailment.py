"""Whether a text supports a claim, contradicts it, or does not tell: a small network that compares them token by token.

The token vectors are those of the lowest layers of all-MiniLM-L6-v2 (Wang et al., arXiv:2002.10957), which comes with a
package and stays as it is; only what compares them was trained, on pairs made by `rag.verify.lessons`, and only that is
shipped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from clip_mat.errors import WeightsError
from clip_mat.sentence_encoder import SentenceEncoder, cpu_has_bfloat16, packaged_folder
from clip_mat.weight_files import read_weights
from rag.verify.tokens import FEATURES, read_pairs

if TYPE_CHECKING:
    from rag.verify.network import EntailmentNet, SentenceLayers

FORMAT = 1
WEIGHTS = Path(__file__).parents[1] / "weights" / "verifier"
CHARACTERS_PER_BATCH = 8000

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EntailmentConfig:
    """What goes with the weights.

    Attributes:
        depth: Layers of the sentence encoder that the token vectors pass.
        width: Of the network's layers.
        layers: How many it has.
        threshold: Score from which on a claim counts as supported (`rag.verify.verifier.support_scores`).
        disagreement: Probability of contradiction from which on two sentences disagree.
        format: Of the files.
    """

    depth: int = 2
    width: int = 128
    layers: int = 2
    threshold: float = 0.5
    disagreement: float = 0.5
    format: int = FORMAT

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Self:
        """From what stands in a file.

        Raises:
            KeyError, TypeError, ValueError: If it is no such configuration.
        """
        values = {field.name: given[field.name] for field in fields(cls)}
        if len(values) != len(given):
            raise ValueError(f"unknown settings {', '.join(sorted(given.keys() - values.keys()))}")
        sizes = [values[name] for name in ("depth", "width", "layers", "format")]
        if not all(isinstance(value, int) and 1 <= value <= 1024 for value in sizes):
            raise ValueError("a size is out of range")
        config = cls(**values)
        if config.width % 32 or config.layers > 12:
            raise ValueError("a size is out of range")
        if not all(isinstance(value, float) and 0 < value < 1 for value in (config.threshold, config.disagreement)):
            raise ValueError("a threshold is no probability")
        return config


class EntailmentJudge:
    """The trained network. Make one with `load`.

    Args:
        net: Trained.
        sentences: Gives the token vectors.
        config: With the thresholds.
    """

    def __init__(self, net: EntailmentNet, sentences: SentenceLayers, config: EntailmentConfig) -> None:
        self._net, self._sentences = net.eval(), sentences
        self.config = config

    @property
    def threshold(self) -> float:
        """Score from which on a claim counts as supported."""
        return self.config.threshold

    @property
    def disagreement(self) -> float:
        """Probability of contradiction from which on two sentences disagree."""
        return self.config.disagreement

    @classmethod
    def load(cls, folder: Path | str | None = None) -> Self:
        """The judge of a folder of weights; by default the one that comes with this package.

        Raises:
            WeightsError: If files are missing, damaged, or do not fit.
        """
        place = Path(folder) if folder is not None else WEIGHTS
        saved = read_weights(place, "verifier", FORMAT, EntailmentConfig.parse)
        net, sentences = build(saved.config)
        saved.put_into(net)
        return cls(net, sentences, saved.config)

    def judge(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """Probabilities (n, 3) that a text supports, contradicts, or does not tell its claim.

        Args:
            pairs: Claims and texts.
        """
        import torch

        result = np.zeros((len(pairs), 3), np.float32)
        lengths = [len(claim) + len(text) for claim, text in pairs]
        order = sorted(range(len(pairs)), key=lengths.__getitem__)
        with torch.inference_mode():
            while order:
                most = max(1, CHARACTERS_PER_BATCH // max(lengths[order[-1]], 1))
                batch = [order.pop() for _ in range(min(len(order), most))]
                logits = self._net(read_pairs([pairs[i] for i in batch], self._sentences))
                result[batch] = logits.softmax(dim=1).numpy()
        return result


def build(config: EntailmentConfig, remembered: int = 2000) -> tuple[EntailmentNet, SentenceLayers]:
    """An untrained network, and what gives it token vectors.

    Args:
        config: Sizes.
        remembered: Sentences whose vectors are kept.

    Raises:
        WeightsError: If the package with the sentence encoder is missing or damaged, or has too few layers.
    """
    import torch
    from tokenizers import Tokenizer

    from clip_mat.token_vectors import read_layers
    from rag.verify.network import EntailmentNet, SentenceLayers

    _ = SentenceEncoder().fingerprint  # refuses weights that are not genuine before they run
    folder = packaged_folder()
    embeddings, layers, bert = read_layers(folder)
    if config.depth > len(layers):
        raise WeightsError(f"the sentence encoder has {len(layers)} layers, not {config.depth} (restore config.json)")
    words = embeddings.get_submodule("words").get_parameter("weight").detach().clone()
    dtype = torch.bfloat16 if cpu_has_bfloat16() else torch.float32
    lowest = [layer.to(dtype).eval() for layer in list(layers)[: config.depth]]
    tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    sentences = SentenceLayers(embeddings.to(dtype), lowest, tokenizer, int(bert["pad_token_id"]), remembered)
    return EntailmentNet(words, FEATURES, config.width, config.layers), sentences
