"""A person's first minutes: logs in, opens a notebook, runs a cell, sees TensorBoard's curves."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.stack import browser
from tests.stack.notebook_server import Jupyter
from tests.stack.programs import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.stack.workbench import Workbench

pytestmark = pytest.mark.skipif(
    not Path(browser.PROGRAM).exists(), reason=f"{browser.PROGRAM} is not installed on this host"
)
FIRST_NOTEBOOK = "notebooks/01_verify_gpu.ipynb"
SIX_TIMES_SEVEN = "import sys\nprint(f'{6 * 7} 你好，世界', sys.executable)"
EVENTS = """
from torch.utils.tensorboard import SummaryWriter
with SummaryWriter('/workspace/runs/{run}') as writer:
    for step in range(20):
        writer.add_scalar('train/loss', 1 / (step + 1), step)
"""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """An empty page; what it shows at the end of the test is kept as page.png."""
    with browser.page() as opened:
        yield opened
        opened.screenshot(path=tmp_path / "page.png")


@pytest.fixture
def at_home(page: Page, workbench: Workbench, lab: str) -> Page:
    """Logged in through the page."""
    page.goto(lab)
    page.fill("input[name=password]", workbench.password)
    page.click("#login_submit")
    page.wait_for_selector("#jp-main-dock-panel")
    return page


@pytest.fixture
def lab(jupyter: Jupyter) -> Iterator[str]:
    """The address of an arrangement of tabs of the test's own: the person's is left alone."""
    name = f"stack-test-{uuid.uuid4().hex[:8]}"
    yield f"{jupyter.url}/lab/workspaces/{name}"
    jupyter.ask("DELETE", f"lab/api/workspaces/{name}")


@pytest.fixture
def curves(workbench: Workbench) -> Iterator[str]:
    """A run with one curve in it, by its name."""
    run = f"stack-test-{uuid.uuid4().hex[:8]}"
    workbench.inside("python", "-c", EVENTS.format(run=run))
    yield run
    workbench.inside("rm", "-r", f"/workspace/runs/{run}")


def notebook(jupyter: Jupyter, folder: str) -> str:
    """A new, empty notebook's path."""
    kernel = {"name": "python3", "display_name": "Python 3 (workbench)"}
    content = {"cells": [], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    body = {"type": "notebook", "content": content}
    return str(jupyter.ask("PUT", f"api/contents/{folder}/new.ipynb", json=body).json()["path"])


def type_and_run(page: Page, code: str) -> None:
    page.wait_for_selector("text=| Idle")
    page.click(".jp-Notebook .jp-Cell .cm-content")
    page.keyboard.insert_text(code)
    page.keyboard.press("Shift+Enter")


def test_a_wrong_password_is_told(page: Page, workbench: Workbench) -> None:
    page.goto(f"{workbench.jupyter}/lab")
    page.fill("input[name=password]", "not the password")
    page.click("#login_submit")
    assert "Invalid credentials" in page.inner_text("body")


def test_the_first_page_after_the_login_is_the_lab(at_home: Page) -> None:
    at_home.wait_for_selector(".jp-LauncherCard >> text=Python 3 (workbench)")
    assert "/lab" in at_home.url


def test_a_cell_typed_into_a_notebook_shows_its_output(
    at_home: Page, lab: str, jupyter: Jupyter, scratch: str
) -> None:
    at_home.goto(f"{lab}/tree/{notebook(jupyter, scratch)}")
    type_and_run(at_home, SIX_TIMES_SEVEN)
    at_home.wait_for_selector(".jp-OutputArea-output >> text=42")
    assert at_home.inner_text(".jp-OutputArea-output").strip() == "42 你好，世界 /home/nlp/.venv/bin/python"


def test_the_first_notebook_opens_and_runs(at_home: Page, lab: str, jupyter: Jupyter, scratch: str) -> None:
    body = {"copy_from": FIRST_NOTEBOOK}
    copy = jupyter.ask("POST", f"api/contents/{scratch}", json=body).json()["path"]
    at_home.goto(f"{lab}/tree/{copy}")
    at_home.wait_for_selector("text=| Idle")
    at_home.click(".jp-Notebook .jp-CodeCell >> nth=0 >> .cm-content")
    for _ in ("imports", "heading", "what is on this machine"):
        at_home.keyboard.press("Shift+Enter")
    at_home.wait_for_selector(".jp-CodeCell >> nth=1 >> .jp-OutputArea-output")
    assert at_home.query_selector(".jp-OutputArea-output[data-mime-type*=error]") is None


def test_tensorboard_shows_a_run_and_its_curve(page: Page, workbench: Workbench, curves: str) -> None:
    anybody = Jupyter(workbench.tensorboard)
    wait_until(lambda: curves in anybody.ask("GET", "data/runs").text, "TensorBoard found the run")
    page.goto(f"{workbench.tensorboard}/?runFilter={curves}#timeseries")
    page.wait_for_selector(f"text={curves}")
    page.wait_for_selector("text=train/loss")
    page.wait_for_selector("scalar-card line-chart")
