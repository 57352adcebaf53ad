"""Tasks on workers, as they come back. What a worker was doing when it died is done again by another, nothing else."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgelab.sweeps.cluster import ClusterError

if TYPE_CHECKING:
    from distributed import Client

WAITING = 4  # tasks handed over for each worker, where there may be very many


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


def as_they_come(client: "Client", tasks: Iterable[Task]) -> Iterator[Done]:
    """Each task's end, in whatever order. Only some of those that come after nothing are handed over at once, so there may be any
    number of them.

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
            named[name], futures[task.name] = task, future
            ends.add(future)
            return True
        return False

    room = WAITING * max(1, sum(client.nthreads().values()))
    while len(named) < room and hand_over():
        pass
    for future in ends:
        task = named.pop(future.key)
        if future.status not in ("finished", "error"):
            raise ClusterError("the scheduler is gone")
        error = _told(task, future.exception()) if future.status == "error" else None
        yield Done(task, None if error else future.result(), error)
        hand_over()


def _after(function: Callable[..., Any], arguments: tuple[Any, ...], before: list[Any]) -> Any:
    """Call it; what it came after is done, as dask sees to."""
    return function(*arguments)


def _told(task: Task, error: Exception) -> Exception:
    """dask's own error, of a task that no worker survives, in our words."""
    from distributed.scheduler import KilledWorker

    if isinstance(error, KilledWorker):
        tries = error.allowed_failures + 1
        return ClusterError(f"{task.name}: {tries} workers died while they did it: too little memory, or a fault of a library")
    return error
