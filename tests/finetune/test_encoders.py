"""Finding encoders: what is refused, and how fast and how clearly."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import pytest

from finetune import encoders, network
from finetune.cli import main
from finetune.encoders import find_encoder, longest_input
from finetune.errors import EncoderError
from finetune.network import why_unreachable

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_is_taken(encoder: Path) -> None:
    assert find_encoder(str(encoder)) == str(encoder)


def test_a_pickle_is_refused_with_the_command_that_converts_it(encoder: Path, tmp_path: Path) -> None:
    shutil.copytree(encoder, tmp_path / "old")
    (tmp_path / "old" / "model.safetensors").rename(tmp_path / "old" / "pytorch_model.bin")
    with pytest.raises(EncoderError, match=r"python -m finetune convert .*old"):
        find_encoder(str(tmp_path / "old"))


@pytest.mark.parametrize("name", ["/no/such/folder", "./none", "a/b/c"])
def test_a_folder_that_is_not_there_is_no_hub_name(name: str) -> None:
    with pytest.raises(EncoderError, match="there is no such folder; give --encoder"):
        find_encoder(name)


def test_a_folder_without_a_model_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"no config.json in it"):
        find_encoder(str(tmp_path))


def test_an_unreachable_hub_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "why_unreachable", lambda _: "huggingface.co did not answer within 5 s")
    with pytest.raises(EncoderError) as caught:
        find_encoder("some/model")
    for part in ("did not answer", "HF_ENDPOINT", "/workspace/models/model", "english-small"):
        assert part in str(caught.value)


def test_a_name_server_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "REACH_SECONDS", 0.1)

    monkeypatch.delenv("HF_HUB_OFFLINE")

    def hang(*_: object, **__: object) -> None:
        time.sleep(2.5)
        raise TimeoutError

    monkeypatch.setattr("finetune.network.socket.create_connection", hang)
    started = time.monotonic()
    assert "did not answer" in (why_unreachable("https://huggingface.co") or "")
    assert time.monotonic() - started < 2


def test_offline_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert why_unreachable("https://huggingface.co") == "HF_HUB_OFFLINE is set"


@pytest.mark.parametrize(
    ("config", "limit"),
    [
        ({"model_type": "bert", "max_position_embeddings": 512}, 512),
        ({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ({"model_type": "deberta-v2", "max_position_embeddings": 512, "position_biased_input": False}, None),
        ({"model_type": "t5"}, None),
    ],
)
def test_how_many_tokens_an_encoder_reads(config: dict[str, object], limit: int | None) -> None:
    assert longest_input(config) == limit


def test_texts_longer_than_the_encoder_reads_are_refused(
    encoder: Path, news: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--data", str(news), "--encoder", str(encoder), "--output-dir", str(tmp_path / "run")]
    assert main(["classify", *given, "--max-length", "129"]) == 2
    said = capsys.readouterr().err
    for part in ("--max-seq-length is 129", "at most 128 tokens", "head_tail", "windows", "another encoder"):
        assert part in said
