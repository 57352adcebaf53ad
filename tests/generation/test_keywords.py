"""The baseline of words: labels by words, values by a list."""

from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import parse_marked
from edgelab.generation.keywords import Gazetteer, Keywords

LINES = {
    "set_alarm": ["wake me at [seven](time)", "alarm at [half past seven](time) [tomorrow](date)"],
    "play_music": [
        "play [the beatles](artist)",
        "play some [queen](artist) songs",
        "put on [queen](song)",
        "[Queen](artist)",
    ],
}


def gazetteer() -> Gazetteer:
    rows = [(*parse_marked(line), label) for label, lines in LINES.items() for line in lines]
    texts, spans, labels = zip(*rows, strict=True)
    return Gazetteer.fit(Split(texts, labels, spans))


def test_the_longest_known_value_of_the_label_counts():
    calls = gazetteer().calls(
        ["alarm, half past seven!", "please play queen and The Beatles?", "alarm at nine for queen"]
    )
    assert calls[0] == {"tool": "set_alarm", "time": "half past seven!"}
    assert calls[1] == {"tool": "play_music", "artist": ["queen", "The Beatles?"]}
    assert calls[2] == {"tool": "set_alarm"}


def test_words_speak_for_labels(tiny):
    learned = Keywords.fit(tiny.train.texts, tiny.train.labels)
    assert learned.labels(["play something", "wake me", "explain the history"]) == [
        "play_music",
        "set_alarm",
        "ask_cloud",
    ]
