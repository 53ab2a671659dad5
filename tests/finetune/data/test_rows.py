"""Finding texts and labels in files of many shapes."""

from __future__ import annotations

import gzip
import lzma
from typing import TYPE_CHECKING

import pytest

from finetune.data.cells import split_names
from finetune.data.rows import open_source
from finetune.errors import FinetuneError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[[str, str | bytes], Path]

WANTED = [("球队赢了比赛", "1"), ("股市今天下跌", "0")]


def pairs(path: Path, text: str | None = None, label: str | None = None) -> list[tuple[str, str | None]]:
    return [(row.text, row.label) for row in open_source(path, text, label).rows()]


@pytest.mark.parametrize(
    ("name", "contents"),
    [
        pytest.param("train.txt", "球队赢了比赛\t1\n股市今天下跌\t0\n", id="text, tab, number"),
        pytest.param(
            "train.txt", "\ufeff球队赢了比赛\t1\r\n\r\n股市今天下跌\t0", id="BOM, CRLF, a blank line, no end"
        ),
        pytest.param("swapped.tsv", "1\t球队赢了比赛\n0\t股市今天下跌\n", id="label first, no header"),
        pytest.param("a.csv", "label,review\n1,球队赢了比赛\n0,股市今天下跌\n", id="CSV with a header"),
        pytest.param("a.csv", 'id,text,label\n1,"球队赢了比赛",1\n2,股市今天下跌,0\n', id="CSV with an id"),
        pytest.param("a.csv", "text;label\n球队赢了比赛;1\n股市今天下跌;0\n", id="CSV with semicolons"),
        pytest.param("a.txt", "球队赢了比赛|1\n股市今天下跌|0\n", id="bars in a .txt"),
        pytest.param("a.csv", "text\tlabel\n球队赢了比赛\t1\n股市今天下跌\t0\n", id="tabs in a .csv"),
        pytest.param(
            "a.csv", "ｔｅｘｔ,ｌａｂｅｌ\n球队赢了比赛,１\n股市今天下跌,０\n", id="full-width names"
        ),
        pytest.param(
            "a.jsonl",
            '{"a": {"text": "球队赢了比赛"}, "label": 1}\n{"a": {"text": "股市今天下跌"}, "label": 0}\n',
            id="nested JSON",
        ),
        pytest.param("a.csv", "标签,内容\n1,球队赢了比赛\n0,股市今天下跌\n", id="CSV with Chinese names"),
        pytest.param("a.txt", "球队赢了比赛,1\n股市今天下跌,0\n", id="commas in a .txt"),
        pytest.param("a.tsv", "球队赢了比赛\t1\tx1y2z3\n股市今天下跌\t0\tx1y2z4\n", id="an id behind"),
        pytest.param(
            "a.jsonl",
            '{"text": "球队赢了比赛", "label": 1}\n{"text": "股市今天下跌", "label": 0}\n',
            id="JSON lines",
        ),
        pytest.param(
            "a.json",
            '[\n{"text": "球队赢了比赛", "label": 1},\n{"text": "股市今天下跌", "label": 0}\n]\n',
            id="a JSON array",
        ),
        pytest.param(
            "a.txt",
            '{"content": "球队赢了比赛", "label": 1.0}\n{"content": "股市今天下跌", "label": "0"}\n',
            id="JSON in .txt",
        ),
    ],
)
def test_the_same_rows_come_out_of_every_shape(write: Write, name: str, contents: str) -> None:
    assert pairs(write(name, contents)) == WANTED


