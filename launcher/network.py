"""Proxy, mirrors and CA bundle: as build secrets and as the container's environment, never in a layer.

Files are written to .workbench/, readable by their owner only.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Dict

from launcher import dotenv

if TYPE_CHECKING:
    from pathlib import Path

    from launcher.host import Host
    from launcher.settings import Settings
    from launcher.state import State

CA_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, macOS
)
PROXIES = {"http": "http_proxy", "https": "https_proxy", "no": "no_proxy"}
LOCAL = "localhost,127.0.0.1,::1"


def environment(settings: Settings) -> Dict[str, str]:
    """Proxy, PyPI and Hugging Face mirror, as the programs in a container read them."""
    plan = settings.plan
    found = {}
    for kind, name in PROXIES.items():
        if plan.proxies.get(kind):
            value = plan.proxies[kind]
            value = f"{value},{LOCAL}" if kind == "no" else value
            found.update({name: value, name.upper(): value})
    if found and "no_proxy" not in found:
        found.update({"no_proxy": LOCAL, "NO_PROXY": LOCAL})
    if plan.index:
        found.update({"PIP_INDEX_URL": plan.index, "UV_DEFAULT_INDEX": plan.index})
    if settings.get("HF_ENDPOINT"):
        found["HF_ENDPOINT"] = plan.hub
    return found


def write_container(host: Host, settings: Settings, state: State) -> None:
    """The container's side: its environment, and the authorities that the host trusts."""
    text = "".join(f"{key}={value}\n" for key, value in sorted(environment(settings).items()))
    _write(state.network, text)
    bundle = ca_bundle(host, settings)
    if not state.ca_bundle.exists() or state.ca_bundle.read_text() != bundle:
        state.ca_bundle.write_text(bundle)  # in place: a running container has this very file mounted


def write_build(settings: Settings, state: State, torch_index: str, apt_sources: str) -> Dict[str, str]:
    """The build's side; returns secret ids and their files."""
    build = {**environment(settings), "TORCH_INDEX": settings.get("TORCH_INDEX", torch_index)}
    if settings.plan.apt_mirror:
        build["APT_MIRROR"] = settings.plan.apt_mirror
    lines = (f"{key}={shlex.quote(value)}\n" for key, value in sorted(build.items()))
    _write(state.build / "network", "".join(lines))
    _write(state.build / "apt_sources", apt_sources)
    return {
        "network": str(state.build / "network"),
        "apt_sources": str(state.build / "apt_sources"),
        "ca": str(state.ca_bundle),
    }


def ca_bundle(host: Host, settings: Settings) -> str:
    """The user's CA_BUNDLE, laid behind what the host trusts; empty where the host names none."""
    named = [settings.plan.cafile] if settings.plan.cafile else []
    texts = [text for path in (*named, *CA_FILES) for text in [host.read_text(path)] if text]
    return "\n".join(texts[:2] if named else texts[:1])


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        dotenv.replace(path, text, mode=0o600)
