"""What a question itself demands of the compound that it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from clip_mat.facts import NONMETALS
from clip_mat.generate.request import CrystalRequest
from clip_mat.language.classes import ANION_CLASSES, FAMILY_ELEMENTS, MIXED_CLASSES
from clip_mat.language.formula_parser import SYMBOL
from clip_mat.language.mention import Mention
from clip_mat.language.names import ELEMENT_SYMBOLS
from clip_mat.search.request import interpret
from rag.design import cues
from rag.design.compounds import Compound, find_compounds, readable
from rag.design.parts import Demands
from rag.design.stance import COMPARED, ELEMENT, removed_elements, stance
from rag.mentions import mentions_of

_STOP = (
    "is|are|was|were|be|been|has|have|had|did|does|do|can|could|would|should|will|may|might|must|with|for|that|from|"
    "on|by|to|"
    "at|as|who|whose|when|where|why|how|although|though|despite|because|while|whereas|but|than|instead|rather|unlike|"
    "between|against|during|after|before|under|over|into|without|if|in|which|that"
)
_ASKS = re.compile(
    r"\b(?:which|what)\s+(?:(?:is|are|would be)\s+(?:an?|the|some)\s+|of (?:the|these|those)\s+)?|"
    r"\b(?:find|design|make|suggest|propose|recommend|give|need|want|create|generate|name|search for|look(?:ing)? for)"
    r"\s+(?:me\s+)?(?:us\s+)?(?:an?|some|the|one|any)\s+",
    re.IGNORECASE,
)
_WHOSE = re.compile(r"\bwhose\b", re.IGNORECASE)
_HEAD = re.compile(rf"(?:(?!(?:{_STOP})\b)[\w()/-]+,?\s*){{1,10}}", re.IGNORECASE)
_CONCESSION = re.compile(rf",?\s*{cues.CONCEDED}[^,?;]*", re.IGNORECASE)
_SOURCE = re.compile(rf"{cues.SET_ASIDE}\s(?:[\w-]+\s){{0,5}}$", re.IGNORECASE)
DEVICE_BEHIND = re.compile(
    r"[\s-]*(?:\([^)]*\)\s*)?(?:(?!(?:for|in|with|of|on|as|and|or|from|by|than)\b)[\w-]+\s)?(?:solar|cells?|PSCs?|photovoltaics?|PVs?|devices?|tandems?|modules?|"
    r"layers?|absorber layers?|"
    r"precursors?|interfaces?|LEDs?|light-emitting|transistors?|detectors?|technolog\w+|industr\w+|communit\w+|"
    r"surfaces?|"
    r"panels?|products?|light-absorber)\b",
    re.IGNORECASE,
)
"""Behind the name of a structure type these words speak of a device, not of a compound that is asked for."""

_COMPOUND_NOUN = re.compile(
    r"\b(?:\w*(?:ide|[^r]ate|phite|nite|lite)s?|compounds?|materials?|salts?|phases?|products?|impurit(?:y|ies)|"
    r"semiconductors?|superconductors?|absorbers?|cathodes?|anodes?|electrolytes?|catalysts?|perovskites?|spinels?|"
    r"compositions?|garnets?|minerals?|elpasolites?|crystals?|alloys?|precursors?|candidates?)\b",
    re.IGNORECASE,
)
_ELEMENT_NOUN = re.compile(r"\b(?:elements?|dopants?|cations?|anions?|ions?|metals)\b", re.IGNORECASE)
_PROPERTY_NOUN = re.compile(
    r"\b(?:structures?|space groups?|symmetr\w+|lattices?|systems?|polymorphs?|types?|gaps?|bandgaps?|temperatures?)\b"
    rf"|{_ELEMENT_NOUN.pattern}",
    re.IGNORECASE,
)
"""Nouns that end what is asked for where the compound is one that the question names."""
_CLASS_NAME = re.compile(r"[a-z]+ (?:" + "|".join(FAMILY_ELEMENTS) + r")s?", re.IGNORECASE)
_ASKS_ELEMENTS = re.compile(
    r"\b(?:which|what)\s+(?:[\w-]+\s){0,2}?(?:elements?|metals?|cations?|anions?|ions?|dopants?|pair)\b(?!\s+(?:\w*ides?|"
    r"\w+ates?|halide)\b)",
    re.IGNORECASE,
)
_SALT = re.compile(r"\s+salts?\b", re.IGNORECASE)
_OPEN_NAME = re.compile(r"\b(?:\w+-containing|\w+-based|\w+-rich|mixed|perovskites?|doped|complex)\b", re.IGNORECASE)
_MIXED_CLASS = re.compile(r"\b(" + "|".join(MIXED_CLASSES) + r")s?\b", re.IGNORECASE)
_CHALCO = re.compile(r"\bchalco(?:halide|iodide|bromide|chloride)s?\b|\boxyhalides?\b", re.IGNORECASE)
_STRUCTURE_BEHIND = re.compile(r"[ -](?:crystal )?(?:structure|type|lattice)\b")
_NOT_ELEMENTS = re.compile(r'NOT elements HAS (?:ANY )?((?:"[A-Z][a-z]?",?)+)')


@dataclass(frozen=True, kw_only=True)
class Asked(Demands):
    """Demands of a question.

    Attributes:
        text: The question, readable.
        one_of: Groups of elements, of each of which the compound has one ("a halide").
        only: All elements that it may have, where the question names it to the last ("a lithium tungsten oxide").
        conditions: What else became an OPTIMADE filter, clause by clause.
        subject: Compounds that the question is about ("Which structure does NaSbO3 form?").
        set_aside: Compounds that it names only to start from, to compare with, or as the place of what is asked for.
        words: The words of each demand, by demand and value, for the user to see.
        asks_compound: Whether it is a compound that it asks for, and not a property of one that it names.
    """

    text: str
    one_of: tuple[tuple[str, ...], ...] = ()
    only: frozenset[str] = frozenset()
    conditions: tuple[str, ...] = ()
    subject: tuple[Compound, ...] = ()
    set_aside: tuple[Compound, ...] = ()
    words: tuple[tuple[str, str, str], ...] = ()
    asks_compound: bool = False

    @property
    def names_content(self) -> bool:
        """Whether it says what the compound is made of."""
        return bool(self.elements or self.one_of)

    @property
    def asks_which(self) -> bool:
        """Whether it asks for one of several things, and not how large or why something is."""
        return bool(_ASKS.search(self.text) or _WHOSE.search(self.text))

    @property
    def wants_elements(self) -> bool:
        """Whether it asks for elements and not for a compound."""
        return bool(_ASKS_ELEMENTS.search(self.text))

    def wants(self, compound: Compound) -> bool:
        """Whether a compound may be what is asked for: made of what it says, not forbidden, not merely named by it."""
        symbols = set(compound.counts) or set(re.findall(SYMBOL, compound.name))
        allowed = not symbols & set(self.exclude) and not self.sets_aside(compound)
        return allowed and self.suits(compound.counts, (), compound.name)

    def sets_aside(self, compound: Compound) -> bool:
        """Whether the question names a compound, but not as what it asks for."""
        return any(
            (compound.counts and compound.counts == other.counts) or compound.name == other.name
            for other in self.set_aside
            if not any(other.counts == topic.counts for topic in self.subject if topic.counts)
        )

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
    exclude = excluded_elements(text)
    head = _head(firm)
    compounds = [compound for compound in find_compounds(text) if not _is_class(head, compound)]
    asks_compound = _asks_compound(head)
    set_aside = [
        c
        for c in compounds
        if _is_set_aside(text, firm, c) or (asks_compound and not _is_choice(text, head, c, compounds))
    ]
    subject = [c for c in compounds if c not in set_aside]
    covered = [(c.start, c.end) for c in compounds]
    mentions = [m for m in mentions_of(head) if not any(m.start < end and start < m.end for start, end in covered)]
    words: list[tuple[str, str, str]] = [("exclude", symbol, said) for symbol, said in exclude.items()]
    elements, families = _content(mentions, exclude)
    for match in _MIXED_CLASS.finditer(head):
        elements += MIXED_CLASSES[match[1].lower()]
    one_of: list[tuple[str, ...]] = [("O", "S", "Se", "Te"), ("F", "Cl", "Br", "I")] if _CHALCO.search(head) else []
    one_of += [symbols for name, symbols in ANION_CLASSES.items() if re.search(rf"\b{name}s?\b", head, re.IGNORECASE)]
    one_of += [FAMILY_ELEMENTS[name] for name in families if len(FAMILY_ELEMENTS.get(name, ())) > 1]
    elements += [FAMILY_ELEMENTS[name][0] for name in families if len(FAMILY_ELEMENTS.get(name, ())) == 1]
    named = [m for m in mentions_of(firm) if m.kind == "prototype" and _STRUCTURE_BEHIND.match(firm, m.end)]
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
        text=text,
        elements=tuple(dict.fromkeys(symbol for symbol in elements if symbol not in exclude)),
        one_of=tuple(one_of),
        only=_only(head, mentions, elements, one_of),
        families=tuple(dict.fromkeys(families)),
        exclude=tuple(exclude),
        prototypes=prototypes,
        spacegroup=group,
        crystal_system=system,
        gap=gap_class(head),
        conditions=_conditions(firm, head),
        subject=tuple(subject),
        set_aside=tuple(set_aside),
        words=tuple(words),
        asks_compound=asks_compound,
    )


def gap_class(words: str) -> str | None:
    """The class of band gap that some words name: "wide-gap", "insulating"."""
    return CrystalRequest.read(words[:500]).gap if words.strip() else None


def _head(text: str) -> str:
    """What stands for the compound asked for ("which *lead-free halide perovskite* ..."), the rest blanked out.

    Where elements are asked for, the compound is what they are in ("which cations replace lead in *perovskites*").
    """
    kept = [" "] * len(text)

    def keep(start: int) -> None:
        head = _HEAD.match(text, start)
        if head:
            kept[head.start() : head.end()] = text[head.start() : head.end()]

    asked = False
    for asks in _ASKS.finditer(text):
        if asked and asks[0].lower().startswith("which"):
            continue  # a relative clause: "the region in which ..."
        asked = True
        keep(asks.end())
    if _ELEMENT_NOUN.search("".join(kept)):
        for host in re.finditer(r"\bin\s+", text):
            keep(host.end())
    return "".join(kept)


def _asks_compound(head: str) -> bool:
    """Whether it is a compound that the question asks for, and not a property of one that it names."""
    return bool(_COMPOUND_NOUN.search(head)) and not _PROPERTY_NOUN.search(head)


def _is_class(head: str, compound: Compound) -> bool:
    """Whether a name in words stands for a class: which *yttrium fluoride* is asked, so it need not be YF3."""
    inside = head[compound.start : compound.end] == compound.name
    return inside and bool(_CLASS_NAME.fullmatch(compound.name)) and not re.search(r"\bof\b", head[: compound.start])


def _is_choice(text: str, head: str, compound: Compound, compounds: Sequence[Compound]) -> bool:
    """Whether a question offers a compound to choose, or calls it by its class: "Which of A and B", "..., A or B?"."""
    if re.match(r"\s+or\s", text[compound.end :]) or re.search(r"\bor\s+$", text[: compound.start]):
        return True
    if not head[compound.start : compound.end].strip():
        return False
    before = head[: compound.start]
    for other in compounds:
        before = before[: other.start] + " " * len(before[other.start : other.end]) + before[other.end :]
    nouns = list(_COMPOUND_NOUN.finditer(before))
    return not nouns or not re.sub(r"\b(?:and|or)\b|,", "", before[nouns[-1].end() :]).strip()


def _only(
    head: str, mentions: Sequence[Mention], elements: Sequence[str], one_of: Sequence[Sequence[str]]
) -> frozenset[str]:
    """All elements of a compound that is named by them, as "tin oxide" is; none where the name leaves others open."""
    named = [m for m in mentions if m.kind == "element"]
    if any(_SALT.match(head, m.end) for m in named):
        return frozenset(elements) | NONMETALS
    closed = [m for m in mentions if m.kind == "family" or m.name in MIXED_CLASSES]
    closed_ends = {m.start for m in closed} | {match.start() for match in _MIXED_CLASS.finditer(head)}
    if not named or not any(m.end + 1 in closed_ends for m in named) or _OPEN_NAME.search(head):
        return frozenset()
    return frozenset(elements) | {symbol for group in one_of for symbol in group}


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


_ONE = rf"(?:{SYMBOL}(?![A-Za-z0-9])|(?i:{'|'.join(ELEMENT_SYMBOLS)})(?![a-z]))"
_REQUIRED = re.compile(
    r"\b(?:based on|containing|contains?|composed of|made of|made from|consist(?:s|ing) of|comprising) "
    r"(?:both |either )?"
    rf"(?P<list>{_ONE}(?:(?:, (?:and |or )?| and | or ){_ONE})*)(?! (?:vacanc|interstitial|ion|atom|impurit))"
)


def _required(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Elements that a text says are in the compound, and whether all ("and") or one of them ("or")."""
    for phrase in _REQUIRED.finditer(text):
        named = [match[0] for match in ELEMENT.finditer(phrase["list"])]
        symbols = tuple(dict.fromkeys(ELEMENT_SYMBOLS.get(name.lower(), name) for name in named))
        yield symbols, "or" if " or " in phrase["list"] else "and"


def _conditions(text: str, head: str) -> tuple[str, ...]:
    """Numbers and bounds as OPTIMADE clauses; elements are read otherwise, how many there are from the head alone."""
    understood = interpret(text[:2000]).notes
    clauses = [note.partition(": ")[2] for note in understood]
    counted = {note.partition(": ")[2] for note in interpret(head[:2000]).notes} if head.strip() else set()
    return tuple(
        dict.fromkeys(
            clause
            for clause in clauses
            if clause
            and not any(other in clause for other in ("elements HAS", "IS UNKNOWN"))
            and ("nelements" not in clause or clause in counted)
        )
    )
