"""Questions with the places of their answers, and pools of contexts, as files give them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import LibraryError


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the place of its answer.

    Attributes:
        text: The question.
        file: File name of the paper, or a suffix of it that begins at a word (``672-w.pdf`` for
            ``perov_672-w.pdf``); "" where the place is not known.
        pages: Physical pages that state the answer; empty where not known.
        answer: The answer as a short string, or "".
    """

    text: str
    file: str = ""
    pages: tuple[int, ...] = ()
    answer: str = ""


def same_file(file: str, name: str) -> bool:
    """Is ``name`` the file's name, or a suffix of it that begins at a word?"""
    file = Path(file).name
    return file == name or (file.endswith(name) and not file[-len(name) - 1].isalnum())


def read_questions(path: Path | str) -> list[Question]:
    """Read questions, one JSON object a line.

    Understands ``question`` or ``query``; ``file`` or ``doc_name``; ``pages`` or
    ``pages_with_exact_answer_string``; ``answer`` or ``correct_answer``. Only the question is required, so a
    file of questions that nothing answers reads too.

    Raises:
        LibraryError: The file cannot be read, or a line is no such object; the message names file and line.
    """
    questions = []
    for number, row in _json_lines(Path(path)):
        text = row.get("question", row.get("query"))
        pages = row.get("pages", row.get("pages_with_exact_answer_string", ()))
        if not isinstance(text, str) or not text.strip():
            raise LibraryError(f'{path}, line {number}: no "question" (or "query") with text in it')
        if not isinstance(pages, list | tuple) or not all(isinstance(page, int) and page >= 1 for page in pages):
            raise LibraryError(f"{path}, line {number}: pages {pages!r} are not a list of numbers from 1")
        file = str(row.get("file", row.get("doc_name", "")))
        answer = str(row.get("answer", row.get("correct_answer", "")))
        questions.append(Question(text, file, tuple(pages), answer))
    return questions


@dataclass(frozen=True, slots=True)
class ContextPool:
    """Distinct contexts, each standing as a file of its own, and the questions that each of them answers.

    Attributes:
        contexts: File name -> text. Equal texts are one context.
        questions: ``question.file`` is the name of its context; ``question.pages`` is empty.
    """

    contexts: Mapping[str, str]
    questions: tuple[Question, ...]

    def write(self, folder: Path) -> list[Path]:
        """Write every context as a text file, for a system that reads files; returns the paths."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / name for name in self.contexts]
        for path, text in zip(paths, self.contexts.values(), strict=True):
            path.write_text(text, encoding="utf-8")
        return paths

    def reworded(self, path: Path | str) -> tuple[Question, ...]:
        """Paraphrases (lines with ``context_sha256`` and ``paraphrase``) as questions to this pool.

        Raises:
            LibraryError: A paraphrase's context is not in the pool.
        """
        questions = []
        for number, row in _json_lines(Path(path)):
            file = _context_name(str(row.get("context_sha256", "")))
            if file not in self.contexts or not row.get("paraphrase"):
                raise LibraryError(
                    f"{path}, line {number}: no paraphrase of a context of this pool; is it another pool?"
                )
            questions.append(Question(str(row["paraphrase"]), file))
        return tuple(questions)


def read_contexts(path: Path | str) -> ContextPool:
    """Read a pool of contexts: one JSON object a line with ``context``, ``question`` and perhaps ``answer``.

    Raises:
        LibraryError: The file cannot be read, or a line is no such object; the message names file and line.
    """
    contexts: dict[str, str] = {}
    questions = []
    for number, row in _json_lines(Path(path)):
        context, question = row.get("context"), row.get("question")
        if not isinstance(context, str) or not isinstance(question, str):
            raise LibraryError(f'{path}, line {number}: needs "context" and "question"')
        name = _context_name(hashlib.sha256(context.encode()).hexdigest())
        contexts[name] = context
        questions.append(Question(question, name, answer=str(row.get("answer", ""))))
    return ContextPool(contexts, tuple(questions))


def _context_name(sha256: str) -> str:
    return f"context-{sha256}.txt"


def _json_lines(path: Path) -> Iterable[tuple[int, dict[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LibraryError(f"{path}: cannot be read as questions ({error}); expected JSON Lines") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise LibraryError(f"{path}, line {number}: not JSON ({error})") from error
        if not isinstance(row, dict):
            raise LibraryError(f"{path}, line {number}: a JSON object was expected, not {type(row).__name__}")
        yield number, row
