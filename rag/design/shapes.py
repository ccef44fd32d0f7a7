"""Structure types and symmetry that a sentence ascribes to a compound, and whether it can have them at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from clip_mat.language.mention import Mention
from rag.design.asked import DEVICE_BEHIND
from rag.design.compounds import Compound
from rag.design.statements import Statement
from rag.mentions import mentions_of

_NEAR, _LINKED = 7, 14
"""Most words between a compound and what its structure is called; with a verb between that links them."""
_LINK = re.compile(
    r"\b(?:forms?|adopts?|crystalli[sz]\w+|has|have|is|are|with|structured|takes?|transforms?|stabili[sz]\w+|"
    r"possess\w*|share|"
    r"shows?|exhibits?|such as|called|known|in)\b|\(",
    re.IGNORECASE,
)
_APART = re.compile(
    r";|\),|,? (?:while|whereas)\b|\. [A-Z]|\bthan\b|\bcounterparts?\b|\bunlike\b|\bimpurit|\bprecursor|"
    r"\bsimilar to\b|\blike\b"
)
_BUT = re.compile(r"\b(?:but|yet|however)\b", re.IGNORECASE)
_NEGATED = re.compile(
    r"(?:\bnon-?|\bnot (?:an? |the |in (?:the |an? )?)?|\bno |\bneither |\brather than (?:the |an? )?)$", re.IGNORECASE
)


@dataclass(frozen=True)
class Shape:
    """What a sentence says of a compound's structure.

    Attributes:
        kind: ``prototype``, ``spacegroup`` or ``crystal_system``.
        value: The name, or the number as text.
        words: As it stands in the sentence.
        distance: Words between it and the compound.
        statement: The sentence.
    """

    kind: str
    value: str
    words: str
    distance: int
    statement: Statement


def shapes_of(statement: Statement, together: Sequence[Compound]) -> list[Shape]:
    """What a sentence says of the structure of compounds that it names together, the nearest first."""
    text = statement.text
    mentions = [m for m in mentions_of(text) if m.kind in ("prototype", "spacegroup", "crystal_system")]
    mentions = [m for m in mentions if not any(m.start < c.end and c.start < m.end for c in statement.compounds)]
    mentions = _without_refuted(text, mentions)
    found = []
    for mention in mentions:
        if _NEGATED.search(text[max(0, mention.start - 16) : mention.start]):
            continue
        if mention.kind == "prototype" and DEVICE_BEHIND.match(text, mention.end):
            continue
        distance = _distance(statement, together, mention)
        if distance is not None:
            value = str(mention.spacegroup) if mention.kind == "spacegroup" else str(mention.name)
            found.append(Shape(mention.kind, value, text[mention.start : mention.end], distance, statement))
    return sorted(found, key=lambda shape: shape.distance)


def _without_refuted(text: str, mentions: list[Mention]) -> list[Mention]:
    """Of "could be a perovskite, but forms the ilmenite structure" only what comes behind the "but"."""
    for but in _BUT.finditer(text):
        behind = [m for m in mentions if m.start > but.end() and m.kind == "prototype"]
        behind = [m for m in behind if not _NEGATED.search(text[max(0, m.start - 16) : m.start])]
        if behind and any(m.end <= but.start() for m in mentions):
            return [m for m in mentions if m.start > but.end()]
    return mentions


def _distance(statement: Statement, together: Sequence[Compound], mention: Mention) -> int | None:
    """Words between a compound and a mention; None where they do not belong together."""
    text, start, end = statement.text, together[0].start, together[-1].end
    if mention.start >= end:
        between, span = text[end : mention.start], (end, mention.start)
    elif mention.end <= start:
        between, span = text[mention.end : start], (mention.end, start)
    else:
        return 0
    if _APART.search(between) or any(span[0] <= c.start < span[1] for c in statement.compounds):
        return None
    but = [match.end() for match in _BUT.finditer(between)] if mention.start >= end else []
    words = len((between[but[-1] :] if but else between).split())
    return words if words <= (_LINKED if _LINK.search(between) else _NEAR) else None
