"""Whether one crystal that is in no index meets a filter."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from clip_mat.search.optimade import compile_filter, fields_of
from indexes.filters import compile_filter as to_sql


def meets(metadata: Mapping[str, Any], filter: str, ignoring: Sequence[str] = ()) -> bool:
    """Whether metadata, as `clip_mat.search.records.metadata_of` gives it, meets an OPTIMADE filter.

    Args:
        metadata: What is known.
        filter: The filter.
        ignoring: Properties whose conditions count as met.

    Raises:
        RequestError: If the filter cannot be understood.
    """
    condition, values = to_sql(_without(compile_filter(filter), frozenset(ignoring)))
    with closing(sqlite3.connect(":memory:")) as database:  # as the store does it: a filter has one meaning everywhere
        query = f"SELECT {condition} FROM (SELECT ? AS metadata)"  # noqa: S608 - the condition is made of placeholders
        (found,) = database.execute(query, [*values, json.dumps(dict(metadata))]).fetchone()
    return bool(found)


def _without(where: Any, names: frozenset[str]) -> Any:
    """A compiled filter in which conditions on some fields hold for all."""
    if isinstance(where, list):
        return [_without(part, names) for part in where]
    if not isinstance(where, Mapping):
        return where
    if "$not" in where and names & set(fields_of(where["$not"])):
        return {}
    return {name: _without(value, names) for name, value in where.items() if name not in names}
