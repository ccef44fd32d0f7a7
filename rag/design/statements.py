"""What the papers say in answer to a question, sentence by sentence, as it stands on the page.

A model may have put the answer in words of its own. Demands are read from the sentences behind it alone, so that
nothing enters a request that no page says. A sentence that only continues another ("These are ...") or takes up what
the one before it names ("Both impurities ...") is read together with that one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rag.answers import Answer, Support
from rag.design.compounds import Compound, definitions, find_compounds, lists_of, readable
from rag.extract import PASSAGES
from rag.orders import is_order

if TYPE_CHECKING:
    from indexes import Filter
    from rag.documents import Sentence
    from rag.library import PaperLibrary
    from rag.retrieval import Scored

_TAKEN_UP = 0.8
"""Weight of a sentence beside one of the answer, as a share of that one's."""
_FAR = 0.5
"""Weight of a sentence of the papers that answer which was not found for the question, as a share of the best one's."""
_CONTINUES = re.compile(
    r"(?:These|This|They|Their|Its?|Both|Such|Those|Among (?:them|these)|The (?:latter|former|compounds?|"
    r"materials?))\b(?! work| paper)"
)
_ACRONYM_LIKE = re.compile(r"(?<![\w-])[A-Z][A-Za-z]{0,2}[A-Z][A-Za-z0-9]{0,3}(?![\w])")


@dataclass(frozen=True)
class Statement:
    """A sentence of a paper that bears on the question.

    Attributes:
        text: Formulas readable, as `rag.design.compounds.readable` makes them.
        support: Where it stands: one place, or one for each part of a sentence that a page or a column breaks.
        weight: How well it answers, from 0 to 1 for the best sentence of the answer.
        in_answer: Whether the answer itself says it; else it stands beside a sentence that does.
        acronyms: Formulas by acronym, as its paper defines them.
    """

    text: str
    support: tuple[Support, ...]
    weight: float
    in_answer: bool = True
    acronyms: tuple[tuple[str, str], ...] = ()

    @cached_property
    def compounds(self) -> list[Compound]:
        """Every compound that it names, in the order of the text."""
        return find_compounds(self.text, dict(self.acronyms))

    @cached_property
    def lists(self) -> list[list[Compound]]:
        """The same, together where they are told of together."""
        return lists_of(self.text, self.compounds)

    def place_of(self, words: str) -> Support | None:
        """The place on a page whose quote has these words; None if none has."""
        return next((place for place in self.support if says(place.quote, words)), None)


def says(quote: str, words: str) -> bool:
    """Whether a quote has certain words, whatever its case, blanks, hyphens and subscripts."""
    return _squash(readable(words)) in _squash(readable(quote))


def _squash(text: str) -> str:
    return re.sub(r"[\s\-‐-―−^_]", "", unicodedata.normalize("NFKC", text)).casefold()


def statements(papers: PaperLibrary, answer: Answer, where: Filter | None = None) -> list[Statement]:
    """What the papers say in answer, the best first; orders to the reader are no statements."""
    supports = [support for sentence in answer.sentences for support in sentence.support]
    if answer.abstained or not supports:
        return []
    best = max(support.score for support in supports)
    found = papers.retriever.search(papers.retriever.query(answer.question), PASSAGES, where)
    read: dict[tuple[str, str], Statement] = {}
    for support in supports:
        weight = support.score / best if best > 0 else 1.0
        for sentence, beside, scored in _around(found, support):
            places = _places(sentence, scored, support.score)
            shown = weight * (_TAKEN_UP if beside else 1.0)
            statement = Statement(readable(sentence.text), places, shown, in_answer=not beside)
            _keep(read, (scored.key, sentence.text), statement)
        if not any(support.quote == place.quote for one in read.values() for place in one.support):
            _keep(read, (support.key, support.quote), Statement(readable(support.quote), (support,), weight))
    kept = [statement for (_, text), statement in read.items() if not is_order(text)]
    return _with_acronyms(papers, sorted(kept, key=lambda one: -one.weight))


def beside(
    papers: PaperLibrary, answer: Answer, suits: Callable[[Compound], bool], where: Filter | None = None
) -> list[Statement]:
    """Other sentences of the papers that answer, for where the answer itself names no compound of the kind asked for.

    Args:
        papers: Where they stand.
        answer: What the papers said.
        suits: Whether a compound is made of what the question says; a sentence that names none such is left out.
        where: Only papers whose passages match.
    """
    from rag.passages import decode_passage

    query = papers.retriever.query(answer.question)
    found = papers.retriever.search(query, PASSAGES, where)
    scores = {scored.id: scored.score for scored in found}
    best = max(scores.values(), default=1.0)
    read = []
    for key in dict.fromkeys(support.key for sentence in answer.sentences for support in sentence.support):
        for record in papers.retriever.passages.records(where={"key": key}):
            weight = _TAKEN_UP * max(_FAR, scores.get(record.id, 0.0) / best)
            for sentence in decode_passage(record.payload).sentences:
                text = readable(sentence.text)
                if is_order(sentence.text) or not any(suits(compound) for compound in find_compounds(text)):
                    continue
                file = str(record.metadata["file"])
                places = tuple(
                    Support(key, file, part.page, part.label, part.quote, part.boxes, weight)
                    for part in sentence.fragments
                )
                read.append(Statement(text, places, weight, in_answer=False))
    return _with_acronyms(papers, read)


def _keep(read: dict[tuple[str, str], Statement], name: tuple[str, str], statement: Statement) -> None:
    known = read.get(name)
    if known is None or (statement.in_answer, statement.weight) > (known.in_answer, known.weight):
        read[name] = statement


def _around(found: list[Scored], support: Support) -> Iterator[tuple[Sentence, bool, Scored]]:
    """The sentence that is quoted, and those beside it that belong to it."""
    for scored in found:
        if scored.key != support.key:
            continue
        sentences = scored.passage.sentences
        for place, sentence in enumerate(sentences):
            if not any(part.quote == support.quote and part.page == support.page for part in sentence.fragments):
                continue
            yield sentence, False, scored
            if place + 1 < len(sentences) and _CONTINUES.match(sentences[place + 1].text):
                yield sentences[place + 1], True, scored
            if place and _CONTINUES.match(sentence.text):
                yield sentences[place - 1], True, scored
            return


def _places(sentence: Sentence, scored: Scored, score: float) -> tuple[Support, ...]:
    return tuple(
        Support(scored.key, scored.file, part.page, part.label, part.quote, part.boxes, score)
        for part in sentence.fragments
    )


def _with_acronyms(papers: PaperLibrary, read: list[Statement]) -> list[Statement]:
    """The same statements; those with words like acronyms know what their papers mean by them."""
    from rag.passages import decode_passage

    defined: dict[str, tuple[tuple[str, str], ...]] = {}
    done = []
    for one in read:
        key = one.support[0].key
        words = set(_ACRONYM_LIKE.findall(one.text))
        if words and key not in defined:
            passages = papers.retriever.passages.records(where={"key": key})
            texts = (sentence.text for record in passages for sentence in decode_passage(record.payload).sentences)
            defined[key] = tuple(definitions(text for text in texts if not is_order(text)).items())
        done.append(Statement(one.text, one.support, one.weight, one.in_answer, defined.get(key, ())))
    return done
