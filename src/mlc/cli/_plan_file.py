"""A saved plan as a file that a user names."""

from __future__ import annotations

from pathlib import Path

from mlc.cli._console import Unfit
from mlc.ir.plan import Plan
from mlc.rules import bad_plan_file
from mlc.store import saved_plan


def read_plan(folder: Path, file: str) -> Plan:
    """Raises Unfit where the file holds no plan or was changed since it was saved."""
    try:
        return saved_plan.decode((folder / file).read_bytes())
    except OSError as error:
        raise Unfit(bad_plan_file.found(file, f"it cannot be read ({error.strerror})")) from error
    except ValueError as error:
        raise Unfit(bad_plan_file.found(file, str(error))) from error
