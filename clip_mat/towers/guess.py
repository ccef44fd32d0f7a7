"""What geometry and composition alone say of a crystal's symmetry and structure type.

Where nobody has looked for symmetry, the crystal tower states its own guess instead: a distribution over space groups
and structure types, learnt beside the contrastive loss as a classification of crystals whose symmetry is known.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from clip_mat.towers.chemistry import SPACEGROUPS
from clip_mat.towers.harmonics import band, gaunt, quadratic_forms

_TINY = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is known of n crystals, for a guess to be told.

    Attributes:
        group: (n,) space groups; 0 where unknown.
        prototype: (n, p) structure types as the vocabulary numbers them; 0 for none.
    """

    group: Tensor
    prototype: Tensor

    def to(self, device: torch.device | str) -> Self:
        """The same on another device."""
        return type(self)(*(getattr(self, field.name).to(device) for field in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Guess:
    """Logits for n crystals.

    Attributes:
        group: (n, 231); place 0, no group, is never believed.
        prototype: (n, names + 1); place 0 is no named structure type.
    """

    group: Tensor
    prototype: Tensor

    def loss(self, truth: Truth) -> Tensor:
        """Mean cross entropy to what is true; crystals of unknown group are left out."""
        group = functional.cross_entropy(self.group, truth.group, ignore_index=0, reduction="sum")
        named = (truth.prototype > 0).to(self.prototype.dtype)
        surprise = -self.prototype.log_softmax(1).gather(1, truth.prototype)
        # several names of one crystal share its target; without a name the target is place 0, where padding points
        of_names = (surprise * named).sum(1) / named.sum(1).clamp(min=1)
        prototype = torch.where(named.sum(1) > 0, of_names, surprise[:, 0]).sum()
        return (group + prototype) / len(truth.group)


class Residues(nn.Module):
    """How far the tensors of a whole crystal are from what each symmetry would make of them, as logarithms.

    `Shape` of the crystal tower holds the invariants themselves; a small departure from symmetry hardly moves those.
    Around an axis of any fold the l = 2 tensors are uniaxial, all on one axis. Around a six-fold one those of l = 4 are
    zonal about it too; what is not zonal has order 4 about a four-fold and 3 about a three-fold axis. With a single
    two-fold axis the commutators of the l = 2 tensors are parallel, with three they vanish.

    Args:
        channels: Tensors of each degree.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.upper: Tensor
        self.register_buffer("upper", torch.triu_indices(channels, channels, offset=1), persistent=False)
        self.register_buffer("forms", quadratic_forms(), persistent=False)
        self.register_buffer("gaunt224", gaunt(2, 2, 4), persistent=False)
        self.register_buffer("gaunt442", gaunt(4, 4, 2), persistent=False)
        self.size = 6 * channels + 2 * self.upper.shape[1] + 5

    def forward(self, tensors: Tensor) -> Tensor:
        """(n, c, 25) to (n, size)."""
        first, other = self.upper[0], self.upper[1]
        raw2, raw4 = tensors[..., band(2)], tensors[..., band(4)]
        norm2, norm4 = raw2.square().sum(-1), raw4.square().sum(-1)
        second = raw2 / (norm2[..., None] + _TINY).sqrt()
        fourth = raw4 / (norm4[..., None] + _TINY).sqrt()
        matrices = torch.einsum("ncm,mij->ncij", second, self.forms)
        squared = (matrices @ matrices).diagonal(dim1=-2, dim2=-1).sum(-1)
        cubed = torch.einsum("ncij,ncji->nc", matrices @ matrices, matrices)
        biaxial = 1 - 6 * cubed.square() / (squared.pow(3) + _TINY)
        along = torch.einsum("nca,ncb,abo->nco", second, second, self.gaunt224)
        along = along / (along.square().sum(-1, keepdim=True) + _TINY).sqrt()
        zonal = (fourth * along).sum(-1, keepdim=True)
        rest = fourth - zonal * along
        beyond = rest.square().sum(-1)
        rest = rest / (beyond[..., None] + _TINY).sqrt()
        order = torch.einsum("nca,ncb,nco,abo->nc", rest, rest, second, self.gaunt442) * cubed.sign()
        same = (second @ second.transpose(1, 2))[:, first, other]
        same4 = (fourth @ fourth.transpose(1, 2))[:, first, other]
        left, right = matrices[:, first], matrices[:, other]
        turned = left @ right
        axes = torch.stack(
            [
                turned[..., 1, 2] - turned[..., 2, 1],
                turned[..., 2, 0] - turned[..., 0, 2],
                turned[..., 0, 1] - turned[..., 1, 0],
            ],
            -1,
        )
        spread = axes.transpose(1, 2) @ axes / axes.shape[1]
        trace = spread.diagonal(dim1=-2, dim2=-1).sum(-1)
        minors = (trace.square() - (spread @ spread).diagonal(dim1=-2, dim2=-1).sum(-1)) / 2
        whole = torch.stack(
            [
                _log(trace),
                _log(minors.clamp(min=0)),
                _log(minors.clamp(min=0) / (trace.square() + _TINY)),
                _log(norm2.mean(1)),
                _log(norm4.mean(1)),
            ],
            -1,
        )
        parts = (_log(biaxial), _log(beyond), order, zonal[..., 0], _log(norm2), _log(norm4))
        return torch.cat([*parts, _log(1 - same.square()), _log(1 - same4.square()), whole], dim=-1)


def _log(value: Tensor) -> Tensor:
    return (value.clamp(min=0) + _TINY).log() * 0.2


class Guesser(nn.Module):
    """Features of a crystal to a `Guess`.

    Args:
        features: Length of what the tower knows apart from `Residues`.
        channels: Tensors of each degree.
        prototypes: How many structure types have names.
        width: Inner width.
    """

    def __init__(self, features: int, channels: int, prototypes: int, width: int = 512) -> None:
        super().__init__()
        self.residues = Residues(channels)
        self.features_norm = nn.LayerNorm(features)
        self.residues_norm = nn.LayerNorm(self.residues.size)
        self.body = nn.Sequential(
            nn.Linear(features + self.residues.size, width),
            nn.GELU(),
            nn.LayerNorm(width),
            nn.Linear(width, width),
            nn.GELU(),
            nn.LayerNorm(width),
        )
        self.group = nn.Linear(width, SPACEGROUPS)
        self.prototype = nn.Linear(width, prototypes + 1)

    def forward(self, features: Tensor, tensors: Tensor) -> Guess:
        """A guess from (n, features) and the tensors (n, c, 25) of whole crystals.

        The tensors learn nothing through their residues, whose logarithms are steep where symmetry is nearly perfect.
        """
        residues = self.residues_norm(self.residues(tensors.detach()))
        body = self.body(torch.cat([self.features_norm(features), residues], dim=-1))
        group = self.group(body).float()
        nothing = torch.zeros_like(group[:, :1]) - torch.inf
        return Guess(torch.cat([nothing, group[:, 1:]], dim=1), self.prototype(body).float())
