"""A short session of the assistant, to be watched by `09_privacy`: `python -m edgelab.privacy.session DEVICE [planted]`.

It answers requests, counts them, and sends one report to a collector of its own, whose address it prints. With `planted` it
also does two things that nobody declared. (The tests watch a session of all that Pocket does: `tests/privacy`.)
"""

import contextlib
import json
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np

from edgelab.bundle.predict import Bundle
from edgelab.privacy.budget import Budget
from edgelab.privacy.journal import Journal
from edgelab.privacy.telemetry import POCKET_PLAN, make_report, send_report
from edgelab.workspace import data_home

REQUESTS = ("text Ana that i'm late", "wake me at seven", "why is the sky blue")
CLOSED = ("127.0.0.1", 9)  # the port of "discard", where nobody listens


class _Collector(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def run(device: Path, *, planted: bool) -> str:
    """The session; the address of its collector comes back."""
    bundle, journal = Bundle.load(data_home() / "bundles" / "pocket"), Journal(device / "journal.json")
    for request in REQUESTS:
        journal.note(bundle.predict(request).latency_ms)
    with HTTPServer(("127.0.0.1", 0), _Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{server.server_port}"
        answers = journal.answers(np.random.default_rng(0))
        report = make_report(POCKET_PLAN, answers, Budget(POCKET_PLAN.epsilon, device / "budget.json"))
        send_report(report, f"http://{address}/")
        server.shutdown()
    if planted:
        with (device / "debug.log").open("a") as log:
            log.write(f"{REQUESTS[0]}\n")
        with contextlib.suppress(OSError):
            socket.create_connection(CLOSED, timeout=1).close()
    return address


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]), planted="planted" in sys.argv[2:])))
