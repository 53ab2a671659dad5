"""Loads what an encoder's folder holds: its tokenizer, and its weights with a head on them."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from finetune.encoders import accepted, read_config
from finetune.errors import EncoderError
from finetune.wording import first_line, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# convolutions, averages over all tokens, or the next token's embedding: padding is part of what they compute
SEE_PADDING = ("canine", "convbert", "fnet", "mobilebert", "nystromformer", "perceiver", "yoso")


def load_tokenizer(folder: str) -> PreTrainedTokenizerBase:
    """Load the tokenizer that lies beside the weights."""
    from transformers import AutoTokenizer  # noqa: PLC0415 - seconds that reading data need not wait for

    import finetune.light  # noqa: F401, PLC0415 - makes the light model known to transformers

    try:
        found = cast("PreTrainedTokenizerBase", AutoTokenizer.from_pretrained(folder, local_files_only=True))
    except Exception as error:  # noqa: BLE001 - the loader of a damaged file raises whatever it stumbles over
        raise EncoderError(
            f"{folder}: its tokenizer cannot be loaded ({first_line(error)}); copy all its files"
        ) from None
    without_file = not (Path(folder) / "tokenizer.json").is_file()
    if without_file and len(found) <= len(found.all_special_ids) + 2:  # transformers makes up an empty one
        raise EncoderError(
            f"{folder}: no vocabulary in it; copy tokenizer.json, vocab.txt or whatever its tokenizer reads"
        )
    return found


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' own progress bars and notices out of our lines: a new head is meant to be new."""
    from transformers import logging  # noqa: PLC0415 - see load_tokenizer

    before, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def load_model(kind: str, folder: str, attention: str, **changes: Any) -> PreTrainedModel:  # noqa: ANN401 - config fields
    """Load the encoder with a head of this kind, such as AutoModelForMaskedLM."""
    import transformers  # noqa: PLC0415 - seconds that reading data need not wait for
    from safetensors import SafetensorError  # noqa: PLC0415 - likewise

    import finetune.light  # noqa: F401, PLC0415 - makes the light model known to transformers

    changes["dtype"] = "float32"  # else an encoder stored in half precision would be trained in it
    if attention != "auto":
        changes["attn_implementation"] = attention
    if "id2label" in changes:
        changes["label2id"] = {name: number for number, name in changes["id2label"].items()}
    try:
        with quiet():
            model = getattr(transformers, kind).from_pretrained(
                folder, local_files_only=True, use_safetensors=True, **changes
            )
    except SafetensorError as error:
        todo = "its safetensors are not whole: copy them again (git lfs pull, where git brought them)"
        raise EncoderError(f"{folder}: the model cannot be loaded ({first_line(error)}); {todo}") from None
    except (OSError, ValueError, RuntimeError) as error:
        if "ignore_mismatched_sizes" in str(error):  # its words point at a report that nobody sees
            raise EncoderError(f"{folder}: {misfit(folder, changes)}") from None
        said = first_line(error)
        raise EncoderError(f"{folder}: the model cannot be loaded ({said}); {accepted()}") from None
    return cast("PreTrainedModel", model)


def set_padding(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    """Let a model whose configuration leaves it out know the tokenizer's padding."""
    if model.config.pad_token_id is not None:
        return
    if tokenizer.pad_token_id is None:
        raise EncoderError(
            f"{model.name_or_path}: its tokenizer has no padding token, so texts of different lengths cannot "
            f"go through it together; {accepted()}"
        )
    model.config.pad_token_id = tokenizer.pad_token_id


def sees_padding(model: PreTrainedModel) -> str:
    """Warn of an encoder that does not pass over padding, as the attention of most does."""
    kind = model.config.model_type
    if kind not in SEE_PADDING:
        return ""
    return (
        f"{kind} encoders see the padding beside a short text, so answers depend on the texts in the same "
        "batch; take another kind, such as BERT, where that matters"
    )


def misfit(folder: str, changes: dict[str, Any]) -> str:
    """Say why weights have other sizes than they should: mostly the head of a run with other labels."""
    own, wanted = (one.get("id2label", {}) for one in (read_config(Path(folder)), changes))
    if len(own) == len(wanted):
        return "its weights do not fit its config.json; copy all its files from one place"
    return (
        f"its head was trained for {len(own)} labels ({shorten(', '.join(own.values()))}), and here are "
        f"{len(wanted)} ({shorten(', '.join(wanted.values()))}); give --encoder what that run "
        "started from, or a run of finetune pretrain"
    )
