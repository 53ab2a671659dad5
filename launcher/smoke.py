"""`make smoke-test`: the checks inside the container, then those from outside; a table and a JSON receipt."""

from __future__ import annotations

import json
import textwrap
import time
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from launcher import access, textfile
from launcher.console import Step, cut
from launcher.errors import WorkbenchError
from launcher.process import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from launcher.console import Console
    from launcher.docker import Docker
    from launcher.verbs import Verbs

MARKS = {"passed": "ok", "failed": "FAILED", "skipped": "skipped"}
INDENT, TITLE, WIDE = 11, 38, 110
SECONDS = 20.0
SILENCE_SECONDS = 900.0
TORCH = "python -c 'import torch; print(torch.__version__)'"


@dataclass
class Receipt:
    """What was checked, in order, and how it went."""

    console: Console
    checks: list[dict[str, Any]] = field(default_factory=list)

    def add(self, check: dict[str, Any]) -> None:
        """Keep one result and print its row; the receipt has the full text where the terminal is narrow."""
        self.checks.append(check)
        self.console.note(json.dumps(check, ensure_ascii=False))
        for line in rows(check, self.console.width):
            self.console.say(line)

    @property
    def red(self) -> list[str]:
        """Titles of what did not pass; a skip is red too, unless the variant allows it."""
        return [check["title"] for check in self.checks if not _passed(check)]

    @property
    def green(self) -> bool:
        """Something was checked, and all of it passed."""
        return bool(self.checks) and not self.red


def rows(check: dict[str, Any], width: int | None) -> list[str]:
    """One check as lines of at most `width` columns; what failed is told in full."""
    status = "not here" if _allowed(check) else MARKS.get(check["status"], check["status"])
    head = f"  {status:<{INDENT - 2}}{check['title']:<{TITLE}}{check['seconds']:6.1f} s"
    detail = " ".join(str(check["detail"]).split())
    if not _passed(check):
        told = [detail, *(["-> " + check["mend"]] if check.get("mend") else [])]
        return [head, *(line for text in told for line in _wrapped(text, width or WIDE))]
    if width is None or width >= WIDE:
        line = f"{head}  {detail}"
        return [line if width is None else _shortened(line, width - 1)]
    return [head, " " * INDENT + _shortened(detail, width - INDENT - 1)]


def _wrapped(text: str, width: int) -> list[str]:
    margin = " " * INDENT
    return textwrap.wrap(
        text, width - 1, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False
    )


def _shortened(text: str, width: int) -> str:
    shown = cut(text, width)
    return shown if shown == text else cut(text, width - 3) + "..."


def run(verbs: Verbs) -> int:
    """0 when all is green, else 1."""
    docker, _ = verbs.running()
    receipt, started = Receipt(verbs.console), time.time()
    verbs.console.say("Inside the container")
    _inside(docker, verbs, receipt)
    verbs.console.say("From outside")
    for name, title, look in outside(docker, verbs):
        receipt.add(timed(name, title, look))
    path = verbs.settings.plan.mount / "smoke-test.json"
    document = _document(docker, verbs, receipt, started)
    textfile.write(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n", 0o644)
    verdict = "All green." if receipt.green else f"Red: {'; '.join(receipt.red)}."
    verbs.console.say(f"\n{verdict}  Receipt: {verbs.state.shown(path)}")
    return 0 if receipt.green else 1


def _inside(docker: Docker, verbs: Verbs, receipt: Receipt) -> None:
    """Rows appear as the checks end; anything else that is said goes to the log."""

    def heard(line: str) -> None:
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if isinstance(found, dict) and "check" in found:
            receipt.add(found)
        else:
            verbs.console.note(line)

    argv = docker.compose("exec", "-T", "workbench", "workbench-smoke", "--password-stdin")
    password = verbs.state.password.read_text(encoding="utf-8")
    with verbs.console.clock(Step("Checking", "a minute or two")):
        ended = docker.host.stream(Work(argv, cwd=docker.checkout, stall=SILENCE_SECONDS), heard, password)
    red_as_told = ended.returncode == 1 and bool(receipt.red)
    if not receipt.checks or not (ended.returncode == 0 or red_as_told):
        ended.check()
        raise WorkbenchError("the checks inside the container said nothing; `make logs` may tell why")


def outside(docker: Docker, verbs: Verbs) -> list[tuple[str, str, Callable[[], str]]]:
    """As a person would come in."""
    ways = access.ways(verbs.settings, verbs.state)
    jupyter, tensorboard = ways["jupyter.url"], ways["tensorboard.url"]
    return [
        ("ssh", "ssh runs a command", lambda: _ssh(docker, verbs)),
        ("jupyter-page", "Jupyter's page asks for the password", lambda: _page(jupyter, "password")),
        ("tensorboard", "TensorBoard answers", lambda: _page(tensorboard, "tensorboard")),
    ]


def _ssh(docker: Docker, verbs: Verbs) -> str:
    config = access.write_ssh_config(verbs.settings, verbs.state)
    argv = ["ssh", "-F", str(config), "-o", "BatchMode=yes", verbs.settings.name, TORCH]
    said = docker.host.run(argv, timeout=SECONDS).check().stdout.strip()
    return f"torch {said} on port {access.ways(verbs.settings, verbs.state)['ssh.port']}"


def _page(url: str, word: str) -> str:
    """Straight to this machine, past any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=SECONDS) as answer:
        text = answer.read().decode("utf-8", "replace")
    if word not in text.lower():
        raise WorkbenchError(f"{url}: a page without the word {word!r} found")
    return f"{url} answers"


def timed(name: str, title: str, look: Callable[[], str]) -> dict[str, Any]:
    """One check from outside, in the form of those from inside."""
    began = time.monotonic()
    try:
        status, detail, mend = "passed", look(), ""
    except (WorkbenchError, OSError) as error:
        status, detail, mend = "failed", str(error), "make status; make logs"
    seconds = round(time.monotonic() - began, 3)
    result = {"check": name, "title": title, "status": status, "detail": detail, "mend": mend}
    return {**result, "seconds": seconds, "data": {}}


def _allowed(check: dict[str, Any]) -> bool:
    return check["status"] == "skipped" and bool(check.get("data", {}).get("allowed"))


def _passed(check: dict[str, Any]) -> bool:
    return check["status"] == "passed" or _allowed(check)


def _document(docker: Docker, verbs: Verbs, receipt: Receipt, started: float) -> dict[str, Any]:
    record = docker.project("exec", "-T", "workbench", "cat", "/etc/workbench/variant.json")
    return {
        "green": receipt.green,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "seconds": round(time.time() - started, 1),
        "image": verbs.decided["WORKBENCH_IMAGE"],
        "variant": json.loads(record.check().stdout),
        "checks": receipt.checks,
    }
