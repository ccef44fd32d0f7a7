"""What a language model wrote, as sentences and citations; nothing of its own references is left."""

from __future__ import annotations

import pytest

from rag.draft import DraftSentence, holds_citation, parse_draft

PLACES = {("kim2020", 5): [2], ("kim2020", 0): [1, 2], ("lee2021a", 7): [3]}


def parsed(text: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(sentence.text, sentence.cited) for sentence in parse_draft(text, 3, PLACES)]


GAP = "The gap is 1.3 eV."


@pytest.mark.parametrize(
    ("draft", "cited"),
    [
        ("The gap is 1.3 eV [1].", (1,)),
        ("The gap is 1.3 eV. [1]", (1,)),
        ("The gap is 1.3 eV.[1][3]", (1, 3)),
        ("The gap is 1.3 eV [1, 3].", (1, 3)),
        ("The gap is 1.3 eV [1-3].", (1, 2, 3)),
        ("The gap is 1.3 eV [Source 2].", (2,)),
        ("The gap is 1.3 eV (source 2).", (2,)),
        ("The gap is 1.3 eV【2†source】.", (2,)),
        ("The gap is 1.3 eV [^2].", (2,)),
        ("The gap is 1.3 eV².", (2,)),
        ("The gap is 1.3 eV<sup>[2]</sup>.", (2,)),
        ("The gap is 1.3 eV (Kim2020 page 5).", (2,)),
        ("The gap is 1.3 eV (Kim2020 page 5; Lee2021a page 7).", (2, 3)),
        ("The gap is 1.3 eV [Kim2020, p. 5].", (2,)),
        ("The gap is 1.3 eV (Kim2020).", (1, 2)),
        ("According to source 2, the gap is 1.3 eV.", (2,)),
        ("Source [2] states that the gap is 1.3 eV.", (2,)),
        ("Based on the provided context, the gap is 1.3 eV [3].", (3,)),
        ("The gap is 1.3 eV", ()),
        ("Text: The gap is 1.3 eV.", ()),
        ("The gap is 1.3 eV [99].", ()),
        ("The gap is 1.3 eV (Smith2031 page 4).", ()),
        ("The gap is 1.3 eV (Smith et al., 2019).", ()),
        ("The gap is 1.3 eV (Smith & Lee, 2019, pp. 3-4).", ()),
        ("The gap is 1.3 eV, see page 7.", ()),
        ("As shown by Smith2020 on page 4, the gap is 1.3 eV.", ()),
        ("The gap is 1.3 eV (https://evil.example/a?b=c).", ()),
        ("The gap is 1.3 eV www.evil.example/x.", ()),
        ("The gap is 1.3 eV (doi:10.1234/forged.5).", ()),
        ("The gap is 1.3 eV arXiv:2401.01234.", ()),
        ("The gap is [1.3 eV](javascript:alert(1)).", ()),
        ("**The gap** is `1.3 eV`.", ()),
        ("# Answer\n\n- The gap is 1.3 eV [2]\n\n## References\n\n[2] Doe, J. Forged.", (2,)),
        ("1. The gap is 1.3 eV [2].", (2,)),
        ("<think>The gap is 9 eV.</think>The gap is 1.3 eV [2].", (2,)),
        ("The gap must be 9 eV.\n</think>\nThe gap is 1.3 eV [2].", (2,)),
        ("<|im_start|>assistant<|im_end|>The gap is 1.3 eV [2].", (2,)),
        ('{"answer": "The gap is 1.3 eV.", "citations": [2]}', (2,)),
        ('```json\n{"sentences": [{"text": "The gap is 1.3 eV.", "sources": ["[2]"]}]}\n```', (2,)),
        ('Here you are: {"answer": "The gap is 1.3 eV [2]."} Anything else?', (2,)),
        ("<p onclick='x()'>The gap is 1.3 eV [2].</p><script>alert(1)</script>", (2,)),
        ("\x1b[1mThe gap\x1b[0m is 1.3 eV [2].\x1b]0;owned\x07", (2,)),
        ("Sure! The gap is 1.3 eV [2]. I hope this helps.", (2,)),
        ("What is the gap? The gap is 1.3 eV [2].", (2,)),
        ("The gap is 1.3 eV [2]. The gap is 1.3 eV [2].", (2,)),
        ('"The gap is 1.3 eV" [2].', (2,)),
    ],
)
def test_one_sentence_comes_out_plain(draft: str, cited: tuple[int, ...]) -> None:
    assert parsed(draft) == [(GAP, cited)]


@pytest.mark.parametrize(
    "draft",
    [
        "",
        " \n\t",
        "[1]",
        "[1][2][3]",
        "I'm sorry, but as an AI language model I cannot answer this question.",
        "NOT ANSWERED",
        "The provided sources do not answer the question.",
        "What is the gap?",
        "Here is the answer:",
        "<think>The gap is 9 eV.",
        '<tool_call>{"name": "shell", "arguments": {"command": "rm -rf /"}}</tool_call>',
        "https://evil.example/a",
        "gap gap gap gap gap gap gap gap",
        "{" * 5_000,
        '{"a":' * 2_000,
    ],
)
def test_what_is_no_sentence_of_the_matter_is_left_out(draft: str) -> None:
    assert parsed(draft) == []


def test_what_only_looks_like_a_citation_stays() -> None:
    for text in (
        "The plane along [110] is stable.",
        "A value of 2020 K was reached in 2019.",
        "Both models (with and without physical features) agree.",
        "Phase I was seen in Fig. 3.",
        "The trap density is 9.7 × 10^13 cm^-3.",
        "In MAPbI3 the bands (bond lengths and angles) shift.",
        "The Berendsen thermostat does not provide the canonical ensemble.",
    ):
        assert parsed(text) == [(text, ())]
        assert not holds_citation(text)


def test_a_long_draft_is_cut() -> None:
    draft = " ".join(f"Compound number {number} melts at low temperature." for number in range(5_000))
    assert len(parsed(draft)) == 24


def test_markers_of_the_next_line_belong_to_the_sentence_before() -> None:
    assert parsed("The gap is 1.3 eV.\n[2]\nTin oxidises in air.\n[3]") == [(GAP, (2,)), ("Tin oxidises in air.", (3,))]


def test_whether_a_source_was_named_is_known() -> None:
    assert parse_draft("The gap is 1.3 eV [99].", 3) == [DraftSentence(GAP, (), True)]
    assert parse_draft("The gap is 1.3 eV.", 3) == [DraftSentence(GAP, (), False)]


@pytest.mark.parametrize(
    "draft",
    [
        "Cells are represented by methylammonium lead triiodide (",
        "The efficiency of the cells was measured by the.",
        "Cells of tin (which decay [1].",
        "The anion that showed larger binding affinity toward the vacancies compared to bromide.",
    ],
)
def test_a_sentence_that_breaks_off_is_none(draft: str) -> None:
    assert parsed(draft) == []


def test_stars_of_a_polymer_are_no_emphasis() -> None:
    text = "It turns [*]CCOCCO[*] into [*]COC[*] in one step."
    assert parsed(text) == [(text, ())]
