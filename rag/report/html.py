"""An answer as one HTML file: no network, no scripts, everything inside; its citations open the pages that they name.

Whatever comes from papers, questions or models is escaped, and the file's own security policy lets nothing load or run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from urllib.parse import quote

from clip_mat.files import write_file
from rag.answers import EXTRACTIVE, Answer, AnswerSentence, Reference, Support
from rag.report.pages import CitedPage, draw_pages, harmless
from rag.report.style import STYLE

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_DOCUMENT = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body id="top">
{body}
</body>
</html>
"""


def write_html(answer: Answer, file: Path | str, *, pages: Sequence[CitedPage] | None = None) -> Path:
    """Write an answer as a report: answer, quotes, references, and the pages with the quotes marked.

    Args:
        answer: Also one that abstains.
        file: Where to; its folder is made.
        pages: What `draw_pages` gave, if they are drawn already.

    Returns:
        The file.
    """
    return write_file(file, html_report(answer, draw_pages(answer) if pages is None else pages))


def html_report(answer: Answer, pages: Sequence[CitedPage], *, written: datetime | None = None) -> str:
    """The report as text.

    Args:
        answer: What it is about.
        pages: As `draw_pages` gives them.
        written: When; now, if not given.
    """
    shown = {(page.key, page.page): page for page in pages}
    when = (written or datetime.now(UTC).astimezone()).strftime("%d %B %Y, %H:%M").lstrip("0")
    papers = len(answer.references)
    cited = f"{papers} paper{'' if papers == 1 else 's'} cited, " if papers else ""
    parts = [
        f"<h1>{harmless(answer.question)}</h1>",
        f'<p class="meta">{cited}answer: {harmless(_writer(answer.model))}, {when}</p>',
        f'<p class="answer">{" ".join(_sentence(s, shown) for s in answer.sentences)}</p>',
        *_disagreements(answer, shown),
        *_comparison(answer, shown),
        *_evidence(answer, shown),
        *_references(answer.references),
        *_pages(pages),
    ]
    return _DOCUMENT.format(policy=POLICY, title=harmless(answer.question), style=STYLE, body="\n".join(parts))


def _writer(model: str) -> str:
    """Who wrote the sentences; where a model was asked in vain, why stands behind ``extractive``."""
    if _is_extract(model):
        return f"sentences of the papers as they stand there{model.removeprefix(EXTRACTIVE)}"
    return f"written by {model}, each sentence held against the papers"


def _is_extract(model: str) -> bool:
    return model.startswith(EXTRACTIVE)


def _citation(support: Support, shown: dict[tuple[str, int], CitedPage]) -> str:
    page = shown.get((support.key, support.page))
    words = harmless(support.citation)
    return words if page is None else f'<a href="#{page.name}" title="{harmless(support.quote)}">{words}</a>'


def _sentence(sentence: AnswerSentence, shown: dict[tuple[str, int], CitedPage]) -> str:
    """A sentence with its citations before the full stop, as links."""
    first = {support.citation: support for support in reversed(sentence.support)}
    if not first:
        return harmless(sentence.text)
    links = "; ".join(
        _citation(first[citation], shown) for citation in dict.fromkeys(s.citation for s in sentence.support)
    )
    body, end = re.fullmatch(r"(.*?)([.!?]?)", sentence.text.rstrip(), re.DOTALL).groups()  # type: ignore[union-attr]
    return f"{harmless(body)} ({links}){end or '.'}"


def _evidence(answer: Answer, shown: dict[tuple[str, int], CitedPage]) -> Iterator[str]:
    supported = [sentence for sentence in answer.sentences if sentence.support]
    if not supported:
        return
    yield "<h2>What the papers say</h2>"
    for sentence in supported:
        if not _is_extract(answer.model):  # else quote and sentence differ in notation at most
            yield f'<p class="claim">{harmless(sentence.text)}</p>'
        for support in sentence.support:
            printed = "" if support.label in (None, str(support.page)) else f", printed {harmless(str(support.label))}"
            place = f'<span class="quiet">{_citation(support, shown)}{printed}, {harmless(support.file)}</span>'
            yield f"<blockquote><p>“{harmless(support.quote)}”</p>{place}</blockquote>"


def _disagreements(answer: Answer, shown: dict[tuple[str, int], CitedPage]) -> Iterator[str]:
    if not answer.disagreements:
        return
    yield "<h2>Where the papers disagree</h2>"
    for disagreement in answer.disagreements:
        sides = (_sentence(side, shown) for side in (disagreement.first, disagreement.second))
        yield f'<p class="note">{"<br>whereas<br>".join(sides)}</p>'


def _comparison(answer: Answer, shown: dict[tuple[str, int], CitedPage]) -> Iterator[str]:
    if not answer.comparison:
        return
    yield "<h2>Paper by paper</h2>"
    yield "<table><tr><th>paper</th><th>what it says</th><th>agrees with</th><th>disagrees with</th></tr>"
    for statement in answer.comparison:
        others = ("<br>".join(map(harmless, keys)) for keys in (statement.agrees, statement.disagrees))
        cells = (harmless(statement.key), _sentence(statement.sentence, shown), *others)
        yield f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    yield "</table>"


def _references(references: Sequence[Reference]) -> Iterator[str]:
    if not references:
        return
    yield '<h2>References</h2>\n<ol class="references">'
    for reference in references:
        file = f'<span class="quiet">{harmless(reference.file)}</span>'
        yield f"<li><b>{harmless(reference.key)}</b> {_linked(reference)}<br>{file}"
        if reference.bibtex:
            yield f'<details class="screen"><summary>BibTeX</summary><pre>{harmless(reference.bibtex)}</pre></details>'
        yield "</li>"
    yield "</ol>"


def _linked(reference: Reference) -> str:
    """The text of a reference, its DOI a link."""
    text = harmless(reference.text)
    if not reference.doi:
        return text
    written = harmless(f"https://doi.org/{reference.doi}")
    address = escape("https://doi.org/" + quote(reference.doi, safe="/:;().-_"))
    link = f'<a href="{address}" rel="noopener">{written}</a>'
    return text.replace(written, link, 1) if written in text else f"{text} {link}"


def _pages(pages: Sequence[CitedPage]) -> Iterator[str]:
    if not pages:
        return
    yield '<h2 class="screen">Pages</h2>'
    yield '<p class="quiet screen">A citation, or a click on a page, opens it with the quotes marked.</p>'
    yield '<div class="pages">'
    for page in pages:
        label = f'{harmless(page.title)} <a class="close" href="#top">Close</a>'
        body = f'<a href="#{page.name}">{page.html}</a>' if page.png else page.html
        yield f'<figure id="{page.name}"><figcaption>{label}</figcaption>{body}</figure>'
    yield "</div>"
