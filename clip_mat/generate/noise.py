"""Requests to the denoiser: how many atoms, which elements, what it is told; and which of its crystals are best."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import NUMBERS, SYMBOLS
from clip_mat.facts import families, reduced
from clip_mat.generate.candidates import Candidate
from clip_mat.generate.charge import charge_balanced
from clip_mat.generate.conditions import Condition
from clip_mat.generate.consensus import standing
from clip_mat.generate.request import CrystalRequest
from clip_mat.generate.results import Origin
from clip_mat.generate.sampler import STEPS, CrystalDenoiser
from clip_mat.generate.starts import Start
from clip_mat.generate.walk import Sample
from clip_mat.language.classes import FAMILY_ELEMENTS

if TYPE_CHECKING:
    from clip_mat.search.encoding import Encoder

BEST_OF = 6
"""Crystals made where one is asked for, of which the best is kept, ..."""
_QUICK = 14
"""... each in fewer steps: of 667 crystals kept out of training the best of six in 14 steps match 0.625, in 16 0.621
and in 12 0.607; the best of four in 25, which cost more than any of these, 0.606."""
_COMPOSITIONS = 2
"""Compositions drawn where none is asked for, of which the first that can be neutral is taken. With two, nine in ten
can, as of those that are known; with more, compounds whose charges balance in many ways would crowd out others."""
SPARE = 1.25
"""Crystals made for each where several are asked for, since some fail a check or come twice."""
_PATTERNS = 4
"""Patterns of elements drawn for each that is used: those with too few elements are passed over."""
_APART = 7_368_787
"""Between the seeds of one draw and the next."""
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
        groups: dict[tuple[bool, bool], list[_Job]] = defaultdict(list)
        for place, request in enumerate(requests):
            composed, worded = request.composition is not None, place in vectors
            best = counts[place] == 1 and not request.new if composed else not worded
            for job in self._jobs(place, request, counts[place], vectors.get(place), tried):
                groups[worded and not composed, best].append(job)
        found: list[list[Candidate]] = [[] for _ in requests]
        for (guided, best), jobs in groups.items():
            guidance = GUIDANCE if guided else 1.0
            found_best = self._denoiser.sample(
                self._neutral(jobs, guidance),
                [job.condition for job in jobs],
                seed=[job.seed for job in jobs],
                guidance=guidance,
                steps=_QUICK if best else STEPS,
                candidates=BEST_OF if best else 1,
                trajectory=trajectory,
            )
            # where one crystal of a composition is wanted, the next best stand in should the best fail a check
            used = [
                (job, sample)
                for job, best_one in zip(jobs, found_best, strict=True)
                for sample in (best_one, *(best_one.others if requests[job.request].composition else ()))
            ]
            of_jobs, samples = [job for job, _ in used], [sample for _, sample in used]
            for job, sample, score in zip(of_jobs, samples, self._scores(of_jobs, samples), strict=True):
                made = Candidate(
                    sample.crystal, score, Origin("noise"), {}, tuple(sample.trajectory), sample.spacegroup
                )
                found[job.request].append(made)
        return [self._by_words(request, made) for request, made in zip(requests, found, strict=True)]

    def _neutral(self, jobs: Sequence[_Job], guidance: float) -> list[Start]:
        """Starts with all elements, where these are open such that charges can balance, if a few draws give that.

        Alloys need no balance. So that they do not take the place of salts, whether it is one the first draw decides.
        """
        starts = [job.start for job in jobs]
        left = [row for row, start in enumerate(starts) if not start.numbers.all()]
        for draw in range(_COMPOSITIONS if left else 0):
            drawn = self._denoiser.compose(
                [jobs[row].start for row in left],
                [jobs[row].condition for row in left],
                seed=[jobs[row].seed + _APART * draw for row in left],
                guidance=guidance,
            )
            for row, start in zip(left, drawn, strict=True):
                counts = _content(start)
                if not draw or (charge_balanced(counts) and "intermetallic" not in families(counts)):
                    starts[row] = start
            left = [row for row in left if not charge_balanced(_content(starts[row]))]
        return starts

    def _scores(self, jobs: Sequence[_Job], samples: Sequence[Sample]) -> list[float]:
        """How good a crystal is beside the others of its request and composition."""
        scores = [0.0 if sample.score is None else sample.score for sample in samples]
        rows: dict[int, list[int]] = defaultdict(list)
        for row, (job, sample) in enumerate(zip(jobs, samples, strict=True)):
            if sample.score is None:
                rows[job.request].append(row)
        for own in rows.values():
            found = standing([samples[row].crystal for row in own], [samples[row].spacegroup for row in own])
            for row, score in zip(own, found, strict=True):
                scores[row] = float(score)
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
        return [replace(candidate, score=float(score)) for candidate, score in zip(made, scores, strict=True)]

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
        # where nothing is asked none are made to be sorted out: the simple crystals would stay
        free = request.composition is None and vector is None and not tried
        number = count if free or count == 1 else math.ceil(SPARE * count)
        if request.new and request.composition is not None:
            number *= BEST_OF  # which of them are new shows only when they are held against the index
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


def _content(start: Start) -> dict[str, int]:
    """The composition of a start whose elements are given, in lowest terms."""
    return reduced(Counter(SYMBOLS[number] for number in start.numbers))


def _seed(request: CrystalRequest, tried: int) -> int:
    return 1_000_003 * (2 * abs(request.seed) + tried)
