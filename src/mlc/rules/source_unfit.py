"""source-unfit: a source that does not say what is to be read, or tells a secret.

Why it matters: it could not be read, or not without a secret that everybody sees.
How to mend it: name a `query` or a `table`; a password stands in `password`, and a secret option is `${secret:NAME}`
and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds._sources import database_file
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "The source does not say what is to be read.")
SCOPE = "upstream"

_COLUMNS = "columns: {age: {type: number}, plan: {type: string, values: [a, b]}, left: {type: integer, role: label}}\n"
BAD = {"dataset/people.yaml": "source: {type: sql, url: 'postgresql://reader@db/people'}\n" + _COLUMNS}
GOOD = {
    "dataset/people.yaml": "source: {type: sql, url: 'postgresql://reader@db/people', table: people}\n"
    + _COLUMNS
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, dataset in subject.each("dataset"):
        source = dataset["source"]
        found = {"sql": _of_database, "object_store": _of_store}.get(source["type"])
        for field, detail in found(source) if found is not None else ():
            yield RULE.at(
                subject.span(address, "source", *field),
                detail,
                text="of the source",
                address=str(address),
                path=".".join(("source", *field)),
            )


_Found = Iterator[tuple[tuple[str, ...], str]]


def _of_database(source: dict[str, Any]) -> _Found:
    if source["query"] is None and source["table"] is None:
        yield (), "A database is asked by a `query` or for a whole `table`: give one of them."
    if source["query"] is not None and source["table"] is not None:
        yield ("table",), "Both a `query` and a `table` are given: leave one of them out."
    file = database_file(source["url"])
    if file is None:
        return
    if not file or file == ":memory:":
        yield ("url",), "The URL names no file, and a database in memory holds nothing."
    if "?" in source["url"]:
        yield ("url",), "A database in a file of the project takes no options."
    if source["password"] is not None:
        yield ("password",), "A database in a file has no users, so no password."
    if source["version"]:
        yield ("version",), "A file of the project is read anew whenever it changes: leave `version` out."


def _of_store(source: dict[str, Any]) -> _Found:
    if "::" in source["url"]:
        yield ("url",), "A URL of one store is read, not a chain of several (`::`)."
    if (
        "@" in source["url"].partition("://")[2].partition("/")[0]
        and ":" in source["url"].partition("@")[0][8:]
    ):
        yield ("url",), "A URL with a password would show it: give it among the `options`, as ${secret:NAME}."
    for path, text in _texts(source["options"], ("options",)):
        if "${secret:" in text and not (text.startswith("${secret:") and text.find("}") == len(text) - 1):
            yield path, "A secret stands for a whole option, not for a part of its text."


def _texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from _texts(child, (*path, key))
    elif isinstance(value, list):
        for child in value:
            yield from _texts(child, path)
