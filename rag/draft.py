"""What a language model wrote, taken apart into sentences and the sources that each of them names.

Models write lists, JSON, Markdown, thoughts and lists of references; they cite ``[1]``, ``(Kim2020 page 5)``, at the
end or not at all. Here all of that becomes plain sentences. Whatever looks like a citation, an address or a DOI is
taken out: the citations of an answer are made by `rag.grounded` alone, of what it has checked.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rag.reading.sentences import sentence_ends
from rag.reading.text import one_line, strip_controls

LONGEST = 20_000
"""Characters of a draft that are looked at."""

MOST_SENTENCES = 24
"""Sentences of a draft that are looked at."""

FEWEST_WORDS = 3


@dataclass(frozen=True, slots=True)
class DraftSentence:
    """A sentence that waits to be checked.

    Attributes:
        text: Plain, on one line, without citations.
        cited: Numbers of the sources that it names, from 1, in its order; empty where it names none that exist.
        named: Whether it named anything at all, existing or not.
    """

    text: str
    cited: tuple[int, ...] = ()
    named: bool = False


def parse_draft(
    text: str, sources: int, places: Mapping[tuple[str, int], Sequence[int]] | None = None
) -> list[DraftSentence]:
    """The sentences of a draft that say something of the matter, in order, each once.

    Args:
        text: As the model wrote it.
        sources: How many numbered sources it was given.
        places: Numbers of the sources by (citation key in lower case, page); page 0 stands for any.
    """
    places = places or {}
    found: list[DraftSentence] = []
    for piece, given in _pieces(strip_controls(text[:LONGEST])):
        for sentence in _sentences(piece):
            plain, marks = _take_out(sentence)
            numbers = [n for mark in marks for n in _numbers(mark, sources, places)]
            cited = tuple(dict.fromkeys([*numbers, *(n for n in given if 1 <= n <= sources)]))
            plain = _bare(plain)
            if not plain and cited and found:  # markers behind the full stop belong to the sentence before
                last = found[-1]
                found[-1] = DraftSentence(last.text, tuple(dict.fromkeys([*last.cited, *cited])), True)
            elif says_something(plain):
                found.append(DraftSentence(plain, cited, bool(marks or given)))
    unique = {sentence.text.casefold(): sentence for sentence in reversed(found)}
    kept = [sentence for sentence in found if unique.get(sentence.text.casefold()) is sentence]
    return kept[:MOST_SENTENCES]


def as_copied(text: str) -> str:
    """A sentence of a paper as it comes out of a draft that copies it: without its own addresses and citations."""
    return _bare(_take_out(" ".join(_sentences(text)))[0])


def holds_citation(text: str) -> bool:
    """Whether anything in a text still looks like a citation, an address or an identifier."""
    patterns = (_DOI, _ADDRESS, _IDENTIFIER, _MARKERS, _KEYED, _AUTHOR_YEAR, _PAGE, _BARE_KEY)
    return any(pattern.search(text) for pattern in patterns)


# --- from a document to paragraphs --------------------------------------------------------------------------------

_THOUGHT = re.compile(r"<(think|thinking|reasoning|scratchpad|analysis)\b[^>]*>.*?(?:</\1\s*>|\Z)", re.I | re.S)
_THOUGHT_END = re.compile(r"\A.*</(?:think|thinking|reasoning|scratchpad|analysis)\s*>", re.I | re.S)
_SPECIAL = re.compile(r"<\|im_start\|>\s*\w*|<\|[^|<>]{1,40}\|>|</?s>|\[/?INST\]|<<?/?SYS>>?")
_FENCE = re.compile(r"^\s*(?:```|~~~)[\w-]*\s*$", re.M)
_BIBLIOGRAPHY = re.compile(
    r"^\W{0,6}(?:\d+\.\s*)?(?:references|sources|bibliography|citations|works cited|literature|source list)\W*$"
    r"|^\W{0,6}(?:references|sources|bibliography|citations|works cited)\W*:\s*\S",
    re.I,
)
_REFERENCE_LINE = re.compile(r"^\s*\[\^?\d{1,2}\]:?\s+\S")
_HEADING = re.compile(
    r"^\s{0,3}#{1,6}\s|^\s*(?:\*\*|__)[^*_]{1,80}(?:\*\*|__):?\s*$|^\s*[-=*_]{3,}\s*$|^\s*\|[\s:|-]+\|\s*$"
)
_BULLET = re.compile(r"^\s*(?:[-*+•▪■●◦‣·>]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+")


def _pieces(text: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Paragraphs of running text, with the sources that a structure around them names."""
    text = _THOUGHT_END.sub("", _THOUGHT.sub("\n", text))
    text = _SPECIAL.sub("\n", _FENCE.sub("", text)).strip()
    parsed = _json(text)
    if parsed is not None:
        yield from _from_json(parsed)
        return
    lines = text.splitlines()
    paragraph: list[str] = []
    for line in lines:
        if _BIBLIOGRAPHY.match(line):
            break
        fresh = not line.strip() or _BULLET.match(line) is not None
        if fresh or _HEADING.match(line) or _REFERENCE_LINE.match(line):
            if paragraph:
                yield " ".join(paragraph), ()
            paragraph = []
        if line.strip() and not _HEADING.match(line):
            cells = (
                [cell.strip() for cell in line.strip().strip("|").split("|")] if line.lstrip().startswith("|") else []
            )
            paragraph.append(" ".join(cells) if cells else _BULLET.sub("", line))
    if paragraph:
        yield " ".join(paragraph), ()


