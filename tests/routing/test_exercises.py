"""Right answers of other forms pass, and wrong ones that once passed, or might, do not."""

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.metrics import roc_auc_score

from edgelab.course.exercises import Checks
from edgelab.routing import fault_exercise, policy_exercise
from edgelab.routing.checks import check
from edgelab.routing.policy import Policy
from edgelab.routing.thresholds import threshold_allowing
from edgelab.routing.tradeoff import curve


def passes(name, answer, capsys):
    fresh = Checks()
    fresh.exercises = check.exercises
    fresh(name, answer)
    printed = capsys.readouterr().out
    assert printed.startswith(("[pass]", "[fail]")), printed
    return printed.startswith("[pass]")


# --- right, in other words ----------------------------------------------------------------------


def energy_by_row(logits):
    found = []
    for row in logits:
        top = max(row)
        found.append(top + np.log(sum(np.exp(value - top) for value in row)))
    return np.array(found)


def error_by_ends(confidence, right, bins):
    total = 0
    for part in range(bins):
        inside = (confidence > part / bins) & (confidence <= (part + 1) / bins)
        if inside.any():
            total += inside.sum() / len(right) * abs(np.mean(confidence[inside]) - np.mean(right[inside]))
    return total


def error_by_digits(confidence, right, bins):
    part = np.digitize(confidence, np.linspace(0, 1, bins + 1), right=True)
    return sum(
        np.mean(part == i) * abs(confidence[part == i].mean() - right[part == i].mean()) for i in np.unique(part)
    )


def curve_by_sums(score, weak, strong):
    order = np.argsort(score, kind="stable")
    gained = np.cumsum(strong[order].astype(int) - weak[order].astype(int))
    last = np.append(np.diff(score[order]) > 0, True)
    share = (np.arange(len(score)) + 1) / len(score)
    return np.append(0, share[last]), weak.mean() + np.append(0, gained[last]) / len(score)


def curve_of_the_library(score, weak, strong):
    found = curve(score, weak, strong)
    return [found.share, found.quality]


def pgr_by_parts(quality):
    gap = quality[-1] - quality[0]
    if gap <= 0:
        raise ValueError
    return np.array([(value - quality[0]) / gap for value in quality])


def cpt_by_running_maximum(share, recovered, level):
    return share[np.searchsorted(np.maximum.accumulate(recovered), level)]


def cpt_by_loop(share, recovered, level):
    for i in range(len(share)):
        if recovered[i] >= level:
            return share[i]


def auroc_by_sklearn(score, right):
    if len(set(right)) < 2:
        raise ValueError("one kind")
    return roc_auc_score(right, score)


def auroc_by_pairs(score, right):
    points, pairs = 0.0, 0
    for good in score[right]:
        for bad in score[~right]:
            points, pairs = points + (1.0 if good > bad else 0.5 if good == bad else 0.0), pairs + 1
    if not pairs:
        raise ValueError("no pair")
    return points / pairs


def allowed_by_counting(requests, alpha):
    errors = -1
    while (errors + 2) / (requests + 1) <= alpha:
        errors += 1
    return errors


def threshold_by_trying(score, wrong, allowed):
    if allowed < 0:
        return float("inf")
    if wrong.sum() <= allowed:
        return -np.inf
    fine = [t for t in score if np.sum(wrong[score >= t]) <= allowed]
    return min(fine, default=np.inf)


def threshold_by_halves(score, wrong, allowed):
    """The errors kept only fall as the threshold rises: here a search by halves is right."""
    tried = np.concatenate([[-np.inf], np.unique(score), [np.inf]])
    low, high = 0, len(tried) - 1
    while low < high:
        middle = (low + high) // 2
        if (wrong & (score >= tried[middle])).sum() <= allowed:
            high = middle
        else:
            low = middle + 1
    return tried[low]


