"""How often a generator predicts the structure of a composition, beside what plain substitution predicts.

Every request counts: what is not answered, or is no crystal, is not matched. Match rates and errors are those of the
field (Xie et al., ICLR 2022; Jiao et al., NeurIPS 2023), METRe that of Martirossyan et al. (arXiv:2509.12178): every
reference may be matched by an answer to any request of its composition, so that polymorphs do not count as failures.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import Crystal
from clip_mat.evaluation.csp_tasks import Content, Task, requests_of
from clip_mat.evaluation.matching import Progress, rms_distances
from clip_mat.evaluation.scores import Estimate, bootstrap
from clip_mat.generate.checks import KnownCrystals, check, field_valid, first_alike
from clip_mat.symmetry import find_spacegroup

if TYPE_CHECKING:
    from rich.console import RenderableType

Generate = Callable[[Sequence[dict[str, Any]]], Sequence[Sequence[Crystal]]]
"""Requests as ``clip-mat generate --requests`` reads them to lists of crystals, best first."""

MOST_POLYMORPHS = 64
"""Compositions with more references than this have no METRe: every answer would be held against every reference."""
LISTS_CHECKED = 100
"""Requests whose whole lists are looked through for the same crystal twice."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What one system answered.

    Attributes:
        name: Of the system.
        answers: For each task its crystals, best first.
        distances: For each task the distance of each of its answers to the reference; NaN where they differ.
        across: For each task the least distance of any first answer to a request of its composition; NaN where none
            matches; None where that was not measured.
        seconds: That the answers took, in all.
    """

    name: str
    answers: Sequence[Sequence[Crystal]]
    distances: Sequence[Floats]
    across: Floats | None
    seconds: float

    def matched(self, k: int) -> Floats:
        """1.0 for each task that one of the first k answers matches, else 0.0."""
        return np.array([float(np.isfinite(row[:k]).any()) for row in self.distances])

    def errors(self, k: int) -> Floats:
        """Least distance among the first k answers, of the tasks that are matched."""
        rows = [row[:k][np.isfinite(row[:k])] for row in self.distances]
        return np.array([row.min() for row in rows if len(row)])


@dataclass(frozen=True, slots=True)
class CspScores:
    """What one system gets; means with 95% bootstrap intervals over requests.

    Attributes:
        name: Of the system.
        requests: How many were asked.
        answered: Share that got any crystal.
        n: Crystals asked for in each request.
        match_1: Share of requests whose first answer matches.
        match_n: Share of requests with a match among the first n.
        rmse_1: Mean distance of matching first answers, in (V/N)^(1/3); None where nothing matches.
        rmse_n: Mean least distance among the first n.
        metre: METRe of the first answers; None where a composition has too many references.
        density_error: Mean of |density - reference| / reference of first answers. The matcher does not see it.
        p1: Share of first answers without any symmetry.
        p1_of_references: The same of the references.
        valid: Share of requests whose first answer has no atoms within 0.5 Å and a volume, as the field counts it.
        plausible: ... whose first answer has besides no bond far below the sum of radii, as `clip-mat generate` counts.
        charge_balanced: Share of requests whose first answer passes the field's test of charges.
        valid_of_answers: `valid`, but over first answers only, as some publish it.
        unique: Share of crystals that match none before them, within single requests.
        novel: Share of requests whose first answer matches nothing in the library; None without a library.
        seconds: For each crystal.
    """

    name: str
    requests: int
    answered: float
    n: int
    match_1: Estimate
    match_n: Estimate
    rmse_1: Estimate | None
    rmse_n: Estimate | None
    metre: Estimate | None
    density_error: Estimate | None
    p1: float
    p1_of_references: float
    valid: float
    plausible: float
    charge_balanced: float
    valid_of_answers: float
    unique: float
    novel: float | None
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON; estimates are ``{"value", "low", "high"}``."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: value.to_dict() if isinstance(value, Estimate) else value for name, value in values.items()}


def predict(
    name: str,
    generate: Generate,
    tasks: Sequence[Task],
    n: int = 20,
    content: Content = "cell",
    *,
    spacegroup: bool = False,
    processes: int = 1,
    progress: Progress | None = None,
) -> Outcome:
    """Ask a system for all tasks and hold its answers against the references.

    Args:
        name: Of the system.
        generate: The system.
        tasks: What it is asked.
        n: Crystals for each.
        content: What it is told of the atoms.
        spacegroup: Whether it is told the space group.
        processes: Share the comparisons.
        progress: Told how many tasks are compared.

    Raises:
        ValueError: If it does not answer each request with a list.
    """
    started = time.perf_counter()
    made = generate(requests_of(tasks, n, content, spacegroup=spacegroup))
    seconds = time.perf_counter() - started
    if len(made) != len(tasks):
        raise ValueError(f"{name} answered {len(made)} of {len(tasks)} requests; an unanswered one is an empty list")
    answers = [list(crystals)[:n] for crystals in made]
    jobs = [(task.crystal, crystals) for task, crystals in zip(tasks, answers, strict=True)]
    distances = rms_distances(jobs, processes=processes, progress=progress)
    return Outcome(name, answers, distances, _across(tasks, answers, distances, processes), seconds)


def _across(
    tasks: Sequence[Task], answers: Sequence[Sequence[Crystal]], distances: Sequence[Floats], processes: int
) -> Floats | None:
    """METRe's distances: each reference to the first answers of all requests of its formula."""
    rows: dict[str, list[int]] = defaultdict(list)
    for place, task in enumerate(tasks):
        rows[task.formula].append(place)
    if max(map(len, rows.values())) > MOST_POLYMORPHS:
        return None
    jobs = [
        (task.crystal, [answers[other][0] for other in rows[task.formula] if other != place and len(answers[other])])
        for place, task in enumerate(tasks)
    ]
    found = [
        np.concatenate([own[:1], others])
        for own, others in zip(distances, rms_distances(jobs, processes=processes), strict=True)
    ]
    return np.array([np.nanmin(row) if np.isfinite(row).any() else np.nan for row in found])


