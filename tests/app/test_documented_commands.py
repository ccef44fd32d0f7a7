"""Every command shows an example, and every command line that help and documents show is one that is understood."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from app.commands import group

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "benchmarks/*.md", "docs/*.md", "clip_mat/weights/*/*.md", "rag/weights/*/*.md")
    for path in ROOT.glob(pattern)
)
SHELLS = ("", "console", "sh", "bash")


def commands(
    command: click.Command = group, path: tuple[str, ...] = (), parent: click.Context | None = None
) -> Iterator[tuple[str, click.Command]]:
    """Every command by its words, the groups too."""
    yield " ".join(path), command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path[-1] if path else "clip-mat", parent=parent)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None, name
            yield from commands(found, (*path, name), context)


COMMANDS = dict(commands())


def understood(line: str) -> None:
    """Parses the words of one call of clip-mat as the command line does. Raises a UsageError where they do not fit."""
    words = shlex.split(line, comments=True)
    assert words[0].rpartition("/")[2] == "clip-mat", line
    command: click.Command = group
    path, rest = "", words[1:]
    while isinstance(command, click.Group) and rest and rest[0] != "--help":
        path = f"{path} {rest[0]}".strip()
        if path not in COMMANDS:
            raise click.UsageError(f"no command {path!r}")
        command, rest = COMMANDS[path], rest[1:]
    if "--help" not in rest:
        command.make_context(path, rest)


def calls(text: str) -> Iterator[str]:
    """Calls of clip-mat in a line of a shell, without what the shell does with them."""
    for part in re.split(r"&&|;(?=\s)|(?<=\s)\|(?=\s)", text):
        call = re.split(r"\s(?:>>?|2>)\s", part.strip())[0]
        if re.match(r"(?:\.venv/bin/)?clip-mat(\s|$)", call):
            yield call.removeprefix(".venv/bin/")


def shown_in(document: Path) -> Iterator[str]:
    """Command lines in the fenced blocks of a document, continued lines joined."""
    language: str | None = None
    for line in document.read_text("utf-8").replace("\\\n", " ").splitlines():
        if line.startswith("```"):
            language = line.removeprefix("```").strip() if language is None else None
        elif language in SHELLS:
            yield from calls(line.removeprefix("$ "))


@pytest.fixture
def anything_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of files in examples are taken for files that are there."""
    monkeypatch.setattr(click.Path, "convert", lambda _self, value, _parameter, _context: Path(value))
    monkeypatch.setattr(click.File, "convert", lambda _self, value, _parameter, _context: value)


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_shows_an_example_that_is_understood(path: str, anything_exists: None) -> None:
    text = COMMANDS[path].help or ""
    _, marked, examples = text.partition("\b\n")
    lines = [re.sub(r"^\s*(?:Examples?|Try): *", "", line).strip() for line in examples.splitlines()]
    found = [call for line in lines for call in calls(line)]
    assert marked, f"clip-mat {path} --help shows no example"
    assert found, f"clip-mat {path} --help shows no example"
    for call in found:
        understood(call)
    if path:
        assert any(call.startswith(f"clip-mat {path}") for call in found), f"an example of something else: {found}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_command_lines_in_documents_are_understood(document: Path, anything_exists: None) -> None:
    for call in shown_in(document):
        try:
            understood(call)
        except click.UsageError as error:
            pytest.fail(f"{document.relative_to(ROOT)}: {call}: {error.format_message()}")


def test_the_reader_of_documents_finds_what_is_there() -> None:
    found = list(shown_in(ROOT / "README.md"))
    assert len(found) > 20
    assert "clip-mat demo" in found


@pytest.mark.parametrize("call", ["clip-mat serach x", "clip-mat search --nonsense x", "clip-mat generate -n two"])
def test_what_is_not_understood_is_noticed(call: str) -> None:
    with pytest.raises(click.UsageError):
        understood(call)


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_says_what_it_is_for(path: str) -> None:
    for parameter in COMMANDS[path].params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, f"clip-mat {path} {parameter.opts[0]}"
            assert parameter.help.endswith((".", "]")), parameter.help
