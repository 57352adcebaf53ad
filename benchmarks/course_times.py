"""Machine times of the course's map: every notebook cold and warm, into data/course_times.csv.

python -m benchmarks.course_times                        all of them: takes as long as the course does, twice
python -m benchmarks.course_times 06_tiers 09_privacy    their rows alone are replaced
"""

import sys
import tempfile
from datetime import date
from pathlib import Path

from benchmarks.homes import home_at, lend_prepared
from benchmarks.notebook_rows import replace_rows
from edgelab.commands.run import find_notebook
from edgelab.course.notebooks import notebooks, run_notebooks
from edgelab.machine.host import host
from edgelab.workspace import data_home

HEAD = ["notebook", "cold_s", "warm_s", "peak_mb", "host", "date"]


def main() -> None:
    """Measure and write, one notebook after the other.

    Raises:
        SystemExit: one did not go through.
    """
    machine = host()
    for path in [find_notebook(name) for name in sys.argv[1:]] or notebooks():
        # A home of its own: each notebook builds all that it needs, as when it is the first one opened after `make env`.
        with tempfile.TemporaryDirectory() as folder:
            lend_prepared(Path(folder))
            with home_at(Path(folder)):
                cold, warm = run_notebooks([path])[0], run_notebooks([path])[0]
        for run in (cold, warm):
            if run.error:
                raise SystemExit(f"{run.name}, cell {run.failed_cell}: {run.error}")
        row = {
            "notebook": cold.name,
            "cold_s": f"{cold.seconds:.0f}",
            "warm_s": f"{warm.seconds:.0f}",
            "peak_mb": f"{max(cold.peak_bytes, warm.peak_bytes) / 1e6:.0f}",
            "host": f"{machine.cpu}, {machine.cores} cores",
            "date": date.today().isoformat(),
        }
        print(*row.values(), sep="  ", flush=True)
        replace_rows(data_home() / "course_times.csv", cold.name, HEAD, [row])


if __name__ == "__main__":
    main()