def score_csp(
    outcome: Outcome,
    tasks: Sequence[Task],
    n: int = 20,
    *,
    known: KnownCrystals | None = None,
    seed: int = 0,
) -> CspScores:
    """Everything that is said of one system.

    Args:
        outcome: Its answers.
        tasks: What it was asked.
        n: Crystals that were asked for.
        known: The library, for novelty.
        seed: Of the bootstraps, and of the draw of lists that are looked through for the same crystal twice.
    """
    firsts = [crystals[0] for crystals in outcome.answers if crystals]
    checks = [check(crystal, known=known) for crystal in firsts]
    total = len(tasks)
    references = [task.crystal for task, crystals in zip(tasks, outcome.answers, strict=True) if crystals]
    off = [abs(_density(made) / _density(sought) - 1.0) for made, sought in zip(firsts, references, strict=True)]
    valid = sum(map(field_valid, firsts))
    return CspScores(
        name=outcome.name,
        requests=total,
        answered=len(firsts) / total,
        n=n,
        match_1=bootstrap(outcome.matched(1), seed=seed),
        match_n=bootstrap(outcome.matched(n), seed=seed),
        rmse_1=_mean(outcome.errors(1), seed),
        rmse_n=_mean(outcome.errors(n), seed),
        metre=None if outcome.across is None else bootstrap(np.isfinite(outcome.across), seed=seed),
        density_error=_mean(np.array(off), seed),
        p1=_share(find_spacegroup(crystal) in (None, 1) for crystal in firsts),
        p1_of_references=_share(task.spacegroup in (None, 1) for task in tasks),
        valid=valid / total,
        plausible=sum(found.valid for found in checks) / total,
        charge_balanced=sum(found.charge_balanced for found in checks) / total,
        valid_of_answers=valid / max(len(firsts), 1),
        unique=_uniqueness(outcome.answers, seed),
        novel=None if known is None else sum(bool(found.novel) for found in checks) / total,
        seconds=outcome.seconds / max(sum(map(len, outcome.answers)), 1),
    )


def gains(ours: Outcome, other: Outcome, n: int = 20, *, seed: int = 0) -> dict[str, Estimate]:
    """Match rates at 1 and n, the first system's less the second's on the same requests, with paired intervals."""
    return {f"match@{k}": bootstrap(ours.matched(k) - other.matched(k), seed=seed) for k in dict.fromkeys((1, n))}


def _density(crystal: Crystal) -> float:
    """Atoms for each Å³: of one composition, densities are as these are."""
    return len(crystal) / crystal.volume


def _mean(values: Floats, seed: int) -> Estimate | None:
    return bootstrap(values, seed=seed) if len(values) else None


def _share(truths: Any) -> float:
    found = list(truths)
    return float(sum(found) / max(len(found), 1))


def _uniqueness(answers: Sequence[Sequence[Crystal]], seed: int) -> float:
    lists = [crystals for crystals in answers if len(crystals)]
    if len(lists) > LISTS_CHECKED:
        drawn = np.random.default_rng(seed).choice(len(lists), LISTS_CHECKED, replace=False)
        lists = [lists[place] for place in sorted(drawn)]
    places = [first == place for crystals in lists for place, first in enumerate(first_alike(crystals))]
    return _share(places)


def render(scores: Sequence[CspScores], found: Mapping[str, Mapping[str, Estimate]]) -> list[RenderableType]:
    """Tables for a terminal of 100 columns: one column a system, and what the first gains on each other.

    Args:
        scores: One a system.
        found: What `gains` gives, by the name of the other system.
    """
    from rich.table import Table

    first = scores[0]
    table = Table(title=f"{first.requests:,} requests, every one counted", box=None, title_justify="left")
    table.add_column("")
    for one in scores:
        table.add_column(one.name)
    rows: dict[str, Callable[[CspScores], str]] = {
        "match rate @1": lambda one: str(one.match_1),
        f"match rate @{first.n}": lambda one: str(one.match_n),
        "RMSE @1": lambda one: _told(one.rmse_1),
        f"RMSE @{first.n}": lambda one: _told(one.rmse_n),
        "METRe": lambda one: _told(one.metre),
        "density error": lambda one: _told(one.density_error),
        "answered": lambda one: f"{one.answered:.1%}",
        "valid, of requests": lambda one: f"{one.valid:.1%}",
        "valid, of answers": lambda one: f"{one.valid_of_answers:.1%}",
        "valid, bonds too": lambda one: f"{one.plausible:.1%}",
        "charge balanced": lambda one: f"{one.charge_balanced:.1%}",
        "in P1": lambda one: f"{one.p1:.1%} (references {one.p1_of_references:.1%})",
        f"unique of {first.n}": lambda one: f"{one.unique:.1%}",
        "novel": lambda one: "" if one.novel is None else f"{one.novel:.1%}",
        "seconds a crystal": lambda one: f"{one.seconds:.4f}",
    }
    for name, tell in rows.items():
        table.add_row(name, *map(tell, scores))
    lines = [
        f"{measure}, {first.name} less {other}: {gain}"
        for other, measures in found.items()
        for measure, gain in measures.items()
    ]
    return [table, *lines]


def _told(value: Estimate | None) -> str:
    return "none" if value is None else str(value)
