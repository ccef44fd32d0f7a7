"""An index of the crystals of a file that have few atoms in the cell, which the measurements of generation ask."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the index; returns an exit status."""
    from clip_mat import CrystalClip, MaterialsIndex
    from clip_mat.evaluation.csp_tasks import read_entries

    parser = argparse.ArgumentParser(prog="python -m benchmarks.small_cells", description=__doc__)
    parser.add_argument("--crystals", type=Path, required=True, help="parquet or folder")
    parser.add_argument("--max-sites", type=int, default=20, help="most atoms in a cell")
    parser.add_argument("--out", type=Path, required=True, help="folder of the index")
    options = parser.parse_args(arguments)
    entries = [entry for entry in read_entries(options.crystals) if len(entry.crystal) <= options.max_sites]
    clip = CrystalClip.load(processes=os.cpu_count() or 1)
    with closing(clip), MaterialsIndex.open(options.out, clip) as index:
        index.add(entries)
        print(f"{options.out}: {len(index):,} crystals", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
