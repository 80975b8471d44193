"""A folder of layers with some texts laid over it."""

from __future__ import annotations

from collections.abc import Mapping

from mlc.compose.source import Layer, Source, file_name


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
            layer = self._below.layer(name)
            if layer is not None and layer.file in self._below.texts:
                self.texts[layer.file] = self._below.texts[layer.file]
            return layer
        text = self._over[file]
        if text is None:
            return None
        self.texts[file] = text
        return self._layer(name, file, self.parse(text.encode(), file))

    def _scan(self, folder: str) -> tuple[frozenset[str], frozenset[str]] | None:
        listed = self._below._listing(folder)
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
