"""Repeat what is published: commands of ``published.toml`` that fit the time, their figures beside those of the README.

A figure is the same where it lies in its published interval or, where it has none, within the last digit that is shown.
Speeds and times are printed and not judged: every machine has its own.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.evaluation.measures import table

ROOT = Path(__file__).parents[1]
PUBLISHED = Path(__file__).with_name("published.toml")
DATA = ROOT.parent / "shared" / "data"
NUMBER = re.compile(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?")
_INTERVAL = re.compile(r"\[([\d.]+), ([\d.]+)\]")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the README.

    Attributes:
        what: It is.
        shown: As the README has it, with its interval in brackets where it has one.
        at: Where the command's JSON has it; empty where only a person can read it off.
        times: A speed or a time, of which any machine has its own.
    """

    what: str
    shown: str
    at: str = ""
    times: bool = False

    def is_met_by(self, value: float) -> bool:
        """Whether a repeated value is the published one, as exactly as that is given."""
        interval = _INTERVAL.search(self.shown)
        first = NUMBER.search(self.shown)
        assert first is not None, self.shown
        _, _, decimals = first[0].partition(".")
        rounding = 0.5 * 10.0 ** -len(decimals)
        scale = 100.0 if self.shown[first.end() :].startswith("%") else 1.0
        published = float(first[0].replace(",", ""))
        low, high = map(float, interval.groups()) if interval else (published, published)
        return low - rounding - 1e-9 <= value * scale <= high + rounding + 1e-9


@dataclass(frozen=True, slots=True)
class Measurement:
    """A command and the figures that it gives.

    Attributes:
        name: To choose it by.
        section: Words of the README under which its figures stand.
        command: With ``{data}``, ``{index}``, ``{library}`` for folders; empty where figures are quoted from others.
        seed: Of all that is drawn.
        date: When it was last run.
        minutes: It takes on two idle cores.
        figures: In the order of the README.
        machine: On which it ran.
    """

    name: str
    section: str
    command: str
    seed: int
    date: str
    minutes: float
    figures: tuple[Figure, ...]
    machine: str

    @property
    def needs_index(self) -> bool:
        """Whether an index has to be made before."""
        return "{index}" in self.command or "{library}" in self.command

    def words(self, data: Path, index: Path, library: Path) -> list[str]:
        """The command, to be run by this interpreter."""
        words = [word.format(data=data, index=index, library=library) for word in shlex.split(self.command)]
        modules = {"clip-mat": ["-m", "app.cli"], "pytest": ["-m", "pytest"], "python": []}
        return [sys.executable, *modules[words[0]], *words[1:]]


def read_published(path: Path = PUBLISHED) -> list[Measurement]:
    """Everything that is published."""
    told = tomllib.loads(path.read_text("utf-8"))
    return [
        Measurement(
            **{**one, "date": str(one["date"]), "figures": tuple(Figure(**figure) for figure in one["figures"])},
            machine=told["machine"],
        )
        for one in told["measurement"]
    ]


def look_up(document: Any, place: str) -> float:
    """A number in a JSON document: names of keys with "/" between; ``key=value`` picks from a list.

    Raises:
        KeyError: If it is not there.
    """
    for step in place.split("/"):
        if isinstance(document, list):
            key, _, value = step.partition("=")
            found = [item for item in document if str(item.get(key)) == value]
            if len(found) != 1:
                raise KeyError(f"{place}: {len(found)} with {step}")
            document = found[0]
        elif isinstance(document, dict) and step in document:
            document = document[step]
        else:
            raise KeyError(f"{place}: no {step}")
    if isinstance(document, bool) or not isinstance(document, int | float):
        raise KeyError(f"{place}: {document!r} is no number")
    return float(document)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 where a figure is another now or a command fails."""
    options = parser().parse_args(arguments)
    chosen = choose(read_published(), options.only, options.minutes)
    differ = 0
    for one in chosen:
        print(f"{one.name}: about {one.minutes:g} minutes on two idle cores\n  {one.command}", file=sys.stderr)
        begun = time.perf_counter()
        words = one.words(options.data, options.index, options.library)
        done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        took = (time.perf_counter() - begun) / 60
        print(f"\n{one.name}, {took:.1f} minutes, exit status {done.returncode}\n")
        differ += done.returncode != 0
        if done.returncode == 0 and "--json" in words:
            rows, wrong = judge(one, json.loads(done.stdout))
            print(table(("what", "published", "now", ""), rows))
            differ += wrong
    left = [one.name for one in read_published() if one.command and one not in chosen]
    print(f"\n{differ} differ" + (f"; not repeated: {', '.join(left)}" if left else ""))
    return 1 if differ else 0


def choose(measurements: Sequence[Measurement], only: Sequence[str], minutes: float) -> list[Measurement]:
    """Those named; else the quickest first, as many as fit."""
    if only:
        return [one for one in measurements if one.name in only]
    chosen, left = [], minutes
    for one in sorted(measurements, key=lambda one: one.minutes):
        if one.command and not one.needs_index and one.minutes <= left:
            chosen.append(one)
            left -= one.minutes
    return chosen


def judge(measurement: Measurement, document: Any) -> tuple[list[tuple[str, ...]], int]:
    """Each figure as published and now, and how many differ."""
    rows, wrong = [], 0
    for figure in measurement.figures:
        if not figure.at:
            rows.append((figure.what, figure.shown, "", "read it off"))
            continue
        try:
            value = look_up(document, figure.at)
        except KeyError as error:
            rows.append((figure.what, figure.shown, "missing", str(error)))
            wrong += 1
            continue
        verdict = "" if figure.times else "the same" if figure.is_met_by(value) else "DIFFERS"
        wrong += verdict == "DIFFERS"
        rows.append((figure.what, figure.shown, f"{value:.4g}", verdict))
    return rows, wrong


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.repeat", description=__doc__)
    names = [one.name for one in read_published() if one.command]
    parser.add_argument("--only", nargs="+", choices=names, default=[], metavar="NAME", help=", ".join(names))
    parser.add_argument("--minutes", type=float, default=30, help="budget, in minutes of two idle cores")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of papers and crystals")
    parser.add_argument("--index", type=Path, default=Path("train20"), help="index of mp_train of at most 20 atoms")
    parser.add_argument("--library", type=Path, default=Path("papers21"), help="index of the papers")
    return parser


if __name__ == "__main__":
    sys.exit(main())
