"""The classifiers that a student must beat."""

import pickle

import numpy as np
import pytest

from edgelab.datasets.dataset import Dataset, Split
from edgelab.distillation.baselines import frozen_encoder, tfidf_svc
from edgelab.models.weights import PRETRAINED, pretrained_folder


@pytest.fixture(scope="module")
def baselines(tiny):
    return {baseline.name: baseline for baseline in (tfidf_svc(tiny), frozen_encoder(tiny))}


@pytest.mark.parametrize("name", ["TF-IDF + LinearSVC", "frozen MiniLM + LogReg"])
def test_a_baseline_learns_the_labels_and_answers_one_text_at_a_time(baselines, tiny, name):
    baseline = baselines[name]
    correct = baseline.correct(tiny.test)
    assert correct.dtype == bool and correct.shape == (9,) and correct.mean() >= 0.7
    assert baseline.predict("please wake me at seven") == "set_alarm"
    wrong = Split(tiny.test.texts, ("never learned",) * 9)
    assert not baseline.correct(wrong).any()


def test_only_the_encoder_knows_words_that_no_example_has(baselines):
    """Same meaning, no word in common with the training texts: what pretraining brings."""
    requests = {"rouse us tomorrow by breakfast": "set_alarm", "some madonna tunes now": "play_music"}
    frozen = baselines["frozen MiniLM + LogReg"]
    assert [frozen.predict(text) for text in requests] == list(requests.values())
    scores = {baselines["TF-IDF + LinearSVC"].predict(text) for text in ("xylophone zeppelin", "quagga yurt")}
    assert len(scores) == 1  # nothing to tell them apart by


def test_sizes_count_all_that_answering_needs(baselines, tiny):
    encoder_bytes = sum((pretrained_folder() / name).stat().st_size for name in PRETRAINED)
    assert encoder_bytes > 90e6
    head = 3 * 384 * 4  # its weights
    assert encoder_bytes + head < baselines["frozen MiniLM + LogReg"].size_bytes < encoder_bytes + head + 10_000
    words = len({word for text in tiny.train.texts for word in text.split()})
    assert words * 3 * 8 < baselines["TF-IDF + LinearSVC"].size_bytes < 200_000


def test_fitting_again_gives_the_same(tiny):
    first, second = tfidf_svc(tiny), tfidf_svc(tiny)
    assert np.array_equal([first.predict(t) for t in tiny.test.texts], [second.predict(t) for t in tiny.test.texts])
    assert first.size_bytes == second.size_bytes == pytest.approx(len(pickle.dumps(0)) + first.size_bytes, abs=50)


def test_word_pairs_tell_apart_what_the_same_words_mean_in_another_order():
    texts = ("call mum text dad", "text mum call dad") * 3
    split = Split(texts, ("first", "second") * 3)
    pairs = tfidf_svc(Dataset("pairs", split, split, split, ("first", "second")))
    assert pairs.correct(split).all()
