"""Converting pickles: tensors come through unchanged, and nothing that the file asks for is run."""

from __future__ import annotations

import os
import pickle
import zipfile
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import load_file

from finetune.cli import main
from finetune.errors import EncoderError
from finetune.pickles import read_tensors

if TYPE_CHECKING:
    from pathlib import Path

TYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.bool)


def test_tensors_come_through_unchanged(tmp_path: Path) -> None:
    base = torch.arange(12.0).reshape(3, 4)
    tensors = {"view": base.t()[1:], "tied": base, **{str(one): base.to(one) for one in TYPES}}
    torch.save(tensors, tmp_path / "pytorch_model.bin")
    assert main(["convert", str(tmp_path)]) == 0
    found = load_file(tmp_path / "model.safetensors")
    assert all(
        torch.equal(found[name], value) and found[name].dtype == value.dtype
        for name, value in tensors.items()
    )


def archive(path: Path, pickled: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("archive/data.pkl", pickled)
        made.writestr("archive/data/0", bytes(16))
    return path


class Evil:
    """Asks for a command to be run when it is read."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.mark}",)


def test_code_in_a_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    path = archive(tmp_path / "evil.bin", pickle.dumps({"weight": Evil(tmp_path / "mark")}))
    with pytest.raises(EncoderError, match=r"asks for posix.system, which is no tensor"):
        read_tensors(path)
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    "text", ["csys\nexit\n(tR.", "cbuiltins\neval\n(S'1'\ntR.", "ctorch._utils\n_rebuild_tensor\n(tR."]
)
def test_other_names_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(EncoderError, match="asks for"):
        read_tensors(archive(tmp_path / "a.bin", text.encode()))


@pytest.mark.parametrize("size", [(-1,), (99,), (4, 4)])
def test_a_tensor_that_reaches_beyond_its_storage_is_refused(tmp_path: Path, size: tuple[int, ...]) -> None:
    torch.save({"w": torch.zeros(4)}, tmp_path / "good.bin")
    with zipfile.ZipFile(tmp_path / "good.bin") as good:
        names = good.namelist()
        parts = {name: good.read(name) for name in names}
    data = next(name for name in names if name.endswith("data.pkl"))
    parts[data] = parts[data].replace(b"K\x04\x85", pickle.dumps(size, 2)[2:-1].replace(b"q\x00", b""))
    with zipfile.ZipFile(tmp_path / "bad.bin", "w") as bad:
        for name, contents in parts.items():
            bad.writestr(name, contents)
    with pytest.raises(EncoderError):
        read_tensors(tmp_path / "bad.bin")


@pytest.mark.parametrize("contents", [b"", b"no zip", b"\x80\x02}q\x00."])
def test_what_torch_save_did_not_write_is_refused(tmp_path: Path, contents: bytes) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(contents)
    assert main(["convert", str(tmp_path)]) == 2
