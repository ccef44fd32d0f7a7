from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from clip_mat import SentenceEncoder, WeightsError
from clip_mat.sentence_encoder import MAX_TOKENS, packaged_folder
from clip_mat.token_vectors import Bert

TEXTS = [
    "Perovskite solar cells reach 25.5%.",
    "Cs2AgBiBr6 is free of lead. It is stable in air, unlike CH3NH3PbI3 – Å.",
    "word " * 150,
    "x",
]


def test_vectors_are_those_of_sentence_transformers(encoder: SentenceEncoder) -> None:
    """The library that trained the weights is the judge; it also serves any other model."""
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(packaged_folder()), device="cpu")
    expected = theirs.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    ours = encoder.encode(TEXTS)
    assert ours.dtype == np.float32
    assert (ours * expected).sum(axis=1) == pytest.approx(1.0, abs=2e-3)  # bfloat16 where the CPU has it
    other = SentenceEncoder(packaged_folder())
    assert other.dimension == 384
    assert (other.encode(TEXTS) * expected).sum(axis=1) == pytest.approx(1.0, abs=2e-3)


def test_in_float32_they_agree_to_rounding() -> None:
    from sentence_transformers import SentenceTransformer

    bert = Bert(packaged_folder(), MAX_TOKENS, "cpu", bfloat16=False)
    tokens = bert(TEXTS)
    theirs = SentenceTransformer(str(packaged_folder()), device="cpu")
    theirs.max_seq_length = MAX_TOKENS
    for row, expected in enumerate(theirs.encode(TEXTS, output_value="token_embeddings", show_progress_bar=False)):
        assert np.abs(tokens.vectors[row][tokens.mask[row]] - expected.numpy()).max() < 1e-4


def test_a_vector_does_not_depend_on_its_batch(encoder: SentenceEncoder) -> None:
    together = encoder.encode(TEXTS)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    assert (together * alone).sum(axis=1) == pytest.approx(1.0, abs=1e-3)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_spans(encoder: SentenceEncoder) -> None:
    text = "The cell is stable. Bananas are yellow."
    first, second = (0, 19), (20, 39)
    whole, parts = encoder.encode([text])[0], encoder.encode_spans([text], [[first, second]])[0]
    assert parts.vector == pytest.approx(whole, abs=1e-5)
    queries = encoder.encode(["stability of the device", "the colour of fruit"])
    assert (parts.spans @ queries.T).argmax(axis=0).tolist() == [0, 1]


def test_text_beyond_the_limit_is_cut_and_its_spans_are_zero(encoder: SentenceEncoder) -> None:
    text = "word " * 600 + "end."
    embedding = encoder.encode_spans([text], [[(0, 4), (3000, 3004)]])[0]
    assert np.linalg.norm(embedding.spans, axis=1).tolist() == pytest.approx([1.0, 0.0])


def test_no_texts(encoder: SentenceEncoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


def test_the_fingerprint_is_that_of_the_genuine_weights(encoder: SentenceEncoder) -> None:
    assert encoder.fingerprint.startswith("53aa5117")


def test_a_model_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no sentence encoder"):
        SentenceEncoder(tmp_path).encode(["x"])


@pytest.mark.parametrize("damage", ["cut", "missing", "config"])
def test_damaged_weights_are_refused(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(packaged_folder(), folder)
    if damage == "cut":
        weights = folder / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:10_000])
    elif damage == "missing":
        (folder / "tokenizer.json").unlink()
    else:
        config = folder / "config.json"
        config.write_text(config.read_text().replace('"hidden_size": 384', '"hidden_size": 96'))
    with pytest.raises(WeightsError, match="no usable BERT"):
        Bert(folder, MAX_TOKENS, "cpu", bfloat16=False)
