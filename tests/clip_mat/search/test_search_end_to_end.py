"""The shipped model on the bundled prototypes: what a user gets on a fresh machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from clip_mat import CrystalClip, MaterialsIndex


@pytest.fixture(scope="module")
def clip() -> CrystalClip:
    return CrystalClip.load()


@pytest.fixture(scope="module")
def index(clip: CrystalClip, filled_cache: Path) -> Iterator[MaterialsIndex]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLIP_MAT_CACHE", str(filled_cache))
        with MaterialsIndex.open(clip=clip) as opened:
            yield opened


NAMES = {
    "rock salt structure": "rock salt",
    "zinc blende": "zinc blende",
    "wurtzite": "wurtzite",
    "cesium chloride structure": "cesium chloride",
    "fluorite": "fluorite",
    "cubic perovskite": "cubic perovskite",
    "rutile": "rutile",
    "anatase": "anatase",
    "spinel": "spinel",
    "corundum": "corundum",
}


def test_names_of_structure_types_find_them(index: MaterialsIndex) -> None:
    missed = [
        text
        for (text, name), result in zip(NAMES.items(), index.search_many(list(NAMES), 3), strict=True)
        if not any(name in hit.properties["prototypes"] for hit in result)
    ]
    assert len(missed) <= 1, missed


def test_formulas_find_their_compounds(index: MaterialsIndex) -> None:
    formulas = ["NaCl", "CaTiO3", "MgAl2O4", "FeS2", "TiO2", "MoS2", "CaF2", "CsCl"]
    found = [[hit.formula for hit in result] for result in index.search_many(formulas, 3)]
    missed = [formula for formula, hits in zip(formulas, found, strict=True) if formula not in hits]
    assert len(missed) <= 1, missed


def test_ranking_is_that_of_all_cosines(index: MaterialsIndex, clip: CrystalClip) -> None:
    ids = index.ids()
    vectors = clip.encode_crystals([index.get(id) for id in ids])
    texts = ["layered sulfide", "a cubic metal", "quartz"]
    for text, query in zip(texts, clip.encode_text(texts), strict=True):
        cosines = vectors @ query
        result = index.search(text, 20, filter="")
        assert [hit.score for hit in result] == pytest.approx(np.sort(cosines)[::-1][:20], abs=1e-4)


def test_likeness_does_not_depend_on_the_cell(index: MaterialsIndex) -> None:
    example = index.structure("aflow:CaTiO3_cP5_221").make_supercell([2, 1, 1])
    result = index.search_by_structure(example, 1)
    assert result[0].id == "aflow:CaTiO3_cP5_221"
    assert result[0].score == pytest.approx(1, abs=1e-3)


def test_a_fresh_machine_answers(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app.cli", "search", "rock salt structure", "--json"]
    environment = {**os.environ, "CLIP_MAT_CACHE": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    document = json.loads(done.stdout)
    assert "aflow:NaCl_cF8_225" in [hit["id"] for hit in document["hits"][:3]]
    assert len(done.stderr.splitlines()) == 1
