"""A learner's file as splits: divided, or as it says itself; and a part of it to score."""

import csv
import io
import json
import random
import re
import sys
from collections import Counter

import numpy as np
import pytest

from edgelab import datasets
from edgelab.datasets.dataset import Dataset, Part, Split
from edgelab.datasets.loading import load, load_split
from edgelab.datasets.slots import Span, slot_values
from edgelab.datasets.sources import DataError
from tests.command_line import ROOT
from tests.learner_files import BODY, HEADER, ROWS, examples, mark, refused, with_splits


def test_a_csv_keeps_every_example_and_its_label(file):
    data = load(file(HEADER + BODY))
    assert sorted(examples(data)) == sorted(ROWS)
    assert data.name == "mine" and data.labels == ("alarm", "music")
    assert data.slot_names == () and data.train.spans is None and data.extra == {}


def test_the_split_is_80_10_10_within_each_label_and_always_the_same(file):
    labels = {"a": 100, "b": 30, "c": 3}
    body = "".join(f"{label} {i},{label}\n" for label, count in labels.items() for i in range(count))
    path = file(HEADER + body)
    data = load(path)
    counts = [Counter(s.labels) for s in (data.train, data.validation, data.test)]
    assert counts == [{"a": 80, "b": 24, "c": 1}, {"a": 10, "b": 3, "c": 1}, {"a": 10, "b": 3, "c": 1}]
    assert load(path) == data and load(path).fingerprint == data.fingerprint
    # Shuffled, not cut off: the last tenth of a file often differs from its beginning.
    for split in (data.validation, data.test):
        assert max(np.diff([int(text[2:]) for text in split.texts[:10]])) > 10


def test_different_texts_are_divided_as_ever(file):
    """What was built from a learner's file before must still be its own."""
    data = load(file(HEADER + BODY))
    assert data.validation.texts == ("wake 2", "hear 4") and data.test.texts == ("wake 3", "play 4")


def sides(data: Dataset) -> dict[str, set[str]]:
    """In which splits each text stands, whatever its case."""
    found: dict[str, set[str]] = {}
    for name in datasets.SPLITS:
        for text in getattr(data, name).texts:
            found.setdefault(text.casefold(), set()).add(name)
    return found


def test_repeats_of_a_text_stay_in_one_split(file):
    forms = (str.lower, str.upper, "  {}  ".format)
    repeated = "".join(f"{form(text)},{label}\n" for form in forms for text, label in ROWS)
    data = load(file(HEADER + repeated))
    assert all(len(names) == 1 for names in sides(data).values()) and len(sides(data)) == 20
    assert [len(data.train), len(data.validation), len(data.test)] == [3 * 16, 3 * 2, 3 * 2]
    assert {text.casefold() for text in data.test.texts} == set(load(file(HEADER + BODY, "once.csv")).test.texts)


def test_a_text_under_two_labels_goes_with_the_first(file):
    held = load(file(HEADER + BODY)).test
    twice = "".join(f"{text},other\n" for text in held.texts) + "".join(f"word {i},other\n" for i in range(10))
    data = load(file(HEADER + BODY + twice, "twice.csv"))
    assert all(len(names) == 1 for names in sides(data).values())
    assert set(held.texts) < set(data.test.texts) and data.test.labels.count("other") == 3


def test_a_label_whose_texts_all_go_with_another_is_still_learned(file):
    held = load(file(HEADER + BODY)).test.texts[0]
    data = load(file(HEADER + BODY + f"{held},typo\n", "typo.csv"))
    assert sides(data)[held] == {"train"} and "typo" in data.train.labels


def test_a_label_with_fewer_than_three_different_texts_is_all_in_train(file):
    rare = "one,once\n" + "first,twice\nsecond,twice\nSecond,twice\nsecond ,twice\n"
    data = load(file(HEADER + BODY + rare))
    assert Counter(data.train.labels) == {"alarm": 8, "music": 8, "once": 1, "twice": 4}
    assert set(data.validation.labels) == set(data.test.labels) == {"alarm", "music"}
    assert data.labels == ("alarm", "music", "once", "twice")


