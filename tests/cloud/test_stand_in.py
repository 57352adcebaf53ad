"""What the stand-in says, and that it carries out each request once."""

import numpy as np
import pytest

from edgelab.bundle.redaction import redact, restore
from edgelab.cloud import stand_in
from edgelab.cloud.stand_in import KeyReused, Service, understand
from edgelab.datasets.slots import Span, parse_marked


def test_a_request_is_carried_out_once_for_each_key(pocket):
    service = Service(pocket, "m", answer_rate=1, seed=0)
    first = service.answer("wake me at seven", "a")
    assert service.answer("wake me at seven", "a") is first
    assert service.answer("wake me at seven", "b")["id"] != first["id"]
    assert service.traffic == {"carried_out": 2, "repeated": 1} and service.requests == 2
    with pytest.raises(KeyReused):
        service.answer("wake me at eight", "a")
    without = [service.answer("wake me at seven", None)["id"] for _ in range(2)]
    assert len(set(without)) == 2 and service.traffic["carried_out"] == 4  # what a retry costs without keys


@pytest.mark.parametrize("rate", [0.0, 0.8, 1.0])
def test_the_share_of_right_answers(pocket, rate):
    def right(seed):
        service = Service(pocket, "m", answer_rate=rate, seed=seed)
        return [service._answers_right(f"why is {i} so famous") for i in range(2000)]

    assert abs(np.mean(right(0)) - rate) < 0.05  # over 5 standard errors
    assert right(0) == right(0) and (rate in (0, 1)) == (right(0) == right(1))


@pytest.mark.parametrize(
    "line",
    [
        "tell [Ana](person) [i'm late](message)",
        "[Ana](person) should be told [i'm late](message), ok",
        "remind me to [call the dentist](task) at 7",
    ],
)
def test_placeholders_are_read_as_what_they_stand_for(pocket, line):
    text, spans = parse_marked(line)
    redacted = redact(text, spans)
    label, slots = understand(pocket, redacted.text)
    expected = {span.name: [text[span.start : span.end]] for span in spans}
    found = restore(slots, redacted)
    assert label in ("send_message", "add_reminder") and {name: found[name] for name in expected} == expected


def test_what_is_found_beside_a_placeholder_is_the_text_as_it_came():
    """A bundle that marks what it is told to: positions are carried back around words of other lengths."""

    class Marks:
        manifest = {"label_slots": {"x": ["person", "time"]}}

        def predict(self, text):
            self.seen = text
            at = [
                Span(text.index(word), text.index(word) + len(word), "time") for word in ("seven", "9") if word in text
            ]
            whole = [Span(text.index("dear"), text.rindex("Alex") + 4, "person")] if "dear" in text else []
            return type("", (), {"label": "x", "spans": (*whole, *at), "slots": {}})

    marks = Marks()
    text = "at seven <person_1> and dear <person_12>, <artist_1> at 9"
    assert understand(marks, text) == ("x", {"time": ["seven", "9"], "person": ["<person_1>", "dear <person_12>"]})
    assert marks.seen == "at seven Alex and dear Alex, artist at 9"


def test_a_key_never_meets_the_id_of_another_request(pocket):
    service = Service(pocket, "m", answer_rate=1, seed=0)
    first = service.answer("wake me at seven", None)
    other = service.answer("play queen", first["id"])
    assert other["id"] != first["id"] and service.traffic == {"carried_out": 2} and service.requests == 2
    third = service.answer("wake me at eight", None)
    assert service.answer("play queen", third["id"])["id"] not in (first["id"], other["id"], third["id"])
    assert service.answer("play queen", first["id"]) is other


def test_what_fails_in_the_work_is_not_counted_and_may_be_tried_again(pocket, monkeypatch):
    service = Service(pocket, "m", answer_rate=1, seed=0)

    def fails(*args):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(stand_in, "understand", fails)
        for key in ("a", None):
            with pytest.raises(MemoryError):
                service.answer("wake me at seven", key)
    assert not service.traffic and service.requests == 0
    assert service.answer("wake me at seven", "a")["id"] == "chatcmpl-000001" and service.requests == 1


def test_the_oldest_keys_are_forgotten(pocket, monkeypatch):
    monkeypatch.setattr(stand_in, "KEPT", 3)
    service = Service(pocket, "m", answer_rate=1, seed=0)
    given = [service.answer("wake me at seven", f"key {i}") for i in range(5)]
    assert len(service._answered) == 3 and service.requests == service.traffic["carried_out"] == 5
    assert service.answer("wake me at seven", "key 2") is given[2] and service.traffic["repeated"] == 1
    assert service.answer("wake me at seven", "key 1")["id"] not in {answer["id"] for answer in given}
