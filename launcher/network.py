"""Proxy, mirrors and CA bundle: as build secrets and as the container's environment, never in a layer.

Files are written to .workbench/, readable by their owner only.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from launcher import dotenv, textfile

if TYPE_CHECKING:
    from launcher.host import Host
    from launcher.settings import Settings
    from launcher.state import State

CA_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, macOS
)
LOCAL = ("localhost", "127.0.0.1", "::1")


def environment(settings: Settings) -> dict[str, str]:
    """Proxy, PyPI and Hugging Face mirror, as the programs in a container read them."""
    plan = settings.plan
    found = {f"{kind}_proxy": plan.proxies[kind] for kind in ("http", "https") if plan.proxies.get(kind)}
    if found:
        found["no_proxy"] = _no_proxy(plan.proxies.get("no", ""))
    found.update({name.upper(): value for name, value in found.items()})
    if plan.index:
        found.update({"PIP_INDEX_URL": plan.index, "UV_DEFAULT_INDEX": plan.index})
    if settings.get("HF_ENDPOINT"):
        found["HF_ENDPOINT"] = plan.hub
    return dict(sorted(found.items()))


def _no_proxy(theirs: str) -> str:
    """Theirs, and this machine itself: "mirror.example" -> "mirror.example,localhost,127.0.0.1,::1"."""
    names = [name.strip() for name in theirs.split(",") if name.strip()]
    return ",".join(dict.fromkeys([*names, *LOCAL]))


def write_container(host: Host, settings: Settings, state: State) -> None:
    """The container's side: its environment, and the authorities that the host trusts."""
    lines = (f"{key}={dotenv.quoted(value)}\n" for key, value in environment(settings).items())
    textfile.update(state.network, "".join(lines))
    bundle = ca_bundle(host, settings)
    if state.ca_bundle.is_dir():  # made by an engine that started when the checkout was gone
        state.ca_bundle.rmdir()
    if not state.ca_bundle.exists() or state.ca_bundle.read_text(encoding="utf-8") != bundle:
        # in place: a running container has this very file mounted
        state.ca_bundle.write_text(bundle, encoding="utf-8")


def write_build(settings: Settings, state: State, torch_index: str, apt_sources: str) -> dict[str, str]:
    """The build's side; returns secret ids and their files."""
    build = {**environment(settings), "TORCH_INDEX": settings.plan.torch_index or torch_index}
    if settings.plan.apt_mirror:
        build["APT_MIRROR"] = settings.plan.apt_mirror
    files = {"network": state.build / "network", "apt_sources": state.build / "apt_sources"}
    textfile.update(
        files["network"], "".join(f"{key}={shlex.quote(value)}\n" for key, value in build.items())
    )
    textfile.update(files["apt_sources"], apt_sources)
    return {**{name: str(path) for name, path in files.items()}, "ca": str(state.ca_bundle)}


def ca_bundle(host: Host, settings: Settings) -> str:
    """What the host trusts, behind the user's CA_BUNDLE; empty where there is neither."""
    trusted = next((text for path in CA_FILES for text in [host.read_text(path)] if text), "")
    named = host.read_text(settings.plan.cafile) if settings.plan.cafile else None
    return "\n".join(part for part in (named, trusted) if part)
