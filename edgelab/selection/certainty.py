"""How sure a decision may be: the probability that a model *truly* clears the bar, given the sample that it was judged on.

A bootstrap over the examples, in Rubin's form (1981): each draw gives every example a random weight, the same one for all
models and measures, so that what goes right together stays together. The plain bootstrap draws only from what was seen:
of a model without a mistake on 60 examples it would be certain. So there is weight for what was not seen: of the kinds of outcome
that one model can have (a right call, a wrong one, a wrong one of high stakes ...) each counts as if met once before, Laplace's rule
of succession; which kinds fall together over models is drawn anew each time (a Dirichlet process). Of a single share that is
exactly Bayes' posterior when every share was as likely as any other, Beta(right + 1, wrong + 1).

That "as likely as any other" is what the probability rests on besides the sample. Who has a reason to expect more or less (ten
recipes that all come out alike) should move it towards that. `benchmarks/selection.py` shows how well stated and true
frequencies agree, and in which worlds they do not.

Latencies are drawn for each model by itself. The p95 is within the bar if 95 % of the latencies are: again a share, of as
many samples as the ones taken are worth (`stats.dependence.effective_samples`), by Beta(within + 1/2, late + 1/2), Jeffreys'
posterior: were the p95 itself as likely anywhere, shares near 1 would be likelier than others. Size, memory and coverage are taken as exact,
and so is what scales a latency from this machine to another tier: that doubt is not in the sample.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from edgelab.selection.evidence import OUTCOMES, SHARE_OF, Evidence, compared, exact_values, retention_of
from edgelab.selection.form import Requirements
from edgelab.stats.dependence import effective_samples

NONE = "none of them"
DRAWS = 10_000
STICKS = 32  # pieces of the weight of what was not seen; the rest after so many is below a thousandth of it
CHUNK = 1000  # draws at a time: a bounded memory


def clearing(rows: Sequence[Evidence], requirements: Requirements, *, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """Whether each model that could ship clears everything asked, in each of `draws` truths that the sample leaves possible,
    bool [draws, models that could ship, in the order of rows]. An `EvidenceError` where rows cannot be compared."""
    each = _clearing_each(rows, requirements, draws, seed)
    together = [np.logical_and.reduce([np.ones(draws, dtype=bool), *fields.values()]) for fields in each.values()]
    return np.stack(together, axis=1)


def probability_clears(
    rows: Sequence[Evidence], requirements: Requirements, *, draws: int = DRAWS, seed: int = 0
) -> dict[str, float]:
    """Of each model that could ship the probability that it truly clears everything asked, by name: a share of `draws`, so
    that 1 means more than 1 - 1 / draws. What is asked and was not measured is not cleared."""
    found = clearing(rows, requirements, draws=draws, seed=seed).mean(axis=0)
    return dict(zip(_names(rows), map(float, found), strict=True))


def probability_smallest(
    rows: Sequence[Evidence], requirements: Requirements, *, draws: int = DRAWS, seed: int = 0
) -> dict[str, float]:
    """Of each model that could ship the probability that it is the smallest that truly clears (of two alike in size, the
    first); `NONE` has what is left: that none does. They sum to 1."""
    cleared = clearing(rows, requirements, draws=draws, seed=seed)
    return smallest_shares(cleared, rows)


def smallest_shares(cleared: np.ndarray, rows: Sequence[Evidence]) -> dict[str, float]:
    """The same from `clearing`'s draws."""
    order = np.argsort([row.size_bytes for row in rows if row.ships], kind="stable")
    first = np.where(cleared.any(axis=1), order[cleared[:, order].argmax(axis=1)], -1)
    shares = {name: float((first == i).mean()) for i, name in enumerate(_names(rows))}
    return shares | {NONE: float((first == -1).mean())}


def probability_each(
    rows: Sequence[Evidence], requirements: Requirements, *, draws: int = DRAWS, seed: int = 0
) -> dict[str, dict[str, float]]:
    """Of each model, for each field asked alone, the probability that it truly clears that one: where the doubt sits. Their
    product is not `probability_clears`: what goes wrong goes wrong together."""
    each = _clearing_each(rows, requirements, draws, seed)
    return {name: {field: float(met.mean()) for field, met in fields.items()} for name, fields in each.items()}


def _names(rows: Sequence[Evidence]) -> list[str]:
    return [row.name for row in rows if row.ships]


