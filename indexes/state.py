"""What a store knows about each of its collections beside the rows themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from indexes import schema
from indexes.engine import REMEDY, Engine
from indexes.errors import StoreDamaged

DIGEST_MODULUS = 1 << 128


@dataclass(frozen=True, slots=True)
class State:
    """Bookkeeping of a collection: how many rows, and the sum of their checksums."""

    cid: int
    name: str
    manifest: str | None
    generation: int
    count: int
    digest: bytes

    def checksum(self) -> bytes:
        """Checksum of every field."""
        return schema.checksum(self.cid, self.name, self.manifest, self.generation, self.count, self.digest)

    def changed(self, generation: int, removed: Sequence[bytes], added: Sequence[bytes]) -> State:
        """The state after rows of the given checksums went and came."""
        total = int.from_bytes(self.digest, "big")
        total += sum(int.from_bytes(one, "big") for one in added) - sum(int.from_bytes(one, "big") for one in removed)
        return State(
            self.cid,
            self.name,
            self.manifest,
            generation,
            self.count + len(added) - len(removed),
            (total % DIGEST_MODULUS).to_bytes(16, "big"),
        )


def read_states(engine: Engine) -> list[State]:
    """Bookkeeping of all collections; call it while reading."""
    states = []
    for *fields, checksum in engine.connection.execute(
        "SELECT cid, name, manifest, generation, count, digest, checksum FROM collections ORDER BY name"
    ):
        state = State(*fields)
        if checksum != state.checksum():
            raise StoreDamaged(
                engine.directory,
                f"the bookkeeping of collection {state.name!r} is damaged",
                REMEDY,
            )
        states.append(state)
    return states
