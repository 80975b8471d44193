"""Reading rows out of a database by SQLAlchemy. The one place, beside the shared state, that knows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from msgspec import Struct
from sqlalchemy import create_engine, literal_column, make_url, quoted_name, select
from sqlalchemy import table as named_table
from sqlalchemy.engine import URL, CursorResult, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from mlc.store.secrets import Secret

AT_ONCE = 50_000  # rows

_DRIVERS = {
    "postgresql": ("postgresql+psycopg", "postgresql"),
    "mysql": ("mysql+pymysql", "mysql"),
    "mariadb": ("mariadb+pymysql", "mysql"),
}
"""The driver where the URL names none, and the extra that brings it."""


class Rows(Struct, frozen=True):
    """The columns of what was asked for, and its rows in parts."""

    columns: tuple[str, ...]
    parts: Iterator[list[tuple[Any, ...]]]


class Unreachable(Exception):
    """`why` in the words of the database, without the password; `passing` where trying again may help; `package` is
    one that is not installed, with the `extra` that brings it."""

    def __init__(self, why: str, *, passing: bool = False, package: str = "", extra: str = "") -> None:
        super().__init__(why)
        self.why, self.passing, self.package, self.extra = why, passing, package, extra


@contextmanager
def asked(url: str, password: Secret | None, query: str | None, table: str | None) -> Iterator[Rows]:
    """The rows of a query, or of a whole table. Nothing is written: the transaction is rolled back.

    Raises Unreachable.
    """
    extra = ""
    try:
        parsed = make_url(url)
        driver, extra = _DRIVERS.get(parsed.drivername, (parsed.drivername, ""))
        parsed = parsed.set(drivername=driver)
        if password is not None:
            parsed = parsed.set(password=password.reveal())
        engine = _engine(parsed)
        with engine.connect().execution_options(stream_results=True, max_row_buffer=AT_ONCE) as connection:
            if table is not None:
                schema, _, name = table.rpartition(".")
                # not by its reflected columns, of which SQLAlchemy would round some (DOUBLE of MySQL)
                whole = named_table(
                    quoted_name(name, True), schema=quoted_name(schema, True) if schema else None
                )
                result: CursorResult[Any] = connection.execute(select(literal_column("*")).select_from(whole))
            else:  # as it is written: a colon or a per cent in it stands for no parameter
                bare = connection.execution_options(no_parameters=True)
                result = bare.exec_driver_sql(query or "")
            if not result.returns_rows:
                raise Unreachable("the query gives no rows; a source is asked by a SELECT")
            yield Rows(tuple(result.keys()), (list(map(tuple, part)) for part in result.partitions(AT_ONCE)))
            connection.rollback()
    except ModuleNotFoundError as error:
        raise Unreachable(str(error), package=error.name or "", extra=extra) from None
    except NoSuchModuleError as error:
        raise Unreachable(_hidden(str(error), password), package="for its dialect of SQLAlchemy") from None
    except DBAPIError as error:
        passing = error.connection_invalidated or type(error).__name__ == "OperationalError"
        raise Unreachable(_hidden(str(error.orig), password), passing=passing) from None
    except (ArgumentError, SQLAlchemyError, ValueError) as error:
        raise Unreachable(_hidden(str(error), password)) from None


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        # read-only, so that a name with a mistake in it makes no file
        file = f"file:{url.database}?mode=ro"
        url = url.set(database=file, query={**url.query, "uri": "true"})
    return create_engine(url, poolclass=NullPool)


def _hidden(words: str, password: Secret | None) -> str:
    return words if password is None else password.hidden_in(words)
