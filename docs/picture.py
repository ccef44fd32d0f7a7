"""Draws ``docs/overview.png`` from what the package brings along: an answer beside the page that it cites, a search,
and crystals made by text.

python docs/picture.py
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from clip_mat import Generator, MaterialsIndex
from clip_mat.search.results import TABLE_COLUMNS, table_row
from clip_mat.tables import text_table
from rag import PaperLibrary
from rag.report.drawing import MARK

QUESTION = "How large is the formation entropy of oxygen vacancies in ceria?"
SEARCH, HITS = "lead-free ternary perovskite", 5
REQUEST, MADE = "orthorhombic LiMnO2", 3

WIDTH, MARGIN, GAP = 1800, 40, 28
LEFT = 860
"""Width of the left column; the page and the crystals have the rest."""
PAGE_HEIGHT = 620
INK, QUIET, ACCENT, LINE = "#1b1f24", "#57606a", "#0b5cad", "#d0d7de"
FONTS = Path(matplotlib.get_data_path(), "fonts", "ttf")


@dataclass(frozen=True)
class Style:
    """How a paragraph looks; ``family`` is a font of matplotlib."""

    size: int
    colour: str = INK
    family: str = "DejaVuSans"

    @property
    def font(self) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(FONTS / f"{self.family}.ttf", self.size)


COMMAND = Style(22, ACCENT, "DejaVuSansMono-Bold")
BODY, SMALL = Style(27), Style(19, QUIET)
TABLE, UNDERSTOOD = Style(20, INK, "DejaVuSansMono"), Style(20, QUIET, "DejaVuSansMono")
Paragraph = tuple[str, Style]


def main() -> None:
    with PaperLibrary.demo() as papers:
        answer = papers.ask(QUESTION)
    page = cut(Image.open(io.BytesIO(answer.show().png)).convert("RGB"), WIDTH - LEFT - 2 * MARGIN)
    with MaterialsIndex.open() as materials:
        result = materials.search(SEARCH, HITS)
        made = Generator.load(materials).sample(REQUEST, MADE)
    crystals = trimmed(Image.open(io.BytesIO(made.picture(MADE).png)).convert("RGB"))
    crystals.thumbnail((page.width, 440))

    picture = Image.new("RGB", (WIDTH, 2 * WIDTH), "white")
    pen = ImageDraw.Draw(picture)
    right = LEFT + MARGIN
    reference = answer.references[0]
    low = write(pen, MARGIN, LEFT - 2 * MARGIN, [
        (f'clip-mat ask "{QUESTION}"', COMMAND),
        *((sentence.cited, BODY) for sentence in answer.sentences),
        (f"{reference.key}  {reference.text}", SMALL),
    ])  # fmt: skip
    picture.paste(page, (right, MARGIN))
    pen.rectangle((right - 1, MARGIN - 1, right + page.width, MARGIN + page.height), outline=LINE)

    top = max(low, MARGIN + page.height + GAP)
    pen.line((MARGIN, top, WIDTH - MARGIN, top), fill=LINE, width=2)
    hits = [table_row(hit) for hit in result.hits]
    keep = [name for name in TABLE_COLUMNS if any(row[TABLE_COLUMNS.index(name)] not in ("", "-") for row in hits)]
    rows = [[row[TABLE_COLUMNS.index(name)] for name in keep] for row in hits]
    low = write(pen, MARGIN, LEFT - 2 * MARGIN, [
        (f'clip-mat search "{SEARCH}"', COMMAND),
        (f"filter     {result.filter}\nranked by  {result.text}", UNDERSTOOD),
        (text_table(keep, rows), TABLE),
    ], top + GAP)  # fmt: skip
    below = write(pen, right, page.width, [(f'clip-mat generate "{REQUEST}"', COMMAND)], top + GAP)
    picture.paste(crystals, (right, below))
    bottom = max(low, below + crystals.height + GAP)
    out = Path(__file__).with_name("overview.png")
    picture.crop((0, 0, WIDTH, bottom)).quantize(128, dither=Image.Dither.NONE).save(out, optimize=True)


def write(pen: ImageDraw.ImageDraw, x: int, width: int, paragraphs: Sequence[Paragraph], y: int = MARGIN) -> int:
    """Write paragraphs below each other, and return where they end."""
    for text, style in paragraphs:
        for line in text.split("\n"):
            for part in wrapped(line, style.font, width):
                pen.text((x, y), part, style.colour, style.font)
                y += int(style.size * 1.45)
        y += int(style.size * 0.7)
    return y


def wrapped(line: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """A line in parts that fit; blanks inside one that fits are kept."""
    if font.getlength(line) <= width:
        return [line]
    parts = [""]
    for word in line.split():
        longer = f"{parts[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            parts[-1] = longer
        else:
            parts.append(word)
    return parts


def cut(page: Image.Image, width: int) -> Image.Image:
    """The part of a page around its marks, so wide."""
    pixels = np.asarray(page).astype(int)
    marked = np.flatnonzero((np.abs(pixels - MARK) < 24).all(axis=2).any(axis=1))
    page_scale = width / page.width
    height = int(PAGE_HEIGHT / page_scale)
    middle = int(marked[0] + marked[-1]) // 2
    top = min(max(0, middle - height // 2), page.height - height)
    return page.crop((0, top, page.width, top + height)).resize((width, PAGE_HEIGHT), Image.Resampling.LANCZOS)


def trimmed(picture: Image.Image) -> Image.Image:
    """Without its white margin."""
    ink = np.asarray(picture).min(axis=2) < 250
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return picture.crop((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))


if __name__ == "__main__":
    main()
