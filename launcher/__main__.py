"""The front door behind the Makefile: `python3 -m launcher VERB`. Errors end here, in one place, without a traceback."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from launcher import doctor, settings, smoke, variants
from launcher.console import Console, open_log
from launcher.errors import WorkbenchError
from launcher.host import Host
from launcher.state import State
from launcher.up import Up
from launcher.verbs import Verbs

CHECKOUT = Path(__file__).resolve().parent.parent
LOGGED = ("up", "down", "clean", "lock", "smoke-test")
INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; the exit code is 0 done, 1 the work failed, 2 the request or the host is wrong."""
    parser = argparse.ArgumentParser(prog="python3 -m launcher", description=__doc__)
    plain = ["up", "down", "clean", "doctor", "status", "password", "ssh-config", "logs", "lock", "smoke-test"]
    parser.add_argument("verb", choices=[*plain, "ssh", "shell"])
    parser.add_argument("command", nargs=argparse.REMAINDER, help="for ssh and shell: what to run there")
    given = parser.parse_args(arguments)
    console = Console()
    try:
        return _run(given.verb, given.command)
    except WorkbenchError as error:
        sys.stderr.write(f"\nworkbench: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        console.say("\nStopped. The same command goes on from here.")
        return INTERRUPTED


def _run(verb: str, command: list[str]) -> int:
    host, state = Host(), State(CHECKOUT)
    table = variants.load(host, CHECKOUT / "docker" / "variants.json")
    given = settings.load(host, CHECKOUT, table)
    if verb == "doctor":
        return doctor.main(host, given.plan, given.get("FORMAT", "text"))
    state.create()
    log = open_log(state.logs, verb) if verb in LOGGED else None
    console = Console(log)
    if verb == "up":
        with state.locked():
            return _up(Up(host, given, state, console))
    verbs = Verbs(host, given, state, console)
    if verb in {"ssh", "shell"}:
        return int(getattr(verbs, verb)(command))
    if verb == "smoke-test":
        return smoke.run(verbs)
    return int(getattr(verbs, verb.replace("-", "_"))())


def _up(up: Up) -> int:
    try:
        up.run()
    except WorkbenchError as error:
        up.console.note(str(error))
        up.console.say(f"The whole story is in {up.console.log_path}")
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main())
