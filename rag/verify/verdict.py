"""What is found when a sentence is compared with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a claim is supported.

    Attributes:
        supported: Whether the evidence says what the claim says.
        score: How surely, 0 to 1; 1 for a quote, 0 where a rule speaks against the claim.
        reasons: Why not, as machine words: number, unit, formula, name, negation, direction, entailment.
        details: What is at fault, as the claim writes it, one for each reason; "" for entailment.
        evidence: The part of the evidence that the claim was compared with.
    """

    supported: bool
    score: float
    reasons: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    evidence: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "supported": self.supported,
            "score": round(self.score, 4),
            "reasons": list(self.reasons),
            "details": list(self.details),
            "evidence": self.evidence,
        }
