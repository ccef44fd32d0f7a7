"""Repeat what is published: commands of ``published.toml`` that fit the time, their figures beside the published ones.

A figure is the same where each of its numbers lies in its published interval or, where it has none, within the last
digit that is shown. Speeds and times are printed and not judged: every machine has its own. What a command needs, such
as an index, is made first and kept in the folder --work, and so is what every command prints.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.published import Made, Measurement, Published, look_up, read_published, words_of
from rag.evaluation.measures import table

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
WORK = ROOT / ".benchmarks"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 where a figure is another now or a command fails."""
    published = read_published()
    options = parser(published).parse_args(arguments)
    if not options.data.is_dir():
        print(f"nothing to measure: no folder {options.data}; name that of the papers and crystals: --data FOLDER")
        return 1
    places = {name: (options.work / name).resolve() for name in published.made}
    places |= {name: Path(folder).resolve() for name, folder in options.use}
    missing = {name for name, place in places.items() if not place.exists()}
    places |= {"data": options.data.resolve(), "peers": Path(options.peers)}
    runnable = {one.name: lacking(one, options.peers) for one in published.measurements if one.command}
    able = [one for one in published.measurements if one.command and not runnable[one.name]]
    chosen = choose(published, able, options.only, options.minutes, missing)
    options.work.mkdir(parents=True, exist_ok=True)
    differ = 0
    for one in chosen:
        for made in published.needed(one.command):
            if made.name in missing:
                missing.discard(made.name)
                differ += not make(made, places)
        differ += repeat(one, places, options.work)
    left = [
        f"{one.name} ({runnable[one.name] or f'{one.minutes:g} minutes'})"
        for one in published.measurements
        if one.command and one not in chosen
    ]
    print(f"\n{differ} differ" + (f"\nnot repeated: {', '.join(left)}" if left else ""))
    return 1 if differ else 0


def choose(
    published: Published, able: Sequence[Measurement], only: Sequence[str], minutes: float, missing: set[str]
) -> list[Measurement]:
    """Those named; else, as many as fit, whichever is quickest next with what has to be made for it.

    Args:
        published: Everything.
        able: What can be run here.
        only: Names; none for what fits the time.
        minutes: Of two idle cores.
        missing: Names of what is not made yet.
    """
    if only:
        return [one for one in able if one.name in only]
    chosen: list[Measurement] = []
    waiting, missing = list(able), set(missing)

    def cost(one: Measurement) -> float:
        return one.minutes + sum(made.minutes for made in published.needed(one.command) if made.name in missing)

    while waiting:
        quickest = min(waiting, key=cost)
        if cost(quickest) > minutes:
            break
        minutes -= cost(quickest)
        missing -= {made.name for made in published.needed(quickest.command)}
        waiting.remove(quickest)
        chosen.append(quickest)
    return chosen


def lacking(one: Measurement, peers: str) -> str:
    """Why a measurement cannot be run here: modules that the interpreter of the peers does not have, or ""."""
    code = f"import importlib.util as u; print(*(m for m in {list(one.needs)!r} if u.find_spec(m) is None), sep=', ')"
    if not one.needs:
        return ""
    done = subprocess.run([peers, "-c", code], stdout=subprocess.PIPE, text=True, check=False)
    missing = done.stdout.strip() if done.returncode == 0 else f"a Python that runs: {peers}"
    return f"needs {missing}" if missing else ""


def make(made: Made, places: Mapping[str, Path]) -> bool:
    """Make what commands need; whether it could be made."""
    print(f"making {made.name}: about {made.minutes:g} minutes on two idle cores\n  {made.command}", file=sys.stderr)
    done = subprocess.run(words_of(made.command, places), cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def repeat(one: Measurement, places: Mapping[str, Path], work: Path) -> int:
    """Run one command and print its figures; how many differ. A command that fails counts as one."""
    print(f"{one.name}: about {one.minutes:g} minutes on two idle cores\n  {one.command}", file=sys.stderr)
    begun = time.perf_counter()
    words = words_of(one.command, places)
    done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    took = (time.perf_counter() - begun) / 60
    kept = work / f"{one.name.replace(' ', '-').replace(',', '')}.{'json' if '--json' in words else 'txt'}"
    kept.write_text(done.stdout, encoding="utf-8")
    print(f"\n{one.name}, {took:.1f} minutes, exit status {done.returncode}, in {kept}\n", flush=True)
    if done.returncode:
        return 1
    rows, wrong = judge(one, json.loads(done.stdout) if "--json" in words else None)
    print(table(("what", "published", "now", ""), rows), flush=True)
    return wrong


def judge(measurement: Measurement, document: Any) -> tuple[list[tuple[str, ...]], int]:
    """Each figure as published and now, and how many differ.

    Args:
        measurement: Whose command has run.
        document: What it printed; None where it tests, and its exit status says all.
    """
    rows, wrong = [], 0
    for figure in measurement.figures:
        now: list[str] = []
        verdict = "tested" if document is None else "the same" if figure.at else "read it off"
        for number, place in zip(figure.numbers, figure.at, strict=bool(figure.at)):
            if not place:
                continue
            try:
                value = look_up(document, place)
            except KeyError as error:
                now.append("missing")
                verdict = f"DIFFERS: {error.args[0]}"
                continue
            now.append(f"{value * number.scale:.4g}")
            if verdict == "the same" and not figure.times and not number.is_met_by(value):
                verdict = "DIFFERS"
        if figure.times and not verdict.startswith("DIFFERS"):
            verdict = ""
        wrong += verdict.startswith("DIFFERS")
        rows.append((figure.what, figure.shown, ", ".join(now), verdict))
    return rows, wrong


def parser(published: Published) -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.repeat", description=__doc__)
    names = [one.name for one in published.measurements if one.command]
    parser.add_argument("--only", nargs="+", choices=names, default=[], metavar="NAME", help=", ".join(names))
    parser.add_argument("--minutes", type=float, default=30, help="budget, in minutes of two idle cores")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of papers and crystals")
    parser.add_argument("--work", type=Path, default=WORK, help="folder of what is made, and of what commands print")
    parser.add_argument(
        "--use",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "FOLDER"),
        help=f"one that is there already, in place of what would be made: {', '.join(published.made)}",
    )
    parser.add_argument("--peers", default=sys.executable, help="interpreter of the environment that holds the peers")
    return parser


if __name__ == "__main__":
    sys.exit(main())
