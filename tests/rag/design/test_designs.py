"""Crystals obey their request and name the pages behind it.

The text model counts elements and the denoiser has learnt nothing: what is under test is around them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from fact_encoder import FactEncoder
from pymatgen.core import Structure

from clip_mat import Generator, MaterialsIndex
from clip_mat.generate.denoiser import Denoiser, DenoiserConfig
from clip_mat.generate.request import CrystalRequest
from clip_mat.generate.results import GenerationResult
from clip_mat.generate.sampler import CrystalDenoiser
from rag import PaperLibrary, design
from rag.design import Design, Plan
from rag.design.designs import is_as_wished


@pytest.fixture(scope="module")
def generator(filled_cache: Path) -> Iterator[Generator]:
    clip = FactEncoder()
    torch.manual_seed(0)
    sizes = DenoiserConfig(width=24, layers=1, heads=2, pair_width=8, condition_width=16, vector=clip.dimension)
    denoiser = CrystalDenoiser(Denoiser(sizes), clip=clip.fingerprint)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLIP_MAT_CACHE", str(filled_cache))
        index = MaterialsIndex.open(clip=clip)
        with Generator(index, denoiser) as made:
            yield made


@pytest.fixture(scope="module")
def planned(demo: PaperLibrary) -> Plan:
    return design.plan(demo, "How large is the formation entropy of oxygen vacancies in ceria?", n=2)


@pytest.fixture(scope="module")
def made(planned: Plan, generator: Generator) -> Design:
    return planned.make(generator)


def test_every_crystal_is_what_was_asked_for_and_names_a_page(made: Design) -> None:
    assert len(made) == 2
    for one in made:
        structure = Structure.from_str(one.made.cif, fmt="cif")
        assert structure.composition.reduced_formula == "CeO2"
        assert one.pages == ("ClipMatAuthors2026 page 2",)
        assert any(why.demand == "composition" and why.place and "ceria" in why.place.quote for why in one.provenance)


def test_the_document(made: Design) -> None:
    document = made.to_dict()
    assert {"question", "answer", "request", "evidence", "structures"} <= set(document)
    assert document["answer"]["sentences"]
    for one in document["evidence"]:
        assert {"demand", "value", "sentence", "key", "page", "label", "quote"} <= set(one)
    for structure in document["structures"]:
        assert structure["provenance"]
        assert {"cif", "formula", "spacegroup", "checks"} <= set(structure)
    json.dumps(document)


def test_crystals_and_provenance_are_written(made: Design, tmp_path: Path) -> None:
    written = made.write(tmp_path / "made", "cif")
    document = json.loads((tmp_path / "made" / "provenance.json").read_text(encoding="utf-8"))
    assert document == written.to_dict()
    for structure in document["structures"]:
        assert Structure.from_file(structure["file"]).composition.reduced_formula == "CeO2"
        assert structure["provenance"][0]["page"] == 2


class _Disobedient(Generator):
    """Gives crystals of another request than it was asked."""

    def __init__(self, inner: Generator, instead: CrystalRequest) -> None:
        self._inner, self._instead = inner, instead

    def generate(self, requests: Any, **given: Any) -> list[GenerationResult]:
        found = self._inner.generate([self._instead], **given)
        return [replace(result, request=request) for result, request in zip(found, requests, strict=True)]


def test_a_crystal_that_does_not_obey_is_never_shown(planned: Plan, generator: Generator) -> None:
    other = CrystalRequest.read(composition="MgO", n=2)
    nothing = planned.make(_Disobedient(generator, other))
    assert not nothing
    assert nothing.to_dict()["structures"] == []
    assert any("nothing could be made" in note for note in nothing.notes)


class _DisobedientWhereFewAreWanted(Generator):
    """Obeys only where at least four crystals are wanted."""

    def __init__(self, inner: Generator) -> None:
        self._inner = inner

    def generate(self, requests: Any, **given: Any) -> list[GenerationResult]:
        (request,) = requests
        asked = request if request.n >= 4 else CrystalRequest.read(composition="MgO", n=request.n)
        (found,) = self._inner.generate([asked], **given)
        return [replace(found, request=request)]


def test_more_are_tried_where_the_few_that_are_wanted_do_not_obey(planned: Plan, generator: Generator) -> None:
    (made,) = planned.changed(n=1).make(_DisobedientWhereFewAreWanted(generator))
    assert Structure.from_str(made.made.cif, fmt="cif").composition.reduced_formula == "CeO2"


def test_a_crystal_is_looked_at_anew(made: Design) -> None:
    crystal, group = made[0].made.crystal, made[0].made.spacegroup
    assert is_as_wished(crystal, group, CrystalRequest.read(composition="CeO2"))
    assert not is_as_wished(crystal, group, CrystalRequest.read(composition="CeO2", spacegroup=186))
    assert not is_as_wished(crystal, 186, CrystalRequest.read(composition="CeO2", spacegroup=186))
    assert not is_as_wished(crystal, group, CrystalRequest.read(filter='NOT elements HAS "Ce"'))


def test_what_only_pages_ask_for_is_left_out_where_nothing_can_be_made(planned: Plan, generator: Generator) -> None:
    place = next(one.place for one in planned.evidence if one.place)
    shape = design.Evidence("prototype", "kesterite", "paper", "ceria", place.quote, place)
    wish = planned.wish.changed(prototypes=("kesterite",))
    eased = replace(planned, wish=wish, evidence=(*planned.evidence, shape)).make(generator)
    assert eased
    assert eased.plan.wish.prototypes == ()
    assert all(one.demand != "prototype" for crystal in eased for one in crystal.provenance)
    assert any("kesterite" in note for note in eased.notes)


def test_what_the_user_asks_for_is_not_left_out(planned: Plan, generator: Generator) -> None:
    strict = planned.changed(prototypes=("kesterite",)).make(generator)
    assert not strict
    assert strict.plan.wish.prototypes == ("kesterite",)


def test_alternatives_are_made_on_demand(planned: Plan, generator: Generator) -> None:
    other = design.Alternative(planned.wish.changed(composition="MgO", words=""), ())
    both = replace(planned, alternatives=(other,)).make(generator, all=True)
    assert {one.made.formula for one in both} == {"CeO2", "MgO"}


def test_the_display_holds_pages(made: Design) -> None:
    shown = made._repr_html_()
    assert "ClipMatAuthors2026 page 2" in shown
    assert "CeO2" in shown
    assert "page 2" in str(made)
