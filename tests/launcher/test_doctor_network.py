"""What doctor says of sources, proxies, certificates and the clock."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest

from launcher.host import Reach
from tests.launcher.fakes import SERVER, Case, FakeHost, confirm, diagnose, steps, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from launcher.variants import Variants

HUB, REGISTRY, WHEELS, INDEX = "huggingface.co", "registry-1", "download.pytorch.org", "mirror.example/simple"
UNTRUSTED = "unable to get local issuer certificate"
PROXY = {"HTTPS_PROXY": "http://ada:secret@proxy.example:3128"}


def fails(kind: str, *parts: str, **more: Any) -> Callable[[FakeHost], None]:  # noqa: ANN401
    return lambda host: host.unreachable(kind, *parts, **more)


def engine_proxy(host: FakeHost) -> None:
    host.engine(HttpsProxy="http://proxy.example:3128")


def dated(seconds: float) -> Callable[[FakeHost], None]:
    """Servers whose clocks differ from ours by so many seconds."""

    def change(host: FakeHost) -> None:
        date = formatdate(host.clock - seconds, usegmt=True)
        host.answers[HUB] = Reach("", ok=True, kind="ok", reason="HTTP 200", seconds=0.1, date=date)

    return change


CASES = [
    Case(
        "no registry", fails("dns", REGISTRY), "network-registry", "info", ("built here instead", "REGISTRY=")
    ),
    Case(
        "no registry and nothing to build from",
        fails("timeout", REGISTRY, WHEELS, INDEX),
        "network-registry",
        "warning",
        ("cannot be pulled",),
    ),
    Case(
        "no registry, index or wheels",
        fails("dns", REGISTRY, WHEELS, INDEX),
        "variant",
        "error",
        ("no base",),
    ),
    Case("only the index", fails("dns", REGISTRY, WHEELS), "variant", "info", ("cpu", "from PyPI's wheels")),
    Case("no package index", fails("refused", INDEX), "network-index", "warning", ("PYPI_INDEX",)),
    Case("no apt mirror", fails("http", "InRelease"), "network-apt", "warning", ("APT_MIRROR",)),
    Case("no hub", fails("timeout", HUB), "network-hub", "warning", ("HF_ENDPOINT",)),
    Case("no wheel index", fails("dns", WHEELS), "network-wheels", "info", ("bases are pulled",)),
    Case(
        "TLS opened on the way",
        fails("tls", HUB, reason=UNTRUSTED),
        "tls-inspection",
        "warning",
        ("update-ca-certificates", "CA_BUNDLE="),
    ),
    Case(
        "a CA bundle that is not there",
        fails("cafile", HUB, reason="no such file"),
        "ca-bundle",
        "error",
        ("ls -l /x.pem",),
        {"CA_BUNDLE": "/x.pem"},
    ),
    Case(
        "a proxy for the shell only",
        lambda _: None,
        "proxy-engine",
        "warning",
        ("docker.service.d", "daemon-reload"),
        PROXY,
    ),
    Case(
        "a proxy for the engine only",
        engine_proxy,
        "proxy-shell",
        "info",
        ("echo HTTPS_PROXY=http://proxy.example:3128",),
    ),
    Case(
        "a proxy on this machine",
        lambda _: None,
        "proxy-loopback",
        "warning",
        ("hostname -I", ":7890"),
        {"https_proxy": "127.0.0.1:7890"},
    ),
    Case(
        "a proxy that wants a password",
        fails("proxy", HUB, reason="Tunnel connection failed: 407"),
        "proxy-refuses",
        "warning",
        ("407",),
    ),
    Case(
        "a clock an hour ahead",
        dated(3600),
        "clock",
        "error",
        ("60 minutes ahead", "timedatectl set-ntp true"),
    ),
    Case("a clock a day behind", dated(-86400), "clock", "error", ("1440 minutes behind",)),
]


@table(*CASES)
def test_it_explains(case: Case, host: FakeHost, variants: Variants) -> None:
    confirm(case, host, variants)


def test_a_proxy_without_systemd_goes_to_the_init_scripts_file(host: FakeHost, variants: Variants) -> None:
    host.remove("/run/systemd/system/.keep")
    host.path("/run/systemd/system").rmdir()
    (found,) = [finding for finding in diagnose(host, variants, PROXY) if finding.id == "proxy-engine"]
    assert "/etc/default/docker" in found.mend[0]


def test_no_finding_repeats_a_password(host: FakeHost, variants: Variants) -> None:
    host.unreachable("dns", "mirror")
    settings = {**PROXY, "PYPI_INDEX": "https://ada:secret@mirror.example/simple"}
    assert "secret" not in str(diagnose(host, variants, settings))


def test_an_untrusted_certificate_under_a_wrong_clock_is_the_clocks_fault(
    host: FakeHost, variants: Variants
) -> None:
    steps(dated(86400), fails("tls", REGISTRY))(host)
    found = {finding.id for finding in diagnose(host, variants)}
    assert "clock" in found
    assert "tls-inspection" not in found


@pytest.mark.parametrize("date", ["", "soon", "Thu, 99 Foo 2025 00:00:00 GMT", None])
def test_a_date_that_is_none_says_nothing_of_the_clock(
    date: str | None, host: FakeHost, variants: Variants
) -> None:
    host.answers[HUB] = Reach("", ok=True, kind="ok", reason="", seconds=0.1, date=date)
    assert "clock" not in {finding.id for finding in diagnose(host, variants)}


def test_the_engines_own_mirror_stands_in_for_docker_hub(host: FakeHost, variants: Variants) -> None:
    host.engine(RegistryConfig={**SERVER["RegistryConfig"], "Mirrors": ["https://hub.mirror.example/"]})
    host.unreachable("dns", REGISTRY)
    found = {finding.id: finding for finding in diagnose(host, variants)}
    assert found["network-registry"].status == "ok"
    assert "https://hub.mirror.example/v2/" in found["network-registry"].found


def test_an_index_that_was_not_asked_for_want_of_pip_is_said(host: FakeHost, variants: Variants) -> None:
    del host.commands["python -c"]
    (found,) = [finding for finding in diagnose(host, variants) if finding.id == "network-index"]
    assert (found.status, found.found) == ("info", "the package index was not asked: no pip here names it")
