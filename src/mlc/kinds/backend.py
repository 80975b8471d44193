"""A backend of a project's own: `backend.yaml`, beside its templates."""

from mlc.ir.backend import Manifest
from mlc.kinds._kind import Kind

KIND = Kind(name="backend", spec=Manifest)
