"""The README's tables, out of committed data: `python -m book.readme` writes them anew.

The notebooks' seconds are those of `data/course_times.csv`, the peers' table is the one of `benchmarks/README.md`.
"""

import csv

from benchmarks.pocket_card import put, section
from edgelab.course.notebooks import COURSE, course_folder
from edgelab.workspace import data_home, write_atomic

NOT_YET = "No run stands in `benchmarks/README.md` yet: `python -m benchmarks.peers --write` makes one."


def notebooks_table() -> str:
    """Every notebook: its decision, path and counted minutes; the machine's seconds where they were measured, and on what."""
    with (data_home() / "course_times.csv").open(encoding="utf-8", newline="") as file:
        times = {row["notebook"]: row for row in csv.DictReader(file)}
    lines = [
        "| notebook | the decision at its end | path | your minutes | machine, cold, s | warm, s |",
        "|---|---|---|---|---:|---:|",
    ]
    for name, decision, path, minutes in COURSE:
        cold, warm = (times[name][key] if name in times else "-" for key in ("cold_s", "warm_s"))
        lines.append(f"| `{name}` | {decision} | {path} | {minutes} | {cold} | {warm} |")
    hosts = dict.fromkeys(f"{row['host']}, {row['date']}" for row in times.values())
    return "\n".join([*lines, "", f"Machine: {'; '.join(hosts)}; cold with nothing built, warm with everything."])


def peers_table() -> str:
    """What `python -m benchmarks.peers --write` printed last."""
    return section((course_folder() / "benchmarks" / "README.md").read_text("utf-8"), "peers").strip() or NOT_YET


def main() -> None:
    """Write both tables into the README."""
    readme = course_folder() / "README.md"
    text = readme.read_text("utf-8")
    for name, told in (("notebooks", notebooks_table()), ("peers", peers_table())):
        text = put(text, name, told)
    write_atomic(readme, text)


if __name__ == "__main__":
    main()
