"""What the image says of itself: labels, the variant record, the list of its Python packages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import canonicalize_name

from tests.image.engine import REPOSITORY
from tests.image.requirements import locked

if TYPE_CHECKING:
    from tests.image.engine import Image

OCI = "org.opencontainers.image."
TABLE = json.loads((REPOSITORY / "docker" / "variants.json").read_text())


@pytest.fixture(scope="module")
def labels(image: Image) -> dict[str, str]:
    found: dict[str, str] = image.inspect()["Config"]["Labels"]
    return found


@pytest.fixture(scope="module")
def bill(image: Image) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(image.run("cat", "/usr/share/workbench/sbom.cdx.json"))
    return found


@pytest.mark.parametrize("name", ["title", "description", "version", "base.name"])
def test_an_oci_label_is_filled_in(name: str, labels: dict[str, str]) -> None:
    assert labels[f"{OCI}{name}"].strip()


def test_the_record_names_the_variant_of_the_label(image: Image, labels: dict[str, str]) -> None:
    assert image.record()["variant"] == labels["workbench.variant"]
    assert labels["workbench.variant"] in TABLE["variants"]


@pytest.mark.parametrize("key", ["variant", "base", "python", "torch", "cuda", "cudnn", "gpu_architectures"])
def test_the_record_has(key: str, image: Image) -> None:
    assert key in image.record()


def test_the_bill_of_materials_is_cyclonedx(bill: dict[str, Any]) -> None:
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["specVersion"] >= "1.5"


@pytest.mark.parametrize("lock", ["nlp", "interactive", "extra"])
def test_the_bill_lists_what_was_locked(lock: str, bill: dict[str, Any]) -> None:
    listed = {canonicalize_name(one["name"]): one["version"] for one in bill["components"]}
    assert locked(lock).items() <= listed.items()


def test_the_bill_lists_torch(image: Image, bill: dict[str, Any]) -> None:
    versions = [one["version"] for one in bill["components"] if one["name"] == "torch"]
    assert len(versions) == 1
    assert versions[0].split("+")[0] == image.record()["torch"].split("+")[0]


def test_every_package_in_the_bill_has_an_address_of_its_own_kind(bill: dict[str, Any]) -> None:
    without = [one["name"] for one in bill["components"] if not one.get("purl", "").startswith("pkg:pypi/")]
    assert without == []
