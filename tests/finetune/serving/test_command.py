"""`finetune serve` as it is typed: models of each kind, and what it refuses before it serves."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from finetune.cli import main
from finetune.errors import RequestError
from finetune.predict import Predictor
from finetune.serving.access import read_keys
from finetune.serving.models import Source, files_of, read_sources
from finetune.serving.options import ListenOptions, ServingOptions
from finetune.serving.server import Plan, bound, serve
from tests.finetune.serving.fake import load
from tests.finetune.serving.live import model, started

if TYPE_CHECKING:
    from finetune.serving.loading import Loaded

EVERYWHERE = "0.0.0.0"  # noqa: S104 - refused, which is what is tested
TITLES = ["央行宣布下调利率", "主队加时赛险胜对手，教练组公布大名单", ""]


@pytest.fixture(scope="module")
def run(news: Path, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, and its export."""
    folder = tmp_path_factory.mktemp("runs") / "titles"
    train = ["classify", "--data", str(news), "--encoder", str(encoder), "--output-dir", str(folder)]
    assert main([*train, "--max-steps", "30", "--lr", "2e-3", "--gpu-id", "-1"]) == 0
    assert main(["export", str(folder), "--format", "onnx"]) == 0
    return folder


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "finetune", "serve", "--port", "0", "--gpu-id", "-1", *map(str, words)]


def test_an_export_and_its_run_answer_as_the_predictor_does(run: Path) -> None:
    with started(command(f"plain={run}", run / "exports" / "onnx")) as live:
        for name, precision, near in (("plain", "auto", 1e-2), ("titles", "fp32", 1e-3)):
            answers = live.predict(TITLES, model=name).json["answers"]
            expected = list(Predictor(run, -1, precision).answers(TITLES))
            assert [one["label"] for one in answers] == [one["label"] for one in expected]
            for one, other in zip(answers, expected, strict=True):
                assert one["probabilities"] == pytest.approx(other["probabilities"], abs=near)
        told = {one["name"]: one["what"] for one in live.get("/v1/models").json["models"]}
    assert told["titles"].startswith("ONNX Runtime on the CPU")
    assert told["plain"].startswith("torch, ")


def test_no_answer_waits_for_the_caller_to_acknowledge_its_first_bytes() -> None:
    """Nagle's algorithm, where it is left on, holds the body of each answer back for 40 ms."""
    found = []

    async def one(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        found.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async def call() -> None:
        with bound(ListenOptions(port=0)) as door:
            server = await asyncio.start_server(one, sock=door)
            reader, writer = await asyncio.open_connection(*door.getsockname())
            await reader.read()
            writer.close()
            server.close()

    asyncio.run(call())
    assert found == [1]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nowhere"], "nowhere: no finetune.json in it"),
        (["{run}", "--host", EVERYWHERE], "can be reached from other machines: give --api-key-file"),
        (["{run}", "--host", EVERYWHERE, "--api-key-file", "nowhere"], "No such file or directory"),
        (["{run}", "--host", "192.0.2.1", "--without-key"], "give an address of this machine"),
        (["{run}", "{run}"], "two models are called titles"),
        (["{run}", "--max-texts", "2000"], "accepted: up to --max-queue, which is 1024"),
        (["{run}", "--max-queue", "0"], "--max-queue is 0, accepted: 1 and more"),
        (["{run}/exports/onnx", "--gpu-id", "-5"], "--gpu-id is -5, accepted: 0 and more, or -1 for the CPU"),
        (["{run}/exports/onnx", "--gpu-id", "1"], 'install "onnxruntime-gpu==1.26.*"'),
    ],
)
def test_what_cannot_be_served_is_refused(
    run: Path, words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--port", "0", *(one.format(run=run) for one in words)]) == 2
    assert complaint in capsys.readouterr().err


def test_a_taken_port_is_told(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        assert main(["serve", str(run), "--port", str(holder.getsockname()[1])]) == 2
    assert "give another --port, or 0 for a free one" in capsys.readouterr().err


def test_a_port_that_was_taken_while_models_loaded_is_told(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))

        def slow(folder: Path, options: ServingOptions) -> Loaded:
            holder.listen()
            return load(folder, options)

        listen = ListenOptions(port=holder.getsockname()[1])
        plan = Plan([Source("counter", model(tmp_path / "counter"))], listen, ServingOptions(), slow)
        with pytest.raises(RequestError, match="Address already in use; give another --port"):
            serve(plan, print)


def test_pretraining_is_not_served(
    news: Path, encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--data", str(news), "--encoder", str(encoder), "--output-dir", str(tmp_path / "run")]
    assert main(["pretrain", *given, "--max-steps", "1", "--gpu-id", "-1"]) == 0
    assert main(["serve", str(tmp_path / "run"), "--port", "0", "--gpu-id", "-1"]) == 2
    assert "the task is pretrain; served are: classify, multi-label, tag" in capsys.readouterr().err


def test_a_torchscript_export_is_not_served(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(run), "--format", "torchscript"]) == 0
    assert main(["serve", str(run / "exports" / "torchscript"), "--port", "0"]) == 2
    assert "found an export" in capsys.readouterr().err


@pytest.mark.parametrize(
    "folder", ["runs/news", "runs/news/model", "runs/news/exports/onnx-int8", "runs/news/exports/onnx"]
)
def test_a_model_is_called_by_its_run(folder: str) -> None:
    assert [one.name for one in read_sources([folder])] == ["news"]


def test_only_a_format_below_exports_is_left_out_of_the_name() -> None:
    found = read_sources(["runs/onnx-news", "runs/onnx-films/model", "models/onnx", "exports/titles"])
    assert [one.name for one in found] == ["onnx-news", "onnx-films", "onnx", "titles"]


def test_a_name_may_be_given() -> None:
    (source,) = read_sources(["people=runs/names/model"])
    assert (source.name, source.folder) == ("people", Path("runs/names/model"))


def test_of_a_run_that_trains_only_the_model_counts_as_a_change(run: Path) -> None:
    before = files_of(run)
    (run / "notes.txt").write_text("a curve")
    assert files_of(run) == before


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "found no key"),
        ("# none\n", "found no key"),
        ("long-enough-for-a-key\nshort\n", ":2: found 5 characters"),
        ("long-enough-for-a-key\nein-langer-schlüssel\n", ":2: found characters beyond ASCII"),
    ],
)
def test_a_file_without_a_good_key_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text)
    with pytest.raises(Exception, match=complaint):
        read_keys(path)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("long-enough-for-a-key\n", encoding="utf-8-sig")
    read_keys(tmp_path / "keys").check("Bearer long-enough-for-a-key")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.1.2.3"])
def test_loopback_needs_no_key(host: str) -> None:
    assert ListenOptions(host=host).loopback


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "192.168.0.5", "example.org"])
def test_any_other_address_does(host: str) -> None:
    with pytest.raises(RequestError, match="give --api-key-file"):
        ListenOptions(host=host)


def test_limits_have_ranges() -> None:
    with pytest.raises(RequestError, match="--max-wait-ms is -1, accepted: 0 and more"):
        ServingOptions(max_wait_ms=-1)
