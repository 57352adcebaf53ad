"""Reading a learner's file: every usual form, and what is wrong with a bad one, in one line."""

import json
import os

import pytest

from edgelab.datasets.dataset import SPLITS
from edgelab.datasets.lines import load_lines
from edgelab.datasets.loading import load
from edgelab.datasets.sources import DataError
from tests.learner_files import BODY, HEADER, ROWS, examples, refused


def test_a_text_of_any_length(file):
    long = "a" * 200_000
    assert (long, "alarm") in examples(load(file(HEADER + BODY + long + ",alarm\n")))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mine.tsv", "text\tlabel\n" + "".join(f"{t}\t{label}\n" for t, label in ROWS)),
        ("mine.jsonl", "".join(json.dumps({"text": t, "label": label}) + "\n" for t, label in ROWS)),
        ("windows.CSV", (HEADER + BODY).replace("\n", "\r\n")),
        ("old_mac.csv", (HEADER + BODY).replace("\n", "\r")),
        ("excel.csv", "\ufeff" + HEADER + BODY),
        ("excel.tsv", "\ufefftext\tlabel\n" + "".join(f"{t}\t{label}\n" for t, label in ROWS)),
        ("mark.jsonl", "\ufeff" + "\n\n".join(json.dumps({"label": label, "text": t}) for t, label in ROWS)),
        ("blanks.csv", "\n" + HEADER + "\n" + BODY.replace("\n", "\n\n")),
        ("spaces.csv", "text, label\n" + BODY.replace(",", "  , ")),
        ("more.csv", "id,text,note,label\n" + "".join(f'7,{t},"a, b",{label}\n' for t, label in ROWS)),
    ],
)
def test_every_usual_form_of_the_same_examples(file, name, content):
    assert sorted(examples(load(file(content, name)))) == sorted(ROWS)


def test_quoted_texts_hold_commas_quotes_and_newlines(file):
    odd = ["at seven, please", 'say "hi"', "one\ntwo", "one\r\ntwo"]
    quoted = "".join('"' + text.replace('"', '""') + '",alarm\n' for text in odd)
    assert set(odd) < {text for text, _ in examples(load(file(HEADER + quoted + BODY)))}


def test_texts_of_every_script(file):
    odd = [
        "réveille-moi à sept heures",
        "⏰ um 7 📱👩🏽‍🚀",
        "七时叫醒我",
        "أيقظني في السابعة",
        "разбуди меня",
        "נא להעיר",
        "a\u2028b",
    ]
    lines = "".join(json.dumps({"text": t, "label": "⏰"}, ensure_ascii=False) + "\n" for t in odd)
    data = load(file(lines + "".join(json.dumps({"text": t, "label": x}) + "\n" for t, x in ROWS), "mine.jsonl"))
    assert {text for text, label in examples(data) if label == "⏰"} == set(odd)
    body = "".join(f"{text},é\n" for text in odd)
    assert {text for text, label in examples(load(file(HEADER + BODY + body))) if label == "é"} == set(odd)


def test_numbers_as_labels(file):
    lines = [json.dumps({"text": f"{i}", "label": i % 2}) for i in range(10)]
    assert load(file("\n".join(lines), "mine.jsonl")).labels == ("0", "1")


