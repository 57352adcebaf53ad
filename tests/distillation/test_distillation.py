"""The mathematics against torch and by hand; variations of texts; a real distillation on the tiny data."""

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import Span
from edgelab.distillation import augmentation
from edgelab.distillation.augmentation import augment, drop, mix, nearest_tokens, substitute
from edgelab.distillation.losses import kd_loss, soft_label_loss, soften
from edgelab.distillation.recall import recall_by_label
from edgelab.distillation.students import StudentPlan, train_student
from edgelab.distillation.targets import Targets, align, soft_loss, soft_targets
from edgelab.distillation.teacher import TeacherPlan, train_teacher, zero_shot
from edgelab.models.encoder import load_encoder
from edgelab.models.spec import Spec
from edgelab.models.tokens import encode, load_tokenizer, trim_vocabulary
from edgelab.models.training import Batch, draw_mixture, mask_tokens

RNG = np.random.default_rng(0)


pytestmark = pytest.mark.usefixtures("at_home")


def tensor(array):
    return torch.as_tensor(array, dtype=torch.float64)


# --- the mathematics ----------------------------------------------------------------------------


def test_soften_by_hand():
    logits = np.array([0.0, np.log(4.0)])
    assert np.allclose(soften(logits, 1), [1 / 5, 4 / 5])
    assert np.allclose(soften(logits, 2), [1 / 3, 2 / 3])  # 1 : sqrt(4)


@pytest.mark.parametrize("shape", [(3,), (5, 4), (2, 3, 7)])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_soften_is_torchs_softmax(shape, temperature):
    logits = RNG.normal(scale=5, size=shape)
    kept = logits.copy()
    assert np.allclose(soften(logits, temperature), functional.softmax(tensor(logits) / temperature, -1))
    assert np.array_equal(logits, kept)


def test_soften_stands_large_logits_and_refuses_no_temperature():
    assert np.allclose(soften(np.array([1e4, -1e4, 1e4]), 1), [0.5, 0, 0.5])
    for temperature in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="expected a temperature above 0"):
            soften(np.zeros(2), temperature)


def test_soft_label_loss_by_hand():
    """Teacher 1/2, 1/2; student 1/5, 4/5: KL = (ln 5/2 + ln 5/8) / 2, at T = 1."""
    student, teacher = np.array([[0.0, np.log(4.0)]]), np.zeros((1, 2))
    assert soft_label_loss(student, teacher, 1.0) == pytest.approx((np.log(5 / 2) + np.log(5 / 8)) / 2)
    # At T = 2 the student says 1/3, 2/3: (ln 3/2 + ln 3/4) / 2, times 2^2.
    assert soft_label_loss(student, teacher, 2.0) == pytest.approx(4 * (np.log(3 / 2) + np.log(3 / 4)) / 2)
    assert soft_label_loss(teacher, teacher, 3.0) == 0


@pytest.mark.parametrize("temperature", [1.0, 2.0, 7.5])
@pytest.mark.parametrize("shape", [(1, 2), (6, 5)])
def test_soft_label_loss_is_torchs_divergence(shape, temperature):
    student, teacher = RNG.normal(scale=3, size=(2, *shape))
    expected = temperature**2 * functional.kl_div(
        functional.log_softmax(tensor(student) / temperature, -1),
        functional.log_softmax(tensor(teacher) / temperature, -1),
        reduction="batchmean",
        log_target=True,
    )
    assert soft_label_loss(student, teacher, temperature) == pytest.approx(expected.item())


@pytest.mark.filterwarnings("error")
def test_soft_label_loss_of_certain_models_is_large_and_finite():
    certain, wrong = np.array([[0.0, 2000.0]]), np.array([[2000.0, 0.0]])
    assert soft_label_loss(wrong, certain, 1.0) == pytest.approx(2000)
    assert soft_label_loss(certain, certain, 1.0) == 0
    assert kd_loss(wrong, certain, np.array([1]), 1.0, 0.5) == pytest.approx(2000)


