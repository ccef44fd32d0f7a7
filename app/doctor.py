"""``clip-mat doctor``: what is there, what is missing, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.terminal import PathName, console, json_option, note, plain, print_json

if TYPE_CHECKING:
    from app.checkup import Finding

_MARKS = {"ok": ("ok", "green"), "note": ("-", "yellow"), "broken": ("BROKEN", "bold red")}


@click.command("doctor")
@click.option("--index", "indexes", type=PathName(file_okay=False), multiple=True,
              help="Look at this index too; may be given several times.")  # fmt: skip
@click.option("--repair", type=PathName(file_okay=False),
              help="First rebuild this damaged index from its whole records; what is lost is listed.")  # fmt: skip
@click.option("--deep", is_flag=True, help="Load every model and read every byte of the indexes: takes longer.")
@json_option
def doctor_command(indexes: tuple[Path, ...], repair: Path | None, deep: bool, as_json: bool) -> int:
    """Say what is installed, which weights, which indexes; what is missing, and what to do.

    Uses no network, and changes nothing but the index to --repair. What need not be there is marked "-"; exits 1 only
    where something that is needed does not work.

    \b
    Examples:  clip-mat doctor
               clip-mat doctor --deep --index mine
               clip-mat doctor --repair mine
    """
    from app.checkup import look_at_everything

    lost: list[str] = []
    if repair is not None:
        from indexes import repair as rebuild

        lost = rebuild(repair)
        note(f"{repair}: rebuilt; {f'lost: {len(lost)}' if lost else 'nothing was lost'}")
        for line in lost:
            note(f"  {line}")
        indexes = (*indexes, repair)
    findings = list(look_at_everything(indexes, deep=deep))
    broken = [finding for finding in findings if finding.state == "broken"]
    if as_json:
        print_json({"healthy": not broken, "findings": [finding.to_dict() for finding in findings], "lost": lost})
    else:
        _show(findings)
        count = "1 thing does" if len(broken) == 1 else f"{len(broken)} things do"
        console().print(f"{count} not work." if broken else "Everything needed works.")
    return 1 if broken else 0


def _show(findings: Sequence[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    screen = console()
    for area in dict.fromkeys(finding.area for finding in findings):
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for finding in _folded(area, [finding for finding in findings if finding.area == area]):
            mark, style = _MARKS[finding.state]
            told = Text(plain(finding.detail))
            if finding.remedy:
                told.append(f"\n{plain(finding.remedy)}", style="bold" if finding.state == "broken" else "dim")
            table.add_row(Text(mark, style=style), Text(plain(finding.name)), told)
        screen.print(Text(area, style="bold"))
        screen.print(table)
        screen.print()


def _folded(area: str, findings: Sequence[Finding]) -> Sequence[Finding]:
    """The many packages that are as they should be share one row, the others keep theirs."""
    from app.checkup import Finding

    if area != "packages":
        return findings
    fine = [finding for finding in findings if finding.state == "ok"]
    told = ", ".join(f"{finding.name} {finding.detail.split()[0]}" for finding in fine)
    return [Finding(area, f"{len(fine)} packages", "ok", told), *(one for one in findings if one.state != "ok")]
