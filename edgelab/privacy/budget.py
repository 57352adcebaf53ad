"""The privacy budget of a device: what its reports told so far adds up, and when it is spent nothing more leaves.

Whoever sees all reports of a device learns at most what the sum of their epsilons allows (sequential composition, Dwork
and Roth 2014, section 3.5). Sums are exact, of the decimal numbers as they are written: ten times 0.1 is 1. A budget is for
ever: one that is filled up again each month is no bound, and is best named by what it adds up to.
"""

import contextlib
import json
import math
import re
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from edgelab.declarations import Stored
from edgelab.errors import UserError
from edgelab.workspace import write_atomic

DECLARED = (
    Stored(
        what="how much epsilon was spent, on what; a lock while it is",
        where="{device}/*budget.json*",
        how_long="as long as the device",
        about="user",
        part="pocket",
    ),
)

AMOUNT = re.compile("[0-9]{1,4000}(/[1-9][0-9]{0,3999})?")  # as a `Fraction` is written; Python reads 4300 digits


class BudgetSpent(UserError):
    """What was asked for would tell more than the budget allows; nothing was spent."""


class BudgetDamaged(UserError):
    """The file cannot be read or written: how much is spent is not known, so nothing more may be."""


class Budget:
    """So much epsilon for all that ever leaves a device, kept in `file` where one is given: it survives a restart, and
    processes that spend at the same time wait for each other.

    The file belongs to its device alone; whoever deletes it begins anew, and tells twice as much.
    """

    def __init__(self, epsilon: float, file: Path | None = None) -> None:
        self.epsilon, self.file = epsilon, file
        self._limit = _exact(epsilon)
        self._memory: dict[str, str] = {}
        self._lock = threading.Lock()
        self._read()

    def __repr__(self) -> str:
        return f"<Budget: {self.remaining:g} of epsilon {self.epsilon:g} left>"

    @property
    def spent(self) -> dict[str, float]:
        """The epsilon spent so far, by what it was spent on."""
        return {what: float(Fraction(amount)) for what, amount in self._read().items()}

    @property
    def remaining(self) -> float:
        """The epsilon that is left."""
        return float(max(Fraction(0), self._limit - _total(self._read())))

    def spend(self, epsilon: float, what: str) -> float:
        """Spend it, before anything leaves; what remains is returned.

        Raises:
            BudgetSpent: more than remains.
        """
        amount = _exact(epsilon)
        with self._alone():
            spent = self._read()
            left = self._limit - _total(spent) - amount
            if left < 0:
                raise BudgetSpent(
                    f"{what}: expected at most epsilon {float(max(Fraction(0), left + amount)):g}, what is left of "
                    f"{self.epsilon:g}, found {epsilon:g}: nothing leaves"
                )
            spent[what] = str(Fraction(spent.get(what, 0)) + amount)
            self._write(spent)
        return float(left)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """No other thread or process spends meanwhile.

        Raises:
            BudgetDamaged: there is no place for the file.
        """
        with self._lock:
            if self.file is None:
                yield
                return
            from filelock import FileLock

            try:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                held = FileLock(self.file.with_name(f".{self.file.name}.lock")).acquire()
            except OSError as error:
                raise BudgetDamaged(f"{self.file}: cannot be written: {error.strerror}") from None
            with held:
                yield

    def _read(self) -> dict[str, str]:
        """What was spent, as fractions in text.

        Raises:
            BudgetDamaged: that is not known.
        """
        if self.file is None:
            return dict(self._memory)
        try:
            record = json.loads(self.file.read_text("utf-8"))
            spent = record["spent"]
            # No other form: `1e999999999` would be one, of a number that takes hours to write out.
            sound = all(isinstance(amount, str) and AMOUNT.fullmatch(amount) for amount in spent.values())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            sound = False
        if not sound:
            raise BudgetDamaged(f"{self.file}: expected what was spent so far, found no such record")
        return spent

    def _write(self, spent: dict[str, str]) -> None:
        """Keep it.

        Raises:
            BudgetDamaged: it cannot be kept.
        """
        if self.file is None:
            self._memory = spent
            return
        try:
            write_atomic(self.file, json.dumps({"spent": spent}, indent=1))
        except OSError as error:
            raise BudgetDamaged(f"{self.file}: cannot be written: {error.strerror}") from None


def _exact(epsilon: float) -> Fraction:
    """The decimal number as it is written, without the error of its binary form.

    Raises:
        ValueError: not positive, or infinite.
    """
    if not 0 < epsilon < math.inf:
        raise ValueError(f"expected a positive epsilon, found {epsilon}")
    return Fraction(str(float(epsilon)))


def _total(spent: dict[str, str]) -> Fraction:
    return sum(map(Fraction, spent.values()), Fraction(0))