def test_a_label_with_two_texts_is_in_train_also_where_another_label_has_one_of_them(file):
    learned = load(file(HEADER + BODY)).train.texts[0]
    data = load(file(HEADER + BODY + f"{learned},pair\nalone,pair\n", "pair.csv"))
    assert data.train.labels.count("pair") == 2


def test_a_text_under_two_labels_goes_where_the_first_one_has_it(file):
    held = load(file(HEADER + BODY)).test.texts[0]
    data = load(file(HEADER + BODY + f"{held},pair\nalone,pair\n", "pair.csv"))
    assert data.test.labels.count("pair") == 1 == data.train.labels.count("pair")


def test_one_label_that_can_be_divided_is_enough(file):
    data = load(file(HEADER + "1,a\n2,a\n3,a\n4,b\n"))
    assert [len(s) for s in (data.train, data.validation, data.test)] == [2, 1, 1]


def test_a_given_split_may_lack_a_label_in_validation_and_test(file):
    rows = [("a", "train"), ("b", "train"), ("c", "train"), ("a", "validation"), ("b", "test")]
    data = load(file(with_splits(rows)))
    assert (data.train.labels, data.validation.labels, data.test.labels) == (("a", "b", "c"), ("a",), ("b",))
    assert data.labels == ("a", "b", "c") and data.label_ids(data.test) == [1]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take only names of whole characters")
def test_a_file_whose_name_is_not_utf_8_has_a_name_that_a_report_takes(file):
    assert load(file(HEADER + BODY, "caf\udce9.csv")).name == "caf?"


def test_the_learners_own_split_is_kept(file):
    rows = [(f"{label} {split} {i}", label, split) for split in datasets.SPLITS for label in "ab" for i in range(2)]
    data = load(file("split,text,label\n" + "".join(f"{s},{t},{x}\n" for t, x, s in rows)))
    assert data.validation == Split(
        ("a validation 0", "a validation 1", "b validation 0", "b validation 1"), tuple("aabb")
    )
    assert len(data.train) == len(data.test) == 4


def test_a_held_out_label_that_train_lacks_is_refused(file):
    rows = [(label, split) for split in datasets.SPLITS for label in "abc" for _ in range(3)]
    for split in ("validation", "test"):
        kept = [row for row in rows if row[0] != "b" or row[1] == split]
        line = kept.index(("b", split)) + 2
        expected = f", line {line}: label 'b' is in {split}: expected examples of it in train, too, found none"
        assert refused(file(with_splits(kept))) == expected


def test_two_labels_must_be_in_train(file):
    rows = [("a", "train"), ("a", "validation"), ("b", "test")]
    assert refused(file(with_splits(rows))) == ": expected at least 2 labels in train, found only 'a'"


@pytest.mark.parametrize("missing", [("train",), ("validation",), ("test",), ("train", "validation")])
def test_a_split_without_rows_is_named_with_what_to_do(file, missing):
    rows = [(label, split) for split in datasets.SPLITS for label in "ab" for _ in range(3) if split not in missing]
    message = refused(file(with_splits(rows)))
    assert message.startswith(
        f": expected rows of every split, found none of {' and '.join(missing)}; name some rows so"
    )
    assert message.endswith("leave the column split out to have the rows divided 80/10/10")


def test_a_split_named_for_some_examples_only_is_refused_and_loses_none(file):
    lines = [{"text": str(i), "label": x, "split": s} for s in datasets.SPLITS for x in "ab" for i in range(3)]
    for at in (0, 7):
        partial = [{k: v for k, v in line.items() if k != "split" or i != at} for i, line in enumerate(lines)]
        message = refused(file("\n".join(map(json.dumps, partial)), "mine.jsonl"))
        assert message == f", line {at + 1}: expected split train, validation or test, found ''"


# --- slots --------------------------------------------------------------------------------------

CALLS = [  # marked text, label: as three files hold them
    *((f"wake me at [{hour}:15](time)", "set_alarm") for hour in range(1, 11)),
    *((f"remind me to [water plant {number}, please](task)", "add_reminder") for number in range(10)),
    *((rf"what is \[{number}\] (really)", "ask_cloud") for number in range(10)),
]
MARKED = "marked,label\n" + "".join(f'"{text}",{label}\n' for text, label in CALLS)


