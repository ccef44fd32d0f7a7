"""Blocks: neighbouring lines of one look, and the part that each plays."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import median

from rag.documents import Kind
from rag.reading.lines import Line
from rag.reading.text import word_list

CAPTION = re.compile(
    r"^\W{0,2}(?:(?:Supplementary|Extended Data|Supporting)\s+)?"
    r"(?P<what>Fig(?:ure|s|ures)?\b\.?|FIG(?:URE|S)?\b\.?|Tables?\b|TABLE\b|Scheme\b|SCHEME\b|Chart\b|Plate\b|Box\b|Algorithm\b|Listing\b)"
    r"\s*(?P<number>S?\d{1,3}(?:\.\d+)?|[IVX]{1,5})\b(?P<after>\s?[.:|)]|\s?[–—](?![\dS])|\s|$)(?P<rest>.*)"
)
_FUNCTION_WORDS = word_list(
    "the of and in to a is for with that by as are on from be we this which at an or it can not have has these "
    "was were been their its into also such than between our using may but more they all each both where when if "
    "how one will there would only use used"
)
_TOKEN = re.compile(r"[^\W\d_]+")
_EQUATION_NUMBER = re.compile(r"\(\s?S?\d{1,3}[a-z]?\s?\)\s*$")
_MATHS = re.compile(r"[=≈≡∝∑∏∫√∂∇≤≥<>→⇌↔±×]")
_PANEL = re.compile(r"\(?[a-h](?:[–,\-][a-h])?\)?,?\s+[A-Z(]")
_NUMBERED = re.compile(r"^(?:\d{1,2}(?:\.\d{1,2}){0,3}\.?|[IVX]{1,5}\.|[A-Z]\.)\s+[^\W\d_][^\W\d_]")


@dataclass(frozen=True, slots=True)
class Look:
    """The document's plain text: size in points, font, and the usual step from line to line by size."""

    size: float
    font: str
    leading: dict[float, float]

    def step(self, size: float) -> float:
        return self.leading.get(_rounded(size), 1.25 * size)

    def is_body(self, size: float) -> bool:
        return abs(size - self.size) <= 0.035 * self.size + 0.05


@dataclass(slots=True)
class Block:
    """Lines of one column that belong together."""

    lines: list[Line]
    kind: Kind = Kind.BODY
    column: int = 0

    @property
    def page(self) -> int:
        return self.lines[0].page

    @property
    def size(self) -> float:
        return self.lines[0].size if len(self.lines) == 1 else median(line.size for line in self.lines)

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)

    @property
    def bold(self) -> float:
        letters = sum(len(line.text) for line in self.lines)
        return sum(line.bold * len(line.text) for line in self.lines) / max(1, letters)


def look_of(columns: Iterable[Sequence[Line]]) -> Look:
    """Size of the plain text by number of characters, and line steps by size."""
    letters: Counter[float] = Counter()
    fonts: Counter[tuple[float, str]] = Counter()
    steps: dict[float, list[float]] = defaultdict(list)
    for lines in columns:
        for line in lines:
            if len(line.text) > 25 and not line.gaps and function_share(line.text) > 0.12:
                letters[_rounded(line.size)] += len(line.text)
                fonts[_rounded(line.size), line.font] += len(line.text)
        for above, below in pairwise(lines):
            step = above.base - below.base
            if abs(above.size - below.size) < 0.3 and 0.8 * below.size < step < 2.2 * below.size:
                steps[_rounded(below.size)].append(step)
    size = letters.most_common(1)[0][0] if letters else 10.0
    font = max((key for key in fonts if key[0] == size), key=lambda key: fonts[key], default=(size, ""))[1]
    return Look(size, font, {key: median(values) for key, values in steps.items() if len(values) >= 4})


def blocks_of(lines: Sequence[Line], look: Look, column: int) -> list[Block]:
    """Divide the lines of one column where size, weight or spacing change, at captions and around tables."""
    blocks: list[Block] = []
    for line in lines:
        if blocks and not _parts(blocks[-1].lines, line, look):
            blocks[-1].lines.append(line)
        else:
            blocks.append(Block([line], column=column))
    return blocks


def _parts(lines: Sequence[Line], line: Line, look: Look) -> bool:
    above = lines[-1]
    step = above.base - line.base
    usual = look.step(min(above.size, line.size))
    if abs(above.size - line.size) > 0.06 * max(above.size, line.size) + 0.1 and not _same_prose(lines, line, look):
        return True
    if step > 1.35 * usual + 1 or step < 0:
        return True
    if (above.bold > 0.85 and line.bold < 0.4) or (above.bold < 0.15 and line.bold > 0.85):
        return len(line.text) > 2
    if len(lines) == 1 and _is_subheading(above, line, look):
        return True
    if is_row(above) != is_row(line):
        return True
    if is_formula(line, look) != is_formula(above, look):
        return True
    # Inside a paragraph a line may begin "Table 2. We note": a caption also looks different or stands off.
    differs = line.bold - above.bold > 0.05 or abs(line.size - above.size) > 0.2 or line.font != above.font
    return starts_caption(line, look) and (differs or step > 1.12 * usual or is_row(above))


