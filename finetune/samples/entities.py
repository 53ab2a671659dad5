"""Writes Chinese sentences with people, places and organisations: a character and its BIO tag a line.

The test sentences hold names that no training sentence has, so that a model must learn how names stand in a
sentence and cannot just remember them.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from finetune.samples import SEED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PEOPLE = tuple(
    a + b for a, b in product("王李张刘陈杨赵周吴徐", ("明", "小红", "建国", "思远", "雨", "海燕"))
)
PLACES = tuple(
    a + b
    for a, b in product(("临江", "北山", "白河", "东湖", "石桥", "青田", "南浦"), ("市", "县", "镇", ""))
)
BODIES = tuple(
    a + b
    for a, b in product(
        ("临江", "北山", "华光", "青田", "四海", "南浦"), ("大学", "医院", "集团", "银行", "报社")
    )
)
NAMES = {"PER": PEOPLE, "LOC": PLACES, "ORG": BODIES}
FRAMES = (
    "{PER}昨天到达{LOC}。", "{ORG}宣布，{PER}将出任新职。", "记者{PER}从{LOC}报道", "{LOC}的{ORG}招聘新员工",
    "{PER}和{PER}在{ORG}见面。", "据{ORG}介绍，{LOC}今年雨水偏多。", "今天天气很好，我们去散步。",
    "从{LOC}到{LOC}只要一个小时", "{PER}毕业后进了{ORG}，现在住在{LOC}。", "这本书没有提到任何人。",
)  # fmt: skip
SIZES = {"train": 700, "dev": 150, "test": 200}
KEPT_BACK = 3  # every third name stands in no training sentence
MISSED = 0.03


def sentence(frame: str, names: dict[str, Sequence[str]], generator: np.random.Generator) -> list[str]:
    """Fill one frame: lines of a character, a tab and its tag; now and then the annotator misses a name."""
    lines = []
    for part in frame.replace("{", "|{").replace("}", "}|").split("|"):
        kind = part.strip("{}") if part.startswith("{") else ""
        text = str(generator.choice(names[kind])) if kind else part
        missed = not kind or generator.random() < MISSED
        tags = ["O"] * len(text) if missed else [f"B-{kind}", *[f"I-{kind}"] * (len(text) - 1)]
        lines += [f"{one}\t{tag}" for one, tag in zip(text, tags, strict=True)]
    return lines


def write_entities(folder: Path) -> Path:
    """Write train.txt, dev.txt and test.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(SEED)
    mixed: dict[str, Sequence[str]] = {
        kind: [str(one) for one in generator.permutation(names)] for kind, names in NAMES.items()
    }
    seen = {kind: names[len(names) // KEPT_BACK :] for kind, names in mixed.items()}
    written: set[str] = set()
    for split, size in SIZES.items():
        names = seen if split == "train" else mixed
        found: list[str] = []
        while len(found) < size:
            one = "\n".join(sentence(str(generator.choice(FRAMES)), names, generator))
            text = "".join(line.split()[0] for line in one.splitlines())
            if text not in written:
                written.add(text)
                found.append(one)
        (folder / f"{split}.txt").write_text("\n\n".join(found) + "\n", encoding="utf-8")
    return folder