def test_parquet(tmp_path: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    parquet.write_table(
        pa.table({"text": [one for one, _ in WANTED], "label": [1, 0]}), tmp_path / "a.parquet"
    )
    assert pairs(tmp_path / "a.parquet") == WANTED


def test_a_folder_per_class(write: Write) -> None:
    write("data/neg/1.txt", "bad\nfilm")
    root = write("data/pos/2.txt", "good film").parents[1]
    assert pairs(root) == [("bad\nfilm", "neg"), ("good film", "pos")]


def test_a_file_per_class(write: Write) -> None:
    write("data/neg.csv", '"bad, really"\nworse\n')
    root = write("data/pos.txt", "good\n").parent
    assert pairs(root) == [("bad, really", "neg"), ("worse", "neg"), ("good", "pos")]


def test_a_file_per_class_of_the_news_layout(write: Write) -> None:
    write("data/.DS_Store", b"\0")
    write("data/README.md", "what this is")
    write("data/财经.txt.gz", gzip.compress("沪指今天，下跌, 两成\n".encode()))
    root = write("data/体育.txt", "主队赢了, 又赢了\n国足出线\n").parent
    assert pairs(root) == [
        ("主队赢了, 又赢了", "体育"),
        ("国足出线", "体育"),
        ("沪指今天，下跌, 两成", "财经"),
    ]
    assert "a file per class: '体育, 财经'" in open_source(root, None, None).said


def test_dots_in_a_class_name_stay(write: Write) -> None:
    write("data/comp.graphics.txt", "a pixel\n")
    write("data/comp.sys.mac", "a mouse\n")
    root = write("data/comp.windows.x.txt.gz", gzip.compress(b"a window\n")).parent
    assert [label for _, label in pairs(root)] == ["comp.graphics", "comp.sys.mac", "comp.windows.x"]


def test_a_folder_per_class_of_the_news_layout(write: Write) -> None:
    write("data/财经/.DS_Store", b"\0")
    write("data/财经/798977.txt", "沪指\n　　下跌")
    write("data/财经/empty.txt", "")
    root = write("data/体育/1.txt.xz", lzma.compress("主队".encode("gb18030"))).parents[1]
    rows = list(open_source(root, None, None).rows())
    assert [(row.text, row.label) for row in rows if not row.problem] == [
        ("主队", "体育"),
        ("沪指\n　　下跌", "财经"),
    ]
    assert [row.empty for row in rows] == [False, False, True]


def test_a_comma_in_a_class_file_without_quotes_is_text(write: Write) -> None:
    write("data/neg.csv", "bad, bad\n" + "worse\n" * 3)
    root = write("data/pos.csv", "good\ngreat, really\n").parent
    assert pairs(root)[0] == ("bad, bad", "neg")
    assert pairs(root)[-1] == ("great, really", "pos")


def test_an_open_quote_costs_its_own_row_only(write: Write) -> None:
    rows = "".join(f"text {n},1\n" for n in range(1500))
    path = write("a.csv", f'text,label\n"open,1\n{rows}"shut",0\n')
    found = list(open_source(path, None, None).rows())
    assert [row.line for row in found if row.problem] == [2]
    assert len(found) == 1502


def test_a_quote_in_a_tab_separated_title_is_just_a_quote(write: Write) -> None:
    assert pairs(write("train.txt", '"白马"领跌\t1\n他说"好\t0\n')) == [('"白马"领跌', "1"), ('他说"好', "0")]


@pytest.mark.parametrize("name", ["excel.txt", "excel.tsv"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8", "gb18030"])
def test_quoted_cells_of_a_tab_separated_file_may_hold_lines(write: Write, name: str, encoding: str) -> None:
    text = 'text\tlabel\r\n"球队\n他说""好"""\t1\r\n股市今天下跌\t0\r\n'
    path = write(name, text.encode(encoding))
    assert pairs(path) == [('球队\n他说"好"', "1"), ("股市今天下跌", "0")]
    assert f"CSV with a tab, {encoding}" in open_source(path, None, None).said


def test_doubled_quotes_in_a_tab_separated_file_are_those_of_the_file(write: Write) -> None:
    path = write("a.tsv", 'text\tlabel\n"they won ""at home"", he said"\t1\nlost\t0\n')
    assert pairs(path) == [('they won "at home", he said', "1"), ("lost", "0")]


def test_quoted_cells_of_excel_need_no_lines(write: Write) -> None:
    path = write("a.txt", '"球队, 赢了""比赛"""\t1\r\n股市今天下跌\t0\r\n'.encode("utf-16"))
    assert pairs(path) == [('球队, 赢了"比赛"', "1"), ("股市今天下跌", "0")]


@pytest.mark.parametrize("first", ['"白马', '"白马"领跌', '"白马"', '"白""马"'])
def test_quotes_of_tab_separated_titles_join_no_rows(write: Write, first: str) -> None:
    rows = [(first, "1"), ('他说"好"', "0"), ('好"', "1")]
    assert pairs(write("a.txt", "".join(f"{text}\t{label}\n" for text, label in rows))) == rows


def test_columns_that_the_user_names_win(write: Write) -> None:
    path = write("a.csv", "text,other,label,mine\nx,球队赢了比赛,9,1\ny,股市今天下跌,9,0\n")
    assert pairs(path, "other", "mine") == WANTED


def test_the_label_that_the_user_names_is_not_the_text(write: Write) -> None:
    path = write("a.csv", "description,title\n球队赢了比赛,1\n股市今天下跌,0\n")
    assert pairs(path, None, "title") == WANTED


def test_one_column_cannot_be_both(write: Write) -> None:
    with pytest.raises(FinetuneError, match=r"--text-column and --label-column are both a"):
        pairs(write("a.csv", "a,b\nx,1\n"), "a", "a")


@pytest.mark.parametrize("label", ["news", "y", "class"])
def test_a_label_that_is_also_a_columns_name_is_no_header(write: Write, label: str) -> None:
    rows = [("股市今天大跌了", label), ("球队赢了比赛", "sports"), ("大盘继续走低", label)]
    path = write("a.txt", "".join(f"{text}\t{name}\n" for text, name in rows))
    assert pairs(path) == rows


def test_a_header_may_stand_between_files_that_were_put_together(write: Write) -> None:
    path = write("a.csv", "text,label\n球队赢了比赛,1\ntext,label\n股市今天下跌,0\n")
    assert [one for one in pairs(path) if one != ("text", "label")] == WANTED


def test_a_header_that_the_user_names_may_stand_in_the_rows_too(write: Write) -> None:
    path = write("a.csv", "title,mark\n球队赢了比赛,1\ntitle,0\n")
    assert pairs(path, "title", "mark") == [WANTED[0], ("title", "0")]


@pytest.mark.parametrize(
    ("first", "rest"),
    [("comment_text,mark", ""), ("用户反馈,满意度", ""), ("id,feedback,stars,lang", ",en")],
)
def test_a_word_above_numbers_is_a_columns_name(write: Write, first: str, rest: str) -> None:
    rows = [(f"this is text {n}", str(n % 5)) for n in range(20)]
    lines = [f"{'7,' if rest else ''}{text},{label}{rest}\n" for text, label in rows]
    assert pairs(write("a.csv", "".join((first, "\n", *lines)))) == rows


@pytest.mark.parametrize("first", ["3", "1,2", "pos"])
def test_a_first_row_that_looks_like_the_others_is_no_header(write: Write, first: str) -> None:
    others = ["1", "2"] if first != "pos" else ["neg", "pos"]
    rows = [("the first text", first), *((f"text {n}", others[n % 2]) for n in range(20))]
    assert pairs(write("a.tsv", "".join(f"{text}\t{label}\n" for text, label in rows))) == rows


def test_a_column_with_one_value_is_not_taken_for_the_label(write: Write) -> None:
    rows = "".join(f"{n},this is text {n},{'ab'[n % 2]},en\n" for n in range(20))
    source = open_source(write("a.csv", f"id,text,mark,lang\n{rows}"), None, None)
    assert source.columns is not None
    assert source.columns.label == "mark"


def test_an_id_is_no_label_where_the_labels_are_sorted(write: Write) -> None:
    rows = "".join(f"this is text {n}\t{n // 300}\tx{n}\n" for n in range(600))
    assert {label for _, label in pairs(write("a.tsv", rows))} == {"0", "1"}


def test_the_keys_of_the_first_object_are_not_all(write: Write) -> None:
    lines = '{"id": 1, "text": "a"}\n{"id": 2, "text": "b", "labels": ["x"]}\n{"id": 3, "text": "c"}\n'
    source = open_source(write("a.jsonl", lines), None, None, blank_labels=True)
    assert [(row.text, row.label) for row in source.rows()] == [("a", ""), ("b", "x"), ("c", "")]


@pytest.mark.parametrize(
    ("name", "contents", "message"),
    [
        ("a.txt", "好\t1\n没有标签\n", r"a.txt:2: found 1: \['没有标签'\]; expected 2 columns with a tab"),
        ("a.csv", "text,label\na,1\n\nb,1,2\n", r"a.csv:4: found 3: .*expected 2 columns with a comma"),
        ("a.csv", 'text,label\n"a\nb",1\n"c,1\n', r"a.csv:4: found broken CSV"),
        ("a.csv", "text,label\na,1\nb\rc,1\n", r"a.csv:3: found broken CSV"),
        ("a.jsonl", '{"text": "a", "label": 1}\n{"text": \n', r"a.jsonl:2: found .*one JSON object a line"),
        ("a.jsonl", '{"text": "a", "label": 1}\n[1]\n', r"a.jsonl:2: found '\[1\]"),
        ("a.json", '[{"text": "a", "label": 1}, 7]', r"a.json: found in entry 2: 7; .*mend the entry 2"),
        ("a.txt", "好\t1\n\t0\n", r"a.txt:2: found no text in column '1'"),
        ("a.txt", "好\t1\n坏\t\n", r"a.txt:2: found no label in column '2'"),
    ],
)
def test_a_bad_row_is_named_with_its_line(write: Write, name: str, contents: str, message: str) -> None:
    problems = [
        str(row.problem) for row in open_source(write(name, contents), None, None).rows() if row.problem
    ]
    assert len(problems) == 1
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(problems[0])


def test_a_column_that_is_not_there_is_refused(write: Write) -> None:
    with pytest.raises(
        FinetuneError, match=r"--text-column titel: .* no such column; accepted: title, label"
    ):
        pairs(write("a.csv", "title,label\na,1\n"), "titel")


def test_a_file_of_white_space_is_no_text(write: Write) -> None:
    write("data/pos/1.txt", "很好看")
    path = write("data/neg/1.txt", "\u2028\n\u3000")
    found = [row.problem for row in open_source(path.parents[1], None, None).rows() if row.problem]
    assert [str(one).startswith(f"{path}:1: found white space alone") for one in found] == [True]


@pytest.mark.parametrize(
    ("label", "todo"),
    [('["joy", "fear"]', "pass --multi-label"), ('[[0, 2, "PER"]]', "learn entities with finetune tag")],
)
def test_a_list_is_no_label(write: Write, label: str, todo: str) -> None:
    path = write("a.jsonl", f'{{"text": "a", "label": ["joy"]}}\n{{"text": "b", "label": {label}}}\n')
    good, bad = open_source(path, None, None).rows()
    assert good.label == "joy"
    assert f"in the column 'label'; expected one label for each text; {todo}" in str(bad.problem)


def test_a_list_holds_several_labels_where_a_text_may_have_them(write: Write) -> None:
    path = write("a.jsonl", '{"text": "a", "label": ["joy", "fear"]}\n{"text": "b", "label": "joy"}\n')
    source = open_source(path, None, None, blank_labels=True)
    assert [row.label for row in source.rows()] == ["joy,fear", "joy"]


def test_a_broken_json_array_is_refused_with_its_line(write: Write) -> None:
    with pytest.raises(FinetuneError, match=r"a.json:2: found broken JSON \(.*or one object a line"):
        open_source(write("a.json", '[{"text": "a"},\n{"text": }]\n'), None, None)


def test_a_json_array_that_is_too_long_says_how_to_cut_it(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("finetune.data.records.LONGEST_ARRAY", 20)
    with pytest.raises(FinetuneError, match=r"jq -c '\.\[\]' a.json > NAME.jsonl"):
        open_source(write("a.json", '[{"text": "a", "label": 1}]\n'), None, None)


def test_a_comma_in_a_name_of_a_list_parts_no_labels(write: Write) -> None:
    first, second = '{"text": "a", "label": ["Health, beauty", "sport"]}', '{"text": "b", "label": "x,y"}'
    rows = open_source(write("a.jsonl", f"{first}\n{second}\n"), None, None, blank_labels=True).rows()
    assert [split_names(row.label) for row in rows] == [("Health, beauty", "sport"), ("x", "y")]
    assert pairs(write("b.jsonl", '{"text": "a", "label": ["Health, beauty"]}')) == [("a", "Health, beauty")]


def test_objects_with_commas_behind_them_are_json_lines(write: Write) -> None:
    path = write("a.jsonl", '{"text": "球队赢了比赛", "label": 1},\n{"text": "股市今天下跌", "label": 0} ,\n')
    assert pairs(path) == WANTED
