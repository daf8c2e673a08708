"""Keeps the state across restarts in one SQLite file, written before the answer is sent.

The file is in WAL mode: most changes take a fraction of a millisecond, because they do not wait for the disk. Written
changes survive if this process dies at any moment; a power failure may lose the last changes, but does not corrupt the
file. One process at a time holds the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import TypeAdapter

from getty_emulator.clock import Clock
from getty_emulator.state import (
    Account,
    Charge,
    Generation,
    Product,
    Registration,
    State,
    Token,
    Upload,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Thing = Account | Charge | Clock | Generation | Registration | State | Token | Upload
"""All types that can be saved. Of the whole state, only the key that signs its links is saved."""

VERSION = 3
"""Version of the file's content. Any change to the dataclasses above requires a new version."""
_APPLICATION = 0x47455454
"""Distinguishes our files from other SQLite databases: "GETT"."""
_PATIENCE = 2.0
"""Seconds to wait for a previous emulator to release the file."""
_SCHEMA = f"""
CREATE TABLE things (
    number INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT, content TEXT NOT NULL, UNIQUE (kind, key)
);
CREATE TABLE files (digest TEXT PRIMARY KEY, content BLOB NOT NULL);
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {VERSION};
"""
_PUT = """
INSERT INTO things (kind, key, content) VALUES (?, ?, ?)
ON CONFLICT (kind, key) DO UPDATE SET content = excluded.content
"""
_PRODUCTS = TypeAdapter(list[Product])
_CHARGE = TypeAdapter(Charge)
_GENERATION = TypeAdapter(Generation)
_REGISTRATION = TypeAdapter(Registration)
_TOKEN = TypeAdapter(Token)
_UPLOAD = TypeAdapter(Upload)


class StateFileError(Exception):
    """The file cannot be used. The message says why, and what to do."""


class StateFile:
    """An open state file."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self._path = path
        self._database = database

    @classmethod
    def open(cls, name: str | os.PathLike[str]) -> Self:
        """Open the file, or create it. Raises StateFileError."""
        path = Path(name)
        try:
            path.touch(mode=0o600)  # it contains tokens
            database = sqlite3.connect(path, timeout=_PATIENCE, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise StateFileError(f"The state file {path} cannot be opened: {error}.") from None
        try:
            _prepare(path, database)
        except BaseException:
            database.close()
            raise
        return cls(path, database)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def save(self, *things: Thing) -> None:
        """Write the current state of these things: all of them or, if the process dies, none. Raises StateFileError."""
        with self._writing():
            for thing in things:
                kind, key, content = self._row(thing)
                self._database.execute(_PUT, (kind, key, json.dumps(content, default=list)))

    def clear(self) -> None:
        """Delete everything. Raises StateFileError."""
        with self._writing():
            self._database.execute("DELETE FROM things")
            self._database.execute("DELETE FROM files")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Commit everything that the block does, or nothing."""
        try:
            with self._database:
                yield
        except sqlite3.Error as error:
            raise StateFileError(f"The state file {self._path} cannot be written: {error}.") from None

    def load(self, state: State, clock: Clock) -> None:
        """Load the content of the file into a new state. Raises StateFileError."""
        try:
            with closing(self._database.cursor()) as cursor:
                files = dict(cursor.execute("SELECT digest, content FROM files"))
                for kind, text in cursor.execute("SELECT kind, content FROM things ORDER BY number"):
                    _restore(state, clock, kind, json.loads(text), files)
        except _UnknownAccountError as error:
            raise StateFileError(
                f"The state file {self._path} contains the account {error.key!r}. Start the emulator with it too."
            ) from None
        except (sqlite3.Error, LookupError, TypeError, ValueError):
            raise _damaged(self._path) from None

    def _row(self, thing: Thing) -> tuple[str, str | None, dict[str, Any]]:  # noqa: PLR0911 - one for each kind
        """Return kind, key and content. A charge has no key: it is never changed."""
        match thing:
            case Account():
                return "account", thing.key, thing.settings()
            case Charge():
                return "charge", None, asdict(thing)
            case Clock():
                return "clock", "", {"advanced": thing.advanced}
            case Generation():
                content = asdict(thing)
                content["order"]["mask"] = self._put_file(thing.order.mask)
                return "generation", thing.id, content
            case Registration():
                content = {**asdict(thing), "content": self._put_file(thing.content)}
                return "registration", thing.id, content
            case State():
                return "signing-key", "", {"hex": thing.signing_key.hex()}
            case Token():
                return "token", thing.text, asdict(thing)
            case Upload():
                content = {**asdict(thing), "content": self._put_file(thing.content)}
                return "upload", json.dumps([thing.account, thing.name]), content

    def _put_file(self, content: bytes | None) -> str | None:
        """Store the bytes once, however many uploads and generations use them, and return their digest."""
        if content is None:
            return None
        digest = hashlib.sha256(content).hexdigest()
        self._database.execute("INSERT OR IGNORE INTO files VALUES (?, ?)", (digest, content))
        return digest


class _UnknownAccountError(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _prepare(path: Path, database: sqlite3.Connection) -> None:
    """Lock the file, create the tables if it is empty, and reject a file that is not ours."""
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        application = database.execute("PRAGMA application_id").fetchone()[0]
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if tables and application != _APPLICATION:
            raise StateFileError(f"{path} is another program's database, not a state file of the emulator.")
        if tables and version != VERSION:
            raise StateFileError(
                f"The state file {path} has version {version}, but this emulator reads version {VERSION}. "
                "Use the emulator that wrote it, or delete the file to start again."
            )
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        if not tables:
            database.executescript(f"BEGIN;{_SCHEMA}COMMIT;")
        if database.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise _damaged(path)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise StateFileError(f"The state file {path} is in use by another emulator.") from None
        raise StateFileError(f"The state file {path} cannot be opened: {error}.") from None
    except sqlite3.DatabaseError:
        raise _damaged(path) from None


def _damaged(path: Path) -> StateFileError:
    return StateFileError(
        f"The state file {path} is damaged, or is not a state file. Delete it to start again, or name another."
    )


def _restore(
    state: State, clock: Clock, kind: str, content: dict[str, Any], files: Mapping[str, bytes]
) -> None:
    match kind:
        case "account":
            account = _account(state, content["key"])
            account.products = _PRODUCTS.validate_python(content["products"])
            account.queries_per_second = content["queries_per_second"]
            account.concurrent_generations = content["concurrent_generations"]
            account.concurrency_refusal = content["concurrency_refusal"]
            account.company_generations = content["company_generations"]
        case "charge":
            charge = _CHARGE.validate_python(content)
            _account(state, charge.account).charges.append(charge)
        case "clock":
            clock.advance(content["advanced"])
        case "generation":
            if digest := content["order"]["mask"]:
                content["order"]["mask"] = files[digest]
            generation = _GENERATION.validate_python(content)
            _account(state, generation.account).add(generation)
        case "registration":
            registration = _REGISTRATION.validate_python({**content, "content": files[content["content"]]})
            _account(state, registration.account).registrations[registration.id] = registration
        case "signing-key":
            state.signing_key = bytes.fromhex(content["hex"])
        case "token":
            token = _TOKEN.validate_python(content)
            state.tokens[token.text] = token
        case "upload":
            upload = _UPLOAD.validate_python({**content, "content": files[content["content"]]})
            _account(state, upload.account).uploads[upload.name] = upload
        case _:
            raise ValueError(kind)


def _account(state: State, key: str) -> Account:
    account = state.accounts.get(key)
    if account is None:
        raise _UnknownAccountError(key)
    return account
