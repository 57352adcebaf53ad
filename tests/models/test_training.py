"""The training loop: batches, schedules, losses, and that a model learns by it."""

import numpy as np
import pytest
import torch

from edgelab.machine.host import Host
from edgelab.models import training
from edgelab.models.encoder import pad
from edgelab.models.networks import Convolution, Static
from edgelab.models.tokens import Encoded, load_tokenizer
from edgelab.models.training import (
    Batch,
    Recipe,
    draw_mixture,
    hard_loss,
    length_buckets,
    make_batch,
    mask_tokens,
    run,
    schedule,
    train,
)


def toy(examples: int = 60, seed: int = 0) -> Encoded:
    """Three labels told by one token (10, 11 or 12); the word after it carries the tag 1, others 0."""
    generator = np.random.default_rng(seed)
    ids, first, tags, labels = [], [], [], []
    for i in range(examples):
        words = generator.integers(20, 40, generator.integers(2, 8)).tolist()
        label, at = i % 3, int(generator.integers(len(words)))
        words[at] = 10 + label
        ids.append([2, *words, 3])
        first.append(list(range(1, len(words) + 1)))
        tags.append([int(j == at + 1) for j in range(len(words))])
        labels.append(label)
    return Encoded(ids, first, tags, np.array(labels))


def small_model(seed=0):
    torch.manual_seed(seed)
    return Convolution(torch.randn(40, 12), 16, 3, 2)


RECIPE = Recipe(lr=0.02, head_lr=0.02, batch_size=10, epochs=15)