def decide_nested(policy, label, score, high, online):
    confirm = False
    if high and policy.confirm_below is None:
        confirm = True
    elif high:
        confirm = score < policy.confirm_below
    if label in policy.beyond:
        return ["cloud", "beyond the device", confirm] if online else ["refuse", "offline, refused", False]
    if score >= policy.threshold:
        return ("local", "high stakes, confirm first", True) if confirm else ("local", "local", False)
    if online:
        return "cloud", "unsure", confirm
    if policy.offline == "answer":
        return "local", "offline, degraded answer", confirm
    return "refuse", "offline, refused", False


RIGHT = [
    ("energy", energy_by_row),
    ("energy", lambda logits: logsumexp(logits, axis=1)),
    ("energy", lambda logits: np.logaddexp.reduce(logits, axis=-1)),
    ("calibration_error", error_by_ends),
    ("calibration_error", error_by_digits),
    ("calibration_error", lambda confidence, right, bins: np.float64(error_by_ends(confidence, right, bins))),
    ("quality_curve", curve_by_sums),
    ("quality_curve", curve_of_the_library),
    ("quality_curve", lambda score, weak, strong: tuple(np.stack(curve_by_sums(score, weak, strong)))),
    ("pgr", pgr_by_parts),
    ("pgr", lambda quality: pgr_by_parts(list(quality))),
    ("pgr", lambda quality: 1 - (quality[-1] - quality) / (pgr_by_parts(quality)[-1] * (quality[-1] - quality[0]))),
    ("cpt", cpt_by_running_maximum),
    ("cpt", cpt_by_loop),
    ("cpt", lambda share, recovered, level: share[recovered >= level].min()),
    ("auroc", auroc_by_sklearn),
    ("auroc", auroc_by_pairs),
    ("auroc", lambda score, right: np.float64(auroc_by_pairs(score, right))),
    ("allowed_on_average", allowed_by_counting),
    ("allowed_on_average", lambda requests, alpha: np.int64(allowed_by_counting(requests, alpha))),
    ("allowed_on_average", lambda requests, alpha: int((requests + 1) * alpha) - 1),
    ("threshold_allowing", threshold_by_trying),
    ("threshold_allowing", threshold_by_halves),
    ("threshold_allowing", lambda score, wrong, allowed: np.float64(threshold_by_trying(score, wrong, allowed))),
    ("decide_one", decide_nested),
    ("decide_one", lambda *given: tuple(decide_nested(*given))),
    ("decide_one", lambda *given: list(decide_nested(*given))),
]


@pytest.mark.parametrize("name, answer", RIGHT, ids=[f"{name}-{i}" for i, (name, _) in enumerate(RIGHT)])
def test_a_right_answer_may_be_written_otherwise(name, answer, capsys):
    assert passes(name, answer, capsys)


# --- wrong --------------------------------------------------------------------------------------


def bisected_from(side):
    """A search by halves, in the variants that learners write."""

    def cpt(share, recovered, level):
        low, high = (0, len(share) - 1) if side != "after" else (-1, len(share) - 1)
        while high - low > (1 if side == "after" else 0):
            middle = (low + high) // 2
            if recovered[middle] >= level:
                high = middle
            else:
                low = middle if side == "after" else middle + 1
        return share[high]

    return cpt


