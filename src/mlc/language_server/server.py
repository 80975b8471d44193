"""The door of pygls: which feature answers which request, and when a project is validated again."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from mlc import __version__
from mlc.ir.module import LOCK
from mlc.language_server import completion, definition, diagnostics, hover, quick_fixes, rename
from mlc.language_server.positions import Text
from mlc.language_server.project import Analysis, Parsed, analyse, project_of

QUIET_TIME = 0.1  # seconds without a change before a project is validated again


def start() -> None:
    """Serve the editor at the other end of standard input and output until it goes."""
    logging.getLogger("pygls").setLevel(logging.ERROR)
    with os.fdopen(os.dup(0), "rb") as source, os.fdopen(os.dup(1), "wb") as sink:
        os.dup2(2, 1)  # whatever some library prints must not get among the messages
        _server().start_io(source, sink)


class _Project:
    """A project that some editor has open: its latest analysis, and whether something has changed since."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.parsed: Parsed = {}
        self.analysis: Analysis | None = None
        self.stale = True
        self.waiting: asyncio.Task[None] | None = None
        self.lock = asyncio.Lock()
        self.shown: set[str] = set()  # files with diagnostics in the editor


class _Server(LanguageServer):
    def __init__(self) -> None:
        # Whole texts rather than pieces: the files are small, and editors and Python differ on what ends a line.
        super().__init__("mlc", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.projects: dict[Path, _Project] = {}

    @property
    def encoding(self) -> str:
        found = self.workspace.position_encoding
        return str(found.value if isinstance(found, types.PositionEncodingKind) else found)

    def place(self, uri: str) -> tuple[_Project, str] | None:
        """The project that a file belongs to, and its path in it."""
        path = _path(uri)
        root = project_of(path) if path is not None else None
        if path is None or root is None:
            return None
        project = self.projects.setdefault(root, _Project(root))
        return project, path.relative_to(root).as_posix()

    def text(self, uri: str) -> Text:
        return Text(self.workspace.get_text_document(uri).source, self.encoding)

    def unsaved(self, root: Path) -> dict[str, str]:
        found = {}
        for uri, document in self.workspace.text_documents.items():
            path = _path(uri)
            if path is not None and path.is_relative_to(root) and project_of(path) == root:
                found[path.relative_to(root).as_posix()] = document.source
        return found

    async def current(self, project: _Project) -> Analysis:
        """The analysis of a project as it is now."""
        async with project.lock:
            if project.analysis is None or project.stale:
                project.stale = False
                unsaved = self.unsaved(project.root)
                project.analysis = await asyncio.to_thread(
                    analyse, project.root, unsaved, project.parsed, project.analysis, self.encoding
                )
                self.show(project, project.analysis)
            return project.analysis

    def show(self, project: _Project, analysis: Analysis) -> None:
        found = diagnostics.by_file(analysis)
        wanted = {file for file, listed in found.items() if listed}
        is_open = {file for file in found if analysis.uri(file) in self.workspace.text_documents}
        for file in sorted(wanted | project.shown | is_open):
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(analysis.uri(file), found.get(file, []))
            )
        project.shown = wanted

    def changed(self, uris: Iterable[str]) -> None:
        """Validate what these files belong to once the author pauses."""
        for uri in uris:
            there = self.place(uri)
            if there is None:
                continue
            project, _ = there
            project.stale = True
            if project.waiting is not None:
                project.waiting.cancel()
            project.waiting = asyncio.ensure_future(self._soon(project))

    async def _soon(self, project: _Project) -> None:
        await asyncio.sleep(QUIET_TIME)
        # from here on a change starts another round rather than stopping this one
        project.waiting = None
        try:
            await self.current(project)
        except Exception as error:  # nobody waits for this task, so it must speak for itself
            text = f"mlc could not check {project.root}: {type(error).__name__}: {error}. This is a mistake in mlc."
            self.window_show_message(types.ShowMessageParams(types.MessageType.Error, text))


def _server() -> _Server:
    server = _Server()
    for register in (_synchronisation, _questions, _rename):
        register(server)
    return server