@pytest.mark.parametrize(("temperature", "alpha"), [(1.0, 0.0), (2.0, 0.5), (4.0, 0.9), (3.0, 1.0)])
def test_kd_loss_weighs_torchs_two_parts(temperature, alpha):
    student, teacher = RNG.normal(scale=3, size=(2, 8, 5))
    labels = RNG.integers(5, size=8)
    hard = functional.cross_entropy(tensor(student), torch.as_tensor(labels)).item()
    expected = alpha * soft_label_loss(student, teacher, temperature) + (1 - alpha) * hard
    assert kd_loss(student, teacher, labels, temperature, alpha) == pytest.approx(expected)


def test_recall_by_label_by_hand():
    gold = np.array(["a", "a", "a", "b", "c", "c"])
    predicted = np.array(["a", "a", "b", "b", "a", "a"])
    assert recall_by_label(predicted, gold) == {"a": pytest.approx(2 / 3), "b": 1.0, "c": 0.0}


# --- the same in torch, on batches --------------------------------------------------------------


def targets_of(words, tags=3, classes=4):
    slots = [RNG.normal(size=(n, tags)).astype(np.float16) for n in words]
    return Targets(tuple("x" * len(words)), RNG.normal(size=(len(words), classes)), slots)


def test_the_training_loss_is_soft_label_loss_on_intents_and_on_words():
    targets = targets_of([2, 1, 3])
    rows, first = np.array([2, 0]), torch.tensor([[0, 1, 1, 1, 0], [0, 1, 1, 0, 0]]).bool()
    intent, slots = torch.randn(2, 4), torch.randn(2, 5, 3)
    loss = soft_loss(targets, 2.0)
    batch = Batch(rows, None, None, first, None, None)
    of_intents = soft_label_loss(intent.numpy(), targets.intent_logits[rows], 2.0)
    words = np.concatenate([targets.slot_logits[2], targets.slot_logits[0]]).astype(float)
    of_words = soft_label_loss(slots[first].numpy(), words, 2.0)
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


def test_masking_hides_a_share_of_ordinary_tokens_only():
    tokenizer = load_tokenizer()
    special = [tokenizer.token_to_id(token) for token in ("[PAD]", "[CLS]", "[SEP]")]
    ids = torch.randint(2000, 3000, (200, 30))
    ids[:, 0], ids[:, -2], ids[:, -1] = special[1], special[2], special[0]
    kept = ids.clone()
    hidden = mask_tokens(tokenizer, 0.15)(ids, np.random.default_rng(0)) == tokenizer.token_to_id("[MASK]")
    assert torch.equal(ids, kept) and not hidden[:, [0, -2, -1]].any()
    assert hidden[:, 1:-2].float().mean().item() == pytest.approx(0.15, abs=0.02)
    assert not (mask_tokens(tokenizer, 0.0)(ids, np.random.default_rng(0)) != ids).any()


def test_the_mixture_holds_the_share_of_real_texts_that_was_asked_for():
    lengths, plan = (
        np.random.default_rng(1).integers(3, 20, 1000),
        StudentPlan(lr=1, steps=1, batch_size=40, real_share=0.3),
    )
    batches = list(draw_mixture(lengths, 100, plan.real_share, plan.batch_size)(np.random.default_rng(0)))
    assert [len(b) for b in batches] == [40] * 50
    rows = np.concatenate(batches)
    assert (rows < 100).mean() == pytest.approx(0.3, abs=0.03) and rows.max() > 950 and rows.min() < 10
    assert np.mean([np.ptp(lengths[b]) for b in batches]) < 3
    only_real = np.concatenate(
        list(draw_mixture(lengths[:100], 100, plan.real_share, plan.batch_size)(np.random.default_rng(0)))
    )
    assert only_real.max() < 100 and len(set(only_real)) == 100


# --- more sentences -----------------------------------------------------------------------------


def test_variations_are_the_same_for_a_seed_and_new_for_another(tiny):
    texts = augment(tiny, 400, 80, seed=3)
    assert texts == augment(tiny, 400, 80, seed=3) != augment(tiny, 400, 80, seed=4)
    assert len(texts) == 80 and all(texts) and not any("[" in text for text in texts)
    assert len(set(texts) - set(tiny.train.texts)) > 60
    assert augment(tiny, 400, 0) == ()


