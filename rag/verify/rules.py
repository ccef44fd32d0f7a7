"""What can be decided without a model: whether the numbers, substances, names, denials and directions of a claim are
those of its evidence.

Each rule gives reasons against a claim, never for it, and stays silent where words alone do not decide: a rule speaks
only of what both sides mention. What the rules cannot see is left to `rag.verify.entailment`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise

from clip_mat.crystal import NUMBERS
from rag.mentions import mentions_of
from rag.reading.text import word_list
from rag.verify.compounds import find_substances, missing_substances
from rag.verify.opposites import DIRECTED, Pole, are_opposites
from rag.verify.quantities import Quantity, agrees, find_numbers, plain_numbers, same_number
from rag.verify.wording import Word, Wording, coverage, read_words, stem

LEAST_COVERAGE = 0.5
"""Share of a claim's content words that a sentence must have, for their denials and directions to be comparable."""

MUCH_COVERED = 0.7
"""From this share on, one common word beside two opposites shows that they are said of the same thing."""

NEAR_COPY = 0.8
"""From this similarity of their words on, a sentence is a copy of another with changes."""

LONGEST_CHANGE = 4
"""Words; what is longer has been rewritten, and is compared otherwise."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a claim is not what the evidence says.

    Attributes:
        reason: Machine word: number, unit, formula, name, negation or direction.
        words: What is at fault, as the claim writes it.
    """

    reason: str
    words: str


def check_wording(claim: str, text: str) -> list[Finding]:
    """Denials and directions: what only a text near to the claim can be asked about.

    Args:
        claim: One sentence.
        text: The part of the evidence that says most of its matter.
    """
    return [*check_negation(claim, text), *check_direction(claim, text)]


def check_numbers(claim: str, evidence: str) -> list[Finding]:
    """Numbers of a claim that the evidence does not state, and those that it states in another unit."""
    stated = list({(other.number, other.unit): other for other in find_numbers(evidence)}.values())
    findings = []
    plain = plain_numbers(claim)
    for quantity in find_numbers(claim):
        if any(agrees(quantity, other) for other in stated):
            continue
        if quantity.dimension is None and quantity.number in (0.0, 1.0):
            continue  # "1 of them", "zero": said in too many ways
        if _POINTED_AT.search(plain, 0, quantity.start) and plain[quantity.start : quantity.end].isalpha():
            continue  # "these two methods" counts what was said before
        written = f"{quantity.number:g} {quantity.unit}".strip()
        swapped = quantity.unit and any(same_number(quantity, other) for other in stated)
        findings.append(Finding("unit" if swapped else "number", written))
    return findings


_POINTED_AT = re.compile(r"\b(?:these|those|the|our|other|all|following|last|first) $", re.IGNORECASE)


def check_substances(claim: str, evidence: str) -> list[Finding]:
    """Formulas, elements and classes of compounds that the evidence does not name; also crystal systems and space
    groups, where it names others."""
    findings = [Finding("formula", written) for written in missing_substances(claim, evidence)]
    for kind in ("crystal_system", "spacegroup"):
        theirs = {mention.name or mention.spacegroup for mention in mentions_of(evidence) if mention.kind == kind}
        for mention in mentions_of(claim):
            if mention.kind == kind and theirs and (mention.name or mention.spacegroup) not in theirs:
                findings.append(Finding("name", claim[mention.start : mention.end]))
    return findings


_NAME = re.compile(r"[^\W_](?:[^\W_]|[-+^/.'’](?=[^\W_]))*\+{0,2}")
_INITIALS = re.compile(r"[A-Z][A-Z0-9]{1,6}s?")
_STARTER = re.compile(r"(?:^|[.!?:;]\s+|[(\"“'‘•]\s?)$")


def check_names(claim: str, evidence: str) -> list[Finding]:
    """Acronyms, models, people and other capitalised names that the evidence does not have.

    An acronym also counts as named where its words stand in full, and the other way round.
    """
    known = _squashed(evidence)
    initials = _spelled_initials(evidence)
    stems = read_words(evidence).content
    findings = []
    for written in names_of(claim):
        squashed = _squash(written)
        if squashed in known or squashed.removesuffix("s") in known or squashed + "s" in known:
            continue
        if written[1:].islower() and stem(written.lower()) in stems:
            continue  # a plain word after all
        parts = [part for part in re.split(r"[-/]", written) if len(part) > 1]
        if len(parts) > 1 and all(_squash(p) in known or not _is_name(p) for p in parts):
            continue
        if _INITIALS.fullmatch(written) and squashed.removesuffix("s") in initials:
            continue
        findings.append(Finding("name", written))
    return findings


