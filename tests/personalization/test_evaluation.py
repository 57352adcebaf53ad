"""The ways to adapt, judged; and what adapters cost."""

import numpy as np
import pytest

from edgelab.datasets.dataset import Split
from edgelab.personalization.cache import ContextCache
from edgelab.personalization.costs import added_latency, crowd, swap_samples
from edgelab.personalization.evaluation import Judged, judge, right, unfair
from edgelab.personalization.fault_exercise import colleagues_split
from edgelab.personalization.users import load_users
from edgelab.personalization.ways import by_adapter, by_base, by_cache, by_prototypes, prototypes_of, remember_all
from tests.personalization.conftest import OWN


def test_each_way_knows_what_it_was_told_and_leaves_the_base_its_own(personal, tiny):
    nobody = by_base(personal)
    ways = {
        "adapter": by_adapter(personal, "ada"),
        "prototypes": by_prototypes(personal, prototypes_of(personal, OWN, tiny.validation, 0.0)),
        "cache": by_cache(personal, remember_all(personal, ContextCache(similar=0.999), OWN)),
    }
    assert not right(nobody, OWN).any()
    before = right(nobody, tiny.train).mean()
    for way in ways.values():
        assert right(way, OWN).mean() > 0.8 and right(way, tiny.train).mean() >= before - 0.15
    after = by_cache(personal, ContextCache(), by_adapter(personal, "ada"))
    assert right(after, OWN).all() == right(ways["adapter"], OWN).all()


def test_people_are_pooled(personal, tiny):
    judged = judge({"ada": by_adapter(personal, "ada")}, {"ada": OWN}, by_base(personal), tiny.test)
    assert judged.gained.value == judged.own["ada"].mean() and len(judged.before) == len(tiny.test)


def test_the_intervals_are_of_all_phrases_and_of_examples_in_pairs():
    before = np.array([True] * 80 + [False] * 20)
    half = before.copy()
    half[:4] = False
    judged = Judged({"a": np.ones(30, bool), "b": np.zeros(10, bool)}, {"a": before, "b": half}, before)
    assert judged.gained.value == pytest.approx(0.75)
    assert judged.lost.value == pytest.approx(0.02) and judged.lost.low <= 0.02 <= judged.lost.high < 0.1


def test_costs_are_raw_samples(personal, bundle, learned, tmp_path):
    from edgelab.bundle.predict import Bundle

    texts = list(OWN.texts)
    taken = added_latency(Bundle.load(bundle), personal, ("ada",), texts)
    assert {name: len(s.milliseconds) for name, s in taken.items()} == dict.fromkeys(
        ("plain bundle", "no adapter", "one person", "another each time"), len(texts)
    )
    swaps = swap_samples(personal, ("ada",), rounds=5)
    assert {len(s.milliseconds) for s in swaps.values()} == {5}
    many = crowd(personal, (learned.adapter,), 7, tmp_path, texts)
    assert len(many.load.milliseconds) == len(many.others.milliseconds) == 7 and many.disk_bytes > 7 * 1000
    assert personal.people == ("ada",)


def test_a_split_of_nothing_is_right_nowhere():
    assert len(right(lambda text: text, Split((), ()))) == 0


def test_what_sounds_as_it_was_learned_is_unfair():
    judged = ("RED  alert", "a red alert", "vampire mode", "Red alert!", "alert red")
    assert unfair(("Red alert!",), judged) == ["RED  alert", "Red alert!"]


def test_the_colleagues_split_leaks_and_the_courses_own_does_not():
    for user in load_users():
        learned, judged = colleagues_split(user)
        assert len(judged) == 80 and len(unfair(learned.texts, judged.texts)) == 50
        assert not unfair(user.learn.texts, user.held_out.texts)