@pytest.mark.parametrize(
    ("name", "content", "line", "expected"),
    [
        ("a.csv", "text,intent\nhello,a\n", 1, "expected a column 'label', found text, intent"),
        ("a.csv", "hello,a\nhi,b\n", 1, "expected a column 'text', found hello, a"),
        ("a.tsv", HEADER + BODY, 1, "expected a column 'text', found text,label"),
        ("a.jsonl", '{"text": "a", "label": "b"}\n{"text": "a"}\n', 2, "expected a column 'label', found text"),
        ("a.csv", HEADER + BODY + "  ,alarm\n", 22, "expected a text, found it empty"),
        ("a.csv", HEADER + BODY + '"",alarm\n', 22, "expected a text, found it empty"),
        ("a.csv", HEADER + "ring,\n" + BODY, 2, "expected a label, found it empty"),
        ("a.jsonl", '{"text": null, "label": "b"}\n', 1, "expected a text, found it empty"),
        ("a.jsonl", '\n{"text": ["a"], "label": "b"}\n', 2, 'expected a text as a string, found ["a"]'),
        ("a.jsonl", '{"text": "a", "label": 1.5}\n', 1, "expected a label as a string, found 1.5"),
        ("a.jsonl", '{"text": "\\ud83d", "label": "b"}\n', 1, "expected a text of whole characters"),
        ("a.csv", HEADER + "".join(f"{i},a\n" for i in range(5)), None, "at least 2 labels in train, found only 'a'"),
        ("a.csv", HEADER + "1,a\n2,a\n3,b\n4,b\n" * 9, None, "a label with at least 3 different texts"),
        ("a.csv", HEADER + BODY + "short row\n", 22, "expected 2 columns, found 1"),
        ("a.csv", HEADER + BODY + "at seven, please,alarm\n", 22, "expected 2 columns, found 3; a text that holds"),
        ("a.csv", HEADER + BODY + '"never closed,alarm\nring,alarm\n', 22, "expected a row of columns"),
        (
            "a.csv",
            HEADER + BODY + '"say "hi", please",alarm\n',
            22,
            'write each one inside it twice (""), or leave out',
        ),
        ("a.csv", "text,label,text\n1,a,2\n", 1, "expected one column 'text', found it repeated: text, text"),
        ("a.tsv", "text\t label\tlabel\n1\ta\tb\n", 1, "expected one column 'label', found it repeated: label, label"),
        (
            "a.csv",
            HEADER + '"two\nlines",alarm\n\n"three\n\nlines",alarm\n ,alarm\n',
            8,
            "expected a text, found it empty",
        ),
        ("a.csv", b"text,label\nring,alarm\ncaf\xe9,alarm\n", 3, "expected UTF-8, found byte 0xe9"),
        ("a.csv", b"\xef\xbb\xbftext,label\nring,alarm\ncaf\xe9,alarm\n", 3, "expected UTF-8, found byte 0xe9"),
        ("a.csv", (HEADER + BODY).encode("utf-16"), 1, "expected UTF-8, found byte 0xff"),
        ("a.jsonl", b'{"text": "caf\xe9", "label": "b"}\n', 1, "expected UTF-8, found byte 0xe9"),
        ("a.jsonl", '{"text": "a", "label": "b"}\n{"text": "a", \n', 2, "expected a JSON object"),
        ("a.jsonl", '{"text": "a", "label": 1' + "0" * 5000 + "}\n", 1, "expected a JSON object: Exceeds the limit"),
        (
            "a.jsonl",
            '{"text": "a", "label": "b", "label": "c"}\n',
            1,
            'expected a JSON object: "label" stands twice in it',
        ),
        ("a.jsonl", "[" * 100_000 + "\n", 1, "expected a JSON object: maximum recursion depth"),
        ("a.jsonl", '["a", "b"]\n', 1, 'expected a JSON object, found \'["a", "b"]\''),
        ("a.csv", "text,label,split\nring,alarm,dev\n", 2, "expected split train, validation or test, found 'dev'"),
        ("a.csv", "text,label,split\nring,alarm,\n", 2, "expected split train, validation or test, found ''"),
        ("a.txt", HEADER + BODY, None, "expected a .csv, .tsv or .jsonl file, or one of pocket, clinc150, snips2017"),
        ("a", HEADER + BODY, None, "expected a .csv, .tsv or .jsonl file"),
        ("a.csv", "", None, "expected at least one example, found none"),
        ("a.csv", HEADER, None, "expected at least one example, found none"),
        ("a.jsonl", "\n\n", None, "expected at least one example, found none"),
    ],
)
def test_a_bad_file_gives_one_error_that_names_file_line_and_what_was_expected(file, name, content, line, expected):
    message = refused(file(content, name))
    assert message.startswith(": " if line is None else f", line {line}: "), message
    assert expected in message


@pytest.mark.skipif(os.name == "nt", reason="no such files there")
@pytest.mark.parametrize("read", [load, load_lines])
def test_what_may_never_end_is_not_read(tmp_path, read):
    """A pipe waits for whoever writes to it, /dev/zero fills the memory: /dev/null alone is safe to test with."""
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "device.csv").symlink_to(os.devnull)
    for name in ("pipe.csv", "device.csv"):
        with pytest.raises(DataError) as caught:
            read(tmp_path / name)
        assert str(caught.value) == f"{tmp_path / name}: expected a file, found a pipe or a device"


@pytest.mark.parametrize(
    "names", [("Text", "Label", "Split"), ("TEXT", "label", "SPLIT"), (" Text ", "LABEL", "split ")]
)
@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl"])
def test_our_columns_are_known_in_any_case(file, names, ending):
    rows = [(f"{label} {i}", label, split) for split in SPLITS for label in "ab" for i in range(2)]
    separator = "\t" if ending == "tsv" else ","
    content = "\n".join(separator.join(row) for row in (names, *rows))
    if ending == "jsonl":
        content = "\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in rows)
    data = load(file(content, f"mine.{ending}"))
    assert [len(getattr(data, name)) for name in SPLITS] == [4, 4, 4]
    assert data.test.texts == ("a 0", "a 1", "b 0", "b 1")


@pytest.mark.parametrize("header", ["text,label,Text", "text,Label,LABEL", "text,label,split,Split"])
def test_two_columns_that_differ_by_case_alone_are_refused(file, header):
    row = ["a"] * len(header.split(","))
    twice = [name for name in header.split(",") if header.lower().split(",").count(name.lower()) == 2]
    expected = f", line 1: expected one column {twice[0].lower()!r}, found it repeated: {', '.join(twice)}"
    assert refused(file(f"{header}\n{','.join(row)}\n")) == expected
    assert refused(file(json.dumps(dict(zip(header.split(","), row, strict=True))), "mine.jsonl")) == expected


def test_other_columns_may_be_called_as_they_like(file):
    note = "".join(f"{text},{label},x,y\n" for text, label in ROWS)
    assert sorted(examples(load(file("text,label,note,Note\n" + note)))) == sorted(ROWS)
