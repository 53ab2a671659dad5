"""Trains the tutorials' sentiment classifier: goal, hardware, duration.

Goal:      train.csv, test.csv (columns text and label) -> a model, a report. By default without an encoder:
           embeddings, their mean, a linear layer, learned from nothing; with --encoder a BERT, whose
           rate, epochs and batch are then those of `finetune classify`.
Hardware:  a CPU is enough; with --encoder one GPU, or patience.
Duration:  5,000 film reviews, 20 epochs: about a minute on a CPU core.

    python scripts/train_sentiment.py --epochs 20 --batch-size 64 --lr 1e-3 --gpu-id 0 --save-path models/mood
    python scripts/train_sentiment.py --demo --gpu-id -1       # small data of our own, no network, seconds
    python scripts/train_sentiment.py --encoder bert-base-chinese

--gpu-id 0 is the first GPU, -1 the CPU; without it the first GPU is taken if there is one.
Every option of `finetune classify` is accepted as well; --help lists them.
"""

import sys
from pathlib import Path

from finetune.demo import Demo
from finetune.recipe import Script, run
from finetune.samples.reviews import write_reviews


def write_demo(folder: Path) -> Demo:
    """Write short reviews, and name them."""
    return Demo(write_reviews(folder, long=False), "light")


SCRIPT = Script(
    about=__doc__,
    name="sentiment",
    verb="classify",
    data="sentiment",
    files={
        "train.csv": "columns text and label, UTF-8 (or .tsv, .jsonl, .parquet)",
        "dev.csv": "the same; chooses the best checkpoint (without it, a tenth of train.csv does)",
        "test.csv": "the same; measured once at the end",
    },
    defaults="--max-length 256",
    encoder="--encoder light --epochs 20 --batch-size 64 --lr 1e-3",
    demo="--epochs 6 --lr 1e-2",
    write_demo=write_demo,
)

if __name__ == "__main__":
    sys.exit(run(SCRIPT, sys.argv[1:]))
