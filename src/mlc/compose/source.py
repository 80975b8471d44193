"""Where layers come from: a folder of YAML files, or a mapping of texts that stands for one.

The files of modules stand among them: `model/_tabular.yaml` of the module `acme` is the layer `model/acme/_tabular`.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from mlc.compose.entries import Entry, entries_of
from mlc.compose.mentions import grammar_diagnostics
from mlc.compose.spending import Spending
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.ir.loaded import Loaded
from mlc.ir.module import Module, is_of_module
from mlc.ir.node import Node
from mlc.ir.span import start_of
from mlc.rules import cannot_merge, missing_layer, unsafe_config_name

Parse = Callable[[bytes, str], Loaded]
Listing = tuple[frozenset[str], frozenset[str]]  # the files and the folders in a folder

_MOST_BYTES = 4_000_000  # more is never read: the loader refuses long before


class Layer(Struct, frozen=True):
    """One parsed file: what it says, its defaults list, and the package its header gives it."""

    name: str  # the path below the root, as defaults lists write it
    file: str
    node: Node  # without `defaults`
    entries: tuple[Entry, ...]
    package: str | None
    diagnostics: tuple[Diagnostic, ...]
    broken: bool  # some diagnostic is an error
    module: str = ""  # the module that the file is of
    values: int = 0  # how many it holds, copies by aliases counted


class Source:
    """A folder of configuration files, each read and parsed at most once.

    `closed` is how a project is read: names that lead out of the folder, symbolic links that do, and
    Hydra's own settings are refused. Otherwise Hydra's settings are ignored, since Hydra removes them from
    what it composes; names never lead out of the folder.
    """

    def __init__(
        self,
        parse: Parse,
        root: Path | None = None,
        files: Mapping[str, str | bytes] | None = None,
        *,
        closed: bool = True,
    ) -> None:
        self.parse = parse
        self.root = root
        self.files = files
        self.closed = closed
        self.texts: dict[str, str] = {}
        self.spending = Spending()
        self._layers: dict[str, Layer | None] = {}  # the source's own
        self._listings: dict[str, Listing | None] = {}
        self._modules: dict[str, Module] = {}
        self._module_folders: frozenset[str] = frozenset()
        self._module_layers: dict[str, Layer | None] = {}
        self._module_listings: dict[str, tuple[set[str], set[str]]] = {}
        self._options: dict[str, tuple[str, ...]] = {}
        self._refusals: dict[str, str | None] = {}
        self._links: set[str] = set()  # paths below the root that are symbolic links
        self._real = os.path.realpath(root) if root is not None else ""

    def mount(self, modules: Iterable[Module], folders: Iterable[str]) -> None:
        """Let modules in, in the place of those there were. `folders` are those that a module may have."""
        self._modules = {module.name: module for module in modules}
        self._module_folders = frozenset(folders)
        self._module_layers = {}
        self._module_listings = {}
        self._options = {}
        for module in self._modules.values():
            for path in module.files:
                kind, _, rest = path.partition("/")
                self._list(f"{kind}/{module.name}/{rest}")

    def layer(self, name: str) -> Layer | None:
        """The file of a name such as `model/churn`, or None where there is none."""
        module = self.module_of(name) if self._modules else None
        if module is None:
            return self.own_layer(name)
        if name not in self._module_layers:
            self._module_layers[name] = self._load_of(module, name)
        return self._module_layers[name]

    def own_layer(self, name: str) -> Layer | None:
        """The file of a name that is of no module."""
        if name in self._layers:
            return self._layers[name]
        layer = self._load(name)
        self._layers[name] = layer
        return layer

    def module_of(self, name: str) -> Module | None:
        """The module that a name leads into, or None."""
        folder, _, rest = name.partition("/")
        return self._modules.get(rest.partition("/")[0]) if folder in self._module_folders else None

    def name_of(self, file: str) -> str:
        """The name that defaults lists from the root give a file: `model/acme/_tabular` to that of a module."""
        for module in self._modules.values() if is_of_module(file) else ():
            path = file.removeprefix(f"{module.folder}/")
            if module.folder and path != file:
                kind, _, rest = path.partition("/")
                return f"{kind}/{module.name}/{rest}".removesuffix(".yaml")
        return file.removesuffix(".yaml")

    def module_layers(self, folder: str) -> tuple[str, ...]:
        """The layers that modules bring into a folder, by their names from there, sorted: `acme/_tabular`."""
        return tuple(
            sorted(
                f"{module.name}/{path.partition('/')[2].removesuffix('.yaml')}"
                for module in self._modules.values()
                for path in module.files
                if path.startswith(f"{folder}/") and "/" not in folder
            )
        )

    @staticmethod
    def in_module(name: str) -> str:
        """The file that a name which leads into a module means there."""
        kind, _, rest = file_name(name).partition("/")
        return f"{kind}/{rest.partition('/')[2]}"

    def content(self, file: str) -> bytes | None:
        """The bytes of any file below the root, or None where there is none that may be read."""
        try:
            return self._read(file) if self._is_regular(file) else None
        except OSError:
            return None

    def text_below(self, path: str) -> str | None:
        """The text of a file that a resource names; None where there is none, or where the path leads out."""
        if not path or posixpath.isabs(path) or posixpath.normpath(path) != path or path.startswith("../"):
            return None
        content = self.content(path) if "\0" not in path else None
        if content is None:
            return None
        self.texts[path] = text = content.decode("utf-8", "replace")
        return text

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder of that path below the root, no matter whether layers may stand in it."""
        if self.files is not None:
            return any(file.startswith(f"{path}/") for file in self.files)
        real = os.path.join(self._real, path)
        return os.path.realpath(real) == real and os.path.isdir(real)

    def has_layer(self, name: str) -> bool:
        folder, _, base = file_name(name).rpartition("/")
        listing = self._listing(folder)
        return listing is not None and base in listing[0]

    def has_group(self, name: str) -> bool:
        return self.refuse(name) is None and self._listing(name) is not None

    def options(self, group: str) -> tuple[str, ...]:
        """The names of the files of a group, sorted."""
        if group not in self._options:
            listing = self._listing(group) if self.refuse(group) is None else None
            files = () if listing is None else listing[0]
            names = (name.removesuffix(".yaml") for name in files if name.endswith(".yaml"))
            self._options[group] = tuple(sorted(names))
        return self._options[group]

    def groups(self, group: str) -> tuple[str, ...]:
        """The names of the folders in a group, sorted."""
        listing = self._listing(group) if self.refuse(group) is None else None
        return () if listing is None else tuple(sorted(listing[1]))

    def files_in(self, folder: str) -> frozenset[str] | None:
        """The names of all files of the source's own in a folder, of whatever form; None where there is none."""
        listing = self._own_listing(folder)
        return None if listing is None else listing[0]

    def refuse(self, name: str) -> str | None:
        """Why a name must not be looked up, or None."""
        if name not in self._refusals:
            self._refusals[name] = _unsafe(name) or self._leaves_root(name)
        return self._refusals[name]

    def _leaves_root(self, name: str) -> str | None:
        if self.root is None or not name:
            return None
        folder = name.rpartition("/")[0]
        if folder and (reason := self.refuse(folder)) is not None:
            return reason
        self._listing(folder)  # tells which of its entries are links
        for path in (name, file_name(name)):
            if path in self._links:
                real = os.path.realpath(os.path.join(self._real, path))
                if not real.startswith(self._real + os.sep):
                    return "a symbolic link leads out of the project's folder"
        return None

    def _load(self, name: str) -> Layer | None:
        file = file_name(name)
        folder, _, base = file.rpartition("/")
        listing = self._own_listing(folder)
        if listing is None or base not in listing[0]:
            return None
        try:
            data = self._read(file)
        except OSError as error:
            found = missing_layer.unreadable(start_of(file), file, error.strerror or str(error))
            return _refused(name, file, found)
        too_much = self.spending.read(len(data), start_of(file))
        if too_much is not None:
            return _refused(name, file, too_much)
        self.texts[file] = data.decode("utf-8", "replace")
        return self._layer(name, file, self.parse(data, file))

    def _load_of(self, module: Module, name: str) -> Layer | None:
        """A file of a module, if it is the one that the lock has."""
        if not module.usable:
            found = () if module.problem is None else (module.problem,)
            return Layer(name, name, Node({}, start_of(name)), (), None, found, True, module.name)
        path = self.in_module(name)
        if path not in module.files:
            return None
        file = f"{module.folder}/{path}"
        data = self.content(file)
        if data is None or not _has_digest(data, module.files[path]):
            from mlc.rules import module_changed

            found = (module_changed.found(module.name, file, is_gone=data is None),)
            return Layer(name, file, Node({}, start_of(file)), (), None, found, True, module.name)
        too_much = self.spending.read(len(data), start_of(file))
        if too_much is not None:
            return _refused(name, file, too_much)
        self.texts[file] = data.decode("utf-8", "replace")
        layer = self._layer(name, file, self.parse(data, file))
        entries = tuple(_within(entry, module.name) for entry in layer.entries)
        return msgspec.structs.replace(layer, entries=entries, module=module.name)

    def _is_regular(self, file: str) -> bool:
        """Whether a path is a file that no link leads to: a pipe would never end."""
        if self.files is not None:
            return file in self.files
        real = os.path.join(self._real, file)
        return os.path.realpath(real) == real and stat.S_ISREG(os.stat(real).st_mode)

    def _read(self, file: str) -> bytes:
        if self.files is not None:
            content = self.files[file]
            return content.encode() if isinstance(content, str) else content
        with Path(self._real, file).open("rb") as stream:
            return stream.read(_MOST_BYTES)

    def _layer(self, name: str, file: str, loaded: Loaded) -> Layer:
        too_much = self.spending.load(loaded.values - loaded.copies, loaded.copies, start_of(file))
        if too_much is not None:
            return _refused(name, file, too_much)
        diagnostics = list(loaded.diagnostics)
        node = loaded.node if loaded.node is not None else Node({}, start_of(file))
        if type(node.value) not in (dict, tuple):
            diagnostics.append(cannot_merge.not_a_map(node.span, file))
            node = Node({}, node.span)
        package = loaded.header.get("package")
        entries: tuple[Entry, ...] = ()
        if type(node.value) is dict:
            defaults = node.value.get("defaults")
            if defaults is not None:
                entries, wrong = entries_of(defaults, name)
                diagnostics.extend(wrong)
                rest = {key: child for key, child in node.value.items() if key != "defaults"}
                node = Node(rest, node.span)
            if self.closed:
                diagnostics.extend(self._hydra_settings(node, package, file))
        diagnostics.extend(grammar_diagnostics(node))
        found = tuple(diagnostics)
        return Layer(name, file, node, entries, package, found, has_errors(found), values=loaded.values)

    def _hydra_settings(self, node: Node, package: str | None, file: str) -> list[Diagnostic]:
        found = []
        own = node.value.get("hydra")
        if own is not None:
            found.append(unsafe_config_name.hydra(own.key_span or own.span, "hydra"))
        if package is not None and package.removeprefix("_global_.").split(".")[0] == "hydra":
            found.append(unsafe_config_name.hydra(start_of(file), f"# @package {package}"))
        return found

    def _list(self, file: str) -> None:
        """Take note of a module's file in the folder it stands in, and of that in the one above."""
        parts = file.split("/")
        for length in range(len(parts)):
            files, folders = self._module_listings.setdefault("/".join(parts[:length]), (set(), set()))
            (folders if length < len(parts) - 1 else files).add(parts[length])

    def _listing(self, folder: str) -> Listing | None:
        own, of_modules = self._own_listing(folder), self._module_listings.get(folder)
        if of_modules is None:
            return own
        files, folders = own or (frozenset(), frozenset())
        return files | of_modules[0], folders | of_modules[1]

    def _own_listing(self, folder: str) -> Listing | None:
        if folder not in self._listings:
            self._listings[folder] = self._scan(folder)
        return self._listings[folder]

    def _scan(self, folder: str) -> Listing | None:
        files: set[str] = set()
        folders: set[str] = set()
        if self.files is not None:
            prefix = f"{folder}/" if folder else ""
            for path in self.files:
                if path.startswith(prefix):
                    first, slash, _ = path[len(prefix) :].partition("/")
                    (folders if slash else files).add(first)
            if not files and not folders and folder:
                return None
            return frozenset(files), frozenset(folders)
        if self.refuse(folder) is not None:
            return None
        try:
            with os.scandir(os.path.join(self._real, folder)) as entries:
                for entry in entries:
                    if entry.is_symlink():
                        self._links.add(f"{folder}/{entry.name}" if folder else entry.name)
                    # A pipe or a device is no file: reading it might never end.
                    if entry.is_dir():
                        folders.add(entry.name)
                    elif entry.is_file():
                        files.add(entry.name)
        except OSError:
            return None
        return frozenset(files), frozenset(folders)


def _has_digest(data: bytes, digest: str) -> bool:
    import hashlib  # only modules need it

    return hashlib.sha256(data).hexdigest() == digest


def _within(entry: Entry, module: str) -> Entry:
    """An entry of a module's file: a name that counts from the root counts from the module's own."""
    folder, slash, rest = entry.name.removeprefix("/").partition("/")
    if not entry.name.startswith("/") or "${" in folder:
        return entry
    return msgspec.structs.replace(entry, name=f"/{folder}/{module}{slash}{rest}")


def _refused(name: str, file: str, why: Diagnostic) -> Layer:
    return Layer(name, file, Node({}, start_of(file)), (), None, (why,), True)


def _unsafe(name: str) -> str | None:
    if "://" in name:
        return "configuration is read from the project's folder only"
    if name.startswith(("/", "~")) or (os.name == "nt" and ":" in name):
        return "it is an absolute path"
    if "\\" in name or "\0" in name:
        return "it holds a character that no name may hold"
    if name and any(part in ("", ".", "..") for part in name.split("/")):
        return "it leads out of the folder or through an empty name"
    return None


def file_name(name: str) -> str:
    """The file that a name in a defaults list stands for."""
    return name if name.endswith(".yaml") else f"{name}.yaml"
