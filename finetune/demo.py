"""Writes a small data set and a tiny untrained encoder of the project's own: a true run without a network.

The titles are put together from word lists; a model that learns them has learned these lists, not Chinese.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from finetune.pretrained import quiet
from finetune.samples import SEED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUBJECTS = {
    "财经": ("央行", "沪指", "银行板块", "基金经理", "人民币汇率", "债券市场", "上市公司", "券商"),
    "体育": ("主队", "国足", "女排", "中锋", "新秀后卫", "马拉松选手", "羽毛球名将", "教练组"),
    "科技": ("新款手机", "芯片厂商", "搜索引擎", "电动汽车", "云计算平台", "机器人团队", "开源社区", "卫星"),
    "教育": ("高考考生", "中学教师", "研究生院", "留学生", "考研学子", "小学课堂", "招生办", "职业学校"),
    "娱乐": ("导演", "影后", "歌手", "新剧", "综艺节目", "票房冠军", "乐队", "主持人"),
}
EVENTS = {
    "财经": ("宣布下调利率", "午后震荡走低", "公布季度利润", "遭遇资金流出", "收盘再创新高", "调整投资组合"),
    "体育": ("加时赛险胜对手", "主场连扳两局", "伤愈复出", "刷新个人纪录", "止步半决赛", "公布大名单"),
    "科技": ("发布新一代系统", "修复安全漏洞", "完成首次测试", "公开源代码", "续航大幅提升", "推出测试版"),
    "教育": (
        "迎来报名高峰",
        "公布录取分数线",
        "开设实验课程",
        "免试推荐名单公示",
        "提前开学",
        "改革作业制度",
    ),
    "娱乐": ("亮相首映礼", "宣布巡回演唱会", "杀青定档", "回应恋情传闻", "获颁终身成就奖", "推出新专辑"),
}
FRAMES = (
    "{0}{1}",
    "快讯：{0}{1}",
    "{0}{1} 网友热议",
    "今日{0}{1}",
    "{0}{1}（图）",
    "专访：{0}{1}背后",
    "{0}为何{1}？",
)
WORD = re.compile(r"[a-z0-9]+|[^\sa-z0-9]")
DEMO_SHARES = (0.7, 0.85)
TINY: dict[str, Any] = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
}


def titles() -> list[tuple[str, str]]:
    """Put every title together: (text, class), 1,680 of them."""
    return [
        (frame.format(subject, event), name)
        for name in SUBJECTS
        for frame, subject, event in itertools.product(FRAMES, SUBJECTS[name], EVENTS[name])
    ]


def mixed(seed: int) -> Iterator[tuple[str, str]]:
    """Shuffle the titles and mislabel one in fifty, so that the report has mistakes to show."""
    generator = np.random.default_rng(seed)
    names = sorted(SUBJECTS)
    everything = titles()
    for position in generator.permutation(len(everything)):
        text, name = everything[position]
        yield text, str(generator.choice(names)) if generator.random() < 0.02 else name


def write_news(folder: Path) -> Path:
    """Write train.txt, dev.txt, test.txt (text, tab, class number) and class.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    names = sorted(SUBJECTS)
    rows = [f"{text}\t{names.index(name)}\n" for text, name in mixed(SEED)]
    first, second = (round(len(rows) * share) for share in DEMO_SHARES)
    parts = {"train": rows[:first], "dev": rows[first:second], "test": rows[second:]}
    for name, lines in parts.items():
        (folder / f"{name}.txt").write_text("".join(lines), encoding="utf-8")
    (folder / "class.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    return folder


class Demo(NamedTuple):
    """Small data to train on, and the encoder that it is made for."""

    data: Path
    encoder: Path | str


def write_demo(folder: Path) -> Demo:
    """Write the titles and a tiny encoder."""
    return with_encoder(folder, write_news(folder), [text for text, _ in titles()])


def with_encoder(folder: Path, data: Path, texts: list[str]) -> Demo:
    """Write a tiny encoder of these texts into the folder, for the data beside it."""
    return Demo(data, write_encoder(folder / "encoder", texts))


def write_encoder(folder: Path, texts: list[str], longest: int = 128, size: dict[str, Any] = TINY) -> Path:
    """Write a BERT of random weights; its vocabulary is the characters and words of these texts."""
    import torch  # noqa: PLC0415 - writing data must not wait for it
    from transformers import BertConfig, BertForMaskedLM, BertTokenizer  # noqa: PLC0415 - likewise

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *sorted({one for text in texts for one in WORD.findall(text.lower())}),
    ]
    vocab_file = folder / "vocab.txt"
    vocab_file.write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    BertTokenizer(str(vocab_file)).save_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        with quiet():
            config = BertConfig(vocab_size=len(vocabulary), max_position_embeddings=longest, **size)
            BertForMaskedLM(config).save_pretrained(folder)
    return folder
