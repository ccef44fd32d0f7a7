"""OPTIMADE providers, against the reference server on its own test data, on loopback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from clip_mat import providers
from clip_mat.errors import RequestError
from clip_mat.providers import Query, read_provider, read_record
from clip_mat.structures import Entry, Skipped, entries

CONFIG = {
    "insert_test_data": True,
    "aliases": {
        "structures": {
            "id": "task_id",
            "chemical_formula_descriptive": "pretty_formula",
            "chemical_formula_reduced": "pretty_formula",
            "chemical_formula_anonymous": "formula_anonymous",
        }
    },
    "provider_fields": {"structures": ["this_provider_field"]},
    "log_level": "error",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of the reference server with its 17 structures."""
    pytest.importorskip("optimade.server", reason="the reference server comes with optimade[server]")
    pytest.importorskip("uvicorn")
    folder = tmp_path_factory.mktemp("server")
    config = folder / "config.json"
    config.write_text(json.dumps(CONFIG))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "optimade.server.main:app", "--port", str(port), "--log-level", "error"]
    process = subprocess.Popen(
        command,
        env={**os.environ, "OPTIMADE_CONFIG_FILE": str(config)},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process)
        yield address
    finally:
        process.kill()
        process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"{address}/v1/info", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    pytest.fail("the reference server did not start")


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The pages that are asked of the network, in order; three structures each."""
    asked: list[str | None] = []
    fetch = providers._fetch

    def watched(address: str, wanted: str, following: str | None, folder: Path) -> dict[str, Any]:
        asked.append(following)
        return fetch(address, wanted, following, folder)

    monkeypatch.setattr(providers, "PAGE", 3)
    monkeypatch.setattr(providers, "_fetch", watched)
    return asked


def test_all_structures_of_a_server(server: str, tmp_path: Path, fetched: list[str | None]) -> None:
    read = list(read_provider(f"optimade:{server}", tmp_path, pause=0))
    raw = requests.get(f"{server}/v1/structures?page_limit=100", timeout=10).json()["data"]
    assert [item.id for item in read] == [record["id"] for record in raw]
    assert len(read) == 17
    assert len(fetched) == len(set(fetched)) == 6
    # Its cells are random, and all but one put atoms on top of their own images.
    assert [item.id for item in read if isinstance(item, Entry)] == ["mpf_200"]
    assert all("on top of" in item.reason for item in read if isinstance(item, Skipped))
    assert not any(tmp_path.iterdir())


def test_atoms_stand_where_the_server_says(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "CLOSEST", 0.0)
    read = {item.id: item for item in read_provider(f"optimade:{server}", tmp_path)}
    raw = requests.get(f"{server}/v1/structures?page_limit=100", timeout=10).json()["data"]
    for record in raw:
        entry, attributes = read[record["id"]], record["attributes"]
        assert isinstance(entry, Entry)
        assert entry.crystal.symbols == [name.rstrip("0123456789") for name in attributes["species_at_sites"]]
        np.testing.assert_allclose(entry.crystal.lattice, attributes["lattice_vectors"])
        moved = entry.crystal.cartesian - attributes["cartesian_site_positions"]
        cells = moved @ np.linalg.inv(entry.crystal.lattice)
        np.testing.assert_allclose(cells, np.rint(cells), atol=1e-9)


def test_a_filter_is_the_servers(server: str, tmp_path: Path) -> None:
    read = list(read_provider(f'optimade:{server}?filter=elements HAS ALL "Ag", "Br" AND nelements=4', tmp_path))
    assert [item.id for item in read] == ["mpf_220"]
    encoded = f"optimade:{server}?filter=elements%20HAS%20%22Mg%22"
    assert [item.id for item in read_provider(encoded, tmp_path)] == ["mpf_23"]


def test_a_stopped_run_goes_on(server: str, tmp_path: Path, fetched: list[str | None]) -> None:
    """Nothing is fetched twice, and nothing is lost."""
    source = f"optimade:{server}"
    whole = [item.id for item in read_provider(source, tmp_path / "whole", pause=0)]
    fetched.clear()
    stopped = read_provider(source, tmp_path, pause=0)
    for _ in range(8):
        next(stopped)
    stopped.close()
    assert len(fetched) == 3
    assert [item.id for item in read_provider(source, tmp_path, pause=0)] == whole
    assert len(fetched) == len(set(fetched)) == 6


def test_a_damaged_page_is_fetched_again(server: str, tmp_path: Path, fetched: list[str | None]) -> None:
    source = f"optimade:{server}"
    stopped = read_provider(source, tmp_path, pause=0)
    for _ in range(4):
        next(stopped)
    stopped.close()
    (page,) = tmp_path.glob("*/000001.json")
    page.write_text(page.read_text()[:100])
    assert len(list(read_provider(source, tmp_path, pause=0))) == 17
    assert len(fetched) == 7


@pytest.mark.parametrize("source", ["optimade:", "optimade:mp?x=1", "mp?filter=a", "optimade:mp?filter=elements HAS"])
def test_sources_and_filters_that_are_none(source: str) -> None:
    with pytest.raises(RequestError) as caught:
        Query.parse(source)
    assert "\n" not in str(caught.value)


def test_no_answer_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RequestError, match=r"127\.0\.0\.1:1 gives nothing") as caught:
        list(read_provider("optimade:http://127.0.0.1:1", tmp_path))
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_an_unknown_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optimade.utils.get_providers", lambda: [{"id": "oqmd"}, {"id": "mp"}])
    with pytest.raises(RequestError, match="no OPTIMADE provider 'nobody'; registered are mp, oqmd"):
        providers.find_databases("nobody")


def test_a_busy_server_is_waited_for_and_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    busy = requests.Response()
    busy.status_code = 429
    busy.headers["Retry-After"] = "7"
    monkeypatch.setattr(requests.Session, "send", lambda *_, **__: busy)
    monkeypatch.setattr(time, "sleep", waits.append)
    with pytest.raises(requests.HTTPError, match="busy"):
        providers._PatientSession().send(requests.Request("GET", "http://127.0.0.1").prepare())
    assert waits == [7.0] * 5


def record(**changes: Any) -> dict[str, Any]:
    attributes = {
        "dimension_types": [1, 1, 1],
        "lattice_vectors": [[4.2, 0, 0], [0, 4.2, 0], [0, 0, 4.2]],
        "species": [
            {"name": "cation", "chemical_symbols": ["Cs"], "concentration": [1.0]},
            {"name": "Cl", "chemical_symbols": ["Cl"], "concentration": [1]},
        ],
        "species_at_sites": ["cation", "Cl"],
        "cartesian_site_positions": [[0, 0, 0], [2.1, 2.1, 2.1]],
    }
    return {"id": "7", "type": "structures", "attributes": attributes | changes}


def test_properties_get_the_names_used_here() -> None:
    said = {"_oqmd_stability": 0.02, "_oqmd_delta_e": -2.5, "_oqmd_band_gap": 5.0, "_oqmd_spacegroup": "Pm-3m"}
    entry = read_record(record(**said, space_group_it_number=221), "here")
    assert isinstance(entry, Entry)
    assert entry.properties == {
        "energy_above_hull": 0.02,
        "formation_energy": -2.5,
        "band_gap": 5.0,
        "spacegroup": 221,
        "_oqmd_spacegroup": "Pm-3m",
    }
    assert entry.crystal.symbols == ["Cs", "Cl"]
    stability = {"gga_gga+u": {"energy_above_hull": 0.3, "formation_energy_per_atom": -1.0}}
    entry = read_record(record(_mp_stability=stability), "here")
    assert isinstance(entry, Entry)
    assert entry.properties == {"energy_above_hull": 0.3, "formation_energy": -1.0}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dimension_types": [1, 1, 0]}, "periodic"),
        ({"lattice_vectors": None}, "missing"),
        ({"lattice_vectors": [[1, 0, 0], [2, 0, 0], [0, 0, 1]]}, "volume"),
        ({"species_at_sites": ["cation", "Br"]}, "'Br' is not described"),
        ({"species_at_sites": ["cation"] * 10_000}, "2,000 atoms"),
        ({"cartesian_site_positions": [[0, 0, 0], [0, 0, 4.2]]}, "on top"),
        ({"cartesian_site_positions": [[0, 0, 0], [0, 0, "x"]]}, "cannot be read"),
        (
            {"species": [{"name": "cation", "chemical_symbols": ["Cs", "vacancy"], "concentration": [0.9, 0.1]}]},
            "disord",
        ),
        ({"species": [{"name": "cation", "chemical_symbols": ["X"], "concentration": [1]}]}, "'X' is no element"),
    ],
)
def test_what_is_no_ordered_crystal(changes: dict[str, Any], reason: str) -> None:
    skipped = read_record(record(**changes), "here")
    assert isinstance(skipped, Skipped)
    assert reason in skipped.reason
    assert skipped.id == "7"


@pytest.mark.parametrize("nonsense", [None, [], {"id": "1"}, {"id": "1", "attributes": []}])
def test_nonsense_in_an_answer(nonsense: Any) -> None:
    assert isinstance(read_record(nonsense, "here"), Skipped)
