"""The slots of a learner's row: what is read, what is refused, and that a model can tag what is left."""

import random

import pytest

from edgelab.datasets.slots import Span, first_pieces, spans_to_tags, tag_names, tags_to_spans
from edgelab.datasets.spans import read_spans, whole_words, word_offsets

TEXT = "remind me to water the plants"
TASK = {"start": 13, "end": 29, "name": "task"}


def refused(function, *args) -> str:
    with pytest.raises(ValueError) as caught:
        function(*args)
    return str(caught.value)


def test_the_objects_of_a_list_are_read_whatever_else_they_hold():
    assert read_spans([TASK, {"name": "who", "end": 9, "start": 7, "value": "me"}]) == (
        Span(13, 29, "task"),
        Span(7, 9, "who"),
    )
    assert read_spans([]) == ()


@pytest.mark.parametrize("given", [None, True, 3, "task", {"task": "water"}, TASK])
def test_slots_must_be_a_list(given):
    assert refused(read_spans, given).startswith(
        'expected slots as a list of {"start": 13, "end": 29, "name": "task"}, found '
    )


@pytest.mark.parametrize("given", [None, True, 3, "task", ["task"], [13, 29, "task"]])
def test_each_must_be_an_object(given):
    assert refused(read_spans, [given]).startswith('expected a slot as {"start": 13, "end": 29, "name": "task"}, found')


@pytest.mark.parametrize("key", ["start", "end", "name"])
def test_nothing_of_it_may_be_missing(key):
    assert f"found no {key!r} in " in refused(read_spans, [{k: v for k, v in TASK.items() if k != key}])


@pytest.mark.parametrize("key", ["start", "end"])
@pytest.mark.parametrize(
    ("value", "shown"),
    [(True, "true"), (13.0, "13.0"), ("13", '"13"'), (float("nan"), "NaN"), (None, "null"), ([13], "[13]")],
)
def test_an_offset_must_be_a_whole_number(key, value, shown):
    message = refused(read_spans, [TASK | {key: value}])
    assert message == f"expected {key!r} of a slot as a whole number, found {shown}"


@pytest.mark.parametrize(("value", "shown"), [(True, "true"), (1, "1"), (None, "null"), (["task"], '["task"]')])
def test_a_name_must_be_a_string(value, shown):
    assert refused(read_spans, [TASK | {"name": value}]) == f"expected 'name' of a slot as a string, found {shown}"


@pytest.mark.parametrize("name", ["", " ", "the task", "task)", "\ud83d"])
def test_a_name_must_be_one_that_can_be_marked_too(name):
    assert refused(read_spans, [TASK | {"name": name}]).endswith(f"'_', '-' and '.', found {name!r}")


@pytest.mark.parametrize(("start", "end"), [(13, 30), (-1, 6), (29, 30), (13, 13), (29, 29), (9, 7), (0, 10**400)])
def test_a_span_must_be_a_stretch_of_the_text(start, end):
    message = refused(whole_words, TEXT, [Span(start, end, "task")])
    expected = "expected a slot's start before its end, within the 29 characters of the text, found 'task' from "
    assert message.startswith(expected)


def test_spans_may_touch_but_not_overlap():
    touching = (Span(0, 1, "number"), Span(1, 2, "unit"))
    assert whole_words("5%", touching[::-1]) == touching
    for other in (Span(13, 29, "task"), Span(13, 18, "verb"), Span(19, 22, "article"), Span(7, 18, "much")):
        message = refused(whole_words, TEXT, [Span(13, 29, "task"), other])
        assert message.startswith("expected slots that do not overlap, found ") and other.name in message


@pytest.mark.parametrize(
    ("start", "end", "part", "word"),
    [(13, 28, "plant", "plants"), (14, 29, "ater", "water"), (15, 17, "te", "water"), (12, 14, "w", "water")],
)
def test_a_span_that_cuts_a_word_is_refused(start, end, part, word):
    message = refused(whole_words, TEXT, [Span(start, end, "task")])
    assert message == (
        f"expected whole words in a slot, since a model tags word by word, found 'task' from {start} to {end}, which has "
        f"{part!r} of the word {word!r}; mark all of it, or put a blank between its parts"
    )


def test_words_are_those_of_the_tokenizer():
    assert whole_words("$20 at 7:15", [Span(1, 3, "amount"), Span(7, 8, "hour"), Span(9, 11, "minute")])
    assert whole_words("明日の朝", [Span(0, 2, "date")]) == (Span(0, 2, "date"),)
    assert "'20' of the word '20km'" in refused(whole_words, "run 20km", [Span(4, 6, "distance")])


def test_blanks_around_a_value_are_not_part_of_it():
    assert whole_words(TEXT, [Span(12, 29, "task"), Span(6, 10, "who")]) == (Span(7, 9, "who"), Span(13, 29, "task"))
    assert (
        refused(whole_words, TEXT, [Span(9, 10, "who")])
        == "expected a word in a slot, found none in 'who' from 9 to 10"
    )


def test_offsets_count_code_points():
    text = "⏰ um 7 👩🏽‍🚀 sagen"
    start = text.index("sagen")
    assert whole_words(text, [Span(start, start + 5, "verb")]) == (Span(start, start + 5, "verb"),)
    utf_16 = len(text[:start].encode("utf-16-le")) // 2
    assert utf_16 > start and refused(whole_words, text, [Span(utf_16, utf_16 + 5, "verb")])


def test_what_passes_is_what_a_perfect_model_would_answer():
    """Spans become tags of words, and the tags become the same spans again, whatever the text."""
    from edgelab.models.tokens import load_tokenizer

    tokenizer, tags, choose = load_tokenizer(), tag_names(["a", "b"]), random.Random(0)
    passed = 0
    for _ in range(3000):
        text = "".join(choose.choices("ab7 .'\t\n\u200b\u0301\u2260é⏰明ß", k=choose.randrange(1, 12)))
        cuts = sorted(choose.sample(range(len(text) + 1), 2 * choose.randrange((len(text) + 1) // 2 + 1)))
        spans = [Span(*pair, choose.choice("ab")) for pair in zip(cuts[::2], cuts[1::2], strict=True)]
        encoding = tokenizer.encode(text)
        ends = dict(zip(encoding.word_ids, encoding.offsets, strict=True))
        firsts = [encoding.offsets[i][0] for i in first_pieces(encoding.word_ids)]
        assert [start for start, _ in word_offsets(text)] == firsts
        assert [end for _, end in word_offsets(text)] == [end for word, (_, end) in ends.items() if word is not None]
        try:
            kept = whole_words(text, spans)
        except ValueError:
            continue
        passed += bool(kept)
        ids = [max(i, 0) for i in spans_to_tags(kept, encoding.word_ids, encoding.offsets, tags)]
        assert tags_to_spans(ids, encoding.word_ids, encoding.offsets, tags) == kept
    assert passed > 100
