"""What copying a registry did, for people."""

from __future__ import annotations

from mlc.ir.copying import Copied, Proof
from mlc.report.terminal import one_line
from mlc.rules._words import counted


def copied(found: Copied) -> str:
    done = [counted(found.versions, "version")]
    if found.revisions:
        done.append(f"new descriptions of {counted(found.revisions, 'version')}")
    done.append(f"{counted(found.lines, 'line')} of the promotion log")
    if found.dry_run:
        done.append(counted(found.files, "file"))
    how = "Would copy" if found.dry_run else "Copied"
    lines = [f"{how} from {found.source} to {found.destination}: {', '.join(done)}."]
    lines += [] if found.proof is None else _proven(found.proof)
    return "\n".join(map(one_line, lines)) + "\n"


def _proven(proof: Proof) -> list[str]:
    lines = [
        "Proven, by reading both: the same are",
        f"  {counted(proof.versions, 'version')} of {counted(proof.models, 'model')} and "
        f"{counted(proof.datasets, 'dataset')}, by number, digest and time, with "
        f"{counted(proof.revisions, 'description')}",
        f"  {counted(proof.lines, 'line')} of the promotion log, with the chain of digests, and "
        f"{counted(proof.aliases, 'alias', 'aliases')} standing where it says",
        f"  {counted(proof.files, 'file')} of {proof.bytes:,} bytes, hashed in both places",
    ]
    return [*lines, f"Besides, the destination has {', '.join(proof.further)}."] if proof.further else lines
