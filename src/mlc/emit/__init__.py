"""Graph → artifacts, and an emitted artifact against its official checker.

Absent on purpose: no clock, no randomness, no environment, no file read but the backends' own. The same
graph and backends give the same bytes on every machine.
"""

from __future__ import annotations

from mlc.emit.artifacts import OwnFailed, emit, mistakes, render
from mlc.emit.backends import BackendError, load_backends
from mlc.emit.templates import TemplateError

__all__ = ["BackendError", "OwnFailed", "TemplateError", "emit", "load_backends", "mistakes", "render"]
