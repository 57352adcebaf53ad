"""A lab for a notebook: the server in a process of its own, and its reports as a table while they arrive."""

import json
import shutil
import subprocess
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from edgelab.declarations import Stored
from edgelab.fleet.address import LOOPBACK, lan_address, qr_svg
from edgelab.fleet.content import FleetError
from edgelab.fleet.table import data_frame, rows_of
from edgelab.machine import child
from edgelab.machine.assets import assets

if TYPE_CHECKING:
    import pandas as pd

    from edgelab.fleet.store import Store

DECLARED = (
    Stored(
        what="what the device lab said of requests that it refused",
        where="{temporary}/edgelab-lab-*/refused.txt",
        how_long="until the lab ends",
        about="nobody",
        part="course",
    ),
)


class Lab:
    """A running lab: the address that phones open, its QR code as an SVG image, and the session's name.

    It ends with the `with` block, with `close()`, when nothing refers to it any more, when Python exits, and, since the
    server watches the pipe that its parent holds, when the parent is killed. Its reports stay.
    """

    def __init__(self, url: str, session: str, process: subprocess.Popen[str], store: "Store", log: Path) -> None:
        self.url, self.qr, self.session, self.process = url, qr_svg(url), session, process
        self._store, self._log = store, log
        weakref.finalize(self, shutil.rmtree, log.parent, ignore_errors=True)  # at exit after the other
        self._end = weakref.finalize(self, _close, process, store)

    def __enter__(self) -> "Lab":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "running" if self.running else "closed"
        return f"<Lab {self.url.partition('#')[0]}: session {self.session}, {state}>"

    @property
    def running(self) -> bool:
        """Whether the server's process is alive."""
        return self.process.poll() is None

    def close(self) -> None:
        """End the server. Calling it again does nothing."""
        self._end()

    def reports(self) -> "pd.DataFrame":
        """A row for each report so far (`table.COLUMNS`), in the order of arrival; also after the end."""
        return data_frame(rows_of(self._store.reports(self.session)))

    def refused(self) -> list[str]:
        """What the server said of requests that it refused: the first of each kind."""
        # By its name: a file that was handed on open has one place for both, and reading would move the server's.
        return self._log.read_text("utf-8", "replace").splitlines()


def start_lab(
    bundle: str | Path,
    *,
    lan: bool = False,
    port: int = 0,
    db: str | None = None,
    session: str | None = None,
    texts: str | Path | None = None,
) -> Lab:
    """Start the lab in a process of its own and wait until it answers.

    `with start_lab(folder) as lab:` ends it with the block; in a notebook keep the value and `close()` it.

    Args:
        bundle: the folder of the bundle that phones run.
        lan: serve on this machine's address in its network, over plain http that others there can read, and not on
            loopback alone.
        port: 0 for a free one.
        db: the database, as `edgelab fleet --db` takes it; by default a file in EDGELAB_HOME.
        session: the name of a session of this bundle to begin or continue; by default a new one.
        texts: a file of texts to run, one a line; needed where the bundle's labels are not Pocket's.

    An unsound bundle is a `BundleError`, a database that cannot be opened a `StoreError`, missing files of the browser an
    `AssetsError`.

    Raises:
        FleetError: it does not come up; the message is its own last line.
    """
    from edgelab.bundle.manifest import read_manifest
    from edgelab.fleet.store import open_store

    read_manifest(Path(bundle))  # what is wrong here is told by this process, not by one that died
    settings = {"bundle": str(Path(bundle).resolve()), "assets": str(assets()), "port": port, "db": db}
    settings |= {"host": lan_address() if lan else LOOPBACK, "session": session}
    settings |= {"texts": str(Path(texts).resolve()) if texts else None}
    store = open_store(db)
    log = Path(tempfile.mkdtemp(prefix="edgelab-lab-")) / "refused.txt"  # as long as the lab lives
    try:
        with log.open("w+", encoding="utf-8") as complaints:
            process, ready = child.start("edgelab.fleet.server", settings, complaints)
    except child.ChildError as error:
        store.close()
        shutil.rmtree(log.parent, ignore_errors=True)
        raise FleetError(f"the device lab did not come up: {error}") from None
    said = json.loads(ready)
    return Lab(said["url"], said["session"], process, store, log)


def _close(process: subprocess.Popen[str], store: "Store") -> None:
    child.end(process)
    store.close()
