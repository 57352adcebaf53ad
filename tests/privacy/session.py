"""A session of the whole Pocket for the watch: `python -m tests.privacy.session ADAPTABLE ADAPTER DEVICE ASSETS`.

It prints as JSON which addresses it was given. `python -m tests.privacy.session plant KIND FOLDER` does one thing that nobody
declared.
"""

import contextlib
import json
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np

from edgelab import workspace
from edgelab.workspace import home


class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def collector():
    """A collector in a thread: its address, and what it took."""
    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        server.taken = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", server.taken
        server.shutdown()


def hybrid() -> str:
    """The assistant asks the stand-in; where that is."""
    from edgelab.bundle.predict import Bundle
    from edgelab.cloud.client import client_from, start_cloud
    from edgelab.routing.assistant import Assistant
    from edgelab.routing.policy import Policy
    from tests.clouds import AT_ONCE, POCKET

    with start_cloud(POCKET, network=AT_ONCE) as cloud:
        assistant = Assistant(Bundle.load(POCKET), Policy(threshold=1e9), client_from(cloud))
        answers = [assistant.answer(text) for text in ("text Ana that i'm late", "why is the sky blue")]
        with cloud.outage():
            answers.append(assistant.answer("wake me at seven"))
        assert [answer.sent is not None for answer in answers] == [True, True, True] and cloud.traffic()[
            "requests"
        ] == 2
        return cloud.base_url.split("/")[2]


def personal(bundle: Path, adapter: Path) -> Path:
    """A person teaches, is understood, and another one is forgotten; the folder in which their things lie."""
    from edgelab.personalization.adapters import write_adapter
    from edgelab.personalization.cache import ContextCache
    from edgelab.personalization.personal import PersonalBundle
    from edgelab.personalization.prototypes import learn_prototypes, save_prototypes
    from edgelab.personalization.store import forget, user_folder
    from edgelab.personalization.teaching import my_bundle

    folder = my_bundle(bundle)
    opened = PersonalBundle.load(folder)
    learned = opened.read("ada", adapter)
    for name in ("ada", "ben"):
        write_adapter(learned, user_folder(folder, name))
    opened.load_user("ada")
    opened.use("ada")
    opened.predict("back in the coffin")
    own = user_folder(folder, "ada")
    features = np.stack([opened.features(text) for text in ("back in the coffin", "roll the tape")])
    save_prototypes(learn_prototypes(features, ["coffin", "tapes"]), own / "prototypes.npz")
    ContextCache(own / "requests.json").remember("back in the coffin", "set_alarm", features[0])
    assert forget(folder, "ben")
    return folder


def telemetry(device: Path) -> str:
    """A device counts, spends, reports; where its collector is."""
    from edgelab.privacy.budget import Budget
    from edgelab.privacy.journal import Journal
    from edgelab.privacy.telemetry import POCKET_PLAN, make_report, send_report

    journal, budget = Journal(device / "journal.json"), Budget(4, device / "budget.json")
    journal.note(3.0, escalated=True)
    with collector() as (address, taken):
        send_report(make_report(POCKET_PLAN, journal.answers(np.random.default_rng(0)), budget), f"http://{address}/")
        assert len(taken) == 1
    return address


def course(assets: Path) -> str:
    """A notebook builds, guesses, measures; a phone joins the lab; where that is."""
    from edgelab.course import prediction, scoreboard
    from edgelab.stats.samples import LatencySamples
    from tests.labs import report, running_lab

    workspace.build_once("watched", lambda folder: (folder / "it.txt").write_text("built"), inputs={})
    prediction.record("watched", 3.0, "ms")
    scoreboard.add(
        [scoreboard.measured("09", "it", np.array([True, False]), LatencySamples("it", (1.0,)), size_bytes=1)]
    )
    with running_lab(assets, None) as lab:
        assert lab.ask("POST", "/reports", report(lab.sha256)).status == 201
        return lab.host


def plant(kind: str, folder: Path) -> None:
    """One thing that nobody declared."""
    if kind == "write":
        (folder / "notes.txt").write_text("text Ana that i'm late")
    elif kind == "renamed":
        workspace.write_atomic(folder / "notes.txt", "text Ana that i'm late")
    elif kind == "child":
        program = "import sys; open(sys.argv[1], 'w').write('x')"
        subprocess.run([sys.executable, "-c", program, str(folder / "notes.txt")], check=True)
    elif kind == "library":  # ONNX Runtime writes by itself: Python's hook sees nothing
        from onnxruntime import AdapterFormat, OrtValue

        value, made = OrtValue.ortvalue_from_numpy(np.ones(1, np.float32)), AdapterFormat()
        made.set_parameters({"a": value})
        made.export_adapter(str(folder / "notes.txt"))
    elif kind == "database":
        import sqlite3

        with contextlib.closing(sqlite3.connect(folder / "notes.txt")) as opened:
            opened.execute("create table said (words)")
    elif kind == "send":
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname()).close()
            print(server.getsockname()[1])
    elif kind == "datagram":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"x", ("127.0.0.1", 9))
    elif kind == "lookup":
        with contextlib.suppress(OSError):
            socket.getaddrinfo("ana-is-late.invalid", 443)
    elif kind == "run":
        subprocess.run(["sh", "-c", "true"], check=True)
    elif kind == "predict":
        from edgelab.bundle.predict import Bundle
        from tests.clouds import POCKET

        print(Bundle.load(POCKET).predict("wake me at seven").label)
    else:
        assert kind == "nothing"


def main(arguments: list[str]) -> None:
    if arguments[0] == "plant":
        plant(arguments[1], Path(arguments[2]))
        return
    adaptable, adapter, device, assets = map(Path, arguments)
    cloud = hybrid()
    own = personal(adaptable, adapter)
    found = {"cloud": [cloud], "collector": [telemetry(device)], "lab": [course(assets)]}
    print(json.dumps(found | {"bundle": [str(own)], "home": [str(home())], "device": [str(device)]}))


if __name__ == "__main__":
    main(sys.argv[1:])
