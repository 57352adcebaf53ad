"""How much memory a process and all that it started take, at their peak: each page in full, or shared ones in parts."""

import threading
from collections.abc import Callable


class PeakMemory:
    """Samples the memory of a process and its children, in a thread, while the block runs.

    `peak_bytes` is resident memory (RSS): a page that two processes share counts twice. `peak_pss_bytes` counts it once,
    half for each (PSS): asked for with `shared=True`, since the system walks over every mapping for it; None where the
    system does not tell, that is anywhere but on Linux.

    Args:
        pid: gives the process's id, None while there is none yet.
    """

    def __init__(self, pid: Callable[[], int | None], every_s: float = 0.1, *, shared: bool = False):
        self.peak_bytes = 0
        self.peak_pss_bytes: int | None = None
        self._pid, self._every_s, self._shared, self._done = pid, every_s, shared, threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()

    def _sample(self):
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
    return None if not found or None in found else sum(found)


def _of_tree(pid: int, ask: Callable) -> list:
    """What `ask` says of the process and of each that it started, without those that ended meanwhile."""
    import psutil

    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return []
    answers = []
    for member in family:
        try:
            answers.append(ask(member))
        except psutil.Error:
            pass
    return answers
