"""`make up`: from whatever state this host is in to a healthy workbench; each step that is done already is skipped."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Dict, Optional, Tuple

from launcher import base as bases
from launcher import credentials, dotenv, image, install, network, ports, sources, start, workspace
from launcher.choice import Choice, choose
from launcher.docker import Docker
from launcher.errors import HostNotReady
from launcher.image import Recipe
from launcher.probes import nvidia

if TYPE_CHECKING:
    from launcher.console import Console
    from launcher.host import Host
    from launcher.settings import Settings
    from launcher.state import State
    from launcher.variants import Variant

NEEDED_BYTES = 16 * 2**30
LOCK_LIMIT = "rlimit type 8"


@dataclass(frozen=True)
class Up:
    """Everything that the steps share."""

    host: Host
    settings: Settings
    state: State
    console: Console

    def run(self) -> None:
        """Do it all; WorkbenchError says what stopped it, and the same command goes on from there."""
        engine = install.ensure(self.host, self.console, self.settings.get("ENGINE_INSTALL", "auto") == "auto")
        docker = Docker(self.host, engine.client or "docker", self.state.checkout)
        start.refuse_foreign(docker, self.settings.name)
        owner = workspace.prepare(self.host, self.settings, self.state)
        network.write_container(self.host, self.settings, self.state)
        recipe, reason = self._recipe(docker, owner)
        self._build(docker, recipe)
        credentials.ensure(docker, self.state, recipe.reference)
        workspace.hand_over(self.host, self.state, owner)
        self._decide(docker, recipe, reason)
        start.up(docker, self.console, self.settings, self.state)

    def _recipe(self, docker: Docker, owner: Tuple[int, int]) -> Tuple[Recipe, str]:
        known = bases.known(docker, self.settings.plan.variants)
        choice = self._choose(docker, known)
        self.console.say(f"Variant {choice.variant.name}: {choice.reason}")
        base = known.get(choice.variant.name) if choice.source == "local" else None
        if base is None:
            self._check_disk(docker)
            base = self._base(docker, choice)
        reference = f"nlp-workbench/{self.settings.name}:{choice.variant.name}"
        return Recipe(reference, choice.variant.name, base, *owner), choice.reason

    def _choose(self, docker: Docker, known: Dict[str, bases.Base]) -> Choice:
        """What was chosen at the last start stays as long as it fits; otherwise the network is asked once."""
        plan, seen = self.settings.plan, nvidia.look(self.host)
        last = self.settings.decided.get("WORKBENCH_VARIANT", "")
        requested = plan.variant
        local = frozenset(known)
        if requested == "auto" and last in known and bool(seen.gpus) == plan.variants[last].uses_gpu:
            kept = choose(last, plan.variants, seen.gpus, seen.driver, sources.nowhere(local, self.host))
            return Choice(kept.variant, self.settings.decided.get("WORKBENCH_REASON", kept.reason), kept.source)
        if requested in known:
            offered = sources.nowhere(local, self.host)
        else:
            with self.console.step("Asking where a base can be had"):
                offered = sources.look(self.host, self.settings, local)
        return choose(requested, plan.variants, seen.gpus, seen.driver, offered)

    def _base(self, docker: Docker, choice: Choice) -> bases.Base:
        if choice.source == "registry":
            return bases.pull(docker, self.console, self.settings, choice.variant)
        secrets = self._secrets(choice.source, choice.variant)
        return bases.build(docker, self.console, choice.variant.torch_build, choice.source, secrets)

    def _build(self, docker: Docker, recipe: Recipe) -> None:
        if not image.is_current(docker, recipe):
            variant = self.settings.plan.variants[recipe.variant]
            image.build(docker, self.console, recipe, self._secrets(recipe.base.kind, variant))

    def _secrets(self, kind: str, variant: Variant) -> Dict[str, str]:
        """Debian's sources for a base built here, which has none of its own; a pulled base brings its own."""
        apt = "" if kind == "registry" else install.apt_sources(self.host, self.settings.plan.apt_mirror)
        return network.write_build(self.settings, self.state, variant.wheel_index, apt)

    def _check_disk(self, docker: Docker) -> None:
        root = docker.run("info", "--format", "{{.DockerRootDir}}").strip()
        free = self.host.disk_free(root)
        if free is not None and free < NEEDED_BYTES and not self.settings.get("SKIP_DISK_CHECK"):
            raise HostNotReady(
                f"{free / 2**30:.1f} GB free below {root}, where the container engine keeps images;"
                f" a first build needs {NEEDED_BYTES / 2**30:.0f}."
                " Make room (`docker system df` shows what takes it), then `make up` again."
            )

    def _decide(self, docker: Docker, recipe: Recipe, reason: str) -> None:
        """Write what was decided to .env, where `docker compose` finds it."""
        ours = start.published(docker)
        chosen = ports.choose(self.host, self.settings, ours)
        gpu = self.settings.plan.variants[recipe.variant].uses_gpu
        decided = {
            "WORKBENCH_NAME": self.settings.name,
            "WORKBENCH_IMAGE": recipe.reference,
            "WORKBENCH_VARIANT": recipe.variant,
            "WORKBENCH_REASON": reason,
            "COMPOSE_FILE": "compose.yaml:compose.gpu.yaml" if gpu else "compose.yaml",
            **{f"{service.upper()}_PORT": str(port) for service, port in chosen.items()},
            **self._lock_limit(docker, recipe.reference),
        }
        asked = dotenv.read(self.state.checkout / ".env").user
        dotenv.write(self.state.checkout / ".env", {k: v for k, v in decided.items() if k not in asked})

    def _lock_limit(self, docker: Docker, reference: str) -> Dict[str, str]:
        """An engine without the right to lift the memory-lock limit (rootless, nested) keeps the limit it has."""
        last: Optional[str] = self.settings.decided.get("MEMLOCK")
        if last:
            return {"MEMLOCK": last}
        run = ["run", "--rm", "--network=none", "--entrypoint=sh"]
        tried = docker.ask(*run, "--ulimit=memlock=-1", reference, "-c", "true")
        if LOCK_LIMIT not in tried.output:
            return {"MEMLOCK": "-1"}
        kilobytes = docker.run(*run, reference, "-c", "ulimit -H -l").strip()
        self.console.say(f"This engine may not lift the memory-lock limit; it stays at {kilobytes} kB.")
        return {"MEMLOCK": str(int(kilobytes) * 1024)}


def mask() -> None:
    """Files made from here on are closed to other people on this host."""
    os.umask(0o077)
