"""What `04_routing` does between its exercises, with the learner's functions in it: tables to read, draws, requests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.bundle.predict import Bundle
from edgelab.bundle.redaction import as_it_is, leaked, restore
from edgelab.datasets.dataset import Dataset, Split
from edgelab.models.trained import Trained
from edgelab.routing.assistant import Answer, Assistant
from edgelab.routing.policy import Policy, Rules, decide, decide_all
from edgelab.routing.scores import SCORES
from edgelab.routing.simulation import ASK, Terms, Traffic, collect, outcome, routing_score, user_phrases
from edgelab.routing.thresholds import joint_error, kept_error
from edgelab.stats.intervals import accuracy_interval
from edgelab.stats.samples import LatencySamples
from edgelab.stats.softmax import softmax
from edgelab.workspace import data_home

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

MONEY = (
    "tell anna to send me the twenty pounds",
    "tell anna i will send her fifty pounds tomorrow",
    "add pay anna twenty euros to my to do list",
    "remind me to send dad forty pounds",
    "call the bank about the fifty pounds i sent to ben",
    "note that i owe ben thirty quid",
)


# --- two sides ----------------------------------------------------------------------------------


def two_sides(data: Dataset) -> tuple[Trained, Trained]:
    """The teacher and the convolution of `01_distillation`: loaded where they have been trained, else trained now."""
    from edgelab.distillation.ready import course_student
    from edgelab.distillation.teacher import TeacherPlan, train_teacher

    teacher = train_teacher(data, TeacherPlan.for_data(data))
    student = course_student(teacher, data)
    print(teacher.note, student.note, sep="\n")
    return teacher, student


def traffic_of(bundle: Bundle, teacher: Trained, success: float) -> dict[str, Traffic]:
    """Validation, test and the hard requests, as the bundle and the teacher see them; an open question gets a good answer from
    the cloud with the probability `success`."""
    found = {}
    for name in ("validation", "test", "hard"):
        split, logits = teacher.split(name), teacher.outputs(name).intent_logits
        called = np.array(bundle.labels)[logits.argmax(1)]
        private = [leaked(as_it_is(text), spans) for text, spans in zip(split.texts, split.spans or (), strict=True)]
        found[name] = collect(
            bundle, split.texts, split.labels, called, success=success, spans=split.spans, private=private
        )
    return found


def users_traffic(bundle: Bundle, cloud: Bundle, success: float) -> Traffic:
    """Three users' own phrases for their tools; nobody has marked slots or private values in them."""
    texts, labels = user_phrases(data_home() / "pocket" / "users")
    return collect(bundle, texts, labels, [found.label for found in cloud.predict_many(texts)], success=success)


def sides(traffic: Mapping[str, Traffic]) -> "pd.DataFrame":
    """Shares of requests that end well on either side, with 95 % intervals."""
    import pandas as pd

    rows = {}
    for name, t in traffic.items():
        tools = t.where(t.gold != ASK)
        rows[name] = {
            "requests": len(t),
            "open questions": len(t) - len(tools),
            "device, tool calls": f"{accuracy_interval(tools.device_right):.3f}",
            "the same with slots": f"{accuracy_interval(tools.device_calls):.3f}",
            "device, all": f"{accuracy_interval(t.device_right):.3f}",
            "cloud, tool calls": f"{accuracy_interval(tools.cloud_right):.3f}",
            "cloud, all": f"{accuracy_interval(t.cloud_right):.3f}",
        }
    return pd.DataFrame(rows)


def scored(traffic: Traffic, scores: Mapping[str, Callable[[np.ndarray], np.ndarray]]) -> "Styler":
    """Four requests, from unsure to sure, with each score."""
    import pandas as pd

    places = np.argsort(SCORES["max_probability"](traffic.logits))[[5, 60, 200, -5]]
    table = pd.DataFrame({"request": [traffic.texts[i] for i in places], "device says": traffic.device_labels[places]})
    logits = traffic.logits.astype(np.float64)
    return _whole(table.assign(**{name: score(logits)[places] for name, score in scores.items()}))


