"""Structures from OPTIMADE providers (Andersen et al., Sci. Data 8, 217 (2021)), page by page, with resume.

Imported only when such a source is named; nothing here is asked of the network before.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
import requests

from clip_mat.cache import cache_folder
from clip_mat.crystal import Crystal
from clip_mat.errors import CrystalError, RequestError
from clip_mat.structures.entries import Entry, Skipped, attempt, checked, clean_properties, element, refuse_atoms

SCHEME = "optimade:"
PAGE = 100
"""Structures asked for at a time; every provider known allows as many."""
PAUSE = 0.5
"""Seconds between two pages; longer where the provider asks for it."""

_TRIES = 5
_LONGEST_WAIT = 60.0  # seconds, between tries and between pages
_TIMEOUT = 60.0  # seconds for an answer
_ALL = 10**9  # the client stops by itself at a number of results
_PROPERTIES = {
    "_alexandria_band_gap": "band_gap",
    "_alexandria_formation_energy_per_atom": "formation_energy",
    "_alexandria_hull_distance": "energy_above_hull",
    "_jarvis_ehull": "energy_above_hull",
    "_jarvis_formation_energy_peratom": "formation_energy",
    "_odbx_hull_distance": "energy_above_hull",
    "_oqmd_band_gap": "band_gap",
    "_oqmd_delta_e": "formation_energy",
    "_oqmd_stability": "energy_above_hull",
    "space_group_it_number": "spacegroup",
}
_MP_THERMO = ("gga_gga+u_r2scan", "r2scan", "gga_gga+u")
"""How the Materials Project computes stability, the best first."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which structures of whom.

    Attributes:
        provider: Id of a registered provider (``oqmd``), or the base URL of a database.
        filter: In OPTIMADE's grammar; empty for all.
    """

    provider: str
    filter: str = ""

    @classmethod
    def parse(cls, source: str) -> Query:
        """The query of ``optimade:PROVIDER?filter=FILTER``; the filter as it is, or percent-encoded.

        Raises:
            RequestError: If the source is none, or its filter has an error.
        """
        match = re.fullmatch(r"optimade:([^?\s]+)(?:\?filter=(.*))?", source.strip(), re.DOTALL)
        if match is None:
            raise RequestError(f"{source!r} is no provider; write optimade:PROVIDER?filter=FILTER")
        query = cls(match[1].rstrip("/"), unquote(match[2] or "").strip())
        query._check_filter()
        return query

    def _check_filter(self) -> None:
        from clip_mat.search.optimade import parse_filter

        if self.filter:
            parse_filter(self.filter)


def read_provider(source: str, folder: Path | None = None, pause: float = PAUSE) -> Iterator[Entry | Skipped]:
    """Every structure that a provider has for a filter.

    Each page is kept in ``folder`` as soon as it has come, until the last structure has been taken: a run that is
    stopped goes on where it was, and asks for no page twice.

    Args:
        source: ``optimade:PROVIDER?filter=FILTER``; a provider with several databases gives those of all.
        folder: Where pages are kept; by default in the user's cache.
        pause: Least seconds between two pages.

    Yields:
        An entry for each structure, or what was skipped and why.

    Raises:
        RequestError: If the provider is unknown or cannot be reached, or does not take the filter.
    """
    query = Query.parse(source)
    pages = folder or cache_folder() / "optimade"
    for address in find_databases(query.provider):
        kept = pages / hashlib.sha256(f"{address} {query.filter}".encode()).hexdigest()[:16]
        for page in _pages(address, query.filter, kept, pause):
            for record in page:
                yield read_record(record, address)
        shutil.rmtree(kept, ignore_errors=True)


def find_databases(provider: str) -> list[str]:
    """Base URLs of a provider's databases; of a base URL, itself.

    Raises:
        RequestError: If there is no such provider, or it cannot be reached.
    """
    if provider.startswith(("http://", "https://")):
        return [provider]
    from optimade.utils import get_child_database_links, get_providers

    with contextlib.redirect_stderr(io.StringIO()):
        try:
            registered = {str(known["id"]): known for known in get_providers()}
            if provider in registered:
                links = get_child_database_links(registered[provider])
        except (requests.RequestException, ImportError, RuntimeError) as error:
            raise _unreachable(provider, error) from error
    if provider not in registered:
        raise RequestError(f"no OPTIMADE provider {provider!r}; registered are {', '.join(sorted(registered))}")
    addresses = [str(link.attributes.base_url).rstrip("/") for link in links]
    if not addresses:
        raise RequestError(f"the OPTIMADE provider {provider!r} names no database")
    return addresses


def read_record(record: Any, address: str) -> Entry | Skipped:
    """A structure of a provider's answer as an entry, or why it is none.

    Args:
        record: One object of ``data``, as JSON has it.
        address: Base URL of the database.
    """
    attributes = record.get("attributes") if isinstance(record, dict) else None
    if not isinstance(attributes, dict):
        return Skipped("", address, "no structure as OPTIMADE writes it")
    name = str(record.get("id") or attributes.get("immutable_id") or "")
    crystal = attempt(partial(_crystal, attributes))
    if isinstance(crystal, CrystalError):
        return Skipped(name, address, str(crystal))
    return Entry(name, crystal, clean_properties(_properties(attributes)), address)


def _crystal(attributes: Mapping[str, Any]) -> Crystal:
    periodic = attributes.get("dimension_types")
    if periodic and list(periodic) != [1, 1, 1]:
        raise CrystalError(f"not periodic in three directions: dimension_types is {periodic}")
    names, vectors, places = (
        attributes.get(key) for key in ("species_at_sites", "lattice_vectors", "cartesian_site_positions")
    )
    if not (names and vectors and places):
        raise CrystalError("sites, their positions or the lattice are missing")
    refuse_atoms(len(names))
    species = {known["name"]: _element(known) for known in attributes.get("species") or ()}
    if unknown := sorted(set(names) - set(species)):
        raise CrystalError(f"the species {unknown[0]!r} is not described")
    lattice = np.array(vectors, dtype=np.float64)
    if lattice.shape != (3, 3) or abs(np.linalg.det(lattice)) < 1e-3:
        raise CrystalError("the cell has no volume")
    positions = np.array(places, dtype=np.float64) @ np.linalg.inv(lattice)
    return checked(Crystal.from_symbols([species[name] for name in names], positions, lattice))


def _element(species: Mapping[str, Any]) -> str:
    symbols, shares = species["chemical_symbols"], species["concentration"]
    if len(symbols) != 1 or abs(shares[0] - 1) > 1e-3:
        raise CrystalError(f"disordered: {species['name']!r} is {symbols} in shares of {shares}; order it first")
    return element(symbols[0])


def _properties(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of a structure under the names used here, and the provider's own plain values."""
    said = {_PROPERTIES.get(name, name): value for name, value in attributes.items() if name in _PROPERTIES}
    for name, value in attributes.items():
        if name.startswith("_") and name not in _PROPERTIES and isinstance(value, str | int | float):
            said[name] = value
    stability = attributes.get("_mp_stability")
    if isinstance(stability, dict):
        best: dict[str, Any] = next((stability[key] for key in _MP_THERMO if isinstance(stability.get(key), dict)), {})
        said["energy_above_hull"] = best.get("energy_above_hull")
        said["formation_energy"] = best.get("formation_energy_per_atom")
    return said


