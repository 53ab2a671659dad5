"""The command line and the YAML file."""

from __future__ import annotations

import errno
import os
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from finetune import __version__
from finetune.arguments import build, field_help
from finetune.cli import VERBS, guarded, main, verb_parser
from finetune.commands.training import KINDS, YAML_HELP
from finetune.errors import FinetuneError
from finetune.reference import reference
from finetune.settings_file import from_yaml

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    Write = Callable[[str, str | bytes], Path]

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([verb, "--help"])
    assert caught.value.code == 0
    assert "usage: finetune" in capsys.readouterr().out


def test_help_does_not_wait_for_torch() -> None:
    code = "import sys; from finetune.cli import VERBS, verb_parser\n"
    code += "print([verb for verb in VERBS if verb_parser(verb).format_help() and 'torch' in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_every_option_has_a_help_text() -> None:
    for kind in KINDS:
        assert set(field_help(kind)) == {name for name in kind.__dataclass_fields__}  # noqa: C416


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["clasify"], "there is no verb 'clasify'; accepted: inspect, classify"),
        (["classify"], "give the data once"),
        (["classify", "--data", "x", "--learningrate", "1"], "unrecognized arguments: --learningrate"),
        (
            ["classify", "--data", "x", "--lr", "fast"],
            "argument --learning-rate/--lr: invalid float value: 'fast'",
        ),
        (["classify", "--data", "x", "--lr", "-1"], "--learning-rate is -1.0, accepted: above 0"),
        (["classify", "--data", "x", "--precision", "int4"], "invalid choice: 'int4'"),
        (["classify", "--data", "no-such-folder"], "no-such-folder: there is no such file or folder"),
        (["predict", "no-such-model", "text"], "no finetune.json in it"),
    ],
)
def test_a_wrong_request_is_explained(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


def test_names_as_transformers_writes_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "--data=x", "--learning_rate=0"]) == 2
    assert "--learning-rate is 0.0" in capsys.readouterr().err


def test_yaml_gives_the_same_settings(write: Write) -> None:
    path = write(
        "a.yaml",
        "data: news\nlearning_rate: 5e-5\nnum-train-epochs: 2\ndeterministic: true\noutput_dir: runs/x\n",
    )
    data, _, training, run = build(KINDS, from_yaml(path, KINDS))
    assert (data.data, run.output_dir) == (Path("news"), Path("runs/x"))
    assert (training.learning_rate, training.num_train_epochs, training.deterministic) == (5e-5, 2.0, True)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ("data: x\nlearnin_rate: 1\n", r"a.yaml:2: found the setting 'learnin_rate'; expected one of: "),
        ("data: x\n\nseed: many\n", r"a.yaml:3: found seed: 'many'; expected int"),
        ("deterministic: 1\n", r"a.yaml:1: found deterministic: 1; expected bool"),
        ("precision: int4\n", r"a.yaml:1: found precision: 'int4'"),
        ("a: [\n", r"a.yaml:2: found no YAML"),
        ("- a\n", r"a.yaml:1: found no settings"),
        ("", r"a.yaml:1: found no settings"),
    ],
)
def test_a_wrong_yaml_file_is_refused_with_its_line(write: Write, contents: str, message: str) -> None:
    with pytest.raises(FinetuneError, match=message):
        build(KINDS, from_yaml(write("a.yaml", contents), KINDS))


def examples(verb: str) -> list[str]:
    module = import_module(f"finetune.commands.{verb}")
    return [line.strip() for line in module.EXAMPLES.splitlines() if line.startswith("  finetune ")]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_ends_with_examples_that_its_parser_takes(verb: str) -> None:
    assert examples(verb)
    for line in examples(verb):
        _, given_verb, *given = shlex.split(line)
        assert given_verb == verb
        verb_parser(verb).parse_args(given)


def test_the_yaml_file_that_help_shows_is_read(write: Write) -> None:
    lines = [line.strip() for line in YAML_HELP.splitlines() if line.startswith("  ")]
    data, model, training, _ = build(KINDS, from_yaml(write("news.yaml", "\n".join(lines)), KINDS))
    assert (data.data, model.model_name_or_path) == (Path("data/raw/news"), "bert-base-chinese")
    assert (training.num_train_epochs, training.learning_rate) == (3.0, 5e-5)


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"finetune {__version__}\n"


@pytest.mark.parametrize("buffered", ["", "1"])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_only_a_reader_of_the_answers_may_leave(stream: str, buffered: str) -> None:
    work = f"guarded(lambda: print('an answer', file=sys.{stream}) or 0)"
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; from finetune.cli import guarded; sys.exit({work})"],
        stdout=writing if stream == "stdout" else subprocess.PIPE,
        stderr=writing if stream == "stderr" else subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": buffered},
        check=False,
    )
    os.close(writing)
    assert (done.returncode == 0) is (stream == "stdout")
    assert not done.stdout
    assert not done.stderr


def test_help_shows_a_typical_session(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(
        f"finetune {verb} " in said for verb in ("inspect", "classify", "predict", "evaluate", "compare")
    )


def test_the_command_reference_says_what_the_code_says() -> None:
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == reference(), "run: python -m finetune.reference > docs/cli.md"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device; free some disk space"),
        (PermissionError(errno.EACCES, "Permission denied", "/data/x"), "/data/x: Permission denied"),
        (OSError("could not open"), "could not open"),
    ],
)
def test_what_the_disk_refuses_is_a_message(
    error: OSError, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> int:
        raise error

    assert guarded(fails) == 1
    assert f"error: {said}" in capsys.readouterr().err


def test_memory_that_others_took_is_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> int:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 MiB. GPU 0 has …")

    assert guarded(work) == 1
    said = capsys.readouterr().err
    assert said == "error: out of memory (CUDA out of memory); nvidia-smi names who else uses the GPU\n"


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("classify", "error: interrupted; the same command goes on from the last checkpoint\n"),
        ("evaluate", "error: interrupted\n"),
    ],
)
def test_only_a_training_promises_to_go_on(
    verb: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"finetune.commands.{verb}.run", interrupted)
    assert main([verb, *(["--data", "x"] if verb == "classify" else ["model", "x.csv"])]) == 1
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        (["--gpu-id", "-1", "one", "two"], ["one", "two"]),
        (["one", "--gpu-id", "-1", "two"], ["one", "two"]),
        (["--gpu-id", "-1", "--", "-5 degrees"], ["-5 degrees"]),
        (["--gpu-id", "-1"], []),
    ],
)
def test_texts_may_stand_behind_the_options(
    given: list[str], texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Namespace] = []

    def run(found: Namespace, _: object) -> int:
        seen.append(found)
        return 0

    monkeypatch.setattr("finetune.commands.predict.run", run)
    assert main(["predict", "model", *given]) == 0
    assert (str(seen[0].model), seen[0].texts, seen[0].gpu_id) == ("model", texts, -1)
