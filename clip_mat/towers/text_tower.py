"""The text tower: pretrained language with chemistry tokens of its own.

Words go through the word pieces and the first layers of the packaged all-MiniLM-L6-v2. Formulas, chemical systems,
elements, stoichiometries and space groups become single tokens instead, made of the same numbers that the crystal
tower sees: ``NaCl`` and ``ClNa`` are one thing, ``Co`` is no ``CO``, and nothing is split into pieces.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from clip_mat.crystal import NUMBERS
from clip_mat.errors import WeightsError
from clip_mat.facts import CRYSTAL_SYSTEMS
from clip_mat.language.mentions import Mention, find_mentions
from clip_mat.towers.chemistry import AMOUNT_FEATURES, SYSTEM_OF_GROUP, Chemistry, Statements, amount_features

MAX_TOKENS = 128
"""Where a text is cut."""
_MAX_CHARACTERS = 8 * MAX_TOKENS
"""What lies beyond could hardly reach the tower, and is not even read."""

KINDS = ("word", "formula", "system", "element", "anonymous", "spacegroup")
_CHEMICAL = frozenset(KINDS[1:])


@dataclass(frozen=True, slots=True, eq=False)
class TextInputs:
    """Tokens of n texts, padded to t.

    Attributes:
        word: (n, t) word piece ids; 0 for chemistry tokens.
        kind: (n, t) place in `KINDS`.
        element: (n, t) atomic numbers; 0 where none.
        count: (n, t) amounts in lowest terms; 0.0 where none.
        fraction: (n, t) shares of all atoms; 0.0 where none.
        group: (n, t) space groups; 0 where none.
        padding: (n, t) True for padding.
        stated: What the texts state, as the crystals state it of themselves.
    """

    word: Tensor
    kind: Tensor
    element: Tensor
    count: Tensor
    fraction: Tensor
    group: Tensor
    padding: Tensor
    stated: Statements

    def to(self, device: torch.device | str) -> Self:
        """The same on another device."""
        return type(self)(*(getattr(self, each.name).to(device) for each in fields(self)))


@dataclass(slots=True)
class _Token:
    word: int = 0
    kind: str = "word"
    element: int = 0
    count: float = 0.0
    fraction: float = 0.0
    group: int = 0


@dataclass(slots=True)
class _Stated:
    """What one text states: constituents as (atomic number, amount, share), and symmetry."""

    constituents: list[tuple[int, float, float]] = field(default_factory=list)
    whole: bool = False
    group: int = 0
    system: int = 0


class Reader:
    """Texts to tokens.

    Args:
        folder: Of the pretrained encoder; its ``tokenizer.json`` is read.
    """

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._first, self._last = (int(self._tokenizer.token_to_id(token) or 0) for token in ("[CLS]", "[SEP]"))

    def __call__(self, texts: Sequence[str]) -> TextInputs:
        """Inputs of the tower from at least one text."""
        texts = [text[:_MAX_CHARACTERS] for text in texts]
        mentions = [
            [m for m in find_mentions(text) if m.kind in _CHEMICAL or m.kind == "crystal_system"] for text in texts
        ]
        pieces: list[str] = []  # the words between the chemistry, of all texts
        for text, found in zip(texts, mentions, strict=True):
            ends = [0, *(m.end for m in found if m.kind in _CHEMICAL)]
            starts = [*(m.start for m in found if m.kind in _CHEMICAL), len(text)]
            pieces += [text[end:start] for end, start in zip(ends, starts, strict=True)]
        words = iter(self._tokenizer.encode_batch(pieces, add_special_tokens=False))
        rows: list[list[_Token]] = []
        for found in mentions:
            row = [_Token(self._first), *(_Token(number) for number in next(words).ids)]
            for mention in found:
                if mention.kind in _CHEMICAL:
                    row += _tokens(mention)
                    row += [_Token(number) for number in next(words).ids]
            rows.append([*row[: MAX_TOKENS - 1], _Token(self._last)])
        return _collate(rows, [_statement(found) for found in mentions])


def _amounts(mention: Mention) -> list[tuple[int, float, float]]:
    """Constituents of a mention: atomic number, amount, share of all atoms; 0 for what is not stated."""
    total = sum(amount or 0.0 for _, amount in mention.composition)
    known = total > 0 and all(amount for _, amount in mention.composition)
    return [
        (NUMBERS[symbol] if symbol else 0, float(amount or 0), float(amount or 0) / total if known else 0.0)
        for symbol, amount in mention.composition
    ]


def _tokens(mention: Mention) -> list[_Token]:
    if mention.kind == "spacegroup":
        return [_Token(kind="spacegroup", group=mention.spacegroup or 0)]
    return [_Token(0, mention.kind, element, count, share) for element, count, share in _amounts(mention)]


def _statement(mentions: Sequence[Mention]) -> _Stated:
    """The first formula speaks for the whole; without one a chemical system does, or else single elements."""
    first: dict[str, Mention] = {}
    for mention in mentions:
        first.setdefault(mention.kind, mention)
    stated = _Stated()
    main = first.get("formula") or first.get("system")
    if main is not None:
        stated.constituents, stated.whole = _amounts(main), True
    else:
        elements = dict.fromkeys(
            symbol for m in mentions if m.kind == "element" for symbol, _ in m.composition if symbol
        )
        stated.constituents = [(NUMBERS[symbol], 0.0, 0.0) for symbol in elements]
    if "anonymous" in first and "formula" not in first:
        shape = _amounts(first["anonymous"])
        stated.constituents = [*stated.constituents, *((0, count, share) for _, count, share in shape)]
        stated.constituents += [(element, 0.0, 0.0) for element, _, _ in shape if element]
    if "spacegroup" in first:
        stated.group = first["spacegroup"].spacegroup or 0
        stated.system = int(SYSTEM_OF_GROUP[stated.group])
    elif "crystal_system" in first:
        stated.system = 1 + [str(system) for system in CRYSTAL_SYSTEMS].index(first["crystal_system"].name or "")
    return stated


def _collate(rows: Sequence[Sequence[_Token]], stated: Sequence[_Stated]) -> TextInputs:
    longest = max(len(row) for row in rows)
    whole = np.zeros((4, len(rows), longest), dtype=np.int64)
    real = np.zeros((2, len(rows), longest), dtype=np.float32)
    padding = np.ones((len(rows), longest), dtype=bool)
    kinds = {kind: place for place, kind in enumerate(KINDS)}
    for i, row in enumerate(rows):
        whole[:, i, : len(row)] = np.array([(t.word, kinds[t.kind], t.element, t.group) for t in row]).T
        real[:, i, : len(row)] = np.array([(t.count, t.fraction) for t in row]).T
        padding[i, : len(row)] = False
    most = max(1, *(len(s.constituents) for s in stated))
    constituents = np.zeros((len(rows), most, 3))
    present = np.zeros((len(rows), most), dtype=bool)
    for i, s in enumerate(stated):
        if s.constituents:
            constituents[i, : len(s.constituents)] = s.constituents
            present[i, : len(s.constituents)] = True
    return TextInputs(
        word=torch.from_numpy(whole[0]),
        kind=torch.from_numpy(whole[1]),
        element=torch.from_numpy(whole[2]),
        count=torch.from_numpy(real[0]),
        fraction=torch.from_numpy(real[1]),
        group=torch.from_numpy(whole[3]),
        padding=torch.from_numpy(padding),
        stated=Statements(
            element=torch.from_numpy(constituents[..., 0].astype(np.int64)),
            count=torch.from_numpy(constituents[..., 1].astype(np.float32)),
            fraction=torch.from_numpy(constituents[..., 2].astype(np.float32)),
            present=torch.from_numpy(present),
            whole=torch.tensor([s.whole for s in stated]),
            group=torch.tensor([[s.group] for s in stated]),
            system=torch.tensor([s.system for s in stated]),
        ),
    )


class TextTower(nn.Module):
    """Texts to vectors.

    Args:
        chemistry: Shared with the crystal tower.
        dimension: Length d of the vectors.
        folder: Of the pretrained BERT: ``config.json`` and ``model.safetensors`` as Hugging Face writes them.
        layers: How many of its layers to keep.

    Raises:
        WeightsError: If the pretrained encoder is missing or damaged.
    """

    def __init__(self, chemistry: Chemistry, dimension: int, folder: Path, layers: int = 2) -> None:
        super().__init__()
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        from clip_mat.token_vectors import bert_modules

        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            config["num_hidden_layers"] = layers
            embeddings, self.language = bert_modules(config, load_file(folder / "model.safetensors"))
            self.words = embeddings.get_submodule("words").requires_grad_(False)
            self.places = embeddings.get_parameter("places")
            self.norm = embeddings.get_submodule("norm")
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise WeightsError(f"{folder}: no usable BERT there ({error}); reinstall it") from error
        size = int(config["hidden_size"])
        self.chemistry = chemistry
        self.kind = nn.Embedding(len(KINDS), size)
        self.substance = nn.Linear(chemistry.width, size)
        self.amount = nn.Linear(AMOUNT_FEATURES, size, bias=False)
        self.symmetry = nn.Linear(chemistry.width, size)
        together = size + 5 * chemistry.width
        self.join = nn.Sequential(nn.Linear(together, 768), nn.GELU(), nn.LayerNorm(768), nn.Linear(768, dimension))

    def forward(self, inputs: TextInputs) -> Tensor:
        """Vectors (n, d), not normalised."""
        words = self.words(inputs.word)
        special = self.substance(self.chemistry.element(inputs.element)) * (inputs.element > 0)[..., None]
        special = special + self.amount(amount_features(inputs.count, inputs.fraction))
        special = special + self.symmetry(self.chemistry.group(inputs.group)) * (inputs.group > 0)[..., None]
        special = 0.1 * (special + self.kind(inputs.kind))
        tokens = torch.where((inputs.kind > 0)[..., None], special, words)
        tokens = self.norm(tokens + self.places[: tokens.shape[1]])
        tokens = self.language(tokens, src_key_padding_mask=inputs.padding)
        real = (~inputs.padding).to(tokens.dtype)[..., None]
        pooled = (tokens * real).sum(1) / real.sum(1)
        blocks = self.chemistry.blocks(inputs.stated)
        stated = sum((self.chemistry.heads[name](block) for name, block in blocks.items()), start=pooled.new_zeros(()))
        vectors: Tensor = stated + self.join(torch.cat([pooled, *blocks.values()], dim=-1))
        return vectors
