"""Reading in child processes: a file that hangs or kills its reader costs one child, not the program.

Children (`clip_mat.limited`) are kept for the next file, and replaced when they die, hang or have read many files.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from itertools import count as count_from
from pathlib import Path
from types import TracebackType
from typing import Any

from clip_mat.limited import LimitBroken, LimitedProcess, path_to_json
from rag.documents import Document
from rag.errors import UnreadableDocument, UnsafeDocument
from rag.reading.codec import document_from_json
from rag.reading.limits import Limits

SUFFIXES = (".pdf", ".txt", ".md", ".markdown")
"""File name endings that can be read, in lower case."""

_FILES_A_CHILD = 200
_PATIENCE = 5  # times the processor time that a file may cost, by the clock: a busy machine gives a child only a share
_AHEAD = 8  # files under way or waiting for the caller, for each worker


def read_document(path: Path | str, limits: Limits | None = None) -> Document:
    """Read one file in a child process.

    Raises:
        UnreadableDocument: Not a paper that can be read; says which file, why, and what to do.
        UnsafeDocument: Reading it broke a limit, or ended the child.
    """
    with ReaderPool(1, limits) as pool:
        return pool.read(Path(path))


def read_many(
    paths: Iterable[Path | str], limits: Limits | None = None, workers: int | None = None
) -> Iterator[tuple[Path, Document | UnreadableDocument]]:
    """Read files in ``workers`` child processes (default: one a processor).

    Yields:
        Each path, in the order given, with its document or with the error that it met; as soon as it and all
        before it are done. Files are read ahead of the caller, a few at a time, the largest
        of them first.
    """
    count = max(1, workers or os.cpu_count() or 1)
    with ReaderPool(count, limits) as pool, ThreadPoolExecutor(count, "reading") as threads:
        waiting: deque[tuple[Path, Future[Document]]] = deque()
        largest: _Queue = queue.PriorityQueue()
        todo, turn = iter(paths), count_from()
        try:
            while True:
                while len(waiting) < _AHEAD * count and (path := next(todo, None)) is not None:
                    given: Future[Document] = Future()
                    waiting.append((Path(path), given))
                    largest.put((-_size(Path(path)), next(turn), Path(path), given))
                    threads.submit(_read_first, pool, largest)
                if not waiting:
                    return
                done, future = waiting.popleft()
                try:
                    yield done, future.result()
                except UnreadableDocument as error:
                    yield done, error
        finally:
            for _, future in waiting:
                future.cancel()
            pool.close()


_Queue = queue.PriorityQueue[tuple[int, int, Path, Future[Document]]]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # whoever reads it says what is wrong


def _read_first(pool: ReaderPool, files: _Queue) -> None:
    """Read the first of ``files``, and settle its future."""
    _, _, path, future = files.get_nowait()
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(pool.read(path))
    except BaseException as error:  # noqa: BLE001 - handed to whoever waits for the future
        future.set_exception(error)


class ReaderPool:
    """Child processes that read files; ``read`` may be called from several threads at once.

    Args:
        workers: Most children alive at once.
        limits: Of every file.
    """

    def __init__(self, workers: int, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._idle: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(workers):
            self._idle.put(None)
        self._busy: set[_Child] = set()
        self._lock = threading.Lock()
        self._closed = False

    def __enter__(self) -> ReaderPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, path: Path) -> Document:
        """Read one file; waits for a child where all are busy. Raises as ``read_document`` does."""
        if path.suffix.lower() not in SUFFIXES:
            raise UnreadableDocument(path, f"is none of {', '.join(SUFFIXES)}", "convert it to PDF or text")
        child = self._idle.get()
        try:
            if child is None or child.worn_out:
                if child is not None:
                    child.kill()
                child = _Child()
            with self._lock:
                self._busy.add(child)
                if self._closed:
                    child.kill()
            return child.read(path, self._limits)
        finally:
            if child is not None:
                with self._lock:
                    self._busy.discard(child)
                    keep = child.alive and not self._closed
                if not keep:
                    child.kill()
                    child = None
            self._idle.put(child)

    def close(self) -> None:
        """End all children; a read that is under way fails."""
        with self._lock:
            self._closed = True
            for child in self._busy:
                child.kill()
        while True:
            try:
                idle = self._idle.get_nowait()
            except queue.Empty:
                return
            if idle is not None:
                idle.kill()


class _Child(LimitedProcess):
    """One reading process."""

    def __init__(self) -> None:
        super().__init__("rag.reading.child")
        self._read = 0

    @property
    def worn_out(self) -> bool:
        return self._read >= _FILES_A_CHILD or not self.alive

    def read(self, path: Path, limits: Limits) -> Document:
        """Have ``path`` read. After any failure of the process itself it is dead."""
        self._read += 1
        try:
            answer = self._ask(path, limits)
            if "document" in answer:
                return document_from_json(answer["document"])
            kind = UnsafeDocument if answer.get("unsafe") else UnreadableDocument
            raise kind(path, str(answer["error"]), str(answer.get("remedy", "")))
        except LimitBroken as error:
            raise UnsafeDocument(path, error.reason, error.remedy) from error
        except (KeyError, ValueError, TypeError) as error:
            self.kill()
            reason = "made the process that read it answer nonsense"
            raise UnsafeDocument(path, reason, "it may be an attack or badly damaged") from error

    def _ask(self, path: Path, limits: Limits) -> dict[str, Any]:
        self.send({"path": path_to_json(path), "limits": asdict(limits)})
        started, allowed = time.monotonic(), _PATIENCE * limits.seconds
        answer = self.receive(allowed, started)
        if "pages" in answer:
            allowed += _PATIENCE * limits.seconds_per_page * min(int(answer["pages"]), limits.pages)
            answer = self.receive(allowed, started)
        return answer
