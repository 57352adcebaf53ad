"""200 devices report to the device lab at once: how long a post takes, and whether each report is kept exactly once.

    python -m benchmarks.fleet_load --assets FOLDER [--db URL] [--kill] [--open]

This process is the generator: every device's posts have a time of their own, drawn before (open arrivals), and a latency
counts from that time, however late the post goes out. The server is `python -m edgelab.fleet.server`, a process of its
own, on a fixed port. A tenth of the reports are posted twice, and then with another body; a post that fails is tried
again with the same id, after pauses that double. With --kill the server is killed (SIGKILL) half-way and started anew;
with --open each device first loads the page, what it needs, and the bundle.
"""

import argparse
import asyncio
import contextlib
import json
import random
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from edgelab.fleet.store import open_store
from edgelab.machine.assets import assets

BUNDLE = Path(__file__).parents[1] / "data" / "bundles" / "pocket"
PATIENCE_S, FIRST_PAUSE_S, LONGEST_PAUSE_S = 10.0, 0.25, 4.0


@dataclass
class Load:
    """What the generator saw: from the planned time to the answer, in ms; what was acknowledged, [id]; each answer."""

    latency_ms: list[float] = field(default_factory=list)
    acknowledged: dict[str, bytes] = field(default_factory=dict)
    answers: Counter = field(default_factory=Counter)
    opened_ms: list[float] = field(default_factory=list)


