"""The request that papers and question come to, in a form that a person can read, change and keep in a file."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from clip_mat.crystal import NUMBERS
from clip_mat.errors import RequestError
from clip_mat.facts import CRYSTAL_SYSTEMS, GAP_CLASSES
from clip_mat.generate.request import CrystalRequest
from clip_mat.language.classes import FAMILY_ELEMENTS
from clip_mat.language.names import ELEMENT_SYMBOLS, canonical_prototype, prototype_names
from clip_mat.search.phrase import has_any
from clip_mat.symmetry import spacegroup_symbol
from rag.design.parts import PARTS, Demands


@dataclass(frozen=True, kw_only=True)
class Wish(Demands):
    """What crystals shall be; empty and None where nothing is asked.

    Attributes:
        composition: A formula; how many units stand in a cell is free. Without one, `elements` and `families` count.
        filter: OPTIMADE, what every crystal must meet besides.
        words: What Crystal CLIP makes the text vector of: the sentences of the papers that the demands were read from.
        n: How many crystals.
        seed: Decides everything that is drawn.
        from_noise: Without templates.
    """

    composition: str | None = None
    filter: str = ""
    words: str = ""
    n: int = 4
    seed: int = 0
    from_noise: bool = False

    @property
    def asks_for_something(self) -> bool:
        """Whether a compound or a class of compounds is named."""
        return bool(self.composition or self.elements or self.families or self.prototypes)

    def request(self, text: str = "") -> CrystalRequest:
        """As the generator takes it.

        Raises:
            RequestError: If a part cannot be understood or met, or two parts contradict each other.
        """
        clauses = [self.filter] if self.filter else []
        clauses += [f"NOT {has_any(self.exclude)}"] if self.exclude else []
        read = CrystalRequest.read(
            "",
            n=self.n,
            composition=self.composition,
            spacegroup=self.spacegroup,
            crystal_system=self.crystal_system,
            filter=" AND ".join(f"({clause})" if len(clauses) > 1 else clause for clause in clauses),
            from_noise=self.from_noise,
            seed=self.seed,
        )
        open_elements = () if read.composition else self.elements
        open_families = () if read.composition else self.families
        return replace(
            read,
            text=text,
            words=self.words,
            elements=open_elements,
            families=open_families,
            prototypes=self.prototypes,
            gap=self.gap,
        )

    def changed(self, **given: Any) -> Self:
        """The same with some parts replaced, checked; None leaves a part as it is, "" or () empties it.

        A composition takes the place of elements and families, a space group that of the crystal system.

        Raises:
            RequestError: If a part is unknown or cannot be understood.
        """
        unknown = sorted(set(given) - set(_ALL_PARTS))
        if unknown:
            raise RequestError(f"a request has no part {unknown[0]!r}; it has {', '.join(sorted(_ALL_PARTS))}")
        given = {name: _checked(name, value) for name, value in given.items() if value is not None}
        if given.get("composition"):
            given = {"elements": (), "families": (), **given}
        elif given.get("elements") or given.get("families"):
            given = {"composition": None, **given}
        if given.get("spacegroup"):
            given.setdefault("crystal_system", None)
        elif given.get("crystal_system"):
            given.setdefault("spacegroup", None)
        wish = replace(self, **given)
        wish.request()
        return wish

    def to_dict(self) -> dict[str, Any]:
        """As JSON, every part, so that it can be edited."""
        return {name: _plain(getattr(self, name)) for name in _ALL_PARTS}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """What `to_dict` gives, or a part of it.

        Raises:
            RequestError: If a part is unknown or cannot be understood.
        """
        return cls().changed(**dict(given))

    def to_rows(self) -> Iterator[tuple[str, str]]:
        """Names and values for people."""
        for name, value in self.to_dict().items():
            if value in (None, [], "", False) or name in ("n", "seed"):
                continue
            shown = ", ".join(value) if isinstance(value, list) else str(value)
            if name == "spacegroup" and self.spacegroup:
                shown = f"{spacegroup_symbol(self.spacegroup)} ({self.spacegroup})"
            elif name == "from_noise":
                shown = "yes"
            yield _SHOWN.get(name, name.replace("_", " ")), shown

    def to_toml(self) -> str:
        """As TOML, each part with a word on what it may be; `read_toml` reads it."""
        lines = ["# What shall be made. Change or empty what you like; lines that begin with # are not read.", ""]
        for name, value in self.to_dict().items():
            lines += [
                f"# {_HELP[name]}",
                f"{name} = {json.dumps('' if value is None else value, ensure_ascii=False)}",
                "",
            ]
        return "\n".join(lines)

    @classmethod
    def read_toml(cls, text: str, source: str = "the request") -> Self:
        """What `to_toml` wrote, as a person has changed it.

        Raises:
            RequestError: If it is no TOML, or a part is unknown or cannot be understood.
        """
        try:
            given = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise RequestError(f'{source} is no TOML: {error}; write lines like composition = "NaCl"') from None
        try:
            return cls.from_dict(given)
        except RequestError as error:
            raise RequestError(f"{source}: {error}") from None


_ALL_PARTS = (*PARTS, "words", "n", "seed", "from_noise")
_SHOWN = {"exclude": "without", "spacegroup": "space group", "prototypes": "structure type", "words": "vector of"}
_HELP = {
    "composition": 'a formula, like "LiMnO2"; "" for any',
    "elements": 'elements that must be there, where composition is "": ["Sn", "I"]',
    "families": "classes, likewise: oxide, halide, nitride, ...",
    "exclude": 'elements that must not be there: ["Pb"]',
    "prototypes": "structure types, each as good as the others: perovskite, rock salt, ...",
    "spacegroup": 'number or symbol, like 225 or "Fm-3m"; "" for any',
    "crystal_system": 'triclinic to cubic; "" for any',
    "gap": f'{", ".join(GAP_CLASSES)}; "" for any',
    "filter": "OPTIMADE, what every crystal must meet besides",
    "words": "what guides the generator as a text vector",
    "n": "how many crystals",
    "seed": "of everything that is drawn",
    "from_noise": "true: without templates",
}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _checked(name: str, value: Any) -> Any:
    """A part of a request as it may come from a file or an option, made what it must be."""
    from clip_mat.generate.inputs import counts_of, spacegroup_of

    if name in ("elements", "families", "exclude", "prototypes"):
        listed = re.split(r"[,;\s]+|\band\b", value) if isinstance(value, str) and name != "prototypes" else value
        listed = re.split(r"\s*[,;]\s*", listed) if isinstance(listed, str) else listed
        if not isinstance(listed, list | tuple) or not all(isinstance(one, str) for one in listed):
            raise RequestError(f"{name} must be a list of names, not {value!r}")
        return tuple(dict.fromkeys(_CHECKS[name](one.strip()) for one in listed if one.strip()))
    if value == "" and name in ("composition", "spacegroup", "crystal_system", "gap"):
        return None
    if name == "composition":
        counts_of(value, "composition")
        return str(value)
    if name == "spacegroup":
        return spacegroup_of(value)
    if name == "crystal_system":
        value = value.lower() if isinstance(value, str) else value
        if value not in CRYSTAL_SYSTEMS:
            raise RequestError(f"crystal system {value!r}: know {', '.join(CRYSTAL_SYSTEMS)}")
    if name == "gap" and (not isinstance(value, str) or value not in GAP_CLASSES):
        raise RequestError(f"gap {value!r}: know {', '.join(GAP_CLASSES)}")
    if name in ("filter", "words") and not isinstance(value, str):
        raise RequestError(f"{name} must be a text, not {value!r}")
    return value


def _element(name: str) -> str:
    symbol = ELEMENT_SYMBOLS.get(name.lower(), name)
    if symbol not in NUMBERS:
        raise RequestError(f"no such element: {name!r}; write a symbol or an English name, like Pb or lead")
    return symbol


def _family(name: str) -> str:
    plain = name.lower().removesuffix("s")
    if plain not in FAMILY_ELEMENTS and plain not in ("intermetallic", "elemental"):
        raise RequestError(f"no such class of compounds: {name!r}; know {', '.join(FAMILY_ELEMENTS)}")
    return plain


def _prototype(name: str) -> str:
    known = canonical_prototype(name) or (name if name in prototype_names() else None)
    if known is None:
        raise RequestError(f"no such structure type: {name!r}; names are like perovskite, rock salt, spinel, NaCl-type")
    return known


_CHECKS = {"elements": _element, "exclude": _element, "families": _family, "prototypes": _prototype}
