"""Ten times the rows take no more memory than their numbers: the texts stay on disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ROWS = (20_000, 300_000)
NUMBERS = 24  # bytes a row, of which a sort of a part of the digests has most; a row's text has 240
READ = """
import re, sys, threading, time
from pathlib import Path
from finetune.data.corpus import load_corpus
from finetune.data.shape import ONE_LABEL
from finetune.look import leaks, look_at
from finetune.options import DataOptions

def watch():
    global peak  # of memory that is no file, which the kernel could not write out
    while True:
        status = Path("/proc/self/status").read_text()
        peak = max(peak, 1024 * int(re.search(r"RssAnon:\\s+(\\d+)", status)[1]))
        time.sleep(0.005)

peak = 0
threading.Thread(target=watch, daemon=True).start()
path = Path(sys.argv[1])
corpus = load_corpus(DataOptions(data=path, cache_dir=path.parent / "cache"), 1, ONE_LABEL)
seen = [look_at(split, corpus.labels, ONE_LABEL) for split in corpus.splits.values()]
assert sum(one.rows for one in seen) == int(sys.argv[2])
leaks(corpus)
print(peak)
"""


def peak(folder: Path, rows: int) -> int:
    path = folder / f"{rows}.tsv"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"第{n}条新闻，{'很长的正文' * 15}\t{n % 7}\n" for n in range(rows))
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path), str(rows)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def test_memory_does_not_grow_with_the_texts(tmp_path: Path) -> None:
    few, many = (peak(tmp_path, rows) for rows in ROWS)
    assert many - few < (ROWS[1] - ROWS[0]) * NUMBERS
