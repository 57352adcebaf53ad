"""The device lab's page in Chromium: a real server, devices that are played, and what tests ask of a page."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.beginning.guard import path_for_children

ROOT = Path(__file__).parents[2]
BUNDLE = ROOT / "data" / "bundles" / "pocket"
ANSWER_S = 300  # on a busy machine
PHONE, SMALL, LAPTOP = (390, 844), (320, 568), (1280, 800)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
)
SHORTER = {"runs": 60, "sustained_seconds": 3}  # of what a real session asks


@dataclass(frozen=True)
class Fleet:
    """A running `edgelab fleet`: its address with the token, all that it said so far, and where its reports are."""

    url: str
    said: Callable[[], str]
    db: str

    @property
    def token(self) -> str:
        return self.url.partition("#")[2]

    def rows(self) -> list[dict]:
        """Its reports, a row each, in the order of arrival; none of them is an error of `read_rows`."""
        from edgelab.fleet.store import open_store
        from edgelab.fleet.table import rows_of

        store = open_store(self.db, create=False)
        try:
            return [row for name in store.sessions() for row in rows_of(store.reports(name))]
        finally:
            store.close()


@contextmanager
def running_fleet(folder: Path) -> Iterator[Fleet]:
    """The command as a host starts it, ended as a host ends it."""
    log, db = folder / "fleet.log", f"sqlite:///{folder / 'fleet.db'}"
    command = [sys.executable, "-m", "edgelab", "fleet", str(BUNDLE), "--db", db, "--port", "0"]
    environment = os.environ | {
        "PYTHONPATH": path_for_children(ROOT),
        "PYTHONIOENCODING": "utf-8",
        "PYTHONUNBUFFERED": "1",
    }
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        start = time.monotonic()
        while not (found := re.search(r"http://127\.0\.0\.1:\d+/#\S+", log.read_text("utf-8"))):
            assert process.poll() is None and time.monotonic() - start < ANSWER_S, log.read_text("utf-8")
            time.sleep(0.1)
        yield Fleet(found[0], lambda: log.read_text("utf-8"), db)
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def device(browser, size=PHONE, *, phone=True, scheme="light", script="") -> Iterator:
    """A page of a device of its own, which may ask this machine only, and may fail in nothing that it runs.

    Args:
        script: runs before the page's own.
    """
    touch = {"is_mobile": True, "has_touch": True, "user_agent": ANDROID} if phone else {}
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, **touch)
    if script:
        context.add_init_script(script)
    page = context.new_page()
    page.set_default_timeout(1000 * ANSWER_S)
    asked, faults = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)
    page.on("dialog", lambda dialog: faults.append(dialog.message) or dialog.dismiss())
    yield page
    context.close()
    assert {urlsplit(url).hostname for url in asked if not url.startswith("data:")} <= {"127.0.0.1"}
    assert not faults


def alter_session(page, **changes) -> None:
    """Let the page believe that the session asks for something else."""

    def answer(route):
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | changes)

    page.route("**/session", answer)


def send(fleet: Fleet, p50: float) -> None:
    """A report of another device, which took `p50` milliseconds."""
    report = {
        **{"id": str(uuid.uuid4()), "visit": str(uuid.uuid4()), "runs": 300, "batch": 1, "clock_step_ms": 0.1},
        "bundle_sha256": json.loads((BUNDLE / "bundle.json").read_text())["manifest_sha256"],
        "device": {"kind": "tablet", "system": "Android", "browser": "Chrome", "cores": 8, "memory_gb": None}
        | {"screen": [800, 1280]},
        "load_ms": {"download": 100.0, "session": 200.0},
        "latency_ms": dict.fromkeys(("p10", "p50", "p90", "p99"), p50),
        **{"first_ms": 10 * p50, "sustained": None},
    }
    headers = {"Authorization": f"Bearer {fleet.token}", "Content-Type": "application/json"}
    base = fleet.url.partition("#")[0]
    urllib.request.urlopen(urllib.request.Request(f"{base}reports", json.dumps(report).encode(), headers)).close()


def shown(page, section: str) -> None:
    """Wait until a section is shown."""
    page.locator(f"#{section}:not([hidden])").wait_for()


def said(page, element: str, text: str) -> None:
    """Wait until an element says something."""
    page.locator(f"#{element}", has_text=text).wait_for()


def kept(page) -> dict:
    """What the page keeps of its own result."""
    return json.loads(page.evaluate("sessionStorage.getItem('edgelab-device-lab')"))


def faults_of_access(page, axe: str) -> list[str]:
    """What axe-core (its source) finds serious or critical, in light and in dark."""
    if not page.evaluate("typeof axe == 'object'"):
        page.evaluate(axe)
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for fault in page.evaluate("axe.run().then(({violations}) => violations)"):
            if fault["impact"] in ("serious", "critical"):
                found += [f"{scheme}: {fault['id']}: {node['html'][:120]}" for node in fault["nodes"]]
    return found


# What one would have to scroll sideways for (but for what scrolls by design), and what is smaller than a finger.
MISFITS = """() => {
    const seen = [...document.querySelectorAll("body *")].filter(e => e.checkVisibility());
    const aside = e => e.closest(".scroll, .chips, .unseen");
    const wide = seen.filter(e => !aside(e) && e.getBoundingClientRect().right > innerWidth + 0.5);
    const controls = seen.filter(e => e.matches("button, input:not([type=checkbox]), summary, label.check"));
    const small = controls.filter(e => Math.min(e.offsetHeight, e.offsetWidth) < 44);
    return [...wide, ...small].map(e => `${e.tagName} #${e.id}: ${e.textContent.trim().slice(0, 60)}`);
}"""


def misfits(page) -> list[str]:
    """What sticks out of the page to the side, and what is too small to tap."""
    return page.evaluate(MISFITS)
