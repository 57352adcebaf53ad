"""What identifies a person is replaced before a request leaves, and comes back exactly."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from edgelab import datasets
from edgelab.bundle.predict import Bundle
from edgelab.bundle.redaction import CAUTION, PRIVATE_SLOTS, as_it_is, by_shape, leaked, private_spans, redact, restore
from edgelab.datasets.slots import Span, parse_marked, slot_values

ROOT = Path(__file__).parents[2]


def marked(line: str):
    """The redaction of a marked line by its own marks."""
    return redact(*parse_marked(line))


def test_private_values_become_placeholders_and_come_back():
    found = marked("tell [Ana](person) and [Ben](person) at [seven](time) that [i'm late](message)")
    assert found.text == "tell <person_1> and <person_2> at seven that <message_1>"
    assert found.mapping == {"<person_1>": "Ana", "<person_2>": "Ben", "<message_1>": "i'm late"}
    assert found.found == 3
    slots = {"person": ["<person_2>"], "message": ["<message_1>"], "time": ["seven"], "n": 3}
    assert restore(slots, found) == {"person": ["Ben"], "message": ["i'm late"], "time": ["seven"], "n": 3}
    assert restore(("<person_1>!", None), found) == ("Ana!", None)


def test_the_same_value_has_the_same_placeholder_to_the_letter():
    found = marked("call [Ana](person), no, [ANA](person), no, [Ana](person)")
    assert found.text == "call <person_1>, no, <person_2>, no, <person_1>"
    assert found.found == 3 and len(found.mapping) == 2


def test_which_slots_are_private_is_an_argument():
    text, spans = parse_marked("directions to [Oak Street 5](place)")
    assert redact(text, spans).text == text
    assert redact(text, spans, private=("place",)).text == "directions to <place_1>"


def test_a_placeholder_in_the_text_is_never_taken_for_one():
    found = marked("tell [Ana](person) about <person_1> and <person_2>, and <person_ and [<person_3>](person)")
    assert found.text == "tell <person_4> about <person_1> and <person_2>, and <person_ and <person_5>"
    assert restore(found.text, found) == found.original


def test_restored_values_are_not_searched_again():
    found = marked("[<message_1>](person) [x](message)")
    assert restore("<person_1> <message_2>", found) == "<message_1> x"


def test_overlapping_spans_are_replaced_together():
    text = "tell Ana Maria now"
    spans = (Span(5, 8, "person"), Span(7, 14, "message"), Span(9, 9, "title"), Span(5, 6, "task"))
    found = redact(text, spans)
    assert found.text == "tell <person_1> now" and found.mapping == {"<person_1>": "Ana Maria"}
    assert restore(found.text, found) == text


@pytest.mark.parametrize("span", [Span(-1, 2, "person"), Span(3, 9, "person"), Span(3, 2, "person")])
def test_a_span_outside_of_the_text_is_refused(span):
    with pytest.raises(ValueError, match="within a text of 8 characters, found Span"):
        redact("call Ana", [span])


@pytest.mark.parametrize(
    "text, left",
    [
        ("mail ana.b+x@mail.example.org now", "mail <email_1> now"),
        ("ring +44 (0)20 7946 0958 please", "ring <number_1> please"),
        ("call 555-1234", "call <number_1>"),
        ("my card is 4111 1111 1111 1111.", "my card is <number_1>."),
        ("dial 0207.946.0958 or 555-1234, then 555-1234", "dial <number_1> or <number_2>, then <number_2>"),
        ("müşteri@örnek.com'a yaz", "<email_1>'a yaz"),
    ],
)
def test_what_has_a_shape_is_found_without_a_tagger(text, left):
    found = redact(text, ())
    assert found.text == left and restore(left, found) == text


@pytest.mark.parametrize(
    "text",
    ["10% of 2,350,000", "on 2026-11-24", "by 24.11.2026", "11.44 an hour for 37.5 hours", "wake me at 06:05",
     "12 - 40 + 3", "100000 yen", "a @ b"],
)  # fmt: skip
def test_what_only_looks_like_it_stays(text):
    assert by_shape(text) == []


def test_hostile_texts_come_back_exactly():
    """Random texts of fragments that are placeholders, pieces of them, accents, emoji, digits; random spans."""
    draw = random.Random(0)
    pieces = [
        "<person_1>",
        "<",
        ">",
        "_1>",
        "<person_",
        "person_1",
        "Zoë",
        "李雷",
        "👩‍👧",
        "e\u0301",
        " ",
        "\n",
        "\\1",
        "555-1234",
        "a@b.co",
    ]
    for _ in range(2000):
        text = "".join(draw.choices(pieces, k=draw.randint(0, 8)))
        ends = [sorted(draw.choices(range(len(text) + 1), k=2)) for _ in range(draw.randint(0, 4))]
        found = redact(text, [Span(*end, draw.choice(PRIVATE_SLOTS)) for end in ends])
        assert restore(found.text, found) == text
        for span in found.spans:  # nothing but what was between the spans is left
            assert text[span.start : span.end] in found.mapping.values()
        kept = found.text
        for placeholder in found.mapping:
            kept = kept.replace(placeholder, "")
        assert len(kept) == len(text) - sum(span.end - span.start for span in found.spans)


def test_leaks_are_counted_where_the_truth_is_known():
    text, gold = parse_marked("tell [aunt Ana](person) and [Ben](person) at [seven](time) that [i'm late](message)")
    assert leaked(as_it_is(text), gold) == 3
    assert leaked(redact(text, gold), gold) == 0
    ben_only = [span for span in gold if text[span.start : span.end] == "Ben"]
    assert leaked(redact(text, ben_only), gold) == 2
    half = redact(text, [Span(5, 9, "person"), *gold[1:]])  # `aunt`, without the name
    assert half.text.startswith("tell <person_1> Ana and") and leaked(half, gold) == 1
    but_the_space = redact(text, [Span(5, 9, "person"), Span(10, 13, "person"), *gold[1:]])
    assert leaked(but_the_space, gold) == 0
    assert leaked(as_it_is(text), gold, private=("time",)) == 1


def test_the_tagger_is_asked_whatever_the_tool():
    """Spans are those of every slot, not those of the label that the bundle happens to predict."""
    bundle, text = Bundle.load(ROOT / "data" / "bundles" / "pocket"), "what should i give Ana for her birthday"
    assert bundle.predict(text).label == "ask_cloud" and bundle.predict(text).spans == ()
    assert slot_values(text, private_spans(bundle, bundle.predict(text))) == {"person": ["Ana"]}


def test_a_cautious_tagger_misses_less_and_hides_more():
    """On Pocket's validation split; each step down finds at least as much."""
    bundle, split = Bundle.load(ROOT / "data" / "bundles" / "pocket"), datasets.load("pocket").validation
    gold = [[span for span in spans if span.name in PRIVATE_SLOTS] for spans in split.spans]
    total, missed, hidden = sum(map(len, gold)), [], []
    for at_least in (1.1, CAUTION, 0.02):
        found = [redact(text, private_spans(bundle, bundle.predict(text), at_least=at_least)) for text in split.texts]
        missed.append(sum(map(leaked, found, gold)))
        hidden.append(sum(span.end - span.start for redacted in found for span in redacted.spans))
    assert total > 100 and total / 8 < missed[0] < total / 4
    assert missed[1] < total / 15 and missed[2] <= missed[1]
    assert hidden[0] < hidden[1] < hidden[2]


