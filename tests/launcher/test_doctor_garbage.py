"""Doctor never crashes, whatever files and commands say."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from launcher.findings import STATUSES
from launcher.host import Completed, Reach
from launcher.render import Style, as_json, as_text
from tests.launcher.fakes import CHILD, FILES, INFO, FakeHost, add_gpu, diagnose

if TYPE_CHECKING:
    from collections.abc import Callable

    from launcher.variants import Variants

READ = [
    *(path for path in FILES if not path.endswith(".keep")),
    "/proc/driver/nvidia/version",
    "/sys/module/nvidia/version",
    "/sys/bus/pci/devices/0000:01:00.0/vendor",
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/cpu.max",
    "/sys/fs/selinux/enforce",
    "/run/systemd/container",
    "/etc/nvidia-container-runtime/config.toml",
    "/etc/apt/sources.list.d/x.sources",
]
ASKED = [
    INFO,
    "docker --version",
    "docker ps",
    "docker-compose",
    "nvidia-ctk",
    CHILD,
    "python -m pip",
    "python -c",
]
DAMAGE: dict[str, Callable[[str], str]] = {
    "empty": lambda _: "",
    "cut in the middle": lambda text: text[: len(text) // 2],
    "twice": lambda text: text + text,
    "numbers for words": lambda text: text.replace('"', ""),
    "other types": lambda text: text.replace("{", "[").replace("}", "]").replace(":", ","),
    "null everywhere": lambda text: text.replace('"2', "null,").replace("0", "null"),
    "huge numbers": lambda text: text.replace("8", "9" * 400),
    "Arabic digits": lambda text: text.replace("5", "٥").replace("1", "١"),
    "binary": lambda text: "\x00\udcff\x1b[31m" + text[::-1],
    "deep": lambda _: "[" * 100_000,
}


def examine(host: FakeHost, variants: Variants) -> None:
    """It answers with findings, and both ways to print them work."""
    found = diagnose(host, variants)
    assert {finding.status for finding in found} <= set(STATUSES)
    assert "\x1b" not in as_text(found, Style()).replace("\n", "")
    assert as_json(found).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_it_survives_files_and_answers_that_are(
    damage: Callable[[str], str], host: FakeHost, variants: Variants
) -> None:
    add_gpu(host)
    for path in READ:
        host.write(path, damage(host.read_text(path) or "").encode("utf-8", "surrogateescape"))
    for name, answer in host.commands.items():
        host.commands[name] = damage(answer if isinstance(answer, str) else answer.stdout)
    examine(host, variants)


@pytest.mark.parametrize(
    "ending", [Completed((), -9, timed_out=True), Completed((), 1, "", "\x00"), Completed((), 0)]
)
def test_it_survives_commands_that_all_end_in_the_same_bad_way(
    ending: Completed, host: FakeHost, variants: Variants
) -> None:
    add_gpu(host)
    host.commands = dict.fromkeys(ASKED, ending)
    examine(host, variants)


def test_it_survives_a_host_where_nothing_can_be_read_or_run(host: FakeHost, variants: Variants) -> None:
    host.root = host.root / "nowhere"
    host.commands, host.programs, host.free = {}, {}, {}
    host.unreachable("other", "/")
    examine(host, variants)


BYTES = st.one_of(
    st.binary(max_size=80), st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace"))
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["cuda", "gpus", "code"]), inner)
    ),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.dictionaries(st.sampled_from(READ), BYTES, max_size=8),
    answers=st.dictionaries(st.sampled_from(ASKED), st.text(max_size=60), max_size=6),
    returncode=st.sampled_from([0, 1, 127, -11]),
    reason=st.text(max_size=20),
)
def test_it_survives_noise(
    files: dict[str, bytes], answers: dict[str, str], returncode: int, reason: str, variants: Variants
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        host = FakeHost(Path(folder))
        add_gpu(host)
        for path, noise in files.items():
            host.write(path, noise)
        host.commands.update({name: Completed((), returncode, text, text) for name, text in answers.items()})
        host.answers["huggingface"] = Reach("", ok=False, kind="other", reason=reason, seconds=0, date=reason)
        examine(host, variants)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys=st.dictionaries(
        st.sampled_from(
            ["ServerVersion", "ClientInfo", "Runtimes", "SecurityOptions", "RegistryConfig", "MemTotal"]
        ),
        JSON,
    )
)
def test_it_survives_an_engine_whose_json_has_other_types(
    keys: dict[str, object], host: FakeHost, variants: Variants
) -> None:
    host.engine(**keys)
    examine(host, variants)
