"""What holds of every file of a learner: what was written is read, what is not understood is refused, and nothing crashes."""

import csv
import io
import json
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgelab.datasets.dataset import SPLITS
from edgelab.datasets.files import load_file, read_rows
from edgelab.datasets.lines import load_lines
from edgelab.datasets.slots import Span, first_pieces, parse_marked, spans_to_tags, tag_names, tags_to_spans
from edgelab.datasets.sources import DataError
from edgelab.datasets.spans import read_spans, whole_words, word_offsets
from tests.learner_files import mark

NAMES = st.from_regex(r"[a-zA-Z0-9_.-]{1,8}", fullmatch=True)
BRACKETS = st.text(st.sampled_from("[]()\\ab 7é早"), max_size=30)
WORDS = st.from_regex(r"[a-zé]{1,6}|[0-9]{1,3}", fullmatch=True)
# Whatever Unicode holds but halves of characters; what `strip` takes away is not part of a text.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(str.strip).filter(bool)
ROWS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6)


@st.composite
def with_spans(draw, texts=BRACKETS):
    """A text, and spans in it that do not overlap."""
    text = draw(texts)
    ends = draw(st.lists(st.integers(0, len(text)), unique=True, max_size=6).map(sorted))
    pairs = zip(ends[::2], ends[1::2], strict=False)
    return text, tuple(Span(start, end, draw(NAMES)) for start, end in pairs)


@st.composite
def with_slots(draw):
    """Words, of which some are slots: whole ones, as a model tags them."""
    words, text, spans = draw(st.lists(st.tuples(WORDS, st.none() | NAMES), min_size=1, max_size=6)), "", []
    for word, name in words:
        text += " " if text else ""
        if name:
            spans.append(Span(len(text), len(text) + len(word), name))
        text += word
    return text, tuple(spans)


# --- marked slots -------------------------------------------------------------------------------


@given(with_spans())
def test_what_is_marked_is_parsed(drawn):
    text, spans = drawn
    assert parse_marked(mark(text, spans)) == (text, spans)


@settings(max_examples=150)
@given(BRACKETS | st.text(max_size=30))
def test_any_line_is_parsed_or_refused_and_what_is_parsed_can_be_written(line):
    try:
        text, spans = parse_marked(line)
    except ValueError as error:
        assert str(error).startswith("expected ")
        return
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(span.end <= after.start for span, after in zip(spans, spans[1:], strict=False))
    assert parse_marked(mark(text, spans)) == (text, spans)
    if not set(line) & set("[]\\"):
        assert (text, spans) == (line, ())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
SLOTS = st.lists(
    st.fixed_dictionaries({}, optional={"start": JSON | st.integers(0, 9), "end": JSON, "name": JSON | NAMES}) | JSON
)


@given(SLOTS | JSON)
def test_any_json_is_slots_or_refused(given_):
    try:
        spans = read_spans(given_)
    except ValueError as error:
        assert str(error).startswith("expected ")
    else:
        assert [[s.start, s.end, s.name] for s in spans] == [[g["start"], g["end"], g["name"]] for g in given_]


@settings(max_examples=100)
@given(st.text(max_size=25), st.lists(st.tuples(st.integers(-2, 27), st.integers(-2, 27), NAMES), max_size=4))
def test_spans_come_to_whole_words_within_the_text_or_are_refused(text, drawn):
    try:
        found = whole_words(text, [Span(*each) for each in drawn])
    except ValueError as error:
        assert str(error).startswith("expected ")
        return
    words = word_offsets(text)
    begins, ends = {start for start, _ in words}, {end for _, end in words}
    assert all(span.start in begins and span.end in ends for span in found)
    assert all(span.end <= after.start for span, after in zip(found, found[1:], strict=False))
    assert [span.name for span in found] == [name for _, _, name in sorted(drawn, key=lambda each: each[0])]
    assert whole_words(text, found) == found


@given(with_slots())
def test_tags_say_what_the_spans_said(drawn):
    text, spans = drawn
    tags = tag_names(sorted({span.name for span in spans}))
    offsets = word_offsets(text)
    words = list(range(len(offsets)))
    ids = spans_to_tags(spans, words, offsets, tags)
    assert len(first_pieces(words)) == len(ids) and tags_to_spans(ids, words, offsets, tags) == spans


