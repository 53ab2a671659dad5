"""Findings about what answers over the network, proxies, certificates and the clock."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from launcher.findings import INFO, WARNING, Finding, error, finding, info, ok, warning
from launcher.mends import set_clock, trust_ca

if TYPE_CHECKING:
    from collections.abc import Iterator

    from launcher.facts import Facts
    from launcher.host import Reach

CLOCK_SECONDS = 300
LOOPBACK = ("127.", "localhost", "[::1]", "::1")
WHAT = {
    "registry": ("the registry", "the base cannot be pulled", "make up REGISTRY=mirror.example"),
    "index": (
        "the package index",
        "Python packages cannot be installed",
        "make up PYPI_INDEX=https://mirror.example/simple",
    ),
    "apt": (
        "apt's mirror",
        "Debian packages cannot be installed",
        "make up APT_MIRROR=http://mirror.example",
    ),
    "hub": ("the model hub", "models cannot be downloaded", "echo HF_ENDPOINT=https://hf-mirror.com >> .env"),
    "wheels": ("PyTorch's wheel index", "bases cannot be built from its wheels", ""),
}
NEEDED = {"index", "apt"}


def check(facts: Facts) -> Iterator[Finding]:
    """Certificates and proxies first: they explain most of what does not answer."""
    answers = facts.network.answers
    yield from _proxies(facts)
    yield from _certificates(facts)
    yield from _clock(facts)
    for name in ("registry", "index", "apt", "hub"):
        if name in answers:
            yield _source(name, answers[name], facts)
    wheels = [answer for name, answer in answers.items() if name.startswith("wheels/")]
    if wheels:
        yield _source("wheels", next((answer for answer in wheels if not answer.ok), wheels[0]), facts)


def _source(name: str, answer: Reach, facts: Facts) -> Finding:
    what, causes, mend = WHAT[name]
    place = f"{what} {_bare(answer.url)}"
    if answer.ok:
        return ok(f"network-{name}", f"{place} answers in {answer.seconds:.1f} s")
    status = WARNING
    if name == "registry" and (facts.network.ok("index") or _any_wheels(facts)):
        status, causes = INFO, "the base is built here instead of pulled, which takes some minutes more"
    if name == "wheels" and (facts.network.ok("registry") or facts.network.ok("index")):
        status, causes = INFO, "bases are pulled, or built from the package index"
    found = f"{place} does not answer: {answer.reason}"
    return finding(f"network-{name}", status, found, causes, [mend] if mend else [])


def _any_wheels(facts: Facts) -> bool:
    return any(answer.ok for name, answer in facts.network.answers.items() if name.startswith("wheels/"))


def _bare(url: str) -> str:
    """Without user and password: both may stand in a mirror's address."""
    return re.sub(r"//[^/@]*@", "//", url)


def _proxies(facts: Facts) -> Iterator[Finding]:
    plan, server = facts.plan, facts.engine.server
    proxies = {key: proxy for key, proxy in plan.proxies.items() if key != "no"}
    local = sorted({_bare(proxy) for proxy in proxies.values() if _host(proxy).startswith(LOOPBACK)})
    if local:
        causes = "in a container that address is the container itself: nothing listens there"
        mend = [
            "# let the proxy listen on all addresses, then in .env:",
            "HTTPS_PROXY=http://host.docker.internal:PORT",
        ]
        yield warning(
            "proxy-loopback", f"the proxy is on this machine only: {', '.join(local)}", causes, mend
        )
    broken = [answer for answer in facts.network.answers.values() if answer.kind == "proxy"]
    if broken:
        causes = "whatever goes through it fails in the same way"
        mend = ["export HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT"]
        yield warning("proxy-refuses", f"the proxy: {broken[0].reason}", causes, mend)
    if (
        proxies
        and server is not None
        and not (server.http_proxy or server.https_proxy)
        and not server.desktop
    ):
        yield _daemon(facts, proxies)
    elif server is not None and (server.http_proxy or server.https_proxy) and not proxies:
        proxy = _bare(server.https_proxy or server.http_proxy)
        causes = "the engine pulls through it; the build and the container go without"
        found = f"the engine has a proxy, this shell has none: {proxy}"
        yield info("proxy-shell", found, causes, [f"echo HTTPS_PROXY={proxy} >> .env"])


def _daemon(facts: Facts, proxies: dict[str, str]) -> Finding:
    """The engine is a program of its own and does not see this shell's environment."""
    sudo, folder = facts.system.sudo, "/etc/systemd/system/docker.service.d"
    lines = "".join(f'\\nEnvironment="{key.upper()}_PROXY={_bare(proxy)}"' for key, proxy in proxies.items())
    mend = [
        f"{sudo}mkdir -p {folder}",
        f"printf '[Service]{lines}\\n' | {sudo}tee {folder}/proxy.conf",
        f"{sudo}systemctl daemon-reload && {sudo}systemctl restart docker",
    ]
    if not facts.system.systemd:
        exports = "".join(f"export {key.upper()}_PROXY={_bare(proxy)}\\n" for key, proxy in proxies.items())
        mend = [f"printf '{exports}' | {sudo}tee -a /etc/default/docker", f"{sudo}service docker restart"]
    causes = "pulling the base waits for an address that only the proxy reaches, then fails"
    return warning("proxy-engine", "a proxy is set for this shell, none for the engine", causes, mend)


def _host(proxy: str) -> str:
    try:
        return urlsplit(proxy).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _certificates(facts: Facts) -> Iterator[Finding]:
    kinds = {answer.kind: answer for answer in facts.network.answers.values()}
    if "cafile" in kinds:
        causes = "no https address can be checked"
        mend = [f"ls -l {facts.plan.cafile}"]
        yield error("ca-bundle", f"the CA bundle cannot be read: {kinds['cafile'].reason}", causes, mend)
    if "tls" not in kinds or _skew(facts) is not None:
        return
    host = urlsplit(kinds["tls"].url).netloc
    causes = (
        "a proxy that opens TLS, most likely: pull, pip and the hub fail with 'certificate verify failed'"
    )
    fetch = (
        f"openssl s_client -showcerts -connect {host}:443 </dev/null  # the last certificate is the company's"
    )
    mend = [fetch, *trust_ca(facts.system), "echo CA_BUNDLE=/path/to/company-ca.crt >> .env"]
    yield warning("tls-inspection", f"{host}: {kinds['tls'].reason}", causes, mend)


def _skew(facts: Facts) -> float | None:
    """Seconds by which this clock differs from the servers' (their median), where it matters."""
    skews = []
    for answer in facts.network.answers.values():
        try:
            skews.append(facts.network.time - parsedate_to_datetime(answer.date or "").timestamp())
        except (TypeError, ValueError, OverflowError, IndexError):
            continue
    if not skews:
        return None
    middle = sorted(skews)[len(skews) // 2]
    return middle if abs(middle) > CLOCK_SECONDS else None


def _clock(facts: Facts) -> Iterator[Finding]:
    skew = _skew(facts)
    if skew is None:
        return
    found = f"this clock is {abs(skew) / 60:.0f} minutes {'ahead' if skew > 0 else 'behind'}"
    causes = "certificates count as not yet valid or expired, and apt refuses its lists: 'not valid yet'"
    yield error("clock", found, causes, set_clock(facts.system))
