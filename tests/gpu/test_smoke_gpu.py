"""The smoke checks on a real GPU, held against the torch that is installed here."""

import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device that this torch can use"),
]

sys.path.insert(0, str(Path(__file__).parents[2] / "docker/rootfs/usr/local/lib/workbench"))

from smoke.catalogue import CHECKS, Check, select  # noqa: E402 - found through the line above
from smoke.matmul import product_error  # noqa: E402
from smoke.off_device import explain, find_off_device  # noqa: E402
from smoke.record import Record  # noqa: E402
from smoke.results import FailedError, Seen  # noqa: E402
from smoke.runner import run_apart  # noqa: E402
from smoke.settings import Settings  # noqa: E402
from smoke.versions import installed  # noqa: E402

ON_GPU = [check for check in CHECKS if check.name != "jupyter"]


@pytest.fixture(scope="module")
def here() -> Settings:
    """Promise what is installed, on a variant that needs a GPU."""
    found = {name: value for name, value in installed().items() if name != "gpu_architectures"}
    texts = {name: None if value is None else str(value) for name, value in found.items()}
    return Settings(Record(variant="gpu", gpu_architectures=(), **texts))  # type: ignore[arg-type] # torch is there


@pytest.mark.parametrize("check", ON_GPU, ids=lambda check: str(check.name))
def test_every_check_is_green_on_this_gpu(check: Check, here: Settings) -> None:
    result = run_apart(check, here, limit=300)
    assert result.outcome.green, result.line()
    assert result.outcome.status == "passed" or check.name == "nccl"


def test_every_gpu_was_multiplied_on(here: Settings) -> None:
    data = run_apart(select(["matmul"])[0], here, limit=300).outcome.data
    assert list(data) == [f"cuda:{index}" for index in range(torch.cuda.device_count())]


def test_bert_ran_on_the_gpu(here: Settings) -> None:
    assert run_apart(select(["bert"])[0], here, limit=300).outcome.data["device"] == "cuda:0"


def test_torch_complains_of_the_loud_mistake_and_not_of_the_silent_one(here: Settings) -> None:
    seen = select(["cpu-inputs"])[0].load()(here)
    assert isinstance(seen, Seen)
    assert "cuda" in str(seen.data["torch_says"])
    assert seen.data["torch_says_of_all"] == "nothing"


def test_a_model_left_on_the_cpu_is_found_without_being_told_a_device() -> None:
    model = torch.nn.Linear(4, 4)
    strays = find_off_device(model, {"x": torch.ones(2, 4)})
    assert [stray.name for stray in strays] == ["weight", "bias", "x"]
    assert "without an error" in explain(strays, torch.device("cuda", 0))


def test_a_wrong_product_is_seen_on_the_gpu() -> None:
    with pytest.raises(FailedError, match="is off by"):
        product_error(torch.device("cuda", 0), torch.float32, lambda left, right: left @ right * 1.01)


@pytest.mark.filterwarnings("ignore:.*TF32")  # newer torch has a newer switch
def test_tf32_is_told_from_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    if torch.cuda.get_device_capability() < (8, 0):
        pytest.skip("this GPU has no TF32")
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", True)
    with pytest.raises(FailedError, match="expected at most 1e-05") as caught:
        product_error(torch.device("cuda", 0), torch.float32)
    assert "TF32" in caught.value.mend