WRONG = [
    ("energy", lambda logits: logits.mean(1) + np.log(np.exp(logits - logits.mean(1, keepdims=True)).sum(1))),
    ("energy", lambda logits: np.log(np.exp(np.clip(logits, -700, 700)).sum(1))),
    ("energy", lambda logits: logsumexp(logits.astype(np.float16), axis=1)),
    ("calibration_error", lambda confidence, right, bins: error_by_ends(confidence, right, bins + 1)),
    ("calibration_error", lambda confidence, right, bins: error_by_ends(confidence, right, bins) ** 2),
    ("calibration_error", lambda confidence, right, bins: error_by_ends(np.round(confidence, 2), right, bins)),
    ("quality_curve", lambda score, weak, strong: curve_by_sums(np.round(score, 1), weak, strong)),
    ("quality_curve", lambda score, weak, strong: curve_by_sums(score, weak, strong)[::-1]),
    ("pgr", lambda quality: pgr_by_parts(quality) + 1e-4),
    ("pgr", lambda quality: pgr_by_parts(np.maximum.accumulate(quality))),
    ("cpt", bisected_from("before")),
    ("cpt", bisected_from("after")),
    ("cpt", lambda share, recovered, level: share[np.searchsorted(recovered, level) % len(share)]),
    ("cpt", lambda share, recovered, level: share[np.searchsorted(np.sort(recovered), level) % len(share)]),
    ("auroc", lambda score, right: auroc_by_sklearn(np.round(score), right)),
    ("auroc", lambda score, right: max(auroc_by_sklearn(score, right), 1 - auroc_by_sklearn(score, right))),
    ("allowed_on_average", lambda requests, alpha: int(alpha * requests)),
    ("allowed_on_average", lambda requests, alpha: max(-1, int(alpha * requests) - 1)),
    ("threshold_allowing", lambda score, wrong, allowed: threshold_allowing(score, wrong, allowed) - 1e-4),
    ("threshold_allowing", lambda score, wrong, allowed: np.round(threshold_allowing(score, wrong, allowed), 2)),
    ("decide_one", lambda policy, *given: decide_nested(Policy("energy", 0.7), *given)),
    ("decide_one", lambda *given: decide_nested(*given)[:2]),
    ("decide_one", lambda *given: (*decide_nested(*given)[:2], int(decide_nested(*given)[2]))),
]


@pytest.mark.parametrize("name, answer", WRONG, ids=[f"{name}-{i}" for i, (name, _) in enumerate(WRONG)])
def test_a_wrong_answer_fails(name, answer, capsys):
    assert not passes(name, answer, capsys)


@pytest.mark.parametrize("exercise", list(check.exercises.values()), ids=list(check.exercises))
def test_each_has_mistakes_enough(exercise):
    assert len(exercise.mistakes) >= 6


# --- what is handed over ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"confirm": {"send_money", "place_order", "delete_data"}},
        {"confirm": ("delete_data", "send_money", "place_order"), "beyond": {"ask_cloud"}},
        {"confirm": np.array(["delete_data", "send_money", "place_order"]), "threshold": np.float32(1.8)},
        {"threshold": 2},
    ],
)
def test_labels_may_stand_in_any_collection_and_numbers_be_numpys(changes):
    policy = policy_exercise.PRODUCT_POLICY | changes
    assert policy_exercise.judge_policy(policy) == []
    assert policy_exercise.revealed(policy).shape == (3, 5)


@pytest.mark.parametrize(
    "policy, complaint",
    [
        ({}, "expected the entries"),
        ({"threshold": 1.8}, "expected the entries"),
        ({**policy_exercise.PRODUCT_POLICY, "reach": 0.2}, "expected the entries"),
        (policy_exercise.PRODUCT_POLICY | {"confirm": ["send_mony"]}, "no tool is called send_mony"),
        (policy_exercise.PRODUCT_POLICY | {"score": "learned"}, "policy, weights"),
        (policy_exercise.PRODUCT_POLICY | {"confirm": "send_money"}, "policy, confirm"),
        (policy_exercise.PRODUCT_POLICY | {"threshold": None}, "policy, threshold"),
    ],
)
def test_a_policy_that_is_none_is_told_so(policy, complaint):
    assert complaint in check.exercises["product_policy"].complaints(policy)[0]


@pytest.mark.parametrize("entry", list(fault_exercise.ROUTER_FAULT))
@pytest.mark.parametrize("value", [None, 3, ["set_alarm"], "raise", np.nan])
def test_a_cause_that_is_none_is_told_so(entry, value):
    (complaint,) = check.exercises["router_fault"].complaints(fault_exercise.ROUTER_FAULT | {entry: value})
    assert complaint.startswith(f"{entry}: expected one")
