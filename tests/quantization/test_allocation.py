"""How bits are shared out: against every plan there is."""

from itertools import product

import numpy as np
import pytest

from edgelab.quantization.allocation import allocate


def plans(seed, layers=4, bits=(2, 3, 4, 8)):
    """Damage that falls fourfold with each bit, as rounding errors do, and sizes that grow with bits."""
    rng = np.random.default_rng(seed)
    sensitive, values = rng.uniform(0.01, 1, layers), rng.integers(100, 5000, layers)
    damage = {f"layer{i}": {b: sensitive[i] * 4.0**-b for b in bits} for i in range(layers)}
    return damage, {f"layer{i}": {b: int(values[i] * b) for b in bits} for i in range(layers)}


@pytest.mark.parametrize("seed", range(8))
def test_the_allocation_is_the_best_of_all_plans_that_fit(seed):
    damage, size = plans(seed)
    layers = list(damage)

    def cost(table, plan):
        return sum(table[layer][bits] for layer, bits in plan.items())

    for share in (0.26, 0.3, 0.45, 0.7, 1.0):
        budget = share * cost(size, dict.fromkeys(layers, 8))
        plan = allocate(damage, size, budget)
        choices = (dict(zip(layers, bits, strict=True)) for bits in product((2, 3, 4, 8), repeat=len(layers)))
        best = min(cost(damage, p) for p in choices if cost(size, p) <= budget)
        assert cost(size, plan) <= budget and cost(damage, plan) == pytest.approx(best)
    assert plan == dict.fromkeys(layers, 8)


def test_the_allocation_by_hand_and_its_refusal():
    damage = {"head": {2: 9.0, 4: 1.0}, "table": {2: 4.0, 4: 1.0}}
    size = {"head": {2: 10, 4: 20}, "table": {2: 100, 4: 200}}
    assert allocate(damage, size, 120) == {"head": 4, "table": 2}
    assert allocate(damage, size, 220) == {"head": 4, "table": 4}
    with pytest.raises(ValueError, match="expected room for at least 110 bytes, found a budget of 100"):
        allocate(damage, size, 100)
