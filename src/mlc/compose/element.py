"""An entry of a defaults list at its place in the tree: its folder, its file, its package, its key."""

from __future__ import annotations

from mlc.compose.entries import Entry


class Element:
    """An entry at its place in the tree."""

    __slots__ = (
        "appended", "choice", "entry", "header", "is_group", "module", "name", "override", "package",
        "parent_folder", "parent_package", "span",
    )  # fmt: skip

    def __init__(self, entry: Entry, *, appended: bool = False) -> None:
        self.entry = entry
        self.span = entry.span  # or of the override that chose the option
        self.is_group = entry.is_group
        self.name = entry.name
        self.choice = entry.choice
        self.package = entry.package
        self.override = entry.override
        self.appended = appended  # by `+group=option` on the command line
        self.header: str | None = None
        self.module = ""  # that the file is of
        self.parent_folder = ""
        self.parent_package = ""

    def place(self, folder: str, package: str) -> None:
        self.parent_folder = folder
        self.parent_package = package
        if self.package is not None and "_group_" in self.package:
            group = self.group.replace("/", ".")
            self.package = "_global_." + self.package.replace("_group_", group)

    @property
    def group(self) -> str:
        """The folder below the root that the file is in."""
        if self.is_group:
            return self.name[1:] if self.name.startswith("/") else _join(self.parent_folder, self.name)
        absolute = self.name.startswith("/")
        folder = self.name.removeprefix("/").rpartition("/")[0]
        return folder if absolute else _join(self.parent_folder, folder)

    @property
    def path(self) -> str:
        """The file below the root."""
        if self.is_group:
            return f"{self.group}/{self.choice}"
        if self.name.startswith("/"):
            return self.name[1:]
        return f"{self.parent_folder}/{self.name}" if self.parent_folder else self.name

    def final_package(self, *, with_header: bool = True) -> str:
        package = self.package
        if package is None and with_header:
            package = self.header
        if package is None:
            own = self.name.removeprefix("/")
            folder = own if self.is_group else own.rpartition("/")[0]
            package = (self.outside_module(folder) if with_header else folder).replace("/", ".")
        parts = [part for part in (self.parent_package, package) if part]
        whole = ".".join(parts)
        start = whole.rfind("_global_")
        return whole if start < 0 else whole[start + len("_global_") + 1 :]

    def outside_module(self, folder: str) -> str:
        """A folder of the entry without its module's name, which finds a file but is no place for its values."""
        depth = (
            0 if self.name.startswith("/") or not self.parent_folder else self.parent_folder.count("/") + 1
        )
        parts = folder.split("/")
        if not self.module or depth > 1 or parts[1 - depth : 2 - depth] != [self.module]:
            return folder
        return "/".join(parts[: 1 - depth] + parts[2 - depth :])

    @property
    def key(self) -> str:
        """What an override calls this choice: the group, with its package where that is another."""
        package = self.final_package(with_header=False)
        if package == self.group.replace("/", "."):
            return self.group
        return f"{self.group}@{package or '_global_'}"

    @property
    def is_interpolation(self) -> bool:
        text = self.choice if self.is_group else self.path
        return type(text) is str and "${" in text

    @property
    def last(self) -> str | None:
        """The option chosen, or the file's own name."""
        if self.is_group:
            return self.choice if type(self.choice) is str else None
        return self.name.rpartition("/")[2]


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder and name else folder or name


def absolute(header: str) -> str:
    """A `# @package` header counts from the root."""
    if header == "_global_" or header.startswith("_global_."):
        return header
    return f"_global_.{header}" if header else "_global_"
