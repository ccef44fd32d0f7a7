"""The crystal tower: a periodic graph to a vector that no rotation, translation, permutation or choice of cell changes.

Around each atom the neighbours' directions are gathered into spherical harmonics, one set of radial channels at a
time, and only rotation invariants of them go on (Drautz, Phys. Rev. B 99, 014104 (2019)). The mean over all
atoms of the same tensors sees what one atom cannot: it vanishes in cubic crystals, has one axis in uniaxial ones,
and so on down to triclinic. Means over atoms and a smooth cut-off make a supercell equal to its cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from clip_mat.crystal import SYMBOLS
from clip_mat.facts import families
from clip_mat.towers.chemistry import BLOCKS, ELEMENTS, Chemistry, Statements
from clip_mat.towers.graphs import CUTOFF, Graph
from clip_mat.towers.guess import Guess, Guesser
from clip_mat.towers.harmonics import L_MAX, band, gaunt, harmonics, quadratic_forms
from clip_mat.towers.vocabulary import Vocabulary

RADIAL = 10
"""Radial functions between 0 and the cut-off."""
_TINY = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class CrystalInputs:
    """Graphs of n crystals with a atoms in all, neighbours padded to k.

    Attributes:
        number: (a,) atomic numbers.
        crystal: (a,) which crystal an atom belongs to.
        share: (a,) one over the number of atoms of its crystal.
        neighbour: (a, k) the atom at the other end; 0 for padding.
        vector: (a, k, 3) to it, in mean spacings; beyond the cut-off for padding.
        spacing: (n,) mean spacing in Å.
        stated: What the crystals state of themselves: composition and symmetry.
    """

    number: Tensor
    crystal: Tensor
    share: Tensor
    neighbour: Tensor
    vector: Tensor
    spacing: Tensor
    stated: Statements

    def to(self, device: torch.device | str) -> Self:
        """The same on another device."""
        return type(self)(*(getattr(self, field.name).to(device) for field in fields(self)))


def collate_graphs(graphs: Sequence[Graph], vocabulary: Vocabulary) -> CrystalInputs:
    """Inputs of the tower from at least one graph."""
    sizes = np.array([len(graph.numbers) for graph in graphs])
    first = np.cumsum(sizes) - sizes
    degree = np.concatenate([graph.degree for graph in graphs]).astype(np.int64)
    widest = max(int(degree.max()), 1)
    real = np.arange(widest) < degree[:, None]
    neighbour = np.zeros(real.shape, dtype=np.int64)
    neighbour[real] = np.concatenate([graph.neighbour + start for graph, start in zip(graphs, first, strict=True)])
    vector = np.zeros((*real.shape, 3), dtype=np.float32)
    vector[..., 0] = 2 * CUTOFF
    vector[real] = np.concatenate([graph.vector for graph in graphs])
    return CrystalInputs(
        number=torch.from_numpy(np.concatenate([graph.numbers for graph in graphs]).astype(np.int64)),
        crystal=torch.from_numpy(np.repeat(np.arange(len(graphs)), sizes)),
        share=torch.from_numpy(np.repeat(1.0 / sizes, sizes).astype(np.float32)),
        neighbour=torch.from_numpy(neighbour),
        vector=torch.from_numpy(vector),
        spacing=torch.tensor([graph.spacing for graph in graphs], dtype=torch.float32),
        stated=_statements(graphs, vocabulary),
    )


def _statements(graphs: Sequence[Graph], vocabulary: Vocabulary) -> Statements:
    found = [np.unique(graph.numbers, return_counts=True) for graph in graphs]
    most = max(len(elements) for elements, _ in found)
    element = np.zeros((len(graphs), most), dtype=np.int64)
    count = np.zeros((len(graphs), most), dtype=np.float32)
    for row, (elements, counts) in enumerate(found):
        element[row, : len(elements)] = elements
        count[row, : len(elements)] = counts // np.gcd.reduce(counts)
    return Statements(
        element=torch.from_numpy(element),
        count=torch.from_numpy(count),
        fraction=torch.from_numpy(count / count.sum(1, keepdims=True)),
        present=torch.from_numpy(element > 0),
        whole=torch.ones(len(graphs), dtype=torch.bool),
        group=torch.from_numpy(np.stack([graph.symmetry for graph in graphs]).astype(np.int64)),
        system=torch.zeros(len(graphs), dtype=torch.int64),
        family=vocabulary.family([families({SYMBOLS[number]: 1 for number in elements}) for elements, _ in found]),
        prototype=vocabulary.prototype([graph.prototypes for graph in graphs]),
    )


class Neighbourhood(nn.Module):
    """One round of looking around: atoms learn the shape and the chemistry of their surroundings.

    Args:
        width: Length of an atom's vector.
        channels: Radial and chemical channels c.
    """

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.radial = nn.Linear(RADIAL, channels, bias=False)
        self.chemical = nn.Linear(width, channels)
        self.mix = nn.Linear(channels, channels, bias=False)
        invariants = channels * (1 + 2 * (L_MAX + 1))
        self.norm = nn.LayerNorm(invariants)
        self.update = nn.Sequential(nn.Linear(width + invariants, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, atoms: Tensor, neighbour: Tensor, radial: Tensor, angular: Tensor) -> tuple[Tensor, Tensor]:
        """Atom vectors (a, width) to new ones, and the tensors (a, c, 25) that the surroundings make.

        Args:
            atoms: (a, width).
            neighbour: (a, k).
            radial: (a, k, RADIAL), zero for padding.
            angular: (a, k, 25).
        """
        weight = self.radial(radial) * self.chemical(atoms)[neighbour]
        tensors = weight.transpose(1, 2) @ angular
        mixed = self.mix(tensors.transpose(1, 2)).transpose(1, 2)
        parts = [tensors[..., 0]]
        for l in range(L_MAX + 1):  # noqa: E741 - the field's letter
            parts.append(tensors[..., band(l)].square().sum(-1))
            parts.append((tensors[..., band(l)] * mixed[..., band(l)]).sum(-1))
        invariants = self.norm(torch.cat(parts, dim=-1))
        return atoms + self.update(torch.cat([atoms, invariants], dim=-1)), tensors


class Shape(nn.Module):
    """Invariants of the tensors of a whole crystal: what tells the crystal systems apart.

    A cubic crystal has no l = 2 tensor; in a uniaxial one all of them are the same but for a factor; in an
    orthorhombic one they commute; in a monoclinic one the axes of their commutators are parallel; in a triclinic one
    nothing holds. The l = 4 tensors, coupled with those of l = 2 and with themselves, tell three, four and six-fold
    axes apart.

    Args:
        channels: Tensors of each degree.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.upper: Tensor
        upper = torch.triu_indices(channels, channels, offset=1)
        self.register_buffer("upper", upper, persistent=False)
        self.register_buffer("forms", quadratic_forms(), persistent=False)
        self.register_buffer("gaunt224", gaunt(2, 2, 4), persistent=False)
        self.register_buffer("gaunt442", gaunt(4, 4, 2), persistent=False)
        self.register_buffer("gaunt444", gaunt(4, 4, 4), persistent=False)
        self.size = channels * (L_MAX + 4) + 3 * upper.shape[1]

    def forward(self, tensors: Tensor) -> Tensor:
        """(n, c, 25) to (n, size)."""
        norms = torch.stack([tensors[..., band(l)].square().sum(-1) for l in range(1, L_MAX + 1)], dim=-1)  # noqa: E741
        parts = [(norms + _TINY**2).log().flatten(1) * 0.2]
        second = tensors[..., band(2)]
        second = second / (norms[..., 1, None] + _TINY**2).sqrt()
        fourth = tensors[..., band(4)]
        fourth = fourth / (norms[..., 3, None] + _TINY**2).sqrt()
        matrices = torch.einsum("ncm,mij->ncij", second, self.forms)
        squares = matrices @ matrices
        parts.append(torch.einsum("ncij,ncji->nc", squares, matrices))
        parts.append(torch.einsum("nca,ncb,nco,abo->nc", second, second, fourth, self.gaunt224))
        parts.append(torch.einsum("nca,ncb,nco,abo->nc", fourth, fourth, second, self.gaunt442))
        parts.append(torch.einsum("nca,ncb,nco,abo->nc", fourth, fourth, fourth, self.gaunt444))
        first, other = self.upper[0], self.upper[1]
        parts.append((second @ second.transpose(1, 2))[:, first, other])
        products = matrices[:, first] @ matrices[:, other]
        commutators = products - products.transpose(-1, -2)
        parts.append((commutators.square().sum((-1, -2)) + _TINY**2).log() * 0.2)
        following = matrices.roll(-1, dims=1)
        turns = matrices @ following
        axes = torch.stack(
            [
                turns[..., 1, 2] - turns[..., 2, 1],
                turns[..., 2, 0] - turns[..., 0, 2],
                turns[..., 0, 1] - turns[..., 1, 0],
            ],
            -1,
        )
        axes = axes / (axes.square().sum(-1, keepdim=True) + _TINY**2).sqrt()
        parts.append((axes @ axes.transpose(1, 2))[:, first, other].abs())
        return torch.cat(parts, dim=-1)


