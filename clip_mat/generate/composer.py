"""Which elements a crystal is made of, where these are open: the first step where no composition is asked for.

What is known is how many atoms of each kind stand in the cell ("6 of one element, 2 of another, 2 of a third"),
perhaps some of the elements, and what is asked in words, symmetry and classes. The network looks at the kinds, not at
the atoms, and says for each open one which element it is. Drawn one after the other in any order, each knowing those
before it, they make a composition (an order-agnostic autoregressive model: Uria et al., arXiv:1310.1757; Hoogeboom et
al., arXiv:2110.02037).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from clip_mat.crystal import SYMBOLS
from clip_mat.facts import CRYSTAL_SYSTEMS
from clip_mat.generate.conditions import GAPS, STABILITIES, Conditions

ELEMENTS = len(SYMBOLS)
SPACEGROUPS = 231
_HEADS = 4
_DROPOUT = 0.15
"""Of what is summed up in training: there are only as many compositions as there are crystals."""


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """What is known of the elements of b crystals of up to k elements.

    Attributes:
        numbers: (b, k) int64 atomic numbers; 0 where open.
        counts: (b, k) int64 atoms of each in the cell; 0 for padding.
    """

    numbers: Tensor
    counts: Tensor

    def to(self, device: torch.device | str) -> Self:
        """The same on another device."""
        return type(self)(*(getattr(self, part.name).to(device) for part in fields(self)))

    def twice(self) -> Self:
        """All crystals, and all once more behind them."""
        return type(self)(*(torch.cat([getattr(self, part.name)] * 2) for part in fields(self)))


class Composer(nn.Module):
    """The network.

    Args:
        width: Of the vector of a kind.
        layers: How many.
        vector: Length of the CLIP vectors that it is conditioned on.
        most_atoms: In a cell.
    """

    places: Tensor

    def __init__(self, width: int, layers: int, vector: int, most_atoms: int) -> None:
        super().__init__()
        self.element = nn.Embedding(ELEMENTS, width)
        self.period = nn.Embedding(8, width)
        self.column = nn.Embedding(20, width)
        self.count = nn.Embedding(most_atoms + 1, width)
        self.atoms = nn.Embedding(most_atoms + 1, width)
        self.spacegroup = nn.Embedding(SPACEGROUPS, width, padding_idx=0)
        self.system = nn.Embedding(len(CRYSTAL_SYSTEMS) + 1, width, padding_idx=0)
        self.gap = nn.Embedding(len(GAPS) + 1, width, padding_idx=0)
        self.stability = nn.Embedding(len(STABILITIES) + 1, width, padding_idx=0)
        self.vector = nn.Linear(vector, width, bias=False)
        layer = nn.TransformerEncoderLayer(
            width, _HEADS, 3 * width, _DROPOUT, functional.gelu, batch_first=True, norm_first=True
        )
        self.dropout = nn.Dropout(_DROPOUT)
        self.layers = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)
        self.out = nn.Linear(width, ELEMENTS)
        nn.init.zeros_(self.out.weight)
        self.register_buffer("places", torch.tensor([place(n) for n in range(ELEMENTS)]), persistent=False)
        self._reach = vector**0.5

    def forward(self, kinds: Kinds, asked: Conditions) -> Tensor:
        """Logits of the elements of each kind, (b, k, 104) float32.

        The first, which is no element, and the elements of the other kinds are never an answer.
        """
        whole = self.atoms(kinds.counts.sum(1)) + self.spacegroup(asked.spacegroup) + self.system(asked.system)
        whole = whole + self.gap(asked.gap) + self.stability(asked.stability) + self.vector(asked.vector * self._reach)
        places = self.places[kinds.numbers]
        each = self.element(kinds.numbers) + self.period(places[..., 0]) + self.column(places[..., 1])
        each = self.dropout(each + self.count(kinds.counts) + whole[:, None])
        told = self.out(self.layers(each, src_key_padding_mask=kinds.counts == 0)).float()
        taken = functional.one_hot(kinds.numbers, ELEMENTS).amax(1).bool()
        taken[:, 0] = True
        logits: Tensor = told.masked_fill(taken[:, None], -1e4)
        return logits


def place(number: int) -> tuple[int, int]:
    """Period and column of the periodic table of an element; lanthanides and actinides share column 19; 0 of none."""
    if number == 0:
        return 0, 0
    period, first = next(
        (p, f) for p, f in ((7, 87), (6, 55), (5, 37), (4, 19), (3, 11), (2, 3), (1, 1)) if number >= f
    )
    step = number - first
    if period >= 6 and 2 <= step <= 16:
        return period, 19
    length = {1: 2, 2: 8, 3: 8, 4: 18, 5: 18}.get(period, 32)
    return period, 1 + step if step < 2 else 18 - (length - 1 - step)
