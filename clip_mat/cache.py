"""Where things lie: what can be made again, and what users keep."""

from __future__ import annotations

import os
from pathlib import Path

CACHE, DATA = "CLIP_MAT_CACHE", "CLIP_MAT_DATA"
"""Names in the environment that move the two folders."""


def cache_folder() -> Path:
    """Folder of what can be made again; ``CLIP_MAT_CACHE`` in the environment moves it."""
    from platformdirs import user_cache_path

    return Path(os.environ.get(CACHE) or user_cache_path("clip-mat", appauthor=False))


def data_folder() -> Path:
    """Folder of what users keep; ``CLIP_MAT_DATA`` in the environment moves it."""
    from platformdirs import user_data_path

    return Path(os.environ.get(DATA) or user_data_path("clip-mat", appauthor=False))


def moved_by(folder: Path) -> str | None:
    """The name in the environment that moves a folder; None for one that is neither cache nor data."""
    for name, place in ((CACHE, cache_folder()), (DATA, data_folder())):
        if folder.is_relative_to(place):
            return name
    return None
