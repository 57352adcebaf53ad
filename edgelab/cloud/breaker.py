"""A circuit breaker: while the cloud is away, requests do not wait for it one after the other.

Without one, each request of an outage pays for every try, every back-off and every time-out before it falls back to
the device. With one the first few pay, the others are answered at once, and now and then one looks whether the cloud
is back.
"""

import threading
import time
from collections.abc import Callable

CLOSED, PROBE, OPEN = "closed", "probe", "open"


class Breaker:
    """Opens after `failures` failed requests in a row; after `cooldown_s` it lets one through as a probe, and closes
    when that succeeds. Safe to share between threads."""

    def __init__(
        self, *, failures: int = 3, cooldown_s: float = 30.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if failures < 1 or not cooldown_s >= 0:
            raise ValueError(f"expected failures >= 1 and cooldown_s >= 0, found {failures} and {cooldown_s}")
        self.failures, self.cooldown_s, self._clock = failures, cooldown_s, clock
        self._lock, self._in_a_row = threading.Lock(), 0
        self._next_probe: float | None = None

    def admit(self) -> str:
        """Whether the next request may go: CLOSED, yes; PROBE, yes, with a single try; OPEN, no."""
        with self._lock:
            if self._next_probe is None:
                return CLOSED
            if self._clock() < self._next_probe:
                return OPEN
            self._next_probe = self._clock() + self.cooldown_s  # one probe at a time
            return PROBE

    def succeeded(self) -> None:
        """A request that was let through got its answer."""
        with self._lock:
            self._in_a_row, self._next_probe = 0, None

    def failed(self) -> None:
        """A request that was let through got none."""
        with self._lock:
            self._in_a_row += 1
            if self._in_a_row >= self.failures:
                self._next_probe = self._clock() + self.cooldown_s
