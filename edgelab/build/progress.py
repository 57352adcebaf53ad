"""Which stage of a long job runs, and about how long the rest takes."""

import contextlib
import time
from collections.abc import Callable, Iterator

from edgelab.workspace import Artifact


class Progress:
    """Stages and what each is expected to cost, in any one unit: the seconds a unit takes are learned on the way."""

    def __init__(
        self, costs: dict[str, float], say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.stages, self.left, self.say, self.clock = list(costs), dict(costs), say, clock
        self.cost, self.seconds = 0.0, 0.0  # of the stages that were built now

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[Callable[[Artifact], None]]:
        """Say that the stage begins; inside, hand over each artifact that comes out, to say whether it was loaded."""
        self.say(f"[{self.stages.index(name) + 1}/{len(self.stages)}] {name}{self._time_left()}")
        made: list[Artifact] = []

        def tell(artifact: Artifact) -> None:
            made.append(artifact)
            self.say(f"      {artifact.note}")

        start = self.clock()
        yield tell
        cost = self.left.pop(name)
        if not any(artifact.loaded for artifact in made):
            self.cost, self.seconds = self.cost + cost, self.seconds + self.clock() - start

    def _time_left(self) -> str:
        if not self.cost:
            return ""
        minutes = sum(self.left.values()) * self.seconds / self.cost / 60
        return f" (about {minutes:.0f} min left)" if minutes >= 1 else " (less than a minute left)"
