"""Finding encoders: what is refused, and how fast and how clearly."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from finetune import encoders, network
from finetune.cli import main
from finetune.encoders import check_length, find_encoder, longest_input
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
    for part in ("did not answer", ">> .env && make up", "/workspace/models/model", "english-small"):
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
        ({"model_type": "xlm-roberta-xl", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": None}, 512),
        ({"model_type": "roberta", "max_position_embeddings": 513, "pad_token_id": 0}, 512),
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


@pytest.mark.parametrize("contents", ["<html>", "[]", "", "{"])
def test_a_configuration_that_is_none_is_refused(copied: Path, contents: str) -> None:
    (copied / "config.json").write_text(contents)
    for ask in (find_encoder, lambda name: check_length(name, 8)):
        with pytest.raises(EncoderError, match=r"copied/config.json: found .*; expected the JSON of"):
            ask(str(copied))


@pytest.mark.parametrize("name", ["pytorch_model-00001-of-00002.bin", "adapter_model.bin"])
def test_a_pickle_that_convert_does_not_take_is_not_sent_there(copied: Path, name: str) -> None:
    (copied / "model.safetensors").rename(copied / name)
    with pytest.raises(EncoderError) as caught:
        find_encoder(str(copied))
    assert "no model.safetensors in it" in str(caught.value)
    assert "finetune convert" not in str(caught.value)


@pytest.mark.parametrize("error", [httpx.ProxyError("403 Forbidden"), httpx.ReadTimeout("timed out")])
def test_a_download_that_fails_is_explained(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fails(*_: object, local_files_only: bool = False, **__: object) -> str:
        raise LocalEntryNotFoundError("not here") if local_files_only else error

    monkeypatch.setattr("huggingface_hub.snapshot_download", fails)
    monkeypatch.setattr(encoders, "why_unreachable", lambda _: None)
    with pytest.raises(EncoderError, match=f"failed: {error}"):
        find_encoder("some/model")


def test_a_hub_model_that_has_a_pickle_only_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, copied: Path
) -> None:
    (copied / "model.safetensors").unlink()
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: str(copied))
    monkeypatch.setattr(encoders, "why_unreachable", lambda _: None)
    with pytest.raises(EncoderError, match=r"some/model: no safetensors .*\n.*\n.*finetune convert"):
        find_encoder("some/model")


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        ({}, ("hub.example", 443)),
        ({"https_proxy": "proxy.corp:8080"}, ("proxy.corp", 8080)),
        ({"HTTPS_PROXY": "http://proxy.corp:3128"}, ("proxy.corp", 3128)),
        ({"ALL_PROXY": "http://proxy.corp"}, ("proxy.corp", 80)),
        ({"all_proxy": "socks5://proxy.corp"}, ("proxy.corp", 1080)),
        ({"https_proxy": "http://proxy.corp:1", "no_proxy": ".example"}, ("hub.example", 443)),
        ({"https_proxy": "http://proxy.corp:1", "NO_PROXY": "*"}, ("hub.example", 443)),
    ],
)
def test_the_proxy_that_the_download_takes_is_asked(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], asked: tuple[str, int]
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE")
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert network.reached_through("https://hub.example") == asked