def _json(text: str) -> Any:
    """The JSON that a text is, or holds beside a few words; None where there is none."""
    for candidate in (text, text[text.find("{") : text.rfind("}") + 1], text[text.find("[{") : text.rfind("}]") + 2]):
        if candidate[:1] not in ("{", "["):
            continue
        try:
            parsed = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        if isinstance(parsed, dict) or (isinstance(parsed, list) and parsed and isinstance(parsed[0], dict | str)):
            return parsed
    return None


_TEXTS = ("text", "sentence", "answer", "response", "content", "statement", "claim", "output", "result", "summary")
_CITES = ("citations", "citation", "sources", "source", "cited", "refs", "references", "ref", "support", "evidence")


def _from_json(value: Any, depth: int = 0) -> Iterator[tuple[str, tuple[int, ...]]]:
    if depth > 6:
        return
    if isinstance(value, str):
        yield value, ()
    elif isinstance(value, list):
        for item in value[:50]:
            yield from _from_json(item, depth + 1)
    elif isinstance(value, dict):
        lowered = {str(name).lower(): item for name, item in value.items()}
        cited = tuple(_integers([lowered[name] for name in _CITES if name in lowered]))
        for name, item in lowered.items():
            if name in _TEXTS and isinstance(item, str):
                yield item, cited
            elif isinstance(item, list | dict) and name not in _CITES:
                yield from _from_json(item, depth + 1)


def _integers(value: Any, depth: int = 0) -> Iterator[int]:
    if isinstance(value, bool) or depth > 4:
        return
    if isinstance(value, int):
        yield value
    elif isinstance(value, str):
        yield from (int(digits) for digits in re.findall(r"(?<![\d.])\d{1,2}(?![\d.])", value[:200]))
    elif isinstance(value, list | tuple):
        for item in value[:20]:
            yield from _integers(item, depth + 1)
    elif isinstance(value, dict):
        for name in ("id", "number", "source", "index"):
            if name in value:
                yield from _integers(value[name], depth + 1)


# --- from a paragraph to sentences --------------------------------------------------------------------------------

_SCRIPT = re.compile(r"<(script|style)\b[^>]*>.*?(?:</\1\s*>|\Z)", re.I | re.S)
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,300}>|<!--.*?-->", re.S)
_RAISED = re.compile(r"<su[pb]>(.*?)</su[pb]>", re.I | re.S)
_IMAGE = re.compile(r"!\[[^\]]{0,200}\]\([^)]{0,500}\)")
_LINK = re.compile(
    r"\[([^\[\]]{1,300})\]\(\s*(?:https?:|mailto:|javascript:|data:|www\.|/|#)(?:[^()]|\([^()]*\)){0,500}\)", re.I
)
_EMPHASIS = re.compile(
    r"(\*\*|__|`|~~)(?=\S)(.+?)(?<=\S)\1|(?<![\w*\[(])\*(?=[^\s*\])])([^*]+?)(?<=[^\s*\[(])\*(?![\w*\])])"
)
_TEX = re.compile(r"\\[()\[\]]|\$\$?|\\(?:text|mathrm|mathbf|mathit|rm)\s*\{([^{}]*)\}|\\(?=[%&_#])")
_TEX_SCRIPT = re.compile(r"([_^])\{([^{}]{1,20})\}")
_DETACHED = re.compile(
    r"([.!?])((?:\s*(?:\[[^\[\]]{1,80}\]|【[^】]{1,80}】|\((?:source|ref|passage|see)[^()]{1,80}\)))+)", re.I
)


