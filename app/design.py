"""``clip-mat design``: from a question to crystals, with the page behind each."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.generate import FORMATS, NO_FILES, SPARED_COLUMNS, TEXT_COLUMNS
from app.papers import asked_papers, show_answer
from app.terminal import (
    PathName,
    PictureName,
    console,
    counted,
    goes_without,
    json_option,
    needs,
    note,
    plain,
    print_json,
    show_pairs,
    show_table,
)

if TYPE_CHECKING:
    from clip_mat.generate.exports import ExportFormat
    from rag.design import Design, Evidence, Plan

_folder = PathName(file_okay=False)
_file = PathName(dir_okay=False)


@click.command("design")
@click.argument("question", required=False)
@click.argument("paths", nargs=-1, type=PathName())
@click.option("--index", type=_folder, help="Folder of the paper index, as for ask.")
@click.option("--llm", help="Language model that writes the answer, as for ask; without it the answer is extracts.")
@click.option("-n", "n", type=int, help="How many crystals of each request.  [default: 4]")
@click.option("--composition", help="Formula in place of the papers'; '' for any.")
@click.option("--elements", help="Elements that must be there, like Sn,I; '' for any.")
@click.option("--exclude", help="Elements that must not be there, like Pb,Cd; '' for none.")
@click.option("--prototype", "prototypes", help="Structure type, like 'rock salt'; '' for any.")
@click.option("--spacegroup", help="Number or symbol, like 225 or Fm-3m; '' for any.")
@click.option("--crystal-system", help="triclinic to cubic; '' for any.")
@click.option("--gap", help="metal, semiconductor, wide gap, ...; '' for any.")
@click.option("--filter", "condition", help="OPTIMADE filter that every crystal must meet; '' for none.")
@click.option("--words", help="What the text vector is made of, in place of the papers' sentences; '' for nothing.")
@click.option("--alternative", type=click.IntRange(min=0), help="Take this one of the other requests that are shown.")
@click.option("--all", "every", is_flag=True, help="Make the crystals of every alternative, too.")
@click.option("--from-noise", is_flag=True, help="From pure noise, without templates.")
@click.option("--templates", type=_folder, help="Structure index for templates; by default 288 bundled prototypes.")
@click.option("--seed", type=int, help="Of everything that is drawn.  [default: 0]")
@click.option("--edit", is_flag=True, help="Open the request in your editor before anything is made.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask before making; nothing is asked without a terminal either.")
@click.option("--plan", "plan_file", type=_file, help="Write the plan to this file, and make nothing.")
@click.option("--from-plan", type=PathName(dir_okay=False, exists=True),
              help="Go on with a plan, perhaps edited, in place of QUESTION: JSON, or TOML.")  # fmt: skip
@click.option("--format", "style", type=click.Choice(FORMATS), default="cif", show_default=True, help="For --out.")
@click.option("--out", type=_folder, help="Write the crystals and provenance.json into this folder.")
@click.option("--picture", type=PictureName(), help="Draw the first crystals, as PNG.")
@json_option
def design_command(
    question: str | None,
    paths: tuple[Path, ...],
    index: Path | None,
    llm: str | None,
    alternative: int | None,
    every: bool,
    templates: Path | None,
    edit: bool,
    yes: bool,
    plan_file: Path | None,
    from_plan: Path | None,
    style: ExportFormat,
    out: Path | None,
    picture: Path | None,
    as_json: bool,
    **given: Any,
) -> int:
    """Ask the papers, turn their answer into a request, and make the crystals, each with the pages behind it.

    The answer, the request and where each part of it comes from are shown before anything is made; the options change
    any part. Where the papers are silent, or name no compound, nothing is made. PATHs are taken in first, as for ask.

    \b
    Examples:  clip-mat design "Which oxide forms oxygen vacancies on reduction?" --out made
               clip-mat design "Which lead-free double perovskite absorbs best?" papers/ --yes
               clip-mat design "Which telluride is used in solar cells?" --crystal-system cubic -n 8
               clip-mat design "Which oxides are cathodes?" --plan plan.json
               clip-mat design --from-plan plan.json --exclude Co --out made
    """
    if (question is None) == (from_plan is None):
        raise click.UsageError("give a QUESTION, or go on with --from-plan FILE")
    if question is not None and not question.strip():
        raise click.UsageError("the question is empty; ask in a few words, e.g. 'Which telluride absorbs light best?'")
    goes_without(
        "--plan", ("--out", "--format", "--picture", "--all", "--templates"), "it writes the plan, and makes nothing"
    )
    goes_without("--from-plan", ("--llm",), "the answer stands in the plan")
    needs("--format", "--out", NO_FILES)
    planned = _plan(question, paths, index, llm, from_plan)
    planned = _changed(planned, given, alternative)
    if edit:
        planned = _edited(planned)
    if not as_json:
        show_plan(planned)
    if plan_file is not None:
        planned.save(plan_file)
        note(f"plan written to {plan_file}; edit it and go on with: clip-mat design --from-plan {plan_file}")
        if as_json:
            print_json({**planned.to_dict(), "structures": []})
        return 0
    if not _agreed(planned, yes or as_json):
        return 0
    made = planned.make(templates, all=every)
    if out is not None:
        made = made.write(out, style)
        note(f"{counted(len(made), 'crystal')} and provenance.json written to {out}")
    if picture is not None and made:
        made.picture().save(picture)
    if as_json:
        print_json(made.to_dict())
    else:
        show_crystals(made)
    return 1 if planned and not made else 0


def _plan(
    question: str | None, paths: tuple[Path, ...], index: Path | None, llm: str | None, from_plan: Path | None
) -> Plan:
    from rag.design import Plan, plan

    if question is not None:
        with asked_papers(paths, index) as (library, where):
            return plan(library, question, llm=llm, where=where)
    assert from_plan is not None
    planned = Plan.load(from_plan)
    if not any(one.place for one in planned.evidence):
        return planned
    with asked_papers(paths, index) as (library, _):
        return planned.checked(library)


def _changed(planned: Plan, given: dict[str, Any], alternative: int | None) -> Plan:
    """The plan with what the options say in place of what the papers say."""
    renamed = {"condition": "filter"}
    parts = {
        renamed.get(name, name): value for name, value in given.items() if value is not None and value is not False
    }
    planned = planned.alternative(alternative or 0)
    return planned.changed(**parts) if parts else planned


def _edited(planned: Plan) -> Plan:
    """The plan with the request as the user's editor leaves it."""
    from rag.design import Wish

    text = click.edit(planned.wish.to_toml(), extension=".toml")
    if text is None:
        note("the request is left as it is: the editor saved nothing")
        return planned
    wish = Wish.read_toml(text)
    return planned.changed(**wish.to_dict() | {name: "" for name in _CAN_BE_NONE if getattr(wish, name) is None})


