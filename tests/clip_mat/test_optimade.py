"""OPTIMADE filters: parsed, compiled and run in a real store, against an evaluator that shares nothing with them."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clip_mat.errors import RequestError
from clip_mat.search.optimade import MAX_LENGTH, PROPERTIES, compile_filter
from indexes import Record, SQLiteStore

COMPARE = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
MIRROR = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
ELEMENTS = ["H", "Li", "O", "Mn", "Fe"]


@dataclass(frozen=True)
class Expression:
    """A filter as text, and what it means: true, false or unknown (None) for a record."""

    text: str
    value: Any

    def __call__(self, record: dict[str, Any]) -> bool | None:
        return self.value(record)

    def __repr__(self) -> str:
        return self.text


def leaf(text: str, name: str, test: Any) -> Expression:
    """A comparison: unknown where the property is."""

    def value(record: dict[str, Any]) -> bool | None:
        known = record.get(name)
        return None if known is None else test(known)

    return Expression(text, value)


def known(text: str, name: str, wanted: bool) -> Expression:
    return Expression(text, lambda record: (record.get(name) is not None) == wanted)


def negate(inner: Expression) -> Expression:
    def value(record: dict[str, Any]) -> bool | None:
        result = inner(record)
        return None if result is None else not result

    return Expression(f"NOT ({inner.text})", value)


def join(word: str, parts: list[Expression]) -> Expression:
    def value(record: dict[str, Any]) -> bool | None:
        results = [part(record) for part in parts]
        decisive = word == "OR"
        if decisive in results:
            return decisive
        return None if None in results else not decisive

    return Expression(f" {word} ".join(f"({part.text})" for part in parts), value)


numbers = st.sampled_from(
    [("nelements", "integer"), ("nsites", "integer"), ("band_gap", "float"), ("spacegroup", "int")]
)
strings = {"id": ["mp-1", "mp-12", "x_1", "é%"], "crystal_system": ["cubic", "hexagonal"]}


@st.composite
def number_leaves(draw: st.DrawFn) -> Expression:
    name, kind = draw(numbers)
    sign = draw(st.sampled_from(sorted(COMPARE)))
    value = draw(st.integers(0, 4) if kind != "float" else st.sampled_from([0, 0.5, 1.25, 3]))
    test = COMPARE[sign]
    if draw(st.booleans()):
        return leaf(f"{value} {MIRROR[sign]} {name}", name, lambda found: test(found, value))
    return leaf(f"{name}{sign}{value}", name, lambda found: test(found, value))


@st.composite
def string_leaves(draw: st.DrawFn) -> Expression:
    word = draw(st.sampled_from(["CONTAINS", "STARTS WITH", "ENDS WITH", "STARTS", "ENDS", *COMPARE]))
    name = draw(st.sampled_from(sorted(strings))) if word in ("=", "!=") else "id"
    part = draw(st.sampled_from(strings[name] if word in ("=", "!=") else ["mp", "1", "-", "%", "_", "é", "MP", ""]))
    tests = {
        "CONTAINS": lambda found: part in found,
        "STARTS": lambda found: found.startswith(part),
        "ENDS": lambda found: found.endswith(part),
    }
    test = tests.get(word.split()[0]) or (lambda found: COMPARE[word](found, part))
    return leaf(f'{name} {word} "{part}"', name, test)


@st.composite
def list_leaves(draw: st.DrawFn) -> Expression:
    word = draw(st.sampled_from(["", "ALL", "ANY", "ONLY", "LENGTH"]))
    if word == "LENGTH":
        sign, size = draw(st.sampled_from(["", *COMPARE])), draw(st.integers(0, 4))
        test = COMPARE[sign or "="]
        return leaf(f"elements LENGTH {sign} {size}", "elements", lambda found: test(len(found), size))
    wanted = draw(st.lists(st.sampled_from(ELEMENTS), min_size=1, max_size=1 if not word else 3))
    quoted = ", ".join(f'"{symbol}"' for symbol in wanted)
    tests = {
        "": lambda found: wanted[0] in found,
        "ALL": lambda found: set(wanted) <= set(found),
        "ANY": lambda found: bool(set(wanted) & set(found)),
        "ONLY": lambda found: set(found) <= set(wanted),
    }
    return leaf(f"elements HAS {word} {quoted}", "elements", tests[word])


@st.composite
def known_leaves(draw: st.DrawFn) -> Expression:
    name, wanted = draw(st.sampled_from(["band_gap", "elements", "id"])), draw(st.booleans())
    return known(f"{name} IS {'KNOWN' if wanted else 'UNKNOWN'}", name, wanted)


expressions = st.recursive(
    number_leaves() | string_leaves() | list_leaves() | known_leaves(),
    lambda inner: st.one_of(
        inner.map(negate),
        st.builds(join, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)
records = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(strings["id"]),
        "crystal_system": st.sampled_from(strings["crystal_system"]),
        "elements": st.lists(st.sampled_from(ELEMENTS), unique=True, max_size=4).map(sorted) | st.none(),
        "nelements": st.integers(0, 4) | st.none(),
        "nsites": st.integers(0, 4),
        "spacegroup": st.integers(0, 4),
        "band_gap": st.sampled_from([0, 0.0, 0.5, 1.25, 3.0, None]),
    },
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SQLiteStore]:
    with SQLiteStore.open(tmp_path_factory.mktemp("optimade")) as opened:
        yield opened


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(rows=st.lists(records, min_size=1, max_size=10), wanted=st.lists(expressions, min_size=1, max_size=8))
def test_the_store_agrees_with_brute_force(
    store: SQLiteStore, rows: list[dict[str, Any]], wanted: list[Expression]
) -> None:
    collection = store.collection("crystals")
    with store.transaction():
        collection.delete(where={})
        collection.upsert(Record(f"{place:02}", metadata=row) for place, row in enumerate(rows))
    for expression in wanted:
        expected = [f"{place:02}" for place, row in enumerate(rows) if expression(row) is True]
        assert collection.ids(compile_filter(expression.text)) == expected, expression.text


def matching(store: SQLiteStore, text: str, rows: dict[str, dict[str, Any]]) -> list[str]:
    collection = store.collection("few")
    with store.transaction():
        collection.delete(where={})
        collection.upsert(Record(key, metadata=row) for key, row in rows.items())
    return list(collection.ids(compile_filter(text)))


def test_an_unknown_gap_is_neither_above_nor_not_above(store: SQLiteStore) -> None:
    rows: dict[str, dict[str, Any]] = {"a": {"band_gap": 1.0}, "b": {"band_gap": 5.0}, "c": {"band_gap": None}, "d": {}}
    assert matching(store, "band_gap > 2", rows) == ["b"]
    assert matching(store, "NOT band_gap > 2", rows) == ["a"]
    assert matching(store, "NOT (band_gap > 2 OR nsites = 1)", rows) == []
    assert matching(store, "band_gap != 1", rows) == ["b"]
    assert matching(store, "band_gap IS UNKNOWN", rows) == ["c", "d"]
    assert matching(store, "", rows) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('chemical_formula_reduced = "MnLiO2"', 'chemical_formula_reduced = "LiMnO2"'),
        ('chemical_formula_reduced = "Li2Mn2O4"', 'chemical_formula_reduced = "LiMnO2"'),
        ('chemical_formula_anonymous = "BA2"', 'chemical_formula_anonymous = "A2B"'),
        ('chemical_formula_anonymous = "ABC3"', 'chemical_formula_anonymous = "A3BC"'),
        ('chemical_system = "O-Li-Mn"', 'chemical_system = "Li-Mn-O"'),
        ('crystal_system = "Cubic"', 'crystal_system = "cubic"'),
        ('crystal_system = "rhombohedral"', 'crystal_system = "trigonal"'),
        ('spacegroup = "Fm-3m"', "spacegroup = 225"),
        ('spacegroup = "Pbnm"', "spacegroup = 62"),
        ("_mp_band_gap > 1", "band_gap > 1"),
        ("_clip_spacegroup = 225", "spacegroup = 225"),
        ("space_group_it_number = 225", "spacegroup = 225"),
        ("e_above_hull < 0.1", "energy_above_hull < 0.1"),
        ("((nsites=1))", "nsites=1"),
        ("  nsites\n=\t1 ", "nsites=1"),
        ("nsites<1E3", "nsites<1000"),
    ],
)
def test_two_spellings_of_one_filter(text: str, same: str) -> None:
    assert compile_filter(text) == compile_filter(same)


def test_quotes_and_backslashes_in_strings(store: SQLiteStore) -> None:
    rows = {"a": {"id": 'a"b\\c'}, "b": {"id": "plain"}}
    assert matching(store, r'id = "a\"b\\c"', rows) == ["a"]
    assert matching(store, r'id CONTAINS "\\"', rows) == ["a"]


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("nelements =", 12, "cannot be read"),
        ("nelements >> 3", 12, "cannot be read"),
        ("(nelements = 3", 15, "cannot be read"),
        ("nelements=3 and nsites=3", 17, "in capitals"),
        ("nelements=3 nsites=2", 13, "AND or OR is missing"),
        ("gap > 3", 1, "unknown property 'gap' .known: id, elements, nelements"),
        ("nsites=1 AND _mp_colour = 2", 14, "unknown property '_mp_colour'"),
        ('elements HAS "Xx"', 14, "no such element: 'Xx'"),
        ('elements = "Li"', 12, "elements HAS"),
        ("nelements HAS 3", 11, "no list"),
        ('nelements = "3"', 13, "is a number"),
        ("id = 3", 6, "holds strings"),
        ("nsites CONTAINS 3", 8, "no string"),
        ("nsites LENGTH 3", 8, "no list"),
        ("band_gap = nsites", 12, "only be compared with a value"),
        ("1 < 2", 5, "a property on one side"),
        ('elements HAS < "Li"', 10, "not supported"),
        ('elements:elements HAS "Li":"O"', 10, "not supported"),
        ('crystal_system = "icosahedral"', 18, "no such crystal system"),
        ('spacegroup = "Q5"', 14, "no symbol of a space group"),
        ('chemical_formula_reduced = "water"', 28, "no formula"),
    ],
)
def test_an_error_says_what_and_where(text: str, column: int, message: str) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        compile_filter(text)
    said = str(caught.value)
    assert f"column {column}:" in said, said
    assert "\n" not in said
    before = re.search(r"column \d+: (.*)<here>", said)
    assert before is not None
    assert "".join(before[1].removeprefix("...").split()) in "".join(text.split())


@pytest.mark.parametrize("depth", [40, 100])
def test_deep_nesting_is_refused(depth: int) -> None:
    with pytest.raises(RequestError, match="deep"):
        compile_filter("(nsites=1 AND NOT" * depth + "nsites=1" + ")" * depth)


def test_long_filters_are_refused() -> None:
    with pytest.raises(RequestError, match="characters"):
        compile_filter("nsites=1 OR " * MAX_LENGTH)


def test_every_property_can_be_asked_for() -> None:
    for name in PROPERTIES:
        assert compile_filter(f"{name} IS KNOWN") == {name: {"$ne": None}}


def test_a_caller_cannot_change_the_next_answer() -> None:
    compile_filter("nsites=1")["nsites"] = "spoilt"  # type: ignore[index]
    assert compile_filter("nsites=1") == {"nsites": {"$eq": 1}}
