"""Options that take a number or a word, from the command line and from YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from finetune.cli import main
from finetune.errors import DataError, RequestError
from finetune.options import TrainingOptions
from finetune.settings_file import from_yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_an_automatic_batch_is_what_suits_fine_tuning_whatever_memory_holds() -> None:
    options = TrainingOptions(per_device_train_batch_size="auto", gradient_accumulation_steps=2)
    assert options.batch_size == 64


def test_a_number_and_a_word_are_read_from_yaml(write: Callable[[str, str], Path]) -> None:
    path = write("a.yaml", "gpus: all\nfreeze_layers: 2\nper_device_train_batch_size: auto\n")
    assert from_yaml(path, [TrainingOptions]) == {
        "gpus": "all", "freeze_layers": 2, "per_device_train_batch_size": "auto",
    }  # fmt: skip


def test_another_word_in_yaml_is_an_error_with_its_line(write: Callable[[str, str], Path]) -> None:
    with pytest.raises(DataError, match=r"a.yaml:1: found gpus: 'many'; expected int or all"):
        from_yaml(write("a.yaml", "gpus: many\n"), [TrainingOptions])


def test_another_word_on_the_command_line_names_the_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "--data", "x", "--freeze-layers", "some"]) == 2
    assert "int or embeddings or encoder" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [{"gpus": 0}, {"nodes": 0}, {"max_tokens": -1}, {"freeze_layers": -1}])
def test_numbers_below_one_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(RequestError, match="accepted: above 0"):
        TrainingOptions(**wrong)  # type: ignore[arg-type]


def test_several_gpus_and_a_certain_one_contradict() -> None:
    with pytest.raises(RequestError, match="both --gpus 2 and --gpu-id 0"):
        TrainingOptions(gpus=2, gpu_id=0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("num_train_epochs", one) for one in (float("inf"), float("nan"))),
        *(("learning_rate", one) for one in (0, float("inf"), float("nan"))),
        *(
            (name, one)
            for name in ("weight_decay", "max_grad_norm", "warmup_steps")
            for one in (-1, float("nan"))
        ),
        *(("seed", one) for one in (-1, 1 << 32)),
    ],
)
def test_numbers_that_no_training_can_use_are_refused(name: str, value: float) -> None:
    with pytest.raises(RequestError, match=f"--{name.replace('_', '-')} is {value}, accepted: "):
        TrainingOptions(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            ["classify", "--head", "linear"],
            "--head linear has no meaning for the task classify; leave",
        ),
        (["classify", "--multi-label", "--mlm-probability", "0.2"], "no meaning for the task multi-label"),
        (["tag", "--multi-label"], "--multi-label has no meaning for the task tag; leave it out"),
        (["tag", "--long-texts", "windows"], "--long-texts windows has no meaning for the task tag"),
        (["tag", "--text-column", "x"], "--text-column x has no meaning for the task tag"),
        (["tag", "--class-weights", "balanced"], "--class-weights balanced has no meaning for the task tag"),
        (["pretrain", "--label-smoothing", "0.1"], "--label-smoothing-factor 0.1 has no meaning"),
        (["pretrain", "--head", "linear"], "--head linear has no meaning for the task pretrain"),
        (
            ["inspect", "--task", "tag", "--label-column", "x"],
            "--label-column x has no meaning for",
        ),
    ],
)
def test_a_setting_of_another_task_is_refused(
    given: list[str], said: str, write: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*given, "--data", str(write("a.txt", "a\t0\n"))]) == 2
    assert said in capsys.readouterr().err


def test_what_another_task_s_settings_are_by_default_does_no_harm(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "--data", "nowhere", "--head", "crf"]) == 2
    assert "nowhere: there is no such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("verb", "own", "other"), [("classify", "--multi-label", "--head"), ("tag", "--head", "--multi-label")]
)
def test_the_help_teaches_the_settings_of_its_task(
    verb: str, own: str, other: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([verb, "--help"])
    shown = capsys.readouterr().out.split()
    assert own in shown
    assert other not in shown


@pytest.mark.parametrize("task", ["tag", "pretrain"])
def test_light_is_for_classifiers_only(
    task: str, write: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([task, "--data", str(write("a.txt", "a O\n")), "--encoder", "light"]) == 2
    assert f"--encoder light is a classifier, and the task is {task}; give a" in capsys.readouterr().err


def test_pretraining_knows_no_classes_and_still_takes_a_label_column(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["pretrain", "--help"])
    shown = capsys.readouterr().out
    assert "--label-column" not in shown
    assert "--class-file" not in shown
    assert main(["pretrain", "--data", "nowhere", "--label-column", "x"]) == 2
    assert "nowhere: there is no such file" in capsys.readouterr().err
