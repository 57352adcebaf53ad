"""What may stay on the device, of answers that are known."""

import numpy as np
import pytest

from edgelab.build.thresholds import PROMISES, advised, code, routing, row
from edgelab.bundle.answers import Answers
from edgelab.routing.thresholds import conformal_threshold

RNG = np.random.default_rng(0)


def answers(examples: int, *, sure: bool = True) -> Answers:
    """The surer, the oftener right; of the right labels nine in ten calls."""
    confidence = RNG.random(examples)
    correct = RNG.random(examples) < (confidence if sure else 0.5)
    return Answers(correct, confidence, None, correct & (RNG.random(examples) < 0.9))


DECIDED, TEST = answers(400), answers(300)
TEACHER = Answers(np.arange(300) % 10 > 0, np.ones(300), None, np.arange(300) % 5 > 0)


@pytest.mark.parametrize("of", ["label", "call"])
def test_each_promise_is_kept_on_validation_and_told_of_test(of):
    found = routing(DECIDED, TEST, TEACHER, of, None, "abc")
    assert [r["promise"] for r in found["rows"]] == list(PROMISES) and found["of"] == of
    for r in found["rows"]:
        assert r["threshold"] == conformal_threshold(DECIDED.confidence, ~DECIDED.right[of], r["promise"])
        kept_before, kept = DECIDED.confidence >= r["threshold"], TEST.confidence >= r["threshold"]
        assert (kept_before & ~DECIDED.right[of]).mean() <= r["promise"] and r[
            "kept_on_validation"
        ] == kept_before.mean()
        wrong = kept & ~TEST.right[of]
        assert r["kept"][0] == kept.mean() and r["kept_and_wrong"][0] == wrong.mean()
        assert r["wrong_among_kept"][0] == pytest.approx(wrong.sum() / kept.sum())
        together = TEST.right[of][kept].sum() + TEACHER.right[of][~kept].sum()
        assert r["right_together"][0] == pytest.approx(together / 300)
        assert all(low <= value <= high for value, low, high in (r["kept"], r["right_together"]))


def test_the_area_is_of_test_and_none_where_nothing_is_told_apart():
    right, wrong = TEST.confidence[TEST.correct], TEST.confidence[~TEST.correct]
    pairs = (right[:, None] > wrong).mean()
    assert routing(DECIDED, TEST, TEACHER, "label", None, "")["auroc"] == pytest.approx(pairs)
    never = Answers(np.ones(300, bool), TEST.confidence, None)
    assert routing(DECIDED, never, TEACHER, "label", None, "")["auroc"] is None


def test_a_threshold_that_keeps_all_is_0_and_one_that_keeps_nothing_is_none():
    kept = row(-np.inf, DECIDED, TEST, TEACHER, "label")
    assert kept["threshold"] == 0.0 and kept["kept"][0] == 1 and kept["right_together"][0] == TEST.correct.mean()
    nothing = row(np.inf, DECIDED, TEST, TEACHER, "label")
    assert nothing["threshold"] is None and nothing["wrong_among_kept"] is None and nothing["kept"][0] == 0
    assert nothing["right_together"][0] == TEACHER.correct.mean()


def test_too_few_examples_promise_nothing():
    few = Answers(DECIDED.correct[:9], DECIDED.confidence[:9], None)
    assert [r["threshold"] for r in routing(few, TEST, TEACHER, "label", None, "")["rows"]][:3] == [None] * 3


def test_the_bundles_own_threshold_comes_last_and_is_advised():
    without, found = (routing(DECIDED, TEST, TEACHER, "label", value, "") for value in (None, 0.625))
    assert found["rows"][:-1] == without["rows"] and found["rows"][-1]["promise"] is None
    assert advised(found) == found["rows"][-1]["threshold"] == 0.625
    assert advised(without) == without["rows"][2]["threshold"]


def test_the_code_has_five_lines_and_no_threshold_means_never():
    assert len(code("it's", 0.5)) == 5 and code("it's", 0.5)[2:4] == [
        """answer = bundle.predict("it's")""",
        "sure = answer.confidence >= 0.5000",
    ]
    assert code("x", None)[3].startswith("sure = False")
