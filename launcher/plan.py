"""What the user asked for, as far as the host must be able to give it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.variants import AUTO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from launcher.variants import Variants

DOCKER_HUB = "registry-1.docker.io"
MODEL_HUB = "https://huggingface.co"
PORTS = {"jupyter": 8888, "ssh": 2222, "tensorboard": 6006, "serve": 8000}
ON_THIS_MACHINE = ("tensorboard", "serve")  # they ask for no password, so BIND is not for them


@dataclass(frozen=True)
class Plan:
    """Settings that doctor checks the host against.

    base is auto, pull or build; index and apt_mirror None mean the host's own, torch_index None the
    variant's; proxies are keyed http, https and no; fixed are the
    services whose port the user gave, for which no other is taken; trusted are hosts whose certificate
    pip does not check; last is the variant of the last start.
    """

    checkout: Path
    variants: Variants
    variant: str = AUTO
    workspace: Path | None = None
    registry: str = DOCKER_HUB
    base: str = "auto"
    index: str | None = None
    trusted: tuple[str, ...] = ()
    torch_index: str | None = None
    apt_mirror: str | None = None
    hub: str = MODEL_HUB
    proxies: Mapping[str, str] = field(default_factory=dict)
    cafile: str | None = None
    bind: str = "127.0.0.1"
    ports: Mapping[str, int] = field(default_factory=lambda: dict(PORTS))
    shm_size: str = "8gb"
    gpus: str = "all"
    fixed: frozenset[str] = frozenset()
    last: str = ""

    @property
    def mount(self) -> Path:
        """The folder that the container sees as /workspace."""
        return self.workspace or self.checkout / "workspace"

    @property
    def expects_gpu(self) -> bool:
        """Whether a GPU was asked for by name, or the last start used one."""
        auto = self.variant == AUTO
        row = self.variants.rows.get(self.last if auto else self.variant)
        return (row is not None and row.uses_gpu) or (auto and self.gpus != "all")


def from_settings(checkout: Path, variants: Variants, settings: Mapping[str, str]) -> Plan:
    """The plan that .env and the environment, laid over each other, ask for."""
    workspace, bundle = settings.get("WORKSPACE"), _first(settings, "CA_BUNDLE", "SSL_CERT_FILE")
    return Plan(
        checkout,
        variants,
        variant=settings.get("VARIANT") or AUTO,
        workspace=checkout / Path(workspace) if workspace else None,
        registry=settings.get("REGISTRY") or DOCKER_HUB,
        base=settings.get("BASE") or "auto",
        torch_index=settings.get("TORCH_INDEX") or None,
        index=_first(settings, "PYPI_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"),
        apt_mirror=settings.get("APT_MIRROR") or None,
        hub=settings.get("HF_ENDPOINT") or MODEL_HUB,
        proxies=proxies_of(settings),
        cafile=str(checkout / bundle) if bundle else None,
        bind=settings.get("BIND") or "127.0.0.1",
        ports={name: _port(settings.get(f"{name.upper()}_PORT"), default) for name, default in PORTS.items()},
        shm_size=settings.get("SHM_SIZE") or "8gb",
        gpus=settings.get("GPUS") or "all",
        fixed=frozenset(name for name in PORTS if settings.get(f"{name.upper()}_PORT")),
    )


def proxies_of(settings: Mapping[str, str]) -> dict[str, str]:
    """{"https": ...} from HTTPS_PROXY and its relatives; the small letters win, as they do for curl."""
    found = {}
    for key, names in {"http": ("http_proxy", "HTTP_PROXY"), "https": ("https_proxy", "HTTPS_PROXY")}.items():
        proxy = _first(settings, *names, "all_proxy", "ALL_PROXY")
        if proxy:
            found[key] = proxy if "://" in proxy else f"http://{proxy}"
    exceptions = _first(settings, "no_proxy", "NO_PROXY")
    return {**found, **({"no": exceptions} if exceptions else {})}


def _first(settings: Mapping[str, str], *names: str) -> str | None:
    return next((settings[name] for name in names if settings.get(name)), None)


def _port(text: str | None, default: int) -> int:
    """The number, or the default where `text` is none: settings.py is the one that refuses it."""
    return int(text) if text and text.isascii() and text.isdigit() else default
