"""Fine-tunes an encoder on Chinese news titles: goal, hardware, duration.

Goal:      train.txt, dev.txt, test.txt (title, tab, class number a line), class.txt -> a model, a report.
Hardware:  one GPU, or a CPU.
Duration:  30,000 titles, 1 epoch, a small encoder: some minutes on two CPU cores; not measured on a GPU yet.

    python scripts/train_news.py                                  # the data in data/raw/thucnews
    python scripts/train_news.py --demo                           # small data of our own, no network, seconds
    python scripts/train_news.py --data /workspace/data/raw/thucnews14   # 14 classes, see below
    python scripts/train_news.py --encoder /workspace/models/small --lr 1e-4 --epochs 1 --max-rows 30000

Ten classes or fourteen: the number follows from the data. Collections of 14 classes come as a file per class
(a title a line; the file is named as the class) or a folder per class (a text a file). Both are read as they
are, and rows for validation and test are set aside. Whole articles want --max-length 512.

A small encoder (hidden size 512 and less) wants a higher rate, such as the last line's: 0.905 on the test
titles (one seed).

Every option of `finetune classify` is accepted as well; --help lists them.
"""

import sys

from finetune.demo import write_demo
from finetune.recipe import Script, run

SCRIPT = Script(
    about=__doc__,
    name="news",
    verb="classify",
    data="thucnews",
    files={
        "train.txt": "a title, a tab and a class number a line, UTF-8",
        "dev.txt": "the same; chooses the best checkpoint",
        "test.txt": "the same; measured once at the end",
        "class.txt": "the name of class 0 in the first line, of class 1 in the second, ...",
    },
    defaults="--max-length 64",  # titles have 20 tokens, the longest about 50
    encoder="--encoder bert-base-chinese",
    demo="--epochs 4 --lr 1e-3",
    write_demo=write_demo,
)

if __name__ == "__main__":
    sys.exit(run(SCRIPT, sys.argv[1:]))
