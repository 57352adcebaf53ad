"""Variations of texts: each operation by hand, the mixture as a whole."""

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from edgelab.datasets.dataset import Split
from edgelab.distillation import augmentation
from edgelab.distillation.augmentation import augment, drop, mix, nearest_tokens, substitute
from edgelab.models.tokens import load_tokenizer, trim_vocabulary


@pytest.fixture
def plain(tiny):
    """The same texts without slots, so that every variation is made of tokens."""
    return replace(tiny, train=replace(tiny.train, spans=None))


def test_of_texts_with_slots_most_variations_have_other_values(tiny, monkeypatch):
    exchanged = Split(("exchanged",) * len(tiny.train), tiny.train.labels, tiny.train.spans)
    monkeypatch.setattr(augmentation, "substituted", lambda split, *, seed: exchanged)
    texts = augment(tiny, 400, 80)
    assert len(texts) == 80 and texts.count("exchanged") == round(80 * augmentation.EXCHANGED_SHARE)


def test_variations_are_the_same_for_a_seed_and_new_for_another(plain, tiny):
    assert augment(tiny, 400, 80, seed=3) == augment(tiny, 400, 80, seed=3) != augment(tiny, 400, 80, seed=4)
    texts = augment(plain, 400, 80, seed=3)
    assert texts == augment(plain, 400, 80, seed=3) != augment(plain, 400, 80, seed=4)
    assert len(texts) == 80 and all(texts) and not any("[" in text for text in texts)
    assert len(set(texts) - set(plain.train.texts)) > 60
    assert augment(plain, 400, 0) == ()


def test_variations_use_words_of_the_training_texts_and_their_neighbours(tiny):
    words = {word for text in tiny.train.texts for word in text.split()}
    shares = [len(words & set(text.split())) / len(text.split()) for text in augment(tiny, 400, 80)]
    assert 0.5 < np.mean(shares) < 1


def test_a_text_that_no_token_stands_for_is_left_out(tiny):
    odd = Split((*tiny.train.texts, "\u200b", "\x07"), (*tiny.train.labels, "set_alarm", "only_here"))
    assert len(augment(replace(tiny, train=odd), 400, 300)) == 300


def test_every_operation_of_the_mixture_is_used(plain, monkeypatch):
    assert sum(augmentation.MIXTURE.values()) == pytest.approx(1)
    seen = Counter()
    for name in ("substitute", "drop", "mix"):
        real = getattr(augmentation, name)
        monkeypatch.setattr(augmentation, name, lambda *a, real=real, name=name: seen.update([name]) or real(*a))
    augment(plain, 400, 400)
    for name, share in {"substitute": 0.45, "drop": 0.25, "mix": 0.40}.items():
        assert seen[name] / 400 == pytest.approx(share, abs=0.08)


def test_operations_by_hand():
    near = np.array([[1, 1], [2, 2], [0, 0]])
    assert substitute([0, 1, 2], near, 1.0, random.Random(0)) == [1, 2, 0]
    assert substitute([0, 1, 2], near, 0.0, random.Random(0)) == [0, 1, 2]
    assert drop([5, 6, 7], 0.0, random.Random(0)) == [5, 6, 7]
    assert all(len(drop([5, 6, 7], 1.0, random.Random(i))) == 1 for i in range(9))


def test_a_mix_is_made_of_both_in_their_order():
    a, b = [1, 2, 3, 4], [11, 12, 13, 14]
    mixed = [mix(a, b, random.Random(seed)) for seed in range(300)]
    for ids in mixed:
        assert 1 <= len(ids) <= 8 and any(i > 10 for i in ids)
        assert sorted(i for i in ids if i < 10) == [i for i in ids if i < 10]
        assert sorted(i for i in ids if i > 10) == [i for i in ids if i > 10]
    assert len({tuple(ids) for ids in mixed}) > 40 and (a, b) == ([1, 2, 3, 4], [11, 12, 13, 14])
    assert all(mix([1], [11], random.Random(seed)) for seed in range(30))


def test_the_nearest_tokens_are_those_of_like_meaning(tiny):
    tokenizer, kept = trim_vocabulary(load_tokenizer(), tiny.train.texts, 400)
    near = nearest_tokens(kept, 15)
    assert near.shape == (400, 15) and all(i not in row for i, row in enumerate(near))
    of_nine = {tokenizer.id_to_token(int(i)) for i in near[tokenizer.token_to_id("nine")]}
    assert {"9", "seven"} <= of_nine and "play" not in of_nine
    assert near.min() > 4
