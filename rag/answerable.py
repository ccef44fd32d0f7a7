"""Whether a sentence answers a question, or is merely the nearest thing in the papers.

A logistic regression on two measures. Its weights are fitted, and their errors shown, by ``benchmarks/answerable.py``.
"""

from __future__ import annotations

COSINE, COVERAGE, BIAS = 17.4, 13.7, -13.8
NAMED = 1.0
"""Added where the question names a compound or a method and the sentence speaks of it; set by hand."""


def is_answer(cosine: float, coverage: float, *, named: bool = False) -> bool:
    """Whether an answer is likelier than not.

    Args:
        cosine: Similarity of the sentence's vector and the question's.
        coverage: Share of the question's word weight that the sentence holds, 0 to 1.
        named: Whether the question has names and the sentence, or one beside it, holds one of them.
    """
    return COSINE * cosine + COVERAGE * coverage + NAMED * named + BIAS > 0
