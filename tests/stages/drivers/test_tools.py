"""What drivers say they work with."""

from __future__ import annotations

from importlib import metadata
from importlib.metadata import PackageNotFoundError, version

import pytest

from mlc import drivers
from mlc.ir.operation import StepFailed


def test_a_driver_tells_the_versions_of_its_packages() -> None:
    assert drivers.tools("lightgbm_train")["lightgbm"] == version("lightgbm")
    assert drivers.tools("xgboost_export")["onnxmltools"] == version("onnxmltools")


@pytest.mark.parametrize(
    ("driver", "extra"),
    [
        ("xgboost_train", "mlc[xgboost]"),
        ("lightgbm_export", "mlc[lightgbm]"),
        ("sklearn_train", "scikit-learn"),
    ],
)
def test_a_package_that_is_not_installed_is_package_missing(
    driver: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(package: str) -> str:
        raise PackageNotFoundError(package)

    monkeypatch.setattr(metadata, "version", missing)
    drivers.tools.cache_clear()
    with pytest.raises(StepFailed) as failed:
        drivers.tools(driver)
    drivers.tools.cache_clear()
    (said,) = failed.value.diagnostics
    assert said.rule == "package-missing"
    assert extra in said.help


def test_every_driver_s_packages_are_installed_here() -> None:
    for name in (
        "sklearn_train",
        "onnx_export",
        "xgboost_train",
        "xgboost_export",
        "lightgbm_train",
        "lightgbm_export",
    ):
        assert drivers.tools(name)
