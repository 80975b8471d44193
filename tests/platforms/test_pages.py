"""The pages in a real browser: their script runs under their own policy, and nothing else does."""

from __future__ import annotations

import subprocess
from pathlib import Path

from mlc.cli._page import page
from mlc.ir.plan import Change
from mlc.report import plan_page
from stages.html_page import Page
from stages.report.test_pages import HOSTILE
from stages.report.test_plan_text import changed, planned

CHROMIUM = (
    "chromium",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def test_its_script_runs_and_no_other(tmp_path: Path) -> None:
    hostile = Change(
        "train.params.C", f"{HOSTILE}<script>document.title = 'mine'</script>", 2, None, "retrain"
    )
    plan = planned(*changed(1, change=hostile), *changed(2))
    (tmp_path / "plan.html").write_text(page(plan_page.page([plan])), encoding="utf-8")
    command = [
        *CHROMIUM,
        f"--user-data-dir={tmp_path / 'profile'}",
        "--dump-dom",
        f"file://{tmp_path}/plan.html",
    ]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    found = Page(done.stdout.decode())
    (button,) = (one for one in found.named("button") if one.get("id") == "open")
    assert "hidden" not in button  # which the script has taken away
    assert len(found.named("script")) == 1
    assert done.stdout.decode().count("<title>fleet · dev</title>") == 1
