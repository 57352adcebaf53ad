"""What redaction hides of the true values, what it hides without need, and what a cloud then gets wrong."""

from dataclasses import replace

import numpy as np
import pytest

from edgelab import datasets
from edgelab.bundle.predict import Bundle
from edgelab.bundle.redaction import as_it_is, by_shape, redact
from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import Span, parse_marked
from edgelab.privacy.redacting import cost_of_hiding, private_recall, redact_all
from tests.small_bundles import small_bundle

LINES = ("tell [Ana](person) that [i'm late](message)", "call [Ben](person)", "alarm at [seven](time)", "[Cy](person)?")


def split_of(lines=LINES) -> Split:
    texts, spans = zip(*map(parse_marked, lines), strict=True)
    return Split(texts, ("x",) * len(texts), spans)


def test_recall_is_counted_by_value_and_by_slot_and_needless_by_letter():
    split = split_of()
    found = [
        redact(split.texts[0], (Span(5, 8, "person"), Span(14, 17, "message"))),  # of "i'm late" the half
        redact(split.texts[1], split.spans[1]),
        redact(split.texts[2], (Span(9, 14, "person"),)),  # a time is no private value
        as_it_is(split.texts[3]),
    ]
    recall = private_recall(found, split)
    assert recall.spans == 4 and recall.hidden.value == 0.5
    assert {name: each.value for name, each in recall.by_slot.items()} == {
        "message": 0.0,
        "person": pytest.approx(2 / 3),
    }
    assert recall.needless.value == pytest.approx(5 / (8 + 4 + 12 + 0))
    assert recall.needless.low < recall.needless.value < recall.needless.high
    everything = private_recall([redact(t, s) for t, s in zip(split.texts, split.spans, strict=True)], split)
    assert everything.hidden.value == 1 and everything.hidden.low < 0.6 and everything.needless.value == 0


def test_other_texts_and_none_marked_are_refused():
    split = split_of()
    for wrong in ([as_it_is("x")] * 4, [as_it_is(text) for text in split.texts[1:]]):
        with pytest.raises(ValueError, match="redacted, in order"):
            private_recall(wrong, split)
    with pytest.raises(ValueError, match="expected values of"):
        private_recall([as_it_is(split.texts[2])], split_of(LINES[2:3]))
    with pytest.raises(ValueError, match="marked values"):
        cost_of_hiding(None, [as_it_is(split.texts[2])], replace(split_of(LINES[2:3]), spans=None))


def test_the_cost_is_the_difference_of_the_same_requests(tmp_path):
    """A bundle that knows `play queen` but no placeholder: hidden, the label is still right by the other word, and the slot
    is right where the placeholder is taken for the value."""
    bundle = Bundle.load(small_bundle(tmp_path / "b"))
    texts = ("play queen", "wake seven", "play queen")
    split = Split(
        texts, ("play_music", "set_alarm", "set_alarm"), ((Span(5, 10, "artist"),), (Span(5, 10, "time"),), ())
    )
    as_they_are = cost_of_hiding(bundle, [as_it_is(text) for text in texts], split)
    assert as_they_are.label_plain == as_they_are.label_redacted and as_they_are.calls_lost.value == 0
    assert as_they_are.label_plain.value == as_they_are.calls_plain.value == pytest.approx(2 / 3)
    hidden = [redact(texts[0], split.spans[0], private=("artist",)), *map(as_it_is, texts[1:])]
    cost = cost_of_hiding(bundle, hidden, split)
    assert hidden[0].text == "play <artist_1>"
    assert cost.label_redacted.value == pytest.approx(2 / 3) and cost.label_lost.value == 0
    assert cost.calls_redacted.value == pytest.approx(1 / 3) and cost.calls_lost.value == pytest.approx(-1 / 3)
    assert cost.calls_lost.low <= cost.calls_lost.value <= cost.calls_lost.high <= 0


def test_a_value_that_is_put_back_counts_as_right(pocket):
    """The placeholder is what the cloud takes for the person: restored, the call is right."""
    text, spans = parse_marked("call [Oksana](person)")
    split = Split((text,), ("make_call",), (spans,))
    hidden = [redact(text, spans)]
    answer = pocket.predict(hidden[0].text)
    taken = [hidden[0].text[s.start : s.end] for s in answer.spans if s.name == "person"]
    cost = cost_of_hiding(pocket, hidden, split)
    assert (cost.calls_redacted.value == 1) == (answer.label == "make_call" and taken == ["<person_1>"])


@pytest.mark.parametrize(("name", "least"), [("test", 0.9), ("hard", 0.8)])
def test_pocket_hides_most_of_what_is_private(pocket, name, least):
    """By the ready-made bundle; rules of shape alone hide next to nothing, and the likeliest tag less."""
    data = datasets.load("pocket")
    split = data.test if name == "test" else data.extra["hard"]
    cautious = private_recall(redact_all(pocket, split.texts), split)
    plain = private_recall(redact_all(pocket, split.texts, at_least=2.0), split)
    shapes = private_recall([redact(text, by_shape(text)) for text in split.texts], split)
    assert cautious.hidden.value > least > shapes.hidden.value and cautious.hidden.low > plain.hidden.value - 0.05
    assert plain.hidden.value < cautious.hidden.value and plain.needless.value < cautious.needless.value < 0.1
    assert set(cautious.by_slot) == {"person", "message", "title", "task", "subject"}
    weights = np.array([each.value for each in cautious.by_slot.values()])
    assert weights.min() <= cautious.hidden.value <= weights.max()
