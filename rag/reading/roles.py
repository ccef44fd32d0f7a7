"""Which part every block plays: title, front matter, sections, captions, tables, references, back matter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from rag.documents import Kind
from rag.reading.blocks import (
    Block,
    Look,
    function_share,
    is_formula,
    is_prose,
    is_row,
    looks_like_heading,
    starts_caption,
)

_NUMBER = r"^(?:(?:\d{1,2}(?:\.\d{1,2})*|[IVX]{1,5}|[A-Z])[.)]?\s+)?\W{0,3}"
REFERENCES = re.compile(
    _NUMBER + r"(?:references?(?:\s+and\s+notes?)?|notes?\s+and\s+references?|bibliography|literature(?:\s+cited)?|"
    r"supplementa(?:l|ry)\s+references|works\s+cited)\W*$",
    re.IGNORECASE,
)
_BACK_WORDS = (
    r"acknowledge?ments?|funding(?:\s+(?:information|sources?|statement))?|financial\s+support|"
    r"author(?:s['’]?|['’]s)?\s+contributions?|contributions?\s+of\s+authors|credit\s+author\w*(?:\s+\w+)*|"
    r"(?:declaration\s+of\s+)?(?:competing|conflicting)\s+(?:financial\s+)?interests?(?:\s+statement)?|"
    r"(?:declaration\s+of|conflicts?\s+of)\s+interests?|author\s+information|(?:declaration\s+of\s+)?interests|disclosures?|"
    r"(?:data|code|software|materials?)(?:,?\s+(?:and|&|data|code|software|materials?))*\s+availability(?:\s+statement)?|"
    r"availability\s+of\s+\w+(?:\s+\w+)*|data\s+and\s+software|supplement(?:al|ary)\s+(?:information|data|materials?)|"
    r"supporting\s+information|associated\s+content|additional\s+information|orcid(?:\s+ids?)?|open\s+access|"
    r"publisher['’]?s\s+note|reprints\s+and\s+permissions?|ethics\s+\w+(?:\s+\w+)*|correspondence|peer\s+review\s+\w+|"
    r"rights\s+and\s+permissions|how\s+to\s+cite(?:\s+this\s+\w+)?|about\s+(?:the\s+authors?|this\s+(?:document|article|paper))|author\s+details|"
    r"notes|abbreviations|consent\s+\w+(?:\s+\w+)*|lead\s+contact|contact\s+for\s+reagent\s+\w+(?:\s+\w+)*"
)
BACK = re.compile(_NUMBER + rf"(?:{_BACK_WORDS})\W*$", re.IGNORECASE)
RUN_IN_BACK = re.compile(
    r"^(?:Acknowledge?ments?|Author [Cc]ontributions?|Competing (?:financial )?[Ii]nterests?|Funding|Open Access|"
    r"Conflicts? of [Ii]nterest|(?:Data|Code) [Aa]vailability|Publisher[’']s [Nn]ote|Reprints and permission\w*|"
    r"Supplementary [Ii]nformation|Additional [Ii]nformation|Correspondence)\b"
)
_OPENING = re.compile(
    _NUMBER + r"(?:abstract|summary|introduction|synopsis|background|main|overview)\b\W*", re.IGNORECASE
)
_FRONT = re.compile(
    r"received|accepted|published|revised|correspond|e-?mail|@|©|\(c\) 20|copyright|creative commons|licen[cs]e|"
    r"universit|department|institut|school of|college|laborator|faculty|doi|https?:|www\.|these authors|orcid|"
    r"keywords|citation:|cite this|article info|open access|issn|academic editor|vol\.|journal|submitted|reviewed by|"
    r"edited by|editor:|street|road|usa\b|united kingdom|germany|china|japan|france|spain",
    re.IGNORECASE,
)
_REFERRING = re.compile(r"(?:[(\[,]|\b(?:in|see|of|from|and|to|by|with|the|both|on|also))\s*$", re.IGNORECASE)
_FRONT_PAGES = 3  # on which addresses may stand as footnotes
_LEAST_TEXT = 12  # lines
_CLOSED = re.compile(r"[.!?:;][)\]\"”’\d,–\-\s]*$")
_NUMBERED_HEADING = re.compile(r"^\d{1,2}(?:\.\d{1,2}){0,3}\.?\s+[^\W\d_]{2}")
_LICENCE = re.compile(r"creative commons|open access article|©.*(?:publish|author)", re.IGNORECASE)
_CREDIT = re.compile(
    r"^\W*(?:(?:figures?|images?|panels?|tables?|photographs?|[a-h](?:[–,-][a-h])?)\W+)?"
    r"(?:(?:and|is|are|was|were|has been)\W+)?"
    r"(?:(?:re(?:produced|printed|used)|adapted|modified|redrawn|taken)\b[^.]{0,40}\b(?:permission|from\s+(?:ref|\[|\())"
    r"|copyright\b|©|\(c\)\s*(?:19|20)\d\d|all rights reserved|(?:image|photo|figure) (?:credits?|courtesy)\b)",
    re.IGNORECASE,
)
_NUMBERED_ENTRY = re.compile(r"^\W{0,2}(\d{1,3})(?:\s?[\].)]|\s)\s*\S")


def assign_kinds(blocks: Sequence[Block], look: Look, title: str) -> None:
    """Set the kind of every block. ``title``: what the file says its title is, or ""."""
    for block in blocks:
        block.kind = _first_guess(block, look)
    _unmask_text(blocks, look)
    _captions_go_on(blocks, look)
    _demote_headings(blocks)
    _mark_front(blocks, look, title)
    _mark_sections(blocks, look)


def is_credit(text: str) -> bool:
    """Whether a sentence of a caption only says whose the figure is: ``Reproduced with permission from ...``."""
    return _CREDIT.match(text) is not None


def _first_guess(block: Block, look: Look) -> Kind:
    if starts_caption(block.lines[0], look):
        return Kind.CAPTION
    if looks_like_heading(block, look) and not (len(block.lines) > 2 and is_prose(block) and block.bold < 0.85):
        return Kind.HEADING
    if all(is_formula(line, look) for line in block.lines):
        return Kind.FORMULA
    if is_prose(block) and (look.is_body(block.size) or len(block.lines) > 1 or block.text.rstrip()[-1:] in ".?!"):
        return Kind.BODY
    if look.is_body(block.size) and _is_loose_text(block):
        return Kind.BODY
    return Kind.TABLE


def _is_loose_text(block: Block) -> bool:
    """A short last line, a list item: plain size, begins at the left edge, has words."""
    first = block.lines[0]
    text = block.text
    left, right = first.column
    words = re.findall(r"[a-z]{3,}", text)
    at_edge = abs(first.x0 - left) < 3.5 * first.size
    rows = sum(map(is_row, block.lines))
    closed = text.rstrip()[-1:] in ".!?:;" or (text.rstrip()[-1:].isalnum() and first.x1 > right - 2 * first.size)
    return at_edge and rows <= 0.2 * len(block.lines) and len(words) >= 1 and closed


def _unmask_text(blocks: Sequence[Block], look: Look) -> None:
    """A column of plain text that begins ``Table 2. We note`` goes on with a sentence begun before it."""
    text: Block | None = None
    for block in blocks:
        if block.kind is Kind.CAPTION and text is not None and is_prose(block):
            plain = look.is_body(block.size) and block.bold < 0.02 and block.lines[0].font == text.lines[-1].font
            if plain and block.column != text.column and _REFERRING.search(text.lines[-1].text):
                block.kind = Kind.BODY
        if block.kind is Kind.BODY and look.is_body(block.size):
            text = block


def _demote_headings(blocks: Sequence[Block]) -> None:
    """Bold or large words inside a figure or table are no headings: no text follows them."""
    for index, block in enumerate(blocks):
        if block.kind is not Kind.HEADING or _NUMBERED_HEADING.match(block.text) or REFERENCES.match(block.text):
            continue
        following = next((b for b in blocks[index + 1 :] if b.kind is not Kind.HEADING), None)
        if following is not None and following.column == block.column and following.kind in (Kind.TABLE, Kind.FORMULA):
            block.kind = Kind.TABLE


def _captions_go_on(blocks: Sequence[Block], look: Look) -> None:
    """A caption's second block: behind its bare label, or in the next column under the same figure."""
    caption: Block | None = None
    main_font = _main_font(blocks, look)
    for block in blocks:
        if block.kind is Kind.CAPTION:
            caption = block
            continue
        if caption is None or block.page != caption.page:
            continue
        same_look = abs(block.size - caption.size) < 0.3 and not (
            look.is_body(block.size) and block.lines[0].font == main_font
        )
        above, below = caption.lines[-1], block.lines[0]
        is_open = not _CLOSED.search(above.text)
        if block.column == caption.column:
            step = above.base - below.base
            bare = len(caption.text) < 40
            near = 0 < step < (2.2 if bare else 1.6) * look.step(below.size)
            if not near or not (same_look or bare) or (look.is_body(block.size) and not same_look):
                continue
            goes_on = is_prose(block) or (is_open and block.kind is not Kind.FORMULA and len(block.lines) <= 2)
        else:
            level = abs(below.base - caption.lines[0].base) < 0.5 * below.size
            goes_on = same_look and level and (is_prose(block) or is_open)
        if goes_on:
            block.kind = Kind.CAPTION
            caption = block


