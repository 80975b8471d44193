"""monitor-unfit: a monitor whose alerts could never be raised, or always would be.

Why it matters: an alert that cannot fire is worse than none, because people rely on it.
How to mend it: look at a deployment whose target is `local` or `docker` (the server of mlc has the metrics), name its
`servers` where it takes any free port, and take a window of at least one minute, as Prometheus looks
every 15 seconds; a `latency.max` below the last of the server's buckets, 5 s.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds._fields import seconds
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "The monitor could not do its work.")
SCOPE = "upstream"

_REST = "alerts: {oncall: {type: webhook, url: 'https://oncall.example.com/mlc'}}\n"
BAD = {"monitor/local.yaml": f"deployment: local\nhealth: {{errors: {{max: 0.01, window: 20s}}}}\n{_REST}"}
GOOD = {"monitor/local.yaml": f"deployment: local\nhealth: {{errors: {{max: 0.01, window: 5m}}}}\n{_REST}"}

_SHORTEST = 60.0
LAST_BUCKET = 5.0
"""Seconds: the largest latency that a histogram of the server can tell from more."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, monitor in subject.each("monitor"):
        deployment = subject.named("deployment", monitor["deployment"])
        target = subject.named("target", deployment["target"]) if deployment else None
        found: list[tuple[tuple[str, ...], str, str]] = []
        if target is not None and target["type"] not in ("local", "docker"):
            found.append(
                (
                    ("deployment",),
                    f'On a target of type "{target["type"]}" another server answers, and it does not have the metrics '
                    "that these alerts are about. Look at a deployment on a local or docker target.",
                    "not served by mlc",
                )
            )
        if deployment is not None and deployment["port"] == 0 and not monitor["servers"]:
            why = "The deployment takes any free port, so Prometheus would not know where to look."
            found.append(
                (("deployment",), f'{why} Give it a port, or name its "servers".', "on no fixed port")
            )
        for name in ("errors", "latency"):
            part = monitor["health"][name]
            if part and seconds(part["window"]) < _SHORTEST:
                found.append(
                    (
                        ("health", name, "window"),
                        f"Prometheus looks every 15 seconds, and {part['window']} hold too few looks for a rate. "
                        "Take at least 1m.",
                        "too short",
                    )
                )
        latency = monitor["health"]["latency"]
        if latency and not 0 < seconds(latency["max"]) < LAST_BUCKET:
            found.append(
                (
                    ("health", "latency", "max"),
                    f"The server tells times up to {LAST_BUCKET:g} s apart: that a request takes longer than "
                    f"{latency['max']} would never be seen, or always. Take a limit between.",
                    "never seen",
                )
            )
        for path, detail, text in found:
            yield RULE.at(
                subject.span(address, *path), detail, text=text, address=str(address), path=".".join(path)
            )
