"""Fine-tunes an encoder on Chinese product reviews in three classes: goal, hardware, duration.

Goal:      pos.csv, neutral.csv, neg.csv (a review a line) -> a model that tells them apart, a report.
Hardware:  one GPU, or a CPU.
Duration:  4,000 reviews, 1 epoch, a small encoder: about ten minutes on two cores; not measured on a GPU yet.

    python scripts/train_products.py                         # the files in data/raw/product_reviews
    python scripts/train_products.py --demo                  # small data of our own, no network, seconds
    python scripts/train_products.py --encoder /workspace/models/small --lr 1e-4 --epochs 1 --max-rows 4000

Such collections repeat many reviews. Equal texts stay on one side of the split, so none is trained on and
measured on. Neutral reviews are rarer: --class-weights balanced (set here) makes each of them count more. See
macro-F1, not only accuracy. Every option of `finetune classify` is accepted as well; --help lists them.
"""

import sys
from pathlib import Path

from finetune.demo import Demo, with_encoder
from finetune.recipe import Script, run
from finetune.samples.products import reviews, write_products


def write_demo(folder: Path) -> Demo:
    """Write the small data and a tiny encoder, and name them."""
    return with_encoder(folder, write_products(folder / "reviews"), [text for text, _ in reviews()])


SCRIPT = Script(
    about=__doc__,
    name="products",
    verb="classify",
    data="product_reviews",
    files={
        "pos.csv": "positive reviews, one a line; the file's name is the class",
        "neutral.csv": "neutral ones",
        "neg.csv": "negative ones; or any other files, one per class",
    },
    defaults="--max-length 128 --class-weights balanced --metric-for-best-model macro_f1",
    encoder="--encoder bert-base-chinese",
    demo="--epochs 5 --lr 1e-3",
    write_demo=write_demo,
)

if __name__ == "__main__":
    sys.exit(run(SCRIPT, sys.argv[1:]))
