"""The same way of running a step as the drivers' own tests."""

from stages.drivers.conftest import step

__all__ = ["step"]
