"""Requests to the denoiser: how many atoms, which elements, what it is told; and which of its crystals are best."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import NUMBERS
from clip_mat.generate.candidates import Candidate
from clip_mat.generate.charge import charge_balanced
from clip_mat.generate.conditions import Condition
from clip_mat.generate.consensus import agreement
from clip_mat.generate.request import CrystalRequest
from clip_mat.generate.results import Origin
from clip_mat.generate.sampler import CrystalDenoiser, Sample, Start
from clip_mat.search.element_groups import FAMILY_ELEMENTS

if TYPE_CHECKING:
    from clip_mat.search.encoding import Encoder

BEST_OF = 4
"""Crystals made where one is asked for; the one that most others are like is kept."""
SPARE = 1.25
"""Crystals made for each where several are asked for, since some fail a check or come twice."""
_PATTERNS = 4
"""Patterns of elements drawn for each that is used: those with too few elements are passed over."""
GUIDANCE = 2.0
"""How much more words count than learnt, where they are all there is."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A place of a request, and the start of its crystal."""

    request: int
    start: Start
    condition: Condition
    seed: int


class NoiseMaker:
    """Candidates from pure noise.

    Args:
        denoiser: Makes them.
        clip: Reads words. Only the one that the denoiser was trained with can tell it what they mean.
    """

    def __init__(self, denoiser: CrystalDenoiser, clip: Encoder) -> None:
        self._denoiser = denoiser
        self._clip = clip

    @property
    def understands_words(self) -> bool:
        """Whether the denoiser was trained with the vectors of this Crystal CLIP."""
        return self._denoiser.clip == self._clip.fingerprint

    def make(
        self, requests: Sequence[CrystalRequest], counts: Sequence[int], *, tried: int = 0, trajectory: bool = False
    ) -> list[list[Candidate]]:
        """Candidates for each request.

        Args:
            requests: What is asked.
            counts: How many results each still needs; more candidates than that are made.
            tried: How often this was asked before; the candidates are others each time.
            trajectory: Keep the way from noise to each crystal.
        """
        vectors = self._vectors(requests)
        groups: dict[tuple[bool, bool, bool], list[_Job]] = defaultdict(list)
        for place, request in enumerate(requests):
            composed, alone = request.composition is not None, counts[place] == 1
            for job in self._jobs(place, request, counts[place], vectors.get(place), tried):
                groups[composed, place in vectors, alone].append(job)
        found: list[list[Candidate]] = [[] for _ in requests]
        for (composed, guided, alone), jobs in groups.items():
            samples = self._denoiser.sample(
                [job.start for job in jobs],
                [job.condition for job in jobs],
                seed=[job.seed for job in jobs],
                guidance=GUIDANCE if guided and not composed else 1.0,
                candidates=BEST_OF if composed and alone else 1,
                trajectory=trajectory,
            )
            for job, sample, score in zip(jobs, samples, self._scores(jobs, samples, composed), strict=True):
                made = Candidate(sample.crystal, score, Origin("noise"), {}, tuple(sample.trajectory))
                found[job.request].append(made)
        return [self._by_words(request, made) for request, made in zip(requests, found, strict=True)]

    def _scores(self, jobs: Sequence[_Job], samples: Sequence[Sample], composed: bool) -> list[float]:
        """How many others a crystal of a request with a composition is like; of others, whether charges balance."""
        if not composed:
            return [float(charge_balanced(Counter(sample.crystal.symbols))) for sample in samples]
        scores = [0.0 if sample.score is None else sample.score for sample in samples]
        rows: dict[int, list[int]] = defaultdict(list)
        for row, (job, sample) in enumerate(zip(jobs, samples, strict=True)):
            if sample.score is None:
                rows[job.request].append(row)
        for own in rows.values():
            for row, agreed in zip(own, agreement([samples[row].crystal for row in own]), strict=True):
                scores[row] = float(agreed)
        return scores

    def _vectors(self, requests: Sequence[CrystalRequest]) -> dict[int, npt.NDArray[np.float32]]:
        """Vectors of the words of those requests that say more by them than a composition."""
        places = [place for place, request in enumerate(requests) if request.words]
        if not places or not self.understands_words:
            return {}
        vectors = self._clip.encode_text([requests[place].words for place in places])
        return dict(zip(places, vectors, strict=True))

    def _by_words(self, request: CrystalRequest, made: list[Candidate]) -> list[Candidate]:
        """Where there are words but no composition, likeness to the words decides."""
        if request.composition is not None or not request.words or not made:
            return made
        crystals = self._clip.encode_crystals([candidate.crystal for candidate in made])
        scores = crystals @ self._clip.encode_text([request.words])[0]
        return [
            Candidate(candidate.crystal, float(score), candidate.origin, {}, candidate.trajectory)
            for candidate, score in zip(made, scores, strict=True)
        ]

    def _jobs(
        self,
        place: int,
        request: CrystalRequest,
        count: int,
        vector: npt.NDArray[np.float32] | None,
        tried: int,
    ) -> Iterator[_Job]:
        condition = Condition(
            vector=vector,
            spacegroup=request.spacegroup,
            crystal_system=None if request.spacegroup else request.crystal_system,
            gap=request.gap,
        )
        number = 1 if count == 1 else math.ceil(SPARE * count)
        for row, start in enumerate(self._starts(request, number, tried)):
            yield _Job(place, start, condition, _seed(request, tried) + row)

    def can_make(self, request: CrystalRequest) -> bool:
        """Whether a cell of what is asked for is small enough."""
        asked = request.cell or request.composition or {}
        return sum(asked.values()) <= self._denoiser.most_atoms

    def _starts(self, request: CrystalRequest, number: int, tried: int) -> Iterator[Start]:
        if request.cell is not None:
            yield from [Start.of(request.cell)] * number
        elif request.composition is not None:
            yield from self._composed(request.composition, number)
        else:
            given = [NUMBERS[symbol] for symbol in request.elements]
            for family in request.families:
                anions = FAMILY_ELEMENTS.get(family, ())
                if len(anions) == 1 and NUMBERS[anions[0]] not in given:
                    given.append(NUMBERS[anions[0]])
            rng = np.random.default_rng([_seed(request, tried), 3])
            patterns = self._denoiser.draw_patterns(_PATTERNS * number, _seed(request, tried))
            wide_enough = [pattern for pattern in patterns if len(pattern) >= len(given)] or patterns
            for pattern in wide_enough[:number]:
                places = rng.permutation(len(pattern))  # which element there is most of is open
                elements = given[: len(pattern)]
                yield Start.pattern([pattern[place] for place in places], elements)

    def _composed(self, composition: Mapping[str, int], number: int) -> Iterator[Start]:
        """Cells of one or more formula units, the usual ones first."""
        shares = self._formula_units(sum(composition.values()))
        usual = sorted(shares, key=lambda units: -shares[units])
        made = [units for units in usual for _ in range(round(shares[units] * number))]
        for units in [*made, *usual[:1] * number][:number]:
            yield Start.of({symbol: count * units for symbol, count in composition.items()})

    def _formula_units(self, atoms: int) -> dict[int, float]:
        """How often a cell holds 1, 2, ... formula units of so many atoms, going by how large cells are."""
        cells = self._denoiser.model.config.cells
        counts = {number: cells[number * atoms] for number in range(1, self._denoiser.most_atoms // atoms + 1)}
        total = sum(counts.values())
        return {number: count / total for number, count in counts.items() if count} if total else {1: 1.0}


def _seed(request: CrystalRequest, tried: int) -> int:
    return 1_000_003 * (2 * abs(request.seed) + tried)
