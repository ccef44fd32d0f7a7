"""What clip-mat asks of Python and of other packages, and what of it is installed."""

from __future__ import annotations

import importlib.metadata
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

DISTRIBUTION = "clip-mat"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the package asks for.

    Attributes:
        python: Versions of Python, like ``>=3.11``.
        required: Packages, as requirements.
        extras: Further packages by the name of the extra.
    """

    python: SpecifierSet
    required: Sequence[Requirement]
    extras: Mapping[str, Sequence[Requirement]]


def wanted_packages() -> Wanted:
    """What the clone asks for now, where this is one; else what was recorded at the install."""
    project = Path(__file__).resolve().parent.parent / "pyproject.toml"
    if project.is_file():
        told = tomllib.loads(project.read_text("utf-8"))["project"]
        groups: Mapping[str, Sequence[str]] = told.get("optional-dependencies", {})
        required, python = told["dependencies"], told["requires-python"]
        return Wanted(
            SpecifierSet(python),
            [Requirement(line) for line in required],
            {extra: [Requirement(line) for line in lines] for extra, lines in groups.items()},
        )
    try:
        known = importlib.metadata.metadata(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return Wanted(SpecifierSet(), [], {})
    lines = [Requirement(line) for line in known.get_all("Requires-Dist") or ()]
    asked: dict[str, list[Requirement]] = {extra: [] for extra in known.get_all("Provides-Extra") or ()}
    for one in lines:
        for extra, requirements in asked.items():
            if one.marker is not None and "extra" in str(one.marker) and one.marker.evaluate({"extra": extra}):
                requirements.append(one)
    always = [one for one in lines if one.marker is None or one.marker.evaluate({"extra": ""})]
    return Wanted(SpecifierSet((known.get_all("Requires-Python") or [""])[0]), always, asked)


def installed_version(wanted: Requirement) -> tuple[str, bool]:
    """Version of a package, "" where it is missing; and whether it is one of those wanted, or not wanted here."""
    if wanted.marker is not None and "extra" not in str(wanted.marker) and not wanted.marker.evaluate():
        return "", True
    try:
        version = importlib.metadata.version(wanted.name)
    except importlib.metadata.PackageNotFoundError:
        return "", False
    return version, wanted.specifier.contains(version, prereleases=True)
