"""From questions to crystals: is the request right, does every crystal obey it, does a page say so?

Nothing here takes the design's word for it: crystals are read back from their CIF by pymatgen, formulas are compared
as pymatgen reads them, and quotes are looked up by a reader that is not ours (`rag.evaluation.fidelity`).
"""

from __future__ import annotations

import json
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.design.parts import PARTS
from rag.errors import QuestionError
from rag.evaluation.fidelity import FidelityReport, Quote, check_quotes
from rag.evaluation.measures import Estimate, bootstrap

OUTCOMES = ("crystals", "abstains", "no compound", "not makeable")
Designer = Callable[[str], Mapping[str, Any]]
"""``question -> document``, as ``clip-mat design --json`` prints it."""


@dataclass(frozen=True, slots=True)
class DesignQuestion:
    """A question, and what is expected of the request.

    Attributes:
        question: In plain words.
        expected: ``outcome``, ``composition`` (one of), ``elements``, ``exclude`` (all of), ``prototypes`` (one of),
            ``spacegroup``, ``crystal_system``, ``named`` (what cannot be made), ``may`` (symmetry that is allowed).
    """

    question: str
    expected: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DesignRow:
    """What came of one question.

    Attributes:
        question: It.
        request: As it was understood, in one line.
        faults: Why the request is wrong; none where it is right.
        crystals: How many were made.
        disobedient: Crystals that are not what the request says, and why.
        unfounded: Crystals for which no page says what they are made of, or a quote lacks its words.
    """

    question: str
    request: str
    faults: tuple[str, ...]
    crystals: int
    disobedient: tuple[str, ...]
    unfounded: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DesignReport:
    """What came of all questions.

    Attributes:
        rows: One a question.
        quotes: Every quote of every crystal on its page, as another reader finds it; None where no files were given.
    """

    rows: tuple[DesignRow, ...]
    quotes: FidelityReport | None

    @property
    def right(self) -> Estimate:
        """Share of the questions whose request is right."""
        return bootstrap([float(not row.faults) for row in self.rows])

    @property
    def crystals(self) -> int:
        """All that were made."""
        return sum(row.crystals for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "questions": len(self.rows),
            "right": sum(not row.faults for row in self.rows),
            "crystals": self.crystals,
            "disobedient": sum(len(row.disobedient) for row in self.rows),
            "unfounded": sum(len(row.unfounded) for row in self.rows),
            "empty": sum(not row.crystals for row in self.rows if row.request),
            "quotes": self.quotes.to_dict() if self.quotes else None,
            "rows": [
                {
                    "question": row.question,
                    "request": row.request,
                    "faults": list(row.faults),
                    "crystals": row.crystals,
                    "disobedient": list(row.disobedient),
                    "unfounded": list(row.unfounded),
                }
                for row in self.rows
            ],
        }

    def __str__(self) -> str:
        lines = []
        for row in self.rows:
            verdict = "right" if not row.faults else "WRONG"
            lines.append(f"{verdict}  {row.question}\n       {row.request or 'nothing'}; {row.crystals} crystals")
            lines += [f"       {fault}" for fault in (*row.faults, *row.disobedient, *row.unfounded)]
        document = self.to_dict()
        lines.append("")
        lines.append(f"requests right: {document['right']} of {document['questions']} ({self.right})")
        asking = sum(bool(row.request) for row in self.rows)
        lines.append(f"requests that made crystals: {asking - document['empty']} of {asking}")
        lines.append(f"crystals that obey: {self.crystals - document['disobedient']} of {self.crystals}")
        lines.append(f"crystals with a page that says so: {self.crystals - document['unfounded']} of {self.crystals}")
        if self.quotes:
            lines.append(str(self.quotes))
        return "\n".join(lines)


def read_design_questions(path: Path) -> list[DesignQuestion]:
    """Questions from JSON Lines with ``question`` and ``expected``.

    Raises:
        QuestionError: If a line is no such object, which is named; or if there is none.
    """
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            question = DesignQuestion(str(given["question"]), dict(given["expected"]))
        except (ValueError, KeyError, TypeError):
            raise QuestionError(f"{path}, line {number}: no JSON object with question and expected") from None
        if question.expected.get("outcome", "crystals") not in OUTCOMES:
            raise QuestionError(f"{path}, line {number}: outcome must be one of {', '.join(OUTCOMES)}")
        found.append(question)
    if not found:
        raise QuestionError(f"{path}: no question in it")
    return found


