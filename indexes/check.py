"""The deep check: does the database say what was committed?

It runs when a store is opened that was not closed sealed, and in `SQLiteStore.verify`. In this order: the format;
every table's definition; SQLite's own integrity check; each row's checksum; each collection's count and sum of
checksums; the generation against the seal; the full-text index against the texts. Only the last is derived, so only
that is mended (rebuilt from the rows); anything else is `StoreDamaged`.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from pathlib import Path

from indexes import schema
from indexes.engine import DATABASE, LOCK, REMEDY, SEAL, Engine, busy, seal, stored_generation, translated
from indexes.errors import StoreBusy, StoreDamaged, StoreError, StoreFormat, StoreFull
from indexes.integrity import Presence, Seal
from indexes.rows import Row
from indexes.state import DIGEST_MODULUS, State, read_states

log = logging.getLogger(__name__)


def settle(directory: Path, *, timeout: float, writable: bool) -> None:
    """See to it that the store in `directory` can be trusted, before it is used.

    Raises:
        StoreDamaged: It cannot.
        StoreFormat: It is of another format.
        StoreBusy: Another process is checking it and did not finish in time.
    """
    deadline = time.monotonic() + timeout
    presence: Presence | None = None
    try:
        while True:
            vouched = Seal.read(directory / SEAL)
            if vouched is not None and vouched.vouches_for(directory / DATABASE):
                return
            if not writable:
                # Nobody can be writing here, as far as this process can tell.
                _check_alone(directory, timeout=timeout, writable=False)
                return
            presence = presence or Presence(directory / LOCK)
            if presence.acquire("alone"):
                vouched = Seal.read(directory / SEAL)
                if vouched is None or not vouched.vouches_for(directory / DATABASE):
                    _check_alone(directory, timeout=timeout, writable=writable)
                return
            if presence.acquire("shared"):
                log.debug("%s is being written to by another process", directory)
                return
            if time.monotonic() > deadline:
                raise busy(directory, timeout)
            time.sleep(0.02)
    finally:
        if presence is not None:
            presence.close()


def _check_alone(directory: Path, *, timeout: float, writable: bool) -> None:
    try:
        engine = Engine(directory, writable=writable, timeout=timeout)
        try:
            with translated(directory, timeout):
                if engine.unmade:
                    return
                log.info("%s was not closed properly: checking all of it", directory)
                damage = deep_check(engine, mend=writable)
                if damage:
                    raise StoreDamaged(
                        directory, f"{len(damage)} findings of damage, first: {damage[0]}", REMEDY, damage
                    )
                if writable:
                    seal(engine.connection, directory)
        finally:
            engine.close()
    except UnicodeDecodeError as error:
        # SQLite quotes the damaged text in its own error message, which sqlite3 then cannot decode.
        raise StoreDamaged(directory, f"its database is damaged ({error})", REMEDY) from error


def check_format(engine: Engine) -> None:
    """Refuse what is not a store of this version.

    Raises:
        StoreFormat: Says which version it is.
        StoreDamaged: It was a store once.
    """
    (application,) = engine.connection.execute("PRAGMA application_id").fetchone()
    (version,) = engine.connection.execute("PRAGMA user_version").fetchone()
    if application != schema.APPLICATION_ID and Seal.read(engine.directory / SEAL) is not None:
        raise StoreDamaged(engine.directory, f"the header of {DATABASE} is damaged", REMEDY)
    if application != schema.APPLICATION_ID:
        raise StoreFormat(engine.directory, f"{DATABASE} is not a store of this library", "choose another directory")
    if version > schema.FORMAT_VERSION:
        raise StoreFormat(
            engine.directory,
            f"format {version} is newer than this program's {schema.FORMAT_VERSION}",
            "update the program",
        )
    if version < schema.FORMAT_VERSION:
        raise StoreFormat(
            engine.directory,
            f"format {version} is older than this program's {schema.FORMAT_VERSION}",
            "build it again from the sources, or read it with the release that wrote it",
        )


def deep_check(engine: Engine, *, mend: bool) -> list[str]:
    """Everything that is wrong with a store, one line a finding; nothing is wrong if the list is empty.

    Args:
        mend: Rebuild full-text indexes that do not agree with their texts, instead of reporting them.

    Raises:
        StoreFormat: It is of another format.
    """
    check_format(engine)
    try:
        with engine.reading() as connection:
            states = read_states(engine)
            findings = _schema_findings(connection, [state.cid for state in states])
            if findings:
                return findings
            findings += [
                f"database: {' '.join(text.split())}"
                for (text,) in connection.execute("PRAGMA integrity_check(20)")
                if text != "ok"
            ]
            for state in states:
                findings += _row_findings(connection, state)
            findings += _generation_findings(engine)
    except (StoreBusy, StoreFull):
        raise
    except StoreError as error:
        return [error.reason]
    for state in states if not findings else []:
        findings += _text_findings(engine, state, mend=mend)
    return findings


def _schema_findings(connection: sqlite3.Connection, cids: list[int]) -> list[str]:
    wanted = schema.expected_objects(cids)
    shadows = tuple(f"fts_{cid}_" for cid in cids)
    found = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"))
    return [
        f"definition of {name!r} is not what it was"
        for name in sorted(wanted.keys() | found.keys(), key=str)
        if wanted.get(name) != found.get(name) and not (name not in wanted and str(name).startswith(shadows))
    ]


def _row_findings(connection: sqlite3.Connection, state: State) -> list[str]:
    findings = []
    total = count = 0
    for *fields, checksum in connection.execute(f"SELECT {schema.ROW_COLUMNS} FROM records_{state.cid}"):
        count += 1
        if Row(*fields).agrees(checksum):
            total += int.from_bytes(checksum, "big")
        else:
            findings.append(f"collection {state.name!r}: record {fields[2]!r} is damaged")
    if count != state.count:
        findings.append(f"collection {state.name!r}: {count} records where {state.count} were committed")
    elif not findings and (total % DIGEST_MODULUS).to_bytes(16, "big") != state.digest:
        findings.append(f"collection {state.name!r}: its records are not those that were committed")
    return findings


def _generation_findings(engine: Engine) -> list[str]:
    vouched = Seal.read(engine.directory / SEAL)
    generation = stored_generation(engine.connection, engine.directory)
    if vouched is not None and generation < vouched.generation:
        return [f"transaction {vouched.generation} was committed, but the database stands at {generation}"]
    return []


def _text_findings(engine: Engine, state: State, *, mend: bool) -> list[str]:
    fts = f"fts_{state.cid}"
    compare = f"INSERT INTO {fts} ({fts}, rank) VALUES ('integrity-check', 1)"
    rebuild = f"INSERT INTO {fts} ({fts}) VALUES ('rebuild')"
    try:
        with engine.lock:
            engine.connection.execute(compare)
    except sqlite3.DatabaseError as error:
        if not mend:
            return [f"full-text index of collection {state.name!r}: {error}"]
        log.warning("%s: the full-text index of %r is damaged and rebuilt", engine.directory, state.name)
        try:
            engine.connection.execute(rebuild)
            engine.connection.execute(compare)
        except sqlite3.DatabaseError as again:
            return [f"full-text index of collection {state.name!r}: {again}"]
    return []
