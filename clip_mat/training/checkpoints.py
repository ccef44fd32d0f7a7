"""A training run on disk: one safetensors file, whose header carries the rest as JSON.

One file, because two could come from different moments. It is written beside its name, flushed and then renamed: at any
moment the name holds a whole checkpoint, the old one or the new one.
"""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from clip_mat.errors import TrainingError

FILE = "checkpoint.safetensors"
FORMAT = 1


def write_checkpoint(folder: Path, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """Write the run's checkpoint, in place of an older one.

    Args:
        folder: The run's folder.
        tensors: By name.
        state: Everything else, of JSON's types.
    """
    from safetensors.torch import save_file

    partial = folder / f"{FILE}.partial"
    # Copies, since safetensors refuses tensors that share memory, as tied weights do.
    copies = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
    header = {"format": str(FORMAT), "checksum": _checksum(copies), "state": json.dumps(state)}
    save_file(copies, partial, metadata=header)
    _flush(partial)
    partial.replace(folder / FILE)
    _flush(folder)


def read_checkpoint(folder: Path, device: torch.device) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the state that `write_checkpoint` was given.

    Raises:
        TrainingError: If there is none, or it is damaged or of another version.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / FILE
    if not path.is_file():
        raise TrainingError(f"{path}: no checkpoint to resume from (start without --resume)")
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            header = file.metadata() or {}
            version, state = header.get("format"), json.loads(header.get("state", "null"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise TrainingError(f"{path}: damaged checkpoint, {error} (start again in another folder)") from error
    if version != str(FORMAT) or not isinstance(state, dict):
        raise TrainingError(f"{path}: checkpoint of format {version}, this version reads {FORMAT}")
    if header.get("checksum") != _checksum(tensors):
        raise TrainingError(f"{path}: damaged checkpoint, its checksum is wrong (start again in another folder)")
    return tensors, state


def _checksum(tensors: dict[str, Tensor]) -> str:
    """CRC-32 of all values, against damage by chance."""
    checksum = 0
    for _, tensor in sorted(tensors.items()):
        checksum = zlib.crc32(tensor.cpu().flatten().view(torch.uint8).numpy().data, checksum)
    return f"{checksum:08x}"


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
