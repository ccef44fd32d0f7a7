"""The generator: from a request to crystals that a chemist can use.

A request is answered with structure types that the index knows, their elements substituted, and with crystals that the
denoiser makes of noise. What is made is put on its symmetric places, held against the request, checked, and ranked.

>>> from clip_mat import Generator
>>> Generator.load().sample("orthorhombic LiMnO2", n=4)  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from clip_mat.generate.candidates import Candidate, finish
from clip_mat.generate.checks import KnownCrystals
from clip_mat.generate.energies import LOOKED_AT, EnergyRanker, Progress
from clip_mat.generate.noise import NoiseMaker
from clip_mat.generate.proposals import SURE
from clip_mat.generate.relax import STEPS, require_chgnet
from clip_mat.generate.request import CrystalRequest
from clip_mat.generate.results import GeneratedCrystal, GenerationResult
from clip_mat.generate.retrieved import Retriever
from clip_mat.search.materials import MaterialsIndex
from clip_mat.symmetry import spacegroup_symbol

if TYPE_CHECKING:
    from clip_mat.generate.sampler import CrystalDenoiser

Rank = Literal["model", "energy"]
_AT_ONCE = 64
"""Requests that are answered together."""
_FIRST = 16
"""Places of a list that templates get where none is sure, those of other patterns among them; crystals of noise get the
others. Of 170 such compositions kept out of training twenty templates of the pattern matched 0.776, with four of other
patterns among them 0.800, sixteen and four crystals of noise 0.794, ten and ten 0.782."""
_ROUNDS = 2
"""How often crystals of noise are made for a request that still lacks some."""


class Generator:
    """Crystals for requests. Make one with `load`.

    Args:
        index: Where templates come from, and what is known; stays open until `close`.
        denoiser: Makes crystals of noise.
        known: What is not new; by default the crystals of the index.
    """

    def __init__(self, index: MaterialsIndex, denoiser: CrystalDenoiser, *, known: KnownCrystals | None = None) -> None:
        self.index = index
        self.denoiser = denoiser
        self._retriever = Retriever(index)
        self._noise = NoiseMaker(denoiser, index.clip)
        self._known = KnownCrystals.of_index(index) if known is None else known
        self._energies = EnergyRanker(index, self._known)

    @classmethod
    def load(
        cls,
        index: MaterialsIndex | Path | str | None = None,
        *,
        denoiser: CrystalDenoiser | Path | str | None = None,
        device: str = "cpu",
        known: KnownCrystals | None = None,
    ) -> Self:
        """The generator with the models that come with this package.

        Args:
            index: An index or its folder; by default the bundled prototypes.
            denoiser: A denoiser or the folder of its weights.
            device: Torch device of the denoiser.
            known: What is not new; by default the crystals of the index.

        Raises:
            RequestError: If the index is missing or damaged, or was made with another Crystal CLIP.
            WeightsError: If weights are missing, damaged, or do not fit their configuration.
        """
        from clip_mat.generate.sampler import CrystalDenoiser

        if not isinstance(denoiser, CrystalDenoiser):
            denoiser = CrystalDenoiser.load(denoiser, device=device)
        if not isinstance(index, MaterialsIndex):
            index = MaterialsIndex.open(index, create=index is None)
        return cls(index, denoiser, known=known)

    def sample(
        self, text: str = "", n: int = 4, *, rank: Rank = "model", trajectory: bool = False, **asked: Any
    ) -> GenerationResult:
        """Crystals for one request.

        Args:
            text: In plain words; may be empty, for any crystals at all.
            n: How many.
            rank: As for `generate`.
            trajectory: Also keep the way from noise to each crystal.
            asked: As for `CrystalRequest.read`: composition, cell, spacegroup, crystal_system, filter, from_noise,
                new, seed.

        Returns:
            The crystals, best first: n of them, or fewer and a note that says why.

        Raises:
            RequestError: If the request cannot be understood, or contradicts itself.
        """
        return self.generate([CrystalRequest.read(text, n=n, **asked)], rank=rank, trajectory=trajectory)[0]

    def generate(
        self,
        requests: Sequence[CrystalRequest],
        *,
        rank: Rank = "model",
        trajectory: bool = False,
        progress: Progress | None = None,
    ) -> list[GenerationResult]:
        """Crystals for many requests, made together: faster than one by one.

        Args:
            requests: As `CrystalRequest.read` gives them.
            rank: ``energy`` for crystals relaxed with CHGNet, as `rank_by_energy`, the best of at least eight of each
                composition that is asked for.
            trajectory: Also keep the way of each crystal that is made of noise.
            progress: Told how many requests are answered; with energies and one request, how many crystals are looked
                at.

        Raises:
            WeightsError: If energies are asked for and CHGNet, the extra ``[relax]``, is not installed.
        """
        by_energy = rank == "energy"
        if by_energy:
            require_chgnet()  # rather than when all is made
        looked_at = LOOKED_AT if by_energy else 1
        of_crystals = progress if by_energy and len(requests) == 1 else None
        results: list[GenerationResult] = []
        for start in range(0, len(requests), _AT_ONCE):
            for answer in self._answer(requests[start : start + _AT_ONCE], trajectory, looked_at):
                results.append(self.rank_by_energy(answer, progress=of_crystals) if by_energy else answer)
                if progress and not of_crystals:
                    progress(len(results), len(requests), "")
        return results

    def _answer(
        self, requests: Sequence[CrystalRequest], trajectory: bool, looked_at: int = 1
    ) -> list[GenerationResult]:
        """Results, for compositions of at least so many crystals; what cannot be met at all is asked again with less,
        and that is said."""
        wider = [
            request if request.composition is None else replace(request, n=max(request.n, looked_at))
            for request in requests
        ]
        made, notes = self._make(wider, trajectory)
        answers: list[GenerationResult] = []
        for request, crystals, told in zip(requests, made, notes, strict=True):
            eased = None if crystals else _eased(request)
            if eased is not None:
                less, without = eased
                (answer,) = self._answer([less], trajectory, looked_at)
                crystals, told = (
                    list(answer.crystals),
                    [*told, f"nothing could be made {without}; shown without", *answer.notes],
                )
            elif len(crystals) < request.n:
                told = [*told, self._why_fewer(request, len(crystals))]
            answers.append(GenerationResult(request, tuple(crystals), tuple(told)))
        return answers

    def _make(
        self, requests: Sequence[CrystalRequest], trajectory: bool
    ) -> tuple[list[list[GeneratedCrystal]], list[list[str]]]:
        """Crystals that are all that is asked, from templates and, where these do not suffice, of noise."""
        made: list[list[GeneratedCrystal]] = []
        retrieved, notes = self._retrieved(requests)
        left: dict[int, list[Candidate]] = {}
        for place, (request, candidates) in enumerate(zip(requests, retrieved, strict=True)):
            kept = self._kept_for_noise(request, candidates)
            made.append(finish(request, candidates, self._known, most=request.n - kept))
            if kept:
                left[place] = candidates
        for tried in range(_ROUNDS):
            missing = {place: request.n - len(made[place]) for place, request in enumerate(requests)}
            short = {n: count for n, count in missing.items() if count > 0 and self._noise.can_make(requests[n])}
            if not short:
                break
            asked = [requests[place] for place in short]
            of_noise = self._noise.make(asked, list(short.values()), tried=tried, trajectory=trajectory)
            self._known.expect(candidate.crystal for candidates in of_noise for candidate in candidates)
            for (place, count), candidates in zip(short.items(), of_noise, strict=True):
                if not tried and requests[place].words and not self._noise.understands_words:
                    notes[place].append("the denoiser was trained with another Crystal CLIP; words do not guide it")
                made[place] += finish(requests[place], candidates, self._known, before=made[place], most=count)
        for place, candidates in left.items():  # places that noise did not fill
            missing_here = requests[place].n - len(made[place])
            if missing_here:
                made[place] += finish(requests[place], candidates, self._known, before=made[place], most=missing_here)
        for crystals in made:  # what templates give comes before what noise gives
            crystals.sort(key=lambda one: (one.origin.kind == "noise", -one.score))
        return made, notes

    def _retrieved(self, requests: Sequence[CrystalRequest]) -> tuple[list[list[Candidate]], list[list[str]]]:
        """Candidates from the index for each request, and notes."""
        found: list[list[Candidate]] = [[] for _ in requests]
        notes: list[list[str]] = [[] for _ in requests]
        asked = [n for n, request in enumerate(requests) if not (request.from_noise or request.is_open)]
        self._retriever.expect(requests[place] for place in asked)
        for place in asked:
            found[place], notes[place] = self._retriever.find(requests[place])
        self._known.expect(candidate.crystal for candidates in found for candidate in candidates)
        return found, notes

    def _kept_for_noise(self, request: CrystalRequest, candidates: Sequence[Candidate]) -> int:
        """Places of a long list that crystals of noise get, since what no template has only they can be. None where one
        template is nearly certain."""
        sure = max((candidate.score for candidate in candidates), default=1.0) > SURE
        if request.composition is None or sure or not self._noise.can_make(request):
            return 0
        return max(0, min(request.n - _FIRST, request.n // 2))

    def _why_fewer(self, request: CrystalRequest, made: int) -> str:
        told = f"{made} of {request.n} crystals: all others that were tried repeat these"
        told += ", are known" if request.new else ""
        told += " or do not meet the request"
        if not self._noise.can_make(request):
            most = self.denoiser.most_atoms
            told += f"; cells of more than {most} atoms are made from templates only, and no others of the index fit"
        elif request.spacegroup or request.crystal_system:
            told += "; ask without a symmetry for more"
        return told

    def rank_by_energy(
        self, result: GenerationResult, *, steps: int | None = None, progress: Progress | None = None
    ) -> GenerationResult:
        """Relax crystals with CHGNet, and put those of one composition in the order of energy and likelihood.

        Args:
            result: What was made. As many of its crystals as its request asks for are kept; one whose relaxation fails
                comes after the others of its composition, without energy.
            steps: Of the relaxation at most.
            progress: Told how many crystals are looked at.

        Raises:
            WeightsError: If CHGNet, the extra ``[relax]``, is not installed.
        """
        return self._energies.rank(result, steps=STEPS if steps is None else steps, progress=progress)

    def close(self) -> None:
        """Release the index."""
        self.index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _eased(request: CrystalRequest) -> tuple[CrystalRequest, str] | None:
    """The request with the least important demand left out, and that demand in words; None where none can be."""
    if request.prototypes:
        return replace(request, prototypes=()), f"with the structure type {' or '.join(request.prototypes)}"
    if request.spacegroup is not None:
        symbol = spacegroup_symbol(request.spacegroup)
        return replace(request, spacegroup=None), f"in space group {symbol} ({request.spacegroup})"
    if request.crystal_system is not None:
        return replace(request, crystal_system=None), f"that is {request.crystal_system}"
    return None
