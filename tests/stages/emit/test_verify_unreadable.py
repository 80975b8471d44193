"""An artifact that is none of its format is a finding of every checker, and stops none of them."""

from __future__ import annotations

import pytest

from mlc import data
from mlc.emit import load_backends
from mlc.emit.verify import verify_by
from mlc.ir.address import Address
from mlc.ir.artifact import artifact

CHECKS = sorted(
    {
        (check, emission.path)
        for backend in load_backends((data.path("templates"),))
        for emission in backend.manifest.written
        for check in emission.check
    }
)
READ_HERE = ("crd", "cyclonedx", "dependencies", "inference-graph", "kubernetes", "schema", "triton", "argo")
UNREADABLE = {
    "brackets": b"a: [\n",
    "bytes": b"\xff\xfe\x00",
    "a list": b"- 1\n",
    "text": b"just words\n",
    "a number": b"1\n",
    "nothing": b"",
    "null": b"null\n",
    "control": b"a: \x07\n",
    "lists within": b"a: {b: [[1]]}\nspec: 1\nmetadata: 2\n",
}


@pytest.mark.parametrize(("check", "path"), [one for one in CHECKS if one[0].split()[0] in READ_HERE])
@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_is_rejected(check: str, path: str, what: str) -> None:
    name = path.replace("{{ name }}", "x").replace("{{ environment }}", "dev")
    name = name.replace("{{ resource.model.name }}", "m")
    one = artifact(f"generated/dev/{name}", UNREADABLE[what], "x", Address("model", "x"))
    found = verify_by(check, one, beside=(one,))
    if found.outcome == "skipped":
        pytest.skip(" ".join(found.findings))  # ../shared/official is absent
    if what == "lists within":  # it can be read, and some checks ask for nothing that it lacks
        assert found.outcome in ("ok", "rejected")
        return
    assert found.outcome == "rejected"
    assert found.findings
    assert all(found.findings)
