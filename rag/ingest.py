"""From files to stored passages: incremental, one transaction a paper.

A paper is committed whole or not at all, so that an ingest that dies leaves finished papers only, and the next one
does what is missing.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from clip_mat.sentence_encoder import SentenceEncoder
from indexes import Collection, Record, Store
from rag.bibliography import bibtex, mla, paper_key
from rag.crossref import lookup
from rag.documents import Document
from rag.errors import RagError, UnreadableDocument
from rag.metadata import Paper, find_bib, infer_paper
from rag.passages import Passage, decode_vectors, encode_payload, make_passages
from rag.reading import SUFFIXES, Limits, read_many
from rag.reading.files import read_bytes, why_unreadable

logger = logging.getLogger(__name__)

_AT_ONCE = 256  # passages encoded between two reports of progress

Progress = Callable[[int, int, str], None]
"""Called with papers done, papers in all, and the file just finished, or how far a long one has come."""


@dataclass(frozen=True)
class IngestReport:
    """What an ingest did with each file.

    Attributes:
        added: (file, key) of new papers.
        updated: (file, key) of papers whose file has new content.
        unchanged: (file, why) of files that needed nothing.
        skipped: (file, reason) of files that could not be taken in.
        passages: Passages written.
        pages: Pages read.
    """

    added: list[tuple[str, str]] = field(default_factory=list)
    updated: list[tuple[str, str]] = field(default_factory=list)
    unchanged: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    passages: int = 0
    pages: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "added": [{"file": file, "key": key} for file, key in self.added],
            "updated": [{"file": file, "key": key} for file, key in self.updated],
            "unchanged": [{"file": file, "reason": reason} for file, reason in self.unchanged],
            "skipped": [{"file": file, "reason": reason} for file, reason in self.skipped],
            "passages": self.passages,
            "pages": self.pages,
        }


def find_files(paths: Iterable[Path | str], skipped: list[tuple[str, str]]) -> list[Path]:
    """Readable files named by paths, folders searched throughout; each once, in a stable order.

    Args:
        paths: Files and folders.
        skipped: Takes (path, reason) of what cannot be followed: missing paths, folders without read permission,
            named files of another type. Links to folders inside a folder are not followed, so loops end.
    """
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        try:
            if path.is_dir():
                for file in _walk(path, skipped):
                    found.setdefault(_resolved(file), None)
            elif not path.exists():
                skipped.append((str(path), "no such file or folder"))
            elif path.suffix.lower() not in SUFFIXES:
                skipped.append((path.name, f"not one of {', '.join(SUFFIXES)}"))
            else:
                found.setdefault(_resolved(path), None)
        except OSError as error:  # a name too long, no permission on the way
            skipped.append((str(path), "{} ({})".format(*why_unreadable(error))))
    for file in [file for file in found if not _is_unicode(file)]:
        del found[file]
        skipped.append((file.name, "its name or that of a folder is not Unicode (rename it)"))
    return list(found)


def _reason(error: UnreadableDocument) -> str:
    return str(error).removeprefix(f"{error.path.name}: ")


def _is_unicode(path: Path) -> bool:
    """Whether a path can be written down: Linux takes any bytes as a name, a store only text."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _resolved(file: Path) -> Path:
    """The file with its links followed; a loop of links is left as it is, and fails when it is opened."""
    return Path(os.path.realpath(file))


def _walk(folder: Path, skipped: list[tuple[str, str]]) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        skipped.append((str(error.filename), "{} ({})".format(*why_unreadable(error))))

    for root, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            file = Path(root, name)
            if file.suffix.lower() in SUFFIXES and not name.startswith("."):
                yield file


def content_digests(paths: Iterable[Path | str], skipped: list[tuple[str, str]]) -> dict[Path, str]:
    """SHA-256, by which papers are known, of every file that `find_files` finds; what cannot be read is listed too."""
    digests = {}
    for file in find_files(paths, skipped):
        try:  # not by a plain read, which would wait for a pipe for ever
            digests[file] = hashlib.sha256(read_bytes(file, Limits())).hexdigest()
        except UnreadableDocument as error:
            skipped.append((file.name, _reason(error)))
    return digests


