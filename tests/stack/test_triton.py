"""`docker compose --profile triton`: the server that tests/triton proves stands in for NVIDIA's image."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
import requests

from tests.stack.programs import free_port, run
from tests.stack.workbench import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.stack.workbench import Workbench

EXPORT = """
import sys
from pathlib import Path
from finetune.cli import main
from finetune.demo import titles, write_encoder, write_news

place = Path(sys.argv[1])
encoder = write_encoder(place / 'encoder', [text for text, _ in titles()])
quick = ['--encoder', str(encoder), '--gpu-id', '-1', '--max-steps', '30', '--max-rows', '400']
data = write_news(place / 'data')
assert main(['classify', '--data', str(data), '--output-dir', str(place / 'news'), *quick]) == 0
assert main(['export', str(place / 'news'), '--format', 'triton', '--output-dir', 'models/triton']) == 0
"""


@pytest.fixture(scope="module")
def server(workbench: Workbench, workspace: Path) -> Iterator[str]:
    """The address of Triton over a repository where the documentation puts it."""
    image = workbench.image.split(":")[0] + ":triton"
    if not workbench.docker("image", "ls", "--quiet", image):
        pytest.skip(f"{image} is not built: python3 tests/run.py triton builds it")
    repository, place = workspace / "models" / "triton", "/workspace/runs/stack-test-triton"
    if repository.exists():
        pytest.skip(f"{repository} is in use")
    workbench.inside("env", "OMP_NUM_THREADS=1", "python", "-c", EXPORT, place)
    # nvidia-pytriton has the Python backend alone
    logits = repository / "news_logits"
    shutil.copy(CHECKOUT / "tests" / "triton" / "stand_in.py", logits / "1" / "model.py")
    config = logits / "config.pbtxt"
    config.write_text(config.read_text().replace('backend: "onnxruntime"', 'backend: "python"'))
    ports = {f"TRITON_{name}_PORT": str(free_port()) for name in ("HTTP", "GRPC", "METRICS")}
    triton = ["docker", "compose", "--profile", "triton"]
    try:
        up = [*triton, "up", "--detach", "--wait", "--no-deps", "triton"]
        ended = run(up, workbench.checkout, env={"TRITON_IMAGE": image, **ports}, seconds=240)
        assert ended.returncode == 0, ended.stderr + workbench.compose(
            "--profile", "triton", "logs", "triton"
        )
        yield f"http://127.0.0.1:{ports['TRITON_HTTP_PORT']}/v2/models/news"
    finally:
        workbench.compose("--profile", "triton", "rm", "--stop", "--force", "triton")
        shutil.rmtree(repository)
        workbench.inside("rm", "-r", place)


def test_the_documented_repository_answers(server: str) -> None:
    texts = ["央行宣布下调利率", "国足赢了"]
    given = {"name": "TEXT", "shape": [len(texts), 1], "datatype": "BYTES", "data": texts}
    reply = requests.post(f"{server}/infer", json={"inputs": [given]}, timeout=30)
    assert reply.status_code == 200, reply.text
    (answers,) = reply.json()["outputs"]
    assert answers["name"] == "ANSWER"
    assert len(answers["data"]) == len(texts)
    assert all('"confidence"' in one for one in answers["data"])


def test_it_has_no_rights_and_listens_on_this_machine_alone(server: str, workbench: Workbench) -> None:
    assert server
    found = workbench.inspect("triton")
    assert found["HostConfig"]["CapDrop"] == ["ALL"]
    assert {one["HostIp"] for ports in found["NetworkSettings"]["Ports"].values() for one in ports or []} == {
        "127.0.0.1"
    }
