"""Crystal CLIP, ready to use: texts and crystals to vectors of one space.

>>> from clip_mat import CrystalClip
>>> clip = CrystalClip.load()  # doctest: +SKIP
>>> clip.encode_text(["rock salt structure"]) @ clip.encode_structures(structures).T  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import Crystal
from clip_mat.errors import WeightsError
from clip_mat.sentence_encoder import DEFAULT_SHA256, SentenceEncoder, packaged_folder
from clip_mat.weight_files import read_weights, write_weights

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from clip_mat.towers.graphs import Graph
    from clip_mat.towers.model import TwoTowers

FORMAT = 1
_BATCH = 128
_WORTH_SHARING = 64

FloatArray = npt.NDArray[np.float32]


class CrystalClip:
    """Texts and crystals to unit vectors of one space.

    Args:
        model: Both towers.
        fingerprint: Digest of its weights.
        device: Torch device.
        processes: How many look for the symmetry of crystals, which takes most of the time of encoding many. With
            more than one, a script must guard its work with ``if __name__ == "__main__"``.
    """

    name = "crystal-clip"

    def __init__(self, model: TwoTowers, fingerprint: str, device: str = "cpu", processes: int = 1) -> None:
        from clip_mat.towers.text_tower import Reader

        self.model = model.to(device).eval()
        self.fingerprint = fingerprint
        self.device = device
        self._processes = processes
        self._reader = Reader(packaged_folder(), model.config.vocabulary)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self.model.config.dimension

    @classmethod
    def load(cls, folder: str | Path | None = None, device: str = "cpu", processes: int = 1) -> Self:
        """Read a trained model.

        Args:
            folder: Where `save_model` put it; by default the model that comes with this package.
            device: Torch device.
            processes: As for the class.

        Raises:
            WeightsError: If the weights are missing, damaged, or do not fit their configuration.
        """
        folder = Path(__file__).parent / "weights" / "clip" if folder is None else Path(folder)
        model, fingerprint = load_model(folder)
        return cls(model, fingerprint, device, processes)

    def encode_text(self, texts: Sequence[str]) -> FloatArray:
        """Vectors of texts.

        Args:
            texts: n texts.

        Returns:
            (n, d) float32, unit length.
        """
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # texts of a length need the least padding
        for start in range(0, len(order), _BATCH):
            part = order[start : start + _BATCH]
            inputs = self._reader([texts[i] for i in part]).to(self.device)
            vectors[part] = self._run(lambda inputs=inputs: self.model.embed_text(inputs))
        return vectors

    def encode_crystals(self, crystals: Sequence[Crystal], symmetry: bool = True) -> FloatArray:
        """Vectors of crystals.

        Args:
            crystals: n crystals, any cell of each.
            symmetry: Look for their space groups; without it, geometry alone speaks.

        Returns:
            (n, d) float32, unit length.
        """
        from clip_mat.towers.graphs import make_graphs

        shared = symmetry and self._processes > 1 and len(crystals) >= _WORTH_SHARING
        executor = self._executor if shared else None
        return self.encode_graphs(make_graphs(crystals, symmetry=symmetry, executor=executor))

    def encode_structures(self, structures: Sequence[Structure]) -> FloatArray:
        """Vectors of n pymatgen structures: (n, d) float32, unit length.

        Raises:
            CrystalError: If a structure is disordered.
        """
        return self.encode_crystals([Crystal.from_structure(structure) for structure in structures])

    def encode_graphs(self, graphs: Sequence[Graph]) -> FloatArray:
        """Vectors of n prepared graphs: (n, d) float32, unit length."""
        from clip_mat.towers.crystal_tower import collate_graphs

        vectors = np.zeros((len(graphs), self.dimension), np.float32)
        order = sorted(range(len(graphs)), key=lambda i: len(graphs[i].neighbour))
        for start in range(0, len(order), _BATCH):
            part = order[start : start + _BATCH]
            inputs = collate_graphs([graphs[i] for i in part], self.model.config.vocabulary).to(self.device)
            vectors[part] = self._run(lambda inputs=inputs: self.model.embed_crystals(inputs))
        return vectors

    @cached_property
    def _executor(self) -> Executor:
        """Started once, since a process takes a second to start."""
        return ProcessPoolExecutor(self._processes, get_context("spawn"))

    def close(self) -> None:
        """End the processes that share the work, if any were started. What comes later starts them anew."""
        executor = self.__dict__.pop("_executor", None)
        if executor is not None:
            executor.shutdown()

    def _run(self, embed: Any) -> FloatArray:
        import torch

        with torch.inference_mode():
            vectors: FloatArray = torch.nn.functional.normalize(embed().float(), dim=-1).cpu().numpy()
        return vectors


def save_model(model: TwoTowers, folder: str | Path, half: bool = True) -> None:
    """Write a model's weights and configuration, without what the pretrained encoder's package holds.

    Args:
        model: Both towers.
        folder: Made where it is missing.
        half: Keep the weights as float16, half the size; they are used as float32 again.
    """
    from clip_mat.towers.model import FROZEN

    state = {
        name: value
        for name, value in model.state_dict().items()
        if not name.startswith(FROZEN) and not _shared_again(name, model.config.shared)
    }
    config = {"format": FORMAT, "pretrained_sha256": DEFAULT_SHA256, "model": model.config.to_dict()}
    write_weights(Path(folder), state, config, half=half)


def load_model(folder: Path) -> tuple[TwoTowers, str]:
    """A model that `save_model` wrote, and the digest of its weights.

    Raises:
        WeightsError: If the weights are missing, damaged, or do not fit their configuration.
    """
    from clip_mat.towers.model import FROZEN, ModelConfig, TwoTowers

    def parse(config: Mapping[str, Any]) -> tuple[ModelConfig, str]:
        return ModelConfig.from_dict(config["model"]), str(config["pretrained_sha256"])

    saved = read_weights(folder, "Crystal CLIP", FORMAT, parse)
    sizes, pretrained = saved.config
    if pretrained != SentenceEncoder().fingerprint:
        raise WeightsError(f"{folder}: trained on another pretrained encoder than the installed one; train anew")
    model = TwoTowers(sizes, packaged_folder())
    names = {name for name in model.state_dict() if not name.startswith(FROZEN)}
    saved.put_into(model, {name for name in names if not _shared_again(name, sizes.shared)})
    return model, saved.digest


def _shared_again(name: str, shared: bool) -> bool:
    """Whether a weight is the chemistry seen once more through a tower, which is the text's only where it is shared."""
    return name.startswith(("text.chemistry.", "crystal.chemistry.") if shared else "crystal.chemistry.")
