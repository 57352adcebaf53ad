"""A bundle in the learner's own browser: ONNX Runtime's WebAssembly in the page, results back in Python.

The kernel hands the page the bundle's files and reads what comes back; it computes none of the answers. The page's part
is `web/src/widget.ts`, built by `edgelab prepare browser`.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from edgelab.bundle.calibrated import check_calibrated
from edgelab.bundle.manifest import TOKENIZERS
from edgelab.bundle.predict import Bundle
from edgelab.datasets.loading import load
from edgelab.machine.assets import ORT, AssetsError, assets

REQUESTS = 200  # of Pocket's test, where no texts are given
MISSING = "export default { render({ model, el }) { el.textContent = model.get('error'); } };"


class BrowserBundle(anywidget.AnyWidget):
    """The widget, and what it has found so far. A result reaches Python when no cell is running.

    Attributes:
        answers: each request that was typed, in order: `text`, `label`, `slots`, `confidence`, `latency_ms`, and the
            policy's `where`, `reason`, `score`, `confirm`, with `online` as it was set.
        loaded: `download_ms`, `session_ms`, `first_ms` (the first answer), `bytes`, and `verified`: whether the page
            could compare the files' SHA-256. Empty until the page has loaded the bundle.
        run: of the last run of `texts`: `requests`, `p50_ms`, `p99_ms`, and `latencies_ms` in order. Empty before it.
        error: what went wrong last, in one line.
    """

    answers: traitlets.List = traitlets.List().tag(sync=True)
    loaded = traitlets.Dict().tag(sync=True)
    run = traitlets.Dict().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)
    texts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    _esm = traitlets.Unicode(MISSING).tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    _policy = traitlets.Dict().tag(sync=True)
    _folder = traitlets.Unicode().tag(sync=True)

    def __init__(self, bundle: Bundle, built: Path | None, **traits: Any) -> None:
        super().__init__(**traits)
        self._files = {name: bundle.folder / name for name in ("bundle.json", "model.onnx", *TOKENIZERS)}
        if built:
            self._files |= {name: built / name for name in ORT}
        self.on_msg(self._hand_over)

    def _hand_over(self, _: object, content: dict[str, Any], __: object) -> None:
        """Send the file that the page asks for; no other than those named above."""
        name = content.get("name")
        if content.get("kind") != "file" or not isinstance(name, str) or name not in self._files:
            return
        try:
            self.send({"kind": "file", "name": name}, [self._files[name].read_bytes()])
        except OSError as error:
            self.send({"kind": "file", "name": name, "error": f"{name}: cannot be read: {error.strerror}"})


def show_browser(bundle: Bundle, policy: Any = None, texts: Sequence[str] | None = None) -> BrowserBundle:
    """Type a request and see the tool call, the route and the latency, all computed in this browser; or let it answer
    `texts` one after another. Where the browser's files are not built, the widget says so and how to build them.

    Args:
        policy: a `routing.Policy`, refused by a `BundleError` if it was calibrated for another bundle; None takes its
            defaults.
        texts: what a run answers; None: the first of Pocket's test.
    """
    if policy is not None:
        check_calibrated(bundle, policy.calibrated_for)
    chosen = list(load("pocket").test.texts[:REQUESTS] if texts is None else texts)
    rules = {} if policy is None else asdict(policy)
    try:
        built = assets()
    except AssetsError as error:
        return BrowserBundle(bundle, None, error=str(error), texts=chosen, _policy=rules)
    parts = {"_esm": (built / "widget.js").read_text("utf-8"), "_css": (built / "widget.css").read_text("utf-8")}
    return BrowserBundle(bundle, built, texts=chosen, _policy=rules, _folder=built.name, **parts)
