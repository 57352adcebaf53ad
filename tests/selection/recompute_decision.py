"""A decision, computed anew from its file alone, by other ways than the package's; it imports nothing of it.

python recompute_decision.py FILE      prints {"chosen": ..., "clears": {...}}

Wilson's interval by searching where the test of a share rejects; the retention's by the multipliers of its constrained likelihood;
autocorrelations by plain sums; and the probability from a finite Dirichlet distribution over *every* pattern of outcomes, seen
or not: so few columns may be asked.
"""

import json
import math
import sys

import numpy as np

Z = 1.959963984540054
SHARES = {
    "calls": "right_call",
    "accuracy": "right_label",
    "high_stakes": "high_stakes_wrong",
    "private": "private_sent",
}


def where(rejected, low, high):
    """The border between `rejected` (at low) and not (at high)."""
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if rejected(middle) else (low, middle)
    return (low + high) / 2


def share_ends(column):
    n, share = len(column), sum(column) / len(column)

    def far(true):
        return abs(share - true) > Z * math.sqrt(true * (1 - true) / n)

    return where(far, 0.0, share), where(far, 1.0, share)


def retention_low(mine, reference):
    pairs = [(bool(a), bool(b)) for a, b in zip(mine, reference, strict=True)]
    n, counts = len(pairs), {kind: pairs.count(kind) for kind in ((1, 1), (1, 0), (0, 1), (0, 0))}

    def far(ratio):
        """Whether the sample lies more than Z standard errors above a true ratio: p = count / (n + multiplier x contrast)."""
        contrast = {(1, 1): 1 - ratio, (1, 0): 1.0, (0, 1): -ratio, (0, 0): 0.0}
        ends = [-n / c for kind, c in contrast.items() if c and counts[kind]]
        low, high = max((e for e in ends if e < 0), default=-1e9), min((e for e in ends if e > 0), default=1e9)

        def excess(multiplier):
            return sum(counts[k] * c / (n + multiplier * c) for k, c in contrast.items() if counts[k]) > 0

        at = where(excess, low * (1 - 1e-12), high * (1 - 1e-12))
        p = {kind: counts[kind] / (n + at * c) if counts[kind] else 0.0 for kind, c in contrast.items()}
        spread = math.sqrt(n * sum(p[kind] * c**2 for kind, c in contrast.items()))
        return sum(counts[kind] * c for kind, c in contrast.items()) > Z * spread

    return where(far, 0.0, sum(mine) / sum(reference))


def worth(samples):
    """How many independent samples they are worth, where the highest twentieth counts."""
    above = (np.array(samples) > np.percentile(samples, 95)) * 1.0
    above -= above.mean()
    n, total = len(above), 0.0
    if n < 4 or not above.any():
        return n
    for lag in range(1, n - 1, 2):
        pair = [float((above[: n - k] * above[k:]).sum() / (above**2).sum()) for k in (lag, lag + 1)]
        if sum(pair) <= 0:
            break
        total += sum(pair)
    return min(n, max(1, round(n / (1 + 2 * total))))


def p95_high(samples):
    n, effective = len(samples), worth(samples)
    below = 0.0
    for k in range(effective + 1):  # the first k with P(binomial <= k) of 0.975
        below += math.comb(effective, k) * 0.95**k * 0.05 ** (effective - k)
        if below >= 0.975:
            break
    place = math.ceil((k + 1) * n / effective)
    return sorted(samples)[place - 1] if place <= n else math.inf


def safe_end(model, measure, reference, tier):
    """None: not measured."""
    if measure in SHARES:
        column = model[SHARES[measure]]
        return None if column is None else share_ends(column)[measure in ("high_stakes", "private")]
    if measure == "retention":
        column = "right_label" if None in (model["right_call"], reference["right_call"]) else "right_call"
        return retention_low(model[column], reference[column])
    if measure == "p95_ms":
        return p95_high(model["latency_ms"][tier]) if model["latency_ms"].get(tier) else None
    return model["size_bytes"] / 1e6 if measure == "mb" else model[measure]


