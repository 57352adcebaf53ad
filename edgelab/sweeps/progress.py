"""How far many tasks are, and how long the rest takes."""

import time
from collections.abc import Callable


class Progress:
    """Tasks that end in any order, and what each costs, in any one unit: how much of it a second brings is learned on the
    way. A line at most every `every_s` seconds, and one at the end."""

    def __init__(
        self,
        tasks: int,
        cost: float,
        say: Callable[[str], None],
        *,
        every_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tasks, self.left, self.say, self.every_s, self.clock = tasks, cost, say, every_s, clock
        self.ended, self.cost = 0, 0.0
        self.start = self.said = clock()

    def end(self, cost: float, line: str) -> None:
        """A task has ended."""
        self.ended, self.cost, self.left = self.ended + 1, self.cost + cost, self.left - cost
        now = self.clock()
        if self.ended < self.tasks and now - self.said < self.every_s:
            return
        self.said = now
        self.say(f"[{self.ended}/{self.tasks}] {line}{self._time_left(now)}")

    def _time_left(self, now: float) -> str:
        if self.ended >= self.tasks or not self.cost:
            return ""
        seconds = max(0.0, self.left) * (now - self.start) / self.cost
        return f" (about {seconds / 60:.0f} min left)" if seconds >= 60 else " (less than a minute left)"
