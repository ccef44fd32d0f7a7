"""Trained weights of the denoiser on disk: ``model.safetensors`` and ``config.json``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch

from clip_mat.errors import WeightsError
from clip_mat.generate.denoiser import Denoiser, DenoiserConfig

FORMAT = 2
WEIGHTS = "model.safetensors"
CONFIG = "config.json"


Patterns = Mapping[tuple[int, ...], int]
"""How often a cell holds so many atoms of each element, the most first: ``{(6, 2, 2): 120}`` for two of A3BC."""


def save_denoiser(
    model: Denoiser, folder: str | Path, clip: str = "", patterns: Patterns | None = None, half: bool = True
) -> None:
    """Write a model's weights and configuration, each in place of an older one.

    Args:
        model: Trained.
        folder: Made where it is missing.
        clip: Fingerprint of the Crystal CLIP whose vectors it was trained with.
        patterns: Of the training set.
        half: Keep the weights as float16, half the size; they are used as float32 again.
    """
    from safetensors.torch import save_file

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    dtype = torch.float16 if half else torch.float32
    state = {name: value.detach().to("cpu", dtype).contiguous() for name, value in model.state_dict().items()}
    save_file(state, folder / f"{WEIGHTS}.partial")
    (folder / f"{WEIGHTS}.partial").replace(folder / WEIGHTS)
    told = {"-".join(map(str, pattern)): count for pattern, count in sorted((patterns or {}).items())}
    config = {"format": FORMAT, "clip": clip, "model": model.config.to_dict(), "patterns": told}
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def load_denoiser(folder: Path) -> tuple[Denoiser, str, str, dict[tuple[int, ...], int]]:
    """A model that `save_denoiser` wrote.

    Returns:
        The model, the digest of its weights, the fingerprint of its Crystal CLIP, and the patterns of the training set.

    Raises:
        WeightsError: If the weights are missing, damaged, or do not fit their configuration.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        if config["format"] != FORMAT:
            raise WeightsError(f"{folder}: weights of format {config['format']}, this version reads {FORMAT}; upgrade")
        sizes, clip = DenoiserConfig.from_dict(config["model"]), str(config["clip"])
        patterns = {tuple(map(int, name.split("-"))): int(n) for name, n in config.get("patterns", {}).items()}
        if any(min(pattern) < 1 or sum(pattern) > sizes.most_atoms or n < 1 for pattern, n in patterns.items()):
            raise ValueError("a pattern of elements that no cell can have")
        digest = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
        state = load_file(folder / WEIGHTS)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise WeightsError(f"{folder}: no usable denoiser there ({error}); train one or reinstall") from error
    model = Denoiser(sizes)
    try:
        model.load_state_dict({name: value.float() for name, value in state.items()})
    except RuntimeError as error:
        told = " ".join(str(error).split())[:200]
        raise WeightsError(f"{folder / WEIGHTS}: does not fit its configuration ({told})") from error
    if not all(bool(value.isfinite().all()) for value in model.state_dict().values()):
        raise WeightsError(f"{folder / WEIGHTS}: holds numbers that are not finite; reinstall")
    return model, digest, clip, patterns
