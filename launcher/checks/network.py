"""Findings about what answers over the network, certificates and the clock."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from launcher.addresses import bare, host_of
from launcher.findings import INFO, WARNING, Finding, error, finding, info, ok, warning
from launcher.mends import set_clock, trust_ca

if TYPE_CHECKING:
    from collections.abc import Iterator

    from launcher.facts import Facts
    from launcher.host import Reach

CLOCK_SECONDS = 300
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
    "hub": (
        "the model hub",
        "models cannot be downloaded",
        "echo HF_ENDPOINT=https://mirror.example >> .env",
    ),
    "wheels": ("PyTorch's wheel index", "bases cannot be built from its wheels", ""),
}
EXPLAINED = {"tls": "the certificates", "cafile": "the CA bundle", "proxy": "the proxy"}


def check(facts: Facts) -> Iterator[Finding]:
    """Certificates and the clock first: they explain most of what does not answer."""
    answers = facts.network.answers
    yield from _certificates(facts)
    yield from _clock(facts)
    for name in ("registry", "index", "apt", "hub"):
        if name in answers:
            yield _source(name, answers[name], facts)
    if "index" not in answers:
        causes = "where it is blocked, pip says so in the middle of a build"
        mend = ["make up PYPI_INDEX=https://mirror.example/simple  # where there is a mirror"]
        yield info("network-index", "the package index was not asked: no pip here names it", causes, mend)
    wheels = [answer for name, answer in answers.items() if name.startswith("wheels/")]
    if wheels:
        yield _source("wheels", next((answer for answer in wheels if not answer.ok), wheels[0]), facts)


def _source(name: str, answer: Reach, facts: Facts) -> Finding:
    what, causes, mend = WHAT[name]
    place = f"{what} {bare(answer.url)}"
    if answer.ok:
        return ok(f"network-{name}", f"{place} answers in {answer.seconds:.1f} s")
    status = WARNING
    if name == "registry" and (facts.network.ok("index") or _any_wheels(facts)):
        status, causes = INFO, "the base is built here instead of pulled, which takes some minutes more"
    if name == "wheels" and (facts.network.ok("registry") or facts.network.ok("index")):
        status, causes = INFO, "bases are pulled, or built from the package index"
    found = f"{place} does not answer: {answer.reason}"
    if answer.kind in EXPLAINED:
        mend = f"# mend {EXPLAINED[answer.kind]} first"
    return finding(f"network-{name}", status, found, causes, [mend] if mend else [])


def _any_wheels(facts: Facts) -> bool:
    return any(answer.ok for name, answer in facts.network.answers.items() if name.startswith("wheels/"))


def _certificates(facts: Facts) -> Iterator[Finding]:
    kinds = {answer.kind: answer for answer in facts.network.answers.values()}
    if "cafile" in kinds:
        causes = "no https address can be checked"
        mend = [f"ls -l {facts.plan.cafile}"]
        yield error("ca-bundle", f"the CA bundle cannot be read: {kinds['cafile'].reason}", causes, mend)
    if "tls" not in kinds or _skew(facts) is not None:
        return
    host = host_of(kinds["tls"].url)
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
