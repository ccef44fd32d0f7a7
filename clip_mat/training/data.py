"""What the trainer asks of its data, and how batches are made ready beside the training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import Any, Protocol, Self, TypeVar

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

T = TypeVar("T")


class Inputs(Protocol):
    """What a tower reads: made on the CPU, moved to the device at use."""

    def to(self, device: torch.device) -> Self:
        """The same on another device."""
        ...


@dataclass(frozen=True, slots=True)
class Chunk:
    """As many pairs as go through the towers at once.

    Attributes:
        text: n texts.
        crystals: n crystals, row by row what the texts were written for.
        rows: (n,) int64, places of the crystals in the training set.
        truth: What the crystal tower should guess of them, where it guesses.
    """

    text: Inputs
    crystals: Inputs
    rows: Tensor
    truth: Inputs | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step of the optimizer sees.

    Attributes:
        chunks: This rank's share of the n pairs.
        positives: (n, n) bool; whether the text fits the crystal, over the concatenated chunks of all ranks, in rank
            order. The same on every rank.
        bank_positives: (n, N) bool, the same against every training crystal; needed where the bank is used.
    """

    chunks: list[Chunk]
    positives: Tensor
    bank_positives: Tensor | None = None


class Source(Protocol):
    """Training data. For a worker process it must survive pickling."""

    size: int
    """N, how many training crystals there are."""

    def __len__(self) -> int:
        """Batches an epoch."""
        ...

    def epoch(self, number: int, rank: int, world: int) -> Iterator[Batch]:
        """One pass over the data, the same for the same arguments.

        Args:
            number: Of the epoch, from 0.
            rank: Which share is wanted.
            world: How many shares there are; all have equally many batches.
        """
        ...


@dataclass(frozen=True, slots=True)
class Located:
    """A batch and its place in the run.

    Attributes:
        epoch: From 0.
        position: In the epoch, from 0.
        batch: What to learn from.
    """

    epoch: int
    position: int
    batch: Batch


class _Batches(IterableDataset[Located]):
    """All batches from a place in the run on, without end."""

    def __init__(self, source: Source, epoch: int, position: int, rank: int, world: int) -> None:
        self._source, self._epoch, self._position = source, epoch, position
        self._rank, self._world = rank, world

    def __iter__(self) -> Iterator[Located]:
        first = self._position
        for epoch in count(self._epoch):
            batches = self._source.epoch(epoch, self._rank, self._world)
            for position, batch in islice(enumerate(batches), first, None):
                yield Located(epoch, position, batch)
            first = 0


def batches(
    source: Source, *, epoch: int, position: int, rank: int, world: int, workers: int, prefetch: int
) -> Iterator[Located]:
    """All batches of a run from a place on, prepared ahead in a process of their own if there is a worker.

    A process and not a thread: writing captions is Python's work, and would hold up the training in this process.
    """
    return prepared(_Batches(source, epoch, position, rank, world), workers, prefetch)


def prepared(every: IterableDataset[T], workers: int, prefetch: int) -> Iterator[T]:
    """What a data set yields, prepared ahead in processes of their own if there are workers.

    Args:
        every: Sent to the workers with pickle; where there are several, each must yield its share alone.
        workers: Number of processes.
        prefetch: How many each prepares ahead.
    """
    loader: DataLoader[Any] = DataLoader(
        every,
        batch_size=None,
        num_workers=workers,
        collate_fn=_unchanged,
        worker_init_fn=_prepare_worker,
        generator=torch.Generator(),  # the loader draws a seed, which must not come out of the model's numbers
        multiprocessing_context="spawn" if workers else None,
        prefetch_factor=prefetch if workers else None,
    )
    return iter(loader)


def _unchanged(batch: T) -> T:
    return batch


GRACE = 30
"""Seconds from a SIGTERM to the end of a worker that its trainer has not ended before."""


def _prepare_worker(_worker: int) -> None:
    """A Ctrl-C, or a SIGTERM to the group, reaches the worker too; it is the trainer who ends the run, in order.

    Who sends a SIGTERM to the worker alone waits for its end, though, as the interpreter does at exit for a loader that
    a failure has left behind; so it ends a while later at the latest. It has nothing to put away.
    """
    import os
    import signal
    from multiprocessing import util

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: signal.alarm(GRACE))
    util.Finalize(None, os._exit, args=(0,), exitpriority=-1000)  # its own end would cut off what still sends tensors
