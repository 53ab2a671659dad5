"""`make serve`: a model behind HTTP, its page in a real browser, and the end of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from tests.stack import browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.stack.workbench import Workbench

TITLE = "央行宣布下调利率"
MODELS = """
import sys
from pathlib import Path
from finetune.cli import main
from finetune.demo import titles, write_encoder, write_news
from finetune.samples.entities import write_entities

place = Path(sys.argv[1])
encoder = write_encoder(place / 'encoder', [text for text, _ in titles()])
quick = ['--encoder', str(encoder), '--gpu-id', '-1', '--max-steps', '30', '--max-rows', '400']
for verb, write in (('classify', write_news), ('tag', write_entities)):
    data = write(place / 'data' / verb)
    assert main([verb, '--data', str(data), '--output-dir', str(place / verb), *quick]) == 0
assert main(['export', str(place / 'classify'), '--format', 'onnx']) == 0
"""


@pytest.fixture(scope="module")
def service(workbench: Workbench) -> Iterator[str]:
    """The address of a service with two models: classes (exported) and entities."""
    place = "/workspace/runs/stack-test-serve"
    workbench.inside("env", "OMP_NUM_THREADS=1", "python", "-c", MODELS, place)
    models = f"titles={place}/classify/exports/onnx names={place}/tag"
    ended = workbench.make("serve", f"MODEL={models}")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    yield str(json.loads(workbench.make("--silent", "status", "FORMAT=json").stdout)["serve"]["url"])
    workbench.compose("--profile", "serve", "rm", "--stop", "--force", "serve")
    workbench.inside("rm", "-r", place)


@pytest.fixture(params=["desktop", "phone"])
def page(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Page]:
    """An empty page of the given size; what it shows at the end of the test is kept as page.png."""
    if not Path(browser.PROGRAM).exists():
        pytest.skip(f"{browser.PROGRAM} is not installed on this host")
    size = {"desktop": (1280, 860), "phone": (390, 844)}[request.param]
    with browser.page(*size) as opened:
        yield opened
        opened.screenshot(path=tmp_path / "page.png")


def ask(page: Page, service: str, model: str, text: str) -> None:
    page.goto(service)
    page.select_option("#model", model)
    page.fill("#text", text)
    page.click("#send")
    page.wait_for_selector("#answer:not([hidden])")


def test_a_program_gets_answers(service: str) -> None:
    body = {"model": "titles", "text": [TITLE]}
    reply = requests.post(f"{service}v1/predict", json=body, timeout=30)
    assert reply.status_code == 200
    assert reply.json()["answers"][0]["label"] in {"财经", "体育", "科技", "教育", "娱乐"}


def test_it_runs_without_rights_and_listens_on_this_machine_alone(service: str, workbench: Workbench) -> None:
    found = workbench.inspect("serve")
    assert service.startswith("http://127.0.0.1:")
    assert found["HostConfig"]["CapDrop"] == ["ALL"]
    assert {one["HostIp"] for one in found["NetworkSettings"]["Ports"]["8000/tcp"]} == {"127.0.0.1"}


def test_classes_are_shown_as_bars(page: Page, service: str) -> None:
    ask(page, service, "titles", TITLE)
    assert page.locator(".bar").count() == 5
    assert page.locator(".bar.strong .name").inner_text() == page.locator(".verdict strong").inner_text()
    widths = page.locator(".fill").evaluate_all("all => all.map((one) => parseFloat(one.style.width))")
    assert widths == sorted(widths, reverse=True)
    assert sum(widths) == pytest.approx(100, abs=1)


def test_entities_are_marked_in_place(page: Page, service: str) -> None:
    text = "😀今日导演在主队公布大名单"
    ask(page, service, "names", text)
    page.locator(".marked small").evaluate_all("all => all.forEach((one) => one.remove())")
    shown = page.locator(".marked").text_content()
    assert shown == text


def test_the_page_speaks_two_languages_and_remembers_which(page: Page, service: str) -> None:
    page.goto(service)
    assert page.inner_text("h1") == "Try the model"
    page.click("#language")
    assert page.inner_text("h1") == "试用模型"
    page.reload()
    assert (page.inner_text("#send"), page.get_attribute("html", "lang")) == ("分析", "zh-CN")


def test_nothing_is_wider_than_the_screen(page: Page, service: str) -> None:
    ask(page, service, "titles", "很长" * 300)
    for path in ("", "docs"):
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        page.goto(f"{service}docs")
        page.wait_for_selector(".card")


def test_pages_ask_nobody_else_and_break_no_rule_of_their_own(page: Page, service: str) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.on("console", lambda one: complaints.append(one.text))
    page.on("pageerror", lambda one: complaints.append(str(one)))
    ask(page, service, "titles", TITLE)
    page.goto(f"{service}docs")
    page.wait_for_selector(".card")
    assert [one for one in asked if not one.startswith(service)] == []
    assert complaints == []


def test_an_empty_text_and_a_lost_service_are_told(page: Page, service: str) -> None:
    ask(page, service, "titles", " ")
    assert page.inner_text("#answer") == "Type a text first."
    page.route("**/v1/predict", lambda route: route.abort())
    page.fill("#text", TITLE)
    page.click("#send")
    page.wait_for_selector("#answer >> text=The service does not answer")
