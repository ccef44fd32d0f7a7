"""Where sentences end, in scientific English."""

from __future__ import annotations

import re

from rag.reading.text import word_list

CITATION = "\ue000"
"""Stands in for every character of a raised citation marker, so that ``efficiency.¹² The`` ends a sentence."""

_CLOSERS = r"[)\]\"'”’»]*"
_BOUNDARY = re.compile(
    rf"[.!?…]+{_CLOSERS}{CITATION}*(?:\s?\[\d[\d,;–\- ]*\]{CITATION}*)?(?=\s)|[.!?]{CITATION}+(?=\s)|:(?=\s+[•▪●■]\s)"
)
_LAST_TOKEN = re.compile(r"[^\s(\[{“\"‘'/–—]*$")
_NEXT = re.compile(rf"\s+([\"“‘'(\[{CITATION}]*)(\S*)")
_LABEL = re.compile(
    r"^\W{0,2}(?:Supplementary |Extended Data )?(?:Fig(?:ure|s)?\.?|Table|Scheme|Chart|Box)\s*S?\d{1,3}$", re.I
)
_LONGEST_LABEL = 40  # characters
_PANEL = re.compile(r"\([a-z]\)")
_BARE_PANEL = re.compile(r"\s+[a-h](?:[–,-][a-h])?\s+[A-Z]")
_STARTS_SMALL = re.compile(r"^(?:[a-zα-ω]-|[a-z]+[A-Z]|[•▪●■])")

_NEVER_LAST = word_list(
    "fig figs eq eqs eqn eqns ref refs sec sect secs tab tabs scheme e.g i.e eg ie cf ca c.f viz vs resp approx "
    "dr prof mr mrs ms st messrs phys chem rev lett soc am acad sci int mater adv nat appl commun dept univ ed "
    "eds pp ch chap suppl supp ext vol vols no nos nr inc incl ltd corp jr sr proc natl symp conf trans j angew opt "
    "electrochem biol environ comput theor mol struct thermochem spectrosc cryst crystallogr esp def thm lem prop "
    "aka w.r.t s.t a.k.a rel wrt"
)
_NEEDS_NUMBER = word_list("no nos nr p pp vol vols sec ed prop rel")
_STARTERS = word_list(
    "A All Also Although An And Another As At Because Besides Both But By Despite During Each Even Finally First "
    "For From Further Furthermore Given Hence Here How However If In Indeed Instead It Its Like Many Moreover "
    "Most Nevertheless No Note On One Only Other Our Over Overall Recently Second Several Similarly Since So Some "
    "Such That The Their Then There Therefore These They This Those Three Through Thus To Two Under Unlike Until "
    "Using We What When Where Whereas Which While With Within Without Yet"
)


def sentence_ends(text: str) -> list[int]:
    """Offsets in ``text`` just behind each sentence, the last one included; blanks between belong to neither."""
    ends = [match.end() for match in _BOUNDARY.finditer(text) if _ends_sentence(text, match)]
    tail = len(text.rstrip())
    if tail and (not ends or ends[-1] < tail):
        ends.append(tail)
    return ends


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    following = _NEXT.match(text, match.end())
    if following is None or not following[2]:
        return not text[match.end() :].strip()
    opener, word = following[1], following[2]
    mark = match[0]
    if mark[0] == ":":
        return True
    if match.start() < _LONGEST_LABEL and _LABEL.match(text[: match.start()]):
        return False
    if _PANEL.match(opener + word):
        return mark[0] == "."
    if _BARE_PANEL.match(text, match.end()):  # "Copyright 2020 AAAS. c Crystal structure"
        return mark[0] == "."
    first = word[0]
    if first.islower() and not _STARTS_SMALL.match(word):
        return False
    if not (first.isalnum() or opener or _STARTS_SMALL.match(word) or not first.isascii()):
        return False
    if mark[0] != "." or mark.startswith(".."):
        return mark[0] != "…" or word in _STARTERS
    if len(mark.rstrip(CITATION)) > 1 and mark[1] in ")]”\"’'":
        return True
    before = text[max(0, match.start() - 24) : match.start()]
    token_match = _LAST_TOKEN.search(before)
    return _may_end(token_match[0] if token_match else "", before, word, bool(opener))


def _may_end(token: str, before: str, word: str, opened: bool) -> bool:
    """Whether ``token.`` can be the last of a sentence when ``word`` follows."""
    lowered = token.lower()
    plain = word.strip(".,;:)")
    if lowered in _NEVER_LAST:
        return lowered in _NEEDS_NUMBER and not word[0].isdecimal() and plain in _STARTERS
    if lowered == "al" and before.lower().endswith("et al"):
        return plain in _STARTERS and not opened
    if len(token) == 1 and token.isalpha() and token.isupper():
        rest = before[: -len(token)].rstrip()
        measured = bool(rest) and rest[-1].isdecimal()  # 300 K. The
        return measured or (plain in _STARTERS and plain not in ("A", "No"))
    if re.fullmatch(r"(?:[A-Za-z]\.)+[A-Za-z]", token):  # U.S, a.u, Ph.D
        return plain in _STARTERS
    if token.isdecimal() and len(token) <= 2 and before.strip() == token:  # "1. Introduction"
        return False
    return not (word[0].isdecimal() and lowered in ("table", "section"))
