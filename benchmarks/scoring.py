"""Logs of millions of requests scored: every row once with a worker killed, memory, and the rate on 2 workers against 1.

    python -m benchmarks.scoring FOLDER [--rows 10000000] [--noisy 0.5] [--turns 5]

The logs are made of Pocket's `test` with noise: in a share of the rows (--noisy) one to three characters are dropped,
doubled or exchanged, each time differently; the others repeat, and a text is asked once in each piece. The killed run goes by the command's own function. For the ratio 1 and 2 workers take turns
on the same part of the logs, in an order drawn anew; each turn gives a ratio.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil

from edgelab.datasets.loading import load
from edgelab.machine.host import host
from edgelab.stats.bootstrap import bootstrap
from edgelab.sweeps.cluster import workers_of
from edgelab.sweeps.score_run import Scored, on_paper, score
from edgelab.workspace import data_home

BUNDLE = data_home() / "bundles" / "pocket"
FILE_ROWS, GROUP_ROWS = 1_000_000, 50_000
ASSUMED_PRICE = 0.05  # dollars of an hour of one core: an assumption


def noisy(text: str, draw: random.Random) -> str:
    """With one to three slips."""
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(max(1, len(text) - 1))
        slip = draw.choice(("drop", "double", "exchange"))
        if slip == "drop" and len(text) > 2:
            text = text[:at] + text[at + 1 :]
        elif slip == "double":
            text = text[:at] + text[at : at + 1] + text[at:]
        else:
            text = text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
    return text


def requests(count: int, noisy_share: float, seed: int) -> Iterator[str]:
    """Texts of Pocket's test, a share of them with slips."""
    texts, draw = load("pocket").test.texts, random.Random(seed)
    for _ in range(count):
        text = draw.choice(texts)
        yield noisy(text, draw) if draw.random() < noisy_share else text


def write_logs(folder: Path, rows: int, noisy_share: float) -> None:
    """Parquet files of a million rows at most."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    for number, start in enumerate(range(0, rows, FILE_ROWS)):
        file = folder / f"{number:04d}.parquet"
        if not file.exists():
            texts = pa.array(requests(min(FILE_ROWS, rows - start), noisy_share, seed=number), pa.string())
            pq.write_table(pa.table({"text": texts}), file, row_group_size=GROUP_ROWS, compression="zstd")


def places(out: Path) -> tuple[int, bool]:
    """How many rows there are, and whether each place stands once; in numbers, of one file after the other."""
    import pyarrow.parquet as pq

    found: dict[str, list[np.ndarray]] = {}
    for part in out.glob("part-*.parquet"):
        table = pq.read_table(part, columns=["source", "row"])
        for source in table["source"].unique().to_pylist():  # a part has one
            found.setdefault(source, []).append(table["row"].to_numpy())
    each = [np.sort(np.concatenate(rows)) for rows in found.values()]
    return sum(map(len, each)), all(np.array_equal(rows, np.arange(len(rows))) for rows in each)


def killed_run(logs: Path, out: Path, rows: int) -> Scored:
    """On two workers, one of which is killed when a third is done."""
    killed: list[int] = []
    with workers_of(None, 2) as client:

        def say(line: str) -> None:
            print(" ", line, flush=True)
            done = sum(1 for _ in out.glob("part-*.parquet"))
            if not killed and done * 2 * GROUP_ROWS > rows / 3:
                killed.append(next(iter(client.run(os.getpid).values())))
                os.kill(killed[0], signal.SIGKILL)
                print(f"  killed worker {killed[0]}", flush=True)

        return score(BUNDLE, logs, out, contextlib.nullcontext(client), say)


def rate(logs: Path, out: Path, workers: int) -> float:
    """Rows a second, start of the processes aside, their first piece included."""
    shutil.rmtree(out, ignore_errors=True)
    found = score(BUNDLE, logs, out, workers_of(None, workers), lambda line: None)
    return found.now.rows / found.wall_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="for the logs and what is made of them")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--noisy", type=float, default=0.5, help="the share of rows with slips of the hand")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--turn-rows", type=int, default=800_000)  # eight pieces: two workers share them
    args = parser.parse_args()
    logs, turn_logs = (args.folder / f"{rows}-{args.noisy}" for rows in (args.rows, args.turn_rows))
    out = args.folder / "out"
    start = time.monotonic()
    write_logs(logs, args.rows, args.noisy)
    if args.turns:
        write_logs(turn_logs, args.turn_rows, args.noisy)
    print(f"{host().cpu}, {host().cores} cores; logs written in {time.monotonic() - start:.0f} s", flush=True)

    if args.rows:
        shutil.rmtree(out, ignore_errors=True)
        print(f"load average before {psutil.getloadavg()[0]:.1f}", flush=True)
        found = killed_run(logs, out, args.rows)
        count, once = places(out)
        core = found.now.rows / found.now.cpu_s
        print(f"{count:,} rows, each once: {once}; workers lost: {found.workers_lost}; set aside: {found.total.aside}")
        print(
            f"wall {found.wall_s:.0f} s, {found.now.rows / found.wall_s:,.0f} rows a second on 2 workers, {core:,.0f} a second of one core's work"
        )
        print(f"texts asked {found.now.asked:,}; highest memory of a worker {found.now.peak_bytes / 1e6:.0f} MB")
        paper = on_paper(core, core_hour_price=ASSUMED_PRICE)
        print(
            f"a billion: {paper['core_hours']:,.0f} core hours, {paper['price']:,.0f} dollars at {ASSUMED_PRICE} (assumed)"
        )
        print(f"load average after {psutil.getloadavg()[0]:.1f}", flush=True)

    draw, ratios = random.Random(0), []
    for turn in range(args.turns):
        rates = {n: rate(turn_logs, args.folder / "turn", n) for n in draw.sample((1, 2), 2)}
        ratios.append(rates[2] / rates[1])
        print(
            f"turn {turn}: {rates[1]:,.0f} and {rates[2]:,.0f}, load average {psutil.getloadavg()[0]:.1f}", flush=True
        )
    if ratios:
        found = bootstrap(np.median, np.array(ratios))
        print(f"2 workers against 1: {found:.2f} (median of {len(ratios)} turns, 95 % bootstrap over turns)")


if __name__ == "__main__":
    main()
