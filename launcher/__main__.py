"""The front door behind the Makefile: `python3 -m launcher VERB`. Errors end here, without a traceback."""

from __future__ import annotations

import argparse
import contextlib
import errno
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from launcher import doctor, interrupt, lock, serve, settings, smoke, status, variants
from launcher.console import Console, open_log
from launcher.errors import CommandFailed, WorkbenchError
from launcher.host import Host
from launcher.state import State
from launcher.up import Up
from launcher.verbs import Verbs

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKOUT = Path(__file__).resolve().parent.parent
SIMPLE = ("up", "down", "clean", "doctor", "status", "password", "ssh-config", "logs", "smoke-test")
WITH_COMMAND = ("ssh", "shell", "serve", "lock")
LOGGED = ("up", "down", "clean", "lock", "serve", "smoke-test")
ALONE = ("up", "down", "clean", "password", "lock", "serve")
FULL = "no space left on device"
MAKE_ROOM = (
    "The disk is full. Make room (`df -h`; `docker system df` shows what the engine takes), "
    "then the same command goes on from here."
)


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; the exit code is 0 done, 1 the work failed, 2 the request or the host is wrong."""
    parser = argparse.ArgumentParser(prog="python3 -m launcher", description=__doc__)
    parser.add_argument("verb", choices=[*SIMPLE, *WITH_COMMAND])
    parser.add_argument("command", nargs=argparse.REMAINDER, help="ssh, shell: what to run; serve: models")
    given = parser.parse_args(arguments)
    interrupt.watch()
    try:
        return _verb(given.verb, given.command)
    except WorkbenchError as error:
        _complain(explained(error))
        return error.exit_code
    except OSError as error:
        _complain(explained(error))
        return 1
    except interrupt.Stopped as stopped:
        _complain("stopped. The same command goes on from here.")
        return stopped.exit_code


def explained(error: Exception) -> str:
    """One message for a person; a full disk is named as such, whoever met it."""
    text = str(error)
    if isinstance(error, OSError):
        text = f"{error.filename or 'a file'}: {error.strerror or error}"
    full = FULL in text.lower() or (
        isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
    )
    return f"{text}\n{MAKE_ROOM}" if full else text


def _complain(text: str) -> None:
    """The terminal may be gone."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"\nworkbench: {text}\n")
        sys.stderr.flush()


def _verb(verb: str, command: list[str]) -> int:
    host, state = Host(), State(CHECKOUT)
    table = variants.load(host, CHECKOUT / "docker" / "variants.json")
    given = settings.load(host, CHECKOUT, table)
    if verb == "doctor":
        return doctor.main(host, given.plan, given.get("FORMAT", "text"))
    state.create()
    with contextlib.ExitStack() as stack:
        if verb in ALONE:
            stack.enter_context(state.locked())
        log = open_log(state.logs, verb) if verb in LOGGED else None
        console = stack.enter_context(contextlib.closing(Console(log)))
        return _logged(Verbs(host, given, state, console), verb, command)


def _logged(verbs: Verbs, verb: str, command: list[str]) -> int:
    """What goes wrong is in the log too."""
    try:
        return _dispatch(verbs, verb, command)
    except (WorkbenchError, OSError) as error:
        verbs.console.note(explained(error))
        if isinstance(error, CommandFailed) and verbs.console.log_path:
            verbs.console.say(f"The whole story is in {verbs.console.log_path.relative_to(CHECKOUT)}")
        raise


def _dispatch(verbs: Verbs, verb: str, command: list[str]) -> int:
    if verb == "up":
        Up(verbs.host, verbs.settings, verbs.state, verbs.console).run()
        return 0
    with_command: dict[str, Callable[[list[str]], int]] = {
        "ssh": verbs.ssh,
        "shell": verbs.shell,
        "serve": partial(serve.run, verbs),
        "lock": partial(lock.run, verbs),
    }
    if verb in WITH_COMMAND:
        return with_command[verb](command)
    named = {
        "status": lambda: status.run(verbs),
        "smoke-test": lambda: smoke.run(verbs),
        "down": verbs.down,
        "clean": verbs.clean,
        "password": verbs.password,
        "ssh-config": verbs.ssh_config,
        "logs": verbs.logs,
    }
    return named[verb]()


if __name__ == "__main__":
    sys.exit(main())
