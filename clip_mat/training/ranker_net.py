"""The ranker of structure types as it is trained: many requests at a time, with gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from clip_mat.crystal import SYMBOLS
from clip_mat.generate.ranking import Array, Votes, type_features
from clip_mat.generate.substitution import MENDELEEV


@dataclass(frozen=True, slots=True)
class RankerConfig:
    """How the ranker is trained.

    Attributes:
        epochs: Passes over the library, each crystal's own structure type being right.
        matched: Crystals for whose best proposals the matcher is asked.
        proposals: How many proposals each of them has matched.
        matched_epochs: Passes over those crystals.
        batch: Crystals in a step.
        learning_rate: Highest, of the first passes; a quarter of it after that.
        width: Inner width of the networks.
        dimension: Numbers that are learned of each element.
        members: Networks, whose judgements are averaged.
        likeness: Pairs of crystals of one structure type for which the matcher is asked.
        measured: Held-out crystals whose proposals are matched at the end.
        held_out: Share of the formulas that is kept for validation.
        seed: Decides all that is drawn.
    """

    epochs: int = 4
    matched: int = 5000
    proposals: int = 24
    matched_epochs: int = 2
    batch: int = 32
    learning_rate: float = 2e-3
    width: int = 48
    dimension: int = 16
    members: int = 3
    likeness: int = 4000
    measured: int = 400
    held_out: float = 0.05
    seed: int = 0


class RankerNet(nn.Module):
    """`clip_mat.generate.ranking.Ranker` as it is trained; its weights have the same names.

    Args:
        config: Widths.
    """

    def __init__(self, config: RankerConfig) -> None:
        super().__init__()
        width, dimension = config.width, config.dimension
        properties = torch.from_numpy(element_properties())
        known = properties.shape[1]
        self.register_buffer("props", properties)
        self.props: Tensor
        self.U = nn.Embedding(len(SYMBOLS), dimension)
        nn.init.normal_(self.U.weight, std=0.3)
        self.lin = nn.Parameter(torch.ones(dimension))
        self.slot = _two_layers(dimension + 2 * known + 2, width, width)
        self.row = _two_layers(2 * width + 2 * known + 1, width, 1)
        self.group = _two_layers(17, width, 1)

    def forward(self, asked: Sequence[Votes]) -> list[Tensor]:
        """For each request (g,) logarithms of the scores of its structure types."""
        batch = _Batch.of(asked)
        present = (batch.share > 0)[..., None]
        apart = (self.U(batch.wanted) - self.U(batch.elements)) ** 2
        wanted = self.props[batch.wanted]
        change = wanted - self.props[batch.elements]
        same = (batch.wanted == batch.elements).float()[..., None]
        share = batch.share[..., None]
        slots = self.slot(torch.cat([apart, change.abs(), wanted, share, same], dim=-1))
        mean = (change * share).sum(1)
        spread = ((change - mean[:, None]).abs() * share).sum(1)
        most = slots.masked_fill(~present, -torch.inf).amax(1)
        whole = torch.cat([(slots * present).sum(1), most, mean.abs(), spread, batch.root[:, None]], dim=-1)
        rows = self.row(whole)[:, 0] - (apart * self.lin).sum((1, 2))
        best = torch.full((batch.types,), -1e4).scatter_reduce(0, batch.group, rows, "amax")
        voted = best + torch.zeros(batch.types).scatter_add(0, batch.group, (rows - best[batch.group]).exp()).log()
        features = []
        for own, votes_of, known in zip(best.split(batch.sizes), voted.split(batch.sizes), batch.known, strict=True):
            relative = [
                (own - own.max()).clamp(min=-20) / 5,
                (votes_of - votes_of.logsumexp(0)).clamp(min=-20) / 5,
                (own.max() / 5).clamp(min=-10).expand_as(own),
            ]
            features.append(torch.cat([known, torch.stack(relative, dim=1)], dim=1))
        scores = voted + self.group(torch.cat(features))[:, 0]
        return list(scores.split(batch.sizes))


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """Votes on several requests, one after the other; slots that a request lacks have element 0 and no share.

    Attributes:
        wanted: (r, k) atomic numbers.
        elements: (r, k) of the templates.
        share: (r, k) of the atoms that stand in each slot.
        root: (r,) of the energy above the hull.
        group: (r,) structure type, counted through all requests.
        known: For each request (g, f) features of its types.
        sizes: For each request g.
    """

    wanted: Tensor
    elements: Tensor
    share: Tensor
    root: Tensor
    group: Tensor
    known: list[Tensor]
    sizes: list[int]

    @property
    def types(self) -> int:
        """Of all requests."""
        return sum(self.sizes)

    @classmethod
    def of(cls, asked: Sequence[Votes]) -> Self:
        """One after the other."""
        slots = max(len(votes.counts) for votes in asked)

        def padded(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return np.pad(values, ((0, 0), (0, slots - values.shape[1])))

        shares = [np.array(votes.counts, np.float32) / sum(votes.counts) for votes in asked]
        sizes = [len(votes.units) for votes in asked]
        starts = np.cumsum([0, *sizes[:-1]])
        share = [padded(np.tile(own, (len(votes.wanted), 1))) for votes, own in zip(asked, shares, strict=True)]
        return cls(
            wanted=torch.from_numpy(np.concatenate([padded(votes.wanted) for votes in asked])),
            elements=torch.from_numpy(np.concatenate([padded(votes.elements) for votes in asked])),
            share=torch.from_numpy(np.concatenate(share)),
            root=torch.from_numpy(np.sqrt(np.concatenate([votes.hull for votes in asked]))).float(),
            group=torch.from_numpy(np.concatenate([votes.group + at for votes, at in zip(asked, starts, strict=True)])),
            known=[torch.from_numpy(type_features(votes)) for votes in asked],
            sizes=sizes,
        )


def _two_layers(inputs: int, width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, width), nn.SiLU(), nn.Linear(width, outputs))


def element_properties() -> Array:
    """(104, 8) standardised: Pauling electronegativity (2 where there is none), covalent radius, group, period, place
    on the modified Pettifor scale, valence electrons, mean of the common oxidation states, mean ionic radius."""
    import warnings

    from ase.data import covalent_radii
    from pymatgen.core.periodic_table import Element

    rows = []
    for number, symbol in enumerate(SYMBOLS[1:], 1):
        element = Element(symbol)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of elements without an electronegativity
            negativity = float(element.X)
        radius = float(covalent_radii[number])
        states, ionic = element.common_oxidation_states, list(element.ionic_radii.values())
        rows.append(
            [
                negativity if np.isfinite(negativity) else 2.0,
                radius,
                element.group,
                element.row,
                MENDELEEV[number] / 10,
                _valence(number, element.group),
                float(np.mean(states)) if states else 0.0,
                float(np.mean([float(value) for value in ionic])) if ionic else 0.9 * radius,
            ]
        )
    values = np.array(rows, dtype=np.float64)
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    return np.concatenate([np.zeros((1, values.shape[1])), values]).astype(np.float32)


def _valence(number: int, group: int) -> int:
    """Electrons outside the last closed shell; three for lanthanides, at most six for what follows radon."""
    if group >= 13:
        return group - 10
    if 57 <= number <= 71:
        return 3
    if 72 <= number <= 86:
        return number - 68
    if number >= 89:
        return min(number - 86, 6)
    closed = next((noble for noble in (86, 54, 36, 18, 10, 2) if number > noble), 0)
    return number - closed