def _is_subheading(line: Line, below: Line, look: Look) -> bool:
    """A short line in another font over plain text: a heading whose font does not say that it is bold."""
    short = line.x1 - line.x0 < 0.75 * (line.column[1] - line.column[0])
    differs = line.font != look.font and below.font == look.font and look.is_body(below.size)
    begins = line.text[:1].isupper() or bool(_NUMBERED.match(line.text))
    return short and differs and begins and line.text[-1:] not in ".,;:-" and not any(line.script)


def _same_prose(lines: Sequence[Line], line: Line, look: Look) -> bool:
    """A line whose dominant size is off because most of it is raised, lowered or mathematics."""
    return len(line.text) < 12 and look.is_body(lines[0].size) and abs(lines[0].x0 - line.x0) < 1.0


def starts_caption(line: Line, look: Look) -> bool:
    """``Fig. 3 | Band gaps`` but not a sentence of the text that begins ``Figure 3 shows``."""
    match = CAPTION.match(line.text)
    if match is None:
        return False
    after, rest = match["after"].strip(), match["rest"].strip()
    if match["number"].isalpha() and not match["what"].isupper():
        return False
    differs = not look.is_body(line.size) or line.bold > 0.02
    if after and after != ")":
        return differs or not rest or not rest[0].islower() or line.gaps > 0
    if after == ")":
        return False
    begins = bool(_PANEL.match(rest)) or not re.match(r"[a-z]+\b", rest)
    return not rest or (differs and (begins or line.gaps > 0))


def is_row(line: Line) -> bool:
    """A row of a table: wide holes, and no sentence around them."""
    return line.gaps >= 2 and function_share(line.text) < 0.2


def is_formula(line: Line, look: Look) -> bool:
    """A displayed equation: set off from the column's edges, mathematics, hardly a word."""
    left, right = line.column
    indented = line.x0 - left > 1.2 * line.size
    if not (indented or line.gaps) or line.size < 0.9 * look.size:
        return False
    numbered = line.gaps > 0 and bool(_EQUATION_NUMBER.search(line.text))
    short = line.x1 < right - 2 * line.size
    words = [word for word in _TOKEN.findall(line.text) if len(word) > 3 and word.islower()]
    if len(words) > 2 or not (indented or numbered):
        return False
    if numbered:
        return True
    letters = sum(map(str.isalpha, line.text))
    mathematics = bool(_MATHS.search(line.text)) or letters < 0.3 * len(line.text)
    return mathematics and len(words) <= 1 and (short or line.gaps > 0)


@lru_cache(maxsize=8192)
def function_share(text: str) -> float:
    """Share of English function words among the words of ``text``: 0.3-0.5 in prose, near 0 in tables."""
    words = _TOKEN.findall(text.lower())
    return sum(word in _FUNCTION_WORDS for word in words) / len(words) if words else 0.0


def is_prose(block: Block) -> bool:
    """Whether a block reads as sentences: words of grammar, few holes, lines that fill their column."""
    text = block.text
    visible = len(text.replace(" ", ""))
    letters = sum(map(str.isalpha, text))
    if visible == 0 or letters < 0.62 * visible:
        return False
    if sum(map(is_row, block.lines)) > 0.2 * len(block.lines):
        return False
    words = _TOKEN.findall(text)
    share = function_share(text)
    if len(block.lines) == 1:
        return len(words) >= 5 and share >= 0.15
    widest = max(line.x1 - line.x0 for line in block.lines)
    filled = sum(line.x1 - line.x0 > 0.7 * widest for line in block.lines)
    return len(words) >= 8 and share >= 0.16 and filled >= 0.4 * len(block.lines) and widest > 12 * block.size


def looks_like_heading(block: Block, look: Look) -> bool:
    """Short, and larger, bolder, in capitals or numbered."""
    if len(block.lines) > 4:
        return False
    text = block.text.strip()
    if not 3 <= len(text) <= 180:
        return False
    letters = [character for character in text if character.isalpha()]
    if len(letters) < 0.5 * len(text.replace(" ", "")):
        return False
    if text[0].islower() or text[-1] in ",;" or sum(line.gaps for line in block.lines) > len(block.lines):
        return False
    if len(letters) < 3 or not re.search(r"[^\W\d_]{3}", text):
        return False
    larger = block.size > look.size * 1.07
    capitals = all(character.isupper() for character in letters) and len(letters) > 4
    numbered = bool(_NUMBERED.match(text)) and len(block.lines) <= 2
    other_font = look.font not in ("", block.lines[0].font) and len(block.lines) == 1 and len(text) < 90
    if text[-1] == "." and not (numbered or block.bold > 0.85):
        return False
    if larger or block.bold > 0.85:
        return block.size > 0.85 * look.size
    named = numbered or (other_font and text[-1] != ".")
    return (capitals and block.size > 0.85 * look.size) or (named and len(text) < 90 and block.size > 0.95 * look.size)


def _rounded(size: float) -> float:
    return round(2 * size) / 2