class Ingester:
    """Takes files into a store.

    Args:
        store: Where to.
        papers: Collection of papers: one record a paper, without vectors.
        passages: Collection of their passages, with vectors.
        encoder: Makes the vectors.
        online: Also ask Crossref for what a paper does not say of itself.
    """

    def __init__(
        self,
        store: Store,
        papers: Collection,
        passages: Collection,
        encoder: SentenceEncoder,
        *,
        online: bool = False,
    ) -> None:
        self._store = store
        self._papers = papers
        self._passages = passages
        self._encoder = encoder
        self._online = online

    def add(self, paths: Iterable[Path | str], progress: Progress | None = None) -> IngestReport:
        """Take in files and folders; what is known by content is left as it is.

        One bad file never stops the others: it is listed with its reason.
        """
        report = IngestReport()
        new = self._what_is_new(content_digests(paths, report.skipped), report)
        pages = passages = 0
        for done, (path, outcome) in enumerate(read_many(list(new)), 1):
            skipped = len(report.skipped)
            if isinstance(outcome, UnreadableDocument):
                report.skipped.append((path.name, _reason(outcome)))
            else:
                tell = None if progress is None else partial(progress, done - 1, len(new))
                written = self._take_in(path, outcome, report, tell)
                passages += written
                pages += len(outcome.pages) if written else 0
            fate = report.unchanged if len(report.skipped) == skipped else report.skipped
            fate.extend((copy, f"same content as {path.name}") for copy in new[path])
            if progress is not None:
                progress(done, len(new), path.name)
        return IngestReport(
            report.added, report.updated, report.unchanged, report.skipped, passages=passages, pages=pages
        )

    def _what_is_new(self, files: Mapping[Path, str], report: IngestReport) -> dict[Path, list[str]]:
        """Of files and their digests those whose content is not in the store, one a content; the others are reported.

        Returns:
            File -> names of its copies, of which nothing can be said before it has been read.
        """
        known = {record.metadata["sha256"]: record for record in self._papers.records()}
        first: dict[str, Path] = {}
        new: dict[Path, list[str]] = {}
        for file, digest in files.items():
            if digest in known:
                record = known[digest]
                if not Path(str(record.metadata["path"])).exists():
                    known[digest] = record = self._moved(record, file)
                name = str(record.metadata["file"])
                report.unchanged.append((file.name, "" if name == file.name else f"same content as {name}"))
            elif digest in first:
                new[first[digest]].append(file.name)
            else:
                first[digest] = file
                new[file] = []
        return new

    def _moved(self, record: Record, file: Path) -> Record:
        """The record of a paper whose file is now elsewhere, so that its pages can be shown; also its passages'."""
        with self._store.transaction():
            moved = replace(record, metadata={**record.metadata, "file": file.name, "path": str(file)})
            self._papers.upsert([moved])
            if file.name != record.metadata["file"]:
                passages = list(self._passages.records({"key": record.id}))
                self._passages.upsert(replace(p, metadata={**p.metadata, "file": file.name}) for p in passages)
        return moved

    def _take_in(self, path: Path, document: Document, report: IngestReport, tell: Callable[[str], None] | None) -> int:
        passages = make_passages(document)
        if not passages:
            report.skipped.append((path.name, "no sentence in it that could support an answer"))
            return 0
        paper = infer_paper(document)
        bib = find_bib(path, paper)
        if bib is not None:
            paper = infer_paper(document, bib)
        if self._online:
            paper = _look_up(paper, path)
        previous = next(self._papers.records({"path": str(path)}), None)
        old = self._passages.records({"key": previous.id}) if previous is not None else iter(())
        vectors = self._embed(passages, {record.text: record for record in old}, path.name, tell)
        with self._store.transaction():
            if self._papers.count({"sha256": document.sha256}):  # another process was faster
                report.unchanged.append((path.name, "taken in meanwhile"))
                return 0
            key = previous.id if previous is not None else paper_key(paper, frozenset(self._papers.ids()))
            if previous is not None:
                self._passages.delete(where={"key": key})
            metadata = {
                "file": path.name,
                "path": str(path),
                "sha256": document.sha256,
                "pages": len(document.pages),
                "paper": paper.to_dict(),
                "reference": mla(paper),
                "bibtex": bibtex({key: paper}),
            }
            self._papers.upsert([Record(key, text=paper.title, metadata=metadata)])
            self._passages.upsert(
                Record(
                    id=f"{key}:{number:06d}",
                    text=passage.text,
                    metadata={"key": key, "file": path.name, "page": passage.pages[0]},
                    payload=payload,
                    vector=vector,
                )
                for number, (passage, (vector, payload)) in enumerate(zip(passages, vectors, strict=True))
            )
        (report.updated if previous is not None else report.added).append((path.name, key))
        return len(passages)

    def _embed(
        self, passages: Sequence[Passage], known: dict[str, Record], file: str, tell: Callable[[str], None] | None
    ) -> list[tuple[np.ndarray[Any, np.dtype[np.float32]], bytes]]:
        """Vector and payload of each passage; a text that the old version of the paper had is not encoded again."""
        vectors = {
            passage.text: (record.vector, encode_payload(passage, spans))
            for passage in passages
            if (record := known.get(passage.text)) is not None
            and record.vector is not None
            # The same text may have been cut into other sentences by another version of the reader.
            and len(spans := decode_vectors(record.payload)) == len(passage.sentences)
        }
        fresh = [passage for passage in passages if passage.text not in vectors]
        for start in range(0, len(fresh), _AT_ONCE):
            batch = fresh[start : start + _AT_ONCE]
            embeddings = self._encoder.encode_spans([p.text for p in batch], [p.spans for p in batch])
            for passage, embedding in zip(batch, embeddings, strict=True):
                vectors[passage.text] = embedding.vector, encode_payload(passage, embedding.spans)
            if tell is not None and len(fresh) > _AT_ONCE:
                tell(f"{start + len(batch):,} of {len(fresh):,} passages of {file}")
        return [vectors[p.text] for p in passages]


def _look_up(paper: Paper, path: Path) -> Paper:
    """The record completed from Crossref, or as it is where Crossref cannot be reached."""
    try:
        return lookup(paper)
    except RagError as error:
        logger.warning("%s: no look-up: %s", path.name, error)
        return paper
