"""From evidence to a decision: the smallest that clears, why not the others, how sure that is, and what would change it."""

from dataclasses import dataclass

from edgelab.selection.certainty import DRAWS
from edgelab.selection.evidence import Evidence
from edgelab.selection.form import Requirements


@dataclass(frozen=True)
class Decision:
    """Which model ships; `chosen` is None where none may.

    Args:
        reasons: what each model fails, at the cautious end of its intervals; empty for one that may ship.
        clears: of each model the probability that it truly clears everything asked.
        smallest: of each model, and of `certainty.NONE`, the probability that it is the smallest that truly does.
    """

    chosen: str | None
    reasons: dict[str, tuple[str, ...]]
    clears: dict[str, float]
    smallest: dict[str, float]

    @property
    def probability(self) -> float | None:
        """That the chosen one truly clears; None where none was chosen."""
        return None if self.chosen is None else self.clears[self.chosen]


@dataclass(frozen=True)
class Change:
    """One way for `model` to win instead of the chosen one.

    Args:
        what: the form's field, as `min_calls`; or what of the model would have to be measured: `size_bytes`, `examples`.
        now: the value today.
        needed: the value from which the model wins; None: no value does it by itself.
        text: the same as a sentence.
    """

    model: str
    what: str
    now: float
    needed: float | None
    text: str


def decide(rows: list[Evidence], requirements: Requirements, *, draws: int = DRAWS, seed: int = 0) -> Decision:
    """The smallest model whose intervals clear all that is asked, at the end that errs on the safe side; of two alike in
    size the first.

    Raises:
        EvidenceError: rows that cannot be compared.
    """
    raise NotImplementedError


def what_would_change(rows: list[Evidence], requirements: Requirements) -> list[Change]:
    """For each model that was not chosen, the smallest changes that would make it win: of one requirement, of its size, or
    of the number of examples (at the shares measured now) on which its intervals would be narrow enough."""
    raise NotImplementedError