def confident(traffic: Traffic) -> tuple[np.ndarray, np.ndarray]:
    """The largest probability of each request, and whether its label is the one that was meant (here `ask_cloud` may be right)."""
    return softmax(traffic.logits).max(1), traffic.device_labels == traffic.gold


# --- thresholds ---------------------------------------------------------------------------------


def threshold_sets(
    score: np.ndarray,
    wrong: np.ndarray,
    alpha: float,
    allowed: Mapping[str, int],
    threshold_allowing: Callable[[np.ndarray, np.ndarray, int], float],
    *,
    draws: int = 1000,
) -> "dict[str, pd.DataFrame]":
    """Thresholds from `draws` sets of half as many requests, drawn with replacement, so that what they do to all requests is the
    truth: by rule, a row a draw, in %. `allowed` is how many errors a rule allows a set."""
    import pandas as pd

    half, found = len(score) // 2, {}
    for name, errors in allowed.items():
        rows = []
        for seed in range(draws):
            drawn = np.random.default_rng(seed).integers(len(score), size=half)
            at = threshold_allowing(score[drawn], wrong[drawn], errors)
            rows.append((joint_error(score, wrong, at), kept_error(score, wrong, at), np.mean(score < at)))
        found[name] = 100 * pd.DataFrame(rows, columns=["kept and wrong", "wrong among the kept", "escalated"])
        found[name]["above alpha"] = 100.0 * (found[name]["kept and wrong"] > 100 * alpha)
    return found


def promise_kept(policy: Policy, traffic: Mapping[str, Traffic]) -> "pd.DataFrame":
    """Of each traffic, in %: kept and wrong, how much surer the device is than right, and what the cloud has right."""
    import pandas as pd

    rows = {}
    for name, t in traffic.items():
        sure, right = confident(t)
        rows[name] = {
            "kept and wrong": joint_error(routing_score(policy, t), ~t.device_right, policy.threshold),
            "surer than right": sure.mean() - right.mean(),
            "cloud right": t.cloud_right.mean(),
        }
    return 100 * pd.DataFrame(rows)


# --- the policy ---------------------------------------------------------------------------------


def decided(bundle: Bundle, policy: Policy, rules: Rules) -> "Styler":
    """What becomes of four requests, and why."""
    import pandas as pd

    rows = []
    for text in ("wake me at quarter past six", "why is the sky blue", "send anna twenty pounds", "the usual please"):
        found = bundle.predict(text)
        decision = decide(policy, found.intent_logits, bundle.labels, rules=rules)
        rows.append((text, found.label, decision.score, decision.where, decision.reason, decision.confirm))
    return _whole(pd.DataFrame(rows, columns=["request", "device says", "score", "where", "reason", "confirm"]))


def outcomes(policy: Policy, traffic: Mapping[str, Traffic], terms: Terms, rules: Rules) -> "pd.DataFrame":
    """Every metric of the policy, a column a traffic."""
    import pandas as pd

    return pd.DataFrame({name: outcome(policy, t, terms, rules=rules).row() for name, t in traffic.items()})


def routed(
    student: Trained, teacher: Trained, policy: Policy, test: Traffic, terms: Terms, rules: Rules
) -> dict[str, Any]:
    """What the scoreboard is told of a student and its cloud: who is right, and how long it takes, emulated round trips included.
    A call that is escalated is the teacher's."""
    found = outcome(policy, test, terms, rules=rules)
    away = np.array([d.where == "cloud" for d in decide_all(policy, test.logits, test.labels, rules=rules)])
    by_cloud = np.where(test.gold == ASK, test.cloud_right, teacher.calls_correct())
    name = f"{student.name} + cloud"
    return {
        "model": name,
        "correct": found.right,
        "samples": LatencySamples(name, tuple(found.latency_ms.tolist())),
        "call_exact_match": float(np.where(away, by_cloud, test.device_calls).mean()),
        "runtime": "onnxruntime, emulated cloud",
    }


