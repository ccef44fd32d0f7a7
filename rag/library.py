"""A library of papers: take papers in, search their passages, ask them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from clip_mat.cache import cache_folder, moved_by
from clip_mat.errors import ClipMatError
from clip_mat.sentence_encoder import SentenceEncoder
from indexes import Filter, IndexesError, Manifest, SQLiteStore, StoreMissing, StoreReadOnly
from rag.answers import Answer, AnswerSentence, PassageHit, PassageHits
from rag.bibliography import bibtex, csl_json
from rag.compare import compare_papers
from rag.errors import LibraryError, QuestionError
from rag.extract import Answerer
from rag.ingest import Ingester, IngestReport, Progress, content_digests
from rag.metadata import Paper
from rag.passages import decode_passage
from rag.retrieval import Method, Retriever

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rag.grounded import GroundedAnswerer
    from rag.llm import LanguageModel

MAX_QUESTION = 4_000
"""Characters; a longer question is refused rather than cut."""


class PaperLibrary:
    """Papers in a store on disk.

    Args:
        path: Folder of the store; made where it is missing unless `create` is False.
        encoder: Sentence encoder; by default the packaged one. A library remembers its encoder and refuses another.
        create: Whether a missing library is made.
        read_only: Never write; several readers may look on while one process writes.

    Raises:
        LibraryError: If the library is missing, damaged, locked, or was made with another encoder.

    >>> with PaperLibrary("papers.db") as papers:      # doctest: +SKIP
    ...     papers.add("reviews/")
    ...     papers.ask("Are temperature effects important for defects?")
    """

    def __init__(
        self,
        path: Path | str,
        *,
        encoder: SentenceEncoder | None = None,
        create: bool = True,
        read_only: bool = False,
    ) -> None:
        self.path = Path(path)
        self.encoder = encoder or SentenceEncoder()
        try:
            manifest = Manifest(self.encoder.name, self.encoder.fingerprint, self.encoder.dimension, "cosine")
            self._store = SQLiteStore.open(self.path, create=create, read_only=read_only)
            try:
                self._papers = self._store.collection("papers")
                self._passages = self._store.collection("passages", manifest)
            except BaseException:
                self._store.close()
                raise
        except StoreMissing as error:
            raise LibraryError(
                f"{self.path}: no papers are kept there (check the path, or take some in with: "
                f"clip-mat ingest PATH --index {self.path})"
            ) from error
        except StoreReadOnly as error:
            place = moved_by(self.path)
            remedy = f"name a folder for it with {place}" if place else error.remedy
            raise LibraryError(str(StoreReadOnly(self.path, error.reason, remedy))) from error
        except (IndexesError, ClipMatError) as error:
            raise LibraryError(str(error)) from error
        self.retriever = Retriever(self._passages, self.encoder.encode)
        self._answerer = Answerer(self.retriever, self._references)
        self._models: dict[str, LanguageModel] = {}

    @classmethod
    def demo(cls, folder: Path | str | None = None) -> PaperLibrary:
        """The bundled review on temperature effects in defects, indexed at first use.

        Args:
            folder: Where its index lies; in the user's cache by default.
        """
        from rag.demo import PAPER

        library = cls(folder if folder is not None else cache_folder() / "demo-papers")
        library.add([PAPER])
        return library

    def add(
        self,
        paths: Path | str | Iterable[Path | str],
        *,
        online: bool = False,
        progress: Progress | None = None,
    ) -> IngestReport:
        """Take in papers: PDF, text and Markdown files, and folders of them.

        What is known by content is left as it is; a file with new content replaces its old version.

        Args:
            paths: Files and folders.
            online: Also ask Crossref for authors, journal and DOI. Nothing else ever uses the network.
            progress: Told after every paper.

        Raises:
            LibraryError: If the library cannot be written.
        """
        single = isinstance(paths, str | Path)
        ingester = Ingester(self._store, self._papers, self._passages, self.encoder, online=online)
        try:
            return ingester.add([paths] if single else paths, progress)  # type: ignore[list-item, arg-type]
        except (IndexesError, ClipMatError) as error:
            raise LibraryError(str(error)) from error

    def ask(
        self,
        question: str,
        *,
        where: Filter | None = None,
        llm: str | BaseChatModel | LanguageModel | None = None,
        compare: bool = False,
        progress: Callable[[str], None] | None = None,
    ) -> Answer:
        """Answer a question with sentences of the papers, each with its page.

        Args:
            question: In plain words, at most `MAX_QUESTION` characters.
            where: Only papers whose passages match, e.g. ``{"key": {"$in": ["Kim2020"]}}``.
            llm: A language model that drafts the answer: a spec (``openai:gpt-4o``, ``local``; see `rag.llm.spec`), or
                a LangChain chat model. Only those of its sentences are shown that the papers support. By default the
                answer is an extract, and no model is asked.
            compare: Also say what each paper says on the question, with which others it agrees and disagrees. That
                papers contradict the answer is said in any case.
            progress: Told in a few words what is being done, where a model is asked.

        Raises:
            QuestionError: If the question is empty or too long.
            LibraryError: If the library is damaged.
            ModelError: If the language model cannot be used as asked.
        """
        question = _checked(question)
        try:
            if llm is None:
                answer = self._answerer.ask(question, where)
            else:
                answer = self._grounded.ask(question, self._model(llm), where, progress)
            return compare_papers(self._answerer, answer, where) if compare else answer
        except IndexesError as error:
            raise LibraryError(str(error)) from error

    def extended(self, answer: Answer, sentences: Sequence[AnswerSentence]) -> Answer:
        """An answer with further sentences of the papers, each with its place, and the references behind all.

        Args:
            answer: Of these papers; where it abstains, the sentences take its place.
            sentences: As the papers have them.
        """
        said = () if answer.abstained else tuple(one for one in answer.sentences if one.support)
        missing = () if answer.abstained else tuple(one for one in answer.sentences if not one.support)
        return self._answerer.refer(replace(answer, abstained=False, sentences=(*said, *sentences, *missing)))

    def passages(
        self, query: str, k: int = 10, *, where: Filter | None = None, method: Method = "fused"
    ) -> PassageHits:
        """The k passages that fit best, best first.

        Args:
            query: In plain words, at most `MAX_QUESTION` characters.
            k: How many; all where there are fewer.
            where: Only passages whose metadata match.
            method: ``fused``, or one of its halves alone for comparison: ``bm25``, ``vectors``.

        Raises:
            QuestionError: If the query is empty or too long, or k is negative.
            LibraryError: If the library is damaged.
        """
        query = _checked(query)
        if k < 0:
            raise QuestionError(f"k must be 0 or more, not {k}")
        try:
            found = self.retriever.search(self.retriever.query(query), k, where, method)
        except IndexesError as error:
            raise LibraryError(str(error)) from error
        hits = []
        for rank, scored in enumerate(found, 1):
            passage = scored.passage
            hits.append(
                PassageHit(rank, scored.key, scored.file, passage.pages, passage.labels, passage.text, scored.score)
            )
        return PassageHits(query, hits)

    def papers(self) -> dict[str, Paper]:
        """Bibliographic record of every paper, by citation key."""
        return {record.id: Paper.from_dict(record.metadata["paper"]) for record in self._papers.records()}

    def quotes(self) -> list[tuple[str, int, str]]:
        """Every quote that an answer could show: (file, page from 1, quote)."""
        return [
            (str(record.metadata["file"]), fragment.page, fragment.quote)
            for record in self._passages.records()
            for sentence in decode_passage(record.payload).sentences
            for fragment in sentence.fragments
        ]

    def keys_of(self, paths: Iterable[Path | str]) -> list[str]:
        """Citation keys of the papers that were read from these files, or from files of the same content."""
        digests = set(content_digests(paths, []).values())
        return [record.id for record in self._papers.records() if record.metadata["sha256"] in digests]

    def remove(self, key: str) -> None:
        """Forget a paper.

        Raises:
            LibraryError: If there is none of that key.
        """
        with self._store.transaction():
            if not self._papers.delete([key]):
                raise LibraryError(f"no paper {key!r} in {self.path} (its keys: {', '.join(self.papers()) or 'none'})")
            self._passages.delete(where={"key": key})

    def bibtex(self) -> str:
        """All references as BibTeX."""
        return bibtex(self.papers())

    def csl_json(self) -> list[dict[str, Any]]:
        """All references as CSL-JSON."""
        return csl_json(self.papers())

    def __len__(self) -> int:
        """Number of papers."""
        return len(self._papers)

    def close(self) -> None:
        """Release the store."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @cached_property
    def _grounded(self) -> GroundedAnswerer:
        from rag.grounded import GroundedAnswerer

        return GroundedAnswerer(self._answerer, self.encoder.encode)

    def _model(self, llm: str | BaseChatModel | LanguageModel) -> LanguageModel:
        """The language model; one that is named by a string is loaded once."""
        from rag.llm import wrap

        if not isinstance(llm, str):
            return wrap(llm)
        if llm not in self._models:
            self._models = {llm: wrap(llm)}
        return self._models[llm]

    def _references(self, keys: Iterable[str]) -> list[dict[str, Any]]:
        """Metadata of papers, in the order of `keys`."""
        wanted = list(keys)
        return [
            {"key": key, **record.metadata}
            for key, record in zip(wanted, self._papers.get(wanted), strict=True)
            if record is not None
        ]


def _checked(question: str) -> str:
    """The question on one line, in compatible characters (``Cs₂`` as ``Cs2``), without control characters.

    Raises:
        QuestionError: If nothing is left, or too much.
    """
    compatible = unicodedata.normalize("NFKC", question)
    clean = " ".join("".join(c if c.isprintable() else " " for c in compatible).split())
    if not clean:
        raise QuestionError("the question is empty; ask in a few words, e.g. 'Which defects limit CdTe?'")
    if len(clean) > MAX_QUESTION:
        raise QuestionError(f"the question has {len(clean):,} characters; shorten it to {MAX_QUESTION:,}")
    return clean
