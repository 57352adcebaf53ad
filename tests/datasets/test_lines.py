"""Texts without labels."""

import json

import pytest

from edgelab.datasets import load_lines
from edgelab.datasets.sources import DataError

TEXTS = ("wake me at 7", 'say "hi", please', "七时叫醒我", "a\u2028b", "Wake me at 7")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("log.txt", "\n".join(TEXTS)),
        ("log.TXT", "\ufeff\n  " + "  \r\n\r\n\t".join(TEXTS) + "\n \n"),
        ("mac.txt", "\r".join(TEXTS)),
        ("log.csv", "text\n" + "".join('"' + t.replace('"', '""') + '"\n' for t in TEXTS)),
        ("log.csv", "id,Text\n" + "".join('7," ' + t.replace('"', '""') + ' "\n,\n' for t in TEXTS)),
        ("log.tsv", "Label\ttext\tlabel\n" + "".join('\t"' + t.replace('"', '""') + '"\tx\n' for t in TEXTS)),
        ("log.jsonl", "\n".join(json.dumps({"text": t}) for t in TEXTS)),
        ("log.jsonl", "".join(json.dumps({"text": t, "label": 1.5, "slots": 3}) + "\n\n" for t in TEXTS)),
        ("log.jsonl", '{"text": ""}\n{"text": null}\n' + "\n".join(json.dumps({"text": t}) for t in TEXTS)),
    ],
)
def test_every_form_gives_the_texts_and_nothing_else(file, name, content):
    assert load_lines(file(content, name)) == TEXTS


@pytest.mark.parametrize("ending", ["txt", "csv", "tsv"])
def test_what_stands_twice_is_kept_once_where_it_stood_first(file, ending):
    assert load_lines(str(file("text\nb\n a \nb\na\nB\n", f"log.{ending}")))[-3:] == ("b", "a", "B")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", "", ": expected at least one text, found none"),
        ("a.txt", " \n\t\n", ": expected at least one text, found none"),
        ("a.csv", "id,text\n1,\n", ": expected at least one text, found none"),
        ("a.csv", "text\n", ": expected at least one example, found none"),
        ("a.jsonl", "", ": expected at least one example, found none"),
        ("a.txt", b"one\ncaf\xe9\n", ", line 2: expected UTF-8, found byte 0xe9"),
        ("a.csv", b"text\none\ncaf\xe9\n", ", line 3: expected UTF-8, found byte 0xe9"),
        ("a.csv", "label\nx\n", ", line 1: expected a column 'text', found label"),
        ("a.csv", "marked,label\na,x\n", ", line 1: expected a column 'text', found marked, label"),
        ("a.tsv", "text\tText\na\tb\n", ", line 1: expected one column 'text', found it repeated: text, Text"),
        ("a.csv", "text\nat seven, please\n", ", line 2: expected 1 columns, found 2; a text that holds the separator"),
        ("a.jsonl", '{"text": "a"}\n{"label": "a"}', ", line 2: expected a column 'text', found label"),
        ("a.jsonl", '{"text": ["a"]}', ', line 1: expected a text as a string, found ["a"]'),
        ("a.jsonl", '{"text": "\\ud83d"}', ", line 1: expected a text of whole characters, found half of one"),
        ("a.jsonl", '"a"', ", line 1: expected a JSON object, found"),
        ("a.xlsx", "text\na\n", ": expected a .txt, .csv, .tsv or .jsonl file"),
        ("none.txt", None, ": cannot be read: No such file or directory"),
    ],
)
def test_a_bad_file_gives_one_line(file, tmp_path, name, content, expected):
    path = tmp_path / name if content is None else file(content, name)
    with pytest.raises(DataError) as caught:
        load_lines(path)
    message = str(caught.value)
    assert message.startswith(f"{path}{expected}") and "\n" not in message and caught.value.__cause__ is None
