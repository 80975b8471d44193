"""What the template of a dataset's page is given: words and numbers as text, and drawings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlc.ir.profile import ColumnProfile, DataProfile

_WIDTH, _HEIGHT = 300.0, 84.0
_MOST_PAIRS = 15
_MOST_BARS = 8
_SHOWN = 40  # characters of a value


def page(profile: DataProfile, spec: Mapping[str, Any]) -> dict[str, Any]:
    """The data of `profile.html.j2`."""
    return {
        "name": profile.dataset,
        "lead": _lead(profile),
        "warnings": [_sentence(one) for one in profile.warnings],
        "columns": [_column(name, column) for name, column in profile.columns.items()],
        "pairs": [
            {
                "first": pair.first,
                "second": pair.second,
                "value": f"{pair.coefficient:+.3f}",
                "start": _one(60 + min(0.0, pair.coefficient) * 60),
                "width": _one(abs(pair.coefficient) * 60),
                "class": "bar second" if pair.coefficient < 0 else "bar",
            }
            for pair in profile.correlations[:_MOST_PAIRS]
        ],
        "more_pairs": f"{len(profile.correlations) - _MOST_PAIRS:,} weaker pairs are in profile.json."
        if len(profile.correlations) > _MOST_PAIRS
        else "",
        "steps": [_step(one) for one in profile.preparation],
        "broken": [
            {"promise": one["promise"], "rows": f"{one['rows']:,}"} for one in profile.broken_promises
        ],
        "facts": _facts(profile, spec),
    }


def _sentence(warning: str) -> str:
    """A page has no need of the marks that names have in a terminal, and a name keeps its own letters."""
    plain = warning.replace("`", "")
    return f"{plain if warning.startswith('`') else plain[0].upper() + plain[1:]}."


def _lead(profile: DataProfile) -> str:
    rows = profile.rows
    if profile.privacy is not None:
        counted = f"About {rows['all']:,.0f} rows. " if "all" in rows else ""
        return (
            f"{counted}Every figure here holds noise: the page is {profile.privacy.epsilon:g}-differentially private "
            f"where a person has {profile.privacy.rows_per_person:,} of the rows at most."
        )
    told = f"{rows['prepared']:,.0f} rows and {len(profile.columns)} columns: {rows['train']:,.0f} rows to train on, "
    told += f"{rows['validation']:,.0f} to choose by, " if "validation" in rows else ""
    told += f"{rows['test']:,.0f} to test on."
    if rows["quarantined"]:
        told += f" {rows['quarantined']:,.0f} rows broke the contract and are in quarantine."
    return told


def _column(name: str, column: ColumnProfile) -> dict[str, Any]:
    missing = f"{column.missing / column.rows:.1%} missing" if column.missing and column.rows else ""
    facts: list[str] = [missing] if missing else []
    if column.distinct is not None:
        facts.append(f"{column.distinct:,} distinct")
    if column.mean is not None:
        facts.append(f"mean {_number(column.mean)}")
    if column.standard_deviation is not None:
        facts.append(f"standard deviation {_number(column.standard_deviation)}")
    if column.quantiles:
        facts.append(f"median {_number(column.quantiles[50])}")
    if column.train_test is not None:
        facts.append(f"shift to the test {column.train_test:.3f}")
    return {
        "name": name,
        "kind": column.type + ("" if column.role == "feature" else f" · {column.role}"),
        "facts": " · ".join(facts),
        "bars": _bars(column),
        "low": _end(column, 0),
        "high": _end(column, -1),
        "values": _values(column),
        "text": f"Distribution of {name}",
    }


def _bars(column: ColumnProfile) -> list[dict[str, str]]:
    """The histogram in a box of `_WIDTH` by `_HEIGHT`, from the left."""
    highest = max(column.histogram, default=0.0)
    if not highest:
        return []
    step = _WIDTH / len(column.histogram)
    return [
        {
            "x": _one(n * step + 0.5),
            "y": _one(_HEIGHT - _HEIGHT * count / highest),
            "width": _one(max(1.0, step - 1.0)),
            "height": _one(_HEIGHT * count / highest),
        }
        for n, count in enumerate(column.histogram)
    ]


def _end(column: ColumnProfile, which: int) -> str:
    known = column.min if which == 0 else column.max
    if isinstance(known, str):
        return known
    if column.edges:
        return _number(column.edges[which])
    return ""


def _values(column: ColumnProfile) -> list[dict[str, str]]:
    """The most frequent values as bars, with a share each."""
    present = column.rows - column.missing
    if not column.frequent or not present:
        return []
    shown = [(one.value[:_SHOWN] or "(empty)", one.rows) for one in column.frequent[:_MOST_BARS]]
    rest = column.others + sum(one.rows for one in column.frequent[_MOST_BARS:])
    if rest:
        shown.append((f"others ({max(0, (column.distinct or 0) - len(shown)):,} values)", rest))
    highest = max(rows for _, rows in shown) or 1
    return [
        {"value": value, "share": f"{rows / present:.1%}", "width": _one(100 * rows / highest)}
        for value, rows in shown
    ]


def _step(entry: Mapping[str, Any]) -> dict[str, str]:
    learned = ""
    for name, value in (entry.get("learned") or {}).items():
        if isinstance(value, dict):
            value = f"{_number(value['low'])} to {_number(value['high'])}"
        elif isinstance(value, float):
            value = _number(value)
        learned += f"{', ' if learned else ''}{name}: {value}"
    return {
        "name": entry["name"],
        "method": str(entry["method"]).replace("_", " "),
        "rows": f"{entry['rows_in']:,} → {entry['rows_out']:,}",
        "changed": f"{entry['values_changed']:,}",
        "learned": learned,
    }


def _facts(profile: DataProfile, spec: Mapping[str, Any]) -> list[dict[str, str]]:
    licence = spec["licence"] or {}
    facts = {
        "Description": spec["description"],
        "Licence": f"{licence['name']} ({licence['origin']})" if licence else "",
        "Split": _split(profile.split),
        "Privacy": profile.privacy.mechanism if profile.privacy else "",
        "Withheld": ", ".join(profile.privacy.withheld) if profile.privacy else "",
    }
    listed = [{"name": name, "text": text, "code": ""} for name, text in facts.items() if text]
    listed.append({"name": "Content, SHA-256", "text": "", "code": profile.digest})
    return listed


def _split(split: Mapping[str, Any]) -> str:
    if not split:
        return ""
    words = str(split["method"]).replace("_", " ")
    by = split.get("group") or split.get("by")
    words += f" by {by}" if by else ""
    if split.get("test_from") is not None:
        words += f", test from {split['test_from']}"
    if split.get("validation_from") is not None:
        words += f", validation from {split['validation_from']}"
    chosen = f", {split['validation']:,} rows to choose by" if split.get("validation") else ""
    return f"{words}{chosen}, {split['test_share']:.1%} to test on"


def _number(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1e4 else f"{number:.4g}"


def _one(number: float) -> str:
    return f"{number:.1f}"