@pytest.mark.parametrize(("examples", "size"), [(1, 4), (10, 3), (64, 8), (1003, 7)])
def test_an_epoch_holds_every_example_once(examples, size):
    lengths = np.random.default_rng(1).integers(3, 30, examples)
    batches = list(length_buckets(lengths, size, np.random.default_rng(0)))
    assert sorted(np.concatenate(batches)) == list(range(examples))
    assert len(batches) == -(-examples // size) and all(len(b) <= size for b in batches)


def test_batches_hold_texts_of_similar_length_in_random_order():
    lengths = np.random.default_rng(1).integers(3, 60, 2000)
    batches = list(length_buckets(lengths, 20, np.random.default_rng(0)))
    spread = np.mean([np.ptp(lengths[b]) for b in batches])
    assert spread < 3 < np.mean([np.ptp(lengths[i : i + 20]) for i in range(0, 2000, 20)])
    means = [lengths[b].mean() for b in batches]
    assert abs(np.corrcoef(means, range(len(means)))[0, 1]) < 0.5
    again = list(length_buckets(lengths, 20, np.random.default_rng(0)))
    assert all(np.array_equal(a, b) for a, b in zip(batches, again, strict=True))
    assert any(
        len(set(a) ^ set(b))
        for a, b in zip(batches, length_buckets(lengths, 20, np.random.default_rng(1)), strict=True)
    )


def test_a_batch_lines_up_words_tags_and_labels():
    data = Encoded([[2, 10, 11, 3], [2, 20, 3], [2, 3]], [[1, 2], [1], []], [[4, 5], [6], []], np.array([7, 8, 9]))
    batch = make_batch(data, np.array([1, 0, 2]))
    assert batch.ids.tolist() == [[2, 20, 3, 0], [2, 10, 11, 3], [2, 3, 0, 0]]
    assert batch.first.nonzero().tolist() == [[0, 1], [1, 1], [1, 2]]
    assert batch.tags.tolist() == [6, 4, 5] and batch.labels.tolist() == [8, 7, 9]
    assert batch.ids[batch.first].tolist() == [20, 10, 11]


@pytest.mark.parametrize("decay", ["linear", "cosine"])
def test_the_rate_rises_to_its_peak_and_falls_to_nothing(decay):
    shares = [schedule(step, 200, 0.1, decay) for step in range(201)]
    assert shares[:2] == [pytest.approx(1 / 21), pytest.approx(2 / 21)]
    assert np.argmax(shares) == 20 and shares[20] == pytest.approx(1) and shares[200] == pytest.approx(0)
    assert all(a < b for a, b in zip(shares[:20], shares[1:21], strict=True))
    assert all(a > b for a, b in zip(shares[20:200], shares[21:], strict=True))
    assert shares[110] == pytest.approx(0.5)  # both are half-way down half-way
    assert shares[65] == pytest.approx(0.75 if decay == "linear" else (1 + np.cos(np.pi / 4)) / 2)


def test_without_warm_up_it_begins_at_the_peak():
    assert schedule(0, 10, 0.0, "linear") == 1


def test_a_recipe_counts_steps_or_epochs():
    assert Recipe(1, 1, batch_size=64, epochs=2).total_steps(65) == 4
    assert Recipe(1, 1, batch_size=64, epochs=0.5).total_steps(6400) == 50
    assert Recipe(1, 1, batch_size=64, steps=7).total_steps(10**6) == 7
    with pytest.raises(ValueError, match="expected epochs or steps, found neither"):
        Recipe(1, 1).total_steps(64)


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
    lengths = np.random.default_rng(1).integers(3, 20, 1000)
    batches = list(draw_mixture(lengths, 100, 0.3, 40)(np.random.default_rng(0)))
    assert [len(b) for b in batches] == [40] * 50
    rows = np.concatenate(batches)
    assert (rows < 100).mean() == pytest.approx(0.3, abs=0.03) and rows.max() > 950 and rows.min() < 10
    assert np.mean([np.ptp(lengths[b]) for b in batches]) < 3
    only_real = np.concatenate(list(draw_mixture(lengths[:100], 100, 0.3, 40)(np.random.default_rng(0))))
    assert only_real.max() < 100 and len(set(only_real)) == 100


def test_the_last_texts_are_drawn_as_often_as_asked_for_and_all_others_as_without_them():
    lengths = np.random.default_rng(1).integers(3, 20, 1000)
    rows = np.concatenate(list(draw_mixture(lengths, 100, 0.3, 40, last=200, last_share=0.2)(np.random.default_rng(0))))
    last = rows >= 800
    assert last.mean() == pytest.approx(0.2, abs=0.03) and rows.max() > 990 and len(set(rows[last])) > 150
    assert (rows[~last] < 100).mean() == pytest.approx(0.3, abs=0.03) and rows[~last].max() > 780
    without_variations = draw_mixture(lengths[:300], 100, 0.3, 40, last=200, last_share=0.2)(np.random.default_rng(0))
    rows = np.concatenate(list(without_variations))
    assert (rows < 100).mean() == pytest.approx(0.8, abs=0.03) and rows.max() > 290


def test_a_model_learns_labels_and_tags_and_the_bar_tells_the_loss(capsys, monkeypatch):
    monkeypatch.setattr(training, "shows_bars", lambda: True)
    data = toy()
    model = train(small_model(), data, hard_loss, RECIPE, seed=0, title="toy student")
    assert not model.training
    fresh = toy(90, seed=1)
    outputs = run(model, fresh)
    assert (outputs.intent_logits.argmax(1) == fresh.labels).mean() > 0.9
    assert (outputs.slot_logits.argmax(1) == np.concatenate(fresh.tags)).mean() > 0.9
    before = run(small_model().eval(), fresh)
    assert (before.intent_logits.argmax(1) == fresh.labels).mean() < 0.7
    shown = capsys.readouterr().err
    assert "toy student: 100%" in shown and "90/90" in shown and "loss 0." in shown


def test_the_same_seed_trains_the_same_model():
    data = toy()
    weights = [train(small_model(), data, hard_loss, RECIPE, seed=seed, title="").intent.weight for seed in (0, 0, 1)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def test_training_takes_exactly_the_steps_asked_for_from_the_rows_given():
    data, seen = toy(), []

    def rows(generator):
        while True:
            yield np.array([0, 3, 6, 9])

    def loss(outputs, batch):
        seen.append(batch.rows.tolist())
        return hard_loss(outputs, batch)

    train(small_model(), data, loss, Recipe(0.01, 0.01, steps=7), seed=0, title="", next_rows=rows)
    assert seen == [[0, 3, 6, 9]] * 7


def test_ids_are_corrupted_for_the_model_only():
    data, at_model, at_loss = toy(), [], []

    class Spy(Convolution):
        def forward(self, ids, mask):
            at_model.append(ids.clone())
            return super().forward(ids, mask)

    def loss(outputs, batch):
        at_loss.append(batch.ids.clone())
        return hard_loss(outputs, batch)

    def corrupt(ids, generator):
        return torch.full_like(ids, 4)

    train(
        Spy(torch.randn(40, 12), 16, 3, 2), data, loss, Recipe(0.01, 0.01, steps=3), seed=0, title="", corrupt=corrupt
    )
    assert all((ids == 4).all() for ids in at_model) and all((ids != 4).any() for ids in at_loss)


def test_heads_and_body_have_rates_of_their_own_and_frozen_weights_stay():
    class Bodied(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = torch.nn.Embedding(40, 4)
            self.frozen = torch.nn.Embedding(40, 4)
            self.frozen.weight.requires_grad_(False)
            self.intent = torch.nn.Linear(4, 3)

        def forward(self, ids, mask):
            return (self.intent((self.encoder(ids) + self.frozen(ids)).mean(1)),)

    model = Bodied()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    train(model, toy(), hard_loss, Recipe(lr=0.0, head_lr=0.1, steps=3, weight_decay=0.0), seed=0, title="")
    moved = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {"intent.weight", "intent.bias"}
    # A student that has no pretrained body learns at `lr` throughout.
    student = small_model()
    before = student.intent.weight.clone()
    train(student, toy(), hard_loss, Recipe(lr=0.0, head_lr=0.1, steps=3, weight_decay=0.0), seed=0, title="")
    assert torch.equal(student.intent.weight, before)


def test_hard_loss_is_the_cross_entropy_of_labels_and_of_words():
    intent = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    slots = torch.zeros(2, 3, 4)
    slots[0, 1] = torch.tensor([0.0, 3.0, 0.0, 0.0])
    first = torch.tensor([[False, True, False], [False, True, True]])
    batch = Batch(np.arange(2), None, None, first, torch.tensor([1, 0, 2]), torch.tensor([0, 0]))
    of_labels = (np.log(1 + np.exp(-2)) + np.log(1 + np.exp(1))) / 2
    of_words = (np.log(1 + 3 * np.exp(-3)) + 2 * np.log(4)) / 3
    assert hard_loss((intent,), batch).item() == pytest.approx(of_labels)
    assert hard_loss((intent, slots), batch).item() == pytest.approx(of_labels + of_words)


def test_outputs_come_in_the_order_of_the_texts_whatever_the_batches():
    data, model = toy(23), small_model().eval()
    one, many = run(model, data, batch_size=1), run(model, data, batch_size=10)
    assert np.allclose(one.intent_logits, many.intent_logits, atol=0.02)  # bf16 where the processor has it
    assert np.array_equal(one.words, [len(f) for f in data.first]) and np.array_equal(one.words, many.words)
    assert many.slot_logits.shape == (one.words.sum(), 2) and np.allclose(one.slot_logits, many.slot_logits, atol=0.02)
    rows = many.slot_rows()
    assert [len(r) for r in rows] == one.words.tolist() and np.array_equal(np.concatenate(rows), many.slot_logits)
    _, slots = model(*pad([data.ids[5]]))
    assert np.allclose(rows[5], slots[0, 1:-1].detach(), atol=0.02)


def test_a_text_without_words_has_no_slot_rows():
    outputs = run(small_model().eval(), Encoded([[2, 3], [2, 3]], [[], []], [[], []], np.zeros(2, dtype=int)))
    assert outputs.intent_logits.shape == (2, 3) and [len(r) for r in outputs.slot_rows()] == [0, 0]


def test_a_model_without_slots_has_none():
    outputs = run(Static(torch.randn(40, 4), 4, 3).eval(), toy(5))
    assert outputs.slot_logits is None
    with pytest.raises(ValueError, match="found outputs of a model without a slot head"):
        outputs.slot_rows()


@pytest.mark.parametrize(
    ("features", "dtype"),
    [
        (("avx2", "amx"), torch.bfloat16),
        (("avx512_bf16",), torch.bfloat16),
        (("avx2", "vnni"), torch.float32),
        (None, torch.float32),
    ],
)
def test_precision_follows_the_processor_and_says_why(monkeypatch, features, dtype):
    monkeypatch.setattr(training, "host", lambda: Host("cpu", "x86_64", 2, features, 0, 0, "Linux", "3.11"))
    chosen, reason = training.precision()
    assert chosen is dtype and reason.startswith("bf16: " if dtype is torch.bfloat16 else "fp32: ")
