"""What every command shares: JSON on stdout, people's tables, progress bars on a terminal's stderr."""

from __future__ import annotations

import io
import json
import logging
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from rich.console import Console

    from clip_mat.structures import Skipped

Progress = Callable[[int, int, str], None]
"""Told what is done, of how many (0 where that is not known), and the name of the last."""
_AT_ONCE = 64
_TABLE = 72
"""Characters of a line that a table needs, however narrow the terminal is."""
_BETWEEN = 2
"""Characters between two columns."""


class PathName(click.Path):
    """A file or a folder. The empty name, mostly an unset variable, is refused: it would mean the current folder."""

    def __init__(self, *, exists: bool = False, file_okay: bool = True, dir_okay: bool = True) -> None:
        super().__init__(exists=exists, file_okay=file_okay, dir_okay=dir_okay, path_type=Path)

    def convert(
        self, value: str | PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | PathLike[str]:
        if value == "":
            self.fail("the name is empty (is a variable not set?)", param, ctx)
        if not self.file_okay and Path(value).is_file():
            self.fail(f"{str(value)!r} is a file; name a folder", param, ctx)
        if not self.dir_okay and Path(value).is_dir():
            self.fail(f"{str(value)!r} is a folder; name a file", param, ctx)
        return super().convert(value, param, ctx)


class PictureName(PathName):
    """The name of a picture.

    Args:
        endings: Of its kind; of PNG files where none are given.
    """

    def __init__(self, *endings: str) -> None:
        super().__init__(dir_okay=False)
        self._endings = endings or (".png",)

    def convert(
        self, value: str | PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | PathLike[str]:
        if not str(value).lower().endswith(self._endings):
            known = " or ".join(self._endings)
            self.fail(f"{str(value)!r}: no picture can be written so; give a name that ends in {known}", param, ctx)
        return super().convert(value, param, ctx)


def is_given(option: str) -> bool:
    """Whether an option of the command that runs, by its name like ``--out``, stands on the command line."""
    source = click.get_current_context().get_parameter_source(_parameter(option).name or "")
    return source is ParameterSource.COMMANDLINE


def needs(option: str, other: str, why: str) -> None:
    """Refuse an option that would do nothing without another; its default may be given in so many words.

    Raises:
        UsageError: If it is given, and the other is not.
    """
    if changes(option) and not is_given(other):
        raise click.UsageError(f"{option} needs {other}, {why}")


def changes(option: str) -> bool:
    """Whether an option of the command that runs is given, and is not its default."""
    context, parameter = click.get_current_context(), _parameter(option)
    return is_given(option) and context.params.get(parameter.name or "") != parameter.get_default(context)


def _parameter(option: str) -> click.Parameter:
    return next(one for one in click.get_current_context().command.params if option in one.opts)


def goes_without(option: str, others: Iterable[str], why: str) -> None:
    """Refuse options that would do nothing beside another.

    Raises:
        UsageError: If it is given, and one of the others is.
    """
    if is_given(option):
        for other in filter(changes, others):
            raise click.UsageError(f"{option} goes without {other}: {why}")


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--json``: one document on stdout and nothing else there."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(function)


def plain(text: str) -> str:
    """One line in which nothing acts on a terminal: what does not print stands there as an escape, ``\\x1b``.

    File names come from others as much as the papers do, and may hold anything but a slash.
    """
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    is_blank = unicodedata.category(character) == "Zs"
    return " " if is_blank else character.encode("unicode_escape").decode()


def print_json(document: Any) -> None:
    """One JSON document on stdout; what does not print is escaped as JSON does it, and so comes back as it was."""
    text = json.dumps(document, ensure_ascii=not _is_unicode(sys.stdout), indent=2)
    click.echo("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text))


def answer_lines(
    asked: Iterable[str],
    answers: Callable[[list[str]], Iterable[Mapping[str, Any]]],
    is_met: Callable[[Mapping[str, Any]], bool],
    *,
    nothing: str,
    what: str,
) -> int:
    """One JSON document a line for each that is asked, some together; the exit status, 1 where none could be met.

    Args:
        asked: Texts.
        answers: A document for each of some of them.
        is_met: Whether a document is an answer.
        nothing: A note for people where nothing is asked.
        what: Is done, beside the progress bar.
    """
    done, met = 0, False
    left = iter(asked)
    with progress_bar(what) as progress:
        while batch := list(islice(left, _AT_ONCE)):
            for document in answers(batch):
                click.echo(json.dumps(document, ensure_ascii=True))
                met |= is_met(document)
            done += len(batch)
            progress(done, 0, "")
    if not done:
        note(nothing)
    return 0 if met or not done else 1


def console(least: int = 1) -> Console:
    """Where people read: stdout, at most 100 columns.

    Args:
        least: Columns of it, however narrow the terminal is.
    """
    from rich.console import Console

    class Screen(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # told as that of any other writer

    wide = Screen()
    return Screen(width=max(least, min(wide.width, 100)), highlight=False)


def show_pairs(rows: Iterable[Sequence[str]]) -> None:
    """Names in bold, each with what there is to say of it; nothing where there are none."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    for row in rows:
        name, *rest = map(plain, row)
        table.add_row(Text(name, style="bold"), *map(Text, rest))
    if table.row_count:
        console().print(table)


def show_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    text: Collection[str] = (),
    wrapped: Collection[str] = (),
    spared: Sequence[str] = (),
) -> None:
    """A table whose names and ids stay whole as long as columns can be left out in their place.

    Args:
        columns: Their names.
        rows: A cell for each column; ``-`` for what is not known.
        text: Columns of words, at the left; numbers stand at the right.
        wrapped: Columns whose cells are broken between words.
        spared: Columns that a narrow terminal goes without, the first of them first; before these, those in which
            nothing is known.
    """
    from rich.table import Table
    from rich.text import Text

    screen = console(_TABLE)
    widths = {}
    for name, *cells in zip(columns, *rows, strict=True):
        pieces = [piece for cell in (name, *cells) for piece in (cell.split() if name in wrapped else [cell])]
        widths[name] = max(len(plain(piece)) for piece in pieces)
    unknown = [name for name, *cells in zip(columns, *rows, strict=True) if set(cells) == {"-"}]
    for name in dict.fromkeys((*unknown, *spared)):
        if not _is_too_wide(widths.values(), screen.width):
            break
        del widths[name]
    folds = _is_too_wide(widths.values(), screen.width)  # names and ids too, as the last resort
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in widths:
        is_text = name in text or name in wrapped
        is_whole = name not in wrapped and not (folds and is_text)
        table.add_column(name, justify="left" if is_text else "right", no_wrap=is_whole, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for name, cell in zip(columns, row, strict=True) if name in widths))
    screen.print(table)


def _is_too_wide(widths: Collection[int], room: int) -> bool:
    return sum(widths) + _BETWEEN * (len(widths) - 1) > room


def print_anything() -> None:
    """Let stdout and stderr take every character: one that their encoding lacks is printed as its escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not _is_unicode(stream):
            stream.reconfigure(errors="backslashreplace")


def _is_unicode(stream: TextIO) -> bool:
    return (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf")


def note(text: str) -> None:
    """A remark for people, on stderr."""
    click.echo(plain(text), err=True)


def counted(number: int, what: str) -> str:
    """``1 crystal``, ``2 crystals``."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def show_run(out: Path, *, finished: bool, steps: int, minutes: float, metrics: Mapping[str, float]) -> int:
    """Says how a training run in a folder went; the exit status."""
    if not finished:
        note(f"{out}: stopped at step {steps} (continue with --resume)")
        return 1
    figures = "".join(f", {name} {value:.3f}" for name, value in metrics.items())
    note(f"{out}: {steps} steps in {minutes:.0f} minutes{figures}")
    return 0


def note_skipped(left_out: Skipped) -> None:
    """What was not read, and why."""
    note(f"skipped {left_out.id} of {left_out.source}: {left_out.reason}")


class _PlainFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return plain(record.getMessage())


def log_to_stderr() -> None:
    """Warnings go to stderr, one plain line each."""
    handler = logging.StreamHandler()
    handler.setFormatter(_PlainFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


@contextmanager
def progress_bar(what: str) -> Iterator[Progress]:
    """A bar with the time left on stderr, where that is a terminal; else nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    screen = Console(stderr=True)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def show(done: int, total: int, name: str) -> None:
            bar.update(task, completed=done, total=total or None, description=f"{what} {plain(name)[:40]}")

        yield show


@contextmanager
def status_line() -> Iterator[Callable[[str], None]]:
    """A line on stderr that says what is being done, where that is a terminal; else nothing."""
    from rich.console import Console
    from rich.markup import escape

    screen = Console(stderr=True)
    if not screen.is_terminal:
        yield lambda _: None
        return
    with screen.status("") as status:
        yield lambda words: status.update(f"[dim]{escape(plain(words))}[/dim]")
