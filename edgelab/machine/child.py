"""A server in a process of its own, which ends with the process that started it."""

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
from typing import IO, Any, cast

from edgelab.errors import UserError

READY_S, CLOSE_S = 60.0, 5.0


class ChildError(UserError):
    """A server that did not come up; the message is its own last line."""


def start(
    module: str, settings: dict[str, Any], complaints: IO[str] | None = None
) -> tuple[subprocess.Popen[str], str]:
    """Run `python -m module`, hand it the settings as a line of JSON on its standard input, and wait for the line that it
    writes once it answers. Its input then stays open for as long as this process lives: the module watches it.

    Args:
        complaints: a file that takes what it says on standard error.

    Raises:
        ChildError: it died first, or said nothing in `READY_S` seconds.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as own:
        said = complaints or own
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            start_new_session=True,  # an interrupted cell is not the end of the server
        )
        stdin, stdout = _pipes(process)
        impatient = threading.Timer(READY_S, process.kill)
        impatient.start()
        try:
            with contextlib.suppress(BrokenPipeError):  # it died at once: its complaint is read below
                stdin.write(json.dumps(settings) + "\n")
                stdin.flush()
            ready = stdout.readline().strip()
        except BaseException:
            end(process)
            raise
        finally:
            impatient.cancel()
        if not ready:
            end(process)
            said.seek(0)
            last = said.read().strip().splitlines()[-1:]
            raise ChildError(last[0] if last else f"no word within {READY_S:g} s")
    return process, ready


def end(process: subprocess.Popen[str]) -> None:
    """Closing its input asks it to end; a few seconds' patience, then force."""
    stdin, stdout = _pipes(process)
    with contextlib.suppress(OSError):
        stdin.close()
    try:
        process.wait(CLOSE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    stdout.close()


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    """Its standard input and output: `start` asked for both."""
    return cast(IO[str], process.stdin), cast(IO[str], process.stdout)
