"""The network: from a noisy crystal to the way home of its atoms and its lattice.

A dense transformer over the atoms of the cell. What it knows of geometry are pairs: Fourier features of fractional
differences (Jiao et al., DiffCSP, arXiv:2309.04475) and the distance to the nearest image in the present lattice. So
a shift of all atoms changes nothing, and a new order of the atoms reorders the answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from itertools import product
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from clip_mat.facts import CRYSTAL_SYSTEMS
from clip_mat.generate.cells import SIZE, LatticeScale, lattices
from clip_mat.generate.composer import ELEMENTS, SPACEGROUPS, Composer, place
from clip_mat.generate.conditions import GAPS, STABILITIES, Conditions

SPEED = 0.2
"""A usual component of an atom's velocity; in its units the network speaks, and losses of atoms and lattices are
alike."""
FURTHEST = 8.0
"""Distance in Å beyond which all pairs look alike."""
_DROPOUT = 0.1
"""In training, of what each layer adds: crystals that it sees hundreds of times are not to be known by heart."""


@dataclass(frozen=True, slots=True)
class DenoiserConfig:
    """Sizes of the network.

    Attributes:
        width: Of an atom's vector.
        layers: How many.
        heads: Of attention.
        pair_width: Of a pair's vector.
        condition_width: Of the vector that steers the layers.
        waves: Fourier features go up to this many periods a cell.
        distances: Gaussians on the distance.
        composer_width: Of the vector of a kind of atoms, in `clip_mat.generate.composer`.
        composer_layers: How many.
        vector: Length of the CLIP vectors that it is conditioned on.
        most_atoms: In a cell.
        scale: Of lattices.
        cells: How many training crystals have 0, 1, ..., `most_atoms` atoms in the cell.
    """

    width: int = 256
    layers: int = 6
    heads: int = 8
    pair_width: int = 48
    condition_width: int = 128
    waves: int = 8
    distances: int = 16
    composer_width: int = 128
    composer_layers: int = 3
    vector: int = 256
    most_atoms: int = 20
    scale: LatticeScale = field(default_factory=LatticeScale)
    cells: tuple[int, ...] = (0,) + (1,) * 20

    def to_dict(self) -> dict[str, Any]:
        """As JSON's types."""
        scale = {"mean": list(self.scale.mean), "deviation": list(self.scale.deviation)}
        return asdict(self) | {"scale": scale, "cells": list(self.cells)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """What `to_dict` gave.

        Raises:
            KeyError: If a size is missing.
            TypeError: If one is no number.
            ValueError: If one is unknown or none that a network can have.
        """
        unknown = set(content) - {size.name for size in fields(cls)}
        if unknown:
            raise ValueError(f"unknown size {sorted(unknown)[0]!r}")
        scale = content["scale"]
        cells = tuple(int(count) for count in content["cells"])
        sizes = {size.name: int(content[size.name]) for size in fields(cls) if size.name not in ("scale", "cells")}
        if min(sizes.values()) < 1 or sizes["width"] % sizes["heads"]:
            raise ValueError("sizes must be positive, and the heads must divide the width")
        mean, deviation = (tuple(float(value) for value in scale[name]) for name in ("mean", "deviation"))
        if len(mean) != SIZE or len(deviation) != SIZE:
            raise ValueError(f"a lattice has {SIZE} numbers")
        if len(cells) != 1 + sizes["most_atoms"] or min(cells) < 0 or not sum(cells):
            raise ValueError("cells must have a count for each number of atoms")
        return cls(**sizes, scale=LatticeScale(mean, deviation), cells=cells)


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """b noisy crystals of up to n atoms.

    Attributes:
        numbers: (b, n) int64 atomic numbers; 0 for padding.
        present: (b, n) bool, False for padding.
        positions: (b, n, 3) float32 fractional coordinates.
        lattice: (b, 6) float32, standardised numbers of the lattice.
        position_time: (b,) float32, how far the atoms are from noise (0) to data (1).
        lattice_time: (b,) float32, how far the lattice is.
    """

    numbers: Tensor
    present: Tensor
    positions: Tensor
    lattice: Tensor
    position_time: Tensor
    lattice_time: Tensor

    def to(self, device: torch.device | str) -> Self:
        """The same on another device."""
        return type(self)(*(getattr(self, part.name).to(device) for part in fields(self)))

    def twice(self) -> Self:
        """All crystals, and all once more behind them."""
        return type(self)(*(torch.cat([getattr(self, part.name)] * 2) for part in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What the network says of b noisy crystals.

    Attributes:
        velocity: (b, n, 3) of the fractional coordinates, from noise to data in time 1; of mean zero in each crystal.
        lattice_velocity: (b, 6) of the standardised numbers.
        spacegroup: (b, 231) logits of the space group that the crystal will have; the first is never an answer.
    """

    velocity: Tensor
    lattice_velocity: Tensor
    spacegroup: Tensor


class Denoiser(nn.Module):
    """The network.

    Args:
        config: Its sizes.

    Attributes:
        composer: Says which elements there are, where that is open; a network of its own, that `forward` has no part
            in.
    """

    wave_numbers: Tensor
    images: Tensor
    centres: Tensor
    places: Tensor

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.config = config
        width, steer = config.width, config.condition_width
        self.element = nn.Embedding(ELEMENTS, width)
        self.period = nn.Embedding(8, width)
        self.column = nn.Embedding(20, width)
        self.alike = nn.Embedding(config.most_atoms + 1, width)
        self.condition = _Steering(config)
        self.start = nn.Linear(steer, width)
        pairs = 6 * config.waves + config.distances
        self.pair = nn.Linear(pairs, config.pair_width)
        self.blocks = nn.ModuleList(_Block(config) for _ in range(config.layers))
        self.velocity = nn.Linear(width, 3)
        last = nn.Linear(width, SIZE + SPACEGROUPS)
        self.whole = nn.Sequential(nn.Linear(width + steer, width), nn.GELU(), last)
        for head in (self.velocity, last):
            nn.init.zeros_(head.weight)
        self.register_buffer("wave_numbers", 2 * math.pi * torch.arange(1.0, config.waves + 1), persistent=False)
        images = torch.tensor(list(product((-1.0, 0.0, 1.0), repeat=3)))
        self.register_buffer("images", images[images.abs().sum(1).argsort(stable=True)], persistent=False)
        self.register_buffer("centres", torch.linspace(0.5, FURTHEST, config.distances), persistent=False)
        self.register_buffer("places", torch.tensor([place(n) for n in range(ELEMENTS)]), persistent=False)
        self.composer = Composer(config.composer_width, config.composer_layers, config.vector, config.most_atoms)

    def forward(self, state: State, conditions: Conditions) -> Prediction:
        """One evaluation.

        Args:
            state: b crystals.
            conditions: Of each.
        """
        present = state.present
        atoms = present.sum(1)
        steer = self.condition(state, conditions, atoms)
        same = (state.numbers[:, :, None] == state.numbers[:, None]) & present[:, None]
        places = self.places[state.numbers]
        atom = self.element(state.numbers) + self.period(places[..., 0]) + self.column(places[..., 1])
        atom = atom + self.alike(same.sum(-1).clamp(max=self.config.most_atoms)) + self.start(steer)[:, None]
        pair = self.pair(self.pair_features(state, atoms))
        hidden = torch.where(present[:, None, None], 0.0, -1e4).to(pair.dtype)
        for block in self.blocks:
            atom, pair = block(atom, pair, steer, hidden)
        atom = functional.layer_norm(atom, atom.shape[-1:])
        share = present / atoms[:, None]
        velocity = self.velocity(atom).float() * SPEED
        velocity = (velocity - (velocity * share[..., None]).sum(1, keepdim=True)) * present[..., None]
        whole = torch.cat([(atom * share[..., None]).sum(1), steer], dim=-1)
        whole = self.whole(functional.dropout(whole, _DROPOUT, self.training)).float()
        whole[:, SIZE] = -1e4
        return Prediction(velocity, whole[:, :SIZE], whole[:, SIZE:])

    @torch.no_grad()
    def pair_features(self, state: State, atoms: Tensor) -> Tensor:
        """What is seen of each pair: (b, n, n, features) float32."""
        with torch.autocast(state.positions.device.type, enabled=False):
            apart = state.positions[:, None] - state.positions[:, :, None]  # from the first to the second
            apart = apart - apart.round()
            angle = (apart[..., None] * self.wave_numbers).flatten(-2)
            lattice = lattices(self.config.scale.natural(state.lattice), atoms)
            distance = self._nearest(apart @ lattice[:, None], self.images @ lattice)
            near = (distance[..., None] - self.centres) / (self.centres[1] - self.centres[0])
            return torch.cat([angle.sin(), angle.cos(), (-0.5 * near.square()).exp()], dim=-1)

    def _nearest(self, apart: Tensor, shifts: Tensor) -> Tensor:
        """Distance in Å to the nearest image, (b, n, n); of an atom from itself, to its nearest copy.

        Args:
            apart: (b, n, n, 3) in Å.
            shifts: (b, 27, 3) in Å, the first of them zero.
        """
        size = apart.shape[1]
        flat = apart.flatten(1, 2)
        squares = torch.baddbmm(shifts.square().sum(-1)[:, None], flat, shifts.transpose(1, 2), alpha=2)
        own = torch.eye(size, dtype=torch.bool, device=apart.device).flatten()
        least = squares[..., 1:].amin(-1)
        least = torch.where(own, least, torch.minimum(least, squares[..., 0])) + flat.square().sum(-1)
        return least.clamp(min=1e-4).sqrt().view(-1, size, size)


class _Steering(nn.Module):
    """Times, lattice, number of atoms and conditions to one vector for each crystal."""

    frequencies: Tensor

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        width = config.width
        self.register_buffer("frequencies", math.pi * torch.arange(0.5, 8.5, 0.5), persistent=False)
        self.known = nn.Linear(2 * 2 * 16 + SIZE, width)
        self.atoms = nn.Embedding(config.most_atoms + 1, width)
        self.spacegroup = nn.Embedding(SPACEGROUPS, width, padding_idx=0)
        self.system = nn.Embedding(len(CRYSTAL_SYSTEMS) + 1, width, padding_idx=0)
        self.gap = nn.Embedding(len(GAPS) + 1, width, padding_idx=0)
        self.stability = nn.Embedding(len(STABILITIES) + 1, width, padding_idx=0)
        self.vector = nn.Linear(config.vector, width, bias=False)
        self.out = nn.Sequential(
            nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, config.condition_width)
        )
        self._reach = config.vector**0.5

    def forward(self, state: State, asked: Conditions, atoms: Tensor) -> Tensor:
        times = torch.stack([state.position_time, state.lattice_time], dim=1)
        angle = (times[..., None] * self.frequencies).flatten(1)
        summed = self.known(torch.cat([angle.sin(), angle.cos(), state.lattice.clamp(-8, 8)], dim=1))
        summed = summed + self.atoms(atoms) + self.spacegroup(asked.spacegroup) + self.system(asked.system)
        summed = summed + self.gap(asked.gap) + self.stability(asked.stability)
        steer: Tensor = self.out(summed + self.vector(asked.vector * self._reach))
        return functional.silu(steer)


class _Block(nn.Module):
    """Attention with pairs in weights and values, then a small network on each atom.

    Attention is written out: for so few atoms, in training on a CPU, that is faster than the fused one.
    """

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        width, pair, self.heads = config.width, config.pair_width, config.heads
        self.modulate = nn.Linear(config.condition_width, 4 * width)
        self.queries = nn.Linear(width, 3 * width + 2 * pair)
        self.bias = nn.Linear(pair, self.heads)
        self.again = nn.Parameter(torch.randn(pair, pair) * pair**-0.5)
        self.join = nn.Linear(width + self.heads * pair, width)
        self.expand = nn.Linear(width, 3 * width)
        self.contract = nn.Linear(3 * width, width)
        self.sizes = [width, width, width, pair, pair]
        for last in (self.modulate, self.join, self.contract):
            nn.init.zeros_(last.weight)

    def forward(self, atom: Tensor, pair: Tensor, steer: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        scale, shift, second_scale, second_shift = self.modulate(steer)[:, None].chunk(4, dim=-1)
        b, n, width = atom.shape
        each = functional.layer_norm(atom, (width,)) * (1 + scale) + shift
        query, key, value, first, second = self.queries(each).split(self.sizes, dim=-1)
        # copied, since rows that follow each other are added several times faster
        seen = functional.relu(pair + second.contiguous()[:, None] + first.contiguous()[:, :, None])  # (b, n, n, pair)
        query, key, value = (x.view(b, n, self.heads, -1).transpose(1, 2) for x in (query, key, value))
        bias = (self.bias(seen).permute(0, 3, 1, 2) + hidden).flatten(0, 1)
        weight = torch.baddbmm(bias, query.flatten(0, 1), key.flatten(0, 1).mT, alpha=query.shape[-1] ** -0.5)
        weight = _softmax(weight).to(value.dtype).view(b, self.heads, n, n)
        atoms = (weight @ value).transpose(1, 2).reshape(b, n, -1)
        pairs = (weight.transpose(1, 2) @ seen).reshape(b, n, -1)  # (b, n, heads, n) @ (b, n, n, pair)
        atom = atom + functional.dropout(self.join(torch.cat([atoms, pairs], dim=-1)), _DROPOUT, self.training)
        each = functional.layer_norm(atom, (width,)) * (1 + second_scale) + second_shift
        inner = self.contract(functional.relu(self.expand(each)).square())
        atom = atom + functional.dropout(inner, _DROPOUT, self.training)
        pair = torch.addmm(pair.flatten(0, 2), seen.flatten(0, 2), self.again).view(seen.shape)
        return atom, pair


def _softmax(scores: Tensor) -> Tensor:
    """Over the last axis, float32. Outside training in steps that do many rows at once: torch's own goes row by row,
    and rows as short as these take it three times as long."""
    if torch.is_grad_enabled():
        return scores.softmax(-1, dtype=torch.float32)
    shares = (scores.float() - scores.amax(-1, keepdim=True)).exp_()
    return shares.div_(shares.sum(-1, keepdim=True))
