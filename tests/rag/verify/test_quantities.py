"""Numbers with units: what is read, and what agrees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.verify.quantities import agrees, find_numbers, plain_numbers, same_number
from rag.verify.units import parse_unit


def read(text: str) -> list[tuple[float, str]]:
    return [(quantity.number, quantity.unit) for quantity in find_numbers(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a gap of 1.73 eV at 25 °C", [(1.73, "eV"), (25.0, "°C")]),
        ("1.2–1.6 eV", [(1.2, "eV"), (1.6, "eV")]),
        ("from 300 to 900 K", [(300.0, "K"), (900.0, "K")]),
        ("1.2 ± 0.1 nm", [(1.2, "nm"), (0.1, "nm")]),
        ("3.2 × 10^18 cm-3", [(3.2e18, "cm-3")]),
        ("10²⁰ cm⁻³", [(1e20, "cm^-3")]),
        ("20 mA cm⁻² and 10 cm2 V−1 s−1", [(20.0, "mA cm^-2"), (10.0, "cm2 V-1 s-1")]),
        ("5,000 samples, 50%", [(5000.0, ""), (50.0, "%")]),
        ("-0.5 V", [(-0.5, "V")]),
        ("two of twelve, two million pixels", [(2.0, ""), (12.0, ""), (2e6, "")]),
        ("2 N atoms in the 1990s", [(2.0, ""), (1990.0, "")]),
        ("eight hours", [(8.0, "hours")]),
        ("Fig. 3, Table 2 and [12, 13]", []),
        ("CsPbI3, Fe2O3, GPT-4, Pm-3m, P6_3/mmc, M3GNet", []),
        ("one thing", []),
        ("a rate of 1e−5. It is low.", [(1e-5, "")]),
    ],
)
def test_reads_numbers_with_their_units(text: str, expected: list[tuple[float, str]]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("claimed", "stated"),
    [
        ("1.6 eV", "1600 meV"),
        ("1.6 eV", "1.58 eV"),
        ("0.5 eV", "48.2 kJ/mol"),
        ("1 nm", "10 Å"),
        ("298 K", "25 °C"),
        ("25 °C", "298 K"),
        ("100 degrees Celsius", "100 °C"),
        ("2 hours", "120 min"),
        ("50 %", "50 percent"),
        ("5‰", "0.5%"),
        ("30 mA/cm2", "30 mA cm^-2"),
        ("three", "3"),
        ("1.6", "1.6 eV"),  # to leave the unit out says nothing false
        ("about 300 K", "296 K"),
        ("5000", "5,000"),
        ("1.0 g/cm3", "1000 kg/m3"),
        ("300 K", "300.0 K"),
    ],
)
def test_agree(claimed: str, stated: str) -> None:
    assert agrees(find_numbers(claimed)[0], find_numbers(stated)[0])


@pytest.mark.parametrize(
    ("claimed", "stated"),
    [
        ("1.7 eV", "1.6 eV"),
        ("2 eV", "1.6 eV"),  # a quarter of the value is no rounding
        ("1.64 eV", "1.6 eV"),  # nobody said the second digit
        ("1.6 meV", "1.6 eV"),
        ("1.6 nm", "1.6 eV"),
        ("12 wt%", "12 at%"),
        ("20‰", "20%"),
        ("0.1 eV/atom", "0.1 eV"),
        ("25 K", "25 °C"),
        ("296 K", "300 K"),
        ("300 K", "296 K"),
        ("1.6 eV", "1.6"),
        ("96", "97"),
        ("2019", "2018"),
        ("-0.5 V", "0.5 V"),
    ],
)
def test_disagree(claimed: str, stated: str) -> None:
    assert not agrees(find_numbers(claimed)[0], find_numbers(stated)[0])


def test_a_difference_of_temperatures_is_the_same_in_degrees_and_kelvin() -> None:
    assert agrees(find_numbers("a rise of 5 K")[0], find_numbers("a rise of 5 °C")[0])


def test_the_digits_alone_can_be_compared() -> None:
    assert same_number(find_numbers("1.6 meV")[0], find_numbers("1.6 eV")[0])


@given(st.floats(0.01, 9999.0), st.sampled_from(["eV", "nm", "K", "%", "GPa", "mA cm^-2", "kJ/mol", ""]))
def test_a_number_agrees_with_itself_however_many_digits(value: float, unit: str) -> None:
    text = f"a value of {value:.4f} {unit}".strip()
    (quantity,) = find_numbers(text)
    assert agrees(quantity, quantity)
    assert quantity.number == pytest.approx(value, abs=1e-4)


@given(st.integers(101, 9999), st.integers(1, 3))
def test_rounding_to_fewer_digits_agrees_one_way_only(value: int, cut: int) -> None:
    exact = find_numbers(f"{value / 1000:.3f} eV")[0]
    rounded = find_numbers(f"{value / 1000:.{3 - cut}f} eV")[0]
    error = abs(rounded.number - exact.number) / exact.number
    assert agrees(rounded, exact) == (error <= 0.05)
    if error > 0.01 and rounded.number != exact.number:
        assert not agrees(exact, rounded)


@given(st.floats(0.2, 5000.0), st.sampled_from([("eV", "meV", 1e3), ("nm", "Å", 10.0), ("GPa", "MPa", 1e3)]))
def test_conversions_agree_both_ways(value: float, units: tuple[str, str, float]) -> None:
    one, other, factor = units
    a, b = find_numbers(f"{value:.3f} {one}")[0], find_numbers(f"{value * factor:.3f} {other}")[0]
    assert agrees(a, b)
    assert agrees(b, a)


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    plain = plain_numbers(text)
    for quantity in find_numbers(text):
        assert 0 <= quantity.start < quantity.end <= len(plain)


@pytest.mark.parametrize(
    ("text", "size", "dimension"),
    [
        ("meV", 1.602176634e-22, {"mass": 1, "length": 2, "time": -2}),
        ("cm^-3", 1e6, {"length": -3}),
        ("W m-1 K-1", 1.0, {"mass": 1, "length": 1, "time": -3, "temperature": -1}),
        ("J/m2", 1.0, {"mass": 1, "time": -2}),
        ("g per mL", 1000.0, {"mass": 1, "length": -3}),
        ("%", 0.01, {}),
    ],
)
def test_units_have_their_size_and_dimension(text: str, size: float, dimension: dict[str, int]) -> None:
    known = parse_unit(text)
    assert known is not None
    assert known[0] == pytest.approx(size)
    assert dict(known[1]) == dimension


def test_a_word_is_no_unit() -> None:
    assert parse_unit("bananas") is None
