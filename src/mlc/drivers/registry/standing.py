"""What a registry holds of some versions, looked at once for all of them: for plans and drift, which only read."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, structs

from mlc.drivers.registry.catalogue import Editable
from mlc.drivers.registry.places import Registry
from mlc.ir.registry import Promotion


class Standing(Struct, frozen=True):
    """A version as it is: the digest of its model ("" where there is no such version), and its files by role
    that are gone or are not what they were. `edited` says what else was changed, where others may change what is said
    of a version.
    """

    digest: str = ""
    gone: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()


def standing(registry: Registry, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Standing]:
    """Each version wanted (name, number); every file of its latest revision is hashed.

    Raises StepFailed (registry-unreadable).
    """
    wanted = tuple(dict.fromkeys(wanted))
    with registry.catalogue.look() as view:
        if view is None:
            return {one: Standing() for one in wanted}
        held = {one: view.held(*one) for one in wanted}
        edited = {one: view.edited(*one) for one in wanted if isinstance(view, Editable)}
    return {
        one: Standing()
        if found is None
        else structs.replace(
            _standing(registry, found.digest, found.revisions[-1].files), edited=edited.get(one, ())
        )
        for one, found in held.items()
    }


def pointing(
    registry: Registry, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], tuple[int | None, Promotion | None]]:
    """Where each alias wanted (name, alias) points (None: nowhere), and the last line of the log about it.

    Raises StepFailed (registry-unreadable).
    """
    wanted = tuple(dict.fromkeys(wanted))
    with registry.catalogue.look() as view:
        if view is None:
            return dict.fromkeys(wanted, (None, None))
        return {
            (name, alias): (view.aliases(name).get(alias), view.last_line(name, alias))
            for name, alias in wanted
        }


def _standing(registry: Registry, digest: str, files: dict[str, str]) -> Standing:
    found = {role: registry.files.found(file) for role, file in sorted(files.items())}
    gone = tuple(role for role, now in found.items() if now is None)
    changed = tuple(role for role, now in found.items() if now is not None and now != files[role])
    return Standing(digest, gone, changed)


class Pointed(Struct, frozen=True):
    """A version that an alias points to: its number, and the digest of its model."""

    number: int
    digest: str


def champions(registry: Registry, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Pointed | None]:
    """The version that each alias wanted (name, alias) points to, or None. No file is read.

    Raises StepFailed (registry-unreadable).
    """
    wanted = tuple(dict.fromkeys(wanted))
    found: dict[tuple[str, str], Pointed | None] = {}
    with registry.catalogue.look() as view:
        if view is None:
            return dict.fromkeys(wanted)
        for name, alias in wanted:
            number = view.aliases(name).get(alias)
            held = None if number is None else view.held(name, number)
            found[name, alias] = None if number is None or held is None else Pointed(number, held.digest)
    return found
