"""What another module imports. It says so whenever it is imported, so that a test sees when that is."""

from pathlib import Path

import numpy as np

print("imported", flush=True)
Path("../../../../imported").touch()  # the project's folder, seen from where a step works


def softmax(scores):
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    return scores / scores.sum(axis=1, keepdims=True)
