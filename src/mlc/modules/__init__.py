"""Modules: fetching shared layers, locking them in mlc.lock, and placing them in `.mlc/modules`.

The only part of mlc that reads what lies outside a project for its configuration, and it does so only when it is
asked to (`mlc modules`). What it fetches is a stranger's: no program of a source is started, nothing is checked out,
and only YAML files of kinds' folders and of `env` are taken. A run that fails changes nothing.
"""

from mlc.modules.locking import Installed, Row, Updated, install, listed, update

__all__ = ["Installed", "Row", "Updated", "install", "listed", "update"]
