"""The lists of queries: captions in tiers, captions that others wrote, and queries that people would type."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from clip_mat.errors import RequestError
from clip_mat.evaluation.gallery import Gallery
from clip_mat.evaluation.retrieval import Query
from clip_mat.facts import Facts, Key
from clip_mat.language.captions import Tier, write_caption

TIERS: tuple[Tier, ...] = (
    "formula+system",
    "formula+spacegroup",
    "anonymous+spacegroup",
    "chemsys+system",
    "full",
    "any",
)
"""What a caption tells, by kind; each tier is a list of queries of its own."""


def caption_queries(gallery: Gallery, ids: Iterable[str], tier: Tier, *, seed: int = 0) -> list[Query]:
    """One caption a crystal; which one does not depend on the other crystals.

    Raises:
        CrystalError: If an id is not in the gallery.
    """
    queries = []
    for row in gallery.find(ids):
        name = gallery.ids[row]
        caption = write_caption(gallery.facts[row], random.Random(f"{seed}:{tier}:{name}"), tier)
        queries.append(Query(name, caption.text, caption.states))
    return queries


def read_ids(path: Path) -> list[str]:
    """Ids, one a line.

    Raises:
        RequestError: If there is none, or one stands twice.
    """
    ids = _read_text(path).split()
    if not ids or len(set(ids)) < len(ids):
        raise RequestError(f"{path}: one id a line is needed, none of them twice")
    return ids


def read_free_queries(path: Path) -> list[Query]:
    """Queries as people type them, JSON Lines: ``id``, ``query``, ``states``, ``filter``.

    ``states`` are facts as `clip_mat.facts` spells them, ``filter`` pairs of ``gap_above`` and eV or
    ``without_element`` and a symbol.

    Raises:
        RequestError: If a line is not of this form.
    """
    queries = []
    for number, line in enumerate(_read_text(path).splitlines(), start=1):
        try:
            queries.append(_free_query(json.loads(line)))
        except (ValueError, TypeError, KeyError) as error:
            lacks = f": {error.args[0]} is missing" if isinstance(error, KeyError) else ""
            told = f"{path}, line {number}: no JSON object with id, query, states and filter{lacks}"
            raise RequestError(told) from None
    return queries


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(f"{path}: not a text file in UTF-8 ({error.reason} at byte {error.start})") from None


def _free_query(row: dict[str, Any]) -> Query:
    gaps = [float(value) for kind, value in row["filter"] if kind == "gap_above"]
    without = frozenset(str(value) for kind, value in row["filter"] if kind == "without_element")
    if len(gaps) > 1 or len(gaps) + len(without) < len(row["filter"]):
        raise ValueError("filter may hold one gap_above, and without_element")
    states = frozenset((str(kind), value) for kind, value in row["states"])
    return Query(row["id"], row["query"], states, gaps[0] if gaps else None, without)


def read_written_captions(path: Path, gallery: Gallery, ids: Sequence[str]) -> list[Query]:
    """Captions that a person or a language model wrote: parquet with ``material_id`` and ``prompt``.

    What such a text states is not known. Its ceiling is that of one that states formula and space group: no text about
    a crystal can set it apart from another that shares both, unless it speaks of properties.

    Args:
        path: The captions.
        gallery: Knows the facts.
        ids: Of the captions to take; those of others are left out.

    Raises:
        RequestError: If the file has no such columns, or none of the captions asked for.
        CrystalError: If one is about a crystal that the gallery lacks.
    """
    from pyarrow import ArrowException, parquet

    try:
        table = parquet.read_table(path, columns=["material_id", "prompt"])
    except (ArrowException, KeyError, ValueError) as error:
        raise RequestError(f"{path}: no parquet with material_id and prompt ({error})") from None
    wanted = set(ids)
    rows = zip(table["material_id"].to_pylist(), table["prompt"].to_pylist(), strict=True)
    captions = [(name, text) for name, text in rows if name in wanted]
    if not captions:
        raise RequestError(f"{path}: it holds no caption of the {len(ids)} crystals asked for")
    found = gallery.find(name for name, _ in captions)
    return [
        Query(name, text, _told_at_best(gallery.facts[row])) for (name, text), row in zip(captions, found, strict=True)
    ]


def _told_at_best(facts: Facts) -> frozenset[Key]:
    return frozenset(key for key in facts.keys if key[0] in ("formula", "spacegroup"))
