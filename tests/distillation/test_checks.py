"""Answers that the checks of `01_distillation` must tell apart: wrong ones that once passed, right ones in other words."""

from collections import Counter

import numpy as np
import pytest
from scipy import special

from edgelab.course.exercises import Checks
from edgelab.distillation.checks import check as registry
from edgelab.distillation.losses import divergence, doubt, kd_gradient, kd_loss, soften
from edgelab.distillation.recall import recall_by_label, taken_for
from edgelab.distillation.retention import retention_low
from edgelab.selection.rule import smallest_clearing


def unstable(logits, t=1.0):
    powers = np.exp(logits / t)
    return powers / powers.sum(-1, keepdims=True)


def unstable_kd(s, t, y, T=2.0, a=0.5):
    p, q = unstable(t, T), unstable(s, T)
    soft = T**2 * (p * np.log(p / q)).sum(-1).mean()
    return a * soft - (1 - a) * np.log(unstable(s)[np.arange(len(y)), y]).mean()


def loops_kd(s, t, y, T=2.0, a=0.5):
    total = 0.0
    for student, teacher, label in zip(s, t, y, strict=True):
        p, log_p = special.softmax(teacher / T), special.log_softmax(teacher / T)
        total += a * T * T * sum(p * (log_p - special.log_softmax(student / T)))
        total -= (1 - a) * special.log_softmax(student)[label]
    return total / len(y)


def gradient_by_differences(s, t, y, T=2.0, a=0.5):
    """Numerically: near, and too rough."""
    found, step = np.zeros(s.shape), 1e-3
    for place in np.ndindex(s.shape):
        up, down = s.copy(), s.copy()
        up[place] += step
        down[place] -= step
        found[place] = (kd_loss(up, t, y, T, a) - kd_loss(down, t, y, T, a)) / (2 * step)
    return found


