"""Marked text, spans and BIO tags."""

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

TAGS = tag_names(["date", "time"])
# "at 7:30 tomorrow" as a word-piece tokenizer cuts it, with special tokens at both ends.
WORDS = [None, 0, 1, 2, 3, 4, 4, None]
OFFSETS = [(0, 0), (0, 2), (3, 4), (4, 5), (5, 7), (8, 11), (11, 16), (0, 0)]


def test_parse_gives_plain_text_and_character_spans():
    text, spans = parse_marked("at [7:30](time) [tomorrow](date)")
    assert text == "at 7:30 tomorrow"
    assert spans == (Span(3, 7, "time"), Span(8, 16, "date"))


@pytest.mark.parametrize("line", ["at [7:30", "(time) at 7", "[7](Time) x", "a [b] c"])
def test_stray_brackets_are_refused(line):
    with pytest.raises(ValueError, match="stray bracket"):
        parse_marked(line)


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
