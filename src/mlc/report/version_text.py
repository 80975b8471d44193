"""A registered version for people."""

from __future__ import annotations

from mlc.ir.registry import Version
from mlc.report.terminal import harmless


def version(found: Version) -> str:
    entry = found.entry
    aliases = f"  ({', '.join(found.aliases)})" if found.aliases else ""
    lines = [f"{entry.name} v{entry.number}{aliases}", f"  {entry.description}" if entry.description else ""]
    facts = {
        "registered": found.created,
        "owner": entry.owner,
        "digest": entry.digest,
        "estimator": entry.estimator,
        "features": entry.features,
        "dataset": entry.data.dataset,
        "licence": entry.licence,
        "gated": "yes" if entry.gated else "no gate was asked for",
        "tags": ", ".join(entry.tags),
    }
    lines += [f"  {name:<11} {value}" for name, value in facts.items() if value]
    if entry.members:
        lines.append("  made of")
        for name, one in entry.members.items():
            how = "inside" if one.role in ("member", "features") else one.role.replace("_", " ")
            lines.append(f"    {name:<28} {one.model} v{one.number}  {how}  sha256:{one.digest}")
    lines.append("  metrics")
    for name, metric in entry.metrics.items():
        value = "not computed" if metric.value is None else f"{metric.value:.4g}"
        interval = (
            f"  [{metric.low:.4g}, {metric.high:.4g}]"
            if metric.low is not None and metric.high is not None
            else ""
        )
        lines.append(f"    {name:<28} {value}{interval}")
    lines.append("  files")
    lines += [f"    {role:<28} sha256:{digest}" for role, digest in sorted(entry.files.items())]
    return "\n".join(harmless(line) for line in lines if line) + "\n"