def _sentences(piece: str) -> list[str]:
    """Plain sentences; markers that stand behind a full stop are brought before it."""
    text = html.unescape(piece)
    text = _SCRIPT.sub(" ", text)
    text = _TAG.sub(" ", _RAISED.sub(r"\1", text))
    text = _LINK.sub(r"\1", _IMAGE.sub(" ", text))
    for _ in range(3):
        text = _EMPHASIS.sub(lambda m: m[2] or m[3] or "", text)
    text = re.sub(r"\*\*+|``+", "", text)
    text = _TEX_SCRIPT.sub(lambda m: m[2] if m[1] == "_" else "^" + m[2], _TEX.sub(lambda m: m[1] or "", text))
    text = one_line(text.replace("\\n", " "))
    text = re.sub(r"\b(pp?\.)\s+(?=\d)", r"\1", text)  # or the sentence would end there
    text = _DETACHED.sub(lambda m: f" {m[2].strip()}{m[1]}", text)
    sentences, start = [], 0
    for end in sentence_ends(text):
        sentences.append(text[start:end].strip())
        start = end
    return [sentence for sentence in sentences if sentence]


# --- what a sentence cites ----------------------------------------------------------------------------------------

_ADDRESS = re.compile(
    r"(?:(?:available|accessible|found) (?:at|from|under)\s*:?\s*)?"
    r"(?:(?:https?|ftp|file|javascript|mailto)\s*:\s*/{0,2}|data:(?=\w+/)|www\.)[^\s<>\"]*[^\s<>\".,;:!?)]",
    re.I,
)
_DOI = re.compile(
    r"(?:doi\s*[:=]?\s*|dx\.doi\.org/|doi\.org/)*\b10\.\d{4,9}/[^\s<>\"]*[^\s<>\".,;:!?)]|\bdoi\b\s*:?", re.I
)
_IDENTIFIER = re.compile(
    r"\b(?:arxiv\s*[:.]?\s*(?:\d{4}\.\d{4,5}|[a-z-]+/\d{7})(?:v\d+)?|PMID\s*:?\s*\d+|ISBN\s*:?\s*[\d-]{9,})", re.I
)
_MARKERS = re.compile(
    r"\[\^?\s*(?:(?:sources?|refs?\.?|references?|passages?|sentences?|see|no\.?|#|p\.?|pages?)\s*)*\d{1,2}"
    r"(?:\s*(?:[,;&–-]|and)\s*(?:(?:source|ref|passage)s?\s*)?\^?\d{1,3})*\s*\]"
    r"|【[^】]{1,80}】"
    r"|[(（]\s*(?:see\s+|cf\.?\s+)?(?:sources?|refs?\.?|references?|passages?|sentences?)\s*:?\s*\[?\d{1,3}"
    r"(?:\s*(?:[,;&–-]|and)\s*\[?\d{1,3}\]?)*\]?\s*[)）]"
    r"|(?<=\w)[⁰¹²³⁴⁵⁶⁷⁸⁹]+(?=[.,;]?$)",
    re.I,
)
_KEYED = re.compile(
    r"[(\[（【][^()\[\]（）【】]*?\b\p{L}[\w-]*(?:(?:19|20)\d\d)[a-z]{0,2}\b[^()\[\]（）【】]*[)\]）】]"
    r"|[(\[（【][^()\[\]（）【】]*?\b[A-Z]\p{L}*nd[a-z]{0,2},? pages? \d[^()\[\]（）【】]*[)\]）】]".replace(
        r"\p{L}", r"[^\W\d_]"
    )
)
_AUTHOR_YEAR = re.compile(
    r"[(\[][^()\[\]]*?\b[A-Z][\w'’.-]+(?:\s+(?:et\s+al\.?|and|&)\s*(?:[A-Z][\w'’-]+)?)?,?\s+\(?(?:19|20)\d\d[a-z]?\b"
    r"[^()\[\]]*[)\]]"
    r"|[(\[](?:see |cf\. )?(?:[A-Z][\w'’-]+ et al\.?|pp?\.?\s?\d{1,4}(?:\s?[–-]\s?\d{1,4})?"
    r"|pages?\s\d{1,4}(?:\s?(?:[–-]|and|to)\s?\d{1,4})?)[^()\[\]]{0,40}[)\]]"
)
_PAGE = re.compile(
    r",?\s*(?:\b(?:as (?:stated|shown|described|reported|said) )?(?:on|at|in|from|see)\s+)?(?:\bthe\s+)?"
    r"\b(?:pages?|pp?\.)\s?\d{1,4}(?:\s?(?:[–-]|and|to)\s?\d{1,4})?"
    r"(?:\s+of\s+(?:the\s+)?(?:paper|source|article|\w+(?:19|20)\d\d[a-z]*))?\b",
    re.I,
)
_BARE_KEY = re.compile(r"[(,;]?\s*\b[^\W\d_][\w-]*?[^\W\d_](?:19|20)\d\d[a-z]{0,2}\b\s*\)?")
_ATTRIBUTION = re.compile(
    r"^(?:(?:according to|as \w+ (?:by|in)|based on|in|from|per|by)\s+"
    r"\W?[^\W\d_][\w-]*?(?:19|20)\d\d[a-z]{0,2}\b[^,]{0,40},\s*"
    r"|(?:according to|based on|as per|per|from|in|as "
    r"(?:stated|described|mentioned|shown|reported|noted|seen|indicated|discussed)?\s*(?:in|by|from))\s+"
    r"(?:the\s+|these\s+|all\s+)?(?:(?:provided|given|above|numbered|cited|retrieved|following)\s+){0,2}"
    r"(?:sources?|passages?|context|excerpts?|information|text|documents?|papers?|articles?|sentences?|facts)"
    r"(?:\s+(?:\[?\d{1,2}\]?|provided|given|above|numbered))*\s*,\s*"
    r"|(?:the\s+)?(?:\w+\s+){0,2}?(?:sources?|passages?|context|excerpts?|documents?|sentences?)(?:\s+\[?\d{1,2}\]?)?\s+"
    r"(?:states?|says?|mentions?|reports?|shows?|indicates?|explains?|notes?|tells?|suggests?)\s+(?:us\s+)?that\s+"
    r"|(?:(?:the )?(?:answer|text)(?: is)?|response|assistant|final answer|a|ai|bot)\s*:\s*"
    r"|(?:yes|no|sure|certainly|of course|okay|ok)[,!.:]\s+"
    r"|(?:the answer is|the answer to (?:the|this|your) question is)\s*:?\s*(?:that\s+)?)",
    re.I,
)


