"""What is published: figures, the command of each, and where that command's JSON has it (``published.toml``)."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PUBLISHED = Path(__file__).with_name("published.toml")
NUMBER = re.compile(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?")
_INTERVAL = re.compile(r"\s*\[([\d.]+), ([\d.]+)\]")
_PERCENT = ("%", " points")


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a figure.

    Attributes:
        shown: Its digits.
        low, high: What counts as the same: the interval behind it or, without one, the number; and half of the last
            digit on either side.
        scale: 100 for per cent and percentage points, of which commands print the fraction.
    """

    shown: str
    low: float
    high: float
    scale: float

    def is_met_by(self, value: float) -> bool:
        """Whether a repeated value is the published one, as exactly as that is given."""
        return self.low <= value * self.scale <= self.high


@dataclass(frozen=True, slots=True)
class Figure:
    """What stands in a document, and where it comes from.

    Attributes:
        what: It is.
        shown: As the document has it: numbers, with intervals in brackets where there are any.
        at: Place of each number in the command's JSON, in their order, "" for one that was put in; none where only a
            person can read the figure off.
        times: A speed or a time, of which any machine has its own.
    """

    what: str
    shown: str
    at: tuple[str, ...] = ()
    times: bool = False

    @property
    def numbers(self) -> list[Number]:
        """All that are shown, without the bounds of intervals."""
        found, end = [], 0
        for match in NUMBER.finditer(self.shown):
            if match.start() < end:
                continue
            behind = self.shown[match.end() :]
            interval = _INTERVAL.match(behind)
            end = match.end() + (interval.end() if interval else 0)
            _, _, decimals = match[0].partition(".")
            rounding = 0.5 * 10.0 ** -len(decimals) + 1e-9
            value = float(match[0].replace(",", ""))
            low, high = map(float, interval.groups()) if interval else (value, value)
            scale = 100.0 if behind.startswith(_PERCENT) else 1.0
            found.append(Number(match[0], low - rounding, high + rounding, scale))
        return found


@dataclass(frozen=True, slots=True)
class Measurement:
    """A command and the figures that it gives.

    Attributes:
        name: To choose it by.
        section: Bold words under which the document of measurements has its figures.
        command: With ``{data}``, ``{peers}`` and names of what is made before in braces; empty where figures are quoted
            from others.
        seed: Of all that is drawn.
        date: When it was last run.
        minutes: It takes on two idle cores.
        figures: In the order of the document.
        machine: On which it ran.
        needs: Modules that do not come with the package.
    """

    name: str
    section: str
    command: str
    seed: int
    date: str
    minutes: float
    figures: tuple[Figure, ...]
    machine: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """What commands need and is made once, such as an index.

    Attributes:
        name: As commands have it, in braces.
        command: That makes it.
        minutes: It takes on two idle cores.
    """

    name: str
    command: str
    minutes: float


@dataclass(frozen=True, slots=True)
class Published:
    """Everything that is published.

    Attributes:
        measurements: In the order of the file.
        made: What they need, by name.
    """

    measurements: tuple[Measurement, ...]
    made: Mapping[str, Made]

    def needed(self, command: str) -> list[Made]:
        """What has to be there before a command can run, in the order in which it is made."""
        names = dict.fromkeys(name for name in re.findall(r"\{(\w+)\}", command) if name in self.made)
        return [self.made[name] for name in names]


def read_published(path: Path = PUBLISHED) -> Published:
    """The file of everything that is published."""
    told = tomllib.loads(path.read_text("utf-8"))
    measurements = tuple(
        Measurement(
            **{
                **one,
                "date": str(one["date"]),
                "needs": tuple(one.get("needs", ())),
                "figures": tuple(_figure(figure) for figure in one["figures"]),
            },
            machine=told["machine"],
        )
        for one in told["measurement"]
    )
    return Published(measurements, {one["name"]: Made(**one) for one in told["made"]})


def _figure(told: Mapping[str, Any]) -> Figure:
    at = told.get("at", ())
    return Figure(**{**told, "at": (at,) if isinstance(at, str) else tuple(at)})


def words_of(command: str, places: Mapping[str, Path]) -> list[str]:
    """A command with its names in braces filled in, to be run by this interpreter."""
    words = [word.format(**places) for word in shlex.split(command)]
    modules = {"clip-mat": ["-m", "app.cli"], "pytest": ["-m", "pytest"], "python": []}
    return [sys.executable, *modules[words[0]], *words[1:]]


def look_up(document: Any, place: str) -> float:
    """A number in a JSON document.

    Args:
        document: As ``json.loads`` returns it.
        place: Names of keys with "/" between. From a list ``key=value`` picks, several with " & " between, or a number
            does, from 0. A list at the end counts: how long it is. Two places with " - " between: their difference.

    Raises:
        KeyError: If it is not there.
    """
    first, minus, second = place.partition(" - ")
    if minus:
        return look_up(document, first) - look_up(document, second)
    for step in place.split("/"):
        if isinstance(document, list):
            document = _pick(document, step, place)
        elif isinstance(document, dict) and step in document:
            document = document[step]
        else:
            raise KeyError(f"{place}: no {step}")
    if isinstance(document, list):
        return float(len(document))
    if isinstance(document, bool) or not isinstance(document, int | float):
        raise KeyError(f"{place}: {document!r} is no number")
    return float(document)


def _pick(items: Sequence[Any], step: str, place: str) -> Any:
    if step.isdecimal() and int(step) < len(items):
        return items[int(step)]
    wanted = dict(pair.split("=", 1) for pair in step.split(" & ") if "=" in pair)
    found = [item for item in items if wanted and all(str(item.get(key)) == value for key, value in wanted.items())]
    if len(found) != 1:
        raise KeyError(f"{place}: {len(found)} with {step}")
    return found[0]
