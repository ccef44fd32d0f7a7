"""Different structures that share a structure type's label.

Isopointal crystals have their atoms on the same Wyckoff positions, yet not always the same structure: free coordinates
and ratios of axes may differ so far that atoms have other neighbours (Lima-de-Faria et al., Acta Cryst. A46, 1 (1990)
tell isopointal from isoconfigurational). So templates of one type are told apart by the distances between their atoms.
"""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np

from clip_mat.generate.substitution import Floats, Ints

LEAST = 1e-5
"""Least share of the votes for which a structure is looked for."""
_SAME = 0.5
"""Probability of being the same structure from which the better template stands for both."""


def reordered(fingerprint: Floats, order: Ints) -> Floats:
    """The fingerprint of a template after its elements are handed out anew.

    Args:
        fingerprint: Of a crystal whose elements are its slots, as `clip_mat.generate.consensus.fingerprint`: one block
            for each pair of slots.
        order: (k,) a row of `clip_mat.generate.substitution.orders`.
    """
    slots = len(order)
    pairs = {pair: place for place, pair in enumerate(combinations_with_replacement(range(slots), 2))}
    places = [pairs[min(order[a], order[b]), max(order[a], order[b])] for a, b in pairs]
    blocks = fingerprint.reshape(len(pairs), -1)
    turned = np.empty_like(blocks)
    turned[places] = blocks
    return turned.ravel()


def differences(fingerprints: Floats) -> Floats:
    """(r, r) how far fingerprints are apart, relative to their size.

    Args:
        fingerprints: (r, f).
    """
    squares = np.square(fingerprints).sum(axis=1)
    apart = squares[:, None] + squares - 2.0 * fingerprints @ fingerprints.T
    size = (np.sqrt(squares)[:, None] + np.sqrt(squares)) / 2.0
    relative: Floats = np.sqrt(np.maximum(apart, 0.0)) / np.maximum(size, 1e-9)
    return relative


def pick_variants(same: Floats, weights: Floats, most: int) -> list[tuple[int, float]]:
    """The structures among templates of one type, each with its share of the votes, the most voted for first.

    A structure gets the votes of all templates that are probably the same, less what those before it got already: its
    share is the chance that it is right and none of those is.

    Args:
        same: (r, r) probability that two templates have the same structure.
        weights: (r,) votes of the templates.
        most: How many structures.

    Returns:
        For each structure the template that stands for it, and its share.
    """
    left = weights.copy()
    free = np.ones(len(weights), dtype=bool)
    found: list[tuple[int, float]] = []
    while free.any() and len(found) < most:
        shares = np.where(free, same @ left, -1.0)
        centre = int(shares.argmax())
        near = free & (same[centre] >= _SAME)
        near[centre] = True
        chosen = int(np.where(near, weights, -1.0).argmax())
        share = float(same[chosen] @ left)
        if found and share < LEAST:
            break
        found.append((chosen, share))
        free[chosen] = False
        left = left * (1.0 - same[chosen])
    return found
