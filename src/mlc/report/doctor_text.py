"""What is installed, one line each."""

from __future__ import annotations

from mlc.ir.installation import Doctor, Found
from mlc.report.terminal import Paint, harmless


def doctor(found: Doctor, paint: Paint) -> str:
    lines = [paint(f"mlc {found.mlc} · Python {found.python}", "bold")]
    lines += [_line(one, paint) for one in found.found]
    missing = sum(not one.is_installed for one in found.found)
    told = "everything is installed" if not missing else f"{missing} of {len(found.found)} are not installed"
    return "\n".join([*lines, f"{told[0].upper()}{told[1:]}."]) + "\n"


def _line(one: Found, paint: Paint) -> str:
    symbol = paint("✓", "green") if one.is_installed else paint("○", "yellow")
    version = {"": "not installed", "unknown": "installed"}.get(one.version, one.version)
    head = f"{symbol} {one.group:<9} {harmless(one.name):<34} {harmless(version):<18}"
    more = "" if one.is_installed else paint(f"  ({one.get})", "dim")
    return f"{head} {harmless(one.what_for)}{more}"
