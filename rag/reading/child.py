"""The process that parses: a fresh Python that calls ``main``, spoken to in frames over two pipes.

A frame is its length as four bytes, big endian, and so many bytes of JSON. A request names a file and the limits;
the answers to it are at most one ``{"pages": n}`` and then one ``{"document": ...}`` or ``{"error": ...}``.
"""

from __future__ import annotations

import gc
import json
import os
import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO

from rag.errors import UnreadableDocument, UnsafeDocument
from rag.reading.limits import Limits

HEADER = struct.Struct(">I")
_GRACE = 5  # seconds of processor time over what the wall clock allows


def main() -> None:
    """Serve requests until the parent closes the pipe."""
    requests, answers = _take_over_pipes()
    # Reading makes many objects and few cycles: the collector's default pace would cost a tenth of the time.
    gc.set_threshold(100_000, 20, 20)
    while (header := requests.read(HEADER.size)) and len(header) == HEADER.size:
        request = json.loads(requests.read(HEADER.unpack(header)[0]))
        limits = Limits(**request["limits"])
        _bound_memory(limits)
        _bound_processor(limits.seconds)
        answers.write(_answer(Path(os.fsdecode(request["path"].encode("latin-1"))), limits, answers))
        answers.flush()


def frame(message: dict[str, Any]) -> bytes:
    """``message`` with its length in front."""
    content = json.dumps(message, separators=(",", ":")).encode("ascii")
    return HEADER.pack(len(content)) + content


def _answer(path: Path, limits: Limits, answers: BinaryIO) -> bytes:
    from rag.reading.codec import encode_document
    from rag.reading.parse import parse

    def opened(pages: int) -> None:
        _bound_processor(limits.seconds + pages * limits.seconds_per_page)
        answers.write(frame({"pages": pages}))
        answers.flush()

    try:
        content = b'{"document":' + encode_document(parse(path, limits, opened)) + b"}"
    except UnreadableDocument as error:
        return frame({"error": error.reason, "remedy": error.remedy, "unsafe": isinstance(error, UnsafeDocument)})
    except MemoryError:
        reason = f"needs more than {limits.memory_mb:,} MB of memory to read"
        return frame({"error": reason, "remedy": "it may be an attack; else raise the limit", "unsafe": True})
    except Exception as error:  # noqa: BLE001 - whatever a damaged file does to the parser ends here, as one line
        reason = f"cannot be read: {type(error).__name__}: {str(error)[:200]}"
        return frame({"error": reason, "remedy": "it is probably damaged", "unsafe": False})
    return HEADER.pack(len(content)) + content


def _take_over_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes for frames; what a library prints goes nowhere."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 - open as long as the process
    return requests, answers


def _bound_memory(limits: Limits) -> None:
    try:
        import resource
    except ImportError:  # no such limits on Windows; the watch on the clock remains
        return
    size = limits.memory_mb << 20
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard != resource.RLIM_INFINITY:
        size = min(size, hard)
    resource.setrlimit(resource.RLIMIT_AS, (size, hard))


def _bound_processor(seconds: float) -> None:
    """Let this process use so many more seconds of processor time; the kernel ends it after them."""
    try:
        import resource
    except ImportError:
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(usage.ru_utime + usage.ru_stime + seconds + _GRACE)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
