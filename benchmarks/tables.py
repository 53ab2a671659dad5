"""Puts the newest records into the documents as tables, and draws the training race.

    python benchmarks/tables.py            # rewrites the pages
    python benchmarks/tables.py --check    # ends with 1 where a page is not what the records say

A table stands between `<!-- table NAME -->` and `<!-- end -->`; NAME is the beginning of the record's file.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

from finetune.report.bars import draw_grouped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"
PAGES = ("performance.md", "deployment.md")
MARKED = re.compile(r"(<!-- table ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
Record = dict[str, Any]


def newest(name: str) -> dict[Path, Record]:
    """Read the newest record of this name; their names end with the date.

    Of accuracy, which is measured data set by data set, also older ones for what the newer ones have not.
    """
    found: dict[Path, Record] = {}
    for path in sorted(HERE.glob(f"results/{name}-*.json"), reverse=True):
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["benchmark"] == "accuracy":
            known = {data for one in found.values() for data in one["summary"]}
            record["summary"] = {data: of for data, of in record["summary"].items() if data not in known}
            if record["summary"]:
                found[path] = record
        elif not found:
            found[path] = record
    return found


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Write a table in Markdown: words to the left, figures to the right."""
    first, *figures = head
    lines = [f"| {' | '.join([first, *figures])} |", f"| --- |{' ---: |' * len(figures)}"]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def origin(path: Path, record: Record) -> str:
    """Say where the figures come from."""
    versions = record["versions"]
    machine = record["machine"]
    where = f"{machine['cpu']}, {machine['cores']} cores" if record["device"] == "cpu" else record["device"]
    software = f"torch {versions['torch']}, transformers {versions['transformers']}"
    return f"`{record['command']}`, {where}, {software}: [{path.name}](../benchmarks/results/{path.name})"


def training(record: Record) -> str:
    """Write the race: each contender on each shape, and how much faster finetune is."""
    speed = {(one["shape"], one["contender"]): one["tokens_per_second"] for one in record["rows"]}
    head = ("shape", "contender", "texts/s", "real tokens/s", "padding", "MFU", "memory MB", "`finetune` is")
    return table(
        head,
        (
            (
                one["shape"],
                one["contender"],
                f"{one['samples_per_second']:,.1f}",
                f"{one['tokens_per_second']:,}",
                f"{one['padding_share']:.1%}",
                f"{one['mfu']:.1%}",
                f"{one['peak_memory_bytes'] / 1e6:,.0f}",
                f"{speed[one['shape'], 'finetune'] / one['tokens_per_second']:.2f}x",
            )
            for one in record["rows"]
        ),
    )


def serving(record: Record) -> str:
    """Write what each format weighs and does by itself, and the services at each number of clients."""
    engines = [
        (one["engine"], one["model_mb"], one["offline_texts_per_second"], one["single_p50_ms"])
        for one in record["engines"]
    ]
    formats = table(("format", "model MB", "texts/s in one run", "one text, p50 ms"), engines)
    head = ("service", "clients", "requests/s", "p50 ms", "p95 ms", "p99 ms", "memory MB")
    rows = [
        (
            one["service"],
            one["clients"],
            f"{one['requests_per_second']:.1f}",
            *(f"{one[name]:,.0f}" for name in ("p50_ms", "p95_ms", "p99_ms")),
            one.get("resident_mb", ""),
        )
        for one in record["rows"]
    ]
    return f"{formats}\n\n{table(head, rows)}\n\n{overload(record['overload'])}".rstrip()


def overload(found: Record | None) -> str:
    """Tell what became of the requests at twice the rate that is served."""
    if not found:
        return ""
    answers = dict(found["statuses"])
    asked, answered, refused = sum(answers.values()), answers.pop("200"), answers.pop("503", 0)
    others = ", ".join(f"{count:,} {status}" for status, count in answers.items()) or "nothing else"
    return (
        f"{found['minutes']:.0f} minutes at twice its rate ({found['service']}): of {asked:,} requests "
        f"{answered:,} answered, {refused:,} refused with 503, {others}; "
        f"{found['resident_mb_first_quarter']} MB in the first quarter, "
        f"{found['resident_mb_last_quarter']} MB in the last."
    )


def accuracy(*records: Record) -> str:
    """Write the mean and the spread over the seeds."""
    rows = [
        (data, record["cases"][data]["metric"], who, found)
        for record in reversed(records)
        for data, by in record["summary"].items()
        for who, found in by.items()
    ]
    return table(("data", "metric", "contender", "test, mean ± spread over seeds"), rows)


