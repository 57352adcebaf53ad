"""Data in: the learner's file, good and bad; the two public sets through a server on loopback."""

import functools
import http.server
import json
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from edgelab import datasets
from edgelab.datasets.dataset import Dataset, Split
from edgelab.datasets.loading import load
from edgelab.datasets.pocket import load_pocket
from edgelab.datasets.slots import Span
from edgelab.datasets.sources import DataError

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
HEADER = "text,label\n"
WORDS = {"ring": "alarm", "wake": "alarm", "play": "music", "hear": "music"}
ROWS = [(f"{word} {number}", label) for word, label in WORDS.items() for number in range(5)]
BODY = "".join(f"{text},{label}\n" for text, label in ROWS)


@pytest.fixture
def file(tmp_path):
    def write(content: str | bytes, name: str = "mine.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refused(path) -> str:
    """The one error of a bad file; its message is one line, and names the file."""
    with pytest.raises(DataError) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and "\n" not in message
    assert caught.value.__cause__ is None
    return message.removeprefix(str(path))


def examples(data: Dataset) -> list[tuple[str, str]]:
    return [p for s in (data.train, data.validation, data.test) for p in zip(s.texts, s.labels, strict=True)]


# --- a good file --------------------------------------------------------------------------------


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


def test_a_text_of_any_length(file):
    long = "a" * 200_000
    assert (long, "alarm") in examples(load(file(HEADER + BODY + long + ",alarm\n")))


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


# --- bad files ----------------------------------------------------------------------------------


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
        ("a.csv", "text,label,text\n1,a,2\n", 1, "expected one column 'text', found it repeated"),
        ("a.tsv", "text\t label\tlabel\n1\ta\tb\n", 1, "expected one column 'label', found it repeated"),
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


def with_splits(rows) -> str:
    return "text,label,split\n" + "".join(f"{i},{label},{split}\n" for i, (label, split) in enumerate(rows))


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


def test_a_missing_file_and_an_unknown_name(tmp_path):
    assert refused(tmp_path / "none.csv") == ": cannot be read: No such file or directory"
    assert "one of pocket, clinc150, snips2017" in refused("clinc")
    assert "cannot be read" in refused_folder(tmp_path)


def refused_folder(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    return refused(tmp_path / "folder.csv")


def test_a_course_without_its_data_says_so(tmp_path):
    with pytest.raises(DataError, match="install the course again"):
        load_pocket(tmp_path)


# --- what a data set knows ----------------------------------------------------------------------


def test_the_fingerprint_follows_every_text_label_and_span_of_every_split(tiny):
    first = tiny.train
    changed = [
        Split(("other", *first.texts[1:]), first.labels, first.spans),
        Split(first.texts, (*first.labels[:-1], "set_alarm"), first.spans),
        Split(first.texts, first.labels, (*first.spans[:-1], (Span(0, 1, "time"),))),
        Split(first.texts, first.labels, None),
    ]
    prints = {tiny.fingerprint}
    for split in changed:
        for where in ("train", "validation", "test"):
            parts = {"train": tiny.train, "validation": tiny.validation, "test": tiny.test} | {where: split}
            prints.add(Dataset("tiny", **parts, labels=tiny.labels).fingerprint)
        prints.add(
            Dataset("tiny", tiny.train, tiny.validation, tiny.test, tiny.labels, extra={"hard": split}).fingerprint
        )
    assert len(prints) == 1 + 4 * 4


def test_where_keeps_what_is_chosen_in_step(tiny):
    kept = tiny.train.where(lambda i: tiny.train.labels[i] == "set_alarm")
    assert set(kept.labels) == {"set_alarm"} and len(kept) == len(kept.texts) == len(kept.spans) == 12
    assert [kept.texts[0][s.start : s.end] for s in kept.spans[0]] == ["seven"]
    assert Split(("a", "b"), ("x", "y")).where(lambda i: i == 1) == Split(("b",), ("y",))


def test_label_ids_count_in_the_order_of_the_labels(tiny):
    ids = tiny.label_ids(tiny.validation)
    assert tuple(tiny.labels[i] for i in ids) == tiny.validation.labels and set(ids) == {0, 1, 2}


# --- public data --------------------------------------------------------------------------------

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the public data is not at {SHARED}")


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """Serve a folder on loopback as EDGELAB_MIRROR, under a fresh home: (serve(folder), what was asked for)."""
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    asked, servers = [], []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_request(self, code="-", size="-"):
            asked.append((self.path, int(code)))

        def log_message(self, *args):
            pass

    def serve(folder):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("EDGELAB_MIRROR", f"http://127.0.0.1:{server.server_port}/")
        return server

    yield serve, asked
    for server in servers:
        server.shutdown()
        server.server_close()


@needs_shared
def test_clinc150_is_fetched_once_and_is_what_was_published(mirror):
    serve, asked = mirror
    server = serve(SHARED)
    data = load("clinc150")
    assert [len(s) for s in (data.train, data.validation, data.test)] == [15_000, 3_000, 4_500]
    assert len(data.labels) == 150 and set(Counter(data.test.labels).values()) == {30}
    assert {name: len(split) for name, split in data.extra.items()} == {
        "out_of_scope_train": 100,
        "out_of_scope_validation": 100,
        "out_of_scope_test": 1_000,
    }
    assert set(data.extra["out_of_scope_test"].labels) == {"oos"} and "oos" not in data.labels
    assert asked == [("/clinc150/data_full.json", 200)]
    server.shutdown()
    server.server_close()
    assert load("clinc150") == data and len(asked) == 1


@needs_shared
def test_snips_has_slots_and_the_one_badly_encoded_file_is_read(mirror):
    serve, asked = mirror
    serve(SHARED)
    data = load("snips2017")
    assert len(asked) == 14 and {code for _, code in asked} == {200}
    assert len(data.labels) == 7 and len(data.test) == 700
    assert len(data.train) + len(data.validation) == 13_784 and len(data.validation) == 1_378
    assert load("snips2017").validation == data.validation
    assert len(data.slot_names) == 39 and "artist" in data.slot_names
    for split in (data.train, data.test):
        for text, spans in zip(split.texts, split.spans, strict=True):
            ends = [0] + [s.end for s in spans]
            assert all(end <= s.start < s.end <= len(text) for end, s in zip(ends, spans, strict=False))
    playlists = [
        (t, s) for t, s, x in zip(data.test.texts, data.test.spans, data.test.labels, strict=True) if x == "PlayMusic"
    ]
    text, spans = playlists[0]
    raw = json.loads((SHARED / "snips2017" / "validate_PlayMusic.json").read_text())["PlayMusic"][0]["data"]
    assert text == "".join(part["text"] for part in raw)
    assert [(s.name, text[s.start : s.end]) for s in spans] == [(p["entity"], p["text"]) for p in raw if "entity" in p]
    music = {
        s for t, row in zip(data.train.texts, data.train.spans, strict=True) for s in (t[x.start : x.end] for x in row)
    }
    assert {"Noctámbulo", "Pop Punk Perfection 🍕", "Regulate…g Funk Era"} <= music


def test_another_file_than_the_published_one_is_refused_and_not_kept(mirror, tmp_path):
    serve, asked = mirror
    folder = tmp_path / "shared" / "clinc150"
    folder.mkdir(parents=True)
    (folder / "data_full.json").write_text('{"train": [["transfer all my money", "yes"]]}')
    serve(folder.parent)
    for attempt in (1, 2):
        with pytest.raises(DataError, match="clinc150: cannot get data_full.json from http.*SHA256 hash"):
            load("clinc150")
        assert len(asked) == attempt
    assert not [f for f in (tmp_path / "home").rglob("*") if f.is_file()]


@needs_shared
def test_a_file_damaged_in_the_cache_is_fetched_again(mirror, tmp_path):
    serve, asked = mirror
    serve(SHARED)
    data = load("clinc150")
    (cached,) = (f for f in (tmp_path / "home").rglob("*") if f.is_file())
    cached.write_bytes(cached.read_bytes()[:-100])
    assert load("clinc150") == data and len(asked) == 2


def run_load(name: str) -> tuple[str, str]:
    """`load` in a process of its own, as a command calls it: standard output and error, to the last carriage return."""
    code = (
        "import sys; from edgelab.datasets import DataError, load\n"
        "try: print(len(load(sys.argv[1]).labels))\n"
        "except DataError as error: print(error, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, name], capture_output=True, cwd=ROOT)
    return done.stdout.decode(), done.stderr.decode()


@needs_shared
def test_a_download_shows_a_bar_and_leaves_standard_output_alone(mirror):
    serve, _ = mirror
    serve(SHARED)
    out, said = run_load("clinc150")
    assert out.split() == ["150"] and "100%" in said and "Downloading" not in said and said.endswith("\n")
    assert run_load("clinc150") == (out, "")


def test_without_a_server_standard_error_holds_one_line(mirror, tmp_path):
    serve, _ = mirror
    server = serve(tmp_path)
    server.shutdown()
    server.server_close()
    _, said = run_load("clinc150")
    assert said.startswith("clinc150: cannot get data_full.json") and len(said.splitlines()) == 1


def test_a_download_that_breaks_off_has_its_error_on_a_line_of_its_own(monkeypatch, mirror, tmp_path):
    def half(self):
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self.wfile.write(bytes(50_000))

    monkeypatch.setattr(http.server.SimpleHTTPRequestHandler, "do_GET", half)
    serve, _ = mirror
    serve(tmp_path)
    _, said = run_load("clinc150")
    bar, error, rest = said.split("\n")
    assert "49%" in bar and "cannot get" not in bar and rest == ""
    assert error.startswith("clinc150: cannot get data_full.json") and "check the connection" in error


def test_without_a_server_the_error_says_what_to_do(mirror, tmp_path):
    serve, _ = mirror
    server = serve(tmp_path)
    with pytest.raises(DataError, match="404.*set EDGELAB_MIRROR"):
        load("clinc150")
    server.shutdown()
    server.server_close()
    with pytest.raises(DataError, match="check the connection, or set EDGELAB_MIRROR"):
        load("snips2017")
