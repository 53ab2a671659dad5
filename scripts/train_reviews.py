"""Fine-tunes an encoder on film reviews, which are longer than what it reads: goal, hardware, duration.

Goal:      train/ and test/ with a folder per class and a file per review, as IMDB comes -> a model, a report.
Hardware:  one GPU; a CPU for a small encoder and some thousand reviews.
Duration:  2,000 reviews (the third line): some minutes on two CPU cores; not measured on a GPU yet.

    python scripts/train_reviews.py                             # the data in data/raw/aclImdb
    python scripts/train_reviews.py --demo                      # small data of our own, no network, seconds
    python scripts/train_reviews.py --encoder english-small --lr 1e-4 --epochs 2 --max-rows 2000
    python scripts/train_reviews.py --long-texts windows        # all of each review, in pieces: slower

What a reviewer thinks often stands at the end, so both beginning and end are kept.
Every option of `finetune classify` is accepted as well; --help lists them.
"""

import sys
from pathlib import Path

from finetune.demo import Demo, with_encoder
from finetune.recipe import Script, run
from finetune.samples.reviews import PLOT, VERDICTS, write_reviews


def write_demo(folder: Path) -> Demo:
    """Write long reviews and a tiny encoder, and name them."""
    texts = [*PLOT, *(one for some in VERDICTS.values() for one in some)]
    return with_encoder(folder, write_reviews(folder / "reviews"), texts)


SCRIPT = Script(
    about=__doc__,
    name="reviews",
    verb="classify",
    data="aclImdb",
    files={
        "train/neg/*.txt": "a review a file; the folder's name is its class",
        "train/pos/*.txt": "the same",
        "test/neg/*.txt": "measured once at the end (test/pos likewise)",
    },
    defaults="--max-length 256 --long-texts head_tail",
    encoder="--encoder bert-base-uncased",
    demo="--epochs 6 --lr 1e-3 --max-length 32",  # the demo's reviews have about 90 tokens
    write_demo=write_demo,
)

if __name__ == "__main__":
    sys.exit(run(SCRIPT, sys.argv[1:]))
