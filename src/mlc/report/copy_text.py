"""What copying a registry did, for people."""

from __future__ import annotations

from mlc.ir.copying import Copied
from mlc.report.terminal import one_line
from mlc.rules._words import counted


def copied(found: Copied) -> str:
    done = (
        f"{counted(found.versions, 'version')}, {counted(found.revisions, 'version')} described further, "
        f"{counted(found.lines, 'line')} of the promotion log"
    )
    if found.dry_run:
        return f"Would copy from {found.source} to {found.destination}: {done}; {counted(found.files, 'file')}.\n"
    lines = [f"Copied from {found.source} to {found.destination}: {done}."]
    proof = found.proof
    if proof is not None:
        lines += [
            "Proven, by reading both:",
            f"  {counted(proof.versions, 'version')} of {counted(proof.models, 'model')} and "
            f"{counted(proof.datasets, 'dataset')} are the same: numbers, digests, times, and "
            f"{counted(proof.revisions, 'description')}",
            f"  {counted(proof.lines, 'line')} of the promotion log are the same, with their chain of digests, and "
            f"{counted(proof.aliases, 'alias', 'aliases')} stand where it says",
            f"  {counted(proof.files, 'file')} ({proof.bytes:,} bytes) hash to their names in both places",
        ]
        if proof.further:
            lines.append(f"  besides, the destination has {', '.join(proof.further)}")
    return "\n".join(map(one_line, lines)) + "\n"