# --- files --------------------------------------------------------------------------------------


def table(rows, delimiter):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue()


@given(rows=ROWS, kind=st.sampled_from(["csv", "tsv", "jsonl"]), ascii_only=st.booleans(), mark_first=st.booleans())
def test_what_is_written_is_read(file, rows, kind, ascii_only, mark_first):
    if kind == "jsonl":
        content = "".join(json.dumps({"text": t, "label": x}, ensure_ascii=ascii_only) + "\n" for t, x in rows)
    else:
        content = table([("text", "label"), *rows], "," if kind == "csv" else "\t")
    found = read_rows(file("\ufeff" * mark_first + content, f"mine.{kind}"))
    assert list(zip(found.examples.texts, found.examples.labels, strict=True)) == rows
    assert found.examples.spans is None and found.assigned is None


@given(rows=st.lists(with_slots(), min_size=1, max_size=5), marked=st.booleans())
def test_so_are_slots_marked_or_by_offsets(file, rows, marked):
    if marked:
        lines = [{"marked": mark(text, spans), "label": "x"} for text, spans in rows]
    else:
        lines = [{"text": t, "label": "x", "slots": [vars(span) for span in spans]} for t, spans in rows]
    found = read_rows(file("".join(json.dumps(line) + "\n" for line in lines), "mine.jsonl")).examples
    assert list(zip(found.texts, found.spans, strict=True)) == rows


@given(rows=ROWS)
def test_lines_without_labels_are_read_each_once(file, rows):
    texts = [" ".join(text.split()) for text, _ in rows]
    wanted = tuple(dict.fromkeys(texts))
    assert load_lines(file("".join(json.dumps({"text": text}) + "\n" for text in texts), "log.jsonl")) == wanted
    assume(not any(re.search(r"[\r\n]", text) for text in texts))
    assert load_lines(file("\n".join(texts), "log.txt")) == wanted


@settings(max_examples=25)
@given(counts=st.lists(st.integers(1, 25), min_size=2, max_size=4), doubled=st.integers(0, 3))
def test_no_text_stands_in_two_splits_and_no_label_is_untrained(file, counts, doubled):
    rows = [(f"Text {i} of {label}", f"label {label}") for label, count in enumerate(counts) for i in range(count)]
    rows += [(text.upper(), label) for text, label in rows[:doubled]]
    path = file(table([("text", "label"), *rows], ","))
    try:
        data = load_file(path)
    except DataError as error:
        assert str(error).startswith(str(path)) and max(counts) < 3
        return
    splits = {name: getattr(data, name) for name in SPLITS}
    folded = [{text.casefold() for text in split.texts} for split in splits.values()]
    assert all(folded) and not folded[0] & (folded[1] | folded[2]) and not folded[1] & folded[2]
    assert all(set(split.labels) <= set(data.train.labels) for split in splits.values())
    assert sum(len(split) for split in splits.values()) <= len(rows)


BYTES = st.lists(
    st.binary(max_size=8)
    | st.sampled_from([b'"', b",", b"\t", b"\r\n", b"\0", b"\xff", b'{"text": ', b"[", b"}", b"\n"])
).map(b"".join)
STARTS = {
    "csv": b"text,label\n",
    "tsv": b"marked\tlabel\n",
    "jsonl": b'{"text": "a", "label": "b", "slots": []}\n',
    "txt": b"",
}


@settings(max_examples=150)
@given(content=BYTES, kind=st.sampled_from(sorted(STARTS)), begun=st.booleans())
def test_any_bytes_are_read_or_refused_by_name(file, content, kind, begun):
    path = file(STARTS[kind] * begun + content, f"mine.{kind}")
    for read in (read_rows, load_file, load_lines):
        try:
            found = read(path)
        except DataError as error:
            assert str(error).startswith(str(path)) and "\n" not in str(error)
        else:
            assert found
    if kind != "txt":
        with pytest.raises(DataError):
            read_rows(file(b"", path.name))
