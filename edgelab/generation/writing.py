"""All texts of all jobs by each precision, in child processes: `python -m edgelab.generation.writing FOLDER CASES.json`."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from edgelab.generation.convert import MISSING, prepared
from edgelab.generation.endpoint import Endpoint
from edgelab.generation.errors import GeneratorError
from edgelab.generation.shipped import find_shipped
from edgelab.generation.texts import Answering, Case, Text, find_texts, write_texts

COMPARED = ("fp32", "int8", "int4-k")  # the builder's own int4 is compared in the physics of it, not in the jobs
ENDPOINT = "endpoint"  # the further column of whoever names one: see `Endpoint.from_environment`
HOW = "run `edgelab prepare texts`: it takes about ten minutes, once"


@dataclass(frozen=True)
class AllTexts:
    """What stands of the generators' texts.

    Attributes:
        texts: job -> generator -> its texts.
        shipped: the generators of whom some texts came with the course and were not written here.
        missing: generator -> what to run, where rows are missing.
    """

    texts: dict[str, dict[str, tuple[Text, ...]]]
    shipped: tuple[str, ...]
    missing: dict[str, str]


def compared() -> tuple[str, ...]:
    """The generators whose texts stand beside each other."""
    return (*COMPARED, ENDPOINT) if Endpoint.from_environment() else COMPARED


def find_all(asked: Mapping[str, Sequence[Case]], more: Mapping[str, Path] | None = None) -> AllTexts:
    """The texts of each job: those written here, else those that came with the course; nothing is generated.

    Args:
        more: further generators, name -> folder, such as a tuned one.
    """
    folders: dict[str, Answering] = {**prepared().models, **(more or {})}
    if endpoint := Endpoint.from_environment():
        folders[ENDPOINT] = endpoint
    texts: dict[str, dict[str, tuple[Text, ...]]] = {job: {} for job in asked}
    shipped, missing = [], {}
    for who in (*compared(), *(more or {})):
        for job, cases in asked.items():
            kept = find_texts(folders[who], cases) if who in folders else None
            if kept is None and (kept := find_shipped(who, cases)):
                shipped.append(who)
            if kept is not None:
                texts[job][who] = kept
            else:
                missing[who] = HOW if who in folders else f"{MISSING}; then {HOW}"
    return AllTexts(texts, tuple(dict.fromkeys(shipped)), missing)


def write_all(asked: Mapping[str, Sequence[Case]], done: Callable[[int], None]) -> None:
    """Write what is missing of each job by each precision: a process for each, two at a time, on one thread each; then
    by the endpoint, if one is named. Interrupted, it goes on from the last finished piece.

    Args:
        done: told of each finished piece: how many cases it had. All in all there are as many as are asked, times `compared`.

    Raises:
        GeneratorError: a precision is not built, or its process failed.
    """
    models = prepared().models
    if lacking := [precision for precision in COMPARED if precision not in models]:
        raise GeneratorError(f"the generator is not built in {' and '.join(lacking)}: {MISSING}")
    running: list[subprocess.Popen[str]] = []
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "cases.json"
        file.write_text(json.dumps([[asdict(case) for case in cases] for cases in asked.values()]), "utf-8")
        try:
            with ThreadPoolExecutor(2) as pool:
                for each in [pool.submit(_write, models[precision], file, running, done) for precision in COMPARED]:
                    each.result()
        finally:  # interrupted, or one failed: nothing goes on generating
            for process in running:
                process.kill()
                process.wait()
    if endpoint := Endpoint.from_environment():
        for cases in asked.values():
            write_texts(endpoint, cases, done)


def _write(folder: Path, file: Path, running: "list[subprocess.Popen[str]]", done: Callable[[int], None]) -> None:
    """One model's texts of all cases in a file, in a process of its own.

    Raises:
        GeneratorError: it failed; its last words are told.
    """
    command = [sys.executable, "-m", __name__, str(folder), str(file)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    running.append(process)
    last = ""
    for line in process.stdout or ():
        last = line.strip() or last
        if last.isdigit():
            done(int(last))
    if process.wait():
        raise GeneratorError(f"{folder}: its texts cannot be written: {last[:300]}")


def main(folder: str, file: str) -> None:
    """Write the texts of all jobs' cases in a file by the generator in a folder; print how many each piece had."""
    for cases in json.loads(Path(file).read_text("utf-8")):
        asked = [Case(tuple(case["messages"]), case["max_tokens"], case["schema"]) for case in cases]
        write_texts(Path(folder), asked, lambda count: print(count, flush=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
