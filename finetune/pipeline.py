"""Runs one training from options to report: data, encoder, plan, loop, results. Knows no task by name."""

from __future__ import annotations

import os
import platform
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from finetune.data.corpus import load_corpus, must_have_validation
from finetune.data.skipped import tell_skipped
from finetune.data.store import default_cache
from finetune.data.tokens import encode_split
from finetune.delivery import check_target, deliver
from finetune.encoders import LIGHT, check_length, find_encoder
from finetune.errors import RequestError
from finetune.folder import RunFolder, claimed, default_folder, describe, open_run
from finetune.identity import encoder_prints
from finetune.options import refuse_foreign
from finetune.pretrained import load_tokenizer
from finetune.tasks.base import Prepared
from finetune.training.distributed import joined, started_together
from finetune.training.launch import count_processes, launch
from finetune.training.session import run_session
from finetune.vocabulary import made_encoder
from finetune.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from finetune.data.corpus import Corpus
    from finetune.options import Settings
    from finetune.tasks.base import TaskSpec
    from finetune.training.distributed import World


@dataclass(frozen=True)
class Result:
    """What a run came to."""

    folder: Path
    metrics: dict[str, Any]


def train(settings: Settings, spec: TaskSpec, say: Callable[[str], None]) -> Result:
    """Train, or go on training, or report what the finished run found; one process for each GPU."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    refuse_foreign(spec.name, settings.data, settings.model, settings.training)
    count = 1 if started_together() else count_processes(settings.training.gpus)
    if count > 1:
        return launch(count, partial(train, settings, spec), say)
    with joined(settings.training.nodes) as world:
        return train_in(world, settings, spec, say if world.leads else silent)


def silent(line: str) -> None:
    """Say nothing: rank 0 says it."""


def train_in(world: World, settings: Settings, spec: TaskSpec, say: Callable[[str], None]) -> Result:
    """Train as one of the processes of this world."""
    ready = world.in_turn(lambda: prepare(settings, spec, say))
    path = settings.run.output_dir or default_folder(ready.task.name, settings)
    config = describe(settings, ready, world.size)
    folder = RunFolder(path)
    world.first(lambda: check_target(settings.run.save_path, path))
    world.first(lambda: open_run(path, config, say, overwrite=settings.run.overwrite_output_dir))
    must_see(folder)
    with ExitStack() as held:
        world.first(lambda: held.enter_context(claimed(path)))
        done = world.first(folder.finished)
        if done is None:
            done = run_session(settings, ready, folder, say, world)
            say(f"report     {folder.path / 'report.html'}")
        else:
            say(f"{path}: this run is finished; pass --overwrite to repeat it")
        world.first(lambda: deliver(folder, settings.run.save_path, say))
    return Result(path, done)


def must_see(folder: RunFolder) -> None:
    """Refuse a node that does not see what rank 0 wrote: it could not resume."""
    if folder.read("config.json") is None:
        raise RequestError(
            f"{folder.path}: {platform.node()} does not see the run folder that rank 0 made; put "
            "--output-dir on storage that all nodes share"
        )


def prepare(settings: Settings, spec: TaskSpec, say: Callable[[str], None]) -> Prepared:
    """Read and tokenise the data, saying what was found."""
    corpus = load_corpus(settings.data, settings.training.seed, spec.shape)
    for note in corpus.notes:
        say(f"data       {note}")
    cache = settings.data.cache_dir or default_cache()
    encoder = encoder_for(settings, corpus, cache)
    task, tokenizer = spec.make(settings, corpus), load_tokenizer(encoder)
    if adapted := task.adapt(tokenizer):
        say(f"tokenizer  {adapted}")
    prints = encoder_prints(encoder, tokenizer)
    encoding = task.encoding(tokenizer)
    started = time.monotonic()
    encoded = {name: encode_split(split, encoding, cache) for name, split in corpus.splits.items()}
    seconds = time.monotonic() - started
    fresh = any(one.stored.fresh for one in encoded.values())
    left_out = [part.stored.meta for part in encoded.values()]
    problems = [*corpus.problems, *(one for meta in left_out for one in meta["problems"])]
    tell_skipped(problems, corpus.skipped + sum(meta["skipped"] for meta in left_out), say)
    must_have_validation(corpus)
    for name, one in encoded.items():
        mean, texts = one.lengths.mean(), counted(one.texts, "text", "texts")
        pieces = f" in {len(one):,} pieces" if len(one) > one.texts else ""
        say(f"{name:<10} {texts}{pieces}, {mean:.1f} tokens on average, {one.truncated:.2%} cut")
    say(f"tokens     {'tokenised' if fresh else 'found in the cache'} in {seconds:.1f} s")
    return Prepared(task.measured(encoded["train"]), corpus, encoder, prints, tokenizer, encoded)


def encoder_for(settings: Settings, corpus: Corpus, cache: Path) -> str:
    """Return the folder of the encoder that the user named, or of one made from the training texts."""
    name = settings.model.model_name_or_path
    if name == LIGHT:
        return made_encoder(corpus.splits["train"], settings.training.seed, cache)
    found = find_encoder(name)
    check_length(found, settings.data.max_seq_length)
    return found
