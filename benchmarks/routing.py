"""Routing on CLINC150: which score orders requests best, on requests in scope and with the 1,000 out of scope among them.

python -m benchmarks.routing       some minutes of two cores; prints the tables and writes them into README.md

The device is the convolution of `benchmarks.distillation`, seed 0; what it escalates goes to the teacher, and to an answer
that is good with probability SUCCESS where the request is out of scope. Temperature, learned router and the choice of a
score use validation (100 requests out of scope there); test is read once.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.distillation import CONVOLUTION, train_teacher_of_clinc
from benchmarks.pocket_card import public_data, put, table
from edgelab.distillation.students import train_student
from edgelab.machine.host import host
from edgelab.models.trained import Trained
from edgelab.routing.calibration import calibration_error, fit_temperature
from edgelab.routing.scores import LEARNED, SCORES, fit_router, learned_score
from edgelab.routing.thresholds import (
    allowed_each_time,
    aurc,
    conformal_threshold,
    joint_error,
    kept_error,
    recall,
    threshold_allowing,
)
from edgelab.routing.tradeoff import Figures, apgr, figures, oracle
from edgelab.stats.bootstrap import bootstrap
from edgelab.stats.intervals import Interval
from edgelab.stats.ranking import auroc
from edgelab.stats.softmax import softmax
from edgelab.workspace import write_atomic

README = Path(__file__).parent / "README.md"
SUCCESS = 0.9  # of the cloud on a request out of scope: stated, not measured
SPLITS = 2000
ALPHAS = (0.05, 0.02, 0.01)
SETTINGS = ("in scope", "with out of scope")


@dataclass(frozen=True)
class Side:
    """One split, in-scope requests first: the device's logits, both sides' outcomes, which requests are out of scope."""

    logits: np.ndarray
    weak: np.ndarray
    strong: np.ndarray
    outside: np.ndarray

    def of(self, setting: str) -> "Side":
        keep = ~self.outside if setting == SETTINGS[0] else np.ones(len(self.weak), dtype=bool)
        return Side(self.logits[keep], self.weak[keep], self.strong[keep], self.outside[keep])


@dataclass(frozen=True)
class Ranked:
    """One score in one setting, on test; `validation_apgr` is what it is chosen by."""

    figures: Figures
    auroc: Interval
    aurc: Interval
    validation_apgr: float


@dataclass(frozen=True)
class Promise:
    """Thresholds from half as many requests as there are, many times: [splits].

    Conformal ones come from a random half and are read on the other half. Those of the Clopper-Pearson bound, `upper`,
    come from a draw with replacement and are read on all requests: it speaks of the true rate, and in that world the
    rate over all requests is the true one.
    """

    joint: np.ndarray
    kept_error: np.ndarray
    escalated: np.ndarray
    upper_joint: np.ndarray
    upper_escalated: np.ndarray


@dataclass(frozen=True)
class Report:
    temperature: float
    ece: tuple[float, float]  # on test, in scope, before and after
    random: dict[str, np.ndarray]  # setting -> APGR of random routers
    oracle: dict[str, float]
    ranked: dict[str, dict[str, Ranked]]  # setting -> score
    promises: dict[float, Promise]
    found: float  # share of the requests out of scope that the chosen score escalates, with half of all escalated

    def chosen(self, setting: str) -> str:
        return max(self.ranked[setting], key=lambda name: self.ranked[setting][name].validation_apgr)


def side(teacher: Trained, student: Trained, split: str) -> Side:
    outside = f"out_of_scope_{split}"
    logits = [student.outputs(name).intent_logits for name in (split, outside)]
    n, extra = (len(part) for part in logits)
    weak = np.concatenate([student.correct(split), np.zeros(extra)])
    strong = np.concatenate([teacher.correct(split), np.full(extra, SUCCESS)])
    return Side(np.concatenate(logits), weak, strong, np.arange(n + extra) >= n)


def scores(seen: Side, weights: tuple[float, ...]) -> dict[str, np.ndarray]:
    return {name: score(seen.logits) for name, score in SCORES.items()} | {LEARNED: learned_score(seen.logits, weights)}


def measure(teacher: Trained, student: Trained, *, splits: int = SPLITS) -> Report:
    validation, test = (side(teacher, student, split) for split in ("validation", "test"))
    ids = np.array(student.dataset.label_ids(student.dataset.validation))
    temperature = fit_temperature(validation.logits[~validation.outside], ids)
    inside = test.logits[~test.outside]
    right = test.weak[~test.outside] > 0
    ece = tuple(calibration_error(softmax(inside / t).max(1), right) for t in (1.0, temperature))
    validation, test = (Side(s.logits / temperature, s.weak, s.strong, s.outside) for s in (validation, test))
    ranked, chance, best = {}, {}, {}
    for setting in SETTINGS:
        val, tst = validation.of(setting), test.of(setting)
        of_val, of_test = honest_scores(val), scores(tst, fit_router(val.logits, val.weak > 0))
        ranked[setting] = {
            name: Ranked(
                figures(of_test[name], tst.weak, tst.strong),
                bootstrap(auroc, of_test[name], tst.weak > 0),
                bootstrap(aurc, of_test[name], tst.weak == 0),
                apgr(of_val[name], val.weak, val.strong),
            )
            for name in of_test
        }
        draws = (np.random.default_rng(seed).random(len(tst.weak)) for seed in range(1000))
        chance[setting] = np.array([apgr(score, tst.weak, tst.strong) for score in draws])
        best[setting] = apgr(oracle(tst.weak, tst.strong), tst.weak, tst.strong)
    found = Report(temperature, ece, chance, best, ranked, {}, 0.0)
    everything = test.of(SETTINGS[1])
    score = scores(everything, fit_router(validation.logits, validation.weak > 0))[found.chosen(SETTINGS[1])]
    promises = {alpha: promise(score, everything.weak == 0, alpha, splits) for alpha in ALPHAS}
    share = recall(score < np.median(score), everything.outside)
    return Report(temperature, ece, chance, best, ranked, promises, share)


def honest_scores(val: Side) -> dict[str, np.ndarray]:
    """Scores on validation; the learned one from two halves, each scored by the router fitted on the other."""
    half = np.random.default_rng(0).permutation(len(val.weak)) % 2 == 0
    out = {name: score(val.logits) for name, score in SCORES.items()} | {LEARNED: np.empty(len(val.weak))}
    for part in (half, ~half):
        out[LEARNED][part] = learned_score(val.logits[part], fit_router(val.logits[~part], val.weak[~part] > 0))
    return out


def promise(score: np.ndarray, wrong: np.ndarray, alpha: float, splits: int) -> Promise:
    rows = []
    for seed in range(splits):
        generator = np.random.default_rng(seed)
        order = generator.permutation(len(score))
        fit, read = order[: len(order) // 2], order[len(order) // 2 :]
        average = conformal_threshold(score[fit], wrong[fit], alpha)
        drawn = generator.integers(len(score), size=len(fit))
        upper = threshold_allowing(score[drawn], wrong[drawn], allowed_each_time(len(fit), alpha))
        rows.append(
            (
                joint_error(score[read], wrong[read], average),
                kept_error(score[read], wrong[read], average),
                np.mean(score[read] < average),
                joint_error(score, wrong, upper),
                np.mean(score < upper),
            )
        )
    return Promise(*np.array(rows).T)


def text(report: Report) -> str:
    parts = []
    for setting in SETTINGS:
        rows = [
            [
                f"**{name}** (chosen on validation)" if name == report.chosen(setting) else name,
                f"{r.figures.apgr:.3f}",
                f"{_percent(r.figures.cpt[0.5])}",
                f"{_percent(r.figures.cpt[0.95])}",
                f"{r.auroc:.3f}",
                f"{_scaled(r.aurc, 1000):.1f}",
            ]
            for name, r in report.ranked[setting].items()
        ]
        drawn = report.random[setting]
        rows.append(["random, mean of 1,000", f"{drawn.mean():.3f}", "", "", "", ""])
        rows.append(["oracle", f"{report.oracle[setting]:.3f}", "", "", "", ""])
        header = [setting, "APGR", "CPT(50 %), %", "CPT(95 %), %", "AUROC", "AURC, x 1,000"]
        parts.append(table(header, rows))
    rows = [
        [
            f"{alpha:g}",
            f"{p.joint.mean():.4f}",
            f"{100 * np.mean(p.joint > alpha):.0f}",
            f"{np.nanmean(p.kept_error):.4f}",
            f"{100 * p.escalated.mean():.1f}",
            f"{100 * np.mean(p.upper_joint > alpha):.1f}",
            f"{100 * p.upper_escalated.mean():.1f}",
        ]
        for alpha, p in report.promises.items()
    ]
    header = [
        "alpha",
        "conformal: mean joint error",
        "splits above alpha, %",
        "error among kept",
        "escalated, %",
        "Clopper-Pearson: draws above alpha, %",
        "escalated, %",
    ]
    parts.append(table(header, rows))
    n = len(next(iter(report.promises.values())).joint)
    parts.append(
        f"Intervals: 95 %, bootstrap over requests. Temperature {report.temperature:.2f}; ECE on test, in scope, {report.ece[0]:.3f} "
        f"before it and {report.ece[1]:.3f} after. Conformal thresholds: from a random half of the test requests, out of scope included, "
        f"read on the other half, {n:,} times; Clopper-Pearson: from as many drawn with replacement, read on all. With half of all requests escalated, {100 * report.found:.1f} % of those out of scope are. "
        f"Host: {host().cpu}, {host().cores} cores."
    )
    return "\n\n".join(parts)


def _percent(interval: Interval) -> str:
    return f"{_scaled(interval, 100):.1f}"


def _scaled(interval: Interval, factor: float) -> Interval:
    return Interval(factor * interval.value, factor * interval.low, factor * interval.high)


def train() -> tuple[Trained, Trained]:
    teacher = train_teacher_of_clinc()
    return teacher, train_student(CONVOLUTION[0], (teacher,), CONVOLUTION[1])


def main() -> None:
    with public_data():
        report = text(measure(*train()))
    write_atomic(README, put(README.read_text("utf-8"), "routing", report))
    print(report)


if __name__ == "__main__":
    main()