def as_json(data: Dataset) -> str:
    """A data set as a file with offsets; a row without slots does not mention them."""
    lines = []
    for split in (data.train, data.validation, data.test):
        for text, label, spans in zip(split.texts, split.labels, split.spans, strict=True):
            given = {"slots": [{"start": s.start, "end": s.end, "name": s.name} for s in spans]} if spans else {}
            lines.append(json.dumps({"text": text, "label": label} | given, ensure_ascii=len(lines) % 2 == 0))
    return "\n".join(lines)


def test_marked_texts_are_texts_with_slots(file):
    data = load(file(MARKED))
    assert data.slot_names == ("task", "time") and data.labels == ("add_reminder", "ask_cloud", "set_alarm")
    rows = {
        t: slot_values(t, s)
        for p in (data.train, data.validation, data.test)
        for t, s in zip(p.texts, p.spans, strict=True)
    }
    assert len(rows) == 30 and rows["wake me at 7:15"] == {"time": ["7:15"]} and rows["what is [3] (really)"] == {}
    assert rows["remind me to water plant 3, please"] == {"task": ["water plant 3, please"]}


def test_all_forms_of_the_same_calls_are_the_same_data(file):
    data = load(file(MARKED))
    tabs = "Label\tMARKED\n" + "".join(f"{label}\t  {text} \n" for text, label in CALLS)
    assert load(file(tabs, "mine.tsv")) == data
    marked_json = "\n".join(json.dumps({"marked": text, "label": label}) for text, label in CALLS)
    assert load(file(marked_json, "mine.jsonl")) == data
    offsets = load_split(file(as_json(data), "mine.jsonl")).examples
    parts = (data.train, data.validation, data.test)
    assert offsets.spans == tuple(spans for part in parts for spans in part.spans)
    assert offsets.texts == tuple(text for part in parts for text in part.texts)


def test_texts_are_divided_whether_they_are_marked_or_not(file):
    """Adding slots to a file changes what is learned, not what it is tested on."""
    marked, rows = load(file(MARKED)), load_split(file(MARKED)).examples
    lines = [json.dumps({"text": t, "label": label}) for t, label in zip(rows.texts, rows.labels, strict=True)]
    plain = load(file("\n".join(lines), "plain.jsonl"))
    assert plain.train.spans is None and plain.fingerprint != marked.fingerprint
    for name in datasets.SPLITS:
        assert getattr(plain, name).texts == getattr(marked, name).texts


def test_offsets_count_in_the_text_as_the_file_has_it(file):
    text = "  ⏰ wake me at 7:15 "
    start = text.index("7")
    slots = [{"start": start, "end": start + 5, "name": "time"}, {"start": 2, "end": 3, "name": "sign"}]
    row = {"text": text, "label": "set_alarm", "slots": slots}
    for ascii_only in (True, False):
        found = load_split(file(json.dumps(row, ensure_ascii=ascii_only), "mine.jsonl")).examples
        assert found.texts == ("⏰ wake me at 7:15",)
        assert found.spans == ((Span(0, 1, "sign"), Span(13, 17, "time")),)


def test_a_row_that_gives_no_slots_has_none_and_a_file_that_gives_none_has_no_slots(file):
    rows = [{"text": "a", "label": "x"}, {"text": "b", "label": "y", "slots": []}]
    assert load_split(file("\n".join(map(json.dumps, rows)), "mine.jsonl")).examples.spans == ((), ())
    assert load_split(file(json.dumps(rows[0]), "mine.jsonl")).examples.spans is None
    assert load_split(file("marked,label\na,x\n")).examples.spans == ((),)


def test_splits_that_a_file_names_take_their_slots_along(file):
    rows = [f'"{text}",{label},{split}' for split in datasets.SPLITS for text, label in CALLS[::5]]
    path = file("marked,label,split\n" + "\n".join(rows))
    data = load(path)
    assert data.train == data.validation == data.test == load_split(path).examples
    assert [len(spans) for spans in data.test.spans] == [1, 1, 1, 1, 0, 0]


