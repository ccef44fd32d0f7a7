"""What several test modules share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:  # the process that only hands out the tests needs no torch
    from clip_mat import SentenceEncoder
    from rag import PaperLibrary

os.environ.setdefault("OMP_NUM_THREADS", "1")  # every core has a worker: a second thread of each would only wait
settings.register_profile("any machine", deadline=None)  # a busy one takes longer; the whole test has its limit
settings.load_profile("any machine")

LONGEST = (
    "test_notebooks.py",
    "test_diffusion.py",
    "test_cli.py",
    "test_pairs.py",
    "test_faults.py",
    "test_pages.py",
    "test_symmetrise.py",
    "test_trainer.py",
    "test_generator.py",
    "test_trajectory.py",
    "test_kill_ingest.py",
    "test_lessons.py",
    "test_generate_cli.py",
)
"""Files that take longest, which are begun first: no worker is to be left alone with one at the end."""

SHARED = Path(__file__).parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; a file stays together and in its order."""
    rank = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real papers and questions, which is not part of the repository."""
    if not SHARED.is_dir():
        pytest.skip("the real papers and questions of ../shared/data are not here")
    return SHARED


@pytest.fixture(scope="session")
def encoder() -> SentenceEncoder:
    """The packaged sentence encoder, loaded once."""
    from clip_mat import SentenceEncoder

    return SentenceEncoder()


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of the bundled review; to be copied, or only read."""
    from rag import PaperLibrary

    folder = tmp_path_factory.mktemp("review") / "papers.db"
    PaperLibrary.demo(folder).close()
    return folder


@pytest.fixture(scope="session")
def demo(
    demo_folder: Path, encoder: SentenceEncoder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PaperLibrary]:
    """The bundled review, taken in once; read only, please."""
    from rag import PaperLibrary

    copy = shutil.copytree(demo_folder, tmp_path_factory.mktemp("demo") / "papers.db")
    with PaperLibrary(copy, encoder=encoder) as library:
        yield library


@pytest.fixture(scope="session")
def filled_cache(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache as a first use leaves it: the bundled review, and the bundled prototypes; read only, please.

    The prototypes are there for the packaged model, and for the stand-in that counts elements.
    """
    from fact_encoder import FactEncoder

    from clip_mat import MaterialsIndex

    cache = tmp_path_factory.mktemp("cache")
    shutil.copytree(demo_folder, cache / "demo-papers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLIP_MAT_CACHE", str(cache))
        MaterialsIndex.open().close()
        MaterialsIndex.open(clip=FactEncoder()).close()
    return cache
