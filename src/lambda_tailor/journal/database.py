"""The journal's database: opened durably and brought to the newest schema; Alembic is imported when it has work."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from lambda_tailor import paths
from lambda_tailor.errors import JournalError
from lambda_tailor.journal.tables import HEAD, VERSION, metadata

# The key of the lock that migrating processes take in PostgreSQL; any number that nobody else uses.
_MIGRATING = 7_114_733_117
_DRIVERS = {"psycopg": "postgres", "psycopg2": "postgres"}


def open_engine(url: str) -> sa.Engine:
    """An engine for the journal at a database URL, at the newest schema.

    Raises JournalError where it cannot be opened, is damaged, or was written by a newer version.
    """
    place = without_password(url)
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "postgresql" and parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        # A database of the form file:…?uri=true is a URI for SQLite, which finds its own way to it.
        if parsed.get_backend_name() == "sqlite":
            _refuse_memory(parsed, place)
            if not _named(parsed).startswith("file:"):
                _make_private(Path(_named(parsed)))
        engine = sa.create_engine(parsed)
    except ModuleNotFoundError as error:
        extra = _DRIVERS.get(error.name or "")
        install = f": pip install 'lambda-tailor[{extra}]'" if extra else f", there is no module {error.name}"
        raise JournalError(f"The journal {place} needs a database driver{install}.") from error
    except OSError as error:
        raise JournalError(f"The journal {place} cannot be opened: {error.strerror}.") from error
    except sa.exc.ArgumentError as error:
        raise JournalError(f"The journal {place} cannot be opened: {error}.") from error
    except ValueError as error:
        # Which has a part of the URL in it.
        raise JournalError("The journal's URL has a port that is no number: write it as HOST:5432.") from error
    if parsed.get_backend_name() == "postgresql":
        sa.event.listen(engine, "connect", _careful)
    if parsed.get_backend_name() == "sqlite":
        sa.event.listen(engine, "connect", _durable)
        sa.event.listen(engine, "begin", _begin)
    _migrate(engine, place)
    if parsed.get_backend_name() == "sqlite" and not _named(parsed).startswith("file:"):
        _keep_private(Path(_named(parsed)))
    if parsed.get_backend_name() == "sqlite" and parsed.database and Path(parsed.database).is_file():
        _watch(engine, Path(parsed.database))
    return engine


def _named(url: sa.URL) -> str:
    return url.database or ""


def _refuse_memory(url: sa.URL, place: str) -> None:
    """What is in memory is gone with the process, and every way back with it. Raises JournalError."""
    named = f"{_named(url)}?{url.query}".lower()
    if not _named(url) or ":memory:" in named or re.search(r"mode\W*memory|vfs", named):
        raise JournalError(f"The journal {place} would be kept in memory and lost: name a file or a server.")


def _watch(engine: sa.Engine, file: Path) -> None:
    """A file that was deleted or replaced still takes what is written to it, and nobody finds it again: refused."""
    opened = file.stat()

    def look(connection: sa.Connection) -> None:
        if not connection.get_execution_options().get("writes"):
            return
        try:
            found = file.stat()
        except OSError:
            found = None
        if found is None or (found.st_dev, found.st_ino) != (opened.st_dev, opened.st_ino):
            raise JournalError(
                f"The journal {file} was deleted or replaced while it was in use: nothing more is written to AWS. "
                "Put it back before anything else."
            )

    sa.event.listen(engine, "begin", look, insert=True)


def _migrate(engine: sa.Engine, place: str) -> None:
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("select pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
        # Another process may have been faster while this one waited for its turn.
        revision = _revision(connection)
        if revision == HEAD:
            return
        if not _ours(connection, revision):
            raise JournalError(
                f"The database {place} is another program's: name a file of its own in LAMBDA_TAILOR_JOURNAL."
            )
        if revision is not None and revision > HEAD:
            raise JournalError(
                f"The journal {place} was written by a newer lambda-tailor (schema {revision}, this one knows {HEAD}): "
                "update lambda-tailor."
            )
        _upgrade(connection, revision)


def _ours(connection: sa.Connection, revision: str | None) -> bool:
    """Whether a database is a journal, or may become one; a server's may have other programs' tables beside ours."""
    if revision is None:
        return connection.dialect.name != "sqlite" or not sa.inspect(connection).get_table_names()
    return isinstance(revision, str) and re.fullmatch(r"\d{4}", revision, re.ASCII) is not None


def _revision(connection: sa.Connection) -> str | None:
    """The schema's revision; None for an empty database. Journals of the first version do not say theirs."""
    tables = sa.inspect(connection).get_table_names()
    if VERSION.name in tables:
        revision: str | None = connection.execute(sa.select(VERSION.c.version_num)).scalar_one_or_none()
        return revision
    return "0001" if "runs" in tables else None


def _upgrade(connection: sa.Connection, revision: str | None) -> None:
    if revision is None:
        metadata.create_all(connection)
        VERSION.create(connection)
        connection.execute(VERSION.insert(), {"version_num": HEAD})
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "lambda_tailor.journal:migrations")
    config.attributes["connection"] = connection
    if not sa.inspect(connection).has_table(VERSION.name):
        command.stamp(config, revision)
    command.upgrade(config, "head")


# PostgreSQL: how long a transaction may stand still, and how long a lock is waited for. Seconds.
_IDLE_S, _LOCKED_S = 5, 20


def _durable(connection: Any, _record: Any) -> None:
    # SQLAlchemy begins transactions itself, below: so that tables are made in one, too.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _careful(connection: Any, _record: Any) -> None:
    # A server may be set to answer before a commit is on disk: what is written down before AWS is touched must be.
    # A process that is stopped in the middle of a transaction (a laptop's lid) must not keep the others out: the server
    # ends it, and who waits gives up a while later with a sentence. Transactions here take milliseconds.
    settings = {
        "synchronous_commit": "on",
        "idle_in_transaction_session_timeout": f"{_IDLE_S}s",
        "lock_timeout": f"{_LOCKED_S}s",
    }
    with connection.cursor() as cursor:
        cursor.execute("; ".join(f"SET {name} TO '{value}'" for name, value in settings.items()))
    connection.commit()


def _begin(connection: sa.Connection) -> None:
    # A writer takes its turn at once: two that read first and then write would block each other.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _make_private(file: Path) -> None:
    """The journal tells what runs where: only its owner may look."""
    paths.make_private_folder(file.parent)
    if not os.access(file.parent, os.W_OK):
        raise PermissionError(f"{file.parent} is not writable")
    try:
        # Made before SQLite does, which makes its other files like this one.
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return


def _keep_private(file: Path) -> None:
    """One that was made otherwise is made private again, once it is known to be a journal."""
    found = file.stat()
    if os.name == "posix" and found.st_uid == os.geteuid() and found.st_mode & 0o077:
        file.chmod(0o600)


def without_password(url: str) -> str:
    """The URL as complaints show it: without what follows the question mark, where a password may be, too."""
    try:
        return sa.make_url(url).set(query={}).render_as_string(hide_password=True)
    except (sa.exc.ArgumentError, ValueError):
        return "URL"
