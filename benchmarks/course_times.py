"""Machine times of the course's map: every notebook cold and warm, into data/course_times.csv.

python -m benchmarks.course_times       takes as long as the course does, twice
"""

import csv
import io
import os
import tempfile
from datetime import date

from edgelab.course.notebooks import notebooks, run_notebooks
from edgelab.machine.host import host
from edgelab.workspace import data_home, write_atomic


def main() -> None:
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(["notebook", "cold_s", "warm_s", "peak_mb", "host", "date"])
    machine = host()
    for path in notebooks():
        # A home of its own: each notebook builds all that it needs, as when it is the first one opened.
        with tempfile.TemporaryDirectory() as home:
            os.environ["EDGELAB_HOME"] = home
            cold, warm = run_notebooks([path])[0], run_notebooks([path])[0]
        for run in (cold, warm):
            if run.error:
                raise SystemExit(f"{run.name}, cell {run.failed_cell}: {run.error}")
        peak_mb = max(cold.peak_bytes, warm.peak_bytes) / 1e6
        where = f"{machine.cpu}, {machine.cores} cores"
        row = [
            run.name,
            f"{cold.seconds:.0f}",
            f"{warm.seconds:.0f}",
            f"{peak_mb:.0f}",
            where,
            date.today().isoformat(),
        ]
        print(*row, sep="  ", flush=True)
        table.writerow(row)
    write_atomic(data_home() / "course_times.csv", stream.getvalue())


if __name__ == "__main__":
    main()
