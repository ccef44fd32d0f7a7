"""One record as one row: validation, canonical encoding, and the checksum that travels with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from indexes.errors import RecordError
from indexes.store import Manifest, Record, Vector

MAX_ID_BYTES = 1024
CHECKSUM_BYTES = 16

_UNIT = 2.0**-22


@dataclass(frozen=True, slots=True)
class Row:
    """A record as SQLite keeps it. `vector` is little-endian float32, `metadata` canonical JSON."""

    rid: int
    generation: int
    id: str
    metadata: str
    text: str
    payload: bytes
    vector: bytes | None

    def checksum(self) -> bytes:
        """BLAKE2b over every field, each led by its length so that no two rows spell the same bytes."""
        digest = blake2b(digest_size=CHECKSUM_BYTES)
        digest.update(b"%d %d" % (self.rid, self.generation))
        for part in (self.id.encode(), self.metadata.encode(), self.text.encode(), self.payload, self.vector):
            digest.update(b" -" if part is None else b" %d:" % len(part))
            digest.update(part or b"")
        return digest.digest()

    def agrees(self, checksum: object) -> bool:
        """Whether the row is what was written; a flipped bit can change even the types of its fields."""
        try:
            return self.checksum() == checksum
        except (TypeError, AttributeError):
            return False

    def record(self) -> Record:
        """The record that the row holds."""
        vector = None if self.vector is None else np.frombuffer(self.vector, dtype="<f4").astype(np.float32)
        return Record(self.id, self.text, json.loads(self.metadata), self.payload, vector)


def encode(record: Record, rid: int, generation: int, manifest: Manifest | None) -> Row:
    """Validate a record and encode it.

    Raises:
        RecordError: What of it cannot be kept, by name.
    """
    key = check_id(record.id)
    if not isinstance(record.text, str):
        raise RecordError(f"record {key!r}: text must be a string, not {type(record.text).__name__}")
    _check_unicode(record.text, f"record {key!r}: text")
    if not isinstance(record.payload, (bytes, bytearray, memoryview)):
        raise RecordError(f"record {key!r}: payload must be bytes, not {type(record.payload).__name__}")
    return Row(
        rid,
        generation,
        key,
        _metadata(record),
        record.text,
        bytes(record.payload),
        _vector(record, manifest),
    )


def check_id(key: object) -> str:
    """The id itself, if it can be one."""
    if not isinstance(key, str) or not key:
        raise RecordError(f"a record's id must be a string that is not empty, not {key!r}")
    _check_unicode(key, f"id {key!r}")
    if "\x00" in key or len(key.encode()) > MAX_ID_BYTES:
        raise RecordError(f"id {key[:40]!r}... holds NUL or is longer than {MAX_ID_BYTES} bytes")
    return key


def _check_unicode(text: str, what: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise RecordError(
            f"{what} is not valid Unicode: lone surrogate at character {error.start} (encode with errors='replace')"
        ) from None


def _metadata(record: Record) -> str:
    if not isinstance(record.metadata, Mapping):
        raise RecordError(f"record {record.id!r}: metadata must be a dict, not {type(record.metadata).__name__}")
    try:
        text = json.dumps(
            dict(record.metadata), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise RecordError(f"record {record.id!r}: metadata is not JSON: {error}") from None
    _check_unicode(text, f"record {record.id!r}: metadata")
    return text


def _vector(record: Record, manifest: Manifest | None) -> bytes | None:
    if manifest is None:
        if record.vector is not None:
            raise RecordError(
                f"record {record.id!r} has a vector, but its collection keeps none (create it with a manifest)"
            )
        return None
    if record.vector is None:
        raise RecordError(f"record {record.id!r} has no vector, but its collection needs one of {manifest.dimension}")
    vector = as_vectors(record.vector, manifest, f"record {record.id!r}: vector")
    if vector.shape[0] != 1:
        raise RecordError(
            f"record {record.id!r}: vector has shape {np.shape(record.vector)}, not ({manifest.dimension},)"
        )
    return vector.astype("<f4").tobytes()


def as_vectors(values: npt.ArrayLike, manifest: Manifest, what: str, error: type[Exception] = RecordError) -> Vector:
    """Vectors as they are kept and compared: finite float32, of unit length under the cosine metric.

    Args:
        values: Shape (d,) or (n, d).
        what: How an error message calls them.

    Returns:
        Shape (n, d), C-contiguous.

    Raises:
        error: Wrong shape, not numbers, NaN or infinite, or a zero vector under the cosine metric.
    """
    try:
        array: npt.NDArray[Any] = np.asarray(values)
        with np.errstate(over="ignore"):
            single: Vector = np.atleast_2d(array.astype(np.float32))
    except (TypeError, ValueError):
        raise error(f"{what} is not an array of numbers") from None
    if single.ndim != 2 or single.shape[1] != manifest.dimension:
        raise error(f"{what} has shape {array.shape}, but {manifest.encoder} makes vectors of {manifest.dimension}")
    if not np.isfinite(single).all():
        raise error(f"{what} holds NaN or infinite values (or values beyond float32)")
    if manifest.metric == "cosine":
        # In float64 the squares of float32 neither overflow nor vanish.
        wide = single.astype(np.float64)
        norms = np.sqrt(np.einsum("ij,ij->i", wide, wide))
        if not norms.all():
            raise error(f"{what} is zero: it has no direction, so no cosine with anything")
        # What is of unit length up to rounding stays as it is: a record read and written again does not drift.
        norms[np.abs(norms - 1.0) <= _UNIT] = 1.0
        single = (wide / norms[:, None]).astype(np.float32)
    return np.ascontiguousarray(single)
