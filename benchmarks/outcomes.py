"""What comes at each prediction of the course on this machine, into data/outcomes.csv: every notebook runs once.

python -m benchmarks.outcomes                      all of them: warm, some minutes
python -m benchmarks.outcomes 01_distillation      its rows alone are replaced
"""

import sys
from datetime import date

from benchmarks.notebook_rows import replace_rows
from edgelab.commands.headless import say_notebook
from edgelab.commands.run import find_notebook
from edgelab.course.notebooks import notebooks, run_notebooks
from edgelab.course.outcomes import outcomes
from edgelab.course.workshop import desk
from edgelab.machine.host import host
from edgelab.workspace import data_home

HEAD = ["notebook", "prediction", "measured", "unit", "host", "date"]


def main() -> None:
    """Measure and write, one notebook after the other.

    Raises:
        SystemExit: one did not go through.
    """
    file, machine = data_home() / "outcomes.csv", host()
    for path in [find_notebook(name) for name in sys.argv[1:]] or notebooks():
        with desk():
            (run,) = run_notebooks([path], say_notebook)
            if run.error:
                raise SystemExit(f"{run.name}, {run.outcome}")
            found = {name: each for name, each in outcomes().items() if each.measured is not None}
        where = {"host": f"{machine.cpu}, {machine.cores} cores", "date": date.today().isoformat()}
        new = [
            {"notebook": run.name, "prediction": name, "measured": f"{each.measured:.6g}", "unit": each.unit, **where}
            for name, each in found.items()
        ]
        replace_rows(file, run.name, HEAD, new)


if __name__ == "__main__":
    main()
