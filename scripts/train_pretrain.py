"""Lets an encoder read texts of a domain before it learns a task: goal, hardware, duration.

Goal:      texts without labels -> an encoder that knows their words, in models/final/domain.
Hardware:  one GPU; a small encoder on a CPU.
Duration:  a million tokens, 3 epochs: an hour or more on two CPU cores; not measured on a GPU yet.

    python scripts/train_pretrain.py                              # the texts in data/raw/domain
    python scripts/train_pretrain.py --demo                       # small data of our own, no network
    python scripts/train_pretrain.py --data texts.txt --encoder bert-base-chinese --epochs 3
    python scripts/train_news.py --encoder /workspace/models/final/domain        # the second stage

Every option of `finetune pretrain` is accepted as well; --help lists them.
"""

import sys

from finetune.demo import write_demo
from finetune.recipe import Script, run

SCRIPT = Script(
    about=__doc__,
    name="domain",
    verb="pretrain",
    data="domain",
    files={
        "train.txt": "a text a line, UTF-8; or train.csv, train.jsonl with a column named text",
        "dev.txt": "the same; without it a tenth of the texts is set aside",
    },
    defaults="--max-length 128",
    encoder="--encoder bert-base-chinese",
    demo="--epochs 10 --lr 3e-3",
    write_demo=write_demo,
)

if __name__ == "__main__":
    sys.exit(run(SCRIPT, sys.argv[1:]))
