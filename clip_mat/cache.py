"""Where things lie: what can be made again, and what users keep."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Folder of what can be made again; ``CLIP_MAT_CACHE`` in the environment moves it."""
    from platformdirs import user_cache_path

    return Path(os.environ.get("CLIP_MAT_CACHE") or user_cache_path("clip-mat", appauthor=False))


def data_folder() -> Path:
    """Folder of what users keep; ``CLIP_MAT_DATA`` in the environment moves it."""
    from platformdirs import user_data_path

    return Path(os.environ.get("CLIP_MAT_DATA") or user_data_path("clip-mat", appauthor=False))
