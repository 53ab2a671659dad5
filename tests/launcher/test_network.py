"""Proxy, mirrors and certificates: to the build and to the container, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from launcher import dotenv, network
from launcher.errors import RequestError

if TYPE_CHECKING:
    from tests.launcher.stage import Stage

PROXY = "http://ada:pa$s'w@proxy.example:3128"
INDEX = "http://torch.example/whl"


def test_without_settings_nothing_is_passed_on(stage: Stage) -> None:
    assert network.environment(stage.settings) == {}


def test_a_proxy_reaches_programs_that_read_small_and_capital_letters(stage: Stage) -> None:
    stage.env["HTTPS_PROXY"] = PROXY
    found = network.environment(stage.settings)
    assert found["https_proxy"] == found["HTTPS_PROXY"] == PROXY
    assert found["no_proxy"] == found["NO_PROXY"] == "localhost,127.0.0.1,::1"


def test_the_users_exceptions_are_completed(stage: Stage) -> None:
    stage.env.update(https_proxy=PROXY, no_proxy="mirror.example, localhost")
    assert network.environment(stage.settings)["no_proxy"] == "mirror.example,localhost,127.0.0.1,::1"


def test_exceptions_alone_are_of_no_use(stage: Stage) -> None:
    stage.env["no_proxy"] = "mirror.example"
    assert network.environment(stage.settings) == {}


def test_mirrors_reach_pip_uv_and_the_hub(stage: Stage) -> None:
    stage.env.update(PYPI_INDEX="https://mirror.example/simple", HF_ENDPOINT="https://hub.example")
    assert network.environment(stage.settings) == {
        "HF_ENDPOINT": "https://hub.example",
        "HF_HUB_DISABLE_XET": "1",
        "PIP_INDEX_URL": "https://mirror.example/simple",
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
    }


def test_the_containers_file_is_read_by_compose_as_it_was_meant(stage: Stage) -> None:
    stage.env["https_proxy"] = PROXY
    network.write_container(stage, stage.settings, stage.state)
    assert dotenv.read(stage.state.network).user["https_proxy"] == PROXY
    assert stage.state.network.stat().st_mode & 0o777 == 0o600


def test_an_empty_folder_in_the_authorities_place_is_replaced(stage: Stage) -> None:
    stage.state.ca_bundle.mkdir(parents=True)
    network.write_container(stage, stage.settings, stage.state)
    assert stage.state.ca_bundle.is_file()


def test_the_builds_file_is_read_by_a_shell_as_it_was_meant(stage: Stage) -> None:
    stage.env.update(https_proxy=PROXY, APT_MIRROR="http://apt.example")
    secrets = network.write_build(stage.settings, stage.state, INDEX, "deb x y main\n")
    text = (stage.state.build / "network").read_text(encoding="utf-8")
    assert "APT_MIRROR=http://apt.example\n" in text
    assert f"TORCH_INDEX={INDEX}\n" in text
    assert """https_proxy='http://ada:pa$s'"'"'w@proxy.example:3128'\n""" in text
    assert sorted(secrets) == ["apt_sources", "ca", "network"]
    assert (stage.state.build / "network").stat().st_mode & 0o777 == 0o600


def test_the_users_own_wheel_index_wins(stage: Stage) -> None:
    stage.env["TORCH_INDEX"] = "https://own.example/whl"
    network.write_build(stage.settings, stage.state, INDEX, "")
    assert "TORCH_INDEX=https://own.example/whl" in (stage.state.build / "network").read_text(
        encoding="utf-8"
    )


def test_the_users_authorities_stand_before_the_hosts(stage: Stage) -> None:
    stage.write("/etc/pki/tls/certs/ca-bundle.crt", "theirs")
    stage.write("/own.pem", "BEGIN CERTIFICATE own")
    stage.env["CA_BUNDLE"] = "/own.pem"
    assert network.ca_bundle(stage, stage.settings) == "BEGIN CERTIFICATE own\ntheirs"


def test_debians_bundle_comes_before_the_others(stage: Stage) -> None:
    stage.write("/etc/ssl/certs/ca-certificates.crt", "debian")
    stage.write("/etc/ssl/cert.pem", "other")
    assert network.ca_bundle(stage, stage.settings) == "debian"


def test_a_bundle_is_changed_in_place_for_the_running_container(stage: Stage) -> None:
    stage.write("/etc/ssl/cert.pem", "one")
    network.write_container(stage, stage.settings, stage.state)
    before = stage.state.ca_bundle.stat().st_ino
    stage.write("/etc/ssl/cert.pem", "two")
    network.write_container(stage, stage.settings, stage.state)
    assert stage.state.ca_bundle.stat().st_ino == before
    assert stage.state.ca_bundle.read_text(encoding="utf-8") == "two"


def test_an_index_over_plain_http_is_one_that_pip_may_use(stage: Stage) -> None:
    stage.env["PYPI_INDEX"] = "http://ada:x@mirror.example:8080/simple"
    found = network.environment(stage.settings)
    assert found["PIP_TRUSTED_HOST"] == "mirror.example:8080"
    assert "UV_INSECURE_HOST" not in found


def test_hosts_that_this_hosts_pip_trusts_are_trusted_by_pip_and_uv(stage: Stage) -> None:
    stage.write(
        "/etc/pip.conf", "[global]\nindex-url = http://a.example/x\ntrusted-host = a.example\n  b.example\n"
    )
    found = network.environment(stage.settings)
    assert found["PIP_TRUSTED_HOST"] == found["UV_INSECURE_HOST"] == "a.example b.example"


def test_the_users_own_trust_wins_over_pips_files(stage: Stage) -> None:
    stage.write("/etc/pip.conf", "[install]\ntrusted-host = a.example\n")
    stage.write_env("PIP_TRUSTED_HOST=own.example\n")
    assert network.environment(stage.settings)["PIP_TRUSTED_HOST"] == "own.example"


def certificate(body: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"


def test_a_certificate_that_stands_in_both_bundles_is_taken_once(stage: Stage) -> None:
    stage.write("/etc/ssl/cert.pem", f"# one\n{certificate('AA')}{certificate('BB')}")
    stage.write("/own.pem", (certificate("CC") + certificate("AA")).replace("\n", "\r\n"))
    stage.env["CA_BUNDLE"] = "/own.pem"
    bundle = network.ca_bundle(stage, stage.settings)
    assert [bundle.count(body) for body in ("AA", "BB", "CC")] == [1, 1, 1]
    assert bundle.index("CC") < bundle.index("# one") < bundle.index("BB")


def test_more_certificates_than_a_build_takes_are_refused(stage: Stage) -> None:
    stage.write("/etc/ssl/cert.pem", "".join(certificate(f"{number:01000}") for number in range(600)))
    stage.write("/own.pem", certificate("own"))
    stage.env["CA_BUNDLE"] = "/own.pem"
    with pytest.raises(
        RequestError, match=r"CA_BUNDLE=/own.pem: 6\d\d kB of certificates found.*takes 500 kB"
    ):
        network.ca_bundle(stage, stage.settings)
