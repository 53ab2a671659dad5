"""sshd as OpenSSH's own programs and VS Code Remote-SSH use it."""

from __future__ import annotations

import shutil
import socket
from typing import TYPE_CHECKING

import pytest
import requests

from tests.stack.openssh import stranger
from tests.stack.programs import free_port, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.stack.openssh import OpenSsh
    from tests.stack.workbench import Workbench

BYTES = bytes(range(256)) * 4096


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """One megabyte of every byte, under a name with blanks and Chinese in it."""
    path = tmp_path / "新闻 titles.bin"
    path.write_bytes(BYTES)
    return path


def test_a_command_runs_and_its_exit_code_comes_back(ssh: OpenSsh) -> None:
    ended = ssh.program("ssh", ssh.host, "echo out; echo err >&2; exit 7")
    assert (ended.stdout, ended.stderr, ended.returncode) == ("out\n", "err\n", 7)


def test_a_command_reads_standard_input(ssh: OpenSsh) -> None:
    assert ssh.program("ssh", ssh.host, "cat", text="你好\n").stdout == "你好\n"


def test_a_login_shell_has_a_terminal(ssh: OpenSsh) -> None:
    assert "/dev/pts/" in ssh.program("ssh", "-tt", ssh.host, text="tty\nexit\n").stdout


def test_the_session_is_the_login_user_in_their_home(ssh: OpenSsh) -> None:
    assert ssh.command("id -un; pwd; echo ~") == "nlp\n/home/nlp\n/home/nlp\n"


def test_a_login_with_a_terminal_starts_where_the_work_is(ssh: OpenSsh) -> None:
    assert "\n/workspace\n" in ssh.program("ssh", "-tt", ssh.host, text="pwd\nexit\n").stdout


def test_a_shell_that_is_started_later_stays_where_it_is(ssh: OpenSsh) -> None:
    typed = "cd\nbash -l\npwd\nexit\nexit\n"
    assert "\n/home/nlp\n" in ssh.program("ssh", "-tt", ssh.host, text=typed).stdout


def test_python_is_the_users_own(ssh: OpenSsh) -> None:
    assert ssh.command("which python") == "/home/nlp/.venv/bin/python\n"


def test_ten_connections_at_once_are_served(ssh: OpenSsh, tmp_path: Path) -> None:
    call = f"ssh -F {ssh.config} -o BatchMode=yes {ssh.host} echo here &\n"
    assert run(["sh"], tmp_path, call * 10 + "wait\n").stdout == "here\n" * 10


# Files


def test_sftp_puts_and_gets_the_same_bytes(ssh: OpenSsh, file: Path, scratch: str) -> None:
    batch = f'put "{file}" /workspace/{scratch}/there\nget /workspace/{scratch}/there "{file}.back"\n'
    ended = ssh.program("sftp", "-b", "-", ssh.host, text=batch)
    assert ended.returncode == 0, ended.stderr
    assert file.with_name(f"{file.name}.back").read_bytes() == BYTES


@pytest.mark.parametrize("protocol", ["-s", "-O"], ids=["over sftp", "by its old protocol"])
def test_scp_puts_and_gets_the_same_bytes(ssh: OpenSsh, file: Path, scratch: str, protocol: str) -> None:
    there = f"{ssh.host}:/workspace/{scratch}/there"
    back = f"{file}.back"
    codes = [ssh.program("scp", protocol, *pair).returncode for pair in ((str(file), there), (there, back))]
    assert codes == [0, 0]
    assert file.with_name(f"{file.name}.back").read_bytes() == BYTES


@pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed on this host")
def test_rsync_copies_a_folder(ssh: OpenSsh, file: Path, scratch: str, workspace: Path) -> None:
    shell, there = f"ssh {' '.join(ssh.options)}", f"{ssh.host}:/workspace/{scratch}/"
    ended = run(["rsync", "-a", "-e", shell, f"{file.parent}/", there], file.parent)
    assert ended.returncode == 0, ended.stderr
    assert (workspace / scratch / file.name).read_bytes() == BYTES


# Forwarding


def test_a_local_port_leads_to_jupyter_inside(ssh: OpenSsh) -> None:
    port = free_port()
    with ssh.forwarding(port, "-L", f"127.0.0.1:{port}:127.0.0.1:8888"):
        session = requests.Session()
        session.trust_env = False
        assert "version" in session.get(f"http://127.0.0.1:{port}/api", timeout=20).json()


def test_dynamic_forwarding_leads_to_jupyter_inside(ssh: OpenSsh) -> None:
    port = free_port()
    with ssh.forwarding(port, "-D", f"127.0.0.1:{port}"):
        assert b'"version"' in through_socks(port, "127.0.0.1", 8888, b"GET /api HTTP/1.0\r\n\r\n")


def test_a_remote_port_leads_back_to_this_host(ssh: OpenSsh, workbench: Workbench) -> None:
    there, tensorboard = 20006, int(workbench.tensorboard.rpartition(":")[2])
    ask = f"curl -sS --noproxy '*' --retry 5 --retry-connrefused http://127.0.0.1:{there}/data/environment"
    ended = ssh.program("ssh", "-R", f"{there}:127.0.0.1:{tensorboard}", ssh.host, ask)
    assert "data_location" in ended.stdout


def through_socks(port: int, host: str, to: int, request: bytes) -> bytes:
    """What a server says through a SOCKS 5 proxy."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as channel:
        channel.sendall(b"\x05\x01\x00")
        assert channel.recv(2) == b"\x05\x00"
        channel.sendall(b"\x05\x01\x00\x03" + bytes([len(host)]) + host.encode() + to.to_bytes(2, "big"))
        assert channel.recv(10)[:2] == b"\x05\x00"
        channel.sendall(request)
        return b"".join(iter(lambda: channel.recv(65536), b""))


# Who does not get in


def test_the_workbench_key_gets_in(workbench: Workbench) -> None:
    assert stranger(workbench, "-i", str(workbench.identity_file)) == ""


def test_a_password_is_never_asked_for(workbench: Workbench) -> None:
    methods = "PreferredAuthentications=password,keyboard-interactive"
    said = stranger(workbench, "-o", methods, "-i", str(workbench.identity_file))
    assert said.endswith("Permission denied (publickey).")


def test_another_key_is_refused(workbench: Workbench, tmp_path: Path) -> None:
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key"], tmp_path)
    assert stranger(workbench, "-i", str(tmp_path / "key")).endswith("Permission denied (publickey).")


@pytest.mark.parametrize("user", ["root", "daemon", "nobody"])
def test_another_user_is_refused_even_with_the_key(workbench: Workbench, user: str) -> None:
    said = stranger(workbench, "-i", str(workbench.identity_file), user=user)
    assert said.endswith("Permission denied (publickey).")


def test_old_algorithms_are_refused(workbench: Workbench) -> None:
    said = stranger(workbench, "-i", str(workbench.identity_file), "-o", "KexAlgorithms=ecdh-sha2-nistp256")
    assert "no matching key exchange method found" in said


def test_another_host_key_stops_ssh(workbench: Workbench, ssh: OpenSsh, tmp_path: Path) -> None:
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "key"], tmp_path)
    key = " ".join((tmp_path / "key.pub").read_text().split()[:2])
    (tmp_path / "known").write_text(f"[{workbench.ssh_host}]:{workbench.ssh_port} {key}\n")
    ended = ssh.program("ssh", "-o", f"UserKnownHostsFile={tmp_path}/known", ssh.host, "true")
    assert ended.returncode == 255
    assert "Host key verification failed" in ended.stderr
