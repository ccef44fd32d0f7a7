"""All that is measured of one model, for machines and for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clip_mat.evaluation.gallery import Arm, Gallery, Model, Progress
from clip_mat.evaluation.prototypes import PrototypeScores, query_gaps, query_prototypes
from clip_mat.evaluation.retrieval import (
    POOL,
    Query,
    Retrieval,
    Search,
    crystal_to_text,
    pooled,
    searched,
    text_to_crystal,
)
from clip_mat.evaluation.scores import Estimate
from clip_mat.evaluation.zeroshot import ZeroShot, classify

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

POOLED_LIST = "full"
"""The list of queries that pools are searched with: descriptions of all that is known, as CLaC's are."""


@dataclass(frozen=True, slots=True)
class ArmReport:
    """What one arm gives.

    Attributes:
        arm: How crystals came to the model.
        to_crystal: Text to crystal, one a list of queries.
        to_text: Crystal to text, likewise.
        pool: In pools of 512; None where there are too few queries.
        zero_shot: Classes from prompts; None where there is no space group to check by.
        prototypes: Queries by names of structure types; None where no name has enough members.
    """

    arm: Arm
    to_crystal: tuple[Retrieval, ...]
    to_text: tuple[Retrieval, ...]
    pool: Retrieval | None
    zero_shot: ZeroShot | None
    prototypes: PrototypeScores | None

    def to_dict(self) -> dict[str, Any]:
        """``{"arm", "text_to_crystal", "crystal_to_text", "pool", "zero_shot", "prototypes"}``."""
        return {
            "arm": self.arm,
            "text_to_crystal": [row.to_dict() for row in self.to_crystal],
            "crystal_to_text": [row.to_dict() for row in self.to_text],
            "pool": _dict_or_none(self.pool),
            "zero_shot": _dict_or_none(self.zero_shot),
            "prototypes": _dict_or_none(self.prototypes),
        }

    def row(self, name: str) -> Retrieval:
        """Text to crystal of one list of queries.

        Raises:
            KeyError: If there is no such list.
        """
        for found in self.to_crystal:
            if found.name == name:
                return found
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class SearchReport:
    """What the search that people use gives: filter and vector together.

    Attributes:
        rows: One a list of queries.
        gaps: Share of the first ten hits in the range of the band gap that was asked for.
    """

    rows: tuple[Retrieval, ...]
    gaps: Estimate

    def to_dict(self) -> dict[str, Any]:
        """``{"text_to_crystal", "gap_precision"}``."""
        return {"text_to_crystal": [row.to_dict() for row in self.rows], "gap_precision": self.gaps.to_dict()}


@dataclass(frozen=True, slots=True)
class ModelReport:
    """What one model gives.

    Attributes:
        model: Its name.
        fingerprint: Of its weights.
        gallery: How many crystals were searched.
        arms: One a way of encoding.
        search: With filters; None where no index was given.
    """

    model: str
    fingerprint: str
    gallery: int
    arms: tuple[ArmReport, ...]
    search: SearchReport | None = None

    def to_dict(self) -> dict[str, Any]:
        """``{"model", "fingerprint", "gallery", "arms": [...], "search"}``."""
        return {
            "model": self.model,
            "fingerprint": self.fingerprint,
            "gallery": self.gallery,
            "arms": [arm.to_dict() for arm in self.arms],
            "search": _dict_or_none(self.search),
        }


