"""Work on strangers' files in a child process: one that hangs or kills its reader costs a child, not the program.

Both ends of the pipe are here. A child is started afresh (no fork of a parent that has threads) and kept for more
requests. A frame is its length as four bytes, big endian, and so many bytes of JSON: nothing that parsed a stranger's
file is unpickled. Every request is answered by one or more frames.
"""

from __future__ import annotations

import gc
import json
import os
import select
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_HEADER = struct.Struct(">I")
_LARGEST_ANSWER = 512 << 20  # bytes
_GRACE = 5  # seconds of processor time over what the wall clock allows

Send = Callable[["dict[str, Any] | bytes"], None]
"""Writes one frame: an object, or what `json.dumps` made of one."""


class LimitBroken(Exception):
    """A request took too long or ended the process that served it.

    Attributes:
        reason: What happened, to stand after a file's name: ``took longer than 60 s to read``.
        remedy: What to do about it.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy


class LimitedProcess:
    """The parent's end: a child process that serves requests. After a `LimitBroken` it is dead.

    Args:
        module: Dotted name of the module whose ``main()`` the child runs; that calls `serve`.
    """

    def __init__(self, module: str) -> None:
        package_root = str(Path(__file__).resolve().parents[1])
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([package_root, *filter(None, [os.environ.get("PYTHONPATH")])]),
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"from {module} import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            bufsize=0,
        )

    @property
    def alive(self) -> bool:
        """Whether it can take requests."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def send(self, request: dict[str, Any]) -> None:
        """Ask for something.

        Raises:
            LimitBroken: If the process has died.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(_frame(request))
        except (OSError, ValueError) as error:
            raise self._broken() from error

    def receive(self, allowed: float, started: float | None = None) -> dict[str, Any]:
        """The next frame of an answer.

        Args:
            allowed: Seconds that it may take.
            started: What `time.monotonic` said when they began; now, if not given.

        Raises:
            LimitBroken: If it took longer, or ended the process.
        """
        deadline = (time.monotonic() if started is None else started) + allowed
        try:
            (size,) = _HEADER.unpack(self._bytes(_HEADER.size, deadline))
            if size > _LARGEST_ANSWER:
                raise ValueError("an answer too large")
            message = json.loads(self._bytes(size, deadline))
            if not isinstance(message, dict):
                raise TypeError("an answer that is no object")
        except TimeoutError:
            self._process.kill()
            self._process.wait()  # else it would look alive for a moment, and be given another file
            raise LimitBroken(
                f"took longer than {allowed:g} s to read", "it may be an attack; else raise the limit"
            ) from None
        except (EOFError, OSError, ValueError, TypeError) as error:
            raise self._broken() from error
        return message

    def _broken(self) -> LimitBroken:
        self._process.kill()
        code = self._process.wait()
        return LimitBroken(f"ended the process that read it ({_why(code)})", "it may be an attack or badly damaged")

    def _bytes(self, count: int, deadline: float) -> bytes:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        parts: list[bytes] = []
        while count:
            if not _readable(descriptor, deadline - time.monotonic()):
                raise TimeoutError
            part = os.read(descriptor, min(count, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


def serve(answer: Callable[[dict[str, Any], Send], None]) -> None:
    """The child's end: ``answer`` requests until the parent closes the pipe.

    The pipes are kept for frames; what a library prints goes nowhere.
    """
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 - open as long as the process
    # Reading makes many objects and few cycles: the collector's default pace would cost a tenth of the time.
    gc.set_threshold(100_000, 20, 20)

    def send(message: dict[str, Any] | bytes) -> None:
        answers.write(_frame(message))
        answers.flush()

    while (header := requests.read(_HEADER.size)) and len(header) == _HEADER.size:
        answer(json.loads(requests.read(_HEADER.unpack(header)[0])), send)


def bound_memory(megabytes: int) -> None:
    """Limit this process's address space; a request beyond it meets a MemoryError. Not on Windows."""
    try:
        import resource
    except ImportError:  # no such limits on Windows; the watch on the clock remains
        return
    size = megabytes << 20
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard != resource.RLIM_INFINITY:
        size = min(size, hard)
    resource.setrlimit(resource.RLIMIT_AS, (size, hard))


def bound_processor(seconds: float) -> None:
    """Let this process use so many more seconds of processor time; the kernel ends it after them. Not on Windows."""
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


def path_to_json(path: Path) -> str:
    """Any file name as text that JSON can carry; absolute, because a child keeps the folder in which it was started."""
    return os.fsencode(path.absolute()).decode("latin-1")


def path_from_json(text: str) -> Path:
    """The path that `path_to_json` wrote."""
    return Path(os.fsdecode(text.encode("latin-1")))


def _frame(message: dict[str, Any] | bytes) -> bytes:
    content = message if isinstance(message, bytes) else json.dumps(message, separators=(",", ":")).encode("ascii")
    return _HEADER.pack(len(content)) + content


def _readable(descriptor: int, seconds: float) -> bool:
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(descriptor, select.POLLIN | select.POLLHUP)
        return bool(poll.poll(max(0.0, seconds) * 1000))
    return bool(select.select([descriptor], [], [], max(0.0, seconds))[0])


def _why(code: int) -> str:
    return {-24: "out of processor time", -9: "killed", -11: "crashed", -6: "out of memory"}.get(code, f"exit {code}")
