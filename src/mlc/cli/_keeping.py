"""`mlc registry lineage|gc|copy`: where versions come from, which need not be kept, and all of them elsewhere."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from mlc.cli._console import Unfit, agreed, write_json
from mlc.ir.retention import Judged
from mlc.rules import consent_missing, copy_differs, unknown_version

_SHOWN = 20  # versions that stay; all of them in JSON


def lineage(root: Path, spec: dict[str, Any], arguments: argparse.Namespace) -> int:
    """What a version was made from, and what depends on it."""
    from mlc.drivers import registry
    from mlc.drivers.registry import lineage as lineages
    from mlc.report import lineage_text

    if arguments.name is None:
        raise Unfit(unknown_version.unnamed(()))
    place = registry.open_registry(root, spec)
    name, which = lineages.dataset_named(arguments.name) or registry.referred(arguments.name)
    direction = {(True, False): "up", (False, True): "down"}.get((arguments.up, arguments.down), "both")
    found = lineages.lineage(place, name, which, direction)  # type: ignore[arg-type]
    if arguments.format == "json":
        write_json(**_without_version(found))
        return 0
    form = {"dot": lineage_text.dot, "mermaid": lineage_text.mermaid}.get(
        arguments.format, lineage_text.lineage
    )
    sys.stdout.write(form(found))
    return 0


def collect(
    root: Path, spec: dict[str, Any], arguments: argparse.Namespace, keep: Mapping[str, Any] | None
) -> int:
    """Take out the versions that need not be kept, where the registry says which; and the files that none names."""
    from mlc.drivers import registry
    from mlc.drivers.registry import retention
    from mlc.ir.retention import Retention

    place, rule = registry.open_registry(root, spec), retention.keep_of(keep)
    log_length = registry.head(place)[0]
    going, kept = ([], []) if rule is None else retention.judged(place, rule, datetime.now(UTC))
    is_text = arguments.format == "text"
    if is_text:
        _show(going, kept, arguments)
    if going and not arguments.dry_run:
        if not arguments.yes and not agreed(
            f"Take {_counted(going)} out of the registry?", consent_missing.by_hand()
        ):
            return 1
        for one in retention.remove(place, going, log_length):
            if is_text and not arguments.quiet:
                print(f"removed {_named(one)}")
    files = registry.collect(place, pretend=arguments.dry_run)
    if not is_text:
        told = Retention(removed=not arguments.dry_run, going=going, kept=kept, files=list(files))
        write_json(**_without_version(told))
        return 0
    for digest in files:
        print(digest)
    if not arguments.quiet:
        would = "would be removed" if arguments.dry_run else "removed"
        more = ", besides those of the versions above" if going and arguments.dry_run else ""
        print(f"{len(files)} {'file' if len(files) == 1 else 'files'} {would}{more}.", file=sys.stderr)
    return 0


def copy(root: Path, registries: Mapping[str, dict[str, Any]], arguments: argparse.Namespace) -> int:
    """All of one registry into another, and the proof that both are the same."""
    from mlc.drivers import registry
    from mlc.drivers.registry import copying
    from mlc.ir.copying import Copied

    names = [(word or "").removeprefix("registry.") for word in (arguments.name, arguments.other)]
    if not all(names):
        raise Unfit(copy_differs.unnamed(sorted(registries)))
    for name in names:
        if name not in registries:
            raise Unfit(copy_differs.unknown(name, sorted(registries)))
    source, destination = (registry.open_registry(root, registries[name]) for name in names)
    if names[0] == names[1] or source == destination:
        raise Unfit(copy_differs.same(names[0]))
    with _progress(arguments) as tell:
        found = copying.Missing() if arguments.verify else copying.missing(source, destination)
        if not arguments.dry_run:
            for nth, what in enumerate(copying.copy(source, destination, found), start=1):
                tell(f"{nth} of {len(found.versions) + len(found.lines)}: {what}")
        proof = None if arguments.dry_run else copying.proven(source, destination, tell)
    told = Copied(
        source=names[0],
        destination=names[1],
        dry_run=arguments.dry_run,
        versions=sum(not known for known in found.versions.values()),
        revisions=sum(known > 0 for known in found.versions.values()),
        lines=len(found.lines),
        files=len(found.files),
        proof=proof,
    )
    if arguments.format == "json":
        write_json(**_without_version(told))
    else:
        from mlc.report import copy_text

        sys.stdout.write(copy_text.copied(told))
    return 0


def _show(going: list[Judged], kept: list[Judged], arguments: argparse.Namespace) -> None:
    for one in going:
        print(f"- {_named(one):<30} {one.created[:10]}  {one.why}")
    if going or arguments.verbose:
        for one in kept if arguments.verbose else kept[:_SHOWN]:
            print(f"  {_named(one):<30} {one.created[:10]}  stays: {one.why}")
        if len(kept) > _SHOWN and not arguments.verbose:
            print(f"  … and {len(kept) - _SHOWN} more that stay: -v shows them")


def _named(one: Judged) -> str:
    name = one.name.replace("dataset/", "dataset.", 1) if "/" in one.name else one.name
    return f"{name}:{one.number}"


def _counted(going: Iterable[Judged]) -> str:
    number = len(list(going))
    return f"{number} version{'' if number == 1 else 's'}"


def _without_version(told: Any) -> dict[str, Any]:
    """A document's members; its version is said by whoever writes JSON."""
    found: dict[str, Any] = msgspec.to_builtins(told)
    found.pop("version")
    return found


@contextmanager
def _progress(arguments: argparse.Namespace) -> Any:
    """A line on the terminal that says what is being done, and is gone afterwards."""
    from mlc.cli._progress import is_terminal

    shown = is_terminal(sys.stderr) and arguments.format == "text" and not arguments.quiet
    tell: Callable[[str], None] = (lambda text: _draw(text)) if shown else (lambda _: None)
    try:
        yield tell
    finally:
        if shown:
            _draw("")


def _draw(text: str) -> None:
    print(f"\r\x1b[K{text[:78]}", end="", file=sys.stderr, flush=True)
