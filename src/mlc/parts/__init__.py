"""A large project compiled in parts: each owns some resources and gives of them exactly what the whole gives.

`project` is what all parts stand in; `part` compiles one; `division` says which resources fall together; `joining`
puts together what the parts gave; `planning` is the order of these.

Whatever is unusual, and whatever cannot be shown to come out as in the whole, raises Unsure: the caller compiles the
whole project instead, and finds and says the same as ever.
"""

from __future__ import annotations

import os

from mlc.kinds import names
from mlc.request import Request

FEWEST = 300  # resources; of fewer, the whole is as fast


def is_of_use(request: Request) -> bool:
    """Whether a project is so large that compiling it in parts is faster."""
    found = 0
    for kind in names():
        try:
            found += len(os.listdir(request.root / kind))  # noqa: PTH208 - the names are only counted
        except OSError:
            continue
        if found >= FEWEST:
            return True
    return False
