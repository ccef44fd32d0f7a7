"""A collection as a LangChain vector store and retriever. Needs ``langchain-core``; nothing in `indexes` imports this.

>>> from indexes.langchain import IndexesVectorStore
>>> store = IndexesVectorStore.from_texts(texts, embedding, directory="docs.index")  # doctest: +SKIP
>>> store.similarity_search("oxide ion conductors", k=4, filter={"year": {"$gte": 2020}})  # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore
from langchain_core.vectorstores.utils import maximal_marginal_relevance
from pydantic import ConfigDict, Field

from indexes.errors import QueryError
from indexes.sqlite import SQLiteStore
from indexes.store import Collection, Filter, Hit, Manifest, Record

__all__ = ["IndexesRetriever", "IndexesVectorStore", "embedding_manifest"]


def embedding_manifest(embedding: Embeddings, name: str | None = None) -> Manifest:
    """A manifest for an embedding model, told by its class, its name and the vector of a fixed sentence.

    LangChain's interface says neither which model it is nor how long its vectors are, so one sentence is embedded. The
    vector is rounded before it is hashed: the same model differs in the last digits from machine to machine.
    """
    probe = np.asarray(embedding.embed_query("The quick brown fox jumps over the lazy dog."), dtype=np.float64)
    rounded = np.round(probe / (np.abs(probe).max() or 1.0), 1) + 0.0
    model = name or getattr(embedding, "model_name", None) or getattr(embedding, "model", None)
    return Manifest(
        encoder=str(model or type(embedding).__name__),
        encoder_hash=hashlib.sha256(rounded.tobytes()).hexdigest(),
        dimension=len(probe),
        metric="cosine",
    )


class IndexesVectorStore(VectorStore):
    """LangChain's view of a collection with vectors.

    Page content is the record's text, metadata its metadata; scores are those of the collection's metric,
    higher is better. `filter` is a filter of `indexes.filters`, applied before the search: k documents come
    back whenever k match.

    Args:
        collection: Where the documents are kept.
        embedding: Makes vectors of texts; it must be what the collection's manifest says.
    """

    def __init__(self, collection: Collection, embedding: Embeddings) -> None:
        self.collection = collection
        self._embedding = embedding
        self._store: SQLiteStore | None = None

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        directory: str | Path | None = None,
        collection_name: str = "documents",
        **kwargs: Any,
    ) -> Self:
        """Open (or make) the store in `directory` and add texts.

        The caller closes it with `close`.

        Raises:
            ManifestMismatch: The collection was made with another embedding model.
            QueryError: No directory is given.
        """
        if directory is None:
            raise QueryError("from_texts needs directory=..., the place of the store")
        store = SQLiteStore.open(directory)
        try:
            made = cls(store.collection(collection_name, embedding_manifest(embedding)), embedding)
            made._store = store
            made.add_texts(texts, metadatas, ids=ids, **kwargs)
        except BaseException:
            store.close()
            raise
        return made

    def close(self) -> None:
        """Close the store that `from_texts` opened; one that was passed in is its owner's to close."""
        if self._store is not None:
            self._store.close()

    @property
    def embeddings(self) -> Embeddings:
        """The embedding model."""
        return self._embedding

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **_kwargs: Any,
    ) -> list[str]:
        """Embed and add texts, in one transaction; those of a known id replace what was there. Returns their ids.

        Raises:
            ValueError: `metadatas` or `ids` are not as many as the texts.
        """
        contents = list(texts)
        for name, values in (("metadatas", metadatas), ("ids", ids)):
            if values and len(values) != len(contents):
                raise ValueError(f"{len(values)} {name} for {len(contents)} texts")
        keys = [key or str(uuid.uuid4()) for key in ids or repeat("", len(contents))]
        vectors = self._embedding.embed_documents(contents) if contents else []
        self.collection.upsert(
            Record(key, content, metadata, b"", np.asarray(vector, dtype=np.float32))
            for key, content, metadata, vector in zip(keys, contents, metadatas or repeat({}), vectors, strict=False)
        )
        return keys

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        """Delete by id, by ``filter=``, or everything when neither is given."""
        where = kwargs.get("filter")
        self.collection.delete(ids, {} if ids is None and where is None else where)
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents of those ids that exist, in order."""
        return [_document(record) for record in self.collection.get(ids) if record is not None]

    def similarity_search(self, query: str, k: int = 4, filter: Filter | None = None, **_kwargs: Any) -> list[Document]:
        """The k documents nearest to a text, best first."""
        return self.similarity_search_by_vector(self._embedding.embed_query(query), k, filter)

    def similarity_search_with_score(
        self, query: str, k: int = 4, filter: Filter | None = None, **_kwargs: Any
    ) -> list[tuple[Document, float]]:
        """The k documents nearest to a text with their scores, best first."""
        return self.similarity_search_by_vector_with_score(self._embedding.embed_query(query), k, filter)

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = 4, filter: Filter | None = None, **_kwargs: Any
    ) -> list[Document]:
        """The k documents nearest to a vector, best first."""
        return [document for document, _ in self.similarity_search_by_vector_with_score(embedding, k, filter)]

    def similarity_search_by_vector_with_score(
        self, embedding: list[float], k: int = 4, filter: Filter | None = None
    ) -> list[tuple[Document, float]]:
        """The k documents nearest to a vector with their scores, best first."""
        hits: list[Hit] = self.collection.vector_search(np.asarray(embedding, dtype=np.float32), k, filter)
        return documents_of(self.collection, hits)

    def max_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Filter | None = None,
        **_kwargs: Any,
    ) -> list[Document]:
        """k of the `fetch_k` nearest documents, chosen to be near the text and unlike each other.

        Args:
            lambda_mult: 1 looks only at nearness, 0 only at diversity.
        """
        wanted = np.asarray(self._embedding.embed_query(query), dtype=np.float32)
        hits: list[Hit] = self.collection.vector_search(wanted, fetch_k, filter)
        if not hits or k <= 0:
            return []
        vectors = list(self.collection.vectors([hit.id for hit in hits]))
        chosen = maximal_marginal_relevance(wanted, vectors, lambda_mult=lambda_mult, k=k)
        return [document for document, _ in documents_of(self.collection, [hits[i] for i in chosen])]

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        """Scores as LangChain's relevance between 0 and 1."""
        manifest = self.collection.manifest
        if manifest is not None and manifest.metric == "l2":
            return lambda score: 1.0 / (1.0 - score)
        return lambda score: min(1.0, max(0.0, (1.0 + score) / 2.0))


