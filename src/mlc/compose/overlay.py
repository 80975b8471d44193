"""A folder of layers with some texts laid over it."""

from __future__ import annotations

from collections.abc import Mapping

from mlc.compose.source import Layer, Listing, Source, file_name
from mlc.ir.module import Module


class Overlay(Source):
    """Another source with `files` in the place of its own, by path; None stands for a file taken away.

    What is not laid over is the other source's own, parsed once for all overlays.
    """

    def __init__(self, below: Source, files: Mapping[str, str | None]) -> None:
        super().__init__(below.parse, below.root, closed=below.closed)
        self._below = below
        self._over = files

    def refuse(self, name: str) -> str | None:
        return self._below.refuse(name)

    def _load(self, name: str) -> Layer | None:
        file = file_name(name)
        if file not in self._over:
            return self._taken(self._below.own_layer(name))
        text = self._over[file]
        if text is None:
            return None
        self.texts[file] = text
        return self._layer(name, file, self.parse(text.encode(), file))

    def _load_of(self, module: Module, name: str) -> Layer | None:
        if self._below.module_of(name) != module:
            return super()._load_of(module, name)
        return self._taken(self._below.layer(name))

    def _taken(self, layer: Layer | None) -> Layer | None:
        """A layer of the other source, its text and its size with it."""
        if layer is not None and layer.file in self._below.texts:
            self.texts[layer.file] = self._below.texts[layer.file]
            self.spending.written += layer.values
        return layer

    def is_folder(self, path: str) -> bool:
        return self._below.is_folder(path)

    def _is_regular(self, file: str) -> bool:
        return self._over[file] is not None if file in self._over else self._below._is_regular(file)

    def _read(self, file: str) -> bytes:
        text = self._over.get(file)
        return self._below._read(file) if text is None else text.encode("utf-8", "surrogatepass")

    def _scan(self, folder: str) -> Listing | None:
        listed = self._below._own_listing(folder)
        files, folders = (set(names) for names in listed or ((), ()))
        prefix = f"{folder}/" if folder else ""
        for path, text in self._over.items():
            if not path.startswith(prefix):
                continue
            first, slash, _ = path[len(prefix) :].partition("/")
            if text is None:
                files -= set() if slash else {first}
            else:
                (folders if slash else files).add(first)
        return (
            None if listed is None and not files and not folders else (frozenset(files), frozenset(folders))
        )
