"""Where tasks run: worker processes of this machine, or those of a scheduler at an address."""

import contextlib
import gc
import importlib.util
import logging
import re
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from edgelab import __version__
from edgelab.declarations import Sent
from edgelab.errors import UserError
from edgelab.workspace import LIBRARIES, versions

if TYPE_CHECKING:
    from distributed import Client

CONNECT_S, WORKERS_S = 10.0, 30.0  # how long a scheduler, and then its first worker, may take to be there
ADDRESS = re.compile(r"(tcp|tls)://[^/\s]+:\d{1,5}")
ENGINE = ("dask", "distributed", "cloudpickle", "msgpack", "tornado", "pyarrow")
LOGGERS = ("distributed", "distributed.client", "distributed.gc", "bokeh", "tornado", "tornado.application")
NOTHING = logging.CRITICAL + 1  # the level of what they may say
NEEDED = ("distributed", "pyarrow", "filelock")
HOW_TO_INSTALL = "pip install '.[sweep]'"
DECLARED = (
    Sent(
        what="a sweep's trials, or the logs that are scored and the bundle, to the workers that do them",
        to="the scheduler that the user names, and its workers",
        where="{chosen}",
        policy="only where --scheduler names one; without it the workers are processes of this machine",
        about="user",  # logs are people's words
        part="course",
        kinds=("request",),
    ),
)


class ClusterError(UserError):
    """There are no workers, they are not fit for this work, or they are gone; the message says which and why."""


def see_that_it_is_installed() -> None:
    """What the extra `sweep` brings.

    Raises:
        ClusterError: it is not there.
    """
    for name in NEEDED:
        if importlib.util.find_spec(name) is None:
            raise ClusterError(f"this needs {name}, which is not installed: {HOW_TO_INSTALL}")


@contextlib.contextmanager
def workers_of(scheduler: str | None, workers: int) -> Iterator["Client"]:
    """Workers to hand tasks to, for as long as the block runs: `workers` new processes of one thread each, or those of
    the scheduler at an address.

    A program that calls this outside a function needs the guard `if __name__ == "__main__":`, since a new process reads
    it again. A `ClusterError` says that the extra is not installed, or that the scheduler's workers are not there or not
    alike.
    """
    see_that_it_is_installed()
    with _silence():
        opened = _connected(scheduler) if scheduler is not None else _started(workers)
        with opened as client:
            yield client


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Without the libraries' own words: a worker that dies, which is no error here, is a traceback to them."""
    import distributed  # noqa: F401  (which gives its loggers their handlers)

    handlers = {handler for name in LOGGERS for handler in logging.getLogger(name).handlers}
    levels = {handler: handler.level for handler in handlers}
    for handler in handlers:
        handler.setLevel(NOTHING)
    try:
        yield
    finally:
        for handler, level in levels.items():
            handler.setLevel(level)


