"""How much memory a process and all that it started take, at their peak: each page in full, or shared ones in parts."""

import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    import psutil

T = TypeVar("T")


class PeakMemory:
    """Samples the memory of a process and its children, in a thread, while the block runs.

    `peak_bytes` is resident memory (RSS): a page that two processes share counts twice. `peak_pss_bytes` counts it once,
    half for each (PSS): asked for with `shared=True`, since the system walks over every mapping for it; None where the
    system does not tell, that is anywhere but on Linux.

    Args:
        pid: gives the process's id, None while there is none yet.
    """

    def __init__(self, pid: Callable[[], int | None], every_s: float = 0.1, *, shared: bool = False) -> None:
        self.peak_bytes = 0
        self.peak_pss_bytes: int | None = None
        self._pid, self._every_s, self._shared, self._done = pid, every_s, shared, threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._done.wait(self._every_s):
            pid = self._pid()
            if pid:
                self.peak_bytes = max(self.peak_bytes, tree_bytes(pid))
                pss = tree_pss_bytes(pid) if self._shared else None
                if pss is not None:
                    self.peak_pss_bytes = max(self.peak_pss_bytes or 0, pss)


def tree_bytes(pid: int) -> int:
    """Resident memory of a process and of all it started; pages they share count more than once."""
    return sum(_of_tree(pid, lambda process: process.memory_info().rss))


def tree_pss_bytes(pid: int) -> int | None:
    """The same with each shared page counted once, in parts; None where the system does not tell."""
    found = _of_tree(pid, lambda process: getattr(process.memory_full_info(), "pss", None))
    known = [pss for pss in found if pss is not None]
    return sum(known) if known and len(known) == len(found) else None


def _of_tree(pid: int, ask: "Callable[[psutil.Process], T]") -> list[T]:
    """What `ask` says of the process and of each that it started, without those that ended meanwhile."""
    import psutil

    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return []
    answers = []
    for member in family:
        with contextlib.suppress(psutil.Error):
            answers.append(ask(member))
    return answers
