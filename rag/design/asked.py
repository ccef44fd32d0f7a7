"""What a question itself demands of the compound that it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from clip_mat.generate.request import CrystalRequest
from clip_mat.language.formula_parser import SYMBOL
from clip_mat.language.mention import Mention
from clip_mat.language.mentions import find_mentions
from clip_mat.language.names import ELEMENT_SYMBOLS
from clip_mat.search.element_groups import FAMILY_ELEMENTS
from clip_mat.search.request import interpret
from rag.design.compounds import Compound, find_compounds, readable
from rag.design.stance import COMPARED, stance

_STOP = (
    "is|are|was|were|be|been|has|have|had|did|does|do|can|could|would|should|will|may|might|must|with|for|that|from|"
    "on|by|to|"
    "at|as|who|whose|when|where|why|how|although|though|despite|because|while|whereas|but|than|instead|rather|unlike|"
    "between|against|during|after|before|under|over|into|without|if"
)
_ASKS = re.compile(
    r"\b(?:which|what)\s+(?:(?:is|are|would be)\s+(?:an?|the|some)\s+|of (?:the|these|those)\s+)?|"
    r"\b(?:find|design|make|suggest|propose|recommend|give|need|want|create|generate|name|search for|look(?:ing)? for)"
    r"\s+(?:me\s+)?(?:us\s+)?(?:an?|some|the|one|any)\s+",
    re.IGNORECASE,
)
_HEAD = re.compile(rf"(?:(?!(?:{_STOP})\b)[\w()/-]+,?\s*){{1,10}}", re.IGNORECASE)
_CONCESSION = re.compile(
    r",?\s*\b(?:although|though|despite|even though|unlike|instead of|rather than|in contrast to|compared (?:to|with)|"
    r"as opposed to|other than|than)\b[^,?;]*",
    re.IGNORECASE,
)
_SOURCE = re.compile(
    r"\b(?:from|replac\w+|substitut\w+|alternatives? (?:to|for)|instead of|derived from|in place of|analog\w+ (?:of|"
    r"to)|"
    r"similar to|like|than|compared (?:to|with)|unlike)\s+(?:[\w-]+\s){0,5}$",
    re.IGNORECASE,
)
DEVICE_BEHIND = re.compile(
    r"[\s-]*(?:\([^)]*\)\s*)?(?:[\w-]+\s)?(?:solar|cells?|PSCs?|photovoltaics?|PVs?|devices?|tandems?|modules?|"
    r"layers?|absorber layers?|"
    r"precursors?|interfaces?|LEDs?|light-emitting|transistors?|detectors?|technolog\w+|industr\w+|communit\w+|"
    r"surfaces?|"
    r"panels?|products?|light-absorber)\b",
    re.IGNORECASE,
)
"""Behind the name of a structure type these words speak of a device, not of a compound that is asked for."""

OXYANIONS: Mapping[str, tuple[str, ...]] = {
    "phosphate": ("P", "O"), "sulfate": ("S", "O"), "sulphate": ("S", "O"), "carbonate": ("C", "O"),
    "borate": ("B", "O"),
    "silicate": ("Si", "O"), "titanate": ("Ti", "O"), "niobate": ("Nb", "O"), "tantalate": ("Ta", "O"),
    "vanadate": ("V", "O"), "ferrite": ("Fe", "O"), "cobaltate": ("Co", "O"), "cobaltite": ("Co", "O"),
    "manganite": ("Mn", "O"), "manganate": ("Mn", "O"), "nickelate": ("Ni", "O"), "cuprate": ("Cu", "O"),
    "aluminate": ("Al", "O"), "zirconate": ("Zr", "O"), "stannate": ("Sn", "O"), "tungstate": ("W", "O"),
    "molybdate": ("Mo", "O"), "ruthenate": ("Ru", "O"), "iridate": ("Ir", "O"), "gallate": ("Ga", "O"),
    "germanate": ("Ge", "O"), "nitrate": ("N", "O"), "oxyiodide": ("O", "I"), "oxybromide": ("O", "Br"),
    "oxychloride": ("O", "Cl"), "oxyfluoride": ("O", "F"), "oxysulfide": ("O", "S"), "oxynitride": ("O", "N"),
}  # fmt: skip
"""Elements behind classes of compounds that are no family of `clip_mat.facts`."""
_OXYANION = re.compile(r"\b(" + "|".join(OXYANIONS) + r")s?\b", re.IGNORECASE)
_CHALCO = re.compile(r"\bchalco(?:halide|iodide|bromide|chloride)s?\b|\boxyhalides?\b", re.IGNORECASE)
_STRUCTURE_BEHIND = re.compile(r"[ -](?:crystal )?(?:structure|type|lattice)\b")
_NOT_ELEMENTS = re.compile(r'NOT elements HAS (?:ANY )?((?:"[A-Z][a-z]?",?)+)')


@dataclass(frozen=True)
class Asked:
    """Demands of a question.

    Attributes:
        text: The question, readable.
        elements: That the compound asked for has, in so many words ("a cadmium oxyiodide").
        one_of: Groups of elements, of each of which it has one ("a halide").
        families: Classes, as `clip_mat.facts.families` names them.
        exclude: Elements that it must not have.
        prototypes: Structure types.
        spacegroup: International number.
        crystal_system: As in `clip_mat.facts.CRYSTAL_SYSTEMS`.
        gap: A class of `clip_mat.facts.GAP_CLASSES`.
        conditions: What else became an OPTIMADE filter, clause by clause.
        subject: Compounds that the question is about ("Which structure does NaSbO3 form?").
        set_aside: Compounds that it names only to start from or to compare with.
        words: The words of each demand, by demand and value, for the user to see.
    """

    text: str
    elements: tuple[str, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    families: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    prototypes: tuple[str, ...] = ()
    spacegroup: int | None = None
    crystal_system: str | None = None
    gap: str | None = None
    conditions: tuple[str, ...] = ()
    subject: tuple[Compound, ...] = ()
    set_aside: tuple[Compound, ...] = ()
    words: tuple[tuple[str, str, str], ...] = ()

    @property
    def names_content(self) -> bool:
        """Whether it says what the compound is made of."""
        return bool(self.elements or self.one_of)

    def suits(self, counts: Mapping[str, int], elements: Sequence[str], name: str) -> bool:
        """Whether a compound, or elements that a sentence offers, have what the question says it is made of."""
        symbols = set(counts) or set(elements) or set(re.findall(SYMBOL, name))
        if not counts and elements:
            return all(symbols & set(group) for group in self.one_of)
        return set(self.elements) <= symbols and all(symbols & set(group) for group in self.one_of)


def read_question(question: str) -> Asked:
    """Demands that stand in the question: elements and classes of what it asks for, what it forbids, symmetry."""
    text = readable(question)
    firm = _CONCESSION.sub(lambda match: " " * len(match[0]), text)
    compounds = find_compounds(text)
    set_aside = [c for c in compounds if _is_set_aside(text, firm, c)]
    subject = [c for c in compounds if c not in set_aside]
    exclude = excluded_elements(text)
    head = _head(firm)
    covered = [(c.start, c.end) for c in compounds]
    mentions = [m for m in find_mentions(head) if not any(m.start < end and start < m.end for start, end in covered)]
    words: list[tuple[str, str, str]] = [("exclude", symbol, said) for symbol, said in exclude.items()]
    elements, families = _content(mentions, exclude)
    for match in _OXYANION.finditer(head):
        elements += OXYANIONS[match[1].lower()]
    one_of: list[tuple[str, ...]] = [("O", "S", "Se", "Te"), ("F", "Cl", "Br", "I")] if _CHALCO.search(head) else []
    one_of += [FAMILY_ELEMENTS[name] for name in families if len(FAMILY_ELEMENTS.get(name, ())) > 1]
    elements += [FAMILY_ELEMENTS[name][0] for name in families if len(FAMILY_ELEMENTS.get(name, ())) == 1]
    named = [m for m in find_mentions(firm) if m.kind == "prototype" and _STRUCTURE_BEHIND.match(firm, m.end)]
    for symbols, joined in _required(firm):
        one_of += [symbols] if joined == "or" else []
        elements += symbols if joined == "and" else ()
    shapes = [m for m in (*mentions, *named) if m.kind == "prototype" and not _is_shy(firm, m)]
    prototypes = tuple(dict.fromkeys(m.name for m in shapes if m.name))
    groups = {m.spacegroup for m in mentions if m.kind == "spacegroup" and m.spacegroup}
    systems = {m.name for m in mentions if m.kind == "crystal_system" and m.name and not _is_shy(firm, m)}
    group = groups.pop() if len(groups) == 1 else None
    system = systems.pop() if len(systems) == 1 and group is None else None
    words += [("prototype", str(m.name), text[m.start : m.end]) for m in shapes]
    return Asked(
        text,
        elements=tuple(dict.fromkeys(symbol for symbol in elements if symbol not in exclude)),
        one_of=tuple(one_of),
        families=tuple(dict.fromkeys(families)),
        exclude=tuple(exclude),
        prototypes=prototypes,
        spacegroup=group,
        crystal_system=system,
        gap=gap_class(head),
        conditions=_conditions(firm),
        subject=tuple(subject),
        set_aside=tuple(set_aside),
        words=tuple(words),
    )


def gap_class(words: str) -> str | None:
    """The class of band gap that some words name: "wide-gap", "insulating"."""
    return CrystalRequest.read(words[:500]).gap if words.strip() else None


def _head(text: str) -> str:
    """What stands for the compound asked for ("which *lead-free halide perovskite* ..."), the rest blanked out."""
    kept = [" "] * len(text)
    for asks in _ASKS.finditer(text):
        head = _HEAD.match(text, asks.end())
        if head:
            kept[head.start() : head.end()] = text[head.start() : head.end()]
    return "".join(kept)


def _content(mentions: Sequence[Mention], exclude: Mapping[str, str]) -> tuple[list[str], list[str]]:
    elements = [
        str(symbol)
        for m in mentions
        if m.kind in ("element", "system")
        for symbol, _ in m.composition
        if symbol not in exclude
    ]
    families = [m.name for m in mentions if m.kind == "family" and m.name and m.name in FAMILY_ELEMENTS]
    return elements, families


def _is_set_aside(text: str, firm: str, compound: Compound) -> bool:
    conceded = not firm[compound.start : compound.end].strip()
    return (
        conceded
        or bool(_SOURCE.search(text[: compound.start]))
        or stance(text, compound.start, compound.end, text) <= COMPARED
    )


def _is_shy(text: str, mention: Mention) -> bool:
    """Whether a name of a structure type is turned down, or names a device."""
    before = text[max(0, mention.start - 12) : mention.start].lower()
    return before.endswith(("non-", "not a ", "no ", "not ")) or bool(DEVICE_BEHIND.match(text, mention.end))


def excluded_elements(text: str) -> dict[str, str]:
    """Elements that must not be there, and the words that say so."""
    found: dict[str, str] = {}
    understood = interpret(text[:2000])
    for note in understood.notes:
        said, _, condition = note.partition(": ")
        for match in _NOT_ELEMENTS.finditer(condition):
            for symbol in re.findall(r'"([A-Z][a-z]?)"', match[1]):
                found.setdefault(symbol, said)
    found.update({symbol: said for symbol, said in removed_elements(text).items() if symbol not in found})
    return found


_REMOVED = re.compile(
    r"\b(?:replac(?:e|es|ed|ing|ement of|ements? for)|substitut(?:es? for|ing|ion of|ed for)|avoid(?:s|ing)?|"
    r"eliminat(?:e|es|ing)|"
    r"alternatives? to|instead of|(?:environmental )?(?:toxicity|leakage) of|toxic|"
    r"poisonous)\s+(?:the\s+)?(?:use of\s+)?(?:the\s+)?"
    r"(?:toxic\s+|poisonous\s+|expensive\s+|scarce\s+|critical\s+|rare\s+)*$",
    re.IGNORECASE,
)
_ELEMENT = re.compile(rf"(?<![\w-])(?:{SYMBOL}(?![A-Za-z0-9])|(?i:{'|'.join(ELEMENT_SYMBOLS)})(?![a-z]))")
_REMOVED_BEHIND = re.compile(
    r"(?:\^?\d?[+-]|\s*\([^)]*\))*\s*(?:cations?|ions?|atoms?|elements?|components?|content)?\s*(?:(?:is|are|was|"
    r"were|can be|could be|"
    r"may be|has been|should be|must be) (?:completely |partially |fully )?(?:replaced|substituted|avoided|"
    r"eliminated|left out)\b)",
    re.IGNORECASE,
)


def removed_elements(text: str) -> dict[str, str]:
    """Elements that a text wants replaced or avoided, and the words for it: ``the toxic Pb^2+ cation is replaced``."""
    found: dict[str, str] = {}
    for element in _ELEMENT.finditer(text):
        before = _REMOVED.search(text[max(0, element.start() - 50) : element.start()])
        behind = _REMOVED_BEHIND.match(text, element.end())
        if before or behind:
            start = element.start() - len(before[0]) if before else element.start()
            said = text[start : behind.end() if behind else element.end()]
            found.setdefault(ELEMENT_SYMBOLS.get(element[0].lower(), element[0]), said)
    return found


_ONE = rf"(?:{SYMBOL}(?![A-Za-z0-9])|(?i:{'|'.join(ELEMENT_SYMBOLS)})(?![a-z]))"
_REQUIRED = re.compile(
    r"\b(?:based on|containing|contains?|composed of|made of|made from|consist(?:s|ing) of|comprising) "
    r"(?:both |either )?"
    rf"(?P<list>{_ONE}(?:(?:, (?:and |or )?| and | or ){_ONE})*)(?! (?:vacanc|interstitial|ion|atom|impurit))"
)


def _required(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Elements that a text says are in the compound, and whether all ("and") or one of them ("or")."""
    for phrase in _REQUIRED.finditer(text):
        named = [match[0] for match in _ELEMENT.finditer(phrase["list"])]
        symbols = tuple(dict.fromkeys(ELEMENT_SYMBOLS.get(name.lower(), name) for name in named))
        yield symbols, "or" if " or " in phrase["list"] else "and"


def _conditions(text: str) -> tuple[str, ...]:
    """Numbers and bounds as OPTIMADE clauses; elements are read otherwise."""
    understood = interpret(text[:2000])
    clauses = [note.partition(": ")[2] for note in understood.notes]
    return tuple(dict.fromkeys(clause for clause in clauses if clause and "elements HAS" not in clause))