def _clearing_each(
    rows: Sequence[Evidence], requirements: Requirements, draws: int, seed: int
) -> dict[str, dict[str, np.ndarray]]:
    """Of each model, for each field asked, whether it clears it in each draw, bool [draws]."""
    compared(rows)
    generator = np.random.default_rng(seed)
    drawn = _drawn_shares(rows, requirements, draws, generator)

    def met(row: Evidence, field: str, bound: float) -> np.ndarray:
        side, _, measure = field.partition("_")
        value: np.ndarray | float | None
        if measure == "p95_ms":
            samples = row.latency_ms.get(requirements.tier)
            return _fast_enough(samples, bound, draws, generator) if samples else np.zeros(draws, dtype=bool)
        if measure == "retention":
            over = retention_of(row, rows, requirements)
            value = drawn[row.name, over[0]] / drawn[over[1].name, over[0]] if over else None
        elif measure in SHARE_OF:
            value = drawn.get((row.name, SHARE_OF[measure]))
        else:
            value = exact_values(row)[measure]
        if value is None:
            return np.zeros(draws, dtype=bool)  # what was not measured is not cleared
        return np.broadcast_to(np.asarray(value >= bound if side == "min" else value <= bound), draws)

    asked = requirements.asked.items()
    return {row.name: {field: met(row, field, bound) for field, bound in asked} for row in rows if row.ships}


def _fast_enough(samples: Sequence[float], bound: float, draws: int, generator: np.random.Generator) -> np.ndarray:
    """Whether 95 % of all latencies are within the bound, in each draw, bool [draws]."""
    worth = effective_samples(samples, 95)
    within = worth * float((np.asarray(samples) <= bound).mean())
    return generator.beta(within + 0.5, worth - within + 0.5, draws) >= 0.95


def _drawn_shares(
    rows: Sequence[Evidence], requirements: Requirements, draws: int, generator: np.random.Generator
) -> dict[tuple[str, str], np.ndarray]:
    """The share of every column that what is asked looks at, by row and column, each [draws]."""
    measures = {field.partition("_")[2] for field in requirements.asked}
    needed = {SHARE_OF[measure] for measure in measures & set(SHARE_OF)}
    if "retention" in measures:
        needed |= {"right_label", "right_call"}
    outcomes, keys, kinds = [], [], []
    for row in rows:
        names = [name for name in OUTCOMES if name in needed and getattr(row, name) is not None]
        keys += [(row.name, name) for name in names]
        outcomes += [getattr(row, name) for name in names]
        kinds += [possible(names)] if names else []
    if not outcomes:
        return {}
    return dict(zip(keys, draw_shares(np.stack(outcomes, axis=1), kinds, draws, generator).T, strict=True))


def possible(names: Sequence[str]) -> np.ndarray:
    """The kinds of outcome that one model can have, bool [kinds, columns]: a right call has the right label, and a wrong one of high
    stakes neither."""
    kinds = []
    for kind in itertools.product((False, True), repeat=len(names)):
        of = dict(zip(names, kind, strict=True))
        right = of.get("right_label", False) or of.get("right_call", False)
        whole = not of.get("right_call", False) or of.get("right_label", True)
        if whole and not (right and of.get("high_stakes_wrong", False)):
            kinds.append(kind)
    return np.array(kinds)


def draw_shares(
    outcomes: np.ndarray, kinds: Sequence[np.ndarray], draws: int, generator: np.random.Generator
) -> np.ndarray:
    """What the shares of `outcomes` (bool [examples, columns], all of the same examples) may truly be, given these: draws of
    their joint posterior, [draws, columns]. `kinds` has what is `possible` for each model, in the order of its columns."""
    # Examples with the same outcomes everywhere are one pattern: the sum of their weights is Gamma(their number).
    patterns, counts = np.unique(outcomes, axis=0, return_counts=True)
    unseen = float(max(map(len, kinds)))
    parts = []
    for start in range(0, draws, CHUNK):
        size = min(CHUNK, draws - start)
        weights = generator.gamma(counts, size=(size, len(counts)))
        more = generator.gamma(unseen, size=(size, 1))
        total = weights.sum(axis=1, keepdims=True) + more
        parts.append((weights @ patterns + more * _unseen(size, kinds, unseen, generator)) / total)
    return np.concatenate(parts)


def _unseen(draws: int, kinds: Sequence[np.ndarray], weight: float, generator: np.random.Generator) -> np.ndarray:
    """The shares among what was not seen, [draws, columns]: a Dirichlet process of concentration `weight` over the models' kinds, each
    as likely, by breaking sticks (Sethuraman 1994)."""
    broken = generator.beta(1.0, weight, size=(draws, STICKS))
    broken[:, -1] = 1  # the last takes what is left
    left = np.concatenate([np.ones((draws, 1)), np.cumprod(1 - broken[:, :-1], axis=1)], axis=1)
    drawn = [each[generator.integers(len(each), size=(draws, STICKS))] for each in kinds]
    return np.einsum("ds,dsc->dc", broken * left, np.concatenate(drawn, axis=2).astype(float))
