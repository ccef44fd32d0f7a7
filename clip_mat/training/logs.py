"""What a run tells: to people on stderr, to spreadsheets as CSV, to TensorBoard."""

from __future__ import annotations

import csv
import logging
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

logger = logging.getLogger(__name__)
SECONDS_BETWEEN_LINES = 30.0
STEPS_FILE = "steps.csv"
VALIDATION_FILE = "validation.csv"


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of the optimizer.

    Attributes:
        step: Steps done, this one included.
        epoch: From 0.
        seconds: Since the run began, pauses between its parts left out.
        loss: Of the whole batch.
        scale: Inverse temperature.
        learning_rate: The largest of all groups.
        gradient_norm: Before clipping.
    """

    step: int
    epoch: int
    seconds: float
    loss: float
    scale: float
    learning_rate: float
    gradient_norm: float


class Record(Protocol):
    """A row of ``steps.csv``: a dataclass with these and other numbers, all of which are plotted."""

    @property
    def step(self) -> int: ...
    @property
    def epoch(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def loss(self) -> float: ...


class RunLog:
    """Writes a run's story into its folder; rows beyond `step`, from a part that was lost, are cut off first.

    On a terminal there is a progress bar, elsewhere a plain line every half a minute (logger of this module).
    """

    def __init__(self, folder: Path, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._steps = _Table(folder / STEPS_FILE, step)
        self._validation = _Table(folder / VALIDATION_FILE, step)
        self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1 if step else None)
        self._bar = _Bar() if sys.stderr.isatty() else None
        self._smooth: float | None = None
        self._metrics: Mapping[str, float] = {}
        self._last_line = -SECONDS_BETWEEN_LINES
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.callback(self._board.close)
        for table in (self._steps, self._validation):
            self._stack.callback(table.close)
        if self._bar is not None:
            self._stack.enter_context(self._bar)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def step(self, record: Record, progress: float) -> None:
        """After a step.

        Args:
            record: What happened.
            progress: Share of the run that is over.
        """
        row = asdict(cast("DataclassInstance", record))
        self._steps.write(row)
        for name in row.keys() - {"step", "epoch", "seconds"}:
            self._board.add_scalar(f"train/{name}", row[name], record.step)
        self._smooth = record.loss if self._smooth is None else 0.95 * self._smooth + 0.05 * record.loss
        told = f"epoch {record.epoch + 1}  step {record.step}  loss {self._smooth:.3f}{_shown(self._metrics)}"
        if self._bar is not None:
            self._bar.show(told, progress)
        elif time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            logger.info("%s  %.0f%%, %s left", told, 100 * progress, _left(record.seconds, progress))

    def validation(self, step: int, epoch: int, seconds: float, metrics: Mapping[str, float]) -> None:
        """After a validation."""
        self._metrics = metrics
        self._validation.write({"step": step, "epoch": epoch, "seconds": seconds, **metrics})
        for name, value in metrics.items():
            self._board.add_scalar(f"validation/{name}", value, step)
        told = f"epoch {epoch + 1}  validation{_shown(metrics)}"
        if self._bar is not None:
            self._bar.say(told)
        else:
            logger.info(told)

    def flush(self) -> None:
        """Bring everything to disk, before a checkpoint that counts on it."""
        self._steps.flush()
        self._validation.flush()
        self._board.flush()


def _shown(metrics: Mapping[str, float]) -> str:
    return "".join(f"  {name} {value:.3f}" for name, value in list(metrics.items())[:4])


def _left(seconds: float, progress: float) -> str:
    left = seconds * (1 - progress) / progress if progress > 0 else 0.0
    return str(timedelta(seconds=round(left)))


class _Table:
    """A CSV file that grows; its columns are those of the first row."""

    def __init__(self, path: Path, step: int) -> None:
        kept: list[dict[str, str]] = []
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                kept = [row for row in csv.DictReader(file) if _is_whole(row) and int(row["step"]) <= step]
        self._file = path.open("w", newline="", encoding="utf-8")
        self._writer: csv.DictWriter[str] | None = None
        for row in kept:
            self.write(row)

    def write(self, row: Mapping[str, Any]) -> None:
        if self._writer is None:
            self._writer = csv.DictWriter(self._file, list(row))
            self._writer.writeheader()
        self._writer.writerow(row)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def _is_whole(row: Mapping[str, str | None]) -> bool:
    """Whether a row was not cut off when the process died."""
    return None not in row.values() and None not in row


class _Bar:
    """A progress bar with the time left, on stderr."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (BarColumn(20), TaskProgressColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._task = self._progress.add_task("", total=1.0)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, told: str) -> None:
        """A line that stays, above the bar."""
        self._progress.console.print(told, highlight=False, markup=False)

    def show(self, told: str, progress: float) -> None:
        self._progress.update(self._task, completed=progress, description=told)