def _main_font(blocks: Sequence[Block], look: Look) -> str:
    counts: dict[str, int] = {}
    for block in blocks[:400]:
        if block.kind is Kind.BODY and look.is_body(block.size):
            for line in block.lines:
                counts[line.font] = counts.get(line.font, 0) + len(line.text)
    return max(counts, key=lambda font: counts[font]) if counts else ""


def _mark_front(blocks: Sequence[Block], look: Look, title: str) -> None:
    """Front matter of the first page, and of the second where it opens with the title again (behind a cover)."""
    opening = [block for block in blocks if block.page == 1]
    heading = _find_title(opening, look, title)
    _mark_opening(opening, look, heading)
    second = [block for block in blocks if block.page == 2]
    again = _find_title(second, look, heading.text if heading else title) if heading or title else None
    if again is not None and _letters(again.text) == _letters(heading.text if heading else title):
        _mark_opening(second, look, again)
    for block in blocks:
        if block.kind not in (Kind.BODY, Kind.TABLE) or look.is_body(block.size):
            continue
        small = block.size < 0.95 * look.size
        if (small and block.page <= _FRONT_PAGES and _is_address(block)) or _LICENCE.search(block.text):
            block.kind = Kind.FRONT


def _mark_opening(opening: Sequence[Block], look: Look, heading: Block | None) -> None:
    if heading is not None:
        heading.kind = Kind.TITLE
    start = next((i for i, block in enumerate(opening) if _starts_text(block, look)), None)
    title_at = opening.index(heading) if heading is not None else -1
    for index, block in enumerate(opening):
        if block.kind in (Kind.TITLE, Kind.CAPTION):
            continue
        before = (start is None and index < title_at) or (start is not None and index < start)
        abstract = len(block.lines) >= 4 and function_share(block.text) >= 0.27 and _front_hits(block) < 4
        if before:
            block.kind = Kind.BODY if abstract else Kind.FRONT
            continue
        notes = not look.is_body(block.size) and _front_hits(block) >= (2 if is_prose(block) else 1) and not abstract
        if notes or (block.kind is Kind.TABLE and index <= max(title_at, start or 0) + 3):
            block.kind = Kind.FRONT


