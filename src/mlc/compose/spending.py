"""What a whole project may cost, over all of its files.

Work that is in proportion to what an author wrote is never refused, however large the project: ten thousand models
are ten thousand times the work of one. What is bounded is what grows faster than that: very large files, the
copies that aliases and shared layers make, lists of layers without end. Of each, every file or resource has some
for nothing, and what goes beyond draws on one allowance for them all.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic
from mlc.ir.span import Span
from mlc.rules import too_large

MOST_FILES = 100_000
FREE_BYTES = 8_000  # of a file
MOST_BYTES = 6_000_000  # beyond them, over all files
FREE_VALUES = 500  # merged for one resource
MOST_VALUES = 300_000  # beyond them, over all resources, and as many copies by aliases
FREE_LAYERS = 30  # of one resource
MOST_LAYERS = 30_000  # beyond them, over all resources


class Spending:
    """Counts while a project is read and composed. Each method gives a diagnostic once an allowance is used up."""

    def __init__(self) -> None:
        self.files = 0
        self.bytes = 0
        self.copies = 0
        self.written = 0  # values, each as often as some file says it
        self.merged = 0
        self.layers = 0
        self._stopped: Diagnostic | None = None

    def read(self, size: int, place: Span) -> Diagnostic | None:
        """A file of so many bytes is to be read. Once one is refused, so is every one that follows."""
        self.files += 1
        self.bytes += max(0, size - FREE_BYTES)
        if self._stopped is None and self.files > MOST_FILES:
            self._stopped = too_large.files(place, MOST_FILES)
        elif self._stopped is None and self.bytes > MOST_BYTES:
            self._stopped = too_large.project(place, MOST_BYTES)
        return self._stopped

    def begin(self) -> None:
        """The same files are composed anew."""
        self.merged = self.layers = 0

    def load(self, values: int, copies: int, place: Span) -> Diagnostic | None:
        """A file holds so many values, and so many that aliases have copied."""
        self.written += values
        self.copies += copies
        if self._stopped is None and self.copies > MOST_VALUES:
            self._stopped = too_large.copies(place, MOST_VALUES)
        return self._stopped

    @property
    def is_exhausted(self) -> bool:
        """Nothing more is composed."""
        return self._stopped is not None

    def merge(self, layers: int, values: int, place: Span) -> Diagnostic | None:
        """So many layers, holding so many values, are to be merged into one resource.

        Large layers may be merged a few times each: they are there to be shared.
        """
        self.layers += max(0, layers - FREE_LAYERS)
        self.merged += max(0, values - FREE_VALUES)
        if self._stopped is None and self.layers > MOST_LAYERS:
            self._stopped = too_large.layers(place, MOST_LAYERS)
        elif self._stopped is None and self.merged > MOST_VALUES + 4 * self.written:
            self._stopped = too_large.merged(place, MOST_VALUES)
        return self._stopped

    @property
    def layers_left(self) -> int:
        """How many layers the next resource may have."""
        return FREE_LAYERS + 1 + max(0, MOST_LAYERS - self.layers)
