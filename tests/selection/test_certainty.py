"""The probability that a model truly clears the bar: its closed forms, and that it comes true as often as it says."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import beta

from edgelab.selection import certainty
from edgelab.selection.certainty import NONE, clearing, probability_clears, probability_each, probability_smallest
from edgelab.selection.evidence import EvidenceError, intervals
from edgelab.selection.form import HERE, Requirements
from edgelab.selection.simulated import World, collect, reliability, scoreboard
from tests.selection.boards import board, model, outcomes

# --- what it is by formula -----------------------------------------------------------------------


@pytest.mark.parametrize(("right", "of", "bar"), [(920, 1000, 0.91), (60, 60, 0.95), (0, 40, 0.02), (5, 8, 0.5)])
def test_of_one_share_it_is_the_posterior_of_bayes(right, of, bar):
    (found,) = probability_clears([model("one", 1, right, of)], Requirements(min_calls=bar), draws=40_000).values()
    exact = beta.sf(bar, right + 1, of - right + 1)
    assert found == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 40_000) + 1e-4)


def test_a_limit_from_above_is_the_other_tail():
    row = model("one", 1, high_stakes_wrong=outcomes(5, 1000))
    (found,) = probability_clears([row], Requirements(max_high_stakes=0.008), draws=40_000).values()
    assert found == pytest.approx(beta.cdf(0.008, 6, 996), abs=0.01)


def test_the_p95_is_judged_by_the_share_of_latencies_within_the_bar():
    generator = np.random.default_rng(0)
    late = generator.permutation(outcomes(30, 1000))  # 97 % are within, in no order
    row = model("one", 1, latency_ms={"entry": tuple(np.where(late, 9.0, 1.0) + generator.uniform(0, 0.1, 1000))})
    asked = Requirements(max_p95_ms=5.0, tier="entry")
    worth = certainty.effective_samples(row.latency_ms["entry"], 95)
    (found,) = probability_clears([row], asked, draws=40_000).values()
    assert found == pytest.approx(beta.sf(0.95, 0.97 * worth + 0.5, 0.03 * worth + 0.5), abs=0.01)
    assert probability_clears([row], replace(asked, tier=HERE)) == {"one": 0.0}  # not timed there


def test_what_has_no_sampling_error_is_sure():
    rows = [model("one", 3.0, memory_mb=50.0, coverage=0.8)]
    for field, bound in {"max_mb": 3.0, "max_memory_mb": 50.0, "min_coverage": 0.8}.items():
        assert probability_clears(rows, Requirements(**{field: bound})) == {"one": 1.0}
        worse = bound - 0.01 if field.startswith("max_") else bound + 0.01
        assert probability_clears(rows, Requirements(**{field: worse})) == {"one": 0.0}
    assert probability_clears([model("one", 1)], Requirements(max_memory_mb=9e9)) == {"one": 0.0}  # not measured
    assert probability_clears(rows, Requirements()) == {"one": 1.0}  # nothing asked


def test_what_goes_wrong_together_is_drawn_together():
    """Two models that are right on the same examples clear together; two that are not, by themselves."""
    asked, right = Requirements(min_calls=0.9), outcomes(900, 1000)
    one, same, other = (
        model(name, mb, right_call=column)
        for name, mb, column in (
            ("one", 1, right),
            ("same", 2, right.copy()),
            ("other", 3, np.random.default_rng(0).permutation(right)),
        )
    )
    cleared = clearing([one, same, other], asked)
    assert np.mean(cleared[:, 0] == cleared[:, 1]) > 0.97 > 0.6 > np.mean(cleared[:, 0] == cleared[:, 2]) > 0.4


def test_retention_is_paired():
    """A student that loses the same few answers: surer than two independent shares would be."""
    teacher, student = model("teacher", 90, 900, ships=False), model("student", 1, 890)
    found = probability_clears([teacher, student], Requirements(min_retention=0.97))["student"]
    assert found > 0.999
    generator = np.random.default_rng(0)
    apart = generator.beta(891, 111, 20_000) / generator.beta(901, 101, 20_000)
    assert np.mean(apart >= 0.97) < 0.9


def test_a_model_that_was_never_wrong_is_not_certain():
    (found,) = probability_clears([model("one", 1, 60, 60)], Requirements(min_calls=0.95)).values()
    assert 0.94 < found < 0.97  # the plain bootstrap says 1


# --- the smallest ---------------------------------------------------------------------------------


def test_the_smallest_that_clears_and_none():
    rows = [
        model("large", 9, 950),
        model("small", 1, 920),
        model("hopeless", 0.5, 500),
        model("teacher", 90, ships=False),
    ]
    found = probability_smallest(rows, Requirements(min_calls=0.92))
    clears = probability_clears(rows, Requirements(min_calls=0.92))
    assert list(found) == ["large", "small", "hopeless", NONE] and sum(found.values()) == pytest.approx(1)
    assert found["hopeless"] == 0 and found["small"] == clears["small"]  # nothing smaller can clear
    assert 0.3 < found["large"] < 0.7 and found[NONE] < 0.001
    assert probability_smallest([model("a", 1), model("b", 1)], Requirements())["a"] == 1  # of two alike the first


def test_where_the_doubt_sits():
    rows = [model("one", 1, 920, high_stakes_wrong=outcomes(1, 1000))]
    asked = Requirements(min_calls=0.92, max_high_stakes=0.02)
    each, together = probability_each(rows, asked)["one"], probability_clears(rows, asked)["one"]
    assert each["max_high_stakes"] > 0.999 and 0.4 < each["min_calls"] < 0.6
    assert together <= min(each.values())


def test_the_same_seed_the_same_probability():
    asked = Requirements(min_calls=0.94, min_retention=0.97)
    assert probability_clears(board(), asked, seed=1) == probability_clears(board(), asked, seed=1)
    assert probability_clears(board(), asked, seed=1) != probability_clears(board(), asked, seed=2)


def test_rows_that_cannot_be_compared_are_refused():
    with pytest.raises(EvidenceError, match="same examples, found one: 1000, two: 50"):
        clearing([model("one", 1), model("two", 1, 40, 50)], Requirements())
    with pytest.raises(EvidenceError, match="each name once, found one"):
        clearing([model("one", 1), model("one", 2)], Requirements())
    with pytest.raises(EvidenceError, match="could ship"):
        clearing([model("teacher", 1, ships=False)], Requirements())


# --- calibration: 200 scoreboards of known truth ----------------------------------------------------

ALL = Requirements(min_calls=0.91, min_retention=0.93, max_high_stakes=0.025, max_p95_ms=2.1)


def boards(world, number=200, seed=0):
    generator = np.random.default_rng(seed)
    return [scoreboard(world, generator) for _ in range(number)]


def stated(requirements, probability):
    """What `probability` states of each model of a scoreboard, and whether it came true."""

    def state(known):
        true, found = known.clears(requirements), probability(known.rows)
        return {name: (found[name], true[name]) for name in true}

    return state


def ours(requirements):
    return stated(requirements, lambda rows: probability_clears(rows, requirements, draws=1000))


def calibrated(found):
    """No bias, no overconfidence that 200 scoreboards would show, and none beyond a few hundredths in any case."""
    agree = [low.low <= mean <= low.high for _, mean, low in found.bins]
    return (
        found.bias.low <= 0 <= found.bias.high
        and found.overconfidence.low <= 0 <= found.overconfidence.high
        and max(abs(found.bias.value), abs(found.overconfidence.value)) < 0.025
        and abs(found.brier.value - found.expected_brier) < 0.012
        and sum(agree) >= len(agree) - 1  # of five intervals of 95 %, one may miss
    )


@pytest.mark.parametrize(
    "requirements",
    [
        Requirements(min_calls=0.91),
        Requirements(min_retention=0.94),
        Requirements(max_high_stakes=0.02),
        Requirements(max_p95_ms=2.0),
        ALL,
    ],
    ids=["calls", "retention", "high stakes", "p95", "all at once"],
)
def test_it_comes_true_as_often_as_it_says(requirements):
    found = reliability(collect(ours(requirements), boards(World())))
    assert calibrated(found), found
    assert found.expected_brier > 0.02  # there was doubt to be calibrated


def test_the_smallest_comes_true_as_often_as_it_says():
    def state(known):
        found, true = probability_smallest(known.rows, ALL, draws=1000), known.clears(ALL)
        smallest = next((name for name, clears in true.items() if clears), NONE)
        return {name: (p, name == smallest) for name, p in found.items()}

    found = reliability(collect(state, boards(World())))
    assert calibrated(found), found


def test_few_examples_and_high_shares():
    world, asked = World(examples=40, calls=(0.85, 0.9999), stakes=(0.0, 0.0001)), Requirements(min_calls=0.95)
    few, generator = boards(world), np.random.default_rng(0)
    assert calibrated(reliability(collect(ours(asked), few)))

    def plain_bootstrap(rows):
        return {r.name: np.mean(generator.binomial(40, r.right_call.mean(), 1000) / 40 >= 0.95) for r in rows}

    found = reliability(collect(stated(asked, plain_bootstrap), few))
    assert not calibrated(found) and found.bias.high < -0.1 and found.overconfidence.low > 0.02


def test_the_best_guess_alone_would_not_pass():
    def best_guess(rows):
        bounds = ALL.asked.items()
        values = {row.name: intervals(row, rows, ALL) for row in rows if row.ships}
        met = {
            name: [v[f[4:]].value >= b if f.startswith("min_") else v[f[4:]].value <= b for f, b in bounds]
            for name, v in values.items()
        }
        return {name: float(all(each)) for name, each in met.items()}

    found = reliability(collect(stated(ALL, best_guess), boards(World())))
    assert not calibrated(found) and found.overconfidence.low > 0.04


def test_nor_would_two_shares_that_are_not_paired():
    asked, generator = Requirements(min_retention=0.94), np.random.default_rng(0)

    def unpaired(rows):
        def draw(column):
            return generator.beta(column.sum() + 1, (~column).sum() + 1, 1000)

        reference = rows[0].right_call
        return {r.name: float(np.mean(draw(r.right_call) / draw(reference) >= 0.94)) for r in rows}

    alike = boards(World(shared=0.95))
    assert calibrated(reliability(collect(ours(asked), alike)))
    found = reliability(collect(stated(asked, unpaired), alike))
    assert not calibrated(found) and found.overconfidence.high < -0.01  # it doubts too much


def test_nor_would_latencies_taken_for_independent(monkeypatch):
    asked, stalling = Requirements(max_p95_ms=2.0), boards(World(stalls=0.8))
    assert calibrated(reliability(collect(ours(asked), stalling)))
    monkeypatch.setattr(certainty, "effective_samples", lambda values, q: len(values))
    found = reliability(collect(ours(asked), stalling))
    assert not calibrated(found) and found.overconfidence.low > 0.02
