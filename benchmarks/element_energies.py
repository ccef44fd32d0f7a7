"""Energies of the elements as CHGNet sees them, from crystals of known formation energy, and how far off they are.

A crystal's energy less its formation energy is the sum of its elements' energies. They are fitted so that the sum of
deviations is least, not of their squares: a crystal whose calculation had another magnetic order may be far off.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROUNDS, LEAST = 20, 0.005
"""Of reweighting, and eV/atom below which a deviation does not count as smaller still."""
Floats = npt.NDArray[np.float64]


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit and write them; returns an exit status."""
    from clip_mat.evaluation.csp_tasks import read_entries
    from clip_mat.generate.relax import relax

    parser = argparse.ArgumentParser(prog="python -m benchmarks.element_energies", description=__doc__)
    parser.add_argument("--crystals", type=Path, required=True, help="parquet with formation energies")
    parser.add_argument("--max-sites", type=int, default=8, help="most atoms in a cell")
    parser.add_argument("--limit", type=int, default=4000, help="crystals, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="JSON file: eV/atom of each element")
    options = parser.parse_args(arguments)
    entries = [entry for entry in read_entries(options.crystals) if len(entry.crystal) <= options.max_sites]
    known = [entry for entry in entries if isinstance(entry.properties.get("formation_energy"), int | float)]
    rng = np.random.default_rng(options.seed)
    drawn = [known[place] for place in rng.permutation(len(known))[: options.limit]]
    counts, left = [], []
    for entry, rest in zip(drawn, relax([entry.crystal for entry in drawn], steps=0), strict=True):
        if rest.energy is not None:
            counts.append(Counter(entry.crystal.symbols))
            left.append(rest.energy - float(entry.properties["formation_energy"]))
    elements = sorted({symbol for one in counts for symbol in one})
    shares = np.array([[one[symbol] / sum(one.values()) for symbol in elements] for one in counts])
    energies, off = fit(shares, np.array(left)), apart(shares, np.array(left), options.seed)
    options.out.write_text(json.dumps(dict(zip(elements, energies.round(4).tolist(), strict=True)), indent=1) + "\n")
    print(f"{len(counts):,} crystals of {len(elements)} elements; those left out of a fit are off by {off:.4f} eV/atom")
    return 0


def fit(shares: Floats, left: Floats) -> Floats:
    """(k,) energies of elements by iteratively reweighted least squares, for the least sum of deviations.

    Args:
        shares: (n, k) of each element in each crystal.
        left: (n,) eV/atom, energies less formation energies.
    """
    weights = np.ones(len(left))
    for _ in range(ROUNDS):
        energies: Floats = np.linalg.lstsq(shares * weights[:, None], left * weights, rcond=None)[0]
        weights = np.maximum(np.abs(left - shares @ energies), LEAST) ** -0.5
    return energies


def apart(shares: Floats, left: Floats, seed: int, folds: int = 5) -> float:
    """Mean deviation, in eV/atom, of crystals that were left out of the fit."""
    fold = np.random.default_rng(seed).permutation(len(left)) % folds
    off = [np.abs(left[fold == n] - shares[fold == n] @ fit(shares[fold != n], left[fold != n])) for n in range(folds)]
    return float(np.concatenate(off).mean())


if __name__ == "__main__":
    sys.exit(main())