@dataclass
class Server:
    """The server's process, on a port and of a session that outlive it."""

    settings: dict
    process: subprocess.Popen | None = None
    url: str = ""

    def start(self) -> "Server":
        command = [sys.executable, "-m", "edgelab.fleet.server"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(json.dumps(self.settings) + "\n")
        self.process.stdin.flush()
        self.url = json.loads(self.process.stdout.readline())["url"]
        return self

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._close()

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait(20)
        self._close()

    def _close(self) -> None:
        with contextlib.suppress(BrokenPipeError):  # of what it has not heard
            self.process.stdin.close()
        self.process.stdout.close()


def new_server(db: str | None, folder: Path, session: str = "load") -> Server:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    named = {"bundle": str(BUNDLE), "assets": str(folder), "texts": None, "host": "127.0.0.1"}
    return Server(named | {"port": port, "db": db, "session": session})


async def ask(url: str, method: str, path: str, token: str, body: bytes = b"") -> tuple[int, bytes]:
    """One request on a connection of its own, as cheap for the generator as can be; status and body."""
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n"
    head += f"Accept-Encoding: gzip\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(head.encode() + body)
        answer = await reader.read(-1)
    finally:
        writer.close()
    head, _, content = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 "):
        raise ConnectionError("the connection broke")
    return int(head.split()[1]), content


def a_report(sha256: str, visit: str, draw: random.Random) -> dict:
    p50 = draw.lognormvariate(1, 0.7)
    return {
        "id": str(uuid.UUID(int=draw.getrandbits(128), version=4)),
        "visit": visit,
        "device": {
            **{"kind": draw.choice(["phone", "laptop"]), "system": draw.choice(["Android", "iOS", "Windows"])},
            **{"browser": "Chrome", "cores": 8, "memory_gb": 4, "screen": [390, 844]},
        },
        "bundle_sha256": sha256,
        "load_ms": {"download": 900.0, "session": 110.5},
        "first_ms": 2 * p50,
        "latency_ms": {"p10": 0.9 * p50, "p50": p50, "p90": 1.2 * p50, "p99": 2 * p50},
        **{"runs": 300, "batch": 1, "clock_step_ms": 0.1},
        "sustained": {"seconds": 60.0, "p50_ms": [p50] * 12},
    }


async def post(load: Load, url: str, token: str, body: bytes, planned: float, *, again: bool) -> None:
    """Post at the planned time, and until it is acknowledged; then once more if `again`."""
    await asyncio.sleep(max(0.0, planned - time.perf_counter()))
    pause = FIRST_PAUSE_S
    while True:
        try:
            status, _ = await asyncio.wait_for(ask(url, "POST", "/reports", token, body), PATIENCE_S)
        except (OSError, TimeoutError):
            status = 0
        load.answers[status] += 1
        if status in (200, 201):
            break
        await asyncio.sleep(pause * random.uniform(0.5, 1))  # apart from the others, who wait for the same server
        pause = min(2 * pause, LONGEST_PAUSE_S)
    load.latency_ms.append(1000 * (time.perf_counter() - planned))
    load.acknowledged[json.loads(body)["id"]] = body
    if again:
        status, _ = await ask(url, "POST", "/reports", token, body)
        load.answers[f"again {status}"] += 1
        other = body.replace(b'"runs": 300', b'"runs": 301')
        status, _ = await ask(url, "POST", "/reports", token, other)
        load.answers[f"another body {status}"] += 1


async def open_page(load: Load, url: str, token: str, names: list[str], planned: float) -> None:
    """Load all that a phone loads, one after the other."""
    await asyncio.sleep(max(0.0, planned - time.perf_counter()))
    for name in names:
        status, _ = await ask(url, "GET", name, token)
        load.answers[f"page {status}"] += 1
    load.opened_ms.append(1000 * (time.perf_counter() - planned))


async def generate(
    server: Server,
    *,
    devices: int,
    reports: int,
    seconds: float,
    kill: bool = False,
    pages: tuple[str, ...] = (),
    seed: int = 0,
) -> Load:
    """The whole load; with `kill` the server is killed half-way, and started again."""
    draw, load = random.Random(seed), Load()
    url, token = server.url.split("#")
    sha256 = json.loads((await ask(url, "GET", "/session", token))[1])["bundle"]["sha256"]
    start, tasks = time.perf_counter() + 0.5, []
    for _ in range(devices):
        visit = str(uuid.UUID(int=draw.getrandbits(128), version=4))
        if pages:
            tasks.append(open_page(load, url, token, list(pages), start + draw.uniform(0, seconds / 6)))
        for _ in range(reports):
            body = json.dumps(a_report(sha256, visit, draw)).encode()
            planned = start + draw.uniform(0, seconds)
            tasks.append(post(load, url, token, body, planned, again=not kill and draw.random() < 0.1))

    async def killer() -> None:
        await asyncio.sleep(start + seconds / 2 - time.perf_counter())
        server.kill()
        await asyncio.to_thread(server.start)

    await asyncio.gather(*tasks, *([killer()] if kill else []))
    return load


def differences(load: Load, db: str | None, session: str = "load") -> dict[str, int]:
    """How many acknowledged reports are missing, kept twice, or kept otherwise than they were sent; and how many were
    kept that nobody acknowledged."""
    store = open_store(db, create=False)
    kept = [json.loads(report.body) for report in store.reports(session)]
    store.close()
    counts = Counter(body["id"] for body in kept)
    by_id = {body["id"]: body for body in kept}
    sent = {id: json.loads(body) for id, body in load.acknowledged.items()}
    return {
        "lost": len(sent.keys() - by_id.keys()),
        "doubled": sum(count > 1 for count in counts.values()),
        "altered": sum(by_id.get(id, body) != body for id, body in sent.items()),
        "unacknowledged": len(by_id.keys() - sent.keys()),
    }


def measured(db: str | None, folder: Path, args: argparse.Namespace) -> None:
    """Run once and print."""
    server = new_server(db, folder, f"load-{uuid.uuid4().hex[:8]}").start()
    used = psutil.Process(server.process.pid)
    pages = (
        "/",
        *(f"/assets/{f.name}" for f in sorted(folder.iterdir()) if f.name.startswith(("lab.js", "lab.css", "ort"))),
    )
    pages = (*pages, "/bundle/bundle.json", "/bundle/model.onnx", "/bundle/vocabulary.zlib") if args.open else ()
    before, own = time.perf_counter(), time.process_time()
    try:
        sizes = {"devices": args.devices, "reports": args.reports, "seconds": args.seconds}
        load = asyncio.run(generate(server, **sizes, kill=args.kill, pages=pages))
        wall, own = time.perf_counter() - before, time.process_time() - own
        serving = None if args.kill else sum(used.cpu_times()[:2])
        memory = None if args.kill else used.memory_info().rss / 1e6
    finally:
        server.end()
    p50, p95, p99 = np.percentile(load.latency_ms, [50, 95, 99])
    where = (db or "sqlite").partition(":")[0]
    print(
        f"{where}{', killed half-way' if args.kill else ''}{', pages loaded' if pages else ''}: {len(load.acknowledged)} acknowledged"
    )
    print(
        f"  post from its planned time: p50 {p50:.1f}, p95 {p95:.1f}, p99 {p99:.1f}, longest {max(load.latency_ms):.0f} ms"
    )
    if load.opened_ms:
        print(f"  page, assets and bundle: p50 {np.median(load.opened_ms):.0f}, longest {max(load.opened_ms):.0f} ms")
    print(f"  generator {own / wall:.0%} of a core; load average {psutil.getloadavg()[0]:.1f}", end="")
    print("" if args.kill else f"; server {serving / wall:.0%} of a core with its start, {memory:.0f} MB")
    print(f"  answers {dict(sorted(load.answers.items(), key=str))}")
    print(f"  {differences(load, db, server.settings['session'])}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", help="postgresql://... (default: a new SQLite file)")
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--reports", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--open", action="store_true")
    parser.add_argument("--assets", type=Path, help="the folder of the built page (default: where it was built)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured(args.db or f"sqlite:///{folder}/reports.db", args.assets or assets(), args)


if __name__ == "__main__":
    main()
