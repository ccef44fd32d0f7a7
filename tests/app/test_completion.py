"""Shell completion: what a shell asks for at a press of Tab, and the scripts that make it ask."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.commands import COMMANDS

HEAVY = ("torch", "numpy", "pymatgen", "transformers", "rich")
ASK = "import sys; from app.cli import main\ntry: main([])\nfinally: print(*sorted(sys.modules), file=sys.stderr)"


def complete(words: str) -> tuple[list[str], set[str]]:
    """What is offered for the last of some words, and the modules that were loaded for it."""
    environment = os.environ | {
        "_CLIP_MAT_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return [line.partition(",")[2] for line in done.stdout.splitlines()], set(done.stderr.split())


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("clip-mat ", {*COMMANDS}),
        ("clip-mat re", {"references"}),
        ("clip-mat eval ", {"qa", "retrieval", "csp", "text"}),
        ("clip-mat train cl", {"clip"}),
        ("clip-mat search --fo", {"--format"}),
        ("clip-mat generate --format po", {"poscar"}),
        ("clip-mat completion ", {"bash", "zsh", "fish"}),
    ],
)
def test_words_are_completed_without_loading_anything_heavy(words: str, wanted: set[str]) -> None:
    offered, modules = complete(words)
    assert wanted <= set(offered)
    assert "click" in modules
    assert not modules & set(HEAVY)


@pytest.mark.parametrize("words", ["clip-mat ingest pa", "clip-mat index st", "clip-mat search --like Na"])
def test_file_names_are_left_to_the_shell(words: str) -> None:
    environment = os.environ | {"_CLIP_MAT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "2"}
    if "--like" in words:
        environment["COMP_CWORD"] = "3"
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, env=environment, check=False)
    assert done.stdout.startswith("file,")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_scripts_ask_the_command(shell: str) -> None:
    done = subprocess.run([sys.executable, "-m", "app.cli", "completion", shell], capture_output=True, text=True)
    assert done.returncode == 0
    assert f"_CLIP_MAT_COMPLETE={shell}_complete" in done.stdout
    if interpreter := shutil.which(shell):
        subprocess.run([interpreter, "-n"], input=done.stdout, text=True, check=True)


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish here")
def test_fish_shows_all_that_a_command_does(tmp_path: Path) -> None:
    command = tmp_path / "clip-mat"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m app.cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    script = 'clip-mat completion fish | source; complete --do-complete "clip-mat eval q"'
    done = subprocess.run(["fish", "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == "qa\tPage hits, quotes and silence on questions...\n"


def test_another_shell_is_wrong_usage() -> None:
    done = subprocess.run([sys.executable, "-m", "app.cli", "completion", "tcsh"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "bash" in done.stderr
