"""A runtime: the Python, the packages and the image that a model runs in."""

from typing import Annotated

from mlc.kinds._fields import PINNED_IMAGE, PINNED_IMAGE_FORM, Resource, about
from mlc.kinds._kind import Kind


class Runtime(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model runs in."""

    python: Annotated[
        str,
        about(
            "Version of Python.",
            change="redeploy",
            example="3.11",
            pattern=r"^3\.[0-9]+(\.[0-9]+)?$",
            form="a version such as 3.11 or 3.11.7, in quotes",
        ),
    ]
    image: Annotated[
        str,
        about(
            "Base image, pinned by digest.",
            change="redeploy",
            example="docker.io/library/python:3.11-slim-bookworm@sha256:<64 hex digits>",
            pattern=PINNED_IMAGE,
            form=PINNED_IMAGE_FORM,
        ),
    ]
    packages: Annotated[
        dict[
            Annotated[
                str,
                about(
                    "A package.",
                    pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$",
                    form="the name of a package: letters, digits, and . _ -",
                ),
            ],
            Annotated[
                str,
                about(
                    "An exact version.",
                    pattern=r"^[0-9][0-9A-Za-z.!+_-]*$",
                    form="one exact version such as 2.1.0",
                ),
            ],
        ],
        about(
            "Packages by name, each at an exact version.",
            change="redeploy",
            example={"onnxruntime": "1.32.0"},
        ),
    ] = {}
    lock: Annotated[
        str | None,
        about(
            "A lock file of the project: every package that is installed, at one version and with its hashes, as "
            "requirements or as pylock.toml.",
            change="redeploy",
            example="requirements.lock",
        ),
    ] = None


KIND = Kind(name="runtime", spec=Runtime, planned=("system", "hardware"), reads=("lock",))