def evaluate_designs(
    questions: Iterable[DesignQuestion], design: Designer, locate: Callable[[str], Path] | None = None
) -> DesignReport:
    """Put questions to a designer and hold what comes of them against what is expected.

    Args:
        questions: What is asked.
        design: Answers each; see `Designer`.
        locate: Path of a paper by its file name, for looking the quotes up.
    """
    rows, quotes = [], []
    for asked in questions:
        document = design(asked.question)
        structures = document["structures"]
        rows.append(
            DesignRow(
                question=asked.question,
                request=_in_short(document["request"]),
                faults=tuple(request_faults(asked.expected, document)),
                crystals=len(structures),
                disobedient=tuple(fault for one in structures for fault in crystal_faults(one, document["request"])),
                unfounded=tuple(fault for one in structures if (fault := provenance_fault(one))),
            )
        )
        quotes += [
            Quote(one["file"], one["page"], one["quote"])
            for structure in structures
            for one in structure["provenance"]
            if one["page"]
        ]
    return DesignReport(tuple(rows), check_quotes(set(quotes), locate) if locate else None)


def request_faults(expected: Mapping[str, Any], document: Mapping[str, Any]) -> list[str]:
    """In what a request is not what is expected."""
    outcome = expected.get("outcome", "crystals")
    request, made = document["request"], document["structures"]
    asks = any(request[name] for name in ("composition", "elements", "families", "prototypes"))
    abstained = document["answer"]["abstained"]
    if outcome != "crystals":
        faults = [f"asks for {_in_short(request)}"] * asks + ["makes crystals"] * bool(made)
        if abstained != (outcome == "abstains"):
            faults.append("the papers are silent" if abstained else "the papers are not silent")
        told = " ".join(document.get("notes", ()))
        return faults + [f"does not tell of {name}" for name in expected.get("named", ()) if name not in told]
    faults = []
    wanted = expected.get("composition")
    composition = request["composition"]
    if wanted and (composition is None or not any(_same_formula(composition, one) for one in wanted)):
        faults.append(f"composition {composition} is none of {', '.join(wanted)}")
    held = {*request["elements"], *(_counts(composition) if composition else ())}
    lacking = [symbol for symbol in expected.get("elements", ()) if symbol not in held]
    faults += [f"does not ask for {symbol}" for symbol in lacking]
    allowed = [symbol for symbol in expected.get("exclude", ()) if symbol not in request["exclude"]]
    faults += [f"does not forbid {symbol}" for symbol in allowed]
    may = expected.get("may", {})
    types = expected.get("prototypes", ())
    if types and not set(types) & set(request["prototypes"]):
        faults.append(f"structure type {request['prototypes'] or 'none'} is none of {', '.join(types)}")
    faults += [
        f"structure type {name} is not what the papers say"
        for name in request["prototypes"]
        if name not in (*types, *may.get("prototypes", ()))
    ]
    return faults + _symmetry_faults(expected, may, request)


def _symmetry_faults(expected: Mapping[str, Any], may: Mapping[str, Any], request: Mapping[str, Any]) -> list[str]:
    from pymatgen.symmetry.groups import SpaceGroup

    faults = []
    for name in ("spacegroup", "crystal_system"):
        wanted, got = expected.get(name), request[name]
        if name == "crystal_system" and got is None and request["spacegroup"]:
            got = SpaceGroup.from_int_number(request["spacegroup"]).crystal_system
            if wanted is None:
                continue  # the space group has been judged
        if wanted is not None and got != wanted:
            faults.append(f"{name} {got} instead of {wanted}")
        elif wanted is None and got is not None and got != may.get(name):
            faults.append(f"{name} {got} is not what the papers say")
    return faults


def crystal_faults(structure: Mapping[str, Any], request: Mapping[str, Any]) -> list[str]:
    """In what a crystal, read back from its CIF by pymatgen, is not what the request says."""
    from pymatgen.core.structure import Structure
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    crystal = Structure.from_str(structure["cif"], fmt="cif")
    formula, faults = structure["formula"], []
    if request["composition"] and not _same_formula(crystal.composition.formula, request["composition"]):
        faults.append(f"{formula} is not {request['composition']}")
    symbols = {element.symbol for element in crystal.composition.elements}
    faults += [f"{formula} lacks {symbol}" for symbol in request["elements"] if symbol not in symbols]
    faults += [f"{formula} holds {symbol}" for symbol in request["exclude"] if symbol in symbols]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # spglib announces what its next version will do
        found = [SpacegroupAnalyzer(crystal, symprec=tolerance) for tolerance in (0.1, 0.01)]
        groups = {one.get_space_group_number() for one in found}
        systems = {one.get_crystal_system() for one in found}
    if request["spacegroup"] and request["spacegroup"] not in groups:
        faults.append(f"{formula} is not in space group {request['spacegroup']}")
    if request["crystal_system"] and request["crystal_system"] not in systems:
        faults.append(f"{formula} is not {request['crystal_system']}")
    if request["prototypes"] and not set(request["prototypes"]) & _types_of(structure["cif"]):
        faults.append(f"{formula} has none of the structure types {', '.join(request['prototypes'])}")
    return faults


