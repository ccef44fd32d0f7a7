"""Trained weights of the denoiser on disk: ``model.safetensors`` and ``config.json``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clip_mat.generate.denoiser import Denoiser, DenoiserConfig
from clip_mat.weight_files import read_weights, write_weights

FORMAT = 2

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
    told = {"-".join(map(str, pattern)): count for pattern, count in sorted((patterns or {}).items())}
    config = {"format": FORMAT, "clip": clip, "model": model.config.to_dict(), "patterns": told}
    write_weights(Path(folder), model.state_dict(), config, half=half)


def load_denoiser(folder: Path) -> tuple[Denoiser, str, str, dict[tuple[int, ...], int]]:
    """A model that `save_denoiser` wrote.

    Returns:
        The model, the digest of its weights, the fingerprint of its Crystal CLIP, and the patterns of the training set.

    Raises:
        WeightsError: If the weights are missing, damaged, or do not fit their configuration.
    """
    saved = read_weights(folder, "denoiser", FORMAT, _parse)
    sizes, clip, patterns = saved.config
    model = Denoiser(sizes)
    saved.put_into(model)
    return model, saved.digest, clip, patterns


def _parse(config: Mapping[str, Any]) -> tuple[DenoiserConfig, str, dict[tuple[int, ...], int]]:
    """Sizes, fingerprint of the Crystal CLIP, and patterns of the training set."""
    sizes, clip = DenoiserConfig.from_dict(config["model"]), str(config["clip"])
    patterns = {tuple(map(int, name.split("-"))): int(n) for name, n in config.get("patterns", {}).items()}
    if any(min(pattern) < 1 or sum(pattern) > sizes.most_atoms or n < 1 for pattern, n in patterns.items()):
        raise ValueError("a pattern of elements that no cell can have")
    return sizes, clip, patterns