@lru_cache(maxsize=4096)
def names_of(text: str) -> tuple[str, ...]:
    """Words that name one thing: with capitals inside, with digits, or with a capital amid a sentence. Formulas and
    elements are no names here."""
    text = plain_numbers(text)
    substances = find_substances(text)
    chemical = {*substances.formulas.values(), *substances.elements.values(), *substances.families.values()}
    chemical = {part for written in chemical for part in re.split(r"[\s-]", written)}
    found = []
    for match in _NAME.finditer(text):
        word = match[0].removesuffix("'s").removesuffix("’s")
        at_start = _STARTER.search(text, max(0, match.start() - 3), match.start()) is not None
        if word in chemical or any(part in chemical for part in word.split("-")):
            continue
        at_start = at_start and not text.startswith(" et al", match.end())
        if len(word) > 1 and (_is_name(word) or (word[0].isupper() and not at_start and word[1:].islower())):
            found.append(word)
    return tuple(dict.fromkeys(found))


def _is_name(word: str) -> bool:
    """Whether a word is written as no plain word is: ``DFT``, ``GaN-on-Si``, ``M3GNet``."""
    if any(c.isdigit() for c in word):
        return any(c.isupper() for c in word) or word[0].isalpha()
    return sum(c.isupper() for c in word) > 1


def _squash(word: str) -> str:
    return re.sub(r"[\W_]", "", word).casefold()


@lru_cache(maxsize=1024)
def _squashed(text: str) -> frozenset[str]:
    """Words, parts of hyphenated words, and neighbours written together, without case and signs."""
    words = [_squash(word) for word in re.findall(r"[^\s/(),;]+", plain_numbers(text))]
    parts = [_squash(part) for part in re.split(r"[^\w]+", text)]
    pairs = [a + b for a, b in pairwise(parts)]
    triples = [a + b + c for a, b, c in zip(parts, parts[1:], parts[2:], strict=False)]
    return frozenset([*words, *parts, *pairs, *triples])


@lru_cache(maxsize=1024)
def _spelled_initials(text: str) -> frozenset[str]:
    """Initials of every two to six words in a row, small words counted or not: what an acronym can stand for."""
    words = [word.casefold() for word in re.findall(r"[A-Za-z]+", text)]
    small = {"of", "the", "and", "for", "in", "on", "to", "a", "by", "with"}
    found: set[str] = set()
    for row in (words, [word for word in words if word not in small]):
        letters = "".join(word[0] for word in row)
        for width in range(2, 7):
            found.update(letters[place : place + width] for place in range(len(letters) - width + 1))
    return frozenset(found)


def check_negation(claim: str, evidence: str) -> list[Finding]:
    """What the claim denies and the evidence states, and what the claim states and the evidence denies."""
    ours, theirs = read_words(claim), read_words(evidence)
    if coverage(ours, theirs) < LEAST_COVERAGE:
        return []
    findings = []
    for one, other in ((ours, theirs), (theirs, ours)):
        for place in one.denied_words():
            word = one.words[place]
            same = [at for at, known in enumerate(other.words) if known.stem == word.stem]
            if not same or any(other.is_denied(at, widely=True) for at in same):
                continue
            if any(one.words[at].stem == word.stem and not one.is_denied(at) for at in range(len(one.words))):
                continue  # said of one thing and denied of another
            if any(are_opposites(known.text, word.text) for known in other.words):
                continue
            if one is theirs and not one.around(place) & ours.around(same[0], 6):
                continue
            findings.append(Finding("negation", word.text))
    return findings


def check_direction(claim: str, evidence: str) -> list[Finding]:
    """Words of a claim whose opposite the evidence says of the same things, and comparisons the wrong way round."""
    ours, theirs = read_words(claim), read_words(evidence)
    if coverage(ours, theirs) < LEAST_COVERAGE:
        return []
    turned = _sides_are_turned(ours, theirs)
    flips = [place for place in range(len(ours.words)) if _is_flipped(ours, theirs, place)]
    flips = [
        place for place in flips if not any(other != place and abs(other - place) <= 2 for other in flips)
    ]  # "less unstable" is "more stable"
    if turned is True and not flips:
        return [Finding("direction", "than")]
    if turned is True:
        return []
    return [Finding("direction", ours.words[place].text) for place in flips]


def _is_flipped(ours: Wording, theirs: Wording, place: int) -> bool:
    """Whether the evidence says the opposite of the word at a place, of the same things and as flatly."""
    word = ours.words[place]
    here = word.poles
    if not here:
        return False
    near = ours.around(place)

    def shared(at: int) -> float:
        """How much is said of the word at a place of the evidence that is said of ours, its own clause most."""
        return (len(near & theirs.around(at, 5)) + len(near & theirs.around(at, 5, in_clause=True))) / 2

    same: list[int] = []
    opposite: list[int] = []
    for at, other in enumerate(theirs.words):
        if other.stem == word.stem:
            same.append(at)
        elif are_opposites(word.text, other.text):
            opposite.append(at)
        elif any(_agree(a, b) for a in here for b in other.poles):
            same.append(at)
    if not opposite:
        return False
    backing = max(map(shared, same), default=0)
    against, best = max((shared(at), at) for at in opposite)
    needed = 0.5 if coverage(ours, theirs) >= MUCH_COVERED else 1.5
    if against < min(needed, len(near)) or against == 0 or (same and against < backing + 0.5):
        return False
    return ours.is_denied(place, widely=True) == theirs.is_denied(best, widely=True)


