"""Records of published papers against the facts, looked up by hand; accuracy per field."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rag.bibliography import paper_key
from rag.metadata import Paper, infer_paper
from rag.metadata.citation_line import abbreviates
from rag.metadata.text import similarity
from rag.reading import read_document

PAPERS = Path(__file__).parents[2] / ".." / "shared" / "data" / "papers"

# File name, or its beginning -> title, first family name, number of authors, year, DOI, journal.
FACTS: dict[str, tuple[str, str, int, int, str, str]] = {
    "livecoms_foundations_molecular_simulation": (
        "Best Practices for Foundations in Molecular Simulations [Article v1.0]",
        "Braun",
        7,
        2019,
        "10.33011/livecoms.1.1.5957",
        "Living Journal of Computational Molecular Science",
    ),
    "perov_s40820-021-00672-w": (
        "The Main Progress of Perovskite Solar Cells in 2020–2021",
        "Wu",
        22,
        2021,
        "10.1007/s40820-021-00672-w",
        "Nano-Micro Letters",
    ),
    "perov_s41467-018-07255-1": (
        "Addressing the stability issue of perovskite solar cells for commercial applications",
        "Meng",
        3,
        2018,
        "10.1038/s41467-018-07255-1",
        "Nature Communications",
    ),
    "sparks_ElemNet": (
        "ElemNet: Deep Learning the Chemistry of Materials From Only Elemental Composition",
        "Jha",
        7,
        2018,
        "10.1038/s41598-018-35934-y",
        "Scientific Reports",
    ),
    "sparks_Fast_evaluation": (
        "Fast evaluation of the adsorption energy of organic molecules on metals via graph neural networks",
        "Pablo-García",
        7,
        2023,
        "10.1038/s43588-023-00437-y",
        "Nature Computational Science",
    ),
    "sparks_Generating_3D": (
        "Generating 3D architectured nature-inspired materials and granular media using "
        "diffusion models based on "
        "language cues",
        "Buehler",
        1,
        2022,
        "10.1093/oxfmat/itac010",
        "Oxford Open Materials Science",
    ),
    "sparks_KnowMat2": (
        "KnowMat: An Agentic Approach to Transforming Unstructured Material Science Literature into Structured Data",
        "Sayeed",
        4,
        2025,
        "10.26434/chemrxiv-2025-l296q-v2",
        "ChemRxiv",
    ),
    "sparks_LLM-Prop": (
        "LLM-Prop: predicting the properties of crystalline materials using large language models",
        "Rubungo",
        4,
        2025,
        "10.1038/s41524-025-01536-2",
        "npj Computational Materials",
    ),
    "sparks_Predicting_materials_properties": (
        "Predicting materials properties without crystal structure: deep representation learning from stoichiometry",
        "Goodall",
        2,
        2020,
        "10.1038/s41467-020-19964-7",
        "Nature Communications",
    ),
    "sparks_Text-mined_dataset": (
        "Text-mined dataset of inorganic materials synthesis recipes",
        "Kononova",
        8,
        2019,
        "10.1038/s41597-019-0224-1",
        "Scientific Data",
    ),
    "sparks_paper_benchmark_overfitting": (
        "A critical examination of robustness and generalizability of machine learning "
        "prediction of materials "
        "properties",
        "Li",
        5,
        2023,
        "10.1038/s41524-023-01012-9",
        "npj Computational Materials",
    ),
    "sparks_paper_loco_cv": (
        "Can machine learning identify the next high-temperature superconductor? "
        "Examining extrapolation performance "
        "for materials discovery",
        "Meredig",
        12,
        2018,
        "10.1039/c8me00012c",
        "Molecular Systems Design & Engineering",
    ),
    "sparks_paper_selfies": (
        "Self-referencing embedded strings (SELFIES): A 100% robust molecular string representation",
        "Krenn",
        5,
        2020,
        "10.1088/2632-2153/aba947",
        "Machine Learning: Science and Technology",
    ),
    "sparks_polyBERT": (
        "polyBERT: a chemical language model to enable fully machine-driven ultrafast polymer informatics",
        "Kuenneth",
        2,
        2023,
        "10.1038/s41467-023-39868-6",
        "Nature Communications",
    ),
    "walsh_2016_chem": (
        "Computational Screening of All Stoichiometric Inorganic Materials",
        "Davies",
        7,
        2016,
        "10.1016/j.chempr.2016.09.010",
        "Chem",
    ),
    "walsh_2018_faradaydiscuss2": (
        "Materials discovery by chemical analogy: role of oxidation states in structure prediction",
        "Davies",
        4,
        2018,
        "10.1039/c8fd00032h",
        "Faraday Discussions",
    ),
    "walsh_2019_joss": (
        "SMACT: Semiconducting Materials by Analogy and Chemical Theory",
        "Davies",
        6,
        2019,
        "10.21105/joss.01361",
        "Journal of Open Source Software",
    ),
    "walsh_2020_jmca": (
        "Bandgap lowering in mixed alloys of Cs2Ag(SbxBi1−x)Br6 double perovskite thin films",
        "Li",
        14,
        2020,
        "10.1039/d0ta07145e",
        "Journal of Materials Chemistry A",
    ),
    "walsh_2020_scinotes": (
        "Low-cost descriptors of electrostatic and electronic contributions to anion redox activity in batteries",
        "Davies",
        4,
        2020,
        "10.1088/2633-1357/ab9750",
        "IOP SciNotes",
    ),
    "walsh_2021_joss": (
        "Surfaxe: Systematic surface calculations",
        "Brlec",
        3,
        2021,
        "10.21105/joss.03171",
        "Journal of Open Source Software",
    ),
    "walsh_carrier_capture_joss": (
        "CarrierCapture.jl: Anharmonic Carrier Capture",
        "Kim",
        5,
        2020,
        "10.21105/joss.02102",
        "Journal of Open Source Software",
    ),
}


@pytest.fixture(scope="module")
def documents():
    if not PAPERS.is_dir():
        pytest.skip(f"the papers are not here: {PAPERS}")
    return {path.name: read_document(path) for path in sorted(PAPERS.glob("*.pdf"))}


def check(name: str, paper: Paper) -> dict[str, bool]:
    """Field -> whether it is right. A journal may be abbreviated, as citations do."""
    title, family, authors, year, doi, journal = next(f for stem, f in FACTS.items() if name.startswith(stem))
    return {
        "title": similarity(paper.title, title) == 1.0,
        "first author": bool(paper.authors) and paper.authors[0].family == family,
        "authors": len(paper.authors) == authors,
        "year": paper.year == year,
        "doi": paper.doi == doi,
        "journal": paper.journal == journal or abbreviates(paper.journal, journal),
    }


def wrong(papers: dict[str, Paper]) -> dict[str, list[str]]:
    """Field -> files in which it is wrong, printed as accuracy."""
    verdicts = {name: check(name, paper) for name, paper in papers.items()}
    fields = next(iter(verdicts.values()))
    failures = {field: [name for name, verdict in verdicts.items() if not verdict[field]] for field in fields}
    for field, names in failures.items():
        print(f"{field}: {len(papers) - len(names)} of {len(papers)} right; wrong: {names}")
    return failures


@pytest.mark.slow
def test_every_field_of_every_paper(documents):
    assert len(documents) == len(FACTS)
    papers = {name: infer_paper(document) for name, document in documents.items()}
    assert not any(wrong(papers).values())


@pytest.mark.slow
def test_the_printed_pages_alone_tell_nearly_as_much(documents):
    papers = {name: infer_paper(replace(document, info={}, xmp={})) for name, document in documents.items()}
    failures = wrong(papers)
    assert not failures["first author"]
    assert not failures["doi"]
    assert not failures["year"]
    assert all(len(names) <= 1 for names in failures.values())


@pytest.mark.slow
def test_keys_of_the_papers(documents):
    keys: list[str] = []
    for document in documents.values():
        keys.append(paper_key(infer_paper(document), keys))
    assert len(set(keys)) == len(FACTS)
    assert {"PabloGarcia2023", "Kim2020", "Davies2016", "Li2020", "Li2023"} <= set(keys)
