"""Ctrl-C and SIGTERM: both clean up, and the exit code tells which it was."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn


class Terminated(KeyboardInterrupt):
    """SIGTERM: whatever cleans up after Ctrl-C does so after this."""


@contextlib.contextmanager
def heeding_termination() -> Iterator[None]:
    """Inside, SIGTERM raises `Terminated`. A library may make another error of it, which is the stop all the same; one
    that swallows it goes on, and the next signal raises again.

    Raises:
        Terminated: the signal came.
    """
    asked = False

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        nonlocal asked
        asked = True
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except Exception:
        if asked:
            raise Terminated from None
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def heed_in_loop() -> None:
    """The same within a running event loop whose owner, such as nbclient, took both signals for itself."""

    def stop(kind: type[KeyboardInterrupt]) -> NoReturn:
        raise kind

    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows
        loop.add_signal_handler(signal.SIGINT, stop, KeyboardInterrupt)
        loop.add_signal_handler(signal.SIGTERM, stop, Terminated)