def _pages(address: str, wanted: str, folder: Path, pause: float) -> Iterator[list[Any]]:
    """The pages of an answer, those in ``folder`` first."""
    following: str | None = None
    seen: set[str] = set()
    slept = 0.0
    number = 0
    while number == 0 or following:
        path = folder / f"{number:06}.json"
        page = _kept(path)
        if page is None:
            time.sleep(slept)
            page = _fetch(address, wanted, following, folder)
            _keep(path, page)
            slept = min(max(pause, page["wait"]), _LONGEST_WAIT)
        yield page["data"]
        following = page["next"]
        if following in seen or not page["data"]:  # a server that leads in a circle
            return
        seen.add(str(following))
        number += 1


def _fetch(address: str, wanted: str, following: str | None, folder: Path) -> dict[str, Any]:
    """One page from the network: its structures, where the next one is, and how long to wait for that."""
    from optimade.client import OptimadeClient

    with contextlib.redirect_stderr(io.StringIO()):  # the client prints errors even when it is told to be silent
        client = OptimadeClient(
            base_urls=[address],
            use_async=False,
            silent=True,
            max_results_per_provider=_ALL,
            http_timeout=_TIMEOUT,
            http_client=_PatientSession,
        )
        answers = client.get_one(
            "structures", quote(wanted), address, page_limit=PAGE, paginate=False, override_url=following
        )
    answer = answers[address]
    if answer.errors:
        raise _unreachable(address, answer.errors[0], folder)
    link = answer.links.get("next")
    link = link.get("href") if isinstance(link, dict) else link
    wait = answer.meta.get("request_delay")
    return {"data": answer.data, "next": link or None, "wait": wait if isinstance(wait, int | float) else 0}


class _PatientSession(requests.Session):
    """Waits where a server is busy. The client's own way to do so never ends."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        for turn in range(_TRIES):
            response = super().send(request, **options)
            if response.status_code not in (429, 502, 503, 504):
                return response
            told = response.headers.get("Retry-After", "")
            time.sleep(min(float(told) if told.isdigit() else 2.0**turn, _LONGEST_WAIT))
        raise requests.HTTPError(f"busy ({response.status_code}) {_TRIES} times in a row")


def _kept(path: Path) -> dict[str, Any] | None:
    try:
        page: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):  # not yet there, or cut short by a full disk
        return None
    return page


def _keep(path: Path, page: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(page), "utf-8")
    fresh.replace(path)


def _unreachable(whom: str, error: object, folder: Path | None = None) -> RequestError:
    reason = " ".join(str(error).split())[:300]
    if isinstance(error, requests.ConnectionError) or "ConnectionError" in reason or "Max retries" in reason:
        reason = "it cannot be reached; check the network and the address"
    kept = f"; pages that have come are kept in {folder}, run it again to go on" if folder and folder.is_dir() else ""
    return RequestError(f"the OPTIMADE provider {whom} gives nothing: {reason}{kept}")
