"""Which resources a command is about: what `--select` and `--exclude` say, and what they are said of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from mlc.ir.address import Address
from mlc.ir.node import Node
from mlc.ir.span import Span

Standing = Literal["new", "modified", "unmodified", "removed"]
"""How a resource stands to what was applied. `modified` is one that changed itself, not by what it builds on."""

ALL = -1
"""However far away."""


class Term(Struct, frozen=True):
    """`2+tag:nightly+`: the resources that a method finds by a value, and some that they are connected with.

    `upstream` and `downstream` count references (ALL: however many); `joined` (`@`) is all that is downstream,
    with everything upstream of that. `text` and `span` are the term as it was written.
    """

    method: str
    value: str
    text: str
    span: Span
    upstream: int = 0
    downstream: int = 0
    joined: bool = False


Union = tuple[tuple[Term, ...], ...]
"""What is found by every term of one of the groups."""


class Selection(Struct, frozen=True):
    """What was asked for. Without `select` everything is selected. `texts` are the words as they were given."""

    select: Union = ()
    exclude: Union = ()
    select_texts: tuple[str, ...] = ()
    exclude_texts: tuple[str, ...] = ()

    @property
    def terms(self) -> tuple[Term, ...]:
        return tuple(term for group in (*self.select, *self.exclude) for term in group)

    @property
    def reads_state(self) -> bool:
        return any(term.method == "state" for term in self.terms)


class Candidate(Struct, frozen=True):
    """A resource as it can be selected. `node` is what its author wrote; None for one that is described no longer."""

    address: Address
    tags: tuple[str, ...]
    owner: str
    node: Node | None


class Candidates(Struct, frozen=True):
    """Every resource of an environment, described or only applied, and who refers to whom.

    `upstream` and `downstream` map an address to those that it refers to and that refer to it; `standings` is
    empty where no term asks for it.
    """

    resources: tuple[Candidate, ...]
    upstream: Mapping[Address, tuple[Address, ...]]
    downstream: Mapping[Address, tuple[Address, ...]]
    kinds: tuple[str, ...]
    standings: Mapping[Address, Standing] = {}


class Chosen(Struct, frozen=True):
    """`selected` has lost what is `excluded`. `unmatched` are the terms that name nothing there is."""

    selected: frozenset[Address]
    excluded: frozenset[Address]
    unmatched: tuple[Term, ...] = ()