def test_variations_use_words_of_the_training_texts_and_their_neighbours(tiny):
    words = {word for text in tiny.train.texts for word in text.split()}
    shares = [len(words & set(text.split())) / len(text.split()) for text in augment(tiny, 400, 80)]
    assert 0.5 < np.mean(shares) < 1


def test_a_text_that_no_token_stands_for_is_left_out(tiny):
    odd = Split((*tiny.train.texts, "\u200b", "\x07"), (*tiny.train.labels, "set_alarm", "only_here"))
    assert len(augment(replace(tiny, train=odd), 400, 300)) == 300


def test_every_operation_of_the_mixture_is_used(tiny, monkeypatch):
    assert sum(augmentation.MIXTURE.values()) == pytest.approx(1)
    seen = Counter()
    for name in ("substitute", "drop", "mix"):
        real = getattr(augmentation, name)
        monkeypatch.setattr(augmentation, name, lambda *a, real=real, name=name: seen.update([name]) or real(*a))
    augment(tiny, 400, 400)
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


# --- for real -----------------------------------------------------------------------------------


def test_the_teacher_learns_and_its_outputs_on_every_held_out_split_are_kept(tiny, tiny_teacher, monkeypatch):
    assert tiny_teacher.correct("validation").mean() >= 0.8 and tiny_teacher.correct().mean() >= 0.8
    assert tiny_teacher.slots_correct().mean() >= 0.5
    hard = tiny_teacher.outputs("hard")
    assert hard.intent_logits.shape == (9, 3) and hard.slot_logits.shape == (hard.words.sum(), 5)
    assert np.array_equal(
        hard.intent_logits, tiny_teacher.outputs("test").intent_logits
    )  # the tiny data's hard split is its test
    assert tiny_teacher.split("validation") is tiny.validation and tiny_teacher.split("hard") is tiny.extra["hard"]
    monkeypatch.setattr("edgelab.models.training.run", None)  # asked again, no model runs
    assert np.array_equal(tiny_teacher.outputs("hard").slot_logits, hard.slot_logits)


def test_a_trained_model_comes_back_as_it_was_saved(tiny, tiny_teacher, tiny_student):
    from edgelab.models.training import run

    for trained in (tiny_teacher, tiny_student):
        outputs = run(trained.model(), encode(trained.tokenizer(), tiny.test.texts))
        assert np.allclose(outputs.intent_logits, trained.outputs().intent_logits, atol=1e-3)
        assert np.allclose(outputs.slot_logits, trained.outputs().slot_logits, atol=1e-3)


def test_correct_compares_names_so_a_label_never_learned_is_wrong(tiny, tiny_student):
    oos = Split(tiny.test.texts, ("oos",) * 9, tiny.test.spans)
    assert not replace(tiny_student, dataset=replace(tiny, test=oos)).correct().any()
    right = np.array(tiny.labels)[tiny_student.outputs().intent_logits.argmax(1)] == tiny.test.labels
    assert np.array_equal(tiny_student.correct(), right)


def test_slots_are_judged_against_the_gold_spans(tiny, tiny_teacher):
    assert tiny_teacher.slots_correct()[6:].all()  # ask_cloud has none, and may have none
    wrong = tuple((Span(0, 1, "time"),) for _ in tiny.test.texts)
    data = replace(tiny, test=replace(tiny.test, spans=wrong))
    assert not replace(tiny_teacher, dataset=data).slots_correct().any()


def test_the_student_learns_what_the_teacher_says(tiny, tiny_teacher, tiny_student):
    agree = tiny_student.outputs().intent_logits.argmax(1) == tiny_teacher.outputs().intent_logits.argmax(1)
    assert agree.mean() >= 0.8 and tiny_student.correct("validation").mean() >= 0.8
    teacher, student = (soften(m.outputs("validation").intent_logits, 2) for m in (tiny_teacher, tiny_student))
    assert np.abs(teacher - student).mean() < np.abs(teacher - 1 / 3).mean()