def _synchronisation(server: _Server) -> None:
    @server.feature(types.INITIALIZED)
    def initialized(_: types.InitializedParams) -> None:
        _watch(server)
        for folder in server.workspace.folders.values():
            server.changed([f"{folder.uri.rstrip('/')}/mlc.yaml"])

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        server.changed([params.text_document.uri])

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def edited(params: types.DidChangeTextDocumentParams) -> None:
        server.changed([params.text_document.uri])

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        server.changed([params.text_document.uri])

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.changed([params.text_document.uri])

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def changed_on_disk(params: types.DidChangeWatchedFilesParams) -> None:
        server.changed(change.uri for change in params.changes)


def _questions(server: _Server) -> None:
    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=[" ", ".", "{", "["])
    )
    async def complete(params: types.CompletionParams) -> list[types.CompletionItem]:
        uri = params.text_document.uri
        there = server.place(uri)
        if there is None:
            return []
        project, file = there
        # what is being written rarely changes what may be written, so the latest analysis will do
        analysis = project.analysis or await server.current(project)
        return completion.items(analysis, file, server.text(uri), params.position)

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def define(params: types.DefinitionParams) -> list[types.Location]:
        there = server.place(params.text_document.uri)
        if there is None:
            return []
        return definition.locations(await server.current(there[0]), there[1], params.position)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def explain(params: types.HoverParams) -> types.Hover | None:
        there = server.place(params.text_document.uri)
        if there is None:
            return None
        return hover.hover(await server.current(there[0]), there[1], params.position)

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix]),
    )
    async def mend(params: types.CodeActionParams) -> list[types.CodeAction]:
        there = server.place(params.text_document.uri)
        wanted = params.context.only
        if there is None or (wanted is not None and types.CodeActionKind.QuickFix not in wanted):
            return []
        return quick_fixes.actions(await server.current(there[0]), there[1], params.range)


def _rename(server: _Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    async def prepare(params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
        there = server.place(params.text_document.uri)
        if there is None:
            return None
        analysis = await server.current(there[0])
        named = rename.nameable(analysis, there[1], params.position)
        if named is None:
            return None
        return types.PrepareRenamePlaceholder(rename.range_of(analysis, there[1], named), named.name)

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    async def do(params: types.RenameParams) -> types.WorkspaceEdit | None:
        there = server.place(params.text_document.uri)
        if there is None:
            return None
        analysis = await server.current(there[0])
        named = rename.nameable(analysis, there[1], params.position)
        if named is None:
            raise _refused(
                "Nothing that can be renamed stands here. Put the cursor on the name of a resource."
            )
        if not _renames_files(server.client_capabilities):
            raise _refused("This editor cannot rename files for a language server, so nothing was renamed.")
        try:
            return rename.rename(analysis, named, params.new_name)
        except rename.RenameRefused as refusal:
            raise _refused(str(refusal)) from None


def _refused(reason: str) -> JsonRpcException:
    return JsonRpcException(reason, types.LSPErrorCodes.RequestFailed)


def _renames_files(capabilities: types.ClientCapabilities) -> bool:
    edit = capabilities.workspace.workspace_edit if capabilities.workspace is not None else None
    operations = (edit.resource_operations or ()) if edit is not None else ()
    return (
        edit is not None and bool(edit.document_changes) and types.ResourceOperationKind.Rename in operations
    )


def _watch(server: _Server) -> None:
    """Ask the editor to tell of files that change outside it, where it offers that."""
    workspace = server.client_capabilities.workspace
    watching = workspace.did_change_watched_files if workspace is not None else None
    if watching is None or not watching.dynamic_registration:
        return
    watched = [types.FileSystemWatcher(pattern) for pattern in ("**/*.yaml", f"**/{LOCK}")]
    options = types.DidChangeWatchedFilesRegistrationOptions(watched)
    registration = types.Registration("mlc-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
    server.client_register_capability(types.RegistrationParams([registration]))


def _path(uri: str) -> Path | None:
    parts: Any = urlsplit(uri)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None
