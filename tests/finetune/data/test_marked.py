"""Entities that are given by their places: what counts as Chinese, and as one label."""

from __future__ import annotations

from finetune.data.marked import are_chinese, as_list


def test_one_chinese_name_makes_no_text_chinese() -> None:
    assert not are_chinese(["he met 李 there", "in Rome", "and left"])
    assert are_chinese(["他在 Rome", "北京", "OK"])


def test_an_entity_of_two_labels_is_no_place() -> None:
    assert as_list({"start": 0, "end": 2, "labels": ["A"]}) == [0, 2, "A"]
    assert as_list({"start": 0, "end": 2, "labels": ["A", "B"]})[2] == ["A", "B"]
