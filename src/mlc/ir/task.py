"""What a model can be asked to predict, and what one that is served answers.

The names are those of `task` in a model. `outputs` are what the ONNX form gives, in this order, of n rows:

    label          (n,)          the class: 0 or 1 of two classes, one of the label's `values` of several;
                                 1 for a row that is unlike the others; the number of a cluster
    probabilities  (n, classes)  of each class, in the order of `classes`
    value          (n,)          the number predicted
    score          (n,)          how unlike the others a row is: the higher, the more
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Name = Literal[
    "binary_classification", "multiclass_classification", "regression", "anomaly_detection", "clustering"
]
"""The tasks of this version."""

Class = str | int
"""What a class is called: a value of the label's column."""


class Task(Struct, frozen=True):
    """A task. `supervised`: it learns from a label. `classifies`: the label is one of few classes."""

    name: str
    outputs: tuple[str, ...]
    supervised: bool = True
    classifies: bool = False

    @property
    def title(self) -> str:
        """The name in words."""
        return self.name.replace("_", " ")


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task("binary_classification", ("label", "probabilities"), classifies=True),
        Task("multiclass_classification", ("label", "probabilities"), classifies=True),
        Task("regression", ("value",)),
        Task("anomaly_detection", ("label", "score"), supervised=False),
        Task("clustering", ("label",), supervised=False),
    )
}
"""By name, in the order in which people read of them."""

OF_TWO: tuple[Class, ...] = (0, 1)
"""The classes of a binary classifier: the rest, and the positive value."""
