"""Further files are read as the training file was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from datasets import ClassLabel, Dataset, Features, Value

from finetune.data.conll import TAGGED
from finetune.data.corpus import Corpus, read_corpus
from finetune.data.plain import PLAIN
from finetune.data.shape import ONE_LABEL, SEVERAL_LABELS, Shape
from finetune.errors import DataError
from finetune.options import DataOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[str, str | bytes], Path]

TWEETS = "id,text,is_retweet,target\n" + "".join(f"{n},tweet {n},{n % 2},{n % 3}\n" for n in range(9))
UNLABELLED = "id,text,is_retweet\n" + "".join(f"{n},tweet x{n},{n % 2}\n" for n in range(9))
PLAYS = "a,b,mark,c\n" + "".join(f"line {n},a far longer line {n},{n % 2},x\n" for n in range(9))


def load(folder: Path, shape: Shape = ONE_LABEL, **more: Any) -> Corpus:  # noqa: ANN401
    return read_corpus(DataOptions(data=folder, cache_dir=folder.parent / "cache", **more), shape)


def test_a_test_file_without_the_label_is_refused(write: Write) -> None:
    write("d/train.csv", TWEETS)
    folder = write("d/test.csv", UNLABELLED).parent
    wanted = (
        r"test.csv:1: found the columns id, text, is_retweet; expected .*label in 'target'; remove the file"
    )
    with pytest.raises(DataError, match=wanted):
        load(folder)


def test_texts_alone_need_no_label(write: Write) -> None:
    write("d/train.csv", TWEETS)
    folder = write("d/test.csv", UNLABELLED).parent
    assert next(load(folder, PLAIN).splits["test"].texts()) == "tweet x0"


@pytest.mark.parametrize("named", [{"text_column": "a"}, {"label_column": "mark"}])
def test_a_column_that_is_named_leaves_the_other_as_in_training(write: Write, named: dict[str, str]) -> None:
    write("d/train.csv", PLAYS)
    folder = write("d/test.csv", "a,b,mark,c\n" + "a very long line,b,1,0\n" * 4).parent
    corpus = load(folder, ONE_LABEL, **named)
    columns = [split.rows.meta["columns"] for split in corpus.splits.values()]
    assert columns[0] == columns[1]


def test_a_file_without_a_header_is_looked_at_anew(write: Write) -> None:
    write("d/train.tsv", "text\tlabel\n" + "".join(f"text {n}\t{n % 2}\n" for n in range(9)))
    folder = write("d/test.tsv", "another text\t1\n").parent
    assert list(load(folder).splits["test"].texts()) == ["another text"]


def test_a_test_file_has_the_same_columns_of_labels(write: Write) -> None:
    rows = "".join(f"comment {n},{n % 2},{int(n > 3)}\n" for n in range(9))
    write("d/train.csv", f"comment_text,toxic,obscene\n{rows}")
    folder = write("d/test.csv", "comment_text,toxic,obscene,shown\nmine,1,1,1\nyours,0,0,0\n").parent
    corpus = load(folder, SEVERAL_LABELS)
    assert corpus.labels.names == ("toxic", "obscene")
    assert corpus.splits["test"].label_counts() == {"toxic,obscene": 1, "": 1}


def test_a_split_whose_labels_are_all_missing_is_said_to_have_none(tmp_path: Path) -> None:
    kinds = Features({"text": Value("string"), "label": ClassLabel(names=["neg", "pos"])})
    for name, labels in (("train", [0, 1]), ("test", [-1, -1])):
        rows = Dataset(pa.table({"text": ["a", "b"], "label": labels})).cast(kinds)
        rows.save_to_disk(str(tmp_path / "d" / name))
    with pytest.raises(DataError, match="test: found no label in any of 2 rows; expected a label for each"):
        load(tmp_path / "d")


def test_what_else_might_be_meant_is_said_of_the_training_file(write: Write) -> None:
    rows = "".join(f"this is tweet {n},{'abc'[n % 3]},{'mf'[n % 2]}\n" for n in range(20))
    path = write("a.csv", f"tweet,polarity,gender\n{rows}")
    assert any("'polarity' would do too" in one for one in load(path).notes)
    assert not any("would do too" in one for one in load(path, label_column="gender").notes)


TAGGED_WORDS = b"Paris B-LOC\n. O\n\n" * 9
BROKEN = {
    "a.tsv": b"fine\t1\nwell\t0\ngood \xff bad\t1\nmore\t0\n",
    "a.csv": b'text,label\nfine,1\n"good \xff bad",1\nwell,0\nmore,0\n',
    "b.csv": b"text,label\nfine,1\ngood \xff bad,\xff\nwell,0\nmore,0\n",
    "a.jsonl": b'{"text": "fine", "label": 1}\n{"text": "well", "label": 0}\n'
    b'{"text": "good \xff bad", "label": 1}\n{"text": "more", "label": 0}\n',
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_row_with_a_byte_that_is_no_text_can_be_skipped(write: Write, name: str) -> None:
    path = write(name, BROKEN[name])
    with pytest.raises(DataError, match=rf"{name}:3: found byte 0xff in 'good \ufffd bad.*save the file as"):
        load(path)
    corpus = load(path, skip_bad_rows=True)
    assert (corpus.skipped, [*corpus.splits["train"].texts()]) == (1, ["fine", "well", "more"])


def test_a_broken_byte_costs_a_tagged_sentence_and_names_its_line(write: Write) -> None:
    path = write("a.txt", TAGGED_WORDS + b"Par\xffis B-LOC\n. O\n\n" + TAGGED_WORDS)
    with pytest.raises(DataError, match=r"a.txt:28: found byte 0xff in 'Par\ufffdis B-LOC'"):
        load(path, TAGGED)
    assert len(load(path, TAGGED, skip_bad_rows=True).splits["train"]) == 18


def test_a_broken_byte_in_a_column_that_is_not_read_does_no_harm(write: Write) -> None:
    path = write("a.csv", b"text,label,note\nfine,1,a\nwell,0,\xff\n")
    assert len(load(path, label_column="label").splits["train"]) == 2


def test_a_broken_byte_in_the_header_is_named(write: Write) -> None:
    with pytest.raises(DataError, match=r"a.csv:1: found byte 0xff in 'text label n\ufffd'"):
        load(write("a.csv", b"text,label,n\xff\nfine,1,a\nwell,0,b\n"))


def test_plain_texts_with_a_broken_byte_can_be_skipped(write: Write) -> None:
    path = write("a.txt", b"one\ntw\xfeo\nthree\n")
    assert list(load(path, PLAIN, skip_bad_rows=True).splits["train"].texts()) == ["one", "three"]
