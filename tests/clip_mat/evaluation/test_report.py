"""The report: JSON that is JSON, tables that fit, a map that is a picture."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from rich.console import Console

from clip_mat.crystal import Crystal
from clip_mat.evaluation import Gallery, Query, measure, measure_search, render
from clip_mat.evaluation.maps import draw_map


class Noise:
    """Knows nothing; the same text and the same crystal always get the same vector."""

    name = "noise"
    fingerprint = "1"

    def encode_text(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return self._vectors([text.encode() for text in texts])

    def encode_crystals(self, crystals: Sequence[Crystal], symmetry: bool = True) -> npt.NDArray[np.float32]:
        return self._vectors([crystal.positions.tobytes() + bytes([symmetry]) for crystal in crystals])

    def _vectors(self, keys: Sequence[bytes]) -> npt.NDArray[np.float32]:
        drawn = [np.random.default_rng(list(key)).standard_normal(16) for key in keys]
        unit: npt.NDArray[np.float32] = np.array([v / np.linalg.norm(v) for v in drawn], dtype=np.float32)
        return unit


def test_a_report_is_told_to_machines_and_people(gallery: Gallery, queries: list[Query]) -> None:
    lists = {"anonymous+spacegroup": queries, "full": queries[:50]}
    report = measure(Noise(), gallery, lists, arms=("symmetry", "no symmetry", "shaken"))
    search = measure_search(lambda texts, k: [gallery.ids[:k]] * len(texts), gallery, lists)
    report = replace(report, search=search)
    told = json.loads(json.dumps(report.to_dict()))
    assert [arm["arm"] for arm in told["arms"]] == ["symmetry", "no symmetry", "shaken"]
    row = told["arms"][0]["text_to_crystal"][0]
    assert row["scores"]["R@10"]["value"] < 0.3 < row["scores"]["R@10"]["ceiling"]
    assert 0.3 < told["arms"][0]["zero_shot"]["mean_auc"] < 0.7
    assert report.arms[0].row("full").queries == 50
    with pytest.raises(KeyError):
        report.arms[0].row("nothing")

    sheet = io.StringIO()
    screen = Console(file=sheet, width=100)
    for part in render(report):
        screen.print(part)
    lines = sheet.getvalue().splitlines()
    assert max(len(line) for line in lines) <= 100
    assert any(line.startswith("anonymous+spacegroup") and "…" not in line for line in lines)


def test_a_map_is_drawn(gallery: Gallery, tmp_path: Path) -> None:
    vectors = Noise().encode_crystals(gallery.crystals)
    file = tmp_path / "map.png"
    draw_map(file, vectors, gallery.facts, vectors[:9])
    assert file.read_bytes().startswith(b"\x89PNG")
