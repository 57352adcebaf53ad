"""From evidence to a decision: the smallest that clears, why not the others, and how sure that is.

A model clears when the end of *each* interval that errs on the safe side does. Asking for several things needs no correction for
that: who claims that all of them hold is wrong only if one of them fails, and each is wrongly found to hold in at most 2.5 % of
samples (the intersection-union test, Berger 1982). Many candidates are another matter: of ten that lie just below the bar, one
may pass by luck. The stated probability is what to read then.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgelab.selection.certainty import DRAWS, clearing, smallest_shares
from edgelab.selection.evidence import Evidence, cautious_card, compared
from edgelab.selection.form import Requirements, judge_card
from edgelab.selection.rule import smallest_clearing


@dataclass(frozen=True)
class Decision:
    """Which model ships; `chosen` is None where none may.

    Args:
        reasons: what each model that could ship fails, at the safe end of its intervals; empty for one that may.
        clears: of each the probability that it truly clears everything asked.
        smallest: of each, and of `certainty.NONE`, the probability that it is the smallest that truly does.
    """

    chosen: str | None
    reasons: dict[str, tuple[str, ...]]
    clears: dict[str, float]
    smallest: dict[str, float]

    @property
    def probability(self) -> float | None:
        """That the chosen one truly clears everything asked; None where none was chosen."""
        return None if self.chosen is None else self.clears[self.chosen]

    @property
    def text(self) -> str:
        """The decision in a sentence or two."""
        if self.chosen is None:
            best = max(self.clears, key=lambda name: self.clears[name])
            return (
                f"None may ship. The likeliest to clear truly is {best}, with probability {_told(self.clears[best])}."
            )
        rival = max(
            (name for name in self.clears if name != self.chosen), key=lambda name: self.smallest[name], default=None
        )
        text = f"{self.chosen} ships. It truly clears with probability {_told(self.clears[self.chosen])}"
        if rival is None or not self.smallest[rival]:
            return f"{text}."
        return f"{text}. That {rival} is truly the smallest to clear has probability {_told(self.smallest[rival])}."


def _told(probability: float) -> str:
    """A share of draws is never a certainty."""
    if probability > 0.999:
        return "above 0.999"
    return "below 0.001" if probability < 0.001 else f"{probability:.3f}"


def cautious_cards(rows: Sequence[Evidence], requirements: Requirements) -> dict[str, dict[str, float]]:
    """Of each model that could ship its card, at the safe end of its intervals."""
    compared(rows)
    return {row.name: cautious_card(row, rows, requirements) for row in rows if row.ships}


def failures(cards: dict[str, dict[str, float]], requirements: Requirements) -> dict[str, tuple[str, ...]]:
    """Of each card what it fails."""
    return {name: tuple(judge_card(card, requirements)) for name, card in cards.items()}


def winner(cards: dict[str, dict[str, float]], requirements: Requirements) -> str | None:
    """The smallest whose card fails nothing; of two alike in size the first. None: each fails something."""
    reasons = failures(cards, requirements)
    clear = np.array([0.0 if reasons[name] else 1.0 for name in cards])
    index = smallest_clearing(np.array([card["mb"] for card in cards.values()]), clear, 1.0)
    return None if index < 0 else list(cards)[index]


def decide(rows: Sequence[Evidence], requirements: Requirements, *, draws: int = DRAWS, seed: int = 0) -> Decision:
    """The smallest model whose intervals clear all that is asked, at the end that errs on the safe side. An `EvidenceError`
    where rows cannot be compared."""
    cards = cautious_cards(rows, requirements)
    cleared = clearing(rows, requirements, draws=draws, seed=seed)
    clears = dict(zip(cards, map(float, cleared.mean(axis=0)), strict=True))
    return Decision(winner(cards, requirements), failures(cards, requirements), clears, smallest_shares(cleared, rows))
