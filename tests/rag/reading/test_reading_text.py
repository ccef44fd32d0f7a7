"""Characters: readable text, safe text, and what two readers agree on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.reading import normalise_quote
from rag.reading.glyphcodes import GlyphCodes
from rag.reading.text import one_line, readable, strip_controls


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("e\ufb03cient \ufb01lms", "efficient films"),
        ("5\u00a0\u212b", "5 Å"),
        ("3 \u00b5m", "3 μm"),
        ("so\u00adlar", "solar"),
        ("e\u0301", "é"),
    ],
)
def test_readable(raw: str, shown: str) -> None:
    assert readable(raw) == shown


def test_quotes_agree_over_script_hyphens_and_blanks() -> None:
    assert normalise_quote("10¹³ cm⁻³") == normalise_quote("10 13\ncm−3") == "1013cm3"
    assert normalise_quote("lead-\nfree \ufb01lm") == normalise_quote("lead‐free film")


@given(st.text())
def test_normal_form_is_stable(text: str) -> None:
    once = normalise_quote(text)
    assert normalise_quote(once) == once
    assert not any(letter.isspace() for letter in once)


@pytest.mark.parametrize(
    "hostile",
    ["\x1b[31mred\x1b[0m", "\x1b]0;title\x07red", "r\u202eed", "\x9b31mred", "red\x00\x07", "r\u200be\u2060d"],
)
def test_terminal_codes_leave_nothing(hostile: str) -> None:
    assert strip_controls(hostile) == "red"


@given(st.text())
def test_one_line_is_safe_to_print(text: str) -> None:
    line = one_line(text)
    assert "\n" not in line
    assert "\x1b" not in line
    assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 for letter in line)


def test_private_ligatures_are_told_by_words() -> None:
    codes = GlyphCodes(["The \ue103rst thin \ue103lms show a signi\ue103cant e\ue104ect", "a di\ue104erent way"])
    assert codes.read("con\ue103guration, e\ue104ects") == "configuration, effects"


def test_publishers_mathematics_is_read_but_icelandic_is_not() -> None:
    codes = GlyphCodes(["with p ¼ ðg; nÞ and", "so that x ¼ 3"])
    assert codes.read("f ¼ ðx þ 1Þ") == "f = (x + 1)"
    assert GlyphCodes(["Þór bað um ð"]).read("Þór") == "Þór"
