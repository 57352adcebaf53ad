"""Membership inference: the game is fair, the attack works where it should and guesses where it must."""

import numpy as np
import pytest

from edgelab.personalization.adapters import Adapter
from edgelab.personalization.users import Command, User
from edgelab.privacy.membership import Game, adapter_game, halves, prototype_game


def features(phrases=12, commands=4, width=48, spread=1.0, seed=0):
    """Phrases around a direction for each command."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(commands, width))
    of = np.repeat(np.arange(commands), phrases)
    return centres[of] + spread * rng.normal(size=(len(of), width)), [f"c{i}" for i in of]


def test_halves_of_each_command():
    rng = np.random.default_rng(0)
    commands = ["a"] * 6 + ["b"] * 5 + ["a"]
    for _ in range(20):
        half, of = halves(commands, rng), np.array(commands)
        assert half[of == "a"].sum() == 3 and half[of == "b"].sum() == 2
    assert len({tuple(halves(commands, rng)) for _ in range(30)}) > 20
    with pytest.raises(ValueError, match="found 1 of 'b'"):
        halves(["a", "a", "b"], rng)


def test_prototypes_give_their_phrases_away():
    made, commands = features()
    game = prototype_game(made, commands, games=20)
    assert game.scores.shape == (48, 20) and game.was_taught.mean() == 0.5
    assert game.auc.low > 0.9 and game.caught().low > 0.5 and game.usefulness.value > 0.9
    assert game.caught(0.01).value <= game.caught(0.05).value <= game.caught(0.2).value


def test_what_was_never_taught_cannot_be_told():
    """Prototypes of pure noise: the attacker guesses, and its interval says so."""
    made, commands = features()
    game = prototype_game(made, commands, games=30, noise=100.0)
    assert game.auc.low < 0.5 < game.auc.high and game.caught().value < 0.12
    assert game.usefulness.value < 0.5


def test_noise_costs_the_owner_what_it_costs_the_attacker():
    made, commands = features(spread=2.0)
    games = [prototype_game(made, commands, games=20, noise=noise) for noise in (0.0, 0.1, 0.5)]
    caught, useful = [g.auc.value for g in games], [g.usefulness.value for g in games]
    assert caught[0] > caught[1] > caught[2] and useful[0] > useful[2]


def test_half_precision_does_nothing():
    made, commands = features()
    full, half = (prototype_game(made, commands, games=20, bits=bits) for bits in (32, 16))
    assert abs(full.auc.value - half.auc.value) < 0.01 and abs(full.caught().value - half.caught().value) < 0.03


def test_the_same_seed_plays_the_same_games():
    made, commands = features()
    a, b, c = (prototype_game(made, commands, games=3, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(a.scores, b.scores) and not np.array_equal(a.was_taught, c.was_taught)


def test_a_game_by_hand():
    taught = np.array([[True], [True], [False], [False]])
    game = Game(np.array([[4.0], [2.0], [3.0], [1.0]]), taught, np.array([[True], [True], [True], [False]]))
    assert game.auc.value == 0.75 and game.useful.tolist() == [True, False] and game.usefulness.value == 0.5
    assert game.taught.tolist() == [4, 2] and game.others.tolist() == [3, 1]
    assert game.caught(0.0).value == 0.5  # above the highest of the others: one of two


def test_games_of_the_same_phrases_make_no_narrower_interval():
    """Played a hundred times over, six phrases are still six."""
    rng = np.random.default_rng(0)
    scores, taught = rng.normal(size=(6, 1)), np.array([[True], [False]] * 3)
    once = Game(scores, taught, taught).auc
    often = Game(np.repeat(scores, 100, 1), np.repeat(taught, 100, 1), np.repeat(taught, 100, 1)).auc
    assert often.value == pytest.approx(once.value)
    assert often.high - often.low == pytest.approx(once.high - once.low, abs=0.02)


def user():
    """A person whose phrases could not be told but by memory."""
    learn = {
        "lights": ("dim the red room", "lamps on upstairs", "glow please", "bright hallway now"),
        "feed": ("cat is hungry", "bowl is empty", "kibble time", "dinner for the tabby"),
    }
    return User("ana", "", tuple(Command(name, None, {}, phrases) for name, phrases in learn.items()))


def test_an_adapter_gives_its_phrases_away(tiny_teacher, at_home):
    """On a real adapter, learned in seconds on the tiny teacher: each half is the other's reference."""
    from edgelab.personalization.learning import LearningPlan

    plan = LearningPlan(rank=2, replayed=12, steps=30, batch_size=8, most_loss=None)
    game = adapter_game(tiny_teacher, user(), plan)
    assert game.scores.shape == (8, 2) and np.array_equal(game.was_taught[:, 0], ~game.was_taught[:, 1])
    assert np.allclose(game.scores[:, 0], -game.scores[:, 1])
    assert game.auc.value > 0.9  # taught phrases fit far better than phrases that were not
    assert np.array_equal(adapter_game(tiny_teacher, user(), plan).scores, game.scores)  # kept


def test_the_logits_are_those_of_the_adapter(tiny_teacher, at_home):
    """An adapter whose places are written by hand answers with them."""
    import torch

    from edgelab.personalization.adaptable import adaptable
    from edgelab.privacy.membership import _logits

    torch.manual_seed(0)
    parameters = {name: v.detach().numpy().copy() for name, v in adaptable(tiny_teacher, 2).adapter().items()}
    parameters["own.bias"][:2] = (3.0, 5.0)
    logits = _logits(tiny_teacher, Adapter(parameters, (), ""), 2, ("wake me at noon", "why"))
    labels = len(tiny_teacher.dataset.labels)
    assert logits.shape[1] == labels + 16 and np.allclose(logits[:, labels : labels + 2], [3.0, 5.0])
