"""Where the columns of a dataset come from, as far as its description tells."""

from __future__ import annotations

from collections.abc import Mapping
from posixpath import normpath
from typing import Any
from urllib.parse import quote, urlsplit

from mlc.ir import expression
from mlc.kinds._kind import View
from mlc.kinds._sources import BUNDLED, database_file

_DATABASES = {"postgresql": ("postgres", 5432), "mysql": ("mysql", 3306), "mariadb": ("mysql", 3306)}
"""OpenLineage's name of a database, and the port that it listens on where none is said."""

_CHANGING = {"clip": "column", "impute": "columns", "outliers": "columns"}
"""Methods that change values where they stand, and the field that says in which columns."""


def source_told(view: View) -> dict[str, Any]:
    """A source by OpenLineage's rules of naming: `namespace`, `name`, a `uri` without what is secret, a `query`."""
    source = view["source"]
    told: dict[str, Any] = {"query": ""}
    match source["type"]:
        case "file":
            return told | _file(source["path"])
        case "sklearn":
            package = "pkg:pypi/scikit-learn"
            return told | {"namespace": package, "name": source["name"], "uri": f"{package}#{source['name']}"}
        case "object_store":
            return told | _stored(source["url"])
    told["query"] = source["query"] or ""
    what = source["table"] or "query"
    file = database_file(source["url"])
    if file is not None:
        found = _file(file)
        return told | found | {"name": f"{found['name']}/{what}"}
    return told | _database(source["url"], what)


def _file(path: str) -> dict[str, str]:
    path = normpath(path)
    return {"namespace": "file", "name": path, "uri": f"file:{quote(path)}"}


def _stored(url: str) -> dict[str, str]:
    """What is behind a question mark may be a signature, and what is before an @ a password."""
    scheme, _, rest = url.partition("?")[0].partition("://")
    host, _, path = rest.partition("/")
    host = host.rpartition("@")[2]
    if scheme == "file":
        return {"namespace": "file", "name": f"/{path}", "uri": f"file:///{quote(path)}"}
    namespace = f"{scheme}://{quote(host, safe=':[]')}"
    return {"namespace": namespace, "name": path or "/", "uri": f"{namespace}/{quote(path)}"}


def _database(url: str, what: str) -> dict[str, str]:
    scheme, _, rest = url.partition("?")[0].partition("://")
    parts = urlsplit(f"//{rest}")
    known, port = _DATABASES.get(scheme.partition("+")[0], (scheme.partition("+")[0], 0))
    host, _, said = parts.netloc.rpartition("@")[2].partition(":")
    said = said or (str(port) if port else "")
    namespace = f"{known}://{quote(host)}" + (f":{quote(said)}" if said else "")
    database = parts.path.strip("/")
    return {"namespace": namespace, "name": f"{database}.{what}", "uri": f"{namespace}/{quote(database)}"}


def types_of_source(view: View) -> dict[str, str]:
    """The columns of the source that are declared, with their types; of a bundled set those that it has."""
    made = {step["into"] for step in view["prepare"].values() if "into" in step}
    declared = {name: column["type"] for name, column in view["columns"].items() if name not in made}
    return (
        BUNDLED.get(view["source"].get("name", ""), {}) if view["source"]["type"] == "sklearn" else {}
    ) | declared


def columns_told(view: View) -> dict[str, dict[str, Any]]:
    """Of each column: which columns of the source it is made `of`, whether it is the `same`, and what `masks` it.

    `after` are columns that decide its value without being part of it: the series and the time of a lag.
    """
    sources = types_of_source(view)
    types = {name: column["type"] for name, column in view["columns"].items()}
    pseudonyms = ((view["privacy"] or {}).get("pseudonymise") or {}).get("columns", ())
    found = {
        name: {"of": [name], "same": name not in pseudonyms, "masked": name in pseudonyms, "after": []}
        for name in sources
    }
    for step in view["prepare"].values():
        if "into" in step:
            found[step["into"]] = _made(step, view, types, found)
        elif step["method"] in _CHANGING:
            changed = step[_CHANGING[step["method"]]]
            for name in [changed] if isinstance(changed, str) else changed:
                found[name] = {**found[name], "same": False}
    return {name: found[name] for name in view["columns"]}


def _made(
    step: View, view: View, types: Mapping[str, str], found: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    after: list[str] = []
    if step["method"] == "derive":
        read = list(expression.columns_in(expression.parse(step["expression"], types)))
    else:
        read = [step["of"]]
    if step["method"] == "lag":
        of_role = {column["role"]: name for name, column in view["columns"].items()}
        series = step["by"] or [of_role[role] for role in ("group",) if role in of_role]
        after = [*series, *(of_role[role] for role in ("time",) if role in of_role)]
    return {
        "of": _traced("of", read, found),
        "same": False,
        "masked": all(found[name]["masked"] for name in read) if read else False,
        "after": list(dict.fromkeys([*_traced("of", after, found), *_traced("after", read, found)])),
    }


def _traced(field: str, names: list[str], found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Columns of the source behind columns that may have been made themselves, each once."""
    return list(dict.fromkeys(source for name in names for source in found[name][field]))


def filtering(view: View) -> list[str]:
    """Columns of the source that decide which rows stay."""
    told = columns_told(view)
    names: list[str] = []
    for step in view["prepare"].values():
        match step["method"]:
            case "deduplicate":
                names += step["by"] or [n for n, column in view["columns"].items() if column["role"] != "id"]
            case "drop_missing":
                names += step["columns"]
            case "outliers" if step["action"] == "drop":
                names += step["columns"]
    return _traced("of", [name for name in dict.fromkeys(names) if name in told], told)


def promises(view: View) -> list[dict[str, str]]:
    """What is promised of the source's rows: where it stands, how OpenLineage calls it, the column, what is wanted."""
    found = []
    sources = types_of_source(view)
    for name, column in view["columns"].items():
        if name not in sources:
            continue
        wanted = {
            "not_null": ("nullable", "" if column["nullable"] else "a value"),
            "min": ("min", _number(column["min"])),
            "max": ("max", _number(column["max"])),
            "accepted_values": ("values", ", ".join(map(str, column["values"]))),
            "unique": ("unique", "no value twice" if column["unique"] else ""),
        }
        found += [
            {"path": f"columns.{name}.{field}", "assertion": assertion, "column": name, "expected": text}
            for assertion, (field, text) in wanted.items()
            if text
        ]
    for name, text in view["checks"]["expressions"].items():
        about = {"path": f"checks.expressions.{name}", "assertion": "expression", "column": ""}
        found.append({**about, "expected": text})
    return found


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.15g}"
