"""Writes Chinese product reviews in three classes: a file per class, a review a line, no header.

As in collections from shops, some reviews stand there several times, and a few lie in the wrong file.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from finetune.samples import SEED

if TYPE_CHECKING:
    from pathlib import Path

PARTS = ("屏幕", "电池", "包装", "物流", "做工", "客服", "音质", "按键", "面料", "尺码", "味道", "说明书")
JUDGEMENTS = {
    "pos": ("很满意", "超出预期", "没得挑", "比想象的好", "值得推荐", "让人放心"),
    "neutral": ("还行", "一般般", "中规中矩", "说不上好坏", "凑合能用", "和描述差不多"),
    "neg": ("太差了", "让人失望", "问题不少", "名不副实", "用两天就坏", "不会再买"),
}
FRAMES = ("{0}{1}", "收到三天，{0}{1}", "{0}{1}，先用着看", "给家里买的，{0}{1}。", "说实话{0}{1}")
REPEATED, MISPLACED = 0.1, 0.05


def reviews() -> list[tuple[str, str]]:
    """Put every review together: (text, class), 1,080 of them."""
    return [
        (frame.format(part, judgement), name)
        for name, judgements in JUDGEMENTS.items()
        for frame, part, judgement in product(FRAMES, PARTS, judgements)
    ]


def write_products(folder: Path) -> Path:
    """Write pos.csv, neutral.csv and neg.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(SEED)
    everything, names = reviews(), list(JUDGEMENTS)
    lines: dict[str, list[str]] = {name: [] for name in names}
    for position in generator.permutation(len(everything)):
        text, name = everything[position]
        place = str(generator.choice(names)) if generator.random() < MISPLACED else name
        lines[place] += [text] * (2 if generator.random() < REPEATED else 1)
    for name, texts in lines.items():
        (folder / f"{name}.csv").write_text("\n".join(texts) + "\n", encoding="utf-8")
    return folder
