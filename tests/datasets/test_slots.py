"""Marked text, spans and BIO tags."""

import random

import pytest

from edgelab.datasets.slots import (
    Span,
    exact_match,
    first_pieces,
    parse_marked,
    slot_values,
    spans_to_tags,
    tag_names,
    tags_to_spans,
)
from tests.learner_files import mark

TAGS = tag_names(["date", "time"])
# "at 7:30 tomorrow" as a word-piece tokenizer cuts it, with special tokens at both ends.
WORDS = [None, 0, 1, 2, 3, 4, 4, None]
OFFSETS = [(0, 0), (0, 2), (3, 4), (4, 5), (5, 7), (8, 11), (11, 16), (0, 0)]


def test_parse_gives_plain_text_and_character_spans():
    text, spans = parse_marked("at [7:30](time) [tomorrow](date)")
    assert text == "at 7:30 tomorrow"
    assert spans == (Span(3, 7, "time"), Span(8, 16, "date"))


@pytest.mark.parametrize(
    ("line", "stray"),
    [
        ("at [7:30", "[7:30"),
        ("at 7:30](time)", "](time)"),
        ("a [b] c", "[b] c"),
        ("at [7] (time)", "[7] (time)"),
        ("[[7](time)](date)", "[[7](time)](date)"),
        ("[7](ti[m]e)", "[7](ti[m]e)"),
        ("[7](time", "[7](time"),
        (r"[7\](time)", r"[7\\](time)"),
        ("]", "]"),
    ],
)
def test_a_bracket_that_is_no_part_of_a_mark_is_refused(line, stray):
    with pytest.raises(ValueError) as caught:
        parse_marked(line)
    assert str(caught.value) == (
        f"expected slots as [value](slot), found a stray bracket at '{stray}'; "
        r"a bracket of the text itself is written \[ or \]"
    )


@pytest.mark.parametrize(
    ("line", "text", "values"),
    [
        (r"read \[draft\] to [Ana](person)", "read [draft] to Ana", {"person": ["Ana"]}),
        (r"open [notes \[old\]](file)", "open notes [old]", {"file": ["notes [old]"]}),
        ("call [mum (mobile)](person) (now)", "call mum (mobile) (now)", {"person": ["mum (mobile)"]}),
        (r"the \(other\) one", "the (other) one", {}),
        ("(time) at 7", "(time) at 7", {}),
        (r"\[7\](time)", "[7](time)", {}),
        ("[7](time)(sharp)", "7(sharp)", {"time": ["7"]}),
        (r"open C:\new", r"open C:\new", {}),
        (r"open [C:\\](place)", "open C:\\", {"place": ["C:\\"]}),
        ("one\\", "one\\", {}),
        ("[7](Time) [8](to.time-2)", "7 8", {"Time": ["7"], "to.time-2": ["8"]}),
        ("[two\nlines](phrase)", "two\nlines", {"phrase": ["two\nlines"]}),
        ("", "", {}),
    ],
)
def test_brackets_parentheses_and_backslashes_of_the_text_itself(line, text, values):
    found, spans = parse_marked(line)
    assert (found, slot_values(found, spans)) == (text, values)


@pytest.mark.parametrize("name", ["", " ", "a time", " time", "time!", "\ud83d"])
def test_a_slot_must_have_a_name(name):
    with pytest.raises(ValueError) as caught:
        parse_marked(f"at [7]({name})")
    assert str(caught.value) == f"expected a slot's name of letters, digits, '_', '-' and '.', found {name!r}"


def test_a_mark_must_have_a_value():
    with pytest.raises(ValueError, match=r"found no value in '\[\]\(time\)'"):
        parse_marked("at [](time)")


def test_whatever_is_marked_is_read_as_it_was():
    choose = random.Random(0)
    for _ in range(5000):
        text = "".join(choose.choices("[]()\\ab \n\té⏰", k=choose.randrange(12)))
        cuts = sorted(choose.sample(range(len(text) + 1), 2 * choose.randrange(len(text) // 2 + 1)))
        spans = tuple(Span(*pair, choose.choice("ab")) for pair in zip(cuts[::2], cuts[1::2], strict=True))
        assert parse_marked(mark(text, spans)) == (text, spans)


def test_tags_fall_on_first_pieces_and_come_back_as_the_same_spans():
    spans = (Span(3, 7, "time"), Span(8, 16, "date"))
    tags = spans_to_tags(spans, WORDS, OFFSETS, TAGS)
    assert [TAGS[t] if t >= 0 else "-" for t in tags] == ["-", "O", "B-time", "I-time", "I-time", "B-date", "-", "-"]
    assert tags_to_spans([max(t, 0) for t in tags], WORDS, OFFSETS, TAGS) == spans


def test_two_adjacent_values_of_one_slot_stay_two():
    spans = (Span(3, 5, "time"), Span(5, 7, "time"))
    tags = spans_to_tags(spans, WORDS, OFFSETS, TAGS)
    assert tags_to_spans([max(t, 0) for t in tags], WORDS, OFFSETS, TAGS) == spans


def test_an_inside_tag_of_another_slot_begins_a_new_span():
    ids = [TAGS.index(t) for t in ("O", "O", "B-time", "I-date", "I-date", "O", "O", "O")]
    assert tags_to_spans(ids, WORDS, OFFSETS, TAGS) == (Span(3, 4, "time"), Span(4, 7, "date"))


def test_first_pieces_skips_special_tokens_and_later_pieces():
    assert first_pieces(WORDS) == [1, 2, 3, 4, 5]


def test_exact_match_forgives_case_and_outer_punctuation_only():
    text = "at 7:30, Tomorrow"
    gold = (Span(3, 7, "time"), Span(9, 17, "date"))
    assert exact_match(text, (Span(9, 17, "date"), Span(3, 8, "time")), gold)
    assert not exact_match(text, (Span(3, 7, "time"),), gold)
    assert not exact_match(text, (Span(3, 7, "date"), Span(9, 17, "date")), gold)
    assert slot_values(text, gold) == {"time": ["7:30"], "date": ["Tomorrow"]}