def _agree(one: Pole, other: Pole) -> bool:
    return one.side == other.side and (one.contrast == other.contrast or one.axis == other.axis in DIRECTED)


def _sides_are_turned(ours: Wording, theirs: Wording) -> bool | None:
    """Whether the two things of a comparison ("... than ...") have changed places; None where none is comparable."""
    sides = []
    for wording in (ours, theirs):
        places = [place for place, word in enumerate(wording.words) if word.text.lower() == "than"]
        if len(places) != 1:
            return None
        cut = places[0]
        before = {word.stem for word in wording.words[:cut] if word.is_content and not word.poles}
        behind = {word.stem for word in wording.words[cut + 1 : cut + 9] if word.is_content and not word.poles}
        sides.append((before - behind, behind - before))
    (left, right), (their_left, their_right) = sides
    straight = len(left & their_left) + len(right & their_right)
    crossed = len(left & their_right) + len(right & their_left)
    if not (right & their_left) or crossed <= straight:
        return False if straight else None
    return True


def check_changes(claim: str, sentences: Sequence[str]) -> list[Finding]:
    """Where a claim is a sentence of the evidence with a few words changed: numbers, elements, opposites, denials.

    This sees what a comparison of the whole does not: a number that stands elsewhere in the evidence, too.

    Args:
        claim: One sentence.
        sentences: Single sentences of the evidence; the one that is most alike is compared.
    """
    ours = read_words(plain_numbers(claim))
    matcher = SequenceMatcher(None, autojunk=False)
    matcher.set_seq2([word.stem for word in ours.words])
    best, alike = None, NEAR_COPY
    for sentence in map(plain_numbers, sentences):
        matcher.set_seq1([word.stem for word in read_words(sentence).words])
        if matcher.real_quick_ratio() > alike and matcher.quick_ratio() > alike and matcher.ratio() > alike:
            best, alike = sentence, matcher.ratio()
    if best is None:
        return []
    theirs = read_words(best)
    matcher.set_seq1([word.stem for word in theirs.words])
    findings: list[Finding] = []
    exchanged: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
    denials = opposites = 0
    for kind, c, d, a, b in matcher.get_opcodes():
        mine, yours = ours.words[a:b], theirs.words[c:d]
        if kind == "equal" or max(b - a, d - c) > LONGEST_CHANGE:
            continue
        pair = _matter(mine), _matter(yours)
        before = exchanged.get(pair[::-1])
        if before is not None and any(pair) and not _is_list(ours.words[min(before, a) : max(before, b)]):
            findings.append(Finding("direction", " ".join(word.text for word in mine or yours)))
        exchanged[pair] = b
        denied = sum(place in ours.negations for place in range(a, b))
        if denied != sum(place in theirs.negations for place in range(c, d)):
            denials += 1
            findings.append(Finding("negation", " ".join(word.text for word in mine) or yours[0].text))
        if len(mine) == len(yours):
            for word, other in zip(mine, yours, strict=True):
                reason = _changed(ours, word, theirs, other)
                opposites += reason == "direction"
                findings += [Finding(reason, word.text)] if reason else []
        elif any(are_opposites(word.text, other.text) for word in mine for other in yours):
            opposites += 1
    if denials and opposites:  # "not stable" for "unstable"
        findings = [finding for finding in findings if finding.reason not in ("negation", "direction")]
    return findings


def _matter(words: Sequence[Word]) -> tuple[str, ...]:
    """The content of a few words; nothing for a phrase of time or place, nor for a part of a list: they can move."""
    if words and (words[0].text.lower() in _MOVABLE or words[-1].text.lower() in ("and", "or")):
        return ()
    return tuple(word.stem for word in words if word.is_content)


_MOVABLE = word_list("and or of in at on for with during after before under by using through via within among since")


def _is_list(words: Sequence[Word]) -> bool:
    """Whether what stands between two words only lists them: their order says nothing."""
    return all(word.text.lower() in ("and", "or", "as", "well", "with", "versus", "vs", "the", "a") for word in words)


def _changed(ours: Wording, mine: Word, theirs: Wording, yours: Word) -> str | None:
    """Why a word is not the one that stands in its place."""
    numbers = _quantity_at(ours.text, mine.start), _quantity_at(theirs.text, yours.start)
    if numbers[0] and numbers[1]:
        return None if agrees(numbers[0], numbers[1]) or agrees(numbers[1], numbers[0]) else "number"
    if numbers[0] or numbers[1]:
        return None  # a unit, or a number where none was: other rules
    substances = find_substances(mine.text), find_substances(yours.text)
    if all(known.inside for known in substances):
        return None if substances[0].inside == substances[1].inside else "formula"
    if mine.text in NUMBERS and yours.text in NUMBERS:
        return "formula"
    return "direction" if are_opposites(mine.text, yours.text) else None


def _quantity_at(text: str, place: int) -> Quantity | None:
    """The number, or the number whose unit, stands at a place."""
    return next((quantity for quantity in find_numbers(text) if quantity.start <= place < quantity.end), None)
