"""Draws ``docs/answer.png``: an answer of the bundled review beside the page that it cites, quotes highlighted.

python docs/picture.py
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import pypdfium2
from PIL import Image, ImageChops, ImageDraw, ImageFont

from rag import PaperLibrary
from rag.demo import PAPER

QUESTION = "How large is the formation entropy of oxygen vacancies in ceria?"
SCALE = 1.6
PANEL, MARGIN = 760, 36
INK, QUIET, MARK = "#1b1f24", "#57606a", (255, 214, 51)


def main() -> None:
    with PaperLibrary.demo() as papers:
        answer = papers.ask(QUESTION)
    places = [support for sentence in answer.sentences for support in sentence.support]
    page = pypdfium2.PdfDocument(PAPER)[places[0].page - 1]
    paper = page.render(scale=SCALE).to_pil().convert("RGB")
    marks = Image.new("RGB", paper.size, "white")
    pen = ImageDraw.Draw(marks)
    for place in places:
        for box in place.boxes if place.page == places[0].page else ():
            top, bottom = ((page.get_height() - y) * SCALE for y in (box.y1, box.y0))
            pen.rectangle((box.x0 * SCALE - 1, top, box.x1 * SCALE + 1, bottom), fill=MARK)
    highlighted = ImageChops.multiply(paper, marks)  # the paper turns yellow, the ink stays black
    highlighted = highlighted.crop((0, 0, highlighted.width, int(highlighted.height * 0.62)))

    picture = Image.new("RGB", (PANEL + highlighted.width, highlighted.height), "white")
    picture.paste(highlighted, (PANEL, 0))
    pen = ImageDraw.Draw(picture)
    pen.line((PANEL, 0, PANEL, picture.height), fill="#d0d7de", width=2)
    y = MARGIN
    paragraphs = [
        (f'$ clip-mat ask "{QUESTION}"', 21, QUIET),
        *((sentence.cited, 25, INK) for sentence in answer.sentences),
        *((f"{reference.key}  {reference.text}".replace("–", "-"), 19, QUIET) for reference in answer.references),
    ]
    for text, size, colour in paragraphs:
        font = ImageFont.load_default(size)
        for line in textwrap.wrap(text, int(2.02 * (PANEL - 2 * MARGIN) / size)):
            pen.text((MARGIN, y), line, fill=colour, font=font)
            y += int(size * 1.4)
        y += size
    picture.quantize(128).save(Path(__file__).with_name("answer.png"), optimize=True)


if __name__ == "__main__":
    main()
