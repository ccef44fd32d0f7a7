"""What the papers say in answer to a question, sentence by sentence, as it stands on the page.

A model may have put the answer in words of its own. Demands are read from the sentences behind it alone, so that
nothing enters a request that no page says. A sentence that only continues another ("These are ...") or takes up what
the one before it names ("Both impurities ...") is read together with that one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from clip_mat.language.formula_parser import SYMBOL
from rag.answers import Answer, AnswerSentence, Support
from rag.design.compounds import Compound, definitions, find_compounds, lists_of, readable
from rag.design.gloss import glossed
from rag.documents import Sentence
from rag.orders import addresses_machine
from rag.passages import Passage, decode_passage
from rag.presentable import without_markers
from rag.retrieval import CANDIDATES

if TYPE_CHECKING:
    from indexes import Filter
    from rag.design.asked import Asked
    from rag.library import PaperLibrary
    from rag.retrieval import Query, Scored

_TAKEN_UP = 0.8
"""Weight of a sentence beside one of the answer, as a share of that one's."""
_ANSWERS = 0.4
"""Added to the weight of a sentence of the answer, for the best of them."""
_NEAR = 0.5
"""Weight of the question's words in the sentences beside one, as a share of its own."""
LEAST_TOLD = 0.5
"""Share of the question that a sentence must hold to speak for itself where the answer does not have it."""
LEAST_TOLD_OF_KIND = 0.35
"""... where the question says what the compound is made of, and the sentence names such a one."""
_LEAST_TOLD_ALONE, _LEAST_TOLD_ALONE_OF_ANY = 0.55, 0.7
"""... of the best one where the papers are silent otherwise, because they write as a formula what the question calls by
its class; and where it only asks for a compound, of any kind."""
MOST_STATEMENTS = 12
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
        weight: How well it answers, from 0 to 1 for the best sentence.
        in_answer: Whether the answer itself says it; else it stands beside a sentence that does, or apart.
        apart: Whether the answer does not know of it.
        written: As its paper has it; as `text` where empty.
        acronyms: Formulas by acronym, as its paper defines them.
    """

    text: str
    support: tuple[Support, ...]
    weight: float
    in_answer: bool = True
    apart: bool = False
    written: str = ""
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


def told_too(papers: PaperLibrary, answer: Answer, statement: Statement) -> Answer:
    """An answer with a sentence of the papers that it missed, cited to its page."""
    sentence = AnswerSentence(without_markers(statement.written or statement.text), statement.support)
    return papers.extended(answer, [sentence])


def says(quote: str, words: str) -> bool:
    """Whether a quote has certain words, whatever its case, blanks, hyphens and subscripts."""
    return _squash(readable(words)) in _squash(readable(quote))


def _squash(text: str) -> str:
    return re.sub(r"[\s\-‐-―−^_]", "", unicodedata.normalize("NFKC", text)).casefold()


def _breaks_silence(asked: Asked, told: float) -> bool:
    """Whether a sentence that the answer missed holds so much of the question that the papers answer after all."""
    least = _LEAST_TOLD_ALONE if asked.names_content else _LEAST_TOLD_ALONE_OF_ANY
    return (asked.names_content or asked.asks_compound) and told >= least


@dataclass(frozen=True)
class _Passage:
    """A passage that was not searched for."""

    key: str
    file: str
    passage: Passage


def statements(papers: PaperLibrary, answer: Answer, asked: Asked, where: Filter | None = None) -> list[Statement]:
    """What the papers say in answer, the best first; orders to the reader are no statements.

    Beside what the answer says these are the sentences that name a compound and hold most of the question's words,
    once formulas are read as the words that they stand for: a question may call by its class what the paper writes as
    a formula, and then neither words nor vectors find it. They count only where the question asks which compound.

    Args:
        papers: Where they stand.
        answer: What the papers said.
        asked: What the question demands.
        where: Only papers whose passages match.
    """
    query = papers.retriever.query(answer.question)
    found = papers.retriever.search(query, CANDIDATES, where)
    supports = [support for sentence in answer.sentences for support in sentence.support]
    best = max((support.score for support in supports), default=1.0)
    read: dict[tuple[str, str], Statement] = {}
    for support in supports:
        share = support.score / best if best > 0 else 1.0
        for sentences, place, beside, scored in _around(found, support):
            sentence = sentences[place]
            told = _coverage(papers, query, sentences, place, asked) + _ANSWERS * share
            statement = Statement(
                readable(sentence.text),
                tuple(_places(scored, sentence, support.score)),
                told * (_TAKEN_UP if beside else 1.0),
                in_answer=not beside,
                written=sentence.text,
            )
            _keep(read, (scored.key, sentence.text), statement)
        if not any(support.quote == place.quote for one in read.values() for place in one.support):
            _keep(read, (support.key, support.quote), Statement(readable(support.quote), (support,), _ANSWERS * share))
    least = LEAST_TOLD_OF_KIND if asked.names_content else LEAST_TOLD
    more = _of_cited_papers(papers, answer, asked, {one.id for one in found})
    passages: list[Scored | _Passage] = [*found, *more] if asked.asks_which else []
    for one in passages:
        sentences = [sentence for sentence in one.passage.sentences if not addresses_machine(sentence.text)]
        for place, sentence in enumerate(sentences):
            told = _coverage(papers, query, sentences, place, asked)
            if told >= least and (one.key, sentence.text) not in read:
                places = tuple(_places(one, sentence, told))
                read[one.key, sentence.text] = Statement(
                    readable(sentence.text), places, told, in_answer=False, apart=True, written=sentence.text
                )
    kept = [statement for (_, text), statement in read.items() if not addresses_machine(text)]
    highest = max((statement.weight for statement in kept), default=1.0)
    if answer.abstained and not _breaks_silence(asked, highest):
        return []
    ranked = sorted(kept, key=lambda one: -one.weight)[:MOST_STATEMENTS]
    return _with_acronyms(papers, [replace(one, weight=one.weight / highest) for one in ranked])


def _places(passage: Scored | _Passage, sentence: Sentence, score: float) -> Iterator[Support]:
    for part in sentence.fragments:
        yield Support(passage.key, passage.file, part.page, part.label, part.quote, part.boxes, score)


def _of_cited_papers(papers: PaperLibrary, answer: Answer, asked: Asked, known: Set[str]) -> Iterator[_Passage]:
    """Passages of the papers that answer, beside those found, that may name a compound of the elements asked for."""
    if not asked.names_content:
        return
    for key in dict.fromkeys(support.key for sentence in answer.sentences for support in sentence.support):
        for record in papers.retriever.passages.records(where={"key": key}):
            if record.id in known:
                continue
            passage = decode_passage(record.payload)
            held = set(re.findall(SYMBOL, passage.text))
            if set(asked.elements) <= held and all(held & set(group) for group in asked.one_of):
                yield _Passage(key, str(record.metadata["file"]), passage)


def _coverage(papers: PaperLibrary, query: Query, sentences: Sequence[Sentence], place: int, asked: Asked) -> float:
    """Share of the question that a sentence holds, formulas read as words; half as much for what stands beside it.

    0 for a sentence that names no compound of the kind that is asked for.
    """
    text = readable(sentences[place].text)
    compounds = [compound for compound in find_compounds(text) if asked.wants(compound)]
    if not compounds:
        return 0.0
    around = " ".join(one.text for one in sentences[max(0, place - 1) : place + 2])
    said, near = papers.retriever.words([glossed(text, compounds, asked), around])
    own = query.coverage(said)
    return own + _NEAR * (query.coverage(said | near) - own)


def _keep(read: dict[tuple[str, str], Statement], name: tuple[str, str], statement: Statement) -> None:
    known = read.get(name)
    if known is None or (statement.in_answer, statement.weight) > (known.in_answer, known.weight):
        read[name] = statement


def _around(found: list[Scored], support: Support) -> Iterator[tuple[Sequence[Sentence], int, bool, Scored]]:
    """The sentence that is quoted, and those beside it that belong to it: the passage's, its place, whether beside."""
    for scored in found:
        if scored.key != support.key:
            continue
        sentences = [sentence for sentence in scored.passage.sentences if not addresses_machine(sentence.text)]
        for place, sentence in enumerate(sentences):
            if not any(part.quote == support.quote and part.page == support.page for part in sentence.fragments):
                continue
            yield sentences, place, False, scored
            if place + 1 < len(sentences) and _CONTINUES.match(sentences[place + 1].text):
                yield sentences, place + 1, True, scored
            if place and _CONTINUES.match(sentence.text):
                yield sentences, place - 1, True, scored
            return


def _with_acronyms(papers: PaperLibrary, read: list[Statement]) -> list[Statement]:
    """The same statements; those with words like acronyms know what their papers mean by them."""
    defined: dict[str, tuple[tuple[str, str], ...]] = {}
    done = []
    for one in read:
        key = one.support[0].key
        words = set(_ACRONYM_LIKE.findall(one.text))
        if words and key not in defined:
            passages = papers.retriever.passages.records(where={"key": key})
            texts = (sentence.text for record in passages for sentence in decode_passage(record.payload).sentences)
            defined[key] = tuple(definitions(text for text in texts if not addresses_machine(text)).items())
        done.append(replace(one, acronyms=defined.get(key, ())))
    return done
