"""Conditions on metadata, compiled to parameterised SQL over JSON.

A filter is a dict in the style of MongoDB and LangChain. All its entries must hold.

| condition | holds for records whose ... |
|---|---|
| ``{"file": "x.pdf"}`` | field equals the value; None: it is null or missing |
| ``{"year": {"$gte": 2020, "$lt": 2024}}`` | field is in the range (``$gt $gte $lt $lte``; numbers or strings) |
| ``{"f": {"$eq": v}}``, ``{"f": {"$ne": v}}`` | field equals / does not equal (a missing field does not equal) |
| ``{"f": {"$in": [..]}}``, ``{"f": {"$nin": [..]}}`` | field equals one / none of the values |
| ``{"f": {"$exists": true}}`` | field is there, null included |
| ``{"elements": {"$has": "O"}}`` | list holds the value |
| ``{"elements": {"$has_any": [..]}}``, ``$has_all``, ``$has_only`` | list holds one of / all / only the values |
| ``{"elements": {"$size": 3}}``, ``{"$size": {"$gte": 3}}`` | list has so many items (``$eq $ne $gt $gte $lt $lte``) |
| ``{"f": {"$contains": "x"}}``, ``$starts_with``, ``$ends_with`` | string has the part anywhere / first / last |
| ``{"f": {"$not": {..}}}``, ``{"$not": {..}}`` | condition or filter does not hold |
| ``{"$and": [..]}``, ``{"$or": [..]}`` | all / one of the filters hold |

Values compare within their JSON type: a number with numbers (1 equals 1.0), a string with strings by code point,
true with true. Lists and objects compare as a whole. A dot descends: ``{"cell.volume": {"$gt": 50}}``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from indexes.errors import FilterError

MAX_DEPTH = 32
"""Deepest nesting of a filter: SQLite refuses expressions that are deeper than 1,000 by default."""

Sql = tuple[str, list[Any]]
"""A condition and the values of its parameters. Every condition is 0 or 1, never NULL."""

_COLUMN = "metadata"


def compile_filter(where: Mapping[str, Any] | None) -> Sql:
    """Translate a filter.

    Returns:
        An SQL condition over a column ``metadata`` that holds JSON text, and its parameters.

    Raises:
        FilterError: An unknown operator, a value of the wrong kind, or nesting beyond `MAX_DEPTH`.
    """
    if where is None:
        return "1", []
    return _filter(where, 0)


def _filter(where: object, depth: int) -> Sql:
    if not isinstance(where, Mapping):
        raise FilterError(f"a filter is a dict, not {where!r} (write {{'field': value}})")
    if depth > MAX_DEPTH:
        raise FilterError(f"the filter is nested deeper than {MAX_DEPTH} levels")
    parts: list[Sql] = []
    for key, value in where.items():
        if not isinstance(key, str):
            raise FilterError(f"a field name is a string, not {key!r}")
        if key in ("$and", "$or"):
            inner = [_filter(item, depth + 1) for item in _list(key, value)]
            parts.append(_join(inner, " AND " if key == "$and" else " OR ", empty=key == "$and"))
        elif key == "$not":
            parts.append(_not(_filter(value, depth + 1)))
        elif key.startswith("$"):
            raise FilterError(f"unknown operator {key!r} (at this place: $and, $or, $not, or a field name)")
        else:
            parts.append(_condition(_path(key), value, depth + 1))
    return _join(parts, " AND ", empty=True)


def _condition(path: str, value: Any, depth: int) -> Sql:
    if depth > MAX_DEPTH:
        raise FilterError(f"the filter is nested deeper than {MAX_DEPTH} levels")
    if not (isinstance(value, Mapping) and any(isinstance(k, str) and k.startswith("$") for k in value)):
        return _equals(path, value)
    parts: list[Sql] = []
    for operator, operand in value.items():
        if operator == "$not":
            parts.append(_not(_condition(path, operand, depth + 1)))
        elif operator in _OPERATORS:
            parts.append(_OPERATORS[operator](path, operator, operand))
        else:
            raise FilterError(f"unknown operator {operator!r} (known: {', '.join(sorted([*_OPERATORS, '$not']))})")
    return _join(parts, " AND ", empty=True)


def _join(parts: Sequence[Sql], glue: str, *, empty: bool) -> Sql:
    if not parts:
        return ("1" if empty else "0"), []
    return "(" + glue.join(sql for sql, _ in parts) + ")", [value for _, values in parts for value in values]


def _not(part: Sql) -> Sql:
    return f"(NOT {part[0]})", part[1]


def _path(key: str) -> str:
    """JSON path of a dotted field name. Quoted steps need no escapes, but cannot hold a double quote."""
    if not key or '"' in key or "\x00" in key or not all(key.split(".")):
        raise FilterError(
            f"field name {key!r} cannot be filtered on (empty steps, double quotes and NUL are not allowed)"
        )
    return "$" + "".join(f'."{step}"' for step in _text(key).split("."))


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise FilterError(f"{value!r} is not valid Unicode") from None
    return value


def _list(operator: str, value: object) -> Sequence[Any]:
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    raise FilterError(f"{operator} takes a list, not {value!r}")


def _number(value: int | float) -> int | float:
    if isinstance(value, float) and not math.isfinite(value):
        raise FilterError(f"{value!r} is not a number that metadata can hold")
    # SQLite's integers have 64 bits and it reads longer ones from JSON as floats, so the parameter follows suit.
    return value if isinstance(value, float) or -(2**63) <= value < 2**63 else float(value)


def _value_is(kind: str, value: str, wanted: Any) -> Sql:
    """Condition that a JSON value (its ``json_type`` and extracted value as SQL) equals `wanted`."""
    if wanted is None:
        return f"{kind} = 'null'", []
    if isinstance(wanted, bool):
        return f"{kind} = '{'true' if wanted else 'false'}'", []
    if isinstance(wanted, (int, float)):
        return f"({kind} IN ('integer', 'real') AND {value} = ?)", [_number(wanted)]
    if isinstance(wanted, str):
        return f"({kind} = 'text' AND {value} = ?)", [_text(wanted)]
    if isinstance(wanted, (list, tuple, Mapping)):
        try:
            text = json.dumps(wanted, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise FilterError(f"{wanted!r} is not JSON: {error}") from None
        return f"({kind} IN ('array', 'object') AND {value} = ?)", [_text(text)]
    raise FilterError(f"{wanted!r} is not JSON")


def _field_is(path: str, wanted: Any) -> Sql:
    kind, value = f"json_type({_COLUMN}, ?)", f"json_extract({_COLUMN}, ?)"
    sql, values = _value_is(kind, value, wanted)
    return sql, [path] if value not in sql else [path, path, *values]


def _equals(path: str, wanted: Any) -> Sql:
    if wanted is None:
        return f"(COALESCE(json_type({_COLUMN}, ?), 'null') = 'null')", [path]
    sql, values = _field_is(path, wanted)
    return f"(({sql}) IS TRUE)", values


def _not_equals(path: str, _operator: str, wanted: Any) -> Sql:
    return _not(_equals(path, wanted))


_SYMBOLS = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<=", "$eq": "=", "$ne": "<>"}


def _compare(path: str, operator: str, wanted: Any) -> Sql:
    symbol = _SYMBOLS[operator]
    if isinstance(wanted, bool) or not isinstance(wanted, (int, float, str)):
        raise FilterError(f"{operator} takes a number or a string, not {wanted!r}")
    kinds, value = ("'text'", _text(wanted)) if isinstance(wanted, str) else ("'integer', 'real'", _number(wanted))
    return (
        f"((json_type({_COLUMN}, ?) IN ({kinds}) AND json_extract({_COLUMN}, ?) {symbol} ?) IS TRUE)",
        [path, path, value],
    )


def _in(path: str, operator: str, wanted: Any) -> Sql:
    values = _list(operator, wanted)
    parts = [
        _equals(path, value) for value in values if not isinstance(value, (int, float, str)) or isinstance(value, bool)
    ]
    texts = [_text(value) for value in values if isinstance(value, str)]
    numbers = [_number(value) for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    for kinds, group in (("'text'", texts), ("'integer', 'real'", numbers)):
        if group:
            # One JSON parameter, however long the list: SQLite limits the number of parameters.
            parts.append(
                (
                    f"((json_type({_COLUMN}, ?) IN ({kinds}) AND json_extract({_COLUMN}, ?)"
                    " IN (SELECT value FROM json_each(?))) IS TRUE)",
                    [path, path, json.dumps(group)],
                )
            )
    return _join(parts, " OR ", empty=False)


def _not_in(path: str, operator: str, wanted: Any) -> Sql:
    return _not(_in(path, operator, wanted))


def _exists(path: str, operator: str, wanted: Any) -> Sql:
    if not isinstance(wanted, bool):
        raise FilterError(f"{operator} takes true or false, not {wanted!r}")
    return f"(json_type({_COLUMN}, ?) IS {'NOT ' if wanted else ''}NULL)", [path]


def _has_any(path: str, operator: str, wanted: Any) -> Sql:
    return _elements(path, _list(operator, wanted))


def _has(path: str, _operator: str, wanted: Any) -> Sql:
    return _elements(path, [wanted])


def _has_all(path: str, operator: str, wanted: Any) -> Sql:
    parts = [_elements(path, [value]) for value in _list(operator, wanted)]
    return _join([_is_list(path), *parts], " AND ", empty=True)


def _has_only(path: str, operator: str, wanted: Any) -> Sql:
    return _join([_is_list(path), _not(_elements(path, _list(operator, wanted), negate=True))], " AND ", empty=True)


def _size(path: str, operator: str, wanted: Any) -> Sql:
    sizes = wanted if isinstance(wanted, Mapping) else {"$eq": wanted}
    parts = [_is_list(path)]
    for symbol, size in sizes.items():
        if symbol not in _SYMBOLS or isinstance(size, bool) or not isinstance(size, int):
            raise FilterError(f"{operator} takes a whole number or a comparison with one, not {wanted!r}")
        parts.append((f"(json_array_length({_COLUMN}, ?) {_SYMBOLS[symbol]} ?)", [path, _number(size)]))
    return _join(parts, " AND ", empty=True)


def _part(path: str, operator: str, wanted: Any) -> Sql:
    if not isinstance(wanted, str):
        raise FilterError(f"{operator} takes a string, not {wanted!r}")
    value, length = f"json_extract({_COLUMN}, ?)", len(_text(wanted))
    # No LIKE: it takes % and _ for wildcards and ignores the case of ASCII letters.
    values: list[Any]
    if operator == "$contains":
        test, values = f"instr({value}, ?) > 0", [path, wanted]
    elif operator == "$starts_with":
        test, values = f"substr({value}, 1, ?) = ?", [path, length, wanted]
    else:  # substr counts a start before the first letter from the end, hence the test of the length
        test = f"length({value}) >= ? AND substr({value}, length({value}) - ? + 1) = ?"
        values = [path, length, path, path, length, wanted]
    return f"((json_type({_COLUMN}, ?) = 'text' AND {test}) IS TRUE)", [path, *values]


def _is_list(path: str) -> Sql:
    return f"(json_type({_COLUMN}, ?) IS 'array')", [path]


def _elements(path: str, wanted: Sequence[Any], *, negate: bool = False) -> Sql:
    """Some element of the list is (or, negated, is not) one of `wanted`."""
    one, values = _join([_value_is("item.type", "item.value", value) for value in wanted], " OR ", empty=False)
    test = f"(NOT {one})" if negate else one
    return (
        f"(json_type({_COLUMN}, ?) IS 'array' AND EXISTS (SELECT 1 FROM json_each({_COLUMN}, ?) AS item WHERE {test}))",
        [path, path, *values],
    )


_OPERATORS: dict[str, Callable[[str, str, Any], Sql]] = {
    "$eq": lambda path, _operator, wanted: _equals(path, wanted),
    "$ne": _not_equals,
    "$gt": _compare,
    "$gte": _compare,
    "$lt": _compare,
    "$lte": _compare,
    "$in": _in,
    "$nin": _not_in,
    "$exists": _exists,
    "$has": _has,
    "$has_any": _has_any,
    "$has_all": _has_all,
    "$has_only": _has_only,
    "$size": _size,
    "$contains": _part,
    "$starts_with": _part,
    "$ends_with": _part,
}
