"""Which addresses are asked, and what the answers mean for the choice of a base."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from launcher.probes import network, system
from launcher.probes.engine import Server
from tests.launcher.fakes import RELEASES, FakeHost

if TYPE_CHECKING:
    from launcher.host import Reach, Route
    from launcher.plan import Plan

DEFAULT = "python -c"


def asked(host: FakeHost, plan: Plan) -> dict[str, str]:
    return {name: answer.url for name, answer in network.look(host, plan).answers.items()}


def proxies(host: FakeHost, plan: Plan, monkeypatch: pytest.MonkeyPatch, **engine: str) -> dict[str, str]:
    """The https proxy through which each host is asked; "" for none."""
    found: dict[str, str] = {}
    reach = host.reach

    def note(url: str, route: Route) -> Reach:
        found[url.split("/")[2]] = route.proxies.get("https", "")
        return reach(url, route)

    monkeypatch.setattr(host, "reach", note)
    network.look(host, plan, Server(**engine))  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    ("registry", "url"),
    [
        ("registry-1.docker.io", "https://registry-1.docker.io/v2/"),
        ("mirror.example/docker", "https://mirror.example/v2/"),
        ("mirror.example:5000", "https://mirror.example:5000/v2/"),
        ("http://mirror.example/", "http://mirror.example/v2/"),
        ("127.0.0.1:5000", "http://127.0.0.1:5000/v2/"),
        ("localhost:5000/x", "http://localhost:5000/v2/"),
    ],
)
def test_a_registry_is_asked_at_its_root(registry: str, url: str) -> None:
    assert network.registry_url(registry) == url


def test_every_source_is_asked(host: FakeHost, plan: Plan) -> None:
    urls = asked(host, plan)
    assert urls["hub"] == "https://huggingface.co"
    assert urls["index"] == "https://mirror.example/simple/torch/"
    assert urls["apt"] == "http://mirror.example/debian/dists/trixie/InRelease"
    assert urls["wheels/cu118"] == "https://download.pytorch.org/whl/cu118/torch/"


def test_the_registry_is_asked_through_the_engines_proxy_and_the_rest_through_the_shells(
    host: FakeHost, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = replace(plan, proxies={"https": "http://shell.example:1"})
    found = proxies(host, shell, monkeypatch, https_proxy="engine.example:2")
    assert found["registry-1.docker.io"] == "http://engine.example:2"
    assert found["huggingface.co"] == "http://shell.example:1"


def test_an_engine_without_a_proxy_pulls_without_one(
    host: FakeHost, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = replace(plan, proxies={"https": "http://shell.example:1"})
    assert proxies(host, shell, monkeypatch)["registry-1.docker.io"] == ""


def test_docker_desktop_pulls_through_the_proxy_of_this_host(
    host: FakeHost, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = replace(plan, proxies={"https": "http://shell.example:1"})
    inside = {"system": "Docker Desktop", "https_proxy": "http.docker.internal:3128"}
    assert proxies(host, shell, monkeypatch, **inside)["registry-1.docker.io"] == "http://shell.example:1"


def test_a_registry_behind_a_proxy_whose_password_the_engine_hides_is_not_asked(
    host: FakeHost, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = "http://xxxxx:xxxxx@engine.example:2"
    assert "registry-1.docker.io" not in proxies(host, plan, monkeypatch, https_proxy=hidden)


def test_only_what_decides_about_the_base_is_asked_before_a_build(host: FakeHost, plan: Plan) -> None:
    names = set(network.look(host, plan, bases_only=True).answers)
    assert names == {"registry", "index", "wheels/cu118", "wheels/cu126", "wheels/cu128", "wheels/cpu"}


def test_mirrors_of_the_settings_are_asked_instead(host: FakeHost, plan: Plan) -> None:
    mirror = "https://mirror.example"
    urls = asked(
        host, replace(plan, index=f"{mirror}/a/", torch_index=f"{mirror}/t/", apt_mirror=f"{mirror}/")
    )
    assert urls["index"] == f"{mirror}/a/torch/"
    assert urls["wheels/cu118"] == f"{mirror}/t/torch/"
    assert urls["apt"] == f"{mirror}/debian/dists/stable/InRelease"


def test_pips_own_default_is_asked_where_nothing_is_configured(host: FakeHost, plan: Plan) -> None:
    host.commands[DEFAULT] = "https://index.example/simple\n"
    assert asked(host, plan)["index"] == "https://index.example/simple/torch/"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "/etc/apt/sources.list",
            "# deb http://old.example/x a\ndeb [signed-by=/k] http://m.example/d trixie main\n",
        ),
        (
            "/etc/apt/sources.list.d/debian.sources",
            "Types: deb\nURIs: http://m.example/d/\nSuites: trixie x\n",
        ),
        (
            "/etc/apt/sources.list.d/a.sources",
            "Types: deb\nURIs: http://m.example/d http://n\nA: b\nSuites: trixie\n",
        ),
    ],
    ids=["one line", "a stanza", "a stanza with other lines"],
)
def test_apts_mirror_is_read_from_its_lists(path: str, text: str, host: FakeHost, plan: Plan) -> None:
    host.remove("/etc/apt/sources.list")
    host.write(path, text)
    assert asked(host, plan)["apt"] == "http://m.example/d/dists/trixie/InRelease"


@pytest.mark.parametrize(
    ("base", "counts"),
    [("auto", (True, True, True)), ("pull", (True, False, False)), ("build", (False, True, True))],
)
def test_base_says_which_sources_count(
    base: str, counts: tuple[bool, ...], host: FakeHost, plan: Plan
) -> None:
    wanted = replace(plan, base=base)
    found = network.sources(network.look(host, wanted), wanted, "x86_64")
    assert (found.registry, bool(found.wheel_indexes), found.pypi) == counts


@pytest.mark.parametrize("release", RELEASES)
def test_the_family_follows_from_os_release(release: str, host: FakeHost) -> None:
    host.write("/etc/os-release", RELEASES[release])
    expected = {"ubuntu": "debian", "rhel": "fedora"}.get(release, release)
    assert system.look(host).family == expected


@pytest.mark.parametrize(
    ("version", "number"),
    [
        ("Linux version 5.15.167.4-microsoft-standard-WSL2", 2),
        ("Linux version 4.4.0-19041-Microsoft", 1),
        ("Linux version 6.12.0 (gcc)", 0),
        ("", 0),
    ],
)
def test_wsl_is_told_by_its_kernel(version: str, number: int, host: FakeHost) -> None:
    host.write("/proc/version", version)
    assert system.look(host).wsl == number
