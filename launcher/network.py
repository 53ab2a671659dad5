"""Proxy, mirrors and CA bundle: as build secrets and as the container's environment, never in a layer.

Files are written to .workbench/, readable by their owner only.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from launcher import dotenv, textfile
from launcher.addresses import host_of
from launcher.errors import RequestError

if TYPE_CHECKING:
    from launcher.host import Host
    from launcher.plan import Plan
    from launcher.settings import Settings
    from launcher.state import State

CA_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, macOS
)
# what BuildKit takes as a secret
BUNDLE_BYTES = 500 * 1024
BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----\n?", re.DOTALL)
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
    found.update(_trusted(plan))
    if settings.get("HF_ENDPOINT"):
        # else large files come from another host, past the mirror
        found.update({"HF_ENDPOINT": plan.hub, "HF_HUB_DISABLE_XET": "1"})
    return dict(sorted(found.items()))


def _trusted(plan: Plan) -> dict[str, str]:
    """Hosts from which pip takes packages over plain HTTP, and pip and uv behind a strange certificate."""
    index = plan.index or ""
    plain = [host_of(index)] if index.startswith("http:") else []
    named = {"PIP_TRUSTED_HOST": [*plan.trusted, *plain], "UV_INSECURE_HOST": plan.trusted}
    return {name: " ".join(dict.fromkeys(hosts)) for name, hosts in named.items() if hosts}


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
    """What the host trusts, behind the user's CA_BUNDLE, no certificate twice; empty where there is none."""
    trusted = next((text for path in CA_FILES for text in [host.read_text(path)] if text), "")
    named = host.read_text(settings.plan.cafile) if settings.plan.cafile else None
    bundle = _once("\n".join(part for part in (named, trusted) if part))
    size = len(bundle.encode("utf-8"))
    if size > BUNDLE_BYTES:
        raise RequestError(
            f"CA_BUNDLE={settings.plan.cafile or ''}: {size // 1024} kB of certificates found, with this"
            f" host's own; a build takes {BUNDLE_BYTES // 1024} kB. Name a file with your company's alone, or"
            " take out of the host's what it does not need."
        )
    return bundle


def _once(text: str) -> str:
    """Each certificate where it stands first; the words around them stay."""
    seen: set[str] = set()

    def kept(block: re.Match[str]) -> str:
        body = "".join(block.group().split())
        again = body in seen
        seen.add(body)
        return "" if again else block.group()

    return BLOCK.sub(kept, text)