def _is_address(block: Block) -> bool:
    return _front_hits(block) >= 1 and function_share(block.text) < 0.25


def _front_hits(block: Block) -> int:
    return len({match.lower() for match in _FRONT.findall(block.text)})


def _starts_text(block: Block, look: Look) -> bool:
    if _OPENING.match(block.text) and (block.kind is Kind.HEADING or len(block.text) > 200):
        return True
    return look.is_body(block.size) and is_prose(block) and len(block.lines) >= 5 and _front_hits(block) < 3


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text).lower()


def _find_title(opening: Sequence[Block], look: Look, told: str) -> Block | None:
    plain = _letters(told)
    candidates = [
        block
        for block in opening
        if len(block.text) >= 12 and len(block.lines) <= 6 and len(re.findall(r"[^\W\d_]{2,}", block.text)) >= 2
    ]
    if len(plain) > 12:
        for block in candidates:
            shown = _letters(block.text)
            if len(shown) > 10 and (shown in plain or plain in shown) and len(shown) > 0.5 * len(plain):
                return block
    large = [block for block in candidates if block.size > 1.15 * look.size]
    return max(large, key=lambda block: (block.size, -opening.index(block)), default=None)


def _mark_sections(blocks: Sequence[Block], look: Look) -> None:
    """Carry ``References`` and the back matter from their headings to the next heading."""
    state: Kind | None = None
    size = 0.0
    seen = 0  # lines of text so far: "Open access" over a title opens no back matter
    for block in blocks:
        if block.kind is Kind.BODY:
            seen += len(block.lines)
        if seen < _LEAST_TEXT:
            continue
        text = block.text.strip()
        short = len(block.lines) <= 2 and len(text) < 90
        if short and REFERENCES.match(text):
            block.kind, state, size = Kind.HEADING, Kind.REFERENCE, 0.0
            continue
        if short and BACK.match(text) and block.kind in (Kind.HEADING, Kind.BODY, Kind.TABLE):
            block.kind, state = Kind.HEADING, Kind.BACK
            continue
        if block.kind is Kind.HEADING:
            if state is Kind.REFERENCE and not _ends_references(block, size):
                block.kind = Kind.REFERENCE
            else:
                state = None
            continue
        if block.kind in (Kind.CAPTION, Kind.TITLE, Kind.FRONT):
            continue
        if state is Kind.REFERENCE:
            size = size or block.size
            if RUN_IN_BACK.match(text):
                state = Kind.BACK
            elif abs(block.size - size) > 0.4 and is_prose(block) and not _NUMBERED_ENTRY.match(text):
                block.kind = Kind.BODY if look.is_body(block.size) else Kind.BACK
                continue
            elif abs(block.size - size) > 0.4 and block.kind in (Kind.TABLE, Kind.FORMULA):
                continue
            block.kind = state
        elif state is Kind.BACK or (RUN_IN_BACK.match(text) and (block.bold > 0 or not look.is_body(block.size))):
            if block.kind is not Kind.TABLE:
                block.kind = Kind.BACK
        elif block.kind in (Kind.TABLE, Kind.BODY) and _is_list_of_references(block):
            block.kind = Kind.REFERENCE


def _ends_references(block: Block, size: float) -> bool:
    """A heading, not the first line of an entry that happens to look like one. ``size``: of the entries."""
    text = block.text.strip()
    if _NUMBERED_ENTRY.match(text) and re.search(r"\b(?:19|20)\d\d\b|^\W*\d+\W+(?:[A-Z]\.|[A-Z][\w’'-]+,)", text):
        return False
    return block.bold > 0.85 or (size > 0 and block.size > 1.06 * size)


def _is_list_of_references(block: Block) -> bool:
    """A list of references without its heading: numbers that count up, and years."""
    numbers = [int(match[1]) for line in block.lines if (match := _NUMBERED_ENTRY.match(line.text))]
    steps = sum(b == a + 1 for a, b in pairwise(numbers))
    years = len(re.findall(r"\b(?:19|20)\d\d\b", block.text))
    return steps >= 4 and years >= 4 and steps >= 0.6 * (len(numbers) - 1)
