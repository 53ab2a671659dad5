"""What a person finds after logging in, and what runs there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.image.engine import Container, Image

TOOLS = (
    *(
        "bash",
        "curl",
        "file",
        "g++",
        "gcc",
        "git",
        "htop",
        "jq",
        "less",
        "nano",
        "nvitop",
        "pip",
        "ps",
    ),
    *("rsync", "scp", "ssh", "tar", "tmux", "tree", "unzip", "uv", "uvx", "vim", "wget", "xz"),
)
WRITABLE = ("/home/nlp", "/workspace/data", "/workspace/models", "/workspace/runs", "/cache")
READ_ONLY = ("/workspace", "/opt/workbench", "/etc/workbench", "/usr/local/lib/python3.11")


@pytest.fixture(scope="module")
def found_tools(image: Image) -> str:
    return image.run("bash", "-c", f"for tool in {' '.join(TOOLS)}; do command -v $tool || true; done")


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_that_people_expect_is_there(tool: str, found_tools: str) -> None:
    assert f"/{tool}\n" in found_tools


@pytest.mark.parametrize("variable", ["LANG", "LC_ALL"])
def test_the_locale_is_utf8(variable: str, image: Image) -> None:
    assert image.run("printenv", variable).strip().endswith(".UTF-8")
    assert image.run("locale", "charmap").strip() == "UTF-8"


def test_a_chinese_file_name_survives_shell_and_python(running: Container) -> None:
    running.run("bash", "-c", "echo 标题 >/workspace/data/新闻.txt")
    code = "from pathlib import Path; print(*(p.read_text() for p in Path('/workspace/data').glob('新*')))"
    assert running.run("python", "-c", code).strip() == "标题"


def test_nothing_runs_as_root(running: Container) -> None:
    users = running.run("ps", "--no-headers", "-eo", "user").split()
    assert set(users) == {"nlp"}


def test_no_process_holds_a_capability(running: Container) -> None:
    held = running.run("sh", "-c", "grep -hE 'Cap(Prm|Eff|Bnd)' /proc/[0-9]*/status | sort -u").split()
    assert set(held[1::2]) == {"0000000000000000"}


def test_no_new_privileges_reaches_the_user(running: Container) -> None:
    assert running.run("grep", "NoNewPrivs", "/proc/1/status").split() == ["NoNewPrivs:", "1"]


def test_pid_1_is_the_supervisor(running: Container) -> None:
    assert running.run("cat", "/proc/1/comm").strip() == "s6-svscan"


def test_pid_1_reaps_what_others_left_behind(running: Container) -> None:
    running.run("bash", "-c", "for i in 1 2 3; do (sleep 0.1 &); done; sleep 0.5")
    assert "Z" not in running.run("ps", "--no-headers", "-eo", "stat")


def test_a_service_that_dies_is_started_again(workbench: Container) -> None:
    before = workbench.run("pgrep", "-f", "jupyterlab").strip()
    workbench.run("kill", "-9", before)
    workbench.wait("bash", "-c", f"now=$(pgrep -f jupyterlab) && [[ $now != {before} ]]")
    workbench.wait("workbench-health")


def test_the_user_has_the_uid_that_owns_their_files(image: Image) -> None:
    assert image.run("id", "-un").strip() == "nlp"
    assert image.run("stat", "-c", "%U:%G", "/home/nlp").strip() == "nlp:nlp"
    assert image.run("id", "-u").strip() != "0"


@pytest.mark.parametrize("folder", WRITABLE)
def test_the_user_may_write_where_volumes_are_mounted(folder: str, running: Container) -> None:
    running.run("touch", f"{folder}/mine")


@pytest.mark.parametrize("folder", READ_ONLY)
def test_the_user_may_not_write_where_it_would_be_lost(folder: str, image: Image) -> None:
    assert image.run("sh", "-c", f"test -w {folder} || echo read-only").strip() == "read-only"


def test_the_engines_request_to_stop_ends_it_in_order(workbench: Container) -> None:
    workbench.stop()
    assert workbench.exit_code() == 0


def test_no_port_but_the_published_ones_is_open(running: Container) -> None:
    code = (
        "from pathlib import Path; rows = [line.split() for name in ('tcp', 'tcp6')"
        " for line in Path(f'/proc/net/{name}').read_text().splitlines()[1:]];"
        " print(sorted({int(row[1].split(':')[1], 16) for row in rows if row[3] == '0A'"
        " and not row[1].startswith('0B00007F')}))"
    )
    assert running.run("python", "-c", code).strip() == "[2222, 8888]"


def test_no_password_token_or_key_is_logged(running: Container) -> None:
    logs = running.logs()
    assert not [word for word in ("token", "argon2", "ssh-ed25519", "PRIVATE KEY") if word in logs]
