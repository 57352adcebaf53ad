"""What learners take who share one machine: memory and processor of N kernels that run one notebook at once.

python -m benchmarks.learners                         01 and 04 in 1, 4 and 8 kernels, into data/learners.csv
python -m benchmarks.learners 05_measurement          another one
python -m benchmarks.learners 01_distillation --at 2  so many at once

Warm: each notebook runs once before. Every kernel has a home of its own whose built models are one and the same, and
computes on one thread, as `tools/jupyterhub_config.py` has it. Memory is proportional (PSS): a page that several processes
share counts for each of them in part; so no other notebook may run on the machine meanwhile, which would share them, too.
It is asked for twice a second, of each kernel and of what that started.
"""

import argparse
import contextlib
import csv
import io
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field, fields
from datetime import date
from itertools import zip_longest
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from edgelab.commands.output import print_table, say
from edgelab.commands.run import find_notebook
from edgelab.course.notebooks import read_notebook
from edgelab.course.workshop import lend
from edgelab.machine.host import host
from edgelab.machine.memory import tree_pss_bytes
from edgelab.workspace import data_home, write_atomic

if TYPE_CHECKING:
    from nbclient import NotebookClient

NOTEBOOKS, AT_ONCE = ("01_distillation", "04_routing"), (1, 4, 8)
EVERY_S, CELL_S = 0.5, 3600


@dataclass(frozen=True)
class Learner:
    """One kernel of `at_once`: memory at its own peak, `all_peak_mb` that of all together at theirs."""

    notebook: str
    at_once: int
    kernel: int
    peak_pss_mb: float
    median_pss_mb: float
    cpu_s: float
    wall_s: float
    all_peak_mb: float
    host: str
    date: str


def run_at_once(path: Path, count: int) -> list[Learner]:
    """Run it in so many kernels, begun together. Where the system does not tell the memory, it is 0.

    Raises:
        SystemExit: a cell failed in one of them.
    """
    from nbclient import NotebookClient

    watched, failed = [Watched() for _ in range(count)], []

    def learn(learner: Watched, folder: str) -> None:
        begin = time.perf_counter()
        place = {"metadata": {"path": str(path.parent.resolve())}}
        learner.client = NotebookClient(read_notebook(path), timeout=CELL_S, resources=place)
        try:
            learner.client.execute(env={**os.environ, "OMP_NUM_THREADS": "1", "EDGELAB_HOME": folder})
        except Exception as error:  # each library has errors of its own
            failed.append(f"{path.stem}: {type(error).__name__}: {error}")
        learner.wall_s = time.perf_counter() - begin

    with contextlib.ExitStack() as homes:
        threads = [
            threading.Thread(target=learn, args=(learner, homes.enter_context(lent_home()))) for learner in watched
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            for learner in watched:
                learner.look()
            time.sleep(EVERY_S)
    if failed:
        raise SystemExit(failed[0])
    together = max(map(sum, zip_longest(*(learner.pss for learner in watched), fillvalue=0)))
    machine = host()
    where = f"{machine.cpu}, {machine.cores} cores"
    return [
        Learner(
            path.stem, count, number, *(round(x / 1e6) for x in (max(each.pss), median(each.pss))), round(each.cpu_s, 1),
            round(each.wall_s, 1), round(together / 1e6), where, date.today().isoformat(),
        )
        for number, each in enumerate(watched, 1)
    ]  # fmt: skip


@dataclass
class Watched:
    """A kernel while it runs: its memory at each look, its processor seconds so far."""

    client: "NotebookClient | None" = None
    pss: list[int] = field(default_factory=list)
    cpu_s: float = 0.0
    wall_s: float = 0.0

    def look(self) -> None:
        """Ask now; 0 where there is no kernel yet, or no more."""
        import psutil

        pid = getattr(getattr(getattr(self.client, "km", None), "provisioner", None), "pid", None)
        self.pss.append((tree_pss_bytes(pid) or 0) if pid else 0)
        with contextlib.suppress(psutil.Error):
            if pid:
                kernel = psutil.Process(pid)
                used = [kernel.cpu_times(), *(child.cpu_times() for child in kernel.children(recursive=True))]
                ended = used[0].children_user + used[0].children_system
                self.cpu_s = max(self.cpu_s, ended + sum(times.user + times.system for times in used))


@contextlib.contextmanager
def lent_home() -> Iterator[str]:
    """A learner's own home; what was built and downloaded is lent by this one."""
    with tempfile.TemporaryDirectory() as folder:
        lend(Path(folder))
        yield folder


def summed(learners: list[Learner]) -> list[str]:
    """A line of the table for those who ran at once."""
    peaks, cpu, wall = ([getattr(each, name) for each in learners] for name in ("peak_pss_mb", "cpu_s", "wall_s"))
    first = learners[0]
    return [
        first.notebook, str(first.at_once), f"{max(peaks):.0f}", f"{first.all_peak_mb:.0f}",
        f"{first.all_peak_mb / first.at_once:.0f}", f"{median(cpu):.0f}", f"{max(wall):.0f}",
    ]  # fmt: skip


HEAD = [
    "notebook",
    "kernels",
    "MB, one at most",
    "MB, all at once",
    "MB of these, each",
    "CPU s, each",
    "s, the slowest",
]


def read(file: Path) -> list[Learner]:
    """What was kept there; nothing where there is no such file."""
    kinds = {each.name: each.type for each in fields(Learner)}
    rows = csv.DictReader(io.StringIO(file.read_text("utf-8"))) if file.exists() else []
    return [Learner(**{name: kinds[name](value) for name, value in row.items()}) for row in rows]


def keep(file: Path, new: list[Learner]) -> None:
    """Write them, in place of those of the same notebook and as many kernels."""
    measured = {(each.notebook, each.at_once) for each in new}
    rows = [each for each in read(file) if (each.notebook, each.at_once) not in measured] + new
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow([each.name for each in fields(Learner)])
    table.writerows(map(astuple, sorted(rows, key=lambda each: (each.notebook, each.at_once, each.kernel))))
    write_atomic(file, stream.getvalue())


def main() -> None:
    """Measure, keep, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learners")
    parser.add_argument("notebooks", nargs="*", default=NOTEBOOKS)
    parser.add_argument("--at", type=int, action="append", help="so many kernels at once")
    args = parser.parse_args()
    file, rows = data_home() / "learners.csv", []
    for path in map(find_notebook, args.notebooks):
        say(f"{path.stem}: once before, so that all is built")
        run_at_once(path, 1)
        for count in args.at or AT_ONCE:
            say(f"{path.stem}: {count} at once")
            learners = run_at_once(path, count)
            keep(file, learners)
            rows.append(summed(learners))
    print_table([HEAD, *rows])


if __name__ == "__main__":
    main()