def _take_out(sentence: str) -> tuple[str, list[str]]:
    """A sentence without citations, addresses and identifiers, and the citations that stood in it."""
    marks: list[str] = []

    def keep(match: re.Match[str]) -> str:
        marks.append(match[0])
        return " "

    for pattern in (_DOI, _ADDRESS, _IDENTIFIER):
        sentence = pattern.sub(" ", sentence)
    for pattern in (_MARKERS, _KEYED, _AUTHOR_YEAR):
        sentence = pattern.sub(keep, sentence)
    shorter = _ATTRIBUTION.sub("", sentence.strip())
    if shorter != sentence.strip():
        marks += re.findall(r"\b\d{1,2}\b", sentence.strip()[: len(sentence.strip()) - len(shorter)])
    sentence = _BARE_KEY.sub(keep, _PAGE.sub(keep, shorter))
    return sentence, marks


def _numbers(mark: str, sources: int, places: Mapping[tuple[str, int], Sequence[int]]) -> Iterator[int]:
    """Numbers of the sources that a citation names: ``[1-3]``, ``(Kim2020 page 5; Lee2021 page 7)``."""
    named = False
    for part in re.split(r";", mark):
        for key in re.findall(r"[^\W\d_][\w-]*?(?:(?:19|20)\d\d|nd(?=[a-z]{0,2},? page))[a-z]{0,2}\b", part):
            named = True
            pages = [int(p) for p in re.findall(r"(?:pages?|pp?\.?)\s*(\d{1,4})", part, re.I)] or [0]
            for page in pages:
                yield from places.get((key.casefold(), page), ())
    if named:
        return
    digits = mark.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789"))
    for first, last in re.findall(r"(\d{1,3})(?:\s*[–-]\s*(\d{1,3}))?", digits):
        low, high = int(first), int(last or first)
        if 1 <= low <= high <= sources:
            yield from range(low, high + 1)


