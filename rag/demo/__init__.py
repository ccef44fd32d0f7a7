"""The bundled demonstration paper: a short review, and what is known about it by construction.

``PAPER`` is the PDF and ``TRUTH`` the JSON that says where every sentence stands; ``rag.demo.build`` makes
both from ``review.md`` and documents the JSON.
"""

from __future__ import annotations

from pathlib import Path

PAPER = Path(__file__).parent / "temperature-effects.pdf"
"""A five-page, two-column review of temperature effects on point defects."""

TRUTH = Path(__file__).parent / "temperature-effects.json"
"""Text, page, printed label, column and boxes of every sentence of ``PAPER``."""

__all__ = ["PAPER", "TRUTH"]