def test_building_again_loads_and_any_change_builds_anew(tiny, tiny_teacher, tiny_student, monkeypatch):
    plan = StudentPlan(lr=5e-3, steps=150, batch_size=12, augmented=60)
    spec = tiny_student.spec
    again = train_student(spec, (tiny_teacher,), plan)
    assert again.artifact.loaded and again.artifact.path == tiny_student.artifact.path
    assert again.note.startswith("convolution 32/48: loaded; it was built on ")
    short = replace(plan, steps=2)
    built = [
        train_student(spec, (tiny_teacher,), short),
        train_student(spec, (tiny_teacher,), short, seed=1),
        train_student(spec, (tiny_teacher,), short, distilled=False),
        train_student(replace(spec, hidden=16), (tiny_teacher,), short),
    ]
    assert len({model.artifact.path for model in built}) == 4 and not any(model.artifact.loaded for model in built)
    assert built[2].name == "convolution 32/48, undistilled" and built[2].note.startswith(
        built[2].name + ": built now in "
    )


def test_the_twins_share_their_start(tiny_teacher):
    spec, plan = Spec("convolution", 400, 16, 24), StudentPlan(lr=0.0, steps=1, batch_size=12)
    weights = [train_student(spec, (tiny_teacher,), plan, distilled=d).model().state_dict() for d in (True, False)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_transformers_twin_has_met_no_teacher(tiny_teacher):
    spec, plan = Spec("transformer", 400, layers=(0, 3)), StudentPlan(lr=0.0, steps=1, batch_size=12, head_lr=0.0)
    taught, alone = (train_student(spec, (tiny_teacher,), plan, distilled=d).model().encoder for d in (True, False))
    pretrained = load_encoder((0, 3)).encoder.state_dict()
    assert all(torch.equal(alone.encoder.state_dict()[name], value) for name, value in pretrained.items())
    teachers = tiny_teacher.model().encoder.encoder
    for ours, theirs in zip(taught.encoder.layer, (teachers.layer[0], teachers.layer[3]), strict=True):
        assert all(torch.equal(value, theirs.state_dict()[name]) for name, value in ours.state_dict().items())


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


def test_a_static_student_has_no_slots(tiny_teacher):
    plan = StudentPlan(lr=1e-2, steps=150, batch_size=12, augmented=60)
    static = train_student(Spec("static", 400, 32, 32), (tiny_teacher,), plan)
    assert static.outputs().slot_logits is None and static.correct().mean() >= 0.6
    with pytest.raises(ValueError, match="static 32/32 has no slot head"):
        static.slots_correct()


def test_plans_for_every_size_and_family():
    assert TeacherPlan.for_size(15_000) == TeacherPlan()
    steps = [TeacherPlan.for_size(n).epochs * n / TeacherPlan.for_size(n).batch_size for n in (30, 300, 2_000, 4_999)]
    assert all(150 < count < 1_000 for count in steps)  # enough to learn, and still minutes
    plans = {family: StudentPlan.for_family(family) for family in ("transformer", "convolution", "static")}
    # Pretrained layers take smaller and dearer steps than fresh ones.
    assert all(
        plans["transformer"].lr < plan.lr and plans["transformer"].steps < plan.steps
        for family, plan in plans.items()
        if family != "transformer"
    )
    with pytest.raises(KeyError):
        StudentPlan.for_family("lstm")


def test_a_bundle_is_exported_once_and_holds_nothing_else(tiny_student, tiny_bundle):
    assert tiny_student.bundle() == tiny_bundle
    assert sorted(f.name for f in tiny_bundle.iterdir()) == ["bundle.json", "model.onnx", "tokenizer.json"]
    assert sorted(f.name for f in tiny_bundle.parent.iterdir()) == ["artifact.json", "bundle"]


def test_zero_shot_tells_some_labels_by_their_names_alone(tiny):
    named = replace(tiny, labels=("ask_about_history", "play_music", "set_alarm"))
    best = zero_shot(named, tiny.test)
    gold = [2] * 3 + [1] * 3 + [0] * 3
    assert best.shape == (9,) and (best == gold).mean() >= 6 / 9
