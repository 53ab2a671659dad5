"""What the user asked for, and what is refused."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from launcher.errors import RequestError
from launcher.settings import default_name

if TYPE_CHECKING:
    from pathlib import Path

    from tests.launcher.stage import Stage


@pytest.mark.parametrize(
    ("key", "value", "accepted"),
    [
        ("VARIANT", "cu117", "auto, cu118, cu126, cu128, cpu"),
        ("ENGINE_INSTALL", "no", "auto, never"),
        ("BASE", "registry", "auto, pull, build"),
        ("FORMAT", "yaml", "text, json"),
        ("YES", "yes", "0, 1"),
        ("SHM_SIZE", "lots", "a number and a unit, such as 8gb"),
        ("GPUS", "0;2", "all, or numbers or ids such as 0,2"),
        ("REGISTRY", "https://mirror.example", "a host name without https://"),
        ("WORKSPACE", "data", "an absolute path, or one that begins with ./ or ../"),
        ("WORKSPACE", "~/data", "an absolute path"),
        ("PYPI_INDEX", "mirror.example/simple", "an address that begins with http:// or https://"),
        ("TORCH_INDEX", "ftp://mirror.example", "an address that begins with http:// or https://"),
        ("APT_MIRROR", "mirror.example", "an address that begins with http:// or https://"),
        ("HF_ENDPOINT", "mirror.example", "an address that begins with http:// or https://"),
        ("JUPYTER_PORT", "0", "a port number, 1 to 65535"),
        ("SSH_PORT", "70000", "a port number, 1 to 65535"),
        ("TENSORBOARD_PORT", "²", "a port number, 1 to 65535"),
        ("BIND", "localhost", "an IP address of this machine, such as 0.0.0.0"),
        ("CA_BUNDLE", "/nowhere.pem", "a file in PEM format"),
        ("NAME", "-x", "small letters, digits, - and _"),
        ("NAME", "a b", "small letters, digits, - and _"),
    ],
)
def test_a_bad_value_is_one_clear_error(key: str, value: str, accepted: str, stage: Stage) -> None:
    stage.env[key] = value
    with pytest.raises(RequestError, match=f"{key}={re.escape(value)}: .*{re.escape(accepted)}") as caught:
        _ = stage.settings
    assert caught.value.exit_code == 2


def test_the_environment_wins_over_the_file(stage: Stage) -> None:
    stage.write_env("VARIANT=cu126\nSSH_PORT=2300\n")
    stage.env["VARIANT"] = "cpu"
    found = stage.settings
    assert (found.plan.variant, found.port("ssh"), found.port("jupyter")) == ("cpu", 2300, None)


def test_an_empty_variable_asks_for_nothing(stage: Stage) -> None:
    stage.write_env("SSH_PORT=2300\n")
    stage.env["SSH_PORT"] = ""
    assert stage.settings.port("ssh") == 2300


def test_a_name_is_made_up_from_the_folder(stage: Stage) -> None:
    del stage.env["NAME"]
    assert re.fullmatch(r"checkout-[0-9a-f]{4}", stage.settings.name)


def test_two_folders_of_one_name_differ(tmp_path: Path) -> None:
    assert default_name(tmp_path / "a" / "bench") != default_name(tmp_path / "b" / "bench")


def test_a_folder_without_a_letter_has_a_name_too(tmp_path: Path) -> None:
    assert default_name(tmp_path / "工作台").startswith("workbench-")


def test_the_name_of_the_last_start_stays(stage: Stage) -> None:
    del stage.env["NAME"]
    stage.write_env("# >>> written by `make up`; lines above and below are yours\nWORKBENCH_NAME=ada\n")
    assert stage.settings.name == "ada"


def test_a_name_in_capitals_is_made_small(stage: Stage) -> None:
    stage.env["NAME"] = "Ada"
    assert stage.settings.name == "ada"


def test_wsls_own_name_variable_is_not_a_wish(stage: Stage) -> None:
    stage.env.update(NAME="DESKTOP-7Q", WSL_DISTRO_NAME="Ubuntu")
    stage.write("/proc/sys/kernel/hostname", "desktop-7q\n")
    assert stage.settings.name.startswith("checkout-")


def test_a_ca_bundle_is_looked_into(stage: Stage) -> None:
    stage.env["CA_BUNDLE"] = "/ca.pem"
    stage.write("/ca.pem", "-----BEGIN CERTIFICATE-----")
    assert stage.settings.plan.cafile == "/ca.pem"


def test_what_was_given_once_is_remembered(stage: Stage) -> None:
    begin = "# >>> written by `make up`; lines above and below are yours"
    stage.write_env(f"{begin}\nBIND=0.0.0.0\nWORKSPACE=/data\n# <<< written by `make up`\n")
    found = stage.settings
    assert (found.plan.bind, str(found.plan.mount)) == ("0.0.0.0", "/data")  # noqa: S104
    assert found.remembered == {"BIND": "0.0.0.0", "WORKSPACE": "/data"}  # noqa: S104


def test_a_folder_beside_the_checkout_is_remembered_in_full(stage: Stage) -> None:
    stage.env["WORKSPACE"] = "./here"
    assert stage.settings.remembered == {"WORKSPACE": str(stage.checkout / "here")}


@pytest.mark.parametrize("place", ["/etc", "/etc/xdg/pip", "/home/ada/.pip", "/home/ada/.config/pip"])
def test_the_index_of_this_hosts_pip_is_the_builds_too(place: str, stage: Stage) -> None:
    stage.write(f"{place}/pip.conf", "[global]\nindex-url = https://mirror.example/simple\n")
    assert stage.settings.plan.index == "https://mirror.example/simple"


def test_an_index_that_was_asked_for_wins_over_pips(stage: Stage) -> None:
    stage.write("/etc/pip.conf", "[global]\nindex-url = https://mirror.example/simple\n")
    stage.env["PIP_INDEX_URL"] = "https://other.example/simple"
    assert stage.settings.plan.index == "https://other.example/simple"


def test_a_users_index_wins_over_the_machines(stage: Stage) -> None:
    for place, name in {"/etc/pip.conf": "all", "/home/ada/.config/pip/pip.conf": "own"}.items():
        stage.write(place, f"[global]\nindex-url = https://{name}.example\n")
    assert stage.settings.plan.index == "https://own.example"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[global]\n",
        "no section",
        "[global]\nindex-url = file:///opt\n",
        "[global]\nindex-url=http://ada:x@127.0.0.1:3141\n",
    ],
    ids=["empty", "without it", "broken", "a folder", "a server that a container cannot reach"],
)
def test_what_a_build_cannot_use_is_left_to_the_default(text: str, stage: Stage) -> None:
    stage.write("/etc/pip.conf", text)
    assert stage.settings.plan.index is None


def test_pip_told_to_read_no_file_has_no_index(stage: Stage) -> None:
    stage.write("/etc/pip.conf", "[global]\nindex-url = https://mirror.example/simple\n")
    stage.env["PIP_CONFIG_FILE"] = os.devnull
    assert stage.settings.plan.index is None


@pytest.mark.parametrize(
    "gpus",
    ["all", "0,2", "GPU-6a2e4b48", "MIG-41b36db6-8a6c-5c5f-a1a5-d9b6b6ab0b9e", "MIG-GPU-5c89852c/1/0,1"],
)
def test_gpus_are_named_by_number_or_id(gpus: str, stage: Stage) -> None:
    stage.env["GPUS"] = gpus
    assert stage.settings.plan.gpus == gpus


def test_a_relative_ca_bundle_lies_in_the_checkout(stage: Stage) -> None:
    stage.env["CA_BUNDLE"] = "company-ca.crt"
    stage.write(f"{stage.checkout}/company-ca.crt", "-----BEGIN CERTIFICATE-----")
    assert stage.settings.plan.cafile == f"{stage.checkout}/company-ca.crt"