WRONG = {
    "soften": {
        "a bias": lambda z, t: soften(z, t) + 1e-6,
        "float16": lambda z, t: soften(z, t).astype(np.float16),
        "no maximum taken": unstable,
        "T = 1 made 2": lambda z, t: soften(z, max(t, 1.2)),
    },
    "divergence": {
        "a bias": lambda t, s, T: divergence(t, s, T) + 1e-6,
        "symmetric": lambda t, s, T: (divergence(t, s, T) + divergence(s, t, T)) / 2,
        "never below a little": lambda t, s, T: max(1e-6, divergence(t, s, T)),
        "infinite where it is large": lambda t, s, T: float(
            special.rel_entr(soften(t, T), soften(s, T)).sum(-1).mean()
        ),
    },
    "kd_loss": {
        "a bias": lambda *args: kd_loss(*args) + 1e-6,
        "unstable": unstable_kd,
        "default of T": lambda s, t, y, T=1.0, a=0.5: kd_loss(s, t, y, T, a),
        "default of alpha": lambda s, t, y, T=2.0, a=0.9: kd_loss(s, t, y, T, a),
        "no defaults": lambda s, t, y, T, a: kd_loss(s, t, y, T, a),
        "the first column": lambda s, t, y, T=2.0, a=0.5: kd_loss(s, t, 0 * y, T, a),
    },
    "kd_gradient": {
        "a bias": lambda *args: kd_gradient(*args) + 1e-6,
        "rough differences": gradient_by_differences,
        "by the number of labels": lambda s, t, y, *more: kd_gradient(s, t, y, *more) * len(y) / s.shape[1],
    },
    "doubt": {
        "a bias": lambda z: doubt(z) + 1e-6,
        "a whole row made 0": lambda z: np.nan_to_num(-(soften(z, 1) * np.log(soften(z, 1))).sum(-1)),
        "1 e-12 inside": lambda z: -(soften(z, 1) * np.log(soften(z, 1) + 1e-6)).sum(-1),
    },
    "retention_low": {
        "draws of its own": lambda s, t, d: float(
            np.percentile(
                [s[r].mean() / t[r].mean() for r in np.random.default_rng(1).integers(len(s), size=d.shape)], 2.5
            )
        ),
        "where the teacher is right": lambda s, t, d: float(
            np.percentile([s[r][t[r]].mean() for r in d], 2.5)  # what it keeps of these
        ),
        "at most 1": lambda s, t, d: min(1.0, retention_low(s, t, d)),
        "rounded": lambda s, t, d: round(retention_low(s, t, d), 6),
    },
    "smallest_clearing": {
        "the bar is .95": lambda sizes, low, bar: smallest_clearing(sizes, low, 0.95),
        "rounded": lambda sizes, low, bar: smallest_clearing(sizes, np.round(low, 3), bar),
        "a tolerance": lambda sizes, low, bar: smallest_clearing(sizes, low, bar - 1e-3),
        "a small tolerance": lambda sizes, low, bar: smallest_clearing(sizes, low, bar - 2e-6),
        "a tiny tolerance": lambda sizes, low, bar: smallest_clearing(sizes, low, bar - 1e-9),
        "rounded to 6 digits": lambda sizes, low, bar: smallest_clearing(sizes, np.round(low, 6), bar),
        "a sentinel of 1 TB": lambda sizes, low, bar: (
            -1 if not len(sizes) else int(np.argmin(s)) if (s := np.where(low >= bar, sizes, 1e12)).min() < 1e12 else -1
        ),
        "a sentinel of 10 MB": lambda sizes, low, bar: (
            -1 if not len(sizes) else int(np.argmin(s)) if (s := np.where(low >= bar, sizes, 1e7)).min() < 1e7 else -1
        ),
        "a sentinel of 1 GB": lambda sizes, low, bar: (
            -1 if not len(sizes) else int(np.argmin(s)) if (s := np.where(low >= bar, sizes, 1e9)).min() < 1e9 else -1
        ),
        "crashes on none": lambda sizes, low, bar: int(np.argmin(np.where(low >= bar, sizes, np.inf))),
    },
    "recall_by_label": {
        "never predicted, left out": lambda p, g: {k: v for k, v in recall_by_label(p, g).items() if k in p},
        "outside gold added": lambda p, g: {str(k): 0.0 for k in p} | recall_by_label(p, g),
        "outside gold added as 1": lambda p, g: {str(k): 1.0 for k in p} | recall_by_label(p, g),
        "rounded": lambda p, g: {k: round(v, 5) for k, v in recall_by_label(p, g).items()},
        "in percent": lambda p, g: {k: 100 * v for k, v in recall_by_label(p, g).items()},
    },
    "taken_for": {
        "by the order of the answers": lambda p, g: {
            str(k): str(Counter(p[g == k]).most_common(1)[0][0]) for k in np.unique(g)
        },
        "of equals what is said more often by all": lambda p, g: {
            str(k): str(min(Counter(p[g == k]).items(), key=lambda of: (-of[1], -np.sum(p == of[0]), of[0]))[0])
            for k in np.unique(g)
        },
        "of all": lambda p, g: {str(k): str(p[0]) for k in np.unique(g)},
    },
    "in_our_order": {
        "sorted": lambda z, theirs, ours: z[:, [sorted(theirs).index(x) for x in ours]],
        "the last alone looked for": lambda z, theirs, ours: z[
            :, [theirs.index(x) if x in theirs or x == ours[-1] else 0 for x in ours]
        ],
        "modulo": lambda z, theirs, ours: z[:, [(theirs.index(x) if x in theirs else -1) for x in ours]],
        "a KeyError": lambda z, theirs, ours: z[:, [{x: i for i, x in enumerate(theirs)}[x] for x in ours]],
    },
}
RIGHT = {
    "soften": (
        lambda z, t: special.softmax(z / t, axis=-1),
        lambda z, t: soften(z, t).astype(np.float32),
        lambda z, t: np.exp(z / t - special.logsumexp(z / t, axis=-1, keepdims=True)),
    ),
    "divergence": (
        lambda t, s, T: np.float32(divergence(t, s, T)),
        lambda t, s, T: np.array(divergence(t, s, T)),
        lambda t, s, T: (
            (special.softmax(t / T, -1) * (special.log_softmax(t / T, -1) - special.log_softmax(s / T, -1))).sum()
            / len(t)
        ),
    ),
    "kd_loss": (
        loops_kd,
        lambda *args: np.float32(kd_loss(*args)),
        lambda s, t, y, temperature=2.0, alpha=0.5: np.array(kd_loss(s, t, y, temperature, alpha)),
    ),
    "kd_gradient": (
        lambda *args: kd_gradient(*args).astype(np.float32),
        lambda s, t, y, T=2.0, a=0.5: np.stack(
            [kd_gradient(s[[i]], t[[i]], y[[i]], T, a)[0] / len(y) for i in range(len(y))]
        ),
        lambda s, t, y, T=2, a=1 / 2: kd_gradient(s, t, y, T, a),
    ),
    "doubt": (
        lambda z: special.entr(special.softmax(z, -1)).sum(-1),
        lambda z: doubt(z).astype(np.float32),
        lambda z: np.array([special.entr(special.softmax(row)).sum() for row in z]),
    ),
    "retention_low": (
        lambda s, t, d: np.quantile(s[d].mean(axis=1) / t[d].mean(axis=1), 0.025),
        lambda s, t, d: float(np.percentile([s[r].sum() / t[r].sum() for r in d], 2.5)),
        lambda s, t, d: np.array(retention_low(s, t, d)),
    ),
    "smallest_clearing": (
        lambda sizes, low, bar: min(
            (i for i in range(len(sizes)) if low[i] >= bar), key=lambda i: sizes[i], default=-1
        ),
        lambda sizes, low, bar: np.int64(smallest_clearing(sizes, low, bar)),
        lambda sizes, low, bar: next((int(i) for i in np.argsort(sizes) if low[i] >= bar), -1),
    ),
    "recall_by_label": (
        lambda p, g: {x: sum(p[i] == x for i in range(len(g)) if g[i] == x) / sum(g == x) for x in set(g)},
        lambda p, g: {str(x): np.mean(p[g == x] == x) for x in np.unique(g)},
        lambda p, g: {str(x): np.float32((p[g == x] == x).mean()) for x in dict.fromkeys(g)},
    ),
    "taken_for": (
        lambda p, g: {x: min(Counter(p[g == x]).items(), key=lambda kv: (-kv[1], kv[0]))[0] for x in set(g)},
        lambda p, g: {str(x): max(sorted(set(p[g == x])), key=lambda n: np.sum(p[g == x] == n)) for x in np.unique(g)},
        taken_for,
    ),
    "in_our_order": (
        lambda z, theirs, ours: z[:, [theirs.index(x) for x in ours]],
        lambda z, theirs, ours: np.stack([z[:, theirs.index(x)] for x in ours], axis=1),
        lambda z, theirs, ours: [[row[theirs.index(x)] for x in ours] for row in z],
        lambda z, theirs, ours: z.T[[list(theirs).index(x) for x in ours]].T,
    ),
}


