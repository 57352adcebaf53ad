"""`python -m tools.notebook_results FILE NOTEBOOK`: run one notebook, and keep as JSON how it went and what its verified
cells said. `tools/refresh.py` runs this in the environment of each lock."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from edgelab.commands.signals import heed_in_loop, heeding_termination
from edgelab.course.notebooks import VERIFIED, read_notebook, run_notebook
from edgelab.workspace import write_atomic


def said(outputs: Iterable[Any]) -> str:
    """A cell's outputs as text."""
    parts = []
    for output in outputs:
        text = output.get("text") or output.get("data", {}).get("text/plain", "") or output.get("ename", "")
        parts.append(text if isinstance(text, str) else "".join(text))
    return "".join(parts)


def verified(notebook: Any) -> dict[int, tuple[str, str]]:
    """By the number of each verified cell (from 1, code cells only): its first line and what it said."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    tagged = {number: cell for number, cell in enumerate(code, 1) if VERIFIED in cell.metadata.get("tags", ())}
    return {n: (cell.source.partition("\n")[0], said(cell.outputs)) for n, cell in tagged.items()}


def run(path: Path) -> dict:
    notebook = read_notebook(path)
    committed = verified(notebook)
    done = run_notebook(path, notebook, lambda cell, cells, seconds: heed_in_loop())
    found = verified(notebook)
    reached = None if done.error is None else done.failed_cell or 1
    return {
        "name": done.name,
        "seconds": round(done.seconds, 1),
        "peak_bytes": done.peak_bytes,
        "outcome": done.outcome,
        "failed": done.error is not None,
        "verified": [
            {"cell": number, "line": line, "committed": committed[number][1], "found": text}
            for number, (line, text) in found.items()
            if reached is None or number < reached
        ],
    }


if __name__ == "__main__":
    with heeding_termination():
        write_atomic(Path(sys.argv[1]), json.dumps(run(Path(sys.argv[2])), indent=1))
