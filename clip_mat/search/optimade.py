"""The OPTIMADE filter language (version 1.2), compiled to filters of `indexes`.

The grammar is the one of ``optimade`` (Evans et al., J. Open Source Softw. 6, 3458 (2021)). An unknown value matches
no comparison, nor the negation of one: logic is three-valued, as in SQL and in OPTIMADE's own server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from clip_mat.crystal import NUMBERS
from clip_mat.errors import RequestError
from clip_mat.facts import CRYSTAL_SYSTEMS, anonymous_formula, write_formula
from clip_mat.language.formula_parser import parse_formula, plain_digits
from clip_mat.language.spacegroups import find_symbol
from indexes import Filter, FilterError
from indexes.filters import compile_filter as to_sql

if TYPE_CHECKING:
    from lark import Token, Tree
    from optimade.filterparser import LarkParser

    Node: TypeAlias = Tree[Token]

_EXAMPLE = 'elements HAS ALL "Li","O" AND nelements=3'

Kind = Literal["string", "integer", "float", "list"]

PROPERTIES: dict[str, Kind] = {
    "id": "string",
    "elements": "list",
    "nelements": "integer",
    "nsites": "integer",
    "chemical_formula_reduced": "string",
    "chemical_formula_anonymous": "string",
    "chemical_system": "string",
    "spacegroup": "integer",
    "crystal_system": "string",
    "prototypes": "list",
    "band_gap": "float",
    "energy_above_hull": "float",
    "formation_energy": "float",
    "density": "float",
}
"""What a record of a materials index knows of its crystal, as metadata fields of the same names.

Formulas as in `clip_mat.facts.Facts`; ``elements`` in alphabetical order; ``chemical_system`` like ``Li-Mn-O``;
``nsites`` in the cell as it was given; band gap in eV, energies in eV/atom, density in g/cm³. Missing or null is
unknown.
"""
ALIASES = {
    "e_above_hull": "energy_above_hull",
    "formation_energy_per_atom": "formation_energy",
    "space_group_it_number": "spacegroup",
    "spacegroup_number": "spacegroup",
    "chemsys": "chemical_system",
}
"""Names that others give to the same properties; so does a provider's prefix: ``_mp_band_gap``."""
MAX_LENGTH = 4000
"""Longest filter in characters: the time to parse grows faster than the length."""