_CAN_BE_NONE = ("composition", "spacegroup", "crystal_system", "gap")


def _agreed(planned: Plan, yes: bool) -> bool:
    """Whether to go on; asked only at a terminal, and only where there is something to make."""
    if not planned or yes or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return True
    click.echo()
    return click.confirm("Make these?", default=True)


def show_plan(planned: Plan) -> None:
    """The answer, the request, and where each part of it comes from."""
    from rich.text import Text

    screen = console()
    if planned.answer:
        show_answer(planned.answer)
        screen.print()
    if planned:
        show_pairs((name, value if len(value) < 160 else value[:157] + "...") for name, value in planned.wish.to_rows())
        screen.print()
    for reason in dict.fromkeys(_because(one) for one in planned.evidence):
        screen.print(Text(plain(reason), style="dim"))
    for remark in planned.notes:
        screen.print(Text(plain(remark), style="italic"))
    for number, other in enumerate(planned.alternatives, 1):
        wish = other.wish
        shown = wish.composition or ", ".join((*wish.elements, *wish.prototypes))
        pages = ", ".join(dict.fromkeys(one.place.citation for one in other.evidence if one.place))
        screen.print(Text(plain(f"--alternative {number}: {shown} ({pages})"), style="dim"))


def _because(one: Evidence) -> str:
    demand = f"{'without' if one.demand == 'exclude' else one.demand.replace('_', ' ')} {one.value}"
    if one.place is not None:
        return f"{demand}: “{one.words}”, {one.place.citation}"
    return f"{demand}: the question" if one.source == "question" else f"{demand}: you"


def show_crystals(made: Design) -> None:
    """The crystals as a table, each with its pages."""
    from rich.text import Text

    from rag.design.designs import COLUMNS

    screen = console()
    for remark in made.notes:
        screen.print(Text(plain(remark), style="italic"))
    if not made:
        screen.print("no crystals")
        return
    places = [place for place, name in enumerate(COLUMNS) if name not in ("neutral", "new", "score")]
    shown = [COLUMNS[place] for place in places]
    rows = [[row[place] for place in places] for row in made.rows()]
    screen.print()
    show_table(shown, rows, text=TEXT_COLUMNS, wrapped=("pages",), spared=(*SPARED_COLUMNS, "atoms"))