def _types_of(cif: str) -> set[str]:
    """Names of the structure type of a crystal read from a CIF."""
    from clip_mat.entry_facts import facts_of
    from clip_mat.structures import Entry
    from clip_mat.structures.cif import parse_cif

    return set(facts_of(Entry("", parse_cif(cif), {})).prototypes)


def provenance_fault(structure: Mapping[str, Any]) -> str | None:
    """Why the provenance of a crystal does not name a page that says what it is made of; None where it does."""
    paged = [one for one in structure["provenance"] if one["page"]]
    formula = structure["formula"]
    for one in paged:
        if _squash(one["words"]) not in _squash(one["quote"]):
            return f"{formula}: {one['key']} page {one['page']} does not say {one['words']!r}"
        if not _means(one["words"], one["demand"], one["value"]):
            return f"{formula}: {one['words']!r} does not mean {one['demand']} {one['value']}"
    if not any(one["demand"] in ("composition", "element", "prototype") for one in paged):
        return f"{formula}: no page says what it is made of"
    return None


def _means(words: str, demand: str, value: str) -> bool:
    """Whether some words say a demand: a formula, or a name of the compound; an element; a symbol or number."""
    if demand == "composition":
        from clip_mat.language.names import COMMON_COMPOUNDS
        from rag.design.names import ACRONYMS, DOPED, TRIVIAL_NAMES

        hosts = {name: host for name, (host, _) in DOPED.items()}
        trivial = {**COMMON_COMPOUNDS, **TRIVIAL_NAMES}
        lower = words.lower()
        formula = ACRONYMS.get(words) or hosts.get(words) or trivial.get(lower) or _ELEMENTAL.get(lower) or words
        if re.search(r"[xy]\b|[xy](?=[A-Z)1])", formula):
            return set(_counts(value)) <= set(re.findall(r"[A-Z][a-z]?", re.sub(r"x", "", formula)))
        return _same_formula(formula, value)
    if demand in ("element", "exclude"):
        from pymatgen.core.periodic_table import Element

        name = Element(value).long_name.lower()
        spelt = {name, name.replace("aluminum", "aluminium"), name.replace("cesium", "caesium")}
        group = "toxic" in words.lower()
        return group or any(one in words.lower() for one in spelt) or value in re.findall(r"[A-Z][a-z]?", words)
    if demand == "prototype":
        return words.lower().rstrip("s").replace("-", " ") in value.replace("-", " ") or value in words.lower()
    return True


_ELEMENTAL = {
    "silicon": "Si", "germanium": "Ge", "selenium": "Se", "tellurium": "Te", "diamond": "C", "graphite": "C",
}  # fmt: skip


def _counts(formula: str) -> dict[str, float]:
    """Amounts of each element, as pymatgen reads them; oxidation states and hyphens of line ends are left out."""
    from pymatgen.core.composition import Composition

    plain = unicodedata.normalize("NFKC", formula).replace("-", "")
    plain = re.sub(r"\((?:I{1,3}|IV|VI{0,2})\)", "", plain)
    try:
        return dict(Composition(plain).get_el_amt_dict())
    except ValueError:
        return {}


def _same_formula(one: str, other: str) -> bool:
    from pymatgen.core.composition import Composition

    first, second = _counts(one), _counts(other)
    return bool(first) and Composition(first).reduced_composition.almost_equals(Composition(second).reduced_composition)


def _squash(text: str) -> str:
    return re.sub(r"[\s\-‐-―−^_]", "", unicodedata.normalize("NFKC", text)).casefold()


def _in_short(request: Mapping[str, Any]) -> str:
    shown = [(name, request[name]) for name in PARTS if request.get(name)]
    return "; ".join(f"{name} {', '.join(value) if isinstance(value, list) else value}" for name, value in shown)
