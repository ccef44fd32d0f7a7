"""The text tower: pretrained language with chemistry tokens of its own.

Words begin as the word pieces and the pretrained word vectors of the packaged all-MiniLM-L6-v2, so that words which
training never saw stand near those that it did. Formulas, chemical systems, elements, stoichiometries and space
groups become single tokens instead, made of the same numbers that the crystal tower sees: ``NaCl`` and ``ClNa`` are
one thing, ``Co`` is no ``CO``, and nothing is split into pieces. Two layers of attention read both together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from clip_mat.crystal import NUMBERS
from clip_mat.facts import CRYSTAL_SYSTEMS
from clip_mat.language.classes import CompoundClass, find_classes
from clip_mat.language.mentions import Mention, find_mentions
from clip_mat.token_vectors import read_embeddings
from clip_mat.towers.chemistry import AMOUNT_FEATURES, BLOCKS, SYSTEM_OF_GROUP, Chemistry, Statements, amount_features
from clip_mat.towers.vocabulary import Vocabulary

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
    """What one text states: constituents as (atomic number, amount, share, weight), and symmetry."""

    constituents: list[tuple[int, float, float, float]] = field(default_factory=list)
    whole: bool = False
    group: int = 0
    system: int = 0
    families: list[str] = field(default_factory=list)
    prototypes: list[str] = field(default_factory=list)


class Reader:
    """Texts to tokens.

    Args:
        folder: Of the pretrained encoder; its ``tokenizer.json`` is read.
        vocabulary: Names of families and structure types.
    """

    def __init__(self, folder: Path, vocabulary: Vocabulary) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
        self.vocabulary = vocabulary
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._first, self._last = (int(self._tokenizer.token_to_id(token) or 0) for token in ("[CLS]", "[SEP]"))

    def __call__(self, texts: Sequence[str]) -> TextInputs:
        """Inputs of the tower from at least one text."""
        texts = [text[:_MAX_CHARACTERS] for text in texts]
        read = [_read(text) for text in texts]
        chemical: list[list[Mention | CompoundClass]] = [
            sorted([*(m for m in mentions if m.kind in _CHEMICAL), *classes], key=lambda one: one.start)
            for mentions, classes in read
        ]
        pieces: list[str] = []  # the words between the chemistry, of all texts
        for text, spans in zip(texts, chemical, strict=True):
            ends = [0, *(span.end for span in spans)]
            starts = [*(span.start for span in spans), len(text)]
            pieces += [text[end:start] for end, start in zip(ends, starts, strict=True)]
        words = iter(self._tokenizer.encode_batch(pieces, add_special_tokens=False))
        rows: list[list[_Token]] = []
        for spans in chemical:
            row = [_Token(self._first), *(_Token(number) for number in next(words).ids)]
            for span in spans:
                if isinstance(span, Mention):  # a class has no token: the tower has met the statement, not the word
                    row += _tokens(span)
                row += [_Token(number) for number in next(words).ids]
            rows.append([*row[: MAX_TOKENS - 1], _Token(self._last)])
        return _collate(rows, [_statement(*found) for found in read], self.vocabulary)


def _read(text: str) -> tuple[list[Mention], list[CompoundClass]]:
    """What a text mentions, and the classes that it names unless it names its compound.

    A class is more than an element or a family within its name: platinum-group metal, hydroxide.
    """
    mentions = find_mentions(text)
    if any(mention.kind in ("formula", "system") for mention in mentions):
        return mentions, []
    firm = [mention for mention in mentions if mention.kind not in ("element", "family")]
    classes = [each for each in find_classes(text) if not any(_overlap(each, mention) for mention in firm)]
    return [m for m in mentions if not any(_overlap(m, each) for each in classes)], classes


def _overlap(one: Mention | CompoundClass, other: Mention | CompoundClass) -> bool:
    return one.start < other.end and other.start < one.end


def _amounts(mention: Mention) -> list[tuple[int, float, float]]:
    """Constituents of a mention: atomic number, amount, share of all atoms; 0 for what is not stated."""
    total = sum(amount or 0.0 for _, amount in mention.composition)
    known = total > 0 and all(amount for _, amount in mention.composition)
    return [
        (NUMBERS.get(symbol or "", 0), float(amount or 0), float(amount or 0) / total if known else 0.0)
        for symbol, amount in mention.composition
    ]


def _tokens(mention: Mention) -> list[_Token]:
    if mention.kind == "spacegroup":
        return [_Token(kind="spacegroup", group=mention.spacegroup or 0)]
    return [_Token(0, mention.kind, element, count, share) for element, count, share in _amounts(mention)]


def _statement(mentions: Sequence[Mention], classes: Sequence[CompoundClass]) -> _Stated:
    """The first formula speaks for the whole; without one a chemical system does, or else single elements.

    Elements one of which is meant weigh together as much as one that is named: their vectors are nearly orthogonal.
    """
    first: dict[str, Mention] = {}
    for mention in mentions:
        first.setdefault(mention.kind, mention)
    stated = _Stated()
    main = first.get("formula") or first.get("system")
    if main is not None:
        stated.constituents, stated.whole = [(*amount, 1.0) for amount in _amounts(main)], True
    else:
        named = [symbol for m in mentions if m.kind == "element" for symbol, _ in m.composition if symbol]
        elements = dict.fromkeys([*named, *(symbol for each in classes for symbol in each.all_of)])
        stated.constituents = [(NUMBERS.get(symbol, 0), 0.0, 0.0, 1.0) for symbol in elements]
        for each in classes:
            weight = len(each.any_of) ** -0.5 if each.any_of else 0.0
            stated.constituents += [(NUMBERS[symbol], 0.0, 0.0, weight) for symbol in each.any_of]
    if "anonymous" in first and "formula" not in first:
        shape = _amounts(first["anonymous"])
        stated.constituents += [(0, count, share, 1.0) for _, count, share in shape]
        stated.constituents += [(element, 0.0, 0.0, 1.0) for element, _, _ in shape if element]
    if "spacegroup" in first:
        stated.group = first["spacegroup"].spacegroup or 0
        stated.system = int(SYSTEM_OF_GROUP[stated.group])
    elif "crystal_system" in first:
        stated.system = 1 + [str(system) for system in CRYSTAL_SYSTEMS].index(first["crystal_system"].name or "")
    stated.families = [mention.name for mention in mentions if mention.kind == "family" and mention.name]
    stated.families += [name for each in classes for name in each.families]
    stated.prototypes = [mention.name for mention in mentions if mention.kind == "prototype" and mention.name]
    return stated


def _collate(rows: Sequence[Sequence[_Token]], stated: Sequence[_Stated], vocabulary: Vocabulary) -> TextInputs:
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
    constituents = np.zeros((len(rows), most, 4))
    for i, s in enumerate(stated):
        if s.constituents:
            constituents[i, : len(s.constituents)] = s.constituents
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
            present=torch.from_numpy(constituents[..., 3].astype(np.float32)),
            whole=torch.tensor([s.whole for s in stated]),
            group=torch.tensor([[s.group] for s in stated]),
            system=torch.tensor([s.system for s in stated]),
            family=vocabulary.family([s.families for s in stated]),
            prototype=vocabulary.prototype([s.prototypes for s in stated]),
        ),
    )


class TextTower(nn.Module):
    """Texts to vectors.

    Args:
        chemistry: Shared with the crystal tower.
        dimension: Length d of the vectors.
        folder: Of the pretrained sentence encoder; its vectors of words and places are where a text begins.
        width: Length of a token's vector.
        layers: Of attention.

    Raises:
        WeightsError: If the pretrained encoder is missing or damaged.
    """

    def __init__(self, chemistry: Chemistry, dimension: int, folder: Path, width: int = 192, layers: int = 2) -> None:
        super().__init__()
        self.pretrained = read_embeddings(folder).requires_grad_(False)
        self.chemistry = chemistry
        self.narrow = nn.Linear(self.pretrained.get_parameter("places").shape[1], width)
        self.kind = nn.Embedding(len(KINDS), width)
        self.substance = nn.Linear(chemistry.width, width)
        self.amount = nn.Linear(AMOUNT_FEATURES, width, bias=False)
        self.symmetry = nn.Linear(chemistry.width, width)
        layer = nn.TransformerEncoderLayer(
            width, width // 32, 3 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.language = nn.TransformerEncoder(layer, layers, norm=nn.LayerNorm(width), enable_nested_tensor=False)
        together = width + len(BLOCKS) * chemistry.width
        self.join = nn.Sequential(nn.Linear(together, 768), nn.GELU(), nn.LayerNorm(768), nn.Linear(768, dimension))

    def forward(self, inputs: TextInputs) -> Tensor:
        """Vectors (n, d), not normalised."""
        tokens = self.narrow(self.pretrained(inputs.word))
        special = self.substance(self.chemistry.element(inputs.element)) * (inputs.element > 0)[..., None]
        special = special + self.amount(amount_features(inputs.count, inputs.fraction))
        special = special + self.symmetry(self.chemistry.group(inputs.group)) * (inputs.group > 0)[..., None]
        tokens = tokens + self.kind(inputs.kind) + special
        tokens = self.language(tokens, src_key_padding_mask=inputs.padding)
        real = (~inputs.padding).to(tokens.dtype)[..., None]
        pooled = (tokens * real).sum(1) / real.sum(1)
        blocks = self.chemistry.blocks(inputs.stated)
        vectors: Tensor = self.chemistry.join(blocks) + self.join(torch.cat([pooled, *blocks.values()], dim=-1))
        return vectors
