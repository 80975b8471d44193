"""package-missing: a library that the plan needs is not installed.

Why it matters: what a model is made with belongs to what it is; without the library nothing can be trained, and not
even be compared with what was trained before.
How to mend it: install the extra of mlc that the message names, or name an estimator of another library.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "A library is not installed.")

_EXTRAS = ("duckdb", "lightgbm", "xgboost")


def found(package: str, driver: str) -> Diagnostic:
    """`driver` is what needs the package (a Python distribution)."""
    extra = next((name for name in _EXTRAS if driver.startswith(name)), None)
    return RULE.at(
        None,
        f"The step {driver} works with {package}, which is not installed here.",
        help=f"Install it: pip install 'mlc[{extra}]'." if extra else f"Install it: pip install {package}.",
    )
