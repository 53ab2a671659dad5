"""`make smoke-test`: the checks inside the container, then those from outside; a table and a JSON receipt."""

from __future__ import annotations

import json
import time
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Tuple

from launcher import sshconfig, start
from launcher.dotenv import replace
from launcher.errors import WorkbenchError

if TYPE_CHECKING:
    from launcher.console import Console
    from launcher.docker import Docker
    from launcher.verbs import Verbs

MARKS = {"passed": "ok", "failed": "FAILED", "skipped": "skipped"}
SECONDS = 20.0
SILENCE_SECONDS = 900.0


@dataclass
class Receipt:
    """What was checked, in order, and how it went."""

    console: Console
    checks: List[Dict[str, Any]] = field(default_factory=list)

    def add(self, check: Dict[str, Any]) -> None:
        """Keep one result and print its row."""
        self.checks.append(check)
        status = "not here" if _allowed(check) else MARKS[check["status"]]
        self.console.say(f"  {status:<9}{check['title']:<44} {check['seconds']:6.1f} s  {check['detail']}")
        if check["status"] != "passed" and not _allowed(check) and check.get("mend"):
            self.console.say(f"           -> {check['mend']}")

    @property
    def green(self) -> bool:
        """Everything passed; a skip counts as red unless the variant allows it."""
        return bool(self.checks) and all(c["status"] == "passed" or _allowed(c) for c in self.checks)


def run(verbs: Verbs) -> int:
    """0 when all is green, else 1."""
    docker = verbs._running()  # noqa: SLF001 - the verb next door
    receipt = Receipt(verbs.console)
    started = time.time()
    verbs.console.say("Inside the container")
    _inside(docker, verbs, receipt)
    verbs.console.say("From outside")
    for name, title, look in _outside(docker, verbs):
        receipt.add(_timed(name, title, look))
    path = verbs.settings.plan.mount / "smoke-test.json"
    replace(path, json.dumps(_document(docker, verbs, receipt, started), indent=2) + "\n", 0o644)
    bad = [c["title"] for c in receipt.checks if c["status"] != "passed" and not _allowed(c)]
    verbs.console.say(f"\n{'All green.' if receipt.green else 'Red: ' + '; '.join(bad)}  Receipt: {path}")
    return 0 if receipt.green else 1


def _inside(docker: Docker, verbs: Verbs, receipt: Receipt) -> None:
    """Rows appear as the checks end; anything else that is said goes to the log."""

    def heard(line: str) -> None:
        verbs.console.note(line)
        try:
            found = json.loads(line)
        except ValueError:
            return
        if isinstance(found, dict) and "check" in found:
            receipt.add(found)

    argv = docker.compose("exec", "-T", "workbench", "workbench-smoke", "--password-stdin")
    password = verbs.state.password.read_text()
    ended = docker.host.stream(argv, heard, SILENCE_SECONDS, cwd=docker.checkout, text=password)
    if ended.returncode not in (0, 1) or not receipt.checks:
        ended.check()
        raise WorkbenchError("the checks inside the container said nothing; `make logs` may tell why")


def _outside(docker: Docker, verbs: Verbs) -> List[Tuple[str, str, Callable[[], str]]]:
    ways = start.address(docker, verbs.state)
    return [
        ("ssh", "ssh runs a command", lambda: _ssh(docker, verbs, ways)),
        ("jupyter-page", "Jupyter's page asks for the password", lambda: _page(ways["jupyter.url"], "password")),
        ("tensorboard", "TensorBoard answers", lambda: _page(ways["tensorboard.url"], "tensorboard")),
    ]


def _ssh(docker: Docker, verbs: Verbs, ways: Dict[str, str]) -> str:
    config = verbs.state.identity.parent / "config"
    replace(config, sshconfig.block(verbs.settings.name, ways, verbs.state.known_hosts), 0o600)
    command = "python -c 'import torch; print(torch.__version__)'"
    argv = ["ssh", "-F", str(config), "-o", "BatchMode=yes", verbs.settings.name, command]
    return f"torch {docker.host.run(argv, timeout=SECONDS).check().stdout.strip()} on port {ways['ssh.port']}"


def _page(url: str, word: str) -> str:
    """Straight to this machine, past any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=SECONDS) as answer:
        text = answer.read().decode("utf-8", "replace")
    if word not in text.lower():
        raise WorkbenchError(f"{url}: a page without the word {word!r} found")
    return f"{url} answers"


def _timed(name: str, title: str, look: Callable[[], str]) -> Dict[str, Any]:
    began = time.monotonic()
    try:
        status, detail, mend = "passed", look(), ""
    except (WorkbenchError, OSError) as error:
        status, detail, mend = "failed", str(error), "make status; make logs"
    return {
        "check": name,
        "title": title,
        "status": status,
        "detail": detail,
        "mend": mend,
        "seconds": round(time.monotonic() - began, 3),
        "data": {},
    }


def _allowed(check: Dict[str, Any]) -> bool:
    return check["status"] == "skipped" and bool(check.get("data", {}).get("allowed"))


def _document(docker: Docker, verbs: Verbs, receipt: Receipt, started: float) -> Dict[str, Any]:
    record = docker.host.run(
        docker.compose("exec", "-T", "workbench", "cat", "/etc/workbench/variant.json"), cwd=docker.checkout
    )
    return {
        "green": receipt.green,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "seconds": round(time.time() - started, 1),
        "image": verbs.settings.decided["WORKBENCH_IMAGE"],
        "variant": json.loads(record.check().stdout),
        "checks": receipt.checks,
    }
