"""torch in the image: the promised one, which no layer can replace unnoticed, and which compiles."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.image.build import docker_build
from tests.image.engine import REPOSITORY, Image, module

if TYPE_CHECKING:
    from pathlib import Path

LOOK = """
import json, torch
cudnn = torch.backends.cudnn.version() or 0
print(json.dumps({
    "torch": torch.__version__,
    "cuda": torch.version.cuda,
    "cudnn": f"{cudnn // 10000}.{cudnn // 100 % 100}" if cudnn else None,
    "gpu_architectures": torch._C._cuda_getArchFlags().split() if torch.version.cuda else [],
}))
"""
COMPILE = """
import json, os, torch
@torch.compile
def f(x): return torch.nn.functional.gelu(x).sum(-1)
x = torch.randn(64, 64)
torch.testing.assert_close(f(x), torch.nn.functional.gelu(x).sum(-1))
print(json.dumps({"uid": os.getuid(), "kernels": len(os.listdir(os.environ["TORCHINDUCTOR_CACHE_DIR"]))}))
"""
SITE = "$(python -c 'import sysconfig; print(sysconfig.get_path(\"purelib\"))')"
SECOND = f"{SITE}/torch-2.6.0.dist-info"
FAKES = {
    "replaced by another version": (
        f"sed -i \"s/^__version__ = .*/__version__ = '2.6.0'/\" {SITE}/torch/version.py",
        r"torch: promised 2.7.1\S*, found 2.6.0",
    ),
    "installed a second time": (
        f"mkdir {SECOND} && printf 'Name: torch\\nVersion: 2.6.0\\n' >{SECOND}/METADATA",
        "torch is installed 2 times: ",
    ),
    "another than the record says": (
        'sed -i \'s/"torch": .*/"torch": "2.7.1+other",/\' /etc/workbench/variant.json',
        r"a later layer replaced torch 2.7.1\+other by 2.7.1",
    ),
}


def test_it_is_what_the_record_says_and_variants_json_promises(
    image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, record, promise = image.python(LOOK), image.record(), module("build/promise.py")
    monkeypatch.setattr(promise, "VARIANTS", REPOSITORY / "docker" / "variants.json")
    wanted = promise.promised(record["variant"], record["base"])
    assert {key: record[key] for key in found} == found
    assert promise.differences(wanted, {**record, "copies_of_torch": []}) == []


@pytest.mark.parametrize(("fake", "words"), FAKES.values(), ids=FAKES)
def test_a_build_fails_when_a_later_layer_has_torch(
    fake: str, words: str, image: Image, tmp_path: Path
) -> None:
    shutil.copy(REPOSITORY / "docker" / "build" / "promise.py", tmp_path)
    lines = [f"FROM {image.reference}", "USER root", f"RUN {fake}", "COPY promise.py /tmp/"]
    lines.append("RUN workbench-python /tmp/promise.py verify")
    (tmp_path / "Dockerfile").write_text("\n".join(lines) + "\n")
    done = docker_build(tmp_path, given={})
    assert done.returncode != 0
    assert re.search(f"promise broken: {words}", done.stderr)


@pytest.mark.slow
def test_torch_compile_works_for_the_user(image: Image) -> None:
    done = image.python(COMPILE)
    assert done["uid"] != 0
    assert done["kernels"] > 0
