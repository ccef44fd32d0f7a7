"""Where things lie that can be made again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Folder of what can be made again; ``CLIP_MAT_CACHE`` in the environment moves it."""
    from platformdirs import user_cache_path

    return Path(os.environ.get("CLIP_MAT_CACHE") or user_cache_path("clip-mat", appauthor=False))