def test_a_text_too_long_for_one_run_is_searched_to_its_end():
    """The tokenizer cuts after 128 tokens; the request would leave whole."""
    bundle = Bundle.load(ROOT / "data" / "bundles" / "pocket")
    text = "text Ana that " + "it is late and " * 100 + "and then call Ana please"
    assert len(bundle.tokenizer.encode(text).overflowing) > 1
    first, last = text.index("Ana"), text.rindex("Ana")
    covered = {i for span in private_spans(bundle, bundle.predict(text)) for i in range(span.start, span.end)}
    assert {first, first + 2, last, last + 2} <= covered


def test_what_is_private_is_an_argument_of_the_tagger_too():
    bundle = Bundle.load(ROOT / "data" / "bundles" / "pocket")
    text = "weather in Paris"
    assert {span.name for span in private_spans(bundle, bundle.predict(text), at_least=0, private=("place",))} == {
        "place"
    }
    assert {span.name for span in private_spans(bundle, bundle.predict(text), private=())} == {
        "place"
    }  # then the likeliest tags


def test_a_bundle_without_a_tagger_finds_nothing():
    bundle = Bundle.load(ROOT / "data" / "bundles" / "pocket")
    untagged = replace(bundle.predict("call Ana"), slot_logits=None, tokens=None)
    assert private_spans(bundle, untagged) == ()
