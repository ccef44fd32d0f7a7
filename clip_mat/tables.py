"""Tables of results, for terminals and for notebooks."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence


def text_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table for terminals: columns side by side, two blanks apart."""
    whole = [columns, *rows]
    widths = [max(map(len, column)) for column in zip(*whole, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in whole)


def html_table(columns: Sequence[str], rows: Iterable[Sequence[str]], formulas: str = "formula") -> str:
    """A table for notebooks.

    Args:
        columns: Their names.
        rows: A text for each column.
        formulas: Name of the column of chemical formulas, whose digits are set low.
    """
    place = list(columns).index(formulas)
    lines = ["<table><thead><tr>", *(f"<th>{html.escape(name)}</th>" for name in columns), "</tr></thead><tbody>"]
    for row in rows:
        cells = [html.escape(cell) for cell in row]
        cells[place] = "".join(f"<sub>{c}</sub>" if c.isdigit() else c for c in cells[place])
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return "".join([*lines, "</tbody></table>"])