_OPERATORS = {"=": "$eq", "!=": "$ne", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
_MIRRORED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_PREFIXED = re.compile(r"_[a-z0-9]+_(.+)")
_SMALL_OPERATOR = re.compile(r'\b(?:and|or|not|has|is|contains|length)\b(?=(?:[^"]*"[^"]*")*[^"]*$)')


@lru_cache(maxsize=1024)
def _compile(text: str) -> Filter:
    tree = parse_filter(text)
    try:
        where = _Compiler(text).expression(tree, negated=False)
        to_sql(where)
    except FilterError as error:
        raise RequestError(f"the filter cannot be used: {error}") from None
    except RecursionError:
        raise RequestError("the filter is nested too deeply") from None
    return where


def compile_filter(text: str) -> Filter:
    """Translate an OPTIMADE filter; a blank one holds for every record.

    Args:
        text: Like ``elements HAS ALL "Li","O" AND band_gap > 3``. Properties are `PROPERTIES`. A formula may have
            its elements in any order, and a space group may be given by its symbol.

    Raises:
        RequestError: With the column, if the text is no OPTIMADE filter, names an unknown property, or compares it
            with a value of another kind.
    """
    if len(text) > MAX_LENGTH:
        raise RequestError(f"the filter has {len(text):,} characters; shorten it to {MAX_LENGTH:,}")
    return json.loads(json.dumps(_compile(text))) if text.strip() else {}


@cache
def _parser() -> LarkParser:
    from optimade.filterparser import LarkParser

    return LarkParser(version=(1, 2, 0))


def parse_filter(text: str) -> Node:
    """The tree of a filter by its grammar alone, whatever properties it names.

    Raises:
        RequestError: With the column, if it cannot be read.
    """
    from lark import UnexpectedInput
    from optimade.exceptions import BadRequest

    try:
        tree = _parser().parse(text)
    except BadRequest as error:
        cause = error.__cause__
        at = getattr(cause, "pos_in_stream", None) if isinstance(cause, UnexpectedInput) else None
        hint = "operators are written in capitals" if _SMALL_OPERATOR.search(text) else f"write it like {_EXAMPLE}"
        raise _wrong(f"the filter cannot be read ({hint})", text, len(text) if at is None or at < 0 else at) from None
    if len(tree.children) != 1:
        second = cast("Node", tree.children[1])
        raise _wrong("AND or OR is missing", text, next(second.scan_values(lambda _token: True)).start_pos or 0)
    return cast("Node", tree.children[0])


def _wrong(what: str, text: str, at: int) -> RequestError:
    """An error that shows the place in one line."""
    before, after = text[max(0, at - 24) : at], text[at : at + 24]
    excerpt = " ".join(f"{'...' if at > 24 else ''}{before}<here>{after}{'...' if len(text) > at + 24 else ''}".split())
    return RequestError(f"{what} at column {at + 1}: {excerpt}")


class _Compiler:
    """Walks the parsed tree. A negation is pushed down to the comparisons, where unknown values stay unmatched."""

    def __init__(self, text: str) -> None:
        self.text = text

    def expression(self, node: Node, *, negated: bool) -> Filter:
        match node.data:
            case "expression":
                return self._join("$and" if negated else "$or", node, negated)
            case "expression_clause":
                return self._join("$or" if negated else "$and", node, negated)
            case "expression_phrase":
                turned = len(node.children) > 1
                return self.expression(cast("Node", node.children[-1]), negated=negated != turned)
            case _:
                return self._comparison(cast("Node", node.children[0]), negated)

    def _join(self, operator: str, node: Node, negated: bool) -> Filter:
        parts = [self.expression(cast("Node", child), negated=negated) for child in node.children]
        return parts[0] if len(parts) == 1 else {operator: parts}

    def _comparison(self, node: Node, negated: bool) -> Filter:
        children = cast("list[Any]", node.children)
        if node.data == "constant_first_comparison":
            constant, operator, right = children
            if right.data != "non_string_value" or right.children[0].data != "property":
                raise self._error("a comparison needs a property on one side", right)
            name, kind = self._property(right.children[0])
            condition = self._compare(name, kind, _MIRRORED[str(operator)], constant)
        else:
            name, kind = self._property(children[0])
            right = children[1]
            if right.data == "known_op_rhs":
                known = (str(right.children[1]) == "KNOWN") != negated
                return {name: {"$ne": None}} if known else {name: {"$eq": None}}
            read = self._RIGHT_SIDES.get(right.data)
            if read is None:
                raise self._error("lists in parallel (a:b HAS ...) are not supported", right)
            condition = read(self, name, kind, right)
        if negated:
            return {"$and": [{name: {"$ne": None}}, {name: {"$not": condition}}]}
        return {name: condition}

    def _property(self, node: Node) -> tuple[str, Kind]:
        written = ".".join(str(token) for token in node.children)
        name = ALIASES.get(written, written)
        prefixed = _PREFIXED.fullmatch(name)
        if name not in PROPERTIES and prefixed:
            name = ALIASES.get(prefixed[1], prefixed[1])
        if name not in PROPERTIES:
            raise self._error(f"unknown property {written!r} (known: {', '.join(PROPERTIES)})", node)
        return name, PROPERTIES[name]

    def _value_side(self, name: str, kind: Kind, node: Node) -> Mapping[str, Any]:
        operator, value = node.children
        return self._compare(name, kind, str(operator), cast("Node", value))

    def _compare(self, name: str, kind: Kind, operator: str, node: Node) -> Mapping[str, Any]:
        if kind == "list":
            raise self._error(f"{name} is a list: write {name} HAS ...", node)
        value = self._constant(name, kind, node, exact=operator in ("=", "!="))
        if operator == "!=":
            return {"$ne": value, "$not": {"$eq": None}}
        return {_OPERATORS[operator]: value}

    def _fuzzy_side(self, name: str, kind: Kind, node: Node) -> Mapping[str, Any]:
        if kind != "string":
            raise self._error(f"{name} is no string: {node.children[0]} does not apply", node)
        operator = {"CONTAINS": "$contains", "STARTS": "$starts_with", "ENDS": "$ends_with"}[str(node.children[0])]
        return {operator: self._constant(name, kind, cast("Node", node.children[-1]), exact=False)}

    def _set_side(self, name: str, kind: Kind, node: Node) -> Mapping[str, Any]:
        if kind != "list":
            raise self._error(f"{name} is no list: HAS does not apply (write {name} = ...)", node)
        word = str(node.children[1]) if len(node.children) > 2 else ""
        values = cast("Node", node.children[-1])
        items = values.children if values.data == "value_list" else node.children[1:]
        wanted = []
        for item in items:
            if hasattr(item, "data"):
                wanted.append(self._constant(name, "string", cast("Node", item), exact=True))
            elif str(item) in _OPERATORS and str(item) != "=":
                raise self._error(f"HAS {item} is not supported; list the values", node)
        operator = {"ALL": "$has_all", "ANY": "$has_any", "ONLY": "$has_only"}.get(word)
        return {"$has": wanted[0]} if operator is None else {operator: wanted}

    def _length_side(self, name: str, kind: Kind, node: Node) -> Mapping[str, Any]:
        if kind != "list":
            raise self._error(f"{name} is no list: LENGTH does not apply", node)
        operator = str(node.children[1]) if len(node.children) > 2 else "="
        number = cast("Node", node.children[-1])
        return {"$size": {_OPERATORS[operator]: int(str(number.children[0]))}}

    _RIGHT_SIDES: Mapping[str, Callable[[_Compiler, str, Kind, Node], Mapping[str, Any]]] = {
        "value_op_rhs": _value_side,
        "fuzzy_string_op_rhs": _fuzzy_side,
        "set_op_rhs": _set_side,
        "length_op_rhs": _length_side,
    }

    def _constant(self, name: str, kind: Kind, node: Node, *, exact: bool) -> str | int | float:
        """A constant as the property stores its values; `exact` where it must be a whole value of it."""
        while node.data in ("value", "constant", "non_string_value"):
            node = cast("Node", node.children[0])
        if node.data == "property":
            raise self._error(f"{name} can only be compared with a value", node)
        if node.data == "bool":
            raise self._error(f"{name} is neither true nor false", node)
        token = str(node.children[0])
        if node.data == "string":
            text = re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL)
            if name == "spacegroup" and exact:
                symbol = find_symbol(plain_digits(text), 0)
                if symbol is None or symbol[0] != len(text):
                    raise self._error(f"{text!r} is no symbol of a space group", node)
                return symbol[1]
            if kind != "string":
                raise self._error(f"{name} is a number, not {token}", node)
            return self._spelt(name, text, node) if exact else text
        if kind == "string":
            raise self._error(f'{name} holds strings: write "{token}"', node)
        value = float(token)
        return int(token) if re.fullmatch(r"[-+]?\d{1,18}", token) else value

    def _spelt(self, name: str, text: str, node: Node) -> str:
        """A string in the one spelling that records have."""
        if name == "elements" and text not in NUMBERS:
            raise self._error(f"no such element: {text!r}", node)
        if name == "crystal_system":
            system = {"rhombohedral": "trigonal"}.get(text.lower(), text.lower())
            if system not in CRYSTAL_SYSTEMS:
                raise self._error(f"no such crystal system: {text!r} (known: {', '.join(CRYSTAL_SYSTEMS)})", node)
            return system
        if name == "chemical_system":
            return "-".join(sorted(text.split("-")))
        if name == "chemical_formula_reduced":
            composition = parse_formula(text)
            if composition is None or any(not isinstance(amount, int) for _, amount in composition):
                raise self._error(f"{text!r} is no formula in whole numbers", node)
            return write_formula({str(symbol): int(amount or 0) for symbol, amount in composition})
        if name == "chemical_formula_anonymous":
            pieces = re.findall(r"([A-Z][a-z]?)(\d*)", text)
            counts = {letter: int(count or 1) for letter, count in pieces}
            if "".join(map("".join, pieces)) != text or not counts or min(counts.values()) < 1:
                raise self._error(f"{text!r} is no anonymous formula such as A2B", node)
            return anonymous_formula(counts)
        return text

    def _error(self, what: str, node: Node) -> RequestError:
        token = next(node.scan_values(lambda _token: True), None)
        return _wrong(what, self.text, (token.start_pos if token is not None else None) or 0)


def fields_of(where: object) -> Iterator[str]:
    """Names of the fields that a compiled filter speaks of."""
    if isinstance(where, Mapping):
        for name, value in where.items():
            if not name.startswith("$"):
                yield name
            yield from fields_of(value)
    elif isinstance(where, list):
        for part in where:
            yield from fields_of(part)
