"""The command line, run in the process of the tests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.cli import main


class Run:
    """Runs the command; what it printed stands in `out` and `err`."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *args: object) -> int:
        with pytest.raises(SystemExit) as stop:
            main([str(arg) for arg in args])
        self.out, self.err = self._capsys.readouterr()
        return int(stop.value.code or 0)

    def json(self, *args: object) -> Any:
        assert self(*args, "--json") == 0, self.err
        return json.loads(self.out)