# --- what is a sentence of the matter -----------------------------------------------------------------------------

_SPACE_BEFORE = re.compile(r"\s+(?=[,.;:!?)\]])")
_EMPTY = re.compile(r"[(\[{]\s*[,;.]*\s*[)\]}]|(?:,\s*)+(?=[.!?]?$)")
_QUOTED = re.compile(r"^[\"“”'‘’«»]+(.*?)[\"“”'‘’«»]+([.!?]?)$")
_META = re.compile(
    r"\bas an? (?:AI|(?:large )?language model|AI assistant)\b"
    r"|(?:^|[,;:]\s|\bthat |\bbut |\band |\bso )"
    r"I(?:'m| am| cannot| can't| can not| do not| don't|'ll| will not| apologi[sz]e| hope)\b"
    r"|\b(?:my (?:instructions|knowledge|training|answer|response)|your (?:question|request|query|instructions))\b"
    r"|\b(?:let me know|please)\b"
    r"|\bthe (?:provided|given|above|numbered) (?:\w+ )?"
    r"(?:sources?|passages?|context|text|sentences?|information|excerpts?|question)\b"
    r"|\b(?:sources?|papers?|passages?|context|text) (?:do|does) not (?:answer|contain|provide|mention|say|state)\b"
    r"|\b(?:source|passage|sentence|excerpt)s?\s*\[?\d{1,2}\b|\bnumbered sentences?\b"
    r"|\bnot answered\b|\bcannot (?:be )?answer(?:ed)?\b|\bno answer\b|^here (?:is|are) (?:the|a|an|my|some|what)\b",
    re.I,
)
_WORD = re.compile(r"[^\W\d_]{2,}")


def _bare(text: str) -> str:
    """A sentence without what taking the citations out has left behind."""
    text = " ".join(text.split())
    for _ in range(2):
        text = _EMPTY.sub("", text)
        text = _SPACE_BEFORE.sub("", " ".join(text.split()))
    text = _QUOTED.sub(r"\1\2", text.strip()).strip(" \t-–—•*|>#,;")
    text = re.sub(r"\s*[,;:]+(?=[.!?]*$)", "", text)
    text = re.sub(r"([.!?])[.\s]+$", r"\1", text)
    if not any(c.isalnum() for c in text):
        return ""
    if text[0].islower() and not re.match(r"[a-zα-ω]-|[a-z]+[A-Z\d]|[a-z]\b", text):
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."


_NEVER_LAST = re.compile(
    r"(?:^|[\s(\[])(?:an?|the|of|in|to|by|with|for|from|at|and|or|but|as|than|that|which|is|are|was|were)[.!]$|[(\[{][.!]?$",
    re.I,
)


_ONLY_SUBJECT = re.compile(r"(?:The|An?|Those|Any|Each) (?:[\w-]+ ){1,5}(?:that|which|who) ", re.I)
_AUXILIARY = re.compile(
    r"\b(?:is|are|was|were|has|have|had|does|do|did|can|could|may|might|will|would|must|should|shall|cannot)\b", re.I
)
"""Of "The anion that showed a larger affinity to iodide" no rule of ours can tell whether a verb is to come."""


def _is_broken_off(text: str) -> bool:
    """Whether a sentence stops in its middle, as the last one does where a model may write no more."""
    return (
        _NEVER_LAST.search(text) is not None
        or text.count("(") > text.count(")")
        or (_ONLY_SUBJECT.match(text) is not None and not _AUXILIARY.search(text))
    )


def says_something(text: str) -> bool:
    """Whether a sentence can be one of an answer: no question, no talk about the task, no bare heading, no stammer."""
    if text.endswith(("?", ":")) or _META.search(text) or _is_broken_off(text):
        return False
    words = [word.lower() for word in _WORD.findall(text)]
    stutters = sum(one == other for one, other in pairwise(words))
    return len(words) >= FEWEST_WORDS and stutters < 2 and len(set(words)) > 0.4 * len(words)
