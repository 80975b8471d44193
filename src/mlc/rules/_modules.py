"""What the examples of the rules about modules share: one module as it is locked and installed."""

from __future__ import annotations

import hashlib

from mlc.ir.module import LOCK, Lock, Locked, folder_of, tree_digest, write_lock

PROJECT = "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\n"
DECLARED = PROJECT + "modules: {acme: {source: ../acme-layers}}\n"
LAYER = "description: As every model of ours.\n"

_DIGESTS = {"model/_tabular.yaml": hashlib.sha256(LAYER.encode()).hexdigest()}
_LOCKED = Locked(source="../acme-layers", digest=tree_digest(_DIGESTS), files=_DIGESTS)

FILE = f"{folder_of('acme', _LOCKED.digest)}/model/_tabular.yaml"
LOCKED = {LOCK: write_lock(Lock(modules={"acme": _LOCKED})).decode()}
INSTALLED = {**LOCKED, FILE: LAYER}
