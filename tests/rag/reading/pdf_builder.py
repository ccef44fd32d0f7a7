"""Small PDFs written by hand, so that a test knows every byte and the place of every word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

WIDTH, HEIGHT = 595, 842


@dataclass
class Builder:
    """Collects objects of one PDF; ``build`` writes them with a correct cross-reference table."""

    info: dict[str, str] = field(default_factory=dict)
    labels: str = ""
    pages: list[bytes] = field(default_factory=list)
    resources: str = ""

    def page(self, *commands: str) -> Builder:
        self.pages.append("\n".join(commands).encode("cp1252"))
        return self

    def build(self) -> bytes:
        kids = " ".join(f"{5 + 2 * i} 0 R" for i in range(len(self.pages)))
        fonts = "".join(
            f"/{tag} << /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >> "
            for tag, name in (("F", "Times-Roman"), ("B", "Times-Bold"), ("H", "Helvetica"))
        )
        objects = [
            f"<< /Type /Catalog /Pages 2 0 R {self.labels} >>".encode(),
            f"<< /Type /Pages /Kids [{kids}] /Count {len(self.pages)} >>".encode(),
            f"<< /Font << {fonts} >> {self.resources} >>".encode(),
            ("<< " + " ".join(f"/{key} ({value})" for key, value in self.info.items()) + " >>").encode("cp1252"),
        ]
        for number, content in enumerate(self.pages):
            box = f"/MediaBox [0 0 {WIDTH} {HEIGHT}]"
            objects.append(
                f"<< /Type /Page /Parent 2 0 R {box} /Resources 3 0 R /Contents {6 + 2 * number} 0 R >>".encode()
            )
            objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        return assemble(objects)


def assemble(objects: Sequence[bytes]) -> bytes:
    """A PDF of ``objects``, numbered from 1; the first is the catalogue, the fourth the information."""
    out = b"%PDF-1.7\n"
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer << /Size %d /Root 1 0 R /Info 4 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return out + trailer % (len(objects) + 1, start)


def text(x: float, y: float, words: str, size: float = 10, font: str = "F", extra: str = "") -> str:
    """Commands that show ``words`` with the baseline at ``x, y``."""
    escaped = words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"BT {extra} /{font} {size} Tf 1 0 0 1 {x} {y} Tm ({escaped}) Tj ET"


def runs(x: float, y: float, *parts: str | tuple[str, float]) -> str:
    """Commands that show ``parts`` one after the other; a pair is small text, raised or lowered by so many points."""
    commands = [f"BT 1 0 0 1 {x} {y} Tm"]
    for part in parts:
        words, rise, size = (part, 0.0, 10) if isinstance(part, str) else (*part, 6)
        commands.append(f"/F {size} Tf {rise} Ts ({words}) Tj")
    return " ".join([*commands, "ET"])


def column(x: float, y: float, lines: Sequence[str], size: float = 10, leading: float = 12) -> list[str]:
    return [text(x, y - leading * index, line, size) for index, line in enumerate(lines)]


FILLER = (
    "The vacancy in this crystal is the most common defect of all and",
    "it moves when the temperature of the sample is raised above room",
    "temperature. We have measured how often it moves and what it costs",
    "to make one, and we compare the result with that of a calculation.",
)


def paper_page(y: float = 760) -> list[str]:
    """A page of plain text in one column, enough to be read as a paper."""
    return column(72, y, FILLER * 8)
