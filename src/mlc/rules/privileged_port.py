"""privileged-port: a port that only root may listen on.

Why it matters: on most systems a process without privileges cannot open a port below 1024, and a model server
needs none.
How to mend it: take a port from 1024 up; what stands in front of the server may listen on 80 or 443.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "info", "The port needs root.")
SCOPE = "upstream"

BAD = {"deployment/local.yaml": "model: churn\ntarget: here\nport: 80\n"}
GOOD = {"deployment/local.yaml": "model: churn\ntarget: here\nport: 8080\n"}

_FIELDS = (("deployment", "port"), ("target", "http_port"), ("target", "grpc_port"))


def check(subject: Subject) -> Iterator[Diagnostic]:
    for kind, field in _FIELDS:
        for address, spec in subject.each(kind):
            port = spec.get(field)
            if port is not None and 0 < port < 1024:
                yield RULE.at(
                    subject.span(address, field),
                    f"Port {port} lies below 1024, and only a process with root's rights may listen there.",
                    text="needs root",
                    help=f"For example: {field}: {port + 8000}",
                    address=str(address),
                    path=field,
                )
