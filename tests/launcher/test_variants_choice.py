"""Which variant a host gets, and why; or which one it is told to take instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from launcher.choice import choose
from launcher.errors import HostNotReady, RequestError
from launcher.fit import Sources, architecture_for
from launcher.probes.nvidia import Driver, Gpu

if TYPE_CHECKING:
    from launcher.variants import Variants

NONE: frozenset[str] = frozenset()
EVERYTHING = Sources()
ONLY_PYPI = Sources(registry=False, wheel_indexes=NONE, pypi=True)
ONLY_WHEELS = Sources(registry=False, pypi=False)
NOTHING = Sources(registry=False, wheel_indexes=NONE, pypi=False)
ONLY_LOCAL = Sources(registry=False, wheel_indexes=NONE, pypi=False, local=frozenset({"cu126", "cpu"}))
ARM = Sources(machine="aarch64")

GPUS = {
    "K80": ("Tesla K80", (3, 7)),
    "GTX 750": ("GTX 750", (5, 0)),
    "GTX 1080": ("GTX 1080", (6, 1)),
    "V100": ("Tesla V100", (7, 0)),
    "T4": ("Tesla T4", (7, 5)),
    "A100": ("A100", (8, 0)),
    "RTX 4090": ("RTX 4090", (8, 9)),
    "H100": ("H100", (9, 0)),
    "B200": ("B200", (10, 0)),
    "B300": ("B300", (10, 3)),
    "RTX 5090": ("RTX 5090", (12, 0)),
    "GB10": ("GB10", (12, 1)),
}
DRIVERS = {
    "": None,
    "440": Driver("440.33.01", (10, 2)),
    "450": Driver("450.80.02", (11, 0)),
    "470": Driver("470.256.02", (11, 4)),
    "535": Driver("535.183.01", (12, 2)),
    "550": Driver("550.54.14", (12, 4)),
    "570": Driver("570.86.15", (12, 8)),
    "580": Driver("580.65.06", (13, 0)),
    "silent": Driver(None, None),
    "WSL 11.4": Driver("472.12", (11, 4), wsl=True),
    "WSL 10.2": Driver("452.06", (10, 2), wsl=True),
    "WSL 12.4": Driver("551.61", (12, 4), wsl=True),
    "WSL 12.8": Driver("572.16", (12, 8), wsl=True),
    "API 12.2": Driver(None, (12, 2)),
}


@dataclass(frozen=True)
class Row:
    """GPUs, driver, what was asked for; what comes out, and words of the reason."""

    gpus: str
    driver: str
    asked: str
    gets: str
    words: str = ""
    sources: Sources = EVERYTHING

    def __str__(self) -> str:
        return (
            f"{self.gpus or 'no GPU'}, driver {self.driver or 'none'}, {self.asked}: {self.gets} {self.words}"
        )


def gpus(names: str) -> list[Gpu]:
    return [Gpu(number, *GPUS[name]) for number, name in enumerate(names.split(" + ")) if name]


CHOSEN = [
    Row("A100", "535", "auto", "cu118", "it is the default"),
    Row("A100 + A100", "535", "auto", "cu118", "2 x A100 (sm_80)"),
    Row("GTX 750", "450", "auto", "cu118"),
    Row("GTX 1080", "450", "auto", "cu118"),
    Row("V100", "470", "auto", "cu118"),
    Row("T4", "580", "auto", "cu118"),
    Row("RTX 4090", "450", "auto", "cu118"),
    Row("H100", "550", "auto", "cu118"),
    Row("A100 + V100", "535", "auto", "cu118"),
    Row("RTX 5090", "570", "auto", "cu128", "does not run cu118"),
    Row("GB10", "580", "auto", "cu128", "sm_121"),
    Row("B200", "570", "auto", "cu128"),
    Row("B300", "580", "auto", "cu128", "sm_103"),
    Row("RTX 4090 + RTX 5090", "570", "auto", "cu128", "GPU 1 RTX 5090"),
    Row("RTX 5090", "550", "auto", "cpu", "needs driver 570.26 or newer, found driver 550.54.14"),
    Row("A100", "440", "auto", "cpu", "needs driver 450.80.02 or newer"),
    Row("K80", "470", "auto", "cpu", "sm_37"),
    Row("K80 + A100", "470", "cpu", "cpu", "stays unused"),
    Row("", "", "auto", "cpu", "no NVIDIA GPU"),
    Row("", "", "cpu", "cpu", "asked for with VARIANT=cpu"),
    Row("A100", "silent", "auto", "cu118", "unknown version"),
    Row("A100", "API 12.2", "auto", "cu118"),
    Row("RTX 4090", "WSL 11.4", "auto", "cu118"),
    Row("RTX 4090", "WSL 10.2", "auto", "cpu", "CUDA 11.0 or newer"),
    Row("RTX 5090", "WSL 12.8", "auto", "cu128"),
    Row("RTX 5090", "WSL 12.4", "auto", "cpu", "CUDA 12.8 or newer"),
    Row("RTX 4090", "535", "cu126", "cu126", "asked for"),
    Row("A100", "535", "auto", "cu126", "PyPI carries only cu126", ONLY_PYPI),
    Row("", "", "auto", "cpu", "", ONLY_PYPI),
    Row("A100", "470", "auto", "cpu", "would take cu118", ONLY_PYPI),
    Row("RTX 5090", "570", "auto", "cpu", "would take cu128", ONLY_PYPI),
    Row("A100", "535", "auto", "cu126", "would take cu118", ONLY_LOCAL),
    Row("A100", "535", "auto", "cu118", "", ONLY_WHEELS),
    Row("A100", "535", "auto", "cpu", "this host is aarch64", ARM),
]
REFUSED = [
    Row("RTX 5090", "570", "cu118", "VARIANT=cu128 or VARIANT=cpu", "sm_50 to sm_90"),
    Row("V100", "535", "cu128", "VARIANT=cu118 or VARIANT=cu126 or VARIANT=cpu", "sm_75 to sm_120"),
    Row("A100", "470", "cu126", "VARIANT=cu118 or VARIANT=cpu", "needs driver 525.60.13"),
    Row("RTX 5090", "550", "cu128", "VARIANT=cpu", "needs driver 570.26"),
    Row("K80", "470", "cu118", "VARIANT=cpu", "sm_37"),
    Row("", "", "cu118", "VARIANT=cpu", "needs a GPU"),
    Row(
        "V100 + RTX 5090",
        "570",
        "auto",
        "GPUS=0",
        "GPU 0 Tesla V100 (sm_70) fits cu118, cu126; GPU 1",
    ),
    Row("K80 + A100", "470", "auto", "GPUS=0", "GPU 0 Tesla K80 (sm_37) fits cpu only; GPU 1"),
    Row("V100 + RTX 5090", "570", "cu128", "GPUS=0", "GPU 1 RTX 5090 (sm_120) fits cu128"),
]


@pytest.mark.parametrize("row", CHOSEN, ids=str)
def test_this_host_gets(row: Row, variants: Variants) -> None:
    choice = choose(row.asked, variants, gpus(row.gpus), DRIVERS[row.driver], row.sources)
    assert choice.variant.name == row.gets
    assert row.words in choice.reason
    assert "\n" not in choice.reason


@pytest.mark.parametrize("row", REFUSED, ids=str)
def test_this_request_is_refused_with_what_can_work(row: Row, variants: Variants) -> None:
    with pytest.raises(RequestError) as refusal:
        choose(row.asked, variants, gpus(row.gpus), DRIVERS[row.driver], row.sources)
    assert row.gets in str(refusal.value)
    assert row.words in str(refusal.value)


@pytest.mark.parametrize(
    ("asked", "sources", "source"),
    [
        ("cu126", EVERYTHING, "registry"),
        ("cu126", ONLY_WHEELS, "wheels"),
        ("cu126", ONLY_PYPI, "pypi"),
        ("cu126", ONLY_LOCAL, "local"),
        ("cpu", EVERYTHING, "wheels"),
        ("cpu", ONLY_PYPI, "pypi"),
    ],
)
def test_the_base_comes_from_the_best_source(
    asked: str, sources: Sources, source: str, variants: Variants
) -> None:
    assert choose(asked, variants, gpus("A100"), DRIVERS["535"], sources).source == source


@pytest.mark.parametrize(
    ("asked", "sources", "words"),
    [
        ("cu118", ONLY_PYPI, "VARIANT=cu126 or VARIANT=cpu"),
        ("auto", NOTHING, "no base can be had"),
        ("cu118", NOTHING, "make doctor"),
        ("cu118", ARM, "for x86_64 only"),
    ],
)
def test_a_base_that_cannot_be_had_is_said_with_what_can(
    asked: str, sources: Sources, words: str, variants: Variants
) -> None:
    with pytest.raises(HostNotReady) as refusal:
        choose(asked, variants, gpus("A100"), DRIVERS["535"], sources)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("gpu", "variant", "kernels"),
    [
        ("RTX 4090", "cu118", "sm_86"),
        ("GB10", "cu128", "sm_120"),
        ("B300", "cu128", "sm_100"),
        ("GTX 1080", "cu118", "sm_60"),
        ("A100", "cu118", "sm_80"),
        ("B200", "cu118", None),
        ("V100", "cu128", None),
    ],
)
def test_a_gpu_runs_kernels_of_its_major_and_no_later_minor(
    gpu: str, variant: str, kernels: str | None, variants: Variants
) -> None:
    assert architecture_for(variants.rows[variant], gpus(gpu)[0]) == kernels
