"""LangChain's own suites, and what they leave out: filters, scores, persistence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests.retrievers import RetrieversIntegrationTests
from langchain_tests.integration_tests.vectorstores import VectorStoreIntegrationTests

from indexes import ManifestMismatch, QueryError, SQLiteStore
from indexes.langchain import IndexesRetriever, IndexesVectorStore, embedding_manifest

EMBEDDING = DeterministicFakeEmbedding(size=8)


class TestVectorStoreSuite(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, tmp_path: Path) -> Iterator[VectorStore]:
        embedding = self.get_embeddings()
        with SQLiteStore.open(tmp_path) as store:
            yield IndexesVectorStore(store.collection("documents", embedding_manifest(embedding)), embedding)


@pytest.fixture
def vectors(tmp_path: Path) -> Iterator[IndexesVectorStore]:
    with SQLiteStore.open(tmp_path) as store:
        made = IndexesVectorStore(store.collection("documents", embedding_manifest(EMBEDDING)), EMBEDDING)
        made.add_texts(
            [f"sample {i} of perovskite" for i in range(10)],
            [{"i": i, "even": i % 2 == 0} for i in range(10)],
            ids=[f"d{i}" for i in range(10)],
        )
        yield made


@pytest.mark.parametrize("mode", ["text", "vector"])
class TestRetrieverSuite(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _use(self, vectors: IndexesVectorStore, mode: str) -> None:
        self._params = {"collection": vectors.collection, "embedding": EMBEDDING, "mode": mode}

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return IndexesRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return self._params

    @property
    def retriever_query_example(self) -> str:
        return "which perovskite sample?"


def test_filter_comes_before_the_search(vectors: IndexesVectorStore) -> None:
    found = vectors.similarity_search("sample 1 of perovskite", k=5, filter={"even": True})
    assert sorted(document.metadata["i"] for document in found) == [0, 2, 4, 6, 8]


def test_scores_are_cosines_and_descend(vectors: IndexesVectorStore) -> None:
    found = vectors.similarity_search_with_score("sample 3 of perovskite", k=10)
    scores = [score for _, score in found]
    assert found[0][0].id == "d3"
    assert scores[0] == pytest.approx(1.0, abs=1e-6)
    assert scores == sorted(scores, reverse=True)
    relevance = vectors.similarity_search_with_relevance_scores("sample 3 of perovskite", k=10)
    assert all(0 <= score <= 1 for _, score in relevance)


def test_mmr_starts_with_the_nearest_and_does_not_repeat(vectors: IndexesVectorStore) -> None:
    found = vectors.max_marginal_relevance_search("sample 3 of perovskite", k=4, lambda_mult=0.3)
    assert found[0].id == "d3"
    assert len({document.id for document in found}) == 4


def test_as_retriever(vectors: IndexesVectorStore) -> None:
    found = vectors.as_retriever(search_kwargs={"k": 2, "filter": {"i": {"$lt": 2}}}).invoke("sample 7")
    assert {document.id for document in found} == {"d0", "d1"}


def test_from_texts_persists_and_knows_its_encoder(tmp_path: Path) -> None:
    made = IndexesVectorStore.from_texts(["a", "b"], EMBEDDING, ids=["1", "2"], directory=tmp_path / "s")
    made.close()
    made = IndexesVectorStore.from_texts([], EMBEDDING, directory=tmp_path / "s")
    assert made.get_by_ids(["2", "9"]) == [Document(id="2", page_content="b", metadata={})]
    made.close()
    with pytest.raises(ManifestMismatch, match=r"dimension 8.*dimension 4"):
        IndexesVectorStore.from_texts([], DeterministicFakeEmbedding(size=4), directory=tmp_path / "s")


def test_from_texts_needs_a_directory() -> None:
    with pytest.raises(QueryError, match="directory"):
        IndexesVectorStore.from_texts(["a"], EMBEDDING)


def test_lengths_must_agree(vectors: IndexesVectorStore) -> None:
    with pytest.raises(ValueError, match="1 ids for 2 texts"):
        vectors.add_texts(["a", "b"], ids=["1"])


def test_delete_by_filter(vectors: IndexesVectorStore) -> None:
    vectors.delete(filter={"even": True})
    assert len(vectors.collection) == 5
    assert np.isfinite([score for _, score in vectors.similarity_search_with_score("x", k=9)]).all()


def test_vector_mode_needs_an_embedding(vectors: IndexesVectorStore) -> None:
    with pytest.raises(QueryError, match="embedding"):
        IndexesRetriever(collection=vectors.collection, mode="vector").invoke("x")
