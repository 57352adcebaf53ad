"""The privacy budget of a device: what its reports told so far adds up, and when it is spent nothing more leaves.

Whoever sees all reports of a device knows at most as much as the sum of their epsilons allows (sequential composition,
Dwork and Roth 2014, section 3.5). Sums are exact, of the decimal numbers as they are written: ten times 0.1 is 1.
"""

from pathlib import Path

from edgelab.errors import UserError


class BudgetSpent(UserError):
    """What was asked for would tell more than the budget allows; nothing was spent."""


class BudgetDamaged(UserError):
    """The file cannot be read: how much is spent is not known, so nothing more may be."""


class Budget:
    """So much epsilon for all that ever leaves a device, kept in `file` where one is given: it survives a restart, and
    processes that spend at the same time wait for each other.

    `remaining` and `spent` (by purpose) read the file anew.
    """

    def __init__(self, epsilon: float, file: Path | None = None) -> None:
        raise NotImplementedError

    @property
    def spent(self) -> dict[str, float]:
        """The epsilon spent so far, by what it was spent on."""
        raise NotImplementedError

    @property
    def remaining(self) -> float:
        """The epsilon that is left."""
        raise NotImplementedError

    def spend(self, epsilon: float, what: str) -> float:
        """Spend it, before anything leaves; what remains is returned.

        Raises:
            BudgetSpent: more than remains.
            ValueError: no positive, finite epsilon.
        """
        raise NotImplementedError
