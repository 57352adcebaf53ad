"""Write `requirements.lock` from the report of a dry pip install (`make lock`)."""

import json
import re
import sys
from pathlib import Path

OLDEST = "3.11"
HEADER = f"""\
# Every package of the course and of its tests, pinned. Written by `make lock`; change pyproject.toml instead.
# Resolved on Python {OLDEST}, the oldest supported; installs on 3.11 to 3.13. What torch needs for a GPU is not
# named here: pip adds it where the chosen build of torch asks for it.
"""
GPU = re.compile(r"(nvidia|cuda|triton)([-_].*)?$")


def lock(report: dict) -> str:
    """`name==version` for each package that pip would install, without the local part (`2.13.0+cpu`)."""
    python = report["environment"]["python_version"]
    if python != OLDEST:
        sys.exit(
            f"expected Python {OLDEST}, which needs the most packages, found {python}: make lock PYTHON=python{OLDEST}"
        )
    pins = {}
    for item in report["install"]:
        name = re.sub(r"[-_.]+", "-", item["metadata"]["name"]).lower()
        if name != "edgelab-workbook" and not GPU.match(name):
            pins[name] = item["metadata"]["version"].partition("+")[0]
    return HEADER + "".join(f"{name}=={version}\n" for name, version in sorted(pins.items()))


if __name__ == "__main__":
    Path("requirements.lock").write_text(lock(json.load(sys.stdin)), "utf-8")
