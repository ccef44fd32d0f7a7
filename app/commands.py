"""The commands of ``clip-mat``, and how they fail.

Commands live in modules of their own and are imported when they run; nothing heavy is imported for ``--help``.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
from difflib import get_close_matches

import click

from app.terminal import log_to_stderr, note, plain, print_anything

COMMANDS = {
    "demo": "app.demo",
    "ingest": "app.papers",
    "ask": "app.papers",
    "passages": "app.papers",
    "references": "app.papers",
    "train": "app.train",
    "index": "app.materials",
    "search": "app.materials",
    "generate": "app.generate",
    "design": "app.design",
    "eval": "app.evaluate",
    "doctor": "app.doctor",
    "completion": "app.completion",
}


_REMEDIES = {
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "check the path: a part of it is a file",
    errno.EISDIR: "name a file",
    errno.EEXIST: "choose another name",
    errno.EACCES: "allow it, or choose another place",
    errno.EPERM: "allow it, or choose another place",
    errno.EROFS: "choose another place",
    errno.ENOSPC: "make room, or choose another disk",
    errno.EDQUOT: "make room, or choose another disk",
    errno.ENAMETOOLONG: "choose a shorter name",
}
"""What to do about what the system says of a file."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(COMMANDS[name]), f"{name}_command")
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and (close := get_close_matches(args[0], COMMANDS, n=1)):
            raise click.UsageError(f"No such command {args[0]!r}. Did you mean {close[0]!r}?", ctx)
        return super().resolve_command(ctx, args)


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="clip-mat", prog_name="clip-mat")
@click.option("--debug", is_flag=True, help="Show the traceback of a failure.")
def group(debug: bool) -> None:
    """Ask materials-science papers; find compounds by text; generate crystals by text.

    \b
    Try:  clip-mat demo
          clip-mat ask "Are temperature effects important for defects?"
          clip-mat ingest papers/ && clip-mat ask "Which defects limit CdTe?"
          clip-mat search "rock salt structure"
          clip-mat index structures/ --out mine && clip-mat search "layered oxide" --index mine
          clip-mat generate "orthorhombic LiMnO2" --out made
    """


def run(args: list[str] | None = None) -> int:
    """Run one; the exit status: 0 done, 1 a failure told in one line, 2 wrong usage.

    Raises:
        KeyboardInterrupt: If it is stopped from the keyboard.
    """
    arguments = sys.argv[1:] if args is None else args
    debug = "--debug" in arguments
    if debug:  # welcome anywhere on the line
        arguments = ["--debug", *(argument for argument in arguments if argument != "--debug")]
    print_anything()
    log_to_stderr()
    try:
        status = group.main(arguments, prog_name="clip-mat", standalone_mode=False)
    except click.ClickException as error:
        told = io.StringIO()
        error.show(told)
        for line in told.getvalue().splitlines():
            note(line.expandtabs(2))
        return 2
    except click.Abort:
        raise KeyboardInterrupt from None
    except BrokenPipeError:  # the reader of a pipe has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # the last line of defence: one line for people, the traceback for --debug
        if debug:
            raise
        click.echo(f"clip-mat: {_one_line(error)}", err=True)
        return 1
    return status if isinstance(status, int) else 0


def _one_line(error: Exception) -> str:
    from clip_mat.errors import ClipMatError
    from indexes import IndexesError
    from rag.errors import RagError

    words = plain(" ".join(str(error).split()))
    if isinstance(error, ClipMatError | IndexesError | RagError):
        return words
    if isinstance(error, OSError) and error.strerror:
        named = f"{error.filename}: " if error.filename else ""
        remedy = _REMEDIES.get(error.errno or 0, "")
        return plain(f"{named}{error.strerror}") + (f" ({remedy})" if remedy else "")
    return f"unexpected {type(error).__name__}: {words} (run again with --debug and report what it prints)"
