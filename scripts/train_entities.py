"""Fine-tunes an encoder to find people, places and organisations in Chinese: goal, hardware, duration.

Goal:      train.txt, dev.txt, test.txt (a character and its tag a line) -> a tagger with a CRF, a report.
Hardware:  one GPU, or a CPU.
Duration:  3,000 sentences, 2 epochs, a small encoder: ten minutes on two cores; not measured on a GPU yet.

    python scripts/train_entities.py                         # MSRA in data/raw/msra_ner
    python scripts/train_entities.py --demo                  # small data of our own, no network, seconds
    python scripts/train_entities.py --demo --head linear --output-dir runs/linear   # without the CRF
    python scripts/train_entities.py --encoder /workspace/models/small --lr 3e-4 --epochs 2 --max-rows 3000

Without a dev.txt a tenth of the training sentences is set aside. An entity counts as found only if its type
and both its borders are right. Every option of `finetune tag` is accepted as well; --help lists them.
"""

import sys
from pathlib import Path

from finetune.demo import Demo, with_encoder
from finetune.recipe import Script, run
from finetune.samples.entities import write_entities


def write_demo(folder: Path) -> Demo:
    """Write the small data and a tiny encoder, and name them."""
    data = write_entities(folder / "entities")
    characters = (data / "train.txt").read_text(encoding="utf-8").splitlines()
    return with_encoder(folder, data, characters)


SCRIPT = Script(
    about=__doc__,
    name="entities",
    verb="tag",
    data="msra_ner",
    files={
        "train.txt": "a character, a tab and its tag (B-PER, I-PER, O, ...) a line, blank between sentences",
        "dev.txt": "the same; chooses the best checkpoint; may be absent",
        "test.txt": "the same; measured once at the end",
    },
    defaults="--head crf --max-length 256 --lr 3e-5",
    encoder="--encoder bert-base-chinese",
    demo="--epochs 4 --lr 3e-3 --batch-size 16 --max-length 128",
    write_demo=write_demo,
)

if __name__ == "__main__":
    sys.exit(run(SCRIPT, sys.argv[1:]))
