"""nvidia-smi in its known moods, played by a script."""

import sys
from pathlib import Path

import pytest
from smoke.nvidia_smi import check
from smoke.results import FailedError, SkippedError
from smoke.settings import Settings

ONE = "0, NVIDIA GeForce RTX 4090, 550.54.15, 24564, GPU-1111"
TWO = "1, NVIDIA GeForce RTX 3060, 550.54.15, 12288, GPU-2222"


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that is all of PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def play(folder: Path, said: str, code: int = 0) -> None:
    script = folder / "nvidia-smi"
    script.write_text(f"#!{sys.executable}\nprint({said!r})\nraise SystemExit({code})\n")
    script.chmod(0o755)


def test_the_devices_are_listed(smi: Path, cu126: Settings) -> None:
    play(smi, f"{ONE}\n{TWO}")
    seen = check(cu126)
    assert seen.detail.startswith("driver 550.54.15, 2 GPU: NVIDIA GeForce RTX 4090 (24564 MiB), ")
    assert isinstance(seen.data["gpus"], list)
    assert seen.data["gpus"][1]["uuid"] == "GPU-2222"


@pytest.mark.parametrize(
    ("said", "code", "mend"),
    [
        pytest.param("Failed to initialize NVML: Unknown Error", 255, "daemon-reload", id="lost its GPU"),
        pytest.param(
            "Failed to initialize NVML: Driver/library version mismatch", 18, "restart", id="update"
        ),
        pytest.param("NVIDIA-SMI has failed because it couldn't communicate", 9, "modprobe", id="no module"),
        pytest.param("No devices were found", 0, "dmesg", id="no devices"),
        pytest.param("Segmentation fault", 139, "on the host", id="anything else"),
        pytest.param("", 0, "on the host", id="silence"),
    ],
)
def test_a_failure_is_told_with_what_mends_it(
    smi: Path, cu126: Settings, said: str, code: int, mend: str
) -> None:
    play(smi, said, code)
    with pytest.raises(FailedError) as caught:
        check(cu126)
    assert said in caught.value.detail
    assert mend in caught.value.mend


@pytest.mark.usefixtures("smi")
def test_without_nvidia_smi_the_toolkit_is_named(cu126: Settings) -> None:
    with pytest.raises(FailedError, match="not in this container") as caught:
        check(cu126)
    assert "container toolkit" in caught.value.mend


def test_the_cpu_variant_may_skip_it(cpu: Settings) -> None:
    with pytest.raises(SkippedError) as caught:
        check(cpu)
    assert caught.value.allowed
