"""From a question to crystals: ask the papers, turn what they answer into a request, make it, and keep the pages.

>>> from rag import PaperLibrary, design
>>> with PaperLibrary("papers.db") as papers:                             # doctest: +SKIP
...     plan = design.plan(papers, "Which lead-free double perovskite has long carrier lifetimes?")
...     plan.wish                                # what would be made, and why: plan.evidence
...     made = plan.changed(n=8).make()          # crystals, each with the pages behind it
...     made.write("made", "cif")                # and provenance.json
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.design.designs import Design, DesignedCrystal, design
    from rag.design.evidence import Evidence
    from rag.design.plans import Alternative, Plan, plan
    from rag.design.wish import Wish

__all__ = ["Alternative", "Design", "DesignedCrystal", "Evidence", "Plan", "Wish", "design", "plan"]

_HOMES = {
    "Alternative": "plans",
    "Design": "designs",
    "DesignedCrystal": "designs",
    "Evidence": "evidence",
    "Plan": "plans",
    "Wish": "wish",
    "design": "designs",
    "plan": "plans",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"rag.design.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
