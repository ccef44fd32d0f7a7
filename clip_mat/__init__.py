"""Crystals and text in one space; crystals found and made by text.

>>> from clip_mat import CrystalClip, Generator, MaterialsIndex
>>> clip = CrystalClip.load()  # doctest: +SKIP
>>> MaterialsIndex.open("materials.db").search("lead-free halide perovskite", k=10)  # doctest: +SKIP
>>> Generator.load().sample("orthorhombic LiMnO2", n=4)  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from clip_mat.errors import ClipMatError, CrystalError, RequestError, TrainingError, WeightsError

if TYPE_CHECKING:
    from clip_mat.clip import CrystalClip
    from clip_mat.crystal import Crystal
    from clip_mat.generate.generator import Generator
    from clip_mat.search.materials import MaterialsIndex
    from clip_mat.sentence_encoder import SentenceEncoder

__all__ = [
    "ClipMatError",
    "Crystal",
    "CrystalClip",
    "CrystalError",
    "Generator",
    "MaterialsIndex",
    "RequestError",
    "SentenceEncoder",
    "TrainingError",
    "WeightsError",
]

_HOMES = {
    "Crystal": "clip_mat.crystal",
    "CrystalClip": "clip_mat.clip",
    "Generator": "clip_mat.generate.generator",
    "MaterialsIndex": "clip_mat.search.materials",
    "SentenceEncoder": "clip_mat.sentence_encoder",
}
"""Where names are that are imported when they are first used."""


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
