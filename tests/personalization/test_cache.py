"""The context cache: found again, evicted, expired, kept over a restart, forgotten."""

import json
from base64 import b64encode

import numpy as np
import pytest

from edgelab.bundle.manifest import BundleError
from edgelab.personalization.cache import ContextCache, Remembered, still_kept


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_the_same_words_are_found_whatever_stands_between_them(clock):
    cache = ContextCache(clock=clock)
    cache.remember("Back in the coffin!", "vampire")
    hit = cache.lookup("back in  the COFFIN")
    assert hit is not None and (hit.label, hit.similarity) == ("vampire", 1.0)
    assert cache.lookup("back in the box") is None


def test_near_texts_are_found_by_their_features_from_the_threshold_on(clock):
    cache = ContextCache(similar=0.8, clock=clock)
    cache.remember("coffin", "vampire", np.array([3.0, 0.0]))
    cache.remember("tape", "cassette", np.array([0.0, 2.0]))
    hit = cache.lookup("box", np.array([4.0, 3.0]))
    assert hit is not None and hit.text == "coffin" and hit.similarity == pytest.approx(0.8, abs=1e-3)
    assert cache.lookup("box", np.array([3.0, 3.0])) is None
    assert cache.lookup("box", np.array([3.0, 3.0, 3.0])) is None  # of another base


def test_a_correction_overwrites(clock):
    cache = ContextCache(clock=clock)
    cache.remember("coffin", "set_alarm")
    cache.remember("Coffin", "vampire")
    assert len(cache) == 1 and cache.lookup("coffin").label == "vampire"


def test_the_longest_unused_goes_first(clock):
    cache = ContextCache(capacity=2, clock=clock)
    cache.remember("one", "a")
    cache.remember("two", "b")
    assert cache.lookup("one") is not None
    cache.remember("three", "c")
    assert [entry.text for entry in cache.entries] == ["one", "three"]


def test_nothing_outlives_its_time_used_or_not(clock, tmp_path):
    cache = ContextCache(tmp_path / "requests.json", lifetime_s=10, clock=clock)
    cache.remember("one", "a")
    clock.now += 9.9
    assert cache.lookup("one") is not None
    clock.now += 0.1
    assert cache.lookup("one") is None and len(cache) == 0
    assert "one" not in (tmp_path / "requests.json").read_text()  # nor on disk


def test_it_survives_a_restart_with_its_order_and_vectors(clock, tmp_path):
    cache = ContextCache(tmp_path / "requests.json", capacity=2, clock=clock)
    cache.remember("one", "a", np.array([1.0, 0.0]))
    cache.remember("two", "b", np.array([0.0, 1.0]))
    again = ContextCache(tmp_path / "requests.json", capacity=2, clock=clock)
    assert again.entries == cache.entries
    assert again.lookup("eins", np.array([2.0, 0.1])).label == "a"


def test_what_expired_while_the_program_was_closed_is_gone(clock, tmp_path):
    ContextCache(tmp_path / "requests.json", lifetime_s=10, clock=clock).remember("one", "a")
    clock.now += 10
    assert len(ContextCache(tmp_path / "requests.json", lifetime_s=10, clock=clock)) == 0
    assert json.loads((tmp_path / "requests.json").read_text()) == []


def test_forgetting_leaves_no_file(clock, tmp_path):
    cache = ContextCache(tmp_path / "requests.json", clock=clock)
    cache.remember("one", "a")
    cache.forget()
    assert not list(tmp_path.iterdir()) and len(cache) == 0


def entries(*more, **changes):
    """What a cache writes of one request, with changes, and of a second one that has a vector of width 2."""
    one = {"text": "one", "label": "a", "learned_s": 0.0, "used_s": 1.0, "vector": ""}
    return json.dumps([one | changes, *(one | {"vector": b64encode(bytes(4)).decode()} | each for each in more)])


def test_what_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BundleError, match="requests cannot be written there: "):
        ContextCache(tmp_path / "file" / "requests.json").remember("one", "a")


def test_who_stays_is_asked_with_a_list_as_the_exercise_on_it_does(clock):
    asked = []
    ContextCache(clock=clock, keep=lambda entries, *limits: asked.append(type(entries)) or entries).remember("one", "a")
    assert set(asked) == {list}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}x",
        "[1]",
        "3",
        "[" * 100_000,
        '[{"text": "one"}]',
        entries(text=1),
        entries(text="\ud800"),
        entries(label=["a"]),
        entries(learned_s="0"),
        entries(used_s=None),
        entries(learned_s=float("nan")),
        entries(learned_s=float("inf")),
        entries(vector="abc"),
        entries(vector=b64encode(np.full(4, np.nan, np.float16).tobytes()).decode()),
        entries({"text": "two"}, vector=b64encode(np.ones(4, np.float16).tobytes()).decode()),
    ],
)
def test_another_file_is_refused(tmp_path, content):
    (tmp_path / "requests.json").write_text(content)
    with pytest.raises(BundleError, match="requests.json: expected remembered requests"):
        ContextCache(tmp_path / "requests.json")


def test_who_stays_is_expired_by_age_and_evicted_by_use():
    ages = {"old": (0.0, 99.0), "first": (50.0, 60.0), "second": (40.0, 80.0), "third": (30.0, 70.0)}
    entries = [Remembered(name, "a", *times) for name, times in ages.items()]
    assert [e.text for e in still_kept(entries, 100.0, 100.0, 2)] == ["third", "second"]
    assert [e.text for e in still_kept(entries, 100.0, 100.5, 9)] == ["first", "third", "second", "old"]
    assert still_kept(entries, 100.0, 100.0, 0) == []


def test_the_cache_keeps_whom_it_is_told_to(clock):
    cache = ContextCache(clock=clock, keep=lambda entries, *_: list(entries)[-1:])
    cache.remember("one", "a")
    cache.remember("two", "b")
    assert [entry.text for entry in cache.entries] == ["two"]
