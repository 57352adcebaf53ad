"""What teachers say: its mean, its alignment with another tokenizer, the loss that passes it on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from edgelab.distillation.augmentation import augment
from edgelab.distillation.losses import divergence
from edgelab.distillation.targets import Targets, align, soft_loss, soft_targets
from edgelab.distillation.teacher import TeacherPlan, train_teacher
from edgelab.models.tokens import encode, load_tokenizer, trim_vocabulary
from edgelab.models.training import Batch

RNG = np.random.default_rng(0)
pytestmark = pytest.mark.usefixtures("at_home")


def targets_of(words, tags=3, classes=4):
    slots = [RNG.normal(size=(n, tags)).astype(np.float16) for n in words]
    return Targets(tuple("x" * len(words)), RNG.normal(size=(len(words), classes)), slots)


def test_the_training_loss_is_the_soft_loss_on_intents_and_on_words():
    targets = targets_of([2, 1, 3])
    rows, first = np.array([2, 0]), torch.tensor([[0, 1, 1, 1, 0], [0, 1, 1, 0, 0]]).bool()
    intent, slots = torch.randn(2, 4), torch.randn(2, 5, 3)
    loss = soft_loss(targets, 2.0)
    batch = Batch(rows, None, None, first, None, None)
    of_intents = 2.0**2 * divergence(targets.intent_logits[rows], intent.numpy(), 2.0)
    words = np.concatenate([targets.slot_logits[2], targets.slot_logits[0]]).astype(float)
    of_words = 2.0**2 * divergence(words, slots[first].numpy(), 2.0)
    assert loss((intent,), batch).item() == pytest.approx(of_intents, rel=1e-5)
    assert loss((intent, slots), batch).item() == pytest.approx(of_intents + of_words, rel=1e-5)


def test_align_keeps_the_words_that_both_tokenizers_kept():
    text = "alpha beta gamma " * 60
    tokenizer, _ = trim_vocabulary(load_tokenizer(), ("beta",), 200)
    encoded = encode(tokenizer, (text, "beta"))
    assert len(encoded.first[0]) < len(encode(load_tokenizer(), (text,)).first[0]) == 126
    cut, targets = align(encoded, targets_of([126, 1]))
    assert [len(f) for f in cut.first] == [len(t) for t in cut.tags] == [len(s) for s in targets.slot_logits]
    assert cut.first[0] == encoded.first[0] and cut.ids == encoded.ids
    without = replace(targets, slot_logits=None)
    assert align(encoded, without) == (encoded, without)


def test_unlabelled_texts_come_last_and_leave_all_else_as_it_was(tiny, tiny_teacher, monkeypatch):
    lines = ("put on some rome songs", "who invented noon")
    alone = soft_targets((tiny_teacher,), 400, 10)
    monkeypatch.setattr("edgelab.distillation.augmentation.augment", None)  # nothing is varied or labelled again
    both = soft_targets((tiny_teacher,), 400, 10, lines)
    assert both.texts == alone.texts + lines and np.array_equal(both.intent_logits[:46], alone.intent_logits)
    said = tiny_teacher.answer(lines)
    assert np.allclose(both.intent_logits[46:], said.intent_logits, atol=0.05)
    for ours, teachers in zip(both.slot_logits[46:], said.slot_rows(), strict=True):
        assert np.allclose(ours, teachers, atol=0.05)
    assert [len(rows) for rows in both.slot_logits[:46]] == [len(rows) for rows in alone.slot_logits]
    other = soft_targets((tiny_teacher,), 400, 10, lines[::-1])
    assert other.texts[46:] == lines[::-1] and np.array_equal(other.intent_logits[46:], both.intent_logits[46:][::-1])


def test_targets_are_the_mean_of_the_teachers(tiny, tiny_teacher):
    short = train_teacher(tiny, TeacherPlan(batch_size=12, epochs=1 / 3))
    assert short.artifact.path != tiny_teacher.artifact.path
    both = soft_targets((tiny_teacher, short), 400, 10)
    alone = [soft_targets((teacher,), 400, 10) for teacher in (tiny_teacher, short)]
    assert both.texts == alone[0].texts and both.texts[:36] == tiny.train.texts and len(both.texts) == 46
    assert both.texts[36:] == augment(tiny, 400, 10)
    assert np.allclose(both.intent_logits, (alone[0].intent_logits + alone[1].intent_logits) / 2, atol=1e-4)
    for ours, first, second in zip(both.slot_logits, *(a.slot_logits for a in alone), strict=True):
        assert np.allclose(ours, (first.astype(float) + second) / 2, atol=0.02)
