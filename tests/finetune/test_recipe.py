"""What every script does with its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from finetune import recipe
from finetune.commands import classify
from finetune.commands.training import read_settings
from finetune.demo import Demo
from finetune.recipe import Script

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    from finetune.options import Settings

SCRIPT = Script(
    about="Learns poems.",
    name="poems",
    verb="classify",
    data="verses",
    files={"train.txt": "a verse, a tab and a class", "class.txt": "the names"},
    defaults="--max-length 40",
    encoder="--encoder ballads --epochs 3 --lr 1e-4",
    demo="--epochs 1",
    write_demo=lambda folder: Demo(folder, "tiny"),
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(recipe, "workspace", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def settings(place: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], Settings]:
    """Run the script as far as its settings."""
    assert place.is_dir()
    found: list[Settings] = []

    def run(arguments: argparse.Namespace, _: object) -> int:
        found.append(read_settings(arguments))
        return 0

    def started(given: list[str]) -> Settings:
        assert recipe.run(SCRIPT, given) == 0
        return found.pop()

    monkeypatch.setattr(classify, "run", run)
    return started


def test_what_the_user_gives_wins_over_the_defaults(
    settings: Callable[[list[str]], Settings], place: Path
) -> None:
    found = settings(["--data", "mine", "--lr", "1e-3"])
    assert (str(found.data.data), found.data.max_seq_length) == ("mine", 40)
    assert (found.training.num_train_epochs, found.training.learning_rate) == (3, 1e-3)
    assert found.run.save_path == place / "models" / "final" / "poems"


def test_what_suits_one_encoder_does_not_hold_for_another(
    settings: Callable[[list[str]], Settings],
) -> None:
    found = settings(["--data", "mine", "--encoder", "odes"])
    assert (found.model.model_name_or_path, found.data.max_seq_length) == ("odes", 40)
    assert (found.training.num_train_epochs, found.training.learning_rate) == (3.0, 5e-5)


def test_settings_from_a_file_win_over_the_defaults(
    settings: Callable[[list[str]], Settings], place: Path
) -> None:
    (place / "my.yaml").write_text("data: mine\nmax_seq_length: 99\noutput_dir: there\nlearning_rate: 2e-4\n")
    found = settings(["--config", str(place / "my.yaml"), "--epochs", "7"])
    assert (str(found.data.data), found.data.max_seq_length, str(found.run.output_dir)) == (
        "mine",
        99,
        "there",
    )
    assert (found.training.num_train_epochs, found.training.learning_rate) == (7, 2e-4)
    assert found.model.model_name_or_path == "ballads"


def test_an_encoder_from_a_file_brings_its_own_settings(
    settings: Callable[[list[str]], Settings], place: Path
) -> None:
    (place / "my.yaml").write_text("data: mine\nmodel_name_or_path: odes\n")
    assert settings(["--config", str(place / "my.yaml")]).training.learning_rate == 5e-5


def test_the_usual_folder_is_taken_where_it_is_there(
    settings: Callable[[list[str]], Settings], place: Path
) -> None:
    (place / "data" / "raw" / "verses").mkdir(parents=True)
    assert settings([]).data.data == place / "data" / "raw" / "verses"


def test_data_that_is_named_another_way_is_not_asked_for(settings: Callable[[list[str]], Settings]) -> None:
    assert settings(["--train_file=a.txt"]).data.data is None


def test_help_needs_no_data(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert place.is_dir()
    with pytest.raises(SystemExit):
        recipe.run(SCRIPT, ["--help"])
    assert "--train-file" in capsys.readouterr().out


def test_missing_data_says_which_files_go_where(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert recipe.run(SCRIPT, []) == 2
    said = capsys.readouterr().err
    assert f"error: there is no data at {place}/data/raw/verses" in said
    for part in (f"{place}/data/raw/verses/train.txt", "a verse, a tab and a class", "class.txt", "--demo"):
        assert part in said


def test_demo_writes_its_data_and_names_it(settings: Callable[[list[str]], Settings], place: Path) -> None:
    found = settings(["--demo", "--lr", "2e-3"])
    assert (found.training.num_train_epochs, found.training.learning_rate) == (1, 2e-3)
    assert (found.data.data, found.model.model_name_or_path) == (place / "data" / "demo-poems", "tiny")


def test_help_shows_what_the_script_sets(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert place.is_dir()
    with pytest.raises(SystemExit):
        recipe.run(SCRIPT, ["--help"])
    said = " ".join(capsys.readouterr().out.split())
    for part in (
        "Learns poems.",
        "--demo",
        "[40]",
        "[3.0]",
        "[0.0001]",
        "[ballads]",
        "/runs/poems]",
    ):
        assert part in said
    assert "do not hold where you name another: --epochs 3 --lr 1e-4" in said


def test_a_file_without_data_leaves_the_usual_folder(
    settings: Callable[[list[str]], Settings], place: Path
) -> None:
    (place / "data" / "raw" / "verses").mkdir(parents=True)
    (place / "my.yaml").write_text("learning_rate: 2e-4\n")
    found = settings(["--config", str(place / "my.yaml")])
    assert (found.data.data, found.training.learning_rate) == (place / "data" / "raw" / "verses", 2e-4)
