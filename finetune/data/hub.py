"""Brings a hub data set into a folder such as datasets.save_to_disk() writes; never hangs on a network."""

from __future__ import annotations

import re
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from finetune.data.store import fingerprint, put_in_place, workplace
from finetune.errors import RequestError
from finetune.network import A_MIRROR, hub_endpoint, why_unreachable
from finetune.wording import first_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
FILE_NAME = re.compile(
    r".*\.(txt|csv|tsv|json|jsonl|ndjson|parquet|gz|xz|zip|tar|conll|bio|arrow)", re.IGNORECASE
)


def is_hub_name(path: Path) -> bool:
    """Tell whether this could be a data set on the hub: name or user/name, and no file's name."""
    name = str(path)
    return HUB_NAME.fullmatch(name) is not None and FILE_NAME.fullmatch(name) is None


def fetch(name: str, config: str | None, cache: Path) -> Path:
    """Return the folder of the data set: the copy of an earlier run, else from the hub or its local cache."""
    folder = cache / f"hub-{fingerprint(name, config)}"
    if not (folder / "dataset_dict.json").is_file():
        found = load(name, config)
        with workplace(folder.parent) as work:
            found.save_to_disk(str(work))
            put_in_place(work, folder, "dataset_dict.json")
    return folder


def load(name: str, config: str | None) -> Any:  # noqa: ANN401 - a DatasetDict
    """Load all splits; whatever goes wrong becomes one message."""
    endpoint = hub_endpoint()
    reason = why_unreachable(endpoint)
    from datasets import DatasetDict, load_dataset  # noqa: PLC0415 - seconds that local files need not wait for
    from datasets.utils.logging import disable_progress_bar  # noqa: PLC0415 - likewise

    disable_progress_bar()
    try:
        with offline() if reason else nullcontext():
            found = load_dataset(name, config)
    except Exception as error:  # noqa: BLE001 - datasets, its file systems and the network each raise their own kinds
        raise RequestError(explained(name, endpoint, reason, error)) from None
    return found if isinstance(found, DatasetDict) else DatasetDict({"train": found})


@contextmanager
def offline() -> Iterator[None]:
    """Let the libraries look in their caches only: each of their own attempts would wait again."""
    from datasets import config  # noqa: PLC0415 - see load
    from huggingface_hub import constants  # noqa: PLC0415 - likewise

    before = config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE
    config.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE = before


def explained(name: str, endpoint: str, unreachable: str | None, error: Exception) -> str:
    """Say what failed and the ways round it."""
    said = first_line(error)
    if unreachable is None and "config" in str(error).casefold():
        return (
            f"{name} as a hub data set: {' '.join(str(error).split())}; choose one with --dataset-config-name"
        )
    if "scripts are no longer supported" in said:
        return (
            f"{name} as a hub data set: it is a loading script, which datasets no longer runs\n"
            f"  - look at {endpoint}/datasets/{name} for its data files or for a copy as Parquet (many have\n"
            "    one on the branch refs/convert/parquet), download them and give the folder to --data"
        )
    folder = name.rpartition("/")[2]
    python = f"from datasets import load_dataset; load_dataset('{name}').save_to_disk('{folder}')"
    return (
        f"{name} as a hub data set: not in the local cache, and {endpoint} failed: {unreachable or said}\n"
        f"  - {A_MIRROR}\n"
        f'  - a folder: where the hub can be reached, run python -c "{python}",\n'
        "    copy that folder here and give it to --data"
    )
