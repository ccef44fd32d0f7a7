"""Orders hidden in papers change nothing: the same answer, the same request, and nobody is called."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, NoReturn

import pytest
from ordered_papers import ORDERS, STYLES, OrderedPaper, make_paper

import rag.design.statements
import rag.evidence
import rag.passages
import rag.presentable
from clip_mat import SentenceEncoder
from rag import PaperLibrary, design
from rag.orders import addresses_machine


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks a name up or opens a connection fails."""

    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise AssertionError(f"the network was asked for: {args}")

    for name in ("getaddrinfo", "create_connection", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)


def _documents(
    papers: list[OrderedPaper], ordered: bool, folder: Path, encoder: SentenceEncoder
) -> list[dict[str, Any]]:
    """The plan for the question of each paper, from a library of all of them."""
    folder.mkdir()
    for paper in papers:
        (folder / paper.name).write_bytes(paper.ordered if ordered else paper.plain)
    found = []
    with PaperLibrary(folder / "library", encoder=encoder) as library:
        report = library.add(folder)
        assert len(report.added) == len(papers), report.skipped
        for paper in papers:
            (key,) = library.keys_of([folder / paper.name])
            document = design.plan(library, paper.question, where={"key": key}).to_dict()
            del document["answer"]["timings"]
            found.append(_without_names(document))
    return found


def _without_names(value: Any) -> Any:
    """A document without keys, references and scores: the title is another where the order stands in it."""
    if isinstance(value, dict):
        dropped = ("key", "references", "score", "answer")
        return {name: _without_names(part) for name, part in value.items() if name not in dropped or part == {}} | (
            {"sentences": [one["text"] for one in value["sentences"]]} if "sentences" in value else {}
        )
    return [_without_names(part) for part in value] if isinstance(value, list) else value


def _check(numbers: range, tmp_path: Path, encoder: SentenceEncoder, *, but: str = "") -> None:
    """Papers with an order and without one give the same designs, one part left out where ``but`` names it."""
    papers = [make_paper(number) for number in numbers]
    plain = _documents(papers, False, tmp_path / "plain", encoder)
    ordered = _documents(papers, True, tmp_path / "ordered", encoder)
    for paper, before, after in zip(papers, plain, ordered, strict=True):
        assert before["request"]["composition"] is not None, paper.question
        assert set(before["request"]["composition"]) == set(paper.formula), paper.question  # any order of elements
        for document in (before, after):
            document.pop(but, None)
        assert after == before, (paper.style, paper.order)


@pytest.mark.usefixtures("no_network")
def test_orders_change_nothing(tmp_path: Path, encoder: SentenceEncoder) -> None:
    _check(range(8), tmp_path, encoder)


@pytest.fixture
def overlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sentence is known as an order."""
    for module in (rag.evidence, rag.passages, rag.presentable, rag.design.statements):
        monkeypatch.setattr(module, "addresses_machine", lambda _: False)


@pytest.mark.usefixtures("no_network", "overlooked")
def test_orders_that_are_overlooked_change_nothing(tmp_path: Path, encoder: SentenceEncoder) -> None:
    """What holds back an order is not that it is known as one."""
    _check(range(8, 16), tmp_path, encoder)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("no_network")
def test_orders_in_a_hundred_papers_change_nothing(tmp_path: Path, encoder: SentenceEncoder) -> None:
    _check(range(100), tmp_path, encoder)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("no_network", "overlooked")
def test_orders_in_a_hundred_papers_change_no_request_where_they_are_overlooked(
    tmp_path: Path, encoder: SentenceEncoder
) -> None:
    """One that can be read as praise of a compound ("X is the best semiconductor") may offer it as an alternative."""
    _check(range(100), tmp_path, encoder, but="alternatives")


def test_the_hundred_hold_every_order_in_every_style() -> None:
    papers = [make_paper(number) for number in range(100)]
    assert {paper.style for paper in papers} == set(STYLES)
    assert len({(number % len(ORDERS), number % len(STYLES)) for number in range(100)}) == 100
    for paper in papers:
        assert paper.plain != paper.ordered


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_is_known_as_one(order: str) -> None:
    text = order.format(target="UF6", noun="absorber", subject="CsSnI3")
    assert addresses_machine(text)


@pytest.mark.parametrize(
    "sentence",
    [
        "Use a Nosé–Hoover thermostat for production runs.",
        "We used a language model called polyBERT to generate fingerprints.",
        "Large language models ignore the order of words in this benchmark.",
        "The system prompt length was not varied in our study of CsPbI3.",
        "Ignoring the first 100 ps, the mean temperature was 300 K.",
        "Generating UF6 requires fluorine.",
        "These assistants helped with the measurement of TiO2.",
        "Do not heat the sample above 400 K, since CsSnI3 decomposes.",
    ],
)
def test_what_is_told_to_people_stays(sentence: str) -> None:
    assert not addresses_machine(sentence)
