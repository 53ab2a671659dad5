"""Reads the tensors of a torch pickle without running anything that is in it.

A pickle names functions to call. Here a few harmless names are known, each stands for code of this file, and
any other is refused. torch.load is not used: before torch 2.10 its weights_only mode had a bypass
(CVE-2026-24747).
"""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import torch

from finetune.errors import EncoderError

if TYPE_CHECKING:
    from pathlib import Path

# what reading a damaged pickle raises
DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, EOFError, RuntimeError)
NUMPY_TYPES = {
    "FloatStorage": (np.float32, torch.float32),
    "DoubleStorage": (np.float64, torch.float64),
    "HalfStorage": (np.float16, torch.float16),
    "BFloat16Storage": (np.uint16, torch.bfloat16),
    "LongStorage": (np.int64, torch.int64),
    "IntStorage": (np.int32, torch.int32),
    "ByteStorage": (np.uint8, torch.uint8),
    "BoolStorage": (np.bool_, torch.bool),
}


@dataclass(frozen=True)
class StorageType:
    """Stands for torch.FloatStorage and its like."""

    name: str


def rebuild(
    storage: torch.Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object
) -> torch.Tensor:
    """View a part of a storage as a tensor; torch checks that the view lies inside."""
    if offset < 0 or any(one < 0 for one in (*size, *stride)):
        raise pickle.UnpicklingError("a tensor with a negative offset, size or stride")
    return storage.as_strided(size, stride, offset).clone()


def rebuild_parameter(data: torch.Tensor, *_: object) -> torch.Tensor:
    """Take a parameter's tensor."""
    return data


class TensorUnpickler(pickle.Unpickler):
    """Knows five names; storages come from the archive's own files."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(archive.open(f"{root}/data.pkl"))
        self._archive, self._root = archive, root
        self._storages: dict[str, torch.Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - what pickle declares
        """Resolve a name, or refuse it."""
        if module == "torch" and name in NUMPY_TYPES:
            return StorageType(name)
        known = {
            "torch._utils._rebuild_tensor_v2": rebuild,
            "torch._utils._rebuild_parameter": rebuild_parameter,
            "collections.OrderedDict": OrderedDict,
        }
        if f"{module}.{name}" not in known:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is no tensor")
        return known[f"{module}.{name}"]

    def persistent_load(self, pid: Any) -> torch.Tensor:  # noqa: ANN401 - what pickle declares
        """Read one storage: pid is ("storage", type, key, device, count)."""
        _, kind, key, _, count = pid
        if key not in self._storages:
            numpy_type, torch_type = NUMPY_TYPES[kind.name]
            values: np.ndarray[Any, Any] = np.frombuffer(
                self._archive.read(f"{self._root}/data/{key}"), dtype=numpy_type, count=count
            )
            self._storages[key] = torch.from_numpy(values.copy()).view(torch_type)
        return self._storages[key]


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Read a state dict that torch.save wrote (torch 1.6 and newer)."""
    try:
        with zipfile.ZipFile(path) as archive:
            inside = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
            found = TensorUnpickler(archive, inside.removesuffix("/data.pkl")).load()
    except pickle.UnpicklingError as error:
        refuse(path, str(error))
    except StopIteration:
        refuse(path, "a zip archive without data.pkl")
    except zipfile.BadZipFile:
        refuse(path, "no zip archive, as torch.save writes since torch 1.6")
    except DAMAGE as error:
        refuse(path, f"a damaged pickle ({type(error).__name__}: {error})")
    if not isinstance(found, dict) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        refuse(path, "something else than a mapping of names to tensors")
    return {str(name): value for name, value in found.items()}


def refuse(path: Path, found: str) -> NoReturn:
    """Say what stood in the way."""
    raise EncoderError(
        f"{path}: found {found}; expected weights as torch.save writes a state dict; "
        "get a model.safetensors of this encoder"
    )
