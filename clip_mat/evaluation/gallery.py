"""What is searched when retrieval is measured: crystals with ids, facts, and vectors that are kept once made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol, Self

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import Crystal
from clip_mat.entry_facts import facts_of
from clip_mat.errors import CrystalError
from clip_mat.facts import Facts, Key
from clip_mat.search.encoding import Encoder
from clip_mat.structures import Skipped, read_crystals
from clip_mat.towers.graphs import shaken
from clip_mat.who_has import WhoHas

Vectors = npt.NDArray[np.float32]
Progress = Callable[[int, int, str], None]

Arm = Literal["symmetry", "no symmetry", "shaken"]
"""How crystals come to the model: as they are, with no space group told, or with noise on every coordinate."""
SHAKEN_BY = 0.05
"""Standard deviation of that noise in Å, per Cartesian component."""
_ENCODED_AT_ONCE = 512


class Model(Encoder, Protocol):
    """What a search needs of a model, which can also be kept from looking for symmetry."""

    def encode_crystals(self, crystals: Sequence[Crystal], symmetry: bool = True) -> Vectors:
        """Shape: n crystals -> (n, d)."""
        ...


@dataclass(frozen=True, eq=False)
class Gallery:
    """Crystals to search among.

    Attributes:
        ids: (n,) strict names.
        crystals: (n,) as read.
        facts: (n,) what is known of each.

    Raises:
        CrystalError: If an id stands twice, or there is nothing.
    """

    ids: Sequence[str]
    crystals: Sequence[Crystal]
    facts: Sequence[Facts]

    def __post_init__(self) -> None:
        if not self.ids:
            raise CrystalError("the gallery is empty: give it a file that holds crystals")
        if len(self.rows) < len(self.ids):
            twice = next(name for place, name in enumerate(self.ids) if self.rows[name] != place)
            raise CrystalError(
                f"{twice!r} stands twice in the gallery: give each file once, and each crystal its own id"
            )

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def read(
        cls,
        paths: Iterable[Path],
        *,
        progress: Progress | None = None,
        skipped: Callable[[Skipped], None] | None = None,
    ) -> Self:
        """All crystals of files or folders.

        Args:
            paths: As `clip_mat.structures.read_crystals` takes them.
            progress: Told how many are read, of 0: how many there will be is not known.
            skipped: Told of what cannot be read.

        Raises:
            CrystalError: If a file is missing or unreadable, an id stands twice, or there is no crystal.
        """
        ids: list[str] = []
        crystals: list[Crystal] = []
        facts: list[Facts] = []
        for path in paths:
            for found in read_crystals(path):
                if isinstance(found, Skipped):
                    if skipped is not None:
                        skipped(found)
                    continue
                ids.append(found.id)
                crystals.append(found.crystal)
                facts.append(facts_of(found))
                if progress is not None:
                    progress(len(ids), 0, found.id)
        return cls(ids, crystals, facts)

    @cached_property
    def rows(self) -> dict[str, int]:
        """Row by id."""
        return {name: row for row, name in enumerate(self.ids)}

    @cached_property
    def index(self) -> FactIndex:
        """Who has which facts."""
        return FactIndex(self.facts)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of ids and crystals."""
        digest = hashlib.sha256()
        for name, crystal in zip(self.ids, self.crystals, strict=True):
            digest.update(f"{name}:{len(crystal)};".encode())
            for array in (crystal.numbers, crystal.positions, crystal.lattice):
                digest.update(array.tobytes())
        return digest.hexdigest()

    def find(self, names: Iterable[str]) -> npt.NDArray[np.int64]:
        """Rows of the named crystals.

        Raises:
            CrystalError: If one is not here.
        """
        names = list(names)
        missing = [name for name in names if name not in self.rows]
        if missing:
            whose = f"{missing[0]!r}" if len(missing) == 1 else f"{missing[0]!r} and {len(missing) - 1} more"
            raise CrystalError(
                f"{whose} of {len(names)} queries not in the gallery of {len(self)}: give it the file that holds them"
            )
        return np.array([self.rows[name] for name in names], dtype=np.int64)

    def encode(
        self,
        model: Model,
        arm: Arm = "symmetry",
        *,
        seed: int = 0,
        cache: Path | None = None,
        progress: Progress | None = None,
    ) -> Vectors:
        """(n, d) vectors of all crystals.

        Args:
            model: What encodes them.
            arm: How they come to it.
            seed: Of the noise.
            cache: Folder in which vectors are kept and looked for, by model, crystals and arm.
            progress: Told how many are done, of how many.
        """
        file = None
        if cache is not None:
            told = f"{model.fingerprint}:{self.fingerprint}:{arm}:{seed if arm == 'shaken' else ''}"
            file = cache / f"{hashlib.sha256(told.encode()).hexdigest()[:32]}.npy"
            if file.exists():
                kept: Vectors = np.load(file, allow_pickle=False)
                return kept
        vectors = self._encode(model, arm, seed, progress)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_suffix(".part")
            with unfinished.open("wb") as sink:
                np.save(sink, vectors, allow_pickle=False)
            unfinished.replace(file)
        return vectors

    def _encode(self, model: Model, arm: Arm, seed: int, progress: Progress | None) -> Vectors:
        parts = []
        for start in range(0, len(self), _ENCODED_AT_ONCE):
            crystals = self.crystals[start : start + _ENCODED_AT_ONCE]
            if arm == "shaken":
                crystals = [
                    shaken(crystal, SHAKEN_BY, np.random.default_rng((seed, start + place)))
                    for place, crystal in enumerate(crystals)
                ]
            parts.append(model.encode_crystals(crystals, symmetry=arm != "no symmetry"))
            if progress is not None:
                progress(min(start + _ENCODED_AT_ONCE, len(self)), len(self), arm)
        return np.concatenate(parts)


class FactIndex(WhoHas):
    """Which crystals have which facts, as sets."""

    def matching(self, stated: Iterable[Key]) -> set[int]:
        """Rows of the crystals that have every stated fact; all of them where nothing is stated."""
        return set(self(frozenset(stated)).tolist())
