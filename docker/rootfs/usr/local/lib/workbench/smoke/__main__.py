"""`python -m smoke`: one JSON line per check; 0 all green, 1 something is red, 2 the request is wrong."""

import argparse
import json
import sys
from pathlib import Path

from .catalogue import Check, select
from .record import DEFAULT_PATH, RequestError, load_record
from .runner import run_apart
from .settings import Settings


def main(arguments: list[str] | None = None) -> int:
    """Run the chosen checks and return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        checks = select(options.only)
        if options.list:
            return _list(checks)
        return _run(checks, _settings(options), options.limit)
    except RequestError as error:
        sys.stderr.write(f"smoke: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="workbench-smoke", description=__doc__)
    add = parser.add_argument
    add("--only", nargs="+", metavar="NAME", help="run these checks alone (see --list)")
    add("--list", action="store_true", help="print the checks' names and titles, run nothing")
    add("--password-stdin", action="store_true", help="read Jupyter's password, one line, from stdin")
    add("--jupyter-url", default=Settings.jupyter_url, help="where Jupyter answers (default: %(default)s)")
    add("--variant-record", type=Path, default=DEFAULT_PATH, help="what was promised (default: %(default)s)")
    add("--limit", type=float, default=600, help="seconds until a check is given up (default: %(default)g)")
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    return Settings(
        record=load_record(options.variant_record),
        jupyter_url=options.jupyter_url.rstrip("/"),
        password=_password() if options.password_stdin else None,
    )


def _password() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise RequestError("--password-stdin: standard input is empty; expected the password on one line")
    return password


def _list(checks: list[Check]) -> int:
    for check in checks:
        _say(json.dumps({"check": check.name, "title": check.title}))
    return 0


def _run(checks: list[Check], settings: Settings, limit: float) -> int:
    green = True
    for check in checks:
        result = run_apart(check, settings, limit)
        _say(result.line())
        green = green and result.outcome.green
    return 0 if green else 1


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