def measure(
    model: Model,
    gallery: Gallery,
    lists: Mapping[str, Sequence[Query]],
    *,
    arms: Sequence[Arm] = ("symmetry",),
    asked: Sequence[str] = (),
    seed: int = 0,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> ModelReport:
    """Everything but the search with filters.

    Args:
        model: The model.
        gallery: What is searched.
        lists: Queries by the name of their list.
        arms: Ways in which crystals are encoded.
        asked: Ids of the crystals whose classes are told; all where none is given.
        seed: Of noise, pools and bootstraps.
        cache: Folder where vectors of the gallery are kept.
        progress: Told how many crystals are encoded.

    Raises:
        CrystalError: If a crystal that is asked for is not in the gallery.
    """
    texts = {name: model.encode_text([query.text for query in queries]) for name, queries in lists.items()}
    rows = gallery.find(asked or gallery.ids)
    reports = []
    for arm in arms:
        crystals = gallery.encode(model, arm, seed=seed, cache=cache, progress=progress)
        told = [(name, queries, gallery, texts[name], crystals) for name, queries in lists.items()]
        pool = next((one for one in told if one[0] == POOLED_LIST and len(one[1]) >= POOL), None)
        facts = [gallery.facts[row] for row in rows]
        reports.append(
            ArmReport(
                arm,
                tuple(text_to_crystal(*one, seed=seed) for one in told),
                tuple(crystal_to_text(*one, seed=seed) for one in told),
                pooled(*pool, seed=seed) if pool else None,
                classify(model, crystals[rows], facts, seed=seed) if any(fact.spacegroup for fact in facts) else None,
                query_prototypes(model, gallery, crystals, seed=seed),
            )
        )
    return ModelReport(model.name, model.fingerprint, len(gallery), tuple(reports))


def measure_search(
    search: Search, gallery: Gallery, lists: Mapping[str, Sequence[Query]], *, seed: int = 0
) -> SearchReport:
    """The search that people use, on the same queries.

    Args:
        search: Filter and vector together, over the same crystals.
        gallery: Knows their facts.
        lists: Queries by the name of their list.
        seed: Of the bootstraps.
    """
    rows = tuple(searched(name, queries, gallery, search, seed=seed) for name, queries in lists.items())
    return SearchReport(rows, query_gaps(search, gallery, seed=seed))


def render(report: ModelReport) -> list[RenderableType]:
    """Tables for a terminal of 100 columns."""
    shown: list[RenderableType] = []
    for arm in report.arms:
        head = f"{report.model}, {arm.arm}, {report.gallery:,} crystals"
        shown.append(retrieval_table(f"Text to crystal: {head}", arm.to_crystal))
        shown.append(retrieval_table(f"Crystal to text: {head}", arm.to_text))
        if arm.pool:
            shown.append(f"Pools of {POOL}, {arm.pool.name}: " + _words(arm.pool))
        if arm.prototypes:
            names = len(arm.prototypes.names)
            shown.append(
                f"Names of structure types ({names}): P@10 {arm.prototypes.precision}, "
                f"of what can be reached {arm.prototypes.attainable}"
            )
        if arm.zero_shot:
            shown += [zero_shot_table(arm.zero_shot)]
    if report.search:
        shown.append(retrieval_table("Search with filters read from the text", report.search.rows))
        shown.append(f"Band-gap ranges, precision@10 where known: {report.search.gaps}")
    return shown


def retrieval_table(title: str, rows: Sequence[Retrieval]) -> Table:
    """Measures beside their ceilings; brackets hold the 95% interval of the ratio. R@5 is in the JSON only."""
    table = _table(title, "queries", "n", "R@1", "of", "ratio", "R@10", "of", "ratio", "MRR")
    for row in rows:
        cells = [row.name, str(row.queries)]
        for measure_name in ("R@1", "R@10", "MRR"):
            found = row.scores[measure_name]
            cells.append(f"{found.mean.value:.3f}")
            if measure_name in ("R@1", "R@10"):
                ratio = found.ratio
                cells.append("" if found.ceiling is None else f"{found.ceiling:.3f}")
                cells.append("" if ratio is None else f"{ratio.value:.3f} [{ratio.low:.3f}, {ratio.high:.3f}]")
        table.add_row(*cells)
    return table


def zero_shot_table(found: ZeroShot) -> Table:
    """One row a class, those that training never named last."""
    title = (
        f"Zero-shot: crystal system {found.crystal_system}; mean AUC {_number(found.mean_auc())}, "
        f"words never taught {_number(found.mean_auc(taught=False))}"
    )
    table = _table(title, "class", "words in training", "members", "others", "AUC")
    for concept in sorted(found.concepts, key=lambda one: not one.taught):
        told = "yes" if concept.taught else "never"
        table.add_row(concept.name, told, str(concept.members), str(concept.others), str(concept.auc))
    return table


def _table(title: str, first: str, *others: str) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for other in others:
        table.add_column(other, justify="right", no_wrap=True)
    return table


def _words(found: Retrieval) -> str:
    return ", ".join(f"{name} {value}" for name, value in found.scores.items())


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _dict_or_none(part: Retrieval | ZeroShot | PrototypeScores | SearchReport | None) -> dict[str, Any] | None:
    return None if part is None else part.to_dict()