def pair(record: Record) -> str:
    """Write what the Trainer and finetune reached, and in how many seconds: the mean over the seeds."""
    rows = []
    for data, case in record["cases"].items():
        found = {
            who: [one for one in record["rows"] if (one["data"], one["contender"]) == (data, who)]
            for who in ("trainer", "finetune")
        }
        seconds = {who: mean(one["seconds"] for one in some) for who, some in found.items() if some}
        for who, some in found.items():
            if some:
                reached = mean(one[case["metric"]] for one in some)
                times = f"{seconds[who]:.0f} s", f"{seconds[who] / seconds['finetune']:.2f}x"
                rows.append((data, who, case["metric"], f"{reached:.4f}", *times))
    return table(("data", "contender", "metric", "test", "from rows to result", "`finetune` is"), rows)


def growth(record: Record) -> str:
    """Write what more rows cost, and what a second process brings."""
    head = ("rows", "texts/s", "in the same turn", "memory MB", "first start", "later start", "of it imports")
    rows = [
        (
            f"{one['rows']:,}",
            f"{one['warm']['texts_per_second']:,.0f}",
            f"{one['of_first']:.0%}",
            f"{max(one[which]['peak_private_bytes'] for which in ('cold', 'warm')) / 1e6:,.0f}",
            f"{one['cold']['seconds_to_first_step']:.0f} s",
            f"{one['warm']['seconds_to_first_step']:.0f} s",
            f"{record['seconds_of_imports']:.0f} s",
        )
        for one in record["rows"]
    ]
    one, two = (record["processes"]["texts_per_second"][count] for count in ("1", "2"))
    shared = f"One process: {one:,.0f} texts/s; two: {two:,.0f}, {two / one / 2:.0%} of twice that."
    return f"{table(head, rows)}\n\n{shared}"


def predicting(record: Record) -> str:
    """Write how fast a file is labelled, and how many answers differ from those of the loop."""
    head = ("way", "texts/s", "`finetune` is", "same labels")
    ours = record["rows"][-1]["rows_per_second"]
    rows = [
        (
            one["contender"],
            f"{one['rows_per_second']:,.1f}",
            f"{ours / one['rows_per_second']:.2f}x",
            f"{one['same_labels']:.1%}",
        )
        for one in record["rows"]
    ]
    return table(head, rows)


WRITERS: dict[str, Callable[..., str]] = {
    "training": training,
    "serving": serving,
    "accuracy": accuracy,
    "pair": pair,
    "growth": growth,
    "predicting": predicting,
}


def filled(page: str) -> str:
    """Return a page with its tables as the newest records have them."""

    def put(found: re.Match[str]) -> str:
        records = newest(found[2])
        if not records:
            return f"{found[1]}\nNot measured yet.\n\n{found[3]}"
        text = WRITERS[next(iter(records.values()))["benchmark"]](*records.values())
        origins = "\n\n".join(origin(path, record) for path, record in records.items())
        return f"{found[1]}\n{text}\n\n{origins}\n\n{found[3]}"

    return MARKED.sub(put, page)


def draw(record: Record, path: Path) -> None:
    """Draw the race: real tokens a second of each contender beside those of finetune."""
    speed = {(one["shape"], one["contender"]): one["tokens_per_second"] for one in record["rows"]}
    shapes = list(dict.fromkeys(one["shape"] for one in record["rows"]))
    contenders = list(dict.fromkeys(one["contender"] for one in record["rows"]))
    series = {who: [speed[at, who] / speed[at, "finetune"] for at in shapes] for who in contenders}
    draw_grouped(shapes, series, "real tokens a second, finetune = 1", path)


def main(argv: list[str]) -> int:
    """Rewrite the pages and the picture, or only look whether the pages are up to date."""
    pages = {DOCS / name: (DOCS / name).read_text(encoding="utf-8") for name in PAGES}
    stale = {path: new for path, old in pages.items() if (new := filled(old)) != old}
    if argv == ["--check"]:
        for path in stale:
            print(f"{path}: not what the newest records say; run: python benchmarks/tables.py")
        return int(bool(stale))
    for path, new in stale.items():
        path.write_text(new, encoding="utf-8")
    for race in newest("training-cpu").values():
        draw(race, DOCS / "images" / "training-cpu.png")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