def verdict(name, answer, capsys):
    check = Checks()
    check.exercises = registry.exercises
    check(name, answer)
    return capsys.readouterr().out.split()[0]


@pytest.mark.parametrize("name, kind", [(name, kind) for name in WRONG for kind in WRONG[name]])
def test_a_wrong_answer_fails(name, kind, capsys):
    assert verdict(name, WRONG[name][kind], capsys) == "[fail]"


@pytest.mark.parametrize("name, place", [(name, place) for name in RIGHT for place in range(len(RIGHT[name]))])
def test_a_right_answer_passes_in_other_words(name, place, capsys):
    assert verdict(name, RIGHT[name][place], capsys) == "[pass]"


def test_the_bar_takes_any_numbers_in_any_order(capsys):
    bar = registry.exercises["release_bar"].reference
    for same in (
        dict(reversed(bar.items())),
        {name: np.float64(bound) for name, bound in bar.items()},
        bar | {"max_size_mb": 3, "max_p99_ms": 20, "min_accuracy": 0.5},  # a line that keeps nobody out
    ):
        assert verdict("release_bar", same, capsys) == "[pass]"
    for wrong in (
        bar | {"min_slots_exact": 0.7},
        bar | {"max_size_mb": "3"},
        bar | {"min_speed": 1.0},
        {"max_size_mb": 3.0},
    ):
        assert verdict("release_bar", wrong, capsys) == "[fail]"
