"""Elements that a question wants or does not want: ``lead-free``, ``without Co or Ni``, ``containing Li and O``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from clip_mat.crystal import SYMBOLS
from clip_mat.facts import METALLOIDS, NONMETALS
from clip_mat.language.classes import GROUPS, NOT_MEANT
from clip_mat.language.formula_parser import SYMBOL
from clip_mat.language.names import ELEMENT_SYMBOLS
from clip_mat.search.phrase import Phrase, has_all, has_any, has_only

_NAMES = "|".join(ELEMENT_SYMBOLS)
_GROUPS = "|".join(GROUPS)
_TERM = rf"(?:(?-i:{SYMBOL})|{_NAMES}|{_GROUPS})(?![A-Za-z0-9])"
_EACH_TERM = re.compile(rf"(?<![A-Za-z]){_TERM}", re.IGNORECASE)
_ARTICLE = r"(?:an? |any (?:of )?|some |both |either |neither |the |at least one (?:of )?|one (?:of )?|elements? )"
_JOIN = r"(?: ?, ?(?:and |or |nor |plus |& ?)?| and/or | (?:and|or|nor|&|plus) | ?/ ?| ?\+ ?)"
_LIST = rf"(?>{_ARTICLE}{{0,3}}{_TERM}(?:{_JOIN}{_ARTICLE}{{0,3}}{_TERM}){{0,20}})"
"""All of a list or nothing of it (an atomic group): half of one would leave elements out."""
_NOUN = r"(?: (?:atoms?|ions?|cations?|anions?|elements?|metals?|species)(?![\w-]))?"
_GOING_ON = "and|but|in|that|which|with|without|having|whose|where|as|at|for|only|no|not|free|is|are"
_CLOSED = rf"(?=\s*(?:$|[.,;:!?)]|(?:{_GOING_ON})\b))"
"""What may stand behind a list of elements: no noun that it would only describe ("no oxygen vacancies")."""

_LEAVING_OUT = (
    r"\b(?:(?:with |containing |contains? |has |have |having |includes? |including )?no(?: any)?|without|not containing"
    r"|not includ(?:ing|e)|(?:does|do|should|must|may) not contain|(?:does|do)n['’]t contain|not contain"
    r"|excluding|excludes?|free (?:of|from)|devoid of|lacking|lacks?|avoid(?:ing)?"
    r"|except(?: for)?|absence of|other than|non-?containing|(?:containing |contains? |with |has |have |having )?"
    r"neither|instead of|in place of|rather than|alternatives? (?:to|for)|(?:replacement|substitute)s? (?:of|for)"
    r"|replacing)"
)
_EXCLUDED = re.compile(rf"{_LEAVING_OUT} (?P<list>{_LIST}){_NOUN}{_CLOSED}", re.IGNORECASE)
_FREE = re.compile(
    rf"(?<![\w-])(?P<list>{_TERM}(?:(?:-?(?: ?, ?| and | or | ?/ ?)|-?, (?:and|or) ){_TERM}){{0,20}})"
    r"(?:-| )free(?![\w-])",
    re.IGNORECASE,
)
_NON = re.compile(rf"(?<!\w)non-?(?P<list>{_GROUPS})(?![\w-])", re.IGNORECASE)

_METALS = {
    "metal": tuple(one for one in SYMBOLS[1:] if one not in NONMETALS and one not in METALLOIDS),
    "heavy metal": ("Cd", "Hg", "Tl", "Pb"),
}
"""Elements that words leave out which rank like other words where they leave out nothing."""
_NO_METALS = re.compile(
    rf"(?:{_LEAVING_OUT} (?:any )?(?P<out>(?:heavy[- ])?metal)s?(?: atoms?| elements?| ions?)?{_CLOSED}"
    r"|(?<![\w-])(?P<free>(?:heavy[- ])?metal)s?[- ]free(?![\w-]))",
    re.IGNORECASE,
)


def find_excluded(text: str) -> Iterator[Phrase]:
    """``lead-free``, ``no rare earths``, ``without Co or Ni``."""
    for pattern in (_FREE, _EXCLUDED, _NON):
        for match in pattern.finditer(text):
            symbols = _union(_terms(match["list"]))
            yield Phrase(*match.span(), f"NOT {has_any(symbols)}", leaves=True)
    for match in _NO_METALS.finditer(text):
        which = (match["out"] or match["free"]).lower().replace("-", " ")
        yield Phrase(*match.span(), f"NOT {has_any(_METALS[which])}", leaves=True)


_COMPARED = re.compile(
    rf"\b(?:\w{{3,}}er|(?:more|less) \w+|better|worse) than (?:that of |those of )?(?P<list>{_LIST}){_CLOSED}",
    re.IGNORECASE,
)


def find_compared(text: str) -> Iterator[Phrase]:
    """``cheaper than platinum``, which asks for no platinum, and for nothing that is known here."""
    for match in _COMPARED.finditer(text):
        yield Phrase(*match.span(), "", leaves=True)


_ONLY = re.compile(
    r"\b(?:(?:containing|contains?|made|composed|consisting|consists?|with|built|comprising|from)(?: up)?"
    r"(?: of| from)? )?(?:only|solely|exclusively|purely|nothing but|just)"
    r"(?: (?:of|from|the elements?|containing|contains?))?"
    rf" (?P<list>{_LIST}){_NOUN}(?! and\b){_CLOSED}",  # what follows an "and" may be a misspelt element
    re.IGNORECASE,
)


def find_only(text: str) -> Iterator[Phrase]:
    """``only Li, Mn and O``."""
    for match in _ONLY.finditer(text):
        terms = _terms(match["list"])
        if _joined_by(match["list"]) == "or" or any(len(term) > 1 for term in terms):
            yield Phrase(*match.span(), has_only(_union(terms)), soft=True)
        else:
            yield Phrase(*match.span(), only(_union(terms)), soft=True)


def only(symbols: Sequence[str]) -> str:
    """Condition that all the elements are there and no others."""
    return f"{has_only(symbols)} AND nelements = {len(symbols)}"


_REQUIRED = re.compile(
    r"(?<!not )(?<!n't )(?<!may )(?<!might )(?<!can )(?<!could )(?<!or )(?<!without )"
    r"\b(?:containing|contains?|that include|includ(?:ing|es)|with|having|made (?:up )?(?:of|from|with)"
    r"|composed of|consist(?:ing|s) of|comprising|compris(?:es|ed of)|based on|bearing|must have|has|have)"
    rf" (?P<list>{_LIST}){_NOUN}{_CLOSED}",
    re.IGNORECASE,
)
_BASED = re.compile(
    rf"(?<![\w-])(?P<list>{_TERM})-(?:based|containing|bearing|rich)(?![\w-])",
    re.IGNORECASE,
)


def find_required(text: str) -> Iterator[Phrase]:
    """``containing Li and O``, ``with Fe, Co or Ni``, ``bismuth-based``. The words stay: a vector knows elements."""
    for pattern in (_REQUIRED, _BASED):
        for match in pattern.finditer(text):
            condition = _wanted(match["list"])
            if condition:
                yield Phrase(*match.span(), condition, soft=True)


_OLD_GROUPS = {
    "I": ("Cu", "Ag", "Au"),
    "II": ("Be", "Mg", "Ca", "Sr", "Ba", "Zn", "Cd", "Hg"),
    "III": ("B", "Al", "Ga", "In", "Tl"),
    "IV": ("C", "Si", "Ge", "Sn", "Pb"),
    "V": ("N", "P", "As", "Sb", "Bi"),
    "VI": ("O", "S", "Se", "Te"),
    "VII": ("F", "Cl", "Br", "I"),
}
"""Elements of semiconductors by the older numbers of their groups, subgroups included."""
_OF_GROUPS = re.compile(
    r"(?<![\w-])(?!I[-–]V(?![\w-]))(?:(?:I{1,3}|IV|VI{0,2})\d?[-–])+(?:I{1,3}|IV|VI{0,2})\d?(?![\w-])"
)


def find_semiconductors(text: str) -> Iterator[Phrase]:
    """``III-V``, ``I-III-VI2``: elements of each of these groups, and no others."""
    for match in _OF_GROUPS.finditer(text):
        groups = [_OLD_GROUPS[number] for number in dict.fromkeys(re.findall("[IV]+", match[0]))]
        each = " AND ".join(has_any(group) for group in groups)
        yield Phrase(*match.span(), f"{each} AND {has_only(_union(groups))}", leaves=True, soft=True)


_GROUP_LIST = re.compile(
    rf"(?<![\w-])(?P<list>(?:{_GROUPS})(?:(?: or |/)(?:{_GROUPS}))*)" + NOT_MEANT,
    re.IGNORECASE,
)


def find_groups(text: str) -> Iterator[Phrase]:
    """``rare-earth nickelate``: an element of the group must be there."""
    for match in _GROUP_LIST.finditer(text):
        if not re.search(r"\b(?:no|not|non|without|or)[ -](?:an? |any )?$", text[: match.start()], re.IGNORECASE):
            yield Phrase(*match.span(), has_any(_union(_terms(match["list"]))), soft=True)


def _wanted(written: str) -> str | None:
    """Condition for a list; None where "and" and "or" are mixed."""
    terms, joined = _terms(written), _joined_by(written)
    if joined == "or" or re.match(r"(?:either|at least one|one|any) ", written, re.IGNORECASE):
        return has_any(_union(terms)) if joined != "mixed" else None
    if joined == "mixed":
        return None
    single = [term[0] for term in terms if len(term) == 1]
    clauses = [has_all(dict.fromkeys(single))] if single else []
    clauses += [has_any(term) for term in terms if len(term) > 1]
    return " AND ".join(dict.fromkeys(clauses))


def _joined_by(written: str) -> str:
    """How the terms of a list are joined: and, or, or a mixture that could mean either."""
    either = re.search(r"\bor\b|\bnor\b|/", written, re.IGNORECASE) is not None
    both = re.search(r"\band\b(?!/)|&|\+|\bplus\b|\bboth\b", written, re.IGNORECASE) is not None
    if "and/or" in written.lower():
        return "or"
    return "mixed" if either and both else "or" if either else "and"


def _terms(written: str) -> list[tuple[str, ...]]:
    """The elements behind each term of a list."""
    found: list[tuple[str, ...]] = []
    for match in _EACH_TERM.finditer(written):
        term = match[0]
        if term in ELEMENT_SYMBOLS.values():
            found.append((term,))
        elif term.lower() in ELEMENT_SYMBOLS:
            found.append((ELEMENT_SYMBOLS[term.lower()],))
        else:
            found.append(next(group for name, group in GROUPS.items() if re.fullmatch(name, term, re.IGNORECASE)))
    return found


def _union(terms: Sequence[Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(symbol for term in terms for symbol in term))
