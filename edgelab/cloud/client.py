"""The cloud as the device sees it: a stand-in server, started in a process of its own, and a client.

The stand-in speaks the OpenAI chat-completions API and answers with a bundle, such as the teacher's. The client is
the `openai` package, so that a real endpoint takes its place with one environment variable: EDGELAB_CLOUD_MODEL.
"""

import contextlib
import http.client
import json
import os
import secrets
import subprocess
import urllib.request
import weakref
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelab.cloud.network import Network
from edgelab.declarations import Sent
from edgelab.errors import UserError
from edgelab.machine import child

if TYPE_CHECKING:
    import openai

DECLARED = (
    Sent(
        what="whether the network is out, and what it counted so far",
        to="the stand-in for a cloud",
        where="{cloud}",
        policy="asked of the stand-in alone, by the key of its run",
        about="nobody",
        part="course",
    ),
)

STAND_IN = "stand-in"  # the name of its model
MODEL_VARIABLE = "EDGELAB_CLOUD_MODEL"


class CloudError(UserError):
    """The stand-in cannot be started or reached, or a setting of the server or the client means nothing."""


class Cloud:
    """A running stand-in: its address, its key, and the process that it is.

    It ends with the `with` block, with `close()`, when nothing refers to it any more, when Python exits, and, since
    the server watches the pipe that its parent holds, when the parent is killed.
    """

    def __init__(self, base_url: str, key: str, network: Network, process: subprocess.Popen[str]) -> None:
        self.base_url, self.key, self.network, self.process = base_url, key, network, process
        self._end = weakref.finalize(self, child.end, process)

    def __enter__(self) -> "Cloud":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Cloud {self.base_url}: {self.network}, {'running' if self.running else 'closed'}>"

    @property
    def running(self) -> bool:
        """Whether the server's process is alive."""
        return self.process.poll() is None

    def close(self) -> None:
        """End the server. Calling it again does nothing."""
        self._end()

    def traffic(self) -> dict[str, int]:
        """What the server counted. Tries: `arrived`, and of them `refused` (outage), `lost_requests`,
        `lost_responses`. Requests, by idempotency key: `carried_out` (how often any was), `requests` (how many
        different ones; the server remembers the last 4,096 keys), `repeated` (tries answered from memory, not carried
        out again)."""
        return self._control("GET")["traffic"]

    @contextlib.contextmanager
    def outage(self) -> Iterator[None]:
        """Every connection drops while the block runs."""
        self._control("PUT", {"outage": True})
        try:
            yield
        finally:
            if self.running:
                self._control("PUT", {"outage": False})

    def _control(self, method: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.base_url.removesuffix('/v1')}/network",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
            method=method,
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(request, timeout=10) as response:
                return json.load(response)
        except (OSError, ValueError, http.client.HTTPException) as error:  # somebody else may have its port by now
            raise CloudError(f"the stand-in cloud at {self.base_url} does not answer: {error}") from None


def start_cloud(
    bundle: str | Path,
    *,
    network: Network = Network(),  # noqa: B008  (frozen)
    answer_rate: float = 0.95,
    seed: int = 0,
) -> Cloud:
    """Start the stand-in on a free loopback port, in a process of its own, and wait until it answers.

    `with start_cloud(folder) as cloud:` ends it with the block; in a notebook keep the value and `close()` it.

    Args:
        bundle: the folder of the bundle that makes the tool calls: the teacher's.
        answer_rate: the share of open questions whose emulated answer counts as right.
        seed: of the network's draws and of which answers are right.

    A folder that is not a sound bundle is a `BundleError`, before any process is started.

    Raises:
        CloudError: it does not come up; the message is its own last line.
    """
    from edgelab.bundle.manifest import read_manifest

    read_manifest(Path(bundle))  # what is wrong with it is told here, not by a process that died
    if not 0 <= answer_rate <= 1:
        raise CloudError(f"answer_rate: expected a share from 0 to 1, found {answer_rate!r}")
    key = new_key()
    settings = {"bundle": str(Path(bundle).resolve()), "key": key, "answer_rate": answer_rate, "seed": seed}
    settings["network"] = asdict(network)
    try:
        process, port = child.start("edgelab.cloud.server", settings)
    except child.ChildError as error:
        raise CloudError(f"the stand-in cloud did not come up: {error}") from None
    return Cloud(f"http://127.0.0.1:{port}/v1", key, network, process)


def client_from(cloud: Cloud | None = None, *, timeout_s: float = 5.0, max_retries: int = 2) -> "openai.OpenAI":
    """An `openai.OpenAI` client: of the stand-in, or of a real endpoint where EDGELAB_CLOUD_MODEL names a model.

    With that variable set, the address and the key are those of the `openai` package's own OPENAI_BASE_URL and
    OPENAI_API_KEY, and requests leave this machine. Without it they go to `cloud` and nowhere else, whatever else is
    set. Retries, with exponential backoff and jitter, are the client's own.

    Args:
        timeout_s: how long one try may take.
        max_retries: tries after the first.

    Raises:
        CloudError: neither a cloud nor a model is named, or the key is missing.
    """
    import openai

    if os.environ.get(MODEL_VARIABLE, "").strip():
        try:
            return openai.OpenAI(timeout=timeout_s, max_retries=max_retries)
        except openai.OpenAIError as error:
            raise CloudError(f"{MODEL_VARIABLE} is set, but {error}") from None
    if cloud is None:
        raise CloudError(f"expected a running stand-in (start_cloud), or {MODEL_VARIABLE} set to a model's name")
    client = openai.OpenAI(
        base_url=cloud.base_url,
        api_key=cloud.key,
        timeout=timeout_s,
        max_retries=max_retries,
        http_client=openai.DefaultHttpx2Client(trust_env=False),  # loopback: no proxy of the environment's
    )
    client.stand_in = cloud  # type: ignore[attr-defined]  # so that it lives as long as its client
    return client


def new_key() -> str:
    """A key for one run of the stand-in, in the form of the API's."""
    return f"sk-stand-in-{secrets.token_urlsafe(24)}"


def model_name() -> str:
    """The model to ask for: what EDGELAB_CLOUD_MODEL names, else the stand-in's."""
    return os.environ.get(MODEL_VARIABLE, "").strip() or STAND_IN