def test_the_fingerprint_follows_the_slots(file):
    changed = [
        MARKED,
        MARKED.replace("(time)", "(hour)"),
        MARKED.replace("[7:15](time)", "7:15"),
        MARKED.replace("[7:15](time)", "[7](time):15"),
    ]
    prints = {load(file(content)).fingerprint for content in changed}
    assert len(prints) == 4 and load(file(MARKED)).fingerprint in prints


def test_the_examples_of_the_readme_are_read(file):
    blocks = re.findall(
        r"```\n((?:marked,label|\{).+?)```", (ROOT / "book" / "your_data.md").read_text("utf-8"), re.DOTALL
    )
    forms = [
        load_split(file(block, f"mine.{end}")).examples for block, end in zip(blocks, ("csv", "jsonl"), strict=True)
    ]
    values = [[slot_values(*row) for row in zip(form.texts, form.spans, strict=True)] for form in forms]
    assert values[0] == [{"time": ["6:15"]}, {"task": ["water the plants"], "date": ["tomorrow"]}, {}]
    assert forms[0].texts[2] == "what's in [draft] notes.txt (the old one)?" and values[1] == [{"time": ["6:15"]}, {}]


OF_SLOTS = '{{"text": "wake me at 7:15", "label": "set_alarm", "slots": {}}}'


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        ('[{"start": 11, "end": 16, "name": "time"}]', "within the 15 characters of the text, found 'time' from 11 to"),
        ('[{"start": 11, "end": 11, "name": "time"}]', "start before its end"),
        ('[{"start": 12, "end": 11, "name": "time"}]', "start before its end"),
        ('[{"start": 13, "end": 14, "name": "time"}]', "which has '1' of the word '15'"),
        ('[{"start": 7, "end": 8, "name": "time"}]', "expected a word in a slot"),
        ('[{"start": 8, "end": 15, "name": "a"}, {"start": 11, "end": 15, "name": "b"}]', "slots that do not overlap"),
        ('[{"start": 11, "end": 15}]', "found no 'name' in"),
        ('[{"start": 11, "end": 15, "name": " "}]', "a slot's name of letters"),
        ('[{"start": true, "end": 15, "name": "time"}]', "'start' of a slot as a whole number, found true"),
        ('[{"start": 11, "end": NaN, "name": "time"}]', "'end' of a slot as a whole number, found NaN"),
        ('[{"start": 11, "end": 15.0, "name": "time"}]', "'end' of a slot as a whole number, found 15.0"),
        ('[{"start": "11", "end": 15, "name": "time"}]', "'start' of a slot as a whole number, found"),
        ('[{"start": 11, "end": 15, "name": null}]', "'name' of a slot as a string, found null"),
        ('{"time": "7:15"}', 'slots as a list of {"start": 13, "end": 29, "name": "task"}, found {"time"'),
        ('[{"start": 0, "start": 11, "end": 15, "name": "time"}]', 'expected a JSON object: "start" stands twice'),
        ("null", 'slots as a list of {"start": 13, "end": 29, "name": "task"}, found null'),
        ("[" * 900 + "]" * 900, "expected a slot as"),
    ],
)
def test_bad_offsets_give_one_line(file, slots, expected):
    message = refused(file(OF_SLOTS.format("[]") + "\n" + OF_SLOTS.format(slots), "mine.jsonl"))
    assert message.startswith(", line 2: expected ") and expected in message


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("wake me at [7:15,set_alarm", "expected slots as [value](slot), found a stray bracket at '[7:15'"),
        ("wake me at 7:15](time),set_alarm", "found a stray bracket at '](time)'"),
        ("wake me at [](time),set_alarm", "found no value in '[](time)'"),
        ("wake me at [ ](time),set_alarm", "expected a word in a slot, found none"),
        ("wake me at [7:15](),set_alarm", "expected a slot's name of letters"),
        ("wake me at [7:1](time)5,set_alarm", "which has '1' of the word '15'"),
        (" ,set_alarm", "expected a text, found it empty"),
    ],
)
def test_a_bad_mark_gives_one_line(file, row, expected):
    line = MARKED.count("\n") + 1
    message = refused(file(MARKED + row + "\n"))
    assert message.startswith(f", line {line}: expected ") and expected in message


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", "text,Marked,label\na,a,x\n", ", line 1: expected one column of text and marked, found both"),
        ("a.tsv", "marked\tlabel\tText\na\tx\ta\n", ", line 1: expected one column of text and marked, found both"),
        (
            "a.jsonl",
            '{"text": "a", "marked": "a", "label": "x"}',
            ", line 1: expected one column of text and marked, found both",
        ),
        (
            "a.jsonl",
            '{"marked": "a", "label": "x"}\n{"text": "a", "label": "x"}',
            ", line 2: expected 'marked' as in other lines, found 'text'",
        ),
        (
            "a.jsonl",
            '{"marked": "a", "label": "x", "slots": []}',
            ", line 1: expected slots in one of 'marked' and 'slots', found both",
        ),
        (
            "a.csv",
            "text,label,slots\na,x,[]\n",
            ", line 2: expected slots marked in the text, in a column 'marked' in place of 'text', found a column 'slots', "
            "which .jsonl files alone have",
        ),
    ],
)
def test_slots_are_given_in_one_way(file, name, content, expected):
    assert refused(file(content, name)) == expected


