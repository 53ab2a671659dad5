"""Every package that was asked for is in the image, in its locked version, and can be imported."""

import json

import pytest
from packaging.utils import canonicalize_name

from tests.image.engine import Image
from tests.image.requirements import asked, locked

ASKED: dict[str, str] = {
    canonicalize_name(one.name): name for name in ("nlp", "interactive", "extra") for one in asked(name)
}

VERSIONS = """
import json
from importlib import metadata
print(json.dumps({d.metadata["Name"].lower().replace("_", "-"): d.version for d in metadata.distributions()}))
"""

IMPORT_ALL = """
import importlib, json, sys
from importlib import metadata
from traceback import format_exc
asked, failed = json.loads(NAMES), {}
modules = {name: [] for name in asked}
for module, packages in metadata.packages_distributions().items():
    for name in {one.lower().replace("_", "-") for one in packages} & modules.keys():
        if not module.startswith("_") and module.isidentifier():
            modules[name].append(module)
for name, found in modules.items():
    try:
        assert found, "it has no module"
        [importlib.import_module(module) for module in found]
    except Exception:
        failed[name] = format_exc()
print(json.dumps(failed))
"""


@pytest.fixture(scope="module")
def installed(image: Image) -> dict[str, str]:
    return image.python(VERSIONS)


@pytest.fixture(scope="module")
def not_imported(image: Image) -> dict[str, str]:
    return image.python(IMPORT_ALL.replace("NAMES", repr(json.dumps(sorted(ASKED)))))


@pytest.mark.parametrize("name", ASKED)
def test_it_has_the_locked_version(name: str, installed: dict[str, str]) -> None:
    assert installed[name] == locked(ASKED[name])[name]


@pytest.mark.parametrize("name", ASKED)
def test_it_can_be_imported(name: str, not_imported: dict[str, str]) -> None:
    assert name not in not_imported, not_imported[name]


def test_nothing_else_changed_a_locked_version(installed: dict[str, str]) -> None:
    wanted = {**locked("nlp"), **locked("interactive"), **locked("extra")}
    differing = {
        name: installed.get(name) for name, version in wanted.items() if installed.get(name) != version
    }
    assert differing == {}


def test_dependencies_agree_with_each_other(image: Image) -> None:
    assert "All installed packages are compatible" in image.run("sh", "-c", "uv pip check --system 2>&1")
