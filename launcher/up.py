"""`make up`: from whatever state this host is in to a healthy workbench; what is done already is skipped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from launcher import base as bases
from launcher import credentials, debian, dotenv, image, install, network, ports, start, volumes, workspace
from launcher.checks import proxy
from launcher.checks.resources import ENGINE_NEEDS
from launcher.choice import Choice, choose
from launcher.docker import Docker
from launcher.errors import HostNotReady, WorkbenchError
from launcher.fit import Sources, misfit
from launcher.image import Recipe
from launcher.preflight import driver_findings, gpu_findings, place_findings, refuse, told
from launcher.probes import network as sources
from launcher.probes import nvidia, system
from launcher.variants import AUTO

if TYPE_CHECKING:
    from typing import Any

    from launcher.base import Base
    from launcher.console import Console
    from launcher.host import Host
    from launcher.probes.engine import Engine
    from launcher.probes.nvidia import Nvidia
    from launcher.settings import Settings
    from launcher.state import State
    from launcher.variants import Variant

LOCK_LIMIT = "rlimit type 8"
ON_CPU = "Without the GPU it goes on with: make up VARIANT=cpu"


@dataclass(frozen=True)
class Up:
    """Everything that the steps share."""

    host: Host
    settings: Settings
    state: State
    console: Console

    def run(self) -> None:
        """Do it all; WorkbenchError says what stopped it, and the same command goes on from there."""
        engine = install.ensure(self.host, self.console, self.settings)
        docker = Docker(self.host, engine.client or "docker", self.state.checkout, self.settings.name)
        start.refuse_foreign(docker, self.settings)
        ports.check_bind(self.host, self.settings.plan.bind)
        for finding in proxy.loopback(self.settings.plan.proxies):
            self.console.say(told(finding))
        owner = workspace.prepare(self.host, self.settings, self.state)
        network.write_container(self.host, self.settings, self.state)
        refuse(place_findings(self.host, self.settings.plan, engine))
        choice, base = self.have_base(docker, engine)
        reference = f"nlp-workbench/{self.settings.name}:{choice.variant.name}"
        recipe = Recipe(reference, choice.variant.name, base, owner)
        replaced = self._build(docker, recipe, choice.variant)
        credentials.ensure(docker, self.state, reference)
        workspace.hand_over(self.host, self.state)
        volumes.hand_over(docker, self.console, self.settings.decided, recipe)
        before = docker.containers()
        self._decide(docker, recipe, choice.reason, before)
        start.Start(docker, self.console, self.settings, self.state).run(before)
        if replaced:
            docker.ask("image", "rm", replaced)  # refused where anybody still uses it

    def _build(self, docker: Docker, recipe: Recipe, variant: Variant) -> str:
        """Build what is not current; returns the id of the image that gave its name away.

        The secrets of a build are written all the same: children of the image are built with them too.
        """
        secrets = self._secrets(recipe.base.kind, variant)
        if image.is_current(docker, recipe):
            return ""
        old = str(docker.image(recipe.reference).get("Id", ""))
        image.build(docker, self.console, recipe, secrets)
        return "" if docker.image(recipe.reference).get("Id") == old else old

    def have_base(self, docker: Docker, engine: Engine) -> tuple[Choice, Base]:
        """Choose the variant, refuse what cannot work, and have its base here."""
        plan = self.settings.plan
        seen = nvidia.look(self.host, wsl=system.look(self.host).wsl > 0, wanted=plan.gpus)
        refuse(driver_findings(self.host, plan, seen), ON_CPU)
        known = bases.known(docker, plan.variants)
        choice = self._choose(engine, seen, frozenset(known))
        self.console.say(f"Variant {choice.variant.name}: {choice.reason}")
        refuse(gpu_findings(self.host, plan, choice.variant, engine, seen))
        if choice.source == "local":
            return choice, known[choice.variant.name]
        self._check_disk(engine)
        if choice.source == "registry":
            try:
                return choice, bases.pull(docker, self.console, plan.registry, choice.variant)
            except WorkbenchError as error:
                return self._without_registry(error).have_base(docker, engine)
        ground = bases.Ground(
            self._secrets(choice.source, choice.variant), network.environment(self.settings)
        )
        return choice, bases.build(docker, self.console, choice.variant, choice.source, ground)

    def _without_registry(self, error: WorkbenchError) -> Up:
        """The same where a base is to be built; the error where only a pull is wanted."""
        if self.settings.plan.base != "auto":
            raise error
        self.console.say(f"{error}\nThe base is built here instead.")
        plan = replace(self.settings.plan, base="build")
        return replace(self, settings=replace(self.settings, plan=plan))

    def _choose(self, engine: Engine, seen: Nvidia, local: frozenset[str]) -> Choice:
        """What was chosen at the last start stays as long as it fits; otherwise the network is asked once."""
        plan = self.settings.plan
        here = Sources(
            registry=False, wheel_indexes=frozenset(), pypi=False, local=local, machine=self.host.machine
        )
        last = self._last(seen, local) if plan.variant == AUTO else ""
        if last:
            kept = choose(last, plan.variants, seen.gpus, seen.driver, here)
            reason = self.settings.decided.get("WORKBENCH_REASON", kept.reason)
            return Choice(kept.variant, reason, kept.source)
        offered = here if plan.variant in local else self._offered(engine, local)
        return choose(plan.variant, plan.variants, seen.gpus, seen.driver, offered)

    def _last(self, seen: Nvidia, local: frozenset[str]) -> str:
        """The variant of the last start, where its base is here and it fits; it says why one does not."""
        last = self.settings.decided.get("WORKBENCH_VARIANT", "")
        row = self.settings.plan.variants.rows.get(last)
        if row is None or last not in local or bool(seen.gpus) != row.uses_gpu:
            return ""
        found = (misfit(row, gpu, seen.driver) for gpu in seen.gpus)
        why = next((one for one in found if one), "")
        if why:
            self.console.say(f"{last}, which the last start took, fits no longer: {why}")
        return "" if why else last

    def _offered(self, engine: Engine, local: frozenset[str]) -> Sources:
        plan = self.settings.plan
        with self.console.step("Asking where a base can be had", "a few seconds"):
            answers = sources.look(self.host, plan, engine.server, bases_only=True)
            return sources.sources(answers, plan, self.host.machine, local)

    def _secrets(self, kind: str, variant: Variant) -> dict[str, str]:
        """Debian's sources for a base built here, which has none of its own; a pulled base brings its own."""
        apt = "" if kind == "registry" else debian.sources(self.host, self.settings.plan.apt_mirror)
        return network.write_build(self.settings, self.state, variant.wheel_index, apt)

    def _check_disk(self, engine: Engine) -> None:
        if engine.server is None or engine.server.desktop or engine.remote:
            return
        root = engine.server.image_dir
        free = self.host.disk_free(root)
        if free is not None and free < ENGINE_NEEDS and not self.settings.get("SKIP_DISK_CHECK"):
            raise HostNotReady(
                f"{free / 2**30:.1f} GB free below {root}, where the engine keeps images; a build needs"
                f" {ENGINE_NEEDS / 2**30:.0f}. Make room (`docker system df` shows what), then: make up"
            )

    def _decide(self, docker: Docker, recipe: Recipe, reason: str, before: dict[str, dict[str, Any]]) -> None:
        """Write what was decided to .env, where `docker compose` finds it."""
        chosen = ports.choose(self.host, self.settings, start.held(before))
        gpu = self.settings.plan.variants.rows[recipe.variant].uses_gpu
        decided = {
            "WORKBENCH_NAME": self.settings.name,
            "WORKBENCH_IMAGE": recipe.reference,
            "WORKBENCH_VARIANT": recipe.variant,
            "WORKBENCH_REASON": reason,
            "WORKBENCH_OWNER": volumes.owner(recipe),
            "COMPOSE_FILE": "compose.yaml:compose.gpu.yaml" if gpu else "compose.yaml",
            **{name: str(port) for name, port in chosen.items()},
            **self.settings.remembered,
            "MEMLOCK": self.settings.decided.get("MEMLOCK") or self._lock_limit(docker, recipe.reference),
        }
        if "SERVE" in self.settings.decided:
            decided["SERVE"] = self.settings.decided["SERVE"]  # for `docker compose --profile serve up`
        path = self.state.checkout / ".env"
        theirs = dotenv.read(path).user
        dotenv.write(path, {name: value for name, value in decided.items() if name not in theirs})

    def _lock_limit(self, docker: Docker, reference: str) -> str:
        """An engine that may not lift the memory-lock limit (rootless, nested) keeps the limit it has."""
        run = ("run", "--rm", "--network=none", "--entrypoint=sh")
        tried = docker.ask(*run, "--ulimit=memlock=-1", reference, "-c", "true")
        if LOCK_LIMIT not in tried.output:
            return "-1"
        kilobytes = docker.run(*run, reference, "-c", "ulimit -H -l").strip()
        self.console.say(f"This engine may not lift the memory-lock limit; it stays at {kilobytes} kB.")
        return str(int(kilobytes) * 1024)
