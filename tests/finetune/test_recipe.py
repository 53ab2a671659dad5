"""What every script does with its arguments."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from finetune import recipe
from finetune.errors import RequestError
from finetune.recipe import Script, arguments

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = Script(
    name="poems",
    verb="classify",
    data="verses",
    files={"train.txt": "a verse, a tab and a class", "class.txt": "the names"},
    defaults="--epochs 3 --lr 1e-4",
    demo="--epochs 1",
    write_demo=lambda folder: ["--data", str(folder)],
)


def value(found: list[str], name: str) -> str:
    """Take the last one of an option, as argparse does."""
    return [after for one, after in pairwise(found) if one == name][-1]


def test_what_the_user_gives_wins_over_the_defaults(tmp_path: Path) -> None:
    found = arguments(SCRIPT, ["--data", "mine", "--lr", "1e-3"], tmp_path)
    assert [value(found, name) for name in ("--data", "--epochs", "--lr")] == ["mine", "3", "1e-3"]
    assert value(found, "--save-path") == str(tmp_path / "models" / "final" / "poems")


def test_the_usual_folder_is_taken_where_it_is_there(tmp_path: Path) -> None:
    (tmp_path / "data" / "raw" / "verses").mkdir(parents=True)
    assert value(arguments(SCRIPT, [], tmp_path), "--data") == str(tmp_path / "data" / "raw" / "verses")


@pytest.mark.parametrize("given", ["--config=a.yaml", "--train_file=a.txt", "--help"])
def test_data_that_is_named_another_way_is_not_asked_for(given: str, tmp_path: Path) -> None:
    assert "--data" not in arguments(SCRIPT, [given], tmp_path)


def test_missing_data_says_which_files_go_where(tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        arguments(SCRIPT, [], tmp_path)
    for part in (
        f"{tmp_path}/data/raw/verses/train.txt",
        "a verse, a tab and a class",
        "class.txt",
        "--demo",
    ):
        assert part in str(caught.value)


def test_missing_data_is_the_users_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recipe, "workspace", lambda: tmp_path)
    assert recipe.run(SCRIPT, []) == 2
    assert "error: there is no data at" in capsys.readouterr().err


def test_demo_writes_its_data_and_names_it(tmp_path: Path) -> None:
    found = arguments(SCRIPT, ["--demo", "--lr", "2e-3"], tmp_path)
    assert [value(found, name) for name in ("--epochs", "--lr")] == ["1", "2e-3"]
    assert value(found, "--data") == str(tmp_path / "data" / "demo-poems")
    assert "--demo" not in found