class CrystalTower(nn.Module):
    """Crystals to vectors.

    Args:
        chemistry: Shared with the text tower.
        dimension: Length d of the vectors.
        width: Length of an atom's vector.
        channels: Channels of a neighbourhood.
        rounds: How often atoms look around.
        guesses: Whether geometry guesses symmetry and structure type where they are not told.
    """

    def __init__(
        self,
        chemistry: Chemistry,
        dimension: int,
        width: int = 128,
        channels: int = 24,
        rounds: int = 2,
        guesses: bool = True,
    ) -> None:
        super().__init__()
        self.chemistry = chemistry
        self.element = nn.Embedding(ELEMENTS, width)
        self.rounds = nn.ModuleList(Neighbourhood(width, channels) for _ in range(rounds))
        self.gate = nn.Linear(width, channels)
        self.shape_channels = nn.Linear(channels, 16, bias=False)
        self.shape = Shape(16)
        self.shape_norm = nn.LayerNorm(self.shape.size)
        self.atoms_out = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU())
        together = 2 * width + self.shape.size + 1 + len(BLOCKS) * chemistry.width
        self.join = nn.Sequential(
            nn.Linear(together, 768),
            nn.GELU(),
            nn.LayerNorm(768),
            nn.Linear(768, 512),
            nn.GELU(),
            nn.Linear(512, dimension),
        )
        known = 2 * width + self.shape.size + 1 + 3 * chemistry.width
        names = chemistry.prototype.num_embeddings - 1
        self.guesser = Guesser(known, self.shape.channels, names) if guesses else None
        centres = torch.linspace(0.5, CUTOFF, RADIAL)
        self.register_buffer("centres", centres, persistent=False)

    def forward(self, inputs: CrystalInputs) -> Tensor:
        """Vectors (n, d), not normalised."""
        return self.with_guess(inputs)[0]

    def with_guess(self, inputs: CrystalInputs) -> tuple[Tensor, Guess | None]:
        """Vectors (n, d), not normalised, and what geometry alone says of symmetry, where the tower guesses."""
        # A cubic crystal's l = 2 tensor vanishes only to the precision of its sums: bfloat16 would hide its symmetry.
        with torch.autocast(inputs.vector.device.type, enabled=False):
            atoms, whole = self._look(inputs)
            shape = self.shape_norm(self.shape(whole))
            atoms_mean = self._mean(self.atoms_out(atoms), inputs)
        spacing = inputs.spacing.log()[:, None]
        blocks = self.chemistry.blocks(inputs.stated)
        guess = None
        if self.guesser is not None:
            composition = [blocks[name] for name in ("formula", "elements", "anonymous")]
            with torch.autocast(inputs.vector.device.type, enabled=False):
                features = [atoms_mean, shape, spacing, *(block.float() for block in composition)]
                guess = self.guesser(torch.cat(features, dim=-1), whole)
            blocks = self.chemistry.believe(blocks, inputs.stated, guess)
        together = torch.cat([atoms_mean, shape, spacing, *blocks.values()], dim=-1)
        vectors: Tensor = self.chemistry.join(blocks) + self.join(together)
        return vectors, guess

    def _look(self, inputs: CrystalInputs) -> tuple[Tensor, Tensor]:
        """Vectors of atoms (a, width), and the tensors of whole crystals (n, c, 25)."""
        distance = inputs.vector.norm(dim=-1)
        inside = distance < CUTOFF
        envelope = 0.5 * (torch.cos(distance * (torch.pi / CUTOFF)) + 1) * inside
        sharpness = 0.5 * ((RADIAL - 1) / (CUTOFF - 0.5)) ** 2
        radial = torch.exp(-sharpness * (distance[..., None] - self.centres) ** 2) * envelope[..., None]
        angular = harmonics(inputs.vector / distance.clamp(min=1e-6)[..., None])
        atoms = self.element(inputs.number)
        tensors = atoms.new_zeros(())
        for look in self.rounds:
            atoms, tensors = look(atoms, inputs.neighbour, radial, angular)
        whole = self._mean(tensors * self.gate(atoms)[..., None], inputs)
        return atoms, self.shape_channels(whole.transpose(1, 2)).transpose(1, 2)

    @staticmethod
    def _mean(values: Tensor, inputs: CrystalInputs) -> Tensor:
        """Mean over the atoms of each crystal: (a, ...) to (n, ...)."""
        share = inputs.share.view(-1, *(1,) * (values.ndim - 1))
        total = values.new_zeros((len(inputs.spacing), *values.shape[1:]))
        return total.index_add(0, inputs.crystal, values * share)