# --- what leaves --------------------------------------------------------------------------------


def some_requests(policy: Policy, traffic: Traffic) -> list[str]:
    """One request that stays, an open question, and four unsure ones with something private in them."""
    reason = np.array([d.reason for d in decide_all(policy, traffic.logits, traffic.labels)])
    private = traffic.private > 0
    stays = np.flatnonzero((reason == "local") & private)[:1]
    asks = np.flatnonzero((reason == "beyond the device") & (traffic.gold == ASK))[:1]
    unsure = np.flatnonzero((reason == "unsure") & private)[:4]
    return [traffic.texts[i] for i in (*stays, *asks, *unsure)]


def answered(answers: Sequence[Answer]) -> "Styler":
    """What left the device for each answer, why, and what came back."""
    import pandas as pd

    rows = [
        {
            "left the device": answer.sent or "-",
            "reason": answer.decision.reason,
            "call": f"{answer.label} {answer.slots or ''}",
            "in words": answer.reply or "-",
            "ms": f"{answer.latency_ms:.1f}",
        }
        for answer in answers
    ]
    return _whole(pd.DataFrame(rows))


def says_so(offline: Sequence[Answer], online: Sequence[Answer]) -> bool:
    """Whether each answer that would have come from the cloud says that it is degraded or refused."""
    pairs = zip(offline, online, strict=True)
    return all(now.degraded or now.refused for now, before in pairs if before.served_by == "cloud")


def leaving(assistant: Assistant, split: Split, traffic: Traffic, terms: Terms) -> "pd.DataFrame":
    """Private values that leave, per 1,000 requests: as they are and redacted, by the assistant's policy and were all sent."""
    import pandas as pd

    redacted = [assistant.redact(assistant.bundle.predict(text)) for text in split.texts]
    left = np.array([leaked(found, spans) for found, spans in zip(redacted, split.spans or (), strict=True)])
    senders = {"this policy": assistant.policy, "all escalated": replace(assistant.policy, threshold=1e9)}
    sent = {"as it is": traffic, "redacted": replace(traffic, private=left)}
    rows = {how: {who: outcome(p, t, terms).private_sent for who, p in senders.items()} for how, t in sent.items()}
    return pd.DataFrame(rows).T


def put_back(assistant: Assistant, texts: Sequence[str]) -> bool:
    """Whether restoring each redacted text gives what was said, to the letter."""
    redacted = [assistant.redact(assistant.bundle.predict(text)) for text in texts]
    return all(restore(found.text, found) == found.original for found in redacted)


# --- certain and wrong --------------------------------------------------------------------------


def about_money(
    device: Bundle, cloud: Bundle, policies: Mapping[str, Policy], rules: Rules
) -> "tuple[Styler, dict[str, int], dict[str, int]]":
    """Six requests about money, none of which says to send any now: what both sides say, and what each policy does; by policy,
    how many payments are carried out without asking, and of how many of these the device is over 90 % sure."""
    import pandas as pd

    found = [device.predict(text) for text in MONEY]
    table = pd.DataFrame({"request": MONEY, "device says": [f"{f.label}, {f.confidence:.2f}" for f in found]})
    table["cloud says"] = [f"{f.label}, {f.confidence:.2f}" for f in map(cloud.predict, MONEY)]
    unasked, sure = {}, {}
    for name, policy in policies.items():
        decisions = [decide(policy, f.intent_logits, device.labels, rules=rules) for f in found]
        table[name] = [f"{d.where}, {'asks' if d.confirm else 'does it'}" for d in decisions]
        pairs = zip(found, decisions, strict=True)
        paid = [f for f, d in pairs if f.label == "send_money" and d.where == "local" and not d.confirm]
        unasked[name], sure[name] = len(paid), sum(f.confidence >= 0.9 for f in paid)
    return _whole(table), unasked, sure


def _whole(table: "pd.DataFrame") -> "Styler":
    """A table that cuts no text short, and shows a placeholder (`<person_1>`) as it is."""
    return table.style.hide(axis="index").format(precision=2, escape="html")
