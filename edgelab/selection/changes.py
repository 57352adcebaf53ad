"""What would have to change for another model to win: of what is asked, of the model, or of how much is known of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgelab.selection.decision import cautious_cards, failures, winner
from edgelab.selection.evidence import SHARE_OF, Evidence, intervals
from edgelab.selection.form import AMOUNTS, SHARES, Requirements
from edgelab.stats.intervals import Z95

BAR, SIZE, EXAMPLES, NOTHING = "what is asked", "its size", "more examples", "nothing asked of what was measured"
FIELDS = (*SHARES, *AMOUNTS)


@dataclass(frozen=True)
class Change:
    """One way for `model` to win instead of the one that was chosen.

    Args:
        what: BAR, SIZE, EXAMPLES; or NOTHING, where a smaller one is at least as good in everything measured.
        needed: what is needed from then on: fields of the form, all of them together; `size_bytes`; `examples`.
        text: the same as a sentence.
    """

    model: str
    what: str
    needed: dict[str, float]
    text: str


Cards = dict[str, dict[str, float]]  # of each model that could ship, at the safe end of its intervals


def what_would_change(rows: Sequence[Evidence], requirements: Requirements) -> list[Change]:
    """For each model that could ship and was not chosen, the smallest changes by which it would be. Each is one way, alone. An
    `EvidenceError` where rows cannot be compared."""
    cards = cautious_cards(rows, requirements)
    chosen = winner(cards, requirements)
    found = []
    for row in rows:
        if row.ships and row.name != chosen:
            found += _of_the_bar(row.name, cards, requirements)
            found += _of_its_size(row.name, cards, requirements)
            found += _of_the_sample(row, rows, cards, requirements)
    return found


def _of_the_bar(name: str, cards: Cards, requirements: Requirements) -> list[Change]:
    """Relax what it fails to what it keeps; where a smaller one then still wins, tighten one field past that one."""
    card, asked = cards[name], requirements.asked
    if missing := [_measure(field) for field in asked if _measure(field) not in card]:
        return [Change(name, NOTHING, {}, f"{name}: {', '.join(missing)} was not measured")]
    failed = {
        f: _outward(card[_measure(f)], f) for f, bound in asked.items() if not _keeps(card[_measure(f)], f, bound)
    }
    if not all(map(math.isfinite, failed.values())):
        return [Change(name, NOTHING, {}, f"{name}: too few latencies for an upper end of its p95")]
    relaxed = requirements.but(failed)
    smaller = winner(cards, relaxed)
    if smaller == name:
        return [_bar_change(name, failed, requirements)]
    reasons = failures(cards, relaxed)
    rivals = [other for n, other in cards.items() if n != name and not reasons[n] and other["mb"] <= card["mb"]]
    found = []
    for field in FIELDS:
        measure = _measure(field)
        if measure not in card or field in failed:
            continue
        values = [rival[measure] for rival in rivals if measure in rival]  # asked, what was not measured fails
        bound = (
            _between(max(values) if field.startswith("min_") else min(values), card[measure], field) if values else None
        )
        if bound is not None and winner(cards, relaxed.but({field: bound})) == name:
            found.append(_bar_change(name, {**failed, field: bound}, requirements))
    text = f"{name}: {smaller} is no larger, and no single bar that {name} keeps would keep it out"
    return found or [Change(name, NOTHING, {}, text)]


def _bar_change(name: str, needed: dict[str, float], requirements: Requirements) -> Change:
    asked = requirements.asked
    told = [f"{f} {f'{asked[f]:g}' if f in asked else '(not asked)'} -> {bound:g}" for f, bound in needed.items()]
    return Change(name, BAR, needed, f"{name} wins if {' and '.join(told)}")


def _of_its_size(name: str, cards: Cards, requirements: Requirements) -> list[Change]:
    """Smaller than the chosen one, and than the form's limit, where size is all that is against it."""
    chosen, size = winner(cards, requirements), round(cards[name]["mb"] * 1e6)
    limits = [] if requirements.max_mb is None else [math.floor(requirements.max_mb * 1e6)]
    limits += [] if chosen is None else [round(cards[chosen]["mb"] * 1e6) - 1]
    needed = min(limits, default=size)
    shrunk = {**cards, name: {**cards[name], "mb": needed / 1e6}}
    if not 0 < needed < size or winner(shrunk, requirements) != name:
        return []
    text = f"{name} wins if its bundle shrinks from {size / 1e6:.4g} to {needed / 1e6:.4g} MB"
    return [Change(name, SIZE, {"size_bytes": float(needed)}, text)]


def _of_the_sample(row: Evidence, rows: Sequence[Evidence], cards: Cards, requirements: Requirements) -> list[Change]:
    """How many examples would do, at the shares measured now, where only the width of intervals of shares is against it: an
    estimate, about which the shares measured then will scatter. Wilson's end lies at the bar when the share lies Z95 standard
    errors, as they are at the bar, beyond it; that of retention comes nearer with the root of the number."""
    card, needed = dict(cards[row.name]), 0.0
    for field, bound in requirements.asked.items():
        measure = _measure(field)
        if measure in card and _keeps(card[measure], field, bound):
            continue
        found = intervals(row, rows, requirements).get(measure)
        if found is None or measure not in (*SHARE_OF, "retention"):
            return []  # not measured, or examples say nothing of it
        room = abs(found.value - bound)
        if not room or not _keeps(found.value, field, bound):
            return []  # its best estimate does not keep it either
        spread = Z95**2 * bound * (1 - bound) if measure in SHARE_OF else row.examples * (found.value - found.low) ** 2
        needed, card[measure] = max(needed, spread / room**2), bound
    examples = math.ceil(needed)
    if examples <= row.examples or winner({**cards, row.name: card}, requirements) != row.name:
        return []
    text = f"{row.name} wins on about {examples:,} examples instead of {row.examples:,}, if its shares stay as they are"
    return [Change(row.name, EXAMPLES, {"examples": float(examples)}, text)]


# --- bounds that can be read -----------------------------------------------------------------------


def _measure(field: str) -> str:
    return field.partition("_")[2]


def _keeps(value: float, field: str, bound: float) -> bool:
    return value >= bound if field.startswith("min_") else value <= bound


def _outward(value: float, field: str) -> float:
    """The nearest number of three digits (a share: three decimals) that `value` keeps."""
    if not math.isfinite(value) or value == 0:
        return value
    digits = 3 if field in (*SHARES, "min_retention") else 2 - math.floor(math.log10(abs(value)))
    scale = 10.0**digits
    rounded = math.floor(value * scale) / scale if field.startswith("min_") else math.ceil(value * scale) / scale
    return rounded if _keeps(value, field, rounded) else value


def _between(rival: float, own: float, field: str) -> float | None:
    """The shortest number that `own` keeps and `rival` does not; None where there is none."""
    if math.isinf(rival) or math.isinf(own):
        return None if math.isinf(own) else _outward(own, field)
    for digits in range(-3, 10):
        scale = 10.0**digits
        near = (
            (math.floor(rival * scale) + 1) / scale
            if field.startswith("min_")
            else (math.ceil(rival * scale) - 1) / scale
        )
        if _keeps(own, field, near) and not _keeps(rival, field, near) and near >= 0:
            return near
    return None
