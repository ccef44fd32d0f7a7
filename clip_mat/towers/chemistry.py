"""What both towers know of chemistry, in one set of weights: elements, amounts, space groups, crystal systems.

A text that states a composition and a crystal that has it pass the same numbers through the same layers, so their
vectors agree from the first step of training; the towers learn the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn

from clip_mat.crystal import SYMBOLS
from clip_mat.facts import CRYSTAL_SYSTEMS, crystal_system
from clip_mat.towers.vocabulary import Vocabulary

if TYPE_CHECKING:
    from clip_mat.towers.guess import Guess

ELEMENTS = len(SYMBOLS)
SPACEGROUPS = 231
LARGEST_COUNT = 24
"""Counts in a reduced formula up to this one have a feature of their own."""
_WAVES = 8

SYSTEM_OF_GROUP = torch.tensor([0] + [1 + CRYSTAL_SYSTEMS.index(crystal_system(n)) for n in range(1, SPACEGROUPS)])
"""(231,) crystal system, 1 to 7, of each space group; 0 of none."""


@dataclass(frozen=True, slots=True, eq=False)
class Statements:
    """What is stated of n crystals, by texts or by the crystals themselves.

    Attributes:
        element: (n, m) atomic numbers of the constituents; 0 where the element is not stated.
        count: (n, m) amounts in lowest terms; 0.0 where the amount is not stated.
        fraction: (n, m) share of all atoms; 0.0 where not stated.
        present: (n, m) 1 for constituents, less for each of several of which one is meant, 0 for padding.
        whole: (n,) True where the constituents are all there are.
        group: (n, g) space groups, 0 where none; g = 1 for texts, 2 for crystals.
        system: (n,) crystal system, 1 to 7; 0 where none is stated. Read only where g = 1.
        family: (n, f) families of compounds, as the vocabulary numbers them; 0 for none.
        prototype: (n, p) structure types, likewise.
    """

    element: Tensor
    count: Tensor
    fraction: Tensor
    present: Tensor
    whole: Tensor
    group: Tensor
    system: Tensor
    family: Tensor
    prototype: Tensor

    def to(self, device: torch.device | str) -> Self:
        """The same on another device."""
        return type(self)(*(getattr(self, field.name).to(device) for field in fields(self)))


def amount_features(count: Tensor, fraction: Tensor) -> Tensor:
    """Amounts as numbers that a network can tell apart exactly.

    Args:
        count: (...), in lowest terms; 0 where unknown.
        fraction: (...), share of all atoms; 0 where unknown.

    Returns:
        (..., `AMOUNT_FEATURES`): one-hot count, logarithm, and waves of the fraction; zero where unknown.
    """
    steps = torch.arange(1, LARGEST_COUNT + 1, device=count.device)
    known = (fraction > 0).to(fraction.dtype)[..., None]
    exact = (count[..., None] - steps).abs() < 1e-3
    angle = fraction[..., None] * torch.pi * 2.0 ** torch.arange(_WAVES, device=count.device)
    parts = [exact.to(fraction.dtype), count.clamp(min=1e-3).log()[..., None] * 0.3, angle.sin(), angle.cos()]
    return torch.cat(parts, dim=-1) * known


AMOUNT_FEATURES = LARGEST_COUNT + 1 + 2 * _WAVES


BLOCKS = ("formula", "elements", "anonymous", "group", "system", "family", "prototype")
"""Kinds of statements, each with a block of its own."""


class Chemistry(nn.Module):
    """Statements to vectors, one block for each kind of statement.

    Args:
        dimension: Length d of the vectors.
        vocabulary: Names of families and structure types.
        width: Inner width.
    """

    def __init__(self, dimension: int, vocabulary: Vocabulary, width: int = 256) -> None:
        super().__init__()
        self.element = nn.Embedding(ELEMENTS, width)
        self.group = nn.Embedding(SPACEGROUPS, width, padding_idx=0)
        self.system = nn.Embedding(len(CRYSTAL_SYSTEMS) + 1, width, padding_idx=0)
        self.family = nn.Embedding(len(vocabulary.families) + 1, width, padding_idx=0)
        self.prototype = nn.Embedding(len(vocabulary.prototypes) + 1, width, padding_idx=0)
        self.formula = nn.Sequential(nn.Linear(width + AMOUNT_FEATURES, width), nn.GELU(), nn.Linear(width, width))
        self.anonymous = nn.Sequential(nn.Linear(AMOUNT_FEATURES, width), nn.GELU(), nn.Linear(width, width))
        self.choose = nn.Sequential(nn.Linear(2 * width, 64), nn.GELU(), nn.Linear(64, 2))
        self.heads = nn.ModuleDict({name: nn.Linear(width, dimension, bias=False) for name in BLOCKS})
        self.whole = nn.Parameter(torch.zeros(width))
        self.width = width

    def blocks(self, stated: Statements) -> dict[str, Tensor]:
        """Each kind of statement as a unit vector, or zero where nothing of the kind is stated.

        That no structure type is named is a vector too, learnt as what a guess may come to.

        Returns:
            A tensor (n, width) for each of `BLOCKS`.
        """
        present = stated.present.to(self.whole.dtype)[..., None]
        element = self.element(stated.element)
        named = present * (stated.element > 0)[..., None]
        counted = present * (stated.fraction > 0)[..., None]
        amounts = amount_features(stated.count, stated.fraction)
        both = named * counted * stated.whole[:, None, None]
        formula = (self.formula(torch.cat([element, amounts], dim=-1)) * both).sum(1)
        elements = (element * named).sum(1)
        elements = elements + self.whole * stated.whole[:, None] * (named.sum(1) > 0)
        anonymous = (self.anonymous(amounts) * counted).sum(1)
        group, system = self._symmetry(stated)
        family = self.family(stated.family).sum(1)
        # Without a name the row of no name speaks, once; beside names padding is silent.
        nameless = (stated.prototype == 0).all(1)
        named = (stated.prototype > 0)[..., None]
        prototype = (self.prototype(stated.prototype) * named).sum(1)
        prototype = torch.where(nameless[:, None], self.prototype.weight[0], prototype)
        parts = zip(BLOCKS, (formula, elements, anonymous, group, system, family, prototype), strict=True)
        return {name: nn.functional.normalize(part, dim=-1, eps=1e-6) for name, part in parts}

    def _symmetry(self, stated: Statements) -> tuple[Tensor, Tensor]:
        """Vectors of the space group and of its crystal system, (n, width) each.

        Where symmetry was looked for at several tolerances, what was found decides which of them to believe.
        """
        group = self.group(stated.group)
        if group.shape[1] == 1:
            return group[:, 0], self.system(stated.system)
        weight = self.choose(group.flatten(1)).softmax(-1)[..., None]
        system = self.system(SYSTEM_OF_GROUP.to(stated.group.device)[stated.group])
        return (group * weight).sum(1), (system * weight).sum(1)

    def believe(self, blocks: dict[str, Tensor], stated: Statements, guess: Guess) -> dict[str, Tensor]:
        """The blocks, with a guess in the place of symmetry and structure type where no space group is stated.

        A guess is the mean of the unit vectors of what it may be, and the shorter the less sure. It is learnt from the
        truth and not from what the towers would like it to be.
        """
        told = (stated.group > 0).any(1, keepdim=True)
        groups = guess.group.detach().softmax(1)
        prototypes = guess.prototype.detach().softmax(1)
        systems = groups.new_zeros(len(groups), self.system.num_embeddings)
        systems = systems.index_add(1, SYSTEM_OF_GROUP.to(groups.device), groups)
        found = {"group": groups @ _units(self.group), "system": systems @ _units(self.system)}
        found["prototype"] = prototypes @ _units(self.prototype)
        return {name: torch.where(told, block, found.get(name, block)) for name, block in blocks.items()}

    def join(self, blocks: dict[str, Tensor]) -> Tensor:
        """One vector (n, d): the sum of what each kind of statement says."""
        return torch.stack([self.heads[name](block) for name, block in blocks.items()]).sum(0)


def _units(embedding: nn.Embedding) -> Tensor:
    """The vectors of an embedding at unit length; one that is zero stays zero."""
    return nn.functional.normalize(embedding.weight, dim=-1, eps=1e-6)
