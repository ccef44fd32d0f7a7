"""Plans as files, which people edit: what is wrong with one is said with its place and the way out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clip_mat.errors import RequestError
from rag.answers import Answer
from rag.design.evidence import Evidence
from rag.design.wish import Wish

_ANEW = "mend it there, or write the plan anew: clip-mat design QUESTION --plan FILE"


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What a file holds of a plan; for the attributes see `rag.design.Plan`."""

    wish: Wish
    question: str = ""
    answer: Answer | None = None
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()


def read_plan(path: Path) -> SavedPlan:
    """Read a plan.

    Args:
        path: JSON as `Plan.save` writes it, or TOML with the parts of a request.

    Raises:
        RequestError: If it cannot be read, or a part of it cannot be understood.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RequestError(f"{path}: cannot be read: {error.strerror}; name a plan that can") from None
    except UnicodeDecodeError as error:
        raise RequestError(f"{path}: no text in UTF-8 (byte {error.start:,}); save it as UTF-8") from None
    if path.suffix.lower() == ".toml":
        return SavedPlan(Wish.read_toml(text, str(path)))
    given = _json(path, text)
    try:
        wish = Wish.from_dict(given["request"])
    except RequestError as error:
        raise RequestError(f"{path}: request: {error}") from None
    return SavedPlan(wish, str(given.get("question", "")), _answer(path, given), _evidence(path, given), _notes(given))


def _json(path: Path, text: str) -> Mapping[str, Any]:
    """The parts of a plan, the request among them."""
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{path}, line {error.lineno}, column {error.colno}"
        told = "the file is empty" if not text.strip() else f"no JSON: {error.msg[0].lower()}{error.msg[1:]}"
        raise RequestError(f"{place}: {told}; {_ANEW}") from None
    except (ValueError, RecursionError):  # numbers of thousands of digits, brackets in brackets in brackets
        raise RequestError(f"{path}: no plan, but other JSON; {_ANEW}") from None
    if not isinstance(given, dict) or not isinstance(given.get("request"), dict):
        raise RequestError(f'{path}: no plan: it has no part "request" with what shall be made; {_ANEW}')
    return given


def _answer(path: Path, given: Mapping[str, Any]) -> Answer | None:
    try:
        return Answer.from_dict(given["answer"]) if given.get("answer") else None
    except KeyError as error:
        raise RequestError(f'{path}: a part of its "answer" lacks {error.args[0]!r}; {_ANEW}') from None
    except (ValueError, TypeError, AttributeError):
        raise RequestError(f'{path}: its "answer" is not as a plan has it; {_ANEW}') from None


def _evidence(path: Path, given: Mapping[str, Any]) -> tuple[Evidence, ...]:
    listed = given.get("evidence", [])
    if not isinstance(listed, list):
        raise RequestError(f'{path}: its "evidence" is no list; {_ANEW}')
    found = []
    for number, one in enumerate(listed, 1):
        try:
            found.append(Evidence.from_dict(one))
        except KeyError as error:
            raise RequestError(f"{path}: evidence {number} lacks {error.args[0]!r}; {_ANEW}") from None
        except (ValueError, TypeError, AttributeError):
            raise RequestError(f"{path}: evidence {number} is not as a plan has it: {str(one)[:60]}; {_ANEW}") from None
    return tuple(found)


def _notes(given: Mapping[str, Any]) -> tuple[str, ...]:
    notes = given.get("notes", ())
    return tuple(map(str, notes)) if isinstance(notes, list) else ()
