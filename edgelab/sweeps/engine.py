"""Tasks on workers, as they come back. What a worker was doing when it died is done again by another, nothing else."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgelab.sweeps.cluster import ClusterError

if TYPE_CHECKING:
    from distributed import Client


@dataclass(frozen=True)
class Task:
    """`function(*arguments)` on some worker, once those named in `after` are done; `cost` in any one unit, for the time
    that is left."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    after: tuple[str, ...] = ()
    cost: float = 1.0


@dataclass(frozen=True)
class Done:
    """What came of a task: its result, or the error that it, or what it came after, ended with."""

    task: Task
    result: Any
    error: Exception | None


def as_they_come(client: "Client", tasks: Iterable[Task], *, room: int | None = None) -> Iterator[Done]:
    """Each task's end, in whatever order.

    Args:
        tasks: each after those that it comes after.
        room: how many to hand over at once, for each worker; then there may be any number of tasks, none of which comes
            after another. None: all.

    Raises:
        ClusterError: the scheduler is gone.
    """
    from distributed import as_completed

    run, waiting = uuid.uuid4().hex[:12], iter(tasks)
    named: dict[str, Task] = {}
    futures: dict[str, Any] = {}
    ends = as_completed(loop=client.loop, raise_errors=False)

    def hand_over() -> bool:
        for task in waiting:
            # The names of tasks are the scheduler's, which others may use, too.
            name = f"edgelab-{run}-{task.name}"
            after = [futures[before] for before in task.after]
            future = client.submit(_after, task.function, task.arguments, after, key=name, pure=False)
            named[name] = task
            if room is None:
                futures[task.name] = future
            ends.add(future)
            return True
        return False

    at_once = float("inf") if room is None else room * max(1, len(client.nthreads()))
    while len(named) < at_once and hand_over():
        pass
    futures.clear()  # what comes after others keeps them alive; the rest is done for, and not again when a worker dies
    for future in ends:
        if future.status in ("lost", "pending"):  # its worker died before we had the result
            ends.add(future)
            continue
        try:
            error = future.exception()
            result = None if error else future.result()
        except CancelledError:
            raise ClusterError("the scheduler is gone; the same command goes on") from None
        task = named.pop(future.key)
        del future
        yield Done(task, result, error and _told(task, error))
        hand_over()


def _after(function: Callable[..., Any], arguments: tuple[Any, ...], before: list[Any]) -> Any:
    """Call it; what it came after is done, as dask sees to."""
    return function(*arguments)


def _told(task: Task, error: Exception) -> Exception:
    """dask's own error, of a task that no worker survives, in our words."""
    from distributed.scheduler import KilledWorker

    if isinstance(error, KilledWorker):
        tries = error.allowed_failures + 1
        return ClusterError(
            f"{task.name}: {tries} workers died while they did it: too little memory, or a fault of a library"
        )
    return error
