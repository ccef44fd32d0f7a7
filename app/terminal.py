"""What every command shares: JSON on stdout, people's tables, progress bars on a terminal's stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

Progress = Callable[[int, int, str], None]


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--json``: one document on stdout and nothing else there."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(function)


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def console() -> Console:
    """Where people read: stdout, at most 100 columns."""
    from rich.console import Console

    wide = Console()
    return Console(width=min(wide.width, 100), highlight=False)


def note(text: str) -> None:
    """A remark for people, on stderr."""
    click.echo(text, err=True)


@contextmanager
def progress_bar(what: str) -> Iterator[Progress]:
    """A bar with the time left on stderr, where that is a terminal; else nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    screen = Console(stderr=True)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def show(done: int, total: int, name: str) -> None:
            bar.update(task, completed=done, total=total, description=f"{what} {name[:40]}")

        yield show
