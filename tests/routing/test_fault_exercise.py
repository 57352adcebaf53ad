"""The router that is confidently wrong on one tool: what the log holds, and that only one remedy is one."""

import numpy as np

from edgelab.routing.fault_exercise import CAUSES, FEW, REMEDIES, SAYS, THRESHOLD, kept_wrong, week
from edgelab.routing.policy_exercise import product_traffic
from edgelab.routing.scores import SCORES
from edgelab.stats.ranking import auroc


def test_the_log_is_of_what_was_kept_and_no_score_has_changed():
    log, traffic = week(), product_traffic()["held out"]
    scores = dict(zip(traffic.texts, SCORES["max_probability"](traffic.logits), strict=True))
    assert (log["score"] >= THRESHOLD).all() and not (log["said"] == "ask_cloud").any()
    assert all(score == scores[text] for text, score in zip(log["request"], log["score"], strict=True))


def test_no_score_tells_its_wrong_answers_and_each_tells_the_others():
    log, traffic = week(), product_traffic()["held out"]
    place = {text: i for i, text in enumerate(traffic.texts)}
    logits = traffic.logits[[place[text] for text in log["request"]]]
    its, right = (log["said"] == SAYS).to_numpy(), ~log["corrected"].to_numpy()
    for score in SCORES.values():
        values = score(logits)
        assert auroc(values[its], right[its]) < 0.6 < 0.85 < auroc(values[~its], right[~its])


def test_a_threshold_mends_all_but_the_one():
    low, high = kept_wrong(0.5), kept_wrong(0.95)
    assert high["all others"] < low["all others"] / 3 and high[SAYS] > 0.8 * low[SAYS] > 0.25
    of_few = week()[week()["said"] == FEW]
    assert len(of_few) < 8 and of_few["corrected"].sum() == 3


def test_the_lists_are_of_different_things():
    assert len(set(CAUSES)) == len(CAUSES) and len(set(REMEDIES)) == len(REMEDIES)
    assert week() is not week() and np.array_equal(week()["score"], week()["score"])