def test_any_text_with_slots_comes_through_a_table(file):
    words = ["a", "[b]", "(c)", "d\\", "é⏰", '"', ",", "](", "\\[", "e\nf"]
    choose, rows = random.Random(0), []
    for _ in range(500):
        said, spans, text = choose.choices(words, k=choose.randrange(1, 8)), [], ""
        for word in said:
            if choose.random() < 0.4:
                spans.append(Span(len(text), len(text) + len(word), choose.choice(["one", "two.2", "drei-é"])))
            text += word + " "
        rows.append((text.strip(), tuple(spans)))
    out = io.StringIO()
    csv.writer(out).writerows([("marked", "label"), *((mark(*row), "x") for row in rows)])
    found = load_split(file(out.getvalue())).examples
    assert list(zip(found.texts, found.spans, strict=True)) == rows


# --- a part to score ----------------------------------------------------------------------------


def test_a_file_that_names_no_splits_is_taken_whole(file):
    texts, labels = zip(*ROWS, strict=True)
    path = file(HEADER + BODY)
    assert load_split(path) == load_split(path, "all") == Part("mine", "all", Split(texts, labels))


def test_a_split_that_is_asked_for_of_it_is_the_one_that_is_divided_off(file):
    path = file(HEADER + BODY)
    data = load(path)
    for name in datasets.SPLITS:
        assert load_split(path, name) == Part("mine", name, getattr(data, name))


@pytest.mark.parametrize("body", ["ring,alarm\n", "ring,alarm\nplay,music\n", "ring,alarm\nring,alarm\n"])
def test_nothing_has_to_be_fit_to_train_on(file, body):
    path = file(HEADER + body)
    refused(path)
    assert len(load_split(path).examples) == body.count("\n")


def test_the_splits_that_a_file_names_need_not_all_be_there(file):
    path = file(with_splits([("a", "test"), ("b", "test"), ("a", "validation")]))
    assert load_split(path) == load_split(path, "test") == Part("mine", "test", Split(("0", "1"), ("a", "b")))
    assert load_split(path, "validation").examples == Split(("2",), ("a",))
    assert load_split(path, "all").examples == Split(("0", "1", "2"), ("a", "b", "a"))
    for missing in ("train", "hard"):
        with pytest.raises(DataError) as caught:
            load_split(path, missing)
        known = "it has some of validation, test, and all"
        assert str(caught.value) == f"{path}: has no examples of the split {missing!r}; {known}"


def test_a_split_by_another_name_is_refused_here_too(file):
    with pytest.raises(DataError, match="line 3: expected split train, validation or test, found 'tset'"):
        load_split(file("text,label,split\na,a,test\nb,a,tset\n"))
