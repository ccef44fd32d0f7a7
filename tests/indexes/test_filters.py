"""Filters as SQL against the same filters in Python."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexes import FilterError, Record, SQLiteStore

MISSING = object()


def kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    return type(value).__name__


def equal(left: Any, right: Any) -> bool:
    if kind(left) != kind(right):
        return False
    if isinstance(left, (list, dict)):
        return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)
    return bool(left == right)


def lookup(metadata: Any, path: str) -> Any:
    for step in path.split("."):
        if not isinstance(metadata, Mapping) or step not in metadata:
            return MISSING
        metadata = metadata[step]
    return metadata


def one(value: Any, operator: str, operand: Any) -> bool:
    is_list = isinstance(value, list)
    match operator:
        case "$eq":
            return value is MISSING or value is None if operand is None else equal(value, operand)
        case "$ne":
            return not one(value, "$eq", operand)
        case "$in":
            return any(one(value, "$eq", item) for item in operand)
        case "$nin":
            return not one(value, "$in", operand)
        case "$exists":
            return (value is not MISSING) == operand
        case "$has":
            return is_list and any(equal(item, operand) for item in value)
        case "$has_any":
            return is_list and any(equal(item, want) for item in value for want in operand)
        case "$has_all":
            return is_list and all(any(equal(item, want) for item in value) for want in operand)
        case "$has_only":
            return is_list and all(any(equal(item, want) for want in operand) for item in value)
        case "$size":
            sizes = operand if isinstance(operand, Mapping) else {"$eq": operand}
            return is_list and all(one(len(value), name, size) for name, size in sizes.items())
        case "$contains":
            return isinstance(value, str) and operand in value
        case "$starts_with":
            return isinstance(value, str) and value.startswith(operand)
        case "$ends_with":
            return isinstance(value, str) and value.endswith(operand)
        case "$not":
            return not field(value, operand)
    if kind(value) != kind(operand):
        return False
    return {
        "$gt": value > operand,
        "$gte": value >= operand,
        "$lt": value < operand,
        "$lte": value <= operand,
    }[operator]


def field(value: Any, condition: Any) -> bool:
    if isinstance(condition, Mapping) and any(key.startswith("$") for key in condition):
        return all(one(value, operator, operand) for operator, operand in condition.items())
    return one(value, "$eq", condition)


def holds(metadata: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
    for key, value in where.items():
        if key == "$and":
            result = all(holds(metadata, part) for part in value)
        elif key == "$or":
            result = any(holds(metadata, part) for part in value)
        elif key == "$not":
            result = not holds(metadata, value)
        else:
            result = field(lookup(metadata, key), value)
        if not result:
            return False
    return True


scalars = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        1,
        1.0,
        2,
        2.5,
        -1,
        10**20,
        "",
        "1",
        "a",
        "b",
        "é",
        "true",
        "null",
        "[1]",
        "'; DROP TABLE x; --",
        'q"t',
    ]
)
lists = st.lists(scalars, max_size=3)
values = scalars | lists | st.dictionaries(st.sampled_from(["u", "v"]), scalars, max_size=2)
keys = st.sampled_from(["a", "b", "c", "a.u", "b.v"])
metadatas = st.dictionaries(st.sampled_from(["a", "b", "c"]), values, max_size=3)
ordered = scalars.filter(lambda value: value is not None and not isinstance(value, bool))
plain_conditions = st.one_of(
    values,
    *(st.fixed_dictionaries({name: values}) for name in ("$eq", "$ne")),
    *(st.fixed_dictionaries({name: ordered}) for name in ("$gt", "$gte", "$lt", "$lte")),
    *(
        st.fixed_dictionaries({name: st.lists(values, max_size=3)})
        for name in ("$in", "$nin", "$has_any", "$has_all", "$has_only")
    ),
    st.fixed_dictionaries({"$exists": st.booleans()}),
    *(
        st.fixed_dictionaries({name: st.sampled_from(["", "a", "é", "u", "r", "true", "%", "_", "[1", 'q"t'])})
        for name in ("$contains", "$starts_with", "$ends_with")
    ),
    st.fixed_dictionaries(
        {
            "$size": st.integers(0, 3)
            | st.dictionaries(
                st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]), st.integers(0, 3), max_size=2
            )
        }
    ),
    st.fixed_dictionaries({"$has": scalars}),
    st.fixed_dictionaries({"$gte": ordered, "$lt": ordered}),
)
conditions = plain_conditions | st.fixed_dictionaries({"$not": plain_conditions})
filters = st.recursive(
    st.dictionaries(keys, conditions, max_size=2),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"$and": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"$or": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"$not": inner}),
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SQLiteStore]:
    with SQLiteStore.open(tmp_path_factory.mktemp("filters")) as opened:
        yield opened


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(metadatas, min_size=1, max_size=12), wheres=st.lists(filters, min_size=1, max_size=8))
def test_sql_agrees_with_python(store: SQLiteStore, rows: list[dict[str, Any]], wheres: list[dict[str, Any]]) -> None:
    collection = store.collection("c")
    with store.transaction():
        collection.delete(where={})
        collection.upsert(Record(f"{i:02}", metadata=row) for i, row in enumerate(rows))
    for where in wheres:
        assert collection.ids(where) == [f"{i:02}" for i, row in enumerate(rows) if holds(row, where)], where


def test_element_lists(store: SQLiteStore) -> None:
    crystals = store.collection("crystals")
    crystals.upsert(
        Record(name, metadata={"elements": elements})
        for name, elements in {"NaCl": ["Na", "Cl"], "NiO": ["Ni", "O"], "LiNiO2": ["Li", "Ni", "O"]}.items()
    )
    assert crystals.ids({"elements": {"$has": "O"}}) == ["LiNiO2", "NiO"]
    assert crystals.ids({"elements": {"$has_any": ["Na", "Li"]}}) == ["LiNiO2", "NaCl"]
    assert crystals.ids({"elements": {"$has_all": ["Ni", "O"]}}) == ["LiNiO2", "NiO"]
    assert crystals.ids({"elements": {"$has_only": ["Ni", "O", "Cl"]}}) == ["NiO"]


def test_long_lists_fit(store: SQLiteStore) -> None:
    collection = store.collection("long")
    collection.upsert([Record("a", metadata={"n": 77_777, "s": "77777"})])
    assert collection.ids({"n": {"$in": list(range(100_000))}}) == ["a"]
    assert collection.ids({"s": {"$in": [str(i) for i in range(100_000)]}}) == ["a"]


def nested(levels: int) -> dict[str, Any]:
    where: dict[str, Any] = {"a": 1}
    for _ in range(levels):
        where = {"$not": where}
    return where


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"a": {"$regex": "x"}}, r"unknown operator '\$regex' \(known: \$contains"),
        ({"$nor": []}, r"unknown operator '\$nor'"),
        ({"a": {"$gt": 1, "plain": 2}}, "unknown operator 'plain'"),
        ({"a": {"$gt": None}}, "number or a string"),
        ({"a": {"$gt": True}}, "number or a string"),
        ({"a": {"$gt": float("nan")}}, "nan"),
        ({"a": {"$size": "3"}}, "whole number"),
        ({"a": {"$size": {"$in": [3]}}}, "whole number"),
        ({"a": {"$contains": 3}}, "takes a string"),
        ({"a": {"$ends_with": "\ud800"}}, "not valid Unicode"),
        ({"a": {"$in": "abc"}}, "takes a list"),
        ({"$and": {"a": 1}}, "takes a list"),
        ({"$or": [1]}, "a filter is a dict"),
        ({"a": {"$exists": 1}}, "true or false"),
        ({"a": {1, 2}}, "not JSON"),
        ({"a": b"x"}, "not JSON"),
        ({"a": "\ud800"}, "Unicode"),
        ({'a"b': 1}, "field name"),
        ({"": 1}, "field name"),
        ({"a..b": 1}, "field name"),
        ({1: 2}, "a field name is a string"),
        ([], "a filter is a dict"),
        (nested(40), "deeper"),
        ({"$or": [{"a": i} for i in range(5000)]}, "too large"),
    ],
)
def test_filters_that_cannot_be_understood(store: SQLiteStore, where: Any, message: str) -> None:
    with pytest.raises(FilterError, match=message):
        store.collection("c").ids(where)


def test_values_are_never_part_of_the_sql(store: SQLiteStore) -> None:
    collection = store.collection("inject")
    nasty = "' OR 1=1; DROP TABLE meta; --"
    collection.upsert([Record("a", metadata={"x": nasty}), Record("b", metadata={nasty: 1})])
    assert collection.ids({"x": nasty}) == ["a"]
    assert collection.ids({nasty: 1}) == ["b"]
    assert collection.ids({"x": {"$in": [nasty]}}) == ["a"]
