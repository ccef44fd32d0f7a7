"""Reading a file's bytes without being caught by what only looks like a file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from rag.errors import UnreadableDocument, UnsafeDocument
from rag.reading.limits import Limits

_KINDS = {
    stat.S_IFDIR: "is a folder, not a file",
    stat.S_IFIFO: "is a pipe, not a file",
    stat.S_IFSOCK: "is a socket, not a file",
    stat.S_IFCHR: "is a device, not a file",
    stat.S_IFBLK: "is a device, not a file",
}


def read_bytes(path: Path, limits: Limits) -> bytes:
    """All bytes of a regular file.

    Raises:
        UnreadableDocument: Absent, not permitted, empty, or not a regular file.
        UnsafeDocument: Larger than the limit.
    """
    try:
        # Without blocking, so that a pipe that nobody writes to is seen as a pipe and not waited for.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise UnreadableDocument(path, *why_unreadable(error)) from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            kind = _KINDS.get(stat.S_IFMT(status.st_mode), "is not a regular file")
            raise UnreadableDocument(path, kind, "name a PDF, txt or md file")
        if status.st_size > limits.megabytes << 20:
            raise UnsafeDocument(
                path,
                f"has {status.st_size >> 20:,} MB, more than {limits.megabytes:,}",
                "split it or raise the limit",
            )
        data = file.read()
    if not data:
        raise UnreadableDocument(path, "is empty (0 bytes)", "download it again")
    return data


def why_unreadable(error: OSError) -> tuple[str, str]:
    """Why a file or folder cannot be read, and what to do about it."""
    if isinstance(error, FileNotFoundError):
        return "does not exist", "check the path"
    if isinstance(error, PermissionError):
        return "may not be read", "change its permissions"
    return f"cannot be opened: {(error.strerror or 'unknown error').lower()}", "check the path"
