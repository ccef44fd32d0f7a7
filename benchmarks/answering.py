"""The systems whose answers are compared, each as its users set it up, all with the same language model.

Heavy imports are inside the classes: a worker process loads one system and nothing of the others.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

SECONDS = 900.0
"""Longest wait for one reply of the model: generous, so that no peer loses an answer to a busy machine."""
ANSWER_SECONDS = 900.0
"""Longest wait for an answer of PaperQA, whose calls add up: a question that takes longer counts as failed."""
STUFFED = 4
"""Chunks in the prompt of the plain chain: what LangChain's retrievers return unless told otherwise."""
STUFF_PROMPT = """You answer questions about papers. Use only the numbered pieces below. If they do not hold the \
answer, say that you don't know. Write at most three sentences, and end each with the number of the piece that says \
it, like [1].

{context}"""
"""Ours: there is no standard prompt that asks for citations."""


@dataclass(frozen=True, slots=True)
class Cited:
    """A stretch of an answer and what it cites.

    Attributes:
        text: Without its citations.
        citations: (file, physical pages from 1) of each; a citation may name a range.
    """

    text: str
    citations: tuple[tuple[str, tuple[int, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """An answer in the form that all systems share.

    Attributes:
        text: As its user sees it.
        pieces: Its text piece by piece; a citation belongs to the piece that it ends.
        writer: Who wrote it, where the system says so.
    """

    text: str
    pieces: tuple[Cited, ...]
    writer: str = ""


class Answering(Protocol):
    """A way from papers and a question to an answer.

    Args:
        folder: Its own; what it left there in a run before may still be there.
        llm: Base address of the model's server.
    """

    name: ClassVar[str]

    def __init__(self, folder: Path, llm: str) -> None: ...

    def ingest(self, paths: Sequence[Path]) -> None:
        """Take in more papers."""
        ...

    def ask(self, question: str) -> Told:
        """Answer from all papers so far."""
        ...


class Extractive:
    """This project's paper library, without a model."""

    name: ClassVar[str] = "clip-mat, extractive"
    options: ClassVar[str | None] = None

    def __init__(self, folder: Path, llm: str) -> None:
        from clip_mat.sentence_encoder import SentenceEncoder

        self.folder = folder
        self.names: list[str] = []
        self.encoder = SentenceEncoder()
        self.encoder.encode(["warm"])
        self.llm = None if self.options is None else f"{llm}?{self.options}"

    def ingest(self, paths: Sequence[Path]) -> None:
        from rag.library import PaperLibrary

        before = self._store()
        self.names += [path.name for path in paths]
        store = self._store()
        if before.exists() and not store.exists():
            self.library.close()
            shutil.copytree(before, store)
        # What a run before has taken in is known by its content, and costs nothing again.
        self.library = PaperLibrary(store, encoder=self.encoder)
        self.library.add(paths)

    def _store(self) -> Path:
        """A store for every set of papers, so that none is asked about papers that came later."""
        digest = hashlib.sha256("\n".join(sorted(self.names)).encode()).hexdigest()
        return self.folder / f"papers-{digest[:12]}"

    def ask(self, question: str) -> Told:
        answer = self.library.ask(question, llm=self.llm)
        pieces = tuple(
            Cited(sentence.text, tuple(dict.fromkeys((one.file, (one.page,)) for one in sentence.support)))
            for sentence in answer.sentences
        )
        return Told(answer.text, pieces, answer.model)


class Grounded(Extractive):
    """The same with the model: its draft, sentence by sentence held against the papers."""

    name: ClassVar[str] = "clip-mat, with model"
    # What the project sets for a model of this size where it loads the weights itself (`rag.llm.local`).
    options: ClassVar[str | None] = f"context=900&max_tokens=120&timeout={SECONDS:.0f}"


class StuffChain:
    """LangChain as its tutorials set it up: pypdf, 1,000-character chunks, MiniLM, the best four in one prompt."""

    name: ClassVar[str] = "LangChain, stuff"

    def __init__(self, folder: Path, llm: str) -> None:
        from langchain_core.output_parsers import StrOutputParser
        from langchain_core.prompts import ChatPromptTemplate
        from langchain_openai import ChatOpenAI

        from benchmarks.peers import PlainLangChain

        self.chunks = PlainLangChain(folder)
        prompt = ChatPromptTemplate.from_messages([("system", STUFF_PROMPT), ("user", "{question}")])
        model: Any = ChatOpenAI
        chat = model(model="default", base_url=llm, api_key="none", temperature=0, timeout=SECONDS, max_retries=0)
        self.chain: Any = prompt | chat | StrOutputParser()

    def ingest(self, paths: Sequence[Path]) -> None:
        self.chunks.ingest(paths)

    def ask(self, question: str) -> Told:
        rows = self.chunks.rows(question, STUFFED)
        pieces = [f"[{number}] {self.chunks.texts[row]}" for number, row in enumerate(rows, start=1)]
        text = self.chain.invoke({"context": "\n\n".join(pieces), "question": question})
        places = {str(number): self.chunks.places[row] for number, row in enumerate(rows, start=1)}
        known = {number: (place.file, place.pages) for number, place in places.items()}
        return Told(text, tuple(cut(text, r"\[([\d,;\s]+)\]", known)))


class PaperQA:
    """PaperQA's own reader, retrieval, summaries and answer; ten summaries and one answer, eleven calls.

    Citations and keys of the papers are given, so that it asks no model and no service for them. Its plain-text
    summaries are used instead of JSON, as it advises for models that write no JSON.
    """

    name: ClassVar[str] = "PaperQA"
    json: ClassVar[bool] = False
    answer: ClassVar[dict[str, Any]] = {}

    def __init__(self, folder: Path, llm: str) -> None:
        # CPython 3.11 can crash when it collects the coroutines that litellm leaves waiting.
        gc.disable()
        from paperqa import Settings
        from paperqa.settings import AnswerSettings, ParsingSettings, PromptSettings

        from benchmarks import peers

        self.papers = peers.PaperQA(folder)
        place = {"model": "openai/default", "api_base": llm, "api_key": "none", "timeout": SECONDS, "temperature": 0}
        config = {"model_list": [{"model_name": "openai/default", "litellm_params": place}]}
        self.papers.settings = Settings(
            llm="openai/default",
            llm_config=config,
            summary_llm="openai/default",
            summary_llm_config=config,
            temperature=0,
            parsing=ParsingSettings(use_doc_details=False, multimodal=False),
            prompts=PromptSettings(use_json=self.json),
            answer=AnswerSettings(max_concurrent_requests=1, **self.answer),
        )

    def ingest(self, paths: Sequence[Path]) -> None:
        self.papers.ingest(paths)

    def ask(self, question: str) -> Told:
        settings, embedding = self.papers.settings, self.papers.embedding
        query = self.papers.docs.aquery(question, settings=settings, embedding_model=embedding)
        session = self.papers.run(asyncio.wait_for(query, ANSWER_SECONDS))
        known = {
            context.text.name: (str(context.text.doc.dockey), _named(context.text.name)) for context in session.contexts
        }
        return Told(session.answer, tuple(cut(session.answer, names_pattern(known), known)))


class PaperQAInBrief(PaperQA):
    """PaperQA as one sets it for a small model: half the passages, short summaries, a short answer; six calls."""

    name: ClassVar[str] = "PaperQA, in brief"
    answer: ClassVar[dict[str, Any]] = {
        "evidence_k": 5,
        "evidence_summary_length": "about 40 words",
        "answer_max_sources": 3,
        "answer_length": "about 60 words",
    }


class PaperQAFromPassages(PaperQA):
    """PaperQA without summaries, for models that cannot write them: the answer is written from passages; one call."""

    name: ClassVar[str] = "PaperQA, no summaries"
    answer: ClassVar[dict[str, Any]] = {
        "evidence_k": 3,
        "evidence_skip_summary": True,
        "answer_max_sources": 3,
        "answer_length": "about 60 words",
    }


class PaperQAInJSON(PaperQA):
    """PaperQA with its default, summaries in JSON."""

    name: ClassVar[str] = "PaperQA, JSON"
    json: ClassVar[bool] = True


def _named(name: str) -> tuple[int, ...]:
    from benchmarks.peers import _named_pages

    return _named_pages(name)


def names_pattern(known: dict[str, tuple[str, tuple[int, ...]]]) -> str:
    """A pattern of brackets that hold names of passages, such as ``(kim2020 pages 5-6, lee2019 pages 1-2)``."""
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True)) or r"(?!)"
    return rf"\(\s*((?:{names})(?:\s*[,;]\s*(?:{names}))*)\s*\)"


def cut(text: str, pattern: str, known: dict[str, tuple[str, tuple[int, ...]]]) -> list[Cited]:
    """A text cut behind its citations.

    Citations that follow one another belong to the same piece, as does a full stop behind them. A name that is not
    known cites nothing.

    Args:
        text: The answer.
        pattern: Matches a citation; its first group holds names, separated by commas or semicolons.
        known: Place of every name.
    """
    pieces: list[Cited] = []
    start = 0
    for match in re.finditer(rf"(?:\s*{pattern})+[.!?]?", text):
        body = text[start : match.start()].strip()
        if match[0].rstrip()[-1] in ".!?" and not body.endswith((".", "!", "?")):
            body += match[0].rstrip()[-1]
        inner = [found[1] for found in re.finditer(pattern, match[0])]
        names = [name.strip() for one in inner for name in re.split(r"[,;]", one)]
        pieces.append(Cited(body, tuple(dict.fromkeys(known[name] for name in names if name in known))))
        start = match.end()
    if text[start:].strip():
        pieces.append(Cited(text[start:].strip()))
    return pieces