@contextlib.contextmanager
def _started(workers: int) -> Iterator["Client"]:
    import dask
    from distributed import Client, LocalCluster

    # No limit of memory: at its 80 % dask would pause a worker, which on a small machine is for ever.
    options: dict[str, Any] = {"threads_per_worker": 1, "memory_limit": None, "silence_logs": NOTHING}
    # dask's scheduler serves its state by HTTP, with a dashboard or without: to this machine alone, and on any free port, so
    # that two runs at once have nothing to say to each other.
    options |= {"dashboard_address": "127.0.0.1:0", "scheduler_kwargs": {"dashboard": False}}
    with (
        # A worker that died is started anew. One that takes longer than this to be back (the default is 15 s, which a busy
        # machine needs to import dask), or that dies again just then, dask would give up without a word.
        dask.config.set({"distributed.deploy.lost-worker-timeout": "365 days"}),
        LocalCluster(n_workers=workers, preload=["edgelab.sweeps.worker"], **options) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


@contextlib.contextmanager
def _connected(address: str) -> Iterator["Client"]:
    from distributed import Client

    _see_that_somebody_is_there(address)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other versions: said below, in one line
        try:
            client, said = Client(address, timeout=CONNECT_S, set_as_default=False), ""
        except Exception as error:  # what somebody else's answer is to dask: of HTTP it makes exabytes to allocate
            client, said = None, _said(error)
    if client is None:
        # The one that failed closes itself when it is collected. Were that amid the start of another, which holds the lock
        # that closing takes, it would wait for itself for ever.
        gc.collect()
        raise ClusterError(f"{address}: expected a dask scheduler, found none that answers: {said}")
    with client:
        see_that_they_are_alike(client, address)
        yield client


def _see_that_somebody_is_there(address: str) -> None:
    """dask itself would try for as long as it may.

    Raises:
        ClusterError: it is no address, or nothing takes a connection there.
    """
    if not ADDRESS.fullmatch(address):
        raise ClusterError(f"{address}: expected a scheduler's address such as tcp://127.0.0.1:8786")
    try:
        place = urlsplit(address)
        with socket.create_connection((place.hostname, place.port), CONNECT_S) as opened:
            if place.scheme == "tcp":
                opened.recv(1)  # a scheduler speaks first; to somebody who is mute, dask would listen for ever
    except (OSError, ValueError) as error:  # ValueError: a port above 65535
        raise ClusterError(f"{address}: expected a dask scheduler, found none: {error}") from None


def identity() -> dict[str, str]:
    """What must be the same wherever a result is made: the versions of Python, of this package, of what it stands on."""
    import platform

    return {"python": platform.python_version(), "edgelab": __version__, **versions(LIBRARIES + ENGINE)}


def see_that_they_are_alike(client: "Client", address: str) -> None:
    """A scheduler's workers give the same results as our own would, one task at a time.

    Raises:
        ClusterError: there are none, they cannot be asked, or one has other versions or several threads.
    """
    try:
        client.wait_for_workers(1, timeout=WORKERS_S)
    except TimeoutError:
        raise ClusterError(
            f"{address}: expected a worker within {WORKERS_S:g} s, found none: start some with `dask worker {address} --nthreads 1`"
        ) from None
    ours = identity()
    try:
        found: dict[str, Any] = client.run(identity, on_error="return")
    except Exception as error:  # whatever the protocol of another version makes of it
        raise ClusterError(f"{address}: its workers cannot be asked: {_said(error)}") from None
    for worker, theirs in sorted(found.items()):
        if not isinstance(theirs, dict):
            raise ClusterError(f"{worker}: expected a worker with edgelab {__version__}, found: {_said(theirs)}")
        if told := unlike(ours, theirs):
            raise ClusterError(f"{worker}: expected the versions that are here, found {told}")
    for worker, threads in sorted(client.nthreads().items()):
        if threads != 1:  # they would share the random numbers of a training, and the seconds of a core
            raise ClusterError(f"{worker}: expected workers of one thread (`--nthreads 1`), found {threads} threads")


def unlike(ours: dict[str, str], theirs: dict[str, str]) -> str:
    """In which versions two differ, in words; empty where in none."""
    return ", ".join(
        f"{name} {theirs.get(name, '-')} (here {own})" for name, own in ours.items() if theirs.get(name) != own
    )


def see_that_they_share(client: "Client", folder: Path) -> None:
    """A scheduler's workers see the same files under the same names.

    Raises:
        ClusterError: one does not.
    """
    probe = folder / ".seen-by-workers"
    probe.write_text("")
    try:
        for worker, there in sorted(client.run(probe.exists).items()):
            if not there:
                raise ClusterError(
                    f"{worker}: expected {folder} under the same name as here (a shared folder), found none"
                )
    finally:
        probe.unlink(missing_ok=True)


def workers_lost(client: "Client") -> int:
    """How many workers this scheduler has lost so far."""
    events = client.get_events("all")
    return sum(
        event.get("action") == "remove-worker" and not event.get("expected")
        for _, event in events
        if isinstance(event, dict)
    )


def _said(error: object) -> str:
    """The last line of an error: those of dask may come with a traceback."""
    lines = str(error).strip().splitlines()
    return lines[-1] if lines else type(error).__name__
