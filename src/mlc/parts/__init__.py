"""A large project compiled in parts: each owns some resources and gives of them exactly what the whole gives.

`project` is what all parts stand in; `part` compiles one; `division` says which resources fall together; `joining`
puts together what the parts gave; `processes` uses every processor; `planning` is the order of these.

Whatever is unusual, and whatever cannot be shown to come out as in the whole, raises Unsure: the caller compiles the
whole project instead, and finds and says the same as ever.
"""

from __future__ import annotations

from mlc.parts.project import Unsure

__all__ = ["Unsure"]
