"""Findings about proxies: the shell's, the engine's, and those that a container cannot reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launcher.addresses import bare, host_of, masked, on_this_machine
from launcher.findings import Finding, info, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from launcher.facts import Facts

FOLDER = "/etc/systemd/system/docker.service.d"


def check(facts: Facts) -> Iterator[Finding]:
    """Who goes through a proxy, and who goes without."""
    proxies = {key: proxy for key, proxy in facts.plan.proxies.items() if key != "no"}
    yield from loopback(proxies)
    yield from _refused(facts)
    server = facts.engine.server
    if server is None or server.desktop:
        return
    engines = server.https_proxy or server.http_proxy
    if proxies and not engines:
        yield _engine(facts, proxies)
    if engines and not proxies:
        causes = "the engine pulls through it; the build and the container go without"
        found = f"the engine has a proxy, this shell has none: {bare(engines)}"
        yield info("proxy-shell", found, causes, [f"echo HTTPS_PROXY={masked(engines)} >> .env"])


def loopback(proxies: Mapping[str, str]) -> Iterator[Finding]:
    """Whether one of them listens where no container reaches it."""
    local = sorted({proxy for proxy in proxies.values() if on_this_machine(proxy)})
    if not local:
        return
    port = host_of(local[0]).rpartition(":")[2]
    causes = "in a container that address is the container itself: nothing listens there"
    mend = [
        "# let the proxy listen on all addresses ('allow LAN'), then name this host by its own one:",
        f'echo HTTPS_PROXY="http://$(hostname -I | cut -d" " -f1):{port}" >> .env',
    ]
    yield warning("proxy-loopback", f"the proxy is on this machine only: {bare(local[0])}", causes, mend)


def _refused(facts: Facts) -> Iterator[Finding]:
    broken = [answer for answer in facts.network.answers.values() if answer.kind == "proxy"]
    if broken:
        causes = "whatever goes through it fails in the same way"
        mend = ["export HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT"]
        yield warning("proxy-refuses", f"the proxy: {bare(broken[0].reason)}", causes, mend)


def _engine(facts: Facts, proxies: Mapping[str, str]) -> Finding:
    """The engine is a program of its own and does not see this shell's environment."""
    sudo = facts.system.sudo
    named = [(f"{key.upper()}_PROXY", masked(proxy)) for key, proxy in proxies.items()]
    lines = "".join(f'\\nEnvironment="{name}={proxy}"' for name, proxy in named)
    mend = [
        f"{sudo}mkdir -p {FOLDER}",
        f"printf '[Service]{lines}\\n' | {sudo}tee {FOLDER}/proxy.conf",
        f"{sudo}systemctl daemon-reload && {sudo}systemctl restart docker",
    ]
    if not facts.system.systemd:
        exports = "".join(f"export {name}={proxy}\\n" for name, proxy in named)
        mend = [f"printf '{exports}' | {sudo}tee -a /etc/default/docker", f"{sudo}service docker restart"]
    causes = "pulling the base waits for an address that only the proxy reaches, then fails"
    return warning("proxy-engine", "a proxy is set for this shell, none for the engine", causes, mend)
