"""Every training crystal's vector as it was last seen, so that a small batch meets the whole gallery."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from clip_mat.training.losses import Memory


@dataclass(frozen=True, slots=True)
class Bank:
    """A cross-batch memory (XBM, Wang et al., arXiv:1912.06798) with one place for each training crystal.

    Vectors drift slowly late in training, so stale ones are still good negatives.

    Attributes:
        vectors: (N, d) float32, unit length where `seen`, else zero.
        seen: (N,) bool.
    """

    vectors: Tensor
    seen: Tensor

    @classmethod
    def empty(cls, size: int, dimension: int, device: torch.device) -> Bank:
        """Nothing seen yet."""
        return cls(torch.zeros(size, dimension, device=device), torch.zeros(size, dtype=torch.bool, device=device))

    def update(self, rows: Tensor, vectors: Tensor) -> None:
        """Remember the batch.

        Args:
            rows: (n,) int64, places in the bank.
            vectors: (n, d), unit length.
        """
        self.vectors[rows] = vectors.detach().float()
        self.seen[rows] = True

    def beyond(self, rows: Tensor, positives: Tensor) -> Memory:
        """What a batch is compared with, besides itself.

        Args:
            rows: (n,) int64, the batch's own crystals, which are left out.
            positives: (t, N) bool, the batch's texts against every crystal.
        """
        usable = self.seen.clone()
        usable[rows] = False
        return Memory(self.vectors, usable, positives)
