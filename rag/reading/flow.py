"""Lines joined to running text that remembers where every character stands.

A ``Flow`` holds the characters of one paragraph as they stand in the file, with their script codes (0 on the
line, 1 raised, 2 lowered). From any slice of it come the readable text, and the fragments that quote the page.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rag.documents import Box
from rag.reading.glyphcodes import GlyphCodes
from rag.reading.lines import UNSURE, Line
from rag.reading.sentences import CITATION
from rag.reading.text import SUBSCRIPT, SUPERSCRIPT, UNKNOWN, UNKNOWN_MINUS, one_line, readable, word_list

_HYPHENS = "-‐‑\u00ad"
_WORD = re.compile(r"[^\W\d_]+(?:[-‐‑][^\W\d_]+)*")
_TAIL = re.compile(r"([^\W\d_]+)[-‐‑\u00ad]$")
_CHAIN = re.compile(r"[^\W\d_][-‐‑](?:of|the|in|to|and|by|on|up|at|a)[-‐‑]$")
_HEAD = re.compile(r"[^\W\d_]+")
_SUM = re.compile(r"[∑∏∫√]")
_PLAIN_WORD = re.compile(r"[^\W\d_]{3,}")
_REACH = 80  # characters
_NO_BLANK_AFTER = re.compile(r"(?:[–—/]|\w[-‐‑])$")
_TIMES = re.compile(rf"(?<=\d)\s?{UNKNOWN}\s?(?=10\^)")
_WITHOUT_FLAGS = bytes(code & (UNSURE - 1) for code in range(256))
_SCRIPTS = re.compile(rb"\x01+|\x02+")

_MARKER = re.compile(
    r"^[\s,;]*(?:\d{1,3}[a-z]?|[a-f*†‡§¶#])(?:[\s,;–—−\-‐]+(?:\d{1,3}[a-z]?|[a-f]))*[\s,;]*$|^[*†‡§¶,]+$"
)
_ORDINALS = frozenset(("st", "nd", "rd", "th", "®", "™"))
_UNITS = word_list("m cm mm nm μm um km dm pm Å s ms ns V eV meV keV K A mA W mW J kJ g kg L mol Hz sun atom")
_ORBITALS = word_list("sp s p d f R r x y z t2g eg χ σ η Ψ ψ ρ T L N")

# Second halves that follow a real hyphen far more often than a syllable break.
_COMPOUND_ENDS = word_list(
    "based free dependent type like scale doped rich poor level phase principles state driven induced related "
    "resolved order dimensional centered centred assisted aided limited containing mediated oriented averaged "
    "averaging field effect transfer coated quality efficiency performance throughput energy temperature learning "
    "shot specific wide range term density life friendly engineered packed calibrated sensitive insensitive "
    "restricted size sized selective resistant cost row art to of the and in"
)
# First halves likewise, where the second is a word by itself.
_COMPOUND_STARTS = word_list(
    "high low long short first second third single double near off one two three four five zero ground close well "
    "self state-of out-of"
)


class Vocabulary:
    """Words of one document, to tell a hyphen that belongs to a word from one that only breaks it."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._words: Counter[str] = Counter()
        self._compounds: Counter[str] = Counter()
        words: list[str] = []
        broken = False  # whether the line begins with the second half of a word
        for line in lines:
            found = _WORD.findall(readable(line).lower())[broken:]
            broken = line[-1:] in _HYPHENS
            if found and broken:
                found.pop()
            words += found
        for word, count in Counter(words).items():
            if "-" in word:
                self._compounds[word] = count
                for part in word.split("-"):
                    self._words[part] += count
            else:
                self._words[word] += count

    def keeps_hyphen(self, left: str, right: str) -> bool:
        """Whether the hyphen between ``left`` and ``right`` at a line end belongs to the word."""
        if not right[:1].islower():
            return True
        whole, compound = self._words[(left + right).lower()], self._compounds[f"{left}-{right}".lower()]
        if whole or compound:
            return compound > whole
        if (left[-1:].isupper() and len(left) > 1) or len(left) == 1:
            return True
        known_left, known_right = self._words[left.lower()], self._words[right.lower()]
        if right in _COMPOUND_ENDS:
            return len(left) > 2 and known_left > 0
        if left.lower() in _COMPOUND_STARTS:
            return known_right > 0
        return len(left) > 3 and len(right) > 3 and known_left > 0 and known_right > 0


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The first ``length`` characters of ``line`` stand at ``at`` in the flow; ``hyphen``: one more is left out."""

    at: int
    line: Line
    length: int
    hyphen: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """Characters ``first`` to ``last`` of ``line`` are ``at`` to ``until`` of the flow.

    ``fresh``: not contiguous with the part before.
    """

    line: Line
    first: int
    last: int
    at: int
    until: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class Cut:
    """A contiguous slice of one column: its place in the flow, characters, what quotes them, and boxes."""

    start: int
    end: int
    page: int
    text: str
    quote: str
    boxes: tuple[Box, ...]


class Flow:
    """The running text of ``lines``.

    Args:
        lines: In reading order.
        vocabulary: Decides on hyphens at line ends.
        codes: Reads private character codes.
        raised_citations: Whether raised numbers behind words are citation markers in this document.
    """

    def __init__(
        self, lines: Sequence[Line], vocabulary: Vocabulary, codes: GlyphCodes, raised_citations: bool
    ) -> None:
        self._codes = codes
        self._raised_citations = raised_citations
        self._stretches: list[_Stretch] = []
        parts: list[str] = []
        scripts: list[bytes] = []
        at = 0
        for index, line in enumerate(lines):
            last = len(line.text)
            glue = ""
            if index + 1 < len(lines):
                last, glue = _joint(line, lines[index + 1], vocabulary)
            parts += [line.text[:last], glue]
            scripts += [line.script[:last], b"\0" * len(glue)]
            self._stretches.append(_Stretch(at, line, last, last < len(line.text)))
            at += last + len(glue)
        self.text = "".join(parts)
        flagged = b"".join(scripts)
        self.script = flagged.translate(_WITHOUT_FLAGS)
        self._unsure = [match.start() for match in re.finditer(rb"[\x04-\x07]", flagged)]
        if _SUM.search(self.text):
            self._unsure = sorted({*self._unsure, *_built_up(self.text)})
        self._citations = [
            match.span() for match in re.finditer(rb"\x01+", self.script) if self._is_citation(*match.span())
        ]

        self._markers = {start for start, _ in self._citations}

    def masked(self) -> str:
        """The text for finding sentence ends: citation markers replaced, same length."""
        if not self._citations:
            return self.text
        letters = list(self.text)
        for start, end in self._citations:
            while end < len(letters) and letters[end - 1].isspace():
                end -= 1
            letters[start:end] = CITATION * (end - start)
        return "".join(letters)

    def rows(self) -> list[tuple[int, int]]:
        """Start and end of every line."""
        return [(stretch.at, stretch.at + stretch.length) for stretch in self._stretches]

    def readable(self, start: int, end: int) -> str:
        """One line for people and for search; citation markers left out."""
        script = self.script[start:end]
        if not any(script):
            return self._typed(self.text[start:end])
        parts: list[str] = []
        done = start
        for match in _SCRIPTS.finditer(self.script, start, end):
            first, last = match.span()
            parts.append(self.text[done:first])
            done = last
            run = self.text[first:last]
            if script[first - start] == 2:
                parts.append(run)
            elif first not in self._markers:
                parts.append(_raise(self.text[first - 1 : first], run))
        parts.append(self.text[done:end])
        return self._typed("".join(parts))

    def _typed(self, text: str) -> str:
        if UNKNOWN in text:
            text = _TIMES.sub(" × ", text)
        return one_line(self._codes.read(readable(text)))

    def cuts(self, start: int, end: int) -> list[Cut]:
        """The slice as contiguous pieces: a new one at every column, page and character that is not sure."""
        groups: list[list[_Part]] = []
        for part in self._parts(start, end):
            if not groups or part.fresh or not _same_column(groups[-1][-1].line, part.line):
                groups.append([])
            groups[-1].append(part)
        return [self._cut(group) for group in groups]

    def _parts(self, start: int, end: int) -> Iterator[_Part]:
        fresh = False
        nearest = bisect_right(self._stretches, start, key=lambda stretch: stretch.at)
        for index in range(max(0, nearest - 1), len(self._stretches)):
            stretch = self._stretches[index]
            if stretch.at >= end:
                return
            first, last = max(start, stretch.at), min(end, stretch.at + stretch.length)
            for unsure in self._unsure[bisect_left(self._unsure, first) : bisect_left(self._unsure, last)]:
                if self.text[first:unsure].strip():
                    yield _Part(stretch.line, first - stretch.at, unsure - stretch.at, first, unsure, fresh)
                # A sign is shown in front of what follows: as a dash it does not count in comparisons.
                first = unsure if self.text[unsure] == UNKNOWN_MINUS else unsure + 1
                fresh = True
            if first < last and self.text[first:last].strip():
                shown = last + (stretch.hyphen and last == stretch.at + stretch.length)
                yield _Part(stretch.line, first - stretch.at, shown - stretch.at, first, last, fresh)
                fresh = False

    def _cut(self, parts: Sequence[_Part]) -> Cut:
        start, end = parts[0].at, parts[-1].until
        boxes = tuple(_box(part.line, part.first, part.last) for part in parts)
        text = self.text[start:end]
        return Cut(start, end, parts[0].line.page, text, quote_of(text, self.script[start:end]), boxes)

    def _is_citation(self, start: int, end: int) -> bool:
        run = self.text[start:end]
        if not _MARKER.match(run):
            return False
        word = re.search(r"\S*$", self.text[max(0, start - 24) : start])
        before = word[0] if word else ""
        if not before:
            return False
        symbols = not any(letter.isalnum() for letter in run)
        if symbols:
            return True
        if before[-1].isdecimal() and self.script[start - 1] == 0:
            return False
        letters = re.search(r"[^\W\d_]*$", before)
        stem = letters[0] if letters else ""
        if (
            run.strip().isdecimal()
            and len(run.strip()) == 1
            and (stem in _UNITS or stem in _ORBITALS or len(stem) == 1)
        ):
            return False
        return self._raised_citations or before[-1] in ".,;:)]”’"


def votes_for_raised_citations(lines: Iterable[Line]) -> int:
    """How many raised numbers stand behind long words or full stops: papers that cite so have dozens."""
    votes = 0
    for line in lines:
        for match in re.finditer(rb"\x01+", line.script):
            run, before = line.text[match.start() : match.end()], line.text[: match.start()]
            if re.match(r"^\d{1,3}(?:[,–\-]\d{1,3})*$", run.strip()) and re.search(r"(?:[a-z]{4}|[a-z)][.,])$", before):
                votes += 1
    return votes


def quote_of(text: str, script: bytes) -> str:
    """The characters as they stand on the page, raised and lowered ones as Unicode has them."""
    if not any(script):
        return one_line(readable(text))
    parts: list[str] = []
    done = 0
    for match in _SCRIPTS.finditer(script):
        first, last = match.span()
        table = SUPERSCRIPT if script[first] == 1 else SUBSCRIPT
        parts += [text[done:first], text[first:last].translate(table)]
        done = last
    parts.append(text[done:])
    return one_line(readable("".join(parts)))


def _built_up(text: str) -> Iterator[int]:
    """Positions of sums, integrals and roots, with all that stands between them and the nearest words.

    Limits and fractions have no order of reading that two readers would share.
    """
    for match in _SUM.finditer(text):
        start, end = max(0, match.start() - _REACH), match.end() + _REACH
        before = list(_PLAIN_WORD.finditer(text, start, match.start()))
        after = _PLAIN_WORD.search(text, match.end(), end)
        yield from range(
            before[-1].end() if before else start,
            after.start() if after else min(end, len(text)),
        )


def _joint(line: Line, following: Line, vocabulary: Vocabulary) -> tuple[int, str]:
    """How many characters of ``line`` stay, and what stands between it and ``following``."""
    text = line.text
    if text.endswith("\u00ad"):
        return len(text) - 1, ""
    # Looked for only behind a hyphen: a search from the left costs more than all the rest.
    tail = _TAIL.search(text) if text[-1:] in _HYPHENS else None
    if tail and not line.script[-1]:
        head = _HEAD.match(following.text)
        if head is None:
            return len(text), "" if following.text[:1].isdecimal() else " "
        right = readable(head[0])
        if right in ("and", "or", "to"):  # "short- and long-range"
            return len(text), " "
        if _CHAIN.search(text):  # "state-of-the-" goes on as it began
            return len(text), ""
        return (len(text), "") if vocabulary.keeps_hyphen(readable(tail[1]), right) else (len(text) - 1, "")
    return len(text), "" if _NO_BLANK_AFTER.search(text[-2:]) else " "


def _same_column(above: Line, below: Line) -> bool:
    return above.page == below.page and above.column == below.column and above.base > below.base


def _box(line: Line, first: int, last: int) -> Box:
    while first < last - 1 and line.text[first] == " ":
        first += 1
    while last > first + 1 and line.text[last - 1] == " ":
        last -= 1
    if last - first == len(line.text):
        x0, x1 = line.x0, line.x1
    else:
        x0, x1 = min(line.left[first:last]), max(line.right[first:last])
    return Box(round(x0, 2), round(line.y0, 2), round(max(x1, x0 + 0.1), 2), round(max(line.y1, line.y0 + 0.1), 2))


def _raise(before: str, run: str) -> str:
    """Raised text as it is typed: ``10^13``, ``cm^-3``, ``Pb^2+``, but ``5th``."""
    content = re.sub("[−–]", "-", run.strip().replace(UNKNOWN_MINUS, "−"))
    if not content or content in _ORDINALS or not before or before[-1].isspace():
        return run
    return f"^{content}" + run[len(run.rstrip()) :]