def within(value, field, bound):
    return value is not None and (value >= bound if field.startswith("min_") else value <= bound)


def kinds_met_once(keys):
    """The prior's weight of every pattern: each model's kinds evenly, models by themselves; the weight of as many examples as a
    model has kinds."""
    codes = np.arange(2 ** len(keys))
    weight, most = np.ones(len(codes)), 1
    for model in {model for model, _ in keys}:
        places = {name: place for place, (owner, name) in enumerate(keys) if owner == model}

        bits = {name: (codes >> place) & 1 for name, place in places.items()}
        call, label, stakes = (bits.get(name) for name in ("right_call", "right_label", "high_stakes_wrong"))
        can = np.ones(len(weight), dtype=bool)
        for one, other, together in ((call, label, (1, 0)), (call, stakes, (1, 1)), (label, stakes, (1, 1))):
            if one is not None and other is not None:
                can &= ~((one == together[0]) & (other == together[1]))
        kinds = int(can.sum()) // 2 ** (len(keys) - len(places))
        weight, most = weight * can / kinds, max(most, kinds)
    return most * weight


def fast_enough(samples, bound, draws, generator):
    if not samples:
        return np.zeros(draws, dtype=bool)
    inside = worth(samples) * np.mean(np.array(samples) <= bound)
    return generator.beta(inside + 0.5, worth(samples) - inside + 0.5, draws) >= 0.95


def probabilities(models, asked, reference, tier, draws=20_000):
    """Of each model that it truly clears everything asked."""
    generator = np.random.default_rng(12345)
    columns = {}
    for model in [*models, *([reference] if reference else [])]:
        for field in asked:
            measure = field[4:]
            name = "right_call" if measure == "retention" else SHARES.get(measure)
            if name and model[name] is not None and (model is not reference or measure == "retention"):
                columns[model["name"], name] = np.array(model[name])
    patterns, prior = 2 ** len(columns), kinds_met_once(list(columns))
    assert patterns <= 4096, "too many columns to list every pattern"
    codes = sum((column << place for place, column in enumerate(columns.values())), np.zeros(1, dtype=int))
    counts = np.bincount(codes, minlength=patterns) + prior
    weights = generator.gamma(np.broadcast_to(counts, (draws, patterns)))
    weights /= weights.sum(axis=1, keepdims=True)
    shares = {key: weights @ ((np.arange(patterns) >> place) & 1) for place, key in enumerate(columns)}
    found = {}
    for model in models:
        cleared = np.ones(draws, dtype=bool)
        for field, bound in asked.items():
            measure = field[4:]
            if measure == "p95_ms":
                cleared &= fast_enough(model["latency_ms"].get(tier), bound, draws, generator)
                continue
            if measure in SHARES:
                value = shares.get((model["name"], SHARES[measure]))
            elif measure == "retention":
                value = shares[model["name"], "right_call"] / shares[reference["name"], "right_call"]
            else:
                value = safe_end(model, measure, reference, tier)
            cleared &= np.zeros(draws, dtype=bool) if value is None else np.array(within(value, field, bound))
        found[model["name"]] = float(cleared.mean())
    return found


def decision(file):
    with open(file, encoding="utf-8") as opened:
        content = json.load(opened)
    form = content["requirements"]
    asked = {field: bound for field, bound in form.items() if field[:4] in ("min_", "max_") and bound is not None}
    models = [model for model in content["models"] if model["ships"]]
    reference = next((model for model in content["models"] if model["name"] == form["reference"]), None)
    clearing = [
        model
        for model in models
        if all(
            within(safe_end(model, field[4:], reference, form["tier"]), field, bound) for field, bound in asked.items()
        )
    ]
    chosen = min(clearing, key=lambda model: model["size_bytes"])["name"] if clearing else None
    return {"chosen": chosen, "clears": probabilities(models, asked, reference, form["tier"])}


if __name__ == "__main__":
    print(json.dumps(decision(sys.argv[1])))
