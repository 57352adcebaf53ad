"""The two public sets, as they were published."""

import json
from collections import Counter

from edgelab.datasets.loading import load
from tests.shared_data import SHARED, needs_shared


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
