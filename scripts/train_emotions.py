"""Fine-tunes an encoder to name several emotions at once (multi-label): goal, hardware, duration.

Goal:      train.tsv, dev.tsv, test.tsv (text, tab, label numbers), labels.txt -> a model, a report.
Hardware:  one GPU, or a CPU.
Duration:  6,000 sentences, 2 epochs, a small encoder: ten minutes on two cores; not measured on a GPU yet.

    python scripts/train_emotions.py                         # GoEmotions in data/raw/goemotions
    python scripts/train_emotions.py --demo                  # small data of our own, no network, seconds
    python scripts/train_emotions.py --encoder english-small --lr 3e-4 --max-rows 6000 --epochs 2

A sentence gets every label whose probability reaches that label's threshold; the thresholds are chosen on the
validation rows and stored with the model. Every option of `finetune classify` is accepted as well.
"""

import sys
from pathlib import Path

from finetune.demo import Demo, with_encoder
from finetune.recipe import Script, run
from finetune.samples.emotions import sentences, write_emotions


def write_demo(folder: Path) -> Demo:
    """Write the small data and a tiny encoder, and name them."""
    return with_encoder(folder, write_emotions(folder / "emotions"), [text for text, _ in sentences()])


SCRIPT = Script(
    about=__doc__,
    name="emotions",
    verb="classify",
    data="goemotions",
    files={
        "train.tsv": "a text, a tab, numbers of its labels with commas between them, a tab, an id",
        "dev.tsv": "the same; chooses the best checkpoint and the thresholds",
        "test.tsv": "the same; measured once at the end",
        "labels.txt": "the name of label 0 in the first line, of label 1 in the second, ...",
    },
    defaults="--multi-label --max-length 64 --epochs 4",
    encoder="--encoder bert-base-cased",
    demo="--epochs 12 --lr 3e-3 --batch-size 16",
    write_demo=write_demo,
)

if __name__ == "__main__":
    sys.exit(run(SCRIPT, sys.argv[1:]))
