"""The design question of `02_quantization`, `bit_plan`: bits for the layers of the ready-made student, with the evidence beside
them. Judged on Pocket's validation by the paired interval of the divergence; test is read once, when the plan stands."""

from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any

from edgelab.course.exercises import Checks, Mistake
from edgelab.quantization.allocation import allocate
from edgelab.quantization.damage import Bits
from edgelab.quantization.ready_made import changed, everywhere, evidence, left, ready_layers, summed, taken
from edgelab.stats.bootstrap import paired_difference
from edgelab.stats.intervals import Interval, accuracy_interval

if TYPE_CHECKING:
    import pandas as pd

MORE_BYTES = 1.1  # of what 4 bits everywhere take
MOST = 0.37  # so much of the divergence of 4 bits everywhere may be left,
SURELY = 0.45  # and below this the whole interval must lie
OFF = 0.02  # by so large a share may the evidence be off, for it was read from a rounded table
BIT_PLAN = {
    "embedding": 5,
    "convolution": 6,
    "deeper.0": 3,
    "intent": 7,
    "slots": 6,
    "slots_from_sentence": 6,
    "bytes": 256_868,
    "divergence": 7.32,
}


def layers_of(plan: Mapping[str, Any]) -> Bits:
    """A plan without its evidence, its bits as plain numbers."""
    return tuple((layer, int(plan[layer])) for layer in ready_layers())


def budget_bytes() -> int:
    """A tenth more than 4 bits everywhere."""
    return int(MORE_BYTES * taken(everywhere(4)))


def judge_plan(plan: dict) -> list[str]:
    """What is not right about a plan: bits, evidence, budget, and what it does on validation."""
    if set(plan) != set(BIT_PLAN):
        return [f"expected the entries {', '.join(BIT_PLAN)}"]
    if not all(isinstance(value, Real) and not isinstance(value, bool) for value in plan.values()):
        return ["expected numbers"]
    if not all(plan[layer] in range(2, 9) for layer in ready_layers()):
        return ["expected a whole number of bits from 2 to 8 for each layer"]
    bits = layers_of(plan)
    size, budget = taken(bits), budget_bytes()
    if size > budget:
        return [f"it takes {size:,} bytes, the budget is {budget:,}"]
    if plan["bytes"] != size:
        return ["bytes: not what the table of bytes adds up to for these layers and bits"]
    if not abs(plan["divergence"] - summed(bits)) <= OFF * summed(bits):  # so NaN is off, too
        return ["divergence: not the sum of what the table says of these layers at these bits, in thousandths of a nat"]
    found = left("validation", bits)
    if found.value > MOST or found.high >= SURELY:
        return [
            f"on validation {_percent(found)} % of the divergence of 4 bits everywhere is left: expected at most "
            f"{100 * MOST:.0f} %, and the interval below {100 * SURELY:.0f} %; it takes {size:,} of {budget:,} bytes"
        ]
    return []


def by_allocate() -> dict[str, int]:
    """The plan that fits the budget and whose divergences add up to the least."""
    found = evidence()
    damage = {
        layer: dict(zip(found.bits, row, strict=True))
        for layer, row in zip(found.layers, found.divergence, strict=True)
    }
    size = {layer: {bits: ready_layers()[layer].size_bytes(bits) for bits in found.bits} for layer in found.layers}
    return allocate(damage, size, budget_bytes())


def plans_on_test(plan: Mapping[str, Any]) -> "pd.DataFrame":
    """A plan beside 4 bits everywhere and the one that adding up finds: what each takes, and changes on test."""
    import pandas as pd

    four, columns = everywhere(4), {}
    plans = {"4 bits everywhere": four, "bit_plan": layers_of(plan), "allocate": tuple(by_allocate().items())}
    for name, bits in plans.items():
        less = paired_difference(changed("test", bits).astype(float), changed("test", four).astype(float))
        columns[name] = {f"{layer}, bits": number for layer, number in bits} | {
            "bytes": f"{taken(bits):,}",
            "divergence left, %": _percent(left("test", bits)),
            "changed answers, %": _percent(accuracy_interval(changed("test", bits))),
            "against 4 bits, points": _percent(less),
        }
    return pd.DataFrame(columns)


def _percent(interval: Interval) -> str:
    return f"{100 * interval.value:.1f} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def saved_on_test(plan: Mapping[str, Any]) -> float:
    """How many of a hundred answers that 4 bits everywhere change on test a plan saves, on balance."""
    shares = [float(changed("test", bits).mean()) for bits in (layers_of(plan), everywhere(4))]
    return 100 * (1 - shares[0] / shares[1])


def _plan(bits: tuple[int, ...], size: int, divergence: float) -> dict:
    return dict(zip(BIT_PLAN, (*bits, size, divergence), strict=True))


MISTAKES = (
    Mistake(
        "4 bits everywhere",
        _plan((4, 4, 4, 4, 4, 4), 236_516, 19.69),
        "4 bits everywhere leave the extra tenth unspent: which layers gain most from it, for their bytes?",
    ),
    Mistake(
        "5 bits everywhere",
        _plan((5, 5, 5, 5, 5, 5), 291_908, 4.44),
        "5 bits everywhere do not fit: the embedding and deeper.0 hold most of the bytes, so their bits are the dear ones.",
    ),
    Mistake(
        "the embedding starved",
        _plan((3, 7, 4, 7, 7, 6), 251_204, 31.12),
        "all layers read what the embedding says: what is lost there, no later bit brings back.",
    ),
    Mistake(
        "deeper.0 starved",
        _plan((5, 8, 2, 8, 8, 8), 255_332, 30.43),
        "deeper.0 is patient, but not at 2 bits: look how its divergence grows with each bit taken away.",
    ),
    Mistake(
        "all for one layer",
        _plan((4, 8, 4, 4, 4, 4), 254_948, 17.86),
        "a second bit for one layer brings less than the first one for the next: share the bytes out.",
    ),
    Mistake(
        "all for the embedding",
        _plan((5, 4, 4, 4, 4, 4), 254_948, 15.32),
        "a bit of the embedding takes nearly the whole extra tenth, and the heads go without: what could pay for both?",
    ),
    Mistake(
        "all for the heads",
        _plan((4, 4, 4, 6, 6, 6), 252_068, 9.40),
        "the small layers are well served; now more than half of what is left comes from one large layer. Who could give it a bit?",
    ),
    Mistake(
        "one more for each small layer",
        _plan((4, 5, 4, 5, 5, 5), 248_900, 9.82),
        "more than half of the sum comes from the embedding: which large layer could give up a bit for it?",
    ),
    Mistake(
        "only the intent counts",
        _plan((5, 8, 3, 8, 2, 2), 243_620, 92.46),
        "the tool stays right and its slots go wrong: an alarm at the wrong time is a changed answer, too.",
    ),
    Mistake(
        "without evidence",
        BIT_PLAN | {"bytes": 0, "divergence": 0},
        "a plan is defended by numbers: add up the bytes and the divergences of its layers from the two tables.",
    ),
    Mistake(
        "in nats",
        BIT_PLAN | {"divergence": 0.00732},
        "the table is in thousandths of a nat, and so is what is asked for.",
    ),
)


def register(check: Checks) -> None:
    """Add the design question to a notebook's registry."""
    check.design(
        "bit_plan",
        BIT_PLAN,
        judge=judge_plan,
        nudge="Start from 4 bits everywhere. Of one more bit in each layer ask: by how much does its divergence fall, and "
        "for how many bytes? And of one bit less: where does it cost little, and pay for much?",
        mistakes=MISTAKES,
    )