class IndexesRetriever(BaseRetriever):
    """Documents of a collection for a question, by BM25 or by vectors.

    Attributes:
        collection: Where the documents are.
        embedding: Makes the vector of a question; needed for ``mode="vector"``.
        mode: ``text`` (BM25) or ``vector``.
        k: How many documents.
        filter: Only documents that match are searched.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    collection: Any
    embedding: Embeddings | None = None
    mode: Literal["text", "vector"] = "text"
    k: int = Field(default=4, ge=0)
    filter: dict[str, Any] | None = None

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - the name is LangChain's
        k: int | None = None,
    ) -> list[Document]:
        count = self.k if k is None else k
        if self.mode == "text":
            hits = self.collection.text_search(query, count, self.filter)
        elif self.embedding is None:
            raise QueryError("IndexesRetriever(mode='vector') needs embedding=...")
        else:
            vector = np.asarray(self.embedding.embed_query(query), dtype=np.float32)
            hits = self.collection.vector_search(vector, count, self.filter)
        return [document for document, _ in documents_of(self.collection, hits)]


def documents_of(collection: Collection, hits: Sequence[Hit]) -> list[tuple[Document, float]]:
    """The documents that hits stand for, with their scores, in the same order."""
    records = collection.get([hit.id for hit in hits])
    # A record deleted between the search and now is left out.
    return [(_document(record), hit.score) for hit, record in zip(hits, records, strict=True) if record is not None]


def _document(record: Record) -> Document:
    return Document(id=record.id, page_content=record.text, metadata=dict(record.metadata))
