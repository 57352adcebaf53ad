"""What was asked lately and what it meant: remembered, found again, forgotten in time.

The cheapest way to adapt: a correction helps at once and for the same words, or near ones. It is bounded twice: of more
than `capacity` requests the one unused for longest goes (least recently used), and none outlives `lifetime_s`.
"""

import base64
import json
import re
import reprlib
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from edgelab.bundle.manifest import BundleError, is_number, is_text
from edgelab.declarations import Stored
from edgelab.personalization.prototypes import unit
from edgelab.workspace import write_atomic

DECLARED = (
    Stored(
        what="requests word for word, and what each meant",
        where="{bundle}/users/*/requests.json",
        how_long="30 days after it was said, or until 64 others were used since, or the person forgets them",
        about="user",
        part="pocket",
    ),
)

DAY_S = 86_400


@dataclass(frozen=True)
class Remembered:
    """A request and what it meant. `learned_s` is when that was said, `used_s` when it last answered, both in seconds of
    the cache's clock; `vector` is what the model makes of the text, float16 [width] in base64, or empty."""

    text: str
    label: str
    learned_s: float
    used_s: float
    vector: str = ""


@dataclass(frozen=True)
class Hit:
    """What a lookup found: the `label`, the remembered `text` that it comes from, and their similarity; 1 where the words
    are the same."""

    label: str
    text: str
    similarity: float


Keep = Callable[[Sequence[Remembered], float, float, int], list[Remembered]]


class ContextCache:
    """Requests and their meanings, the last used one last; kept in `file` where one is given.

    Args:
        similar: the cosine from which on another text counts as the same request; above 1 only the same words do.
        clock: gives seconds; of a kind that goes on while the program is closed, since the file outlives it.
        keep: who stays, as `still_kept` has it.
    """

    def __init__(
        self,
        file: Path | None = None,
        *,
        capacity: int = 64,
        lifetime_s: float = 30 * DAY_S,
        similar: float = 0.8,
        clock: Callable[[], float] = time.time,
        keep: Keep | None = None,
    ) -> None:
        self.file, self.capacity, self.lifetime_s, self.similar, self.clock = file, capacity, lifetime_s, similar, clock
        self._keep = keep or still_kept
        self._entries: dict[str, Remembered] = {} if file is None or not file.exists() else _read(file)
        self._expire()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> tuple[Remembered, ...]:
        """All that is remembered, the longest unused first."""
        return tuple(self._entries.values())

    def remember(self, text: str, label: str, features: np.ndarray | None = None) -> None:
        """Keep what a text means; what it was taken for before is overwritten.

        Args:
            features: what the model makes of it, [width]; without them only the same words find it again.
        """
        now, key = self.clock(), plain_words(text)
        self._expire()
        self._entries.pop(key, None)
        self._entries[key] = Remembered(text, label, now, now, "" if features is None else _packed(features))
        self._expire()
        self._write()

    def lookup(self, text: str, features: np.ndarray | None = None) -> Hit | None:
        """What a text means, if it was said before, or something near enough to it. A hit makes its request the last used
        one; that is written with the next `remember`."""
        self._expire()
        key, similarity = plain_words(text), 1.0
        if key not in self._entries:
            key, similarity = self._nearest(features)
            if similarity < self.similar:
                return None
        found = replace(self._entries.pop(key), used_s=self.clock())
        self._entries[key] = found
        return Hit(found.label, found.text, similarity)

    def forget(self) -> None:
        """Everything, from memory and from disk."""
        self._entries = {}
        if self.file is not None:
            self.file.unlink(missing_ok=True)

    def _nearest(self, features: np.ndarray | None) -> tuple[str, float]:
        known = [key for key, entry in self._entries.items() if entry.vector]
        if features is None or not known:
            return "", -1.0
        vectors = np.stack([_unpacked(self._entries[key].vector) for key in known])
        if vectors.shape[1] != len(features):  # of another base
            return "", -1.0
        close = vectors @ unit(features)
        best = int(close.argmax())
        return known[best], float(close[best])

    def _expire(self) -> None:
        kept = self._keep(list(self._entries.values()), self.clock(), self.lifetime_s, self.capacity)
        if len(kept) < len(self._entries):
            self._entries = {plain_words(entry.text): entry for entry in kept}
            self._write()

    def _write(self) -> None:
        if self.file is not None:
            try:
                write_atomic(self.file, json.dumps([asdict(entry) for entry in self._entries.values()], indent=1))
            except OSError as error:
                raise BundleError(f"{self.file}: requests cannot be written there: {error.strerror}") from None


def still_kept(entries: Sequence[Remembered], now_s: float, lifetime_s: float, capacity: int) -> list[Remembered]:
    """The entries that stay, the longest unused first: of those learned less than `lifetime_s` ago the `capacity` that
    were used last."""
    fresh = [entry for entry in entries if now_s - entry.learned_s < lifetime_s]
    fresh.sort(key=lambda entry: entry.used_s)
    too_many = max(0, len(fresh) - capacity)
    return fresh[too_many:]


def plain_words(text: str) -> str:
    """A text's words in lower case, without what stands between them: what counts as said again."""
    return " ".join(re.findall(r"\w+", text.lower()))


def _packed(features: np.ndarray) -> str:
    return base64.b64encode(unit(features).astype(np.float16).tobytes()).decode()


def _unpacked(vector: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(vector), np.float16).astype(np.float32)


def _is_sound(entry: Remembered) -> bool:
    return (
        is_text(entry.text)
        and is_text(entry.label)
        and is_number(entry.learned_s)
        and is_number(entry.used_s)
        and is_text(entry.vector)
        and bool(np.isfinite(_unpacked(entry.vector)).all())
    )


def _read(file: Path) -> dict[str, Remembered]:
    """What a cache wrote.

    Raises:
        BundleError: it is no such file.
    """
    try:
        entries = [Remembered(**entry) for entry in json.loads(file.read_text("utf-8"))]
        if wrong := [entry for entry in entries if not _is_sound(entry)]:
            raise BundleError(f"{file}: expected remembered requests, found {reprlib.repr(wrong[0])}")
        if len(widths := {len(entry.vector) for entry in entries if entry.vector}) > 1:
            raise BundleError(f"{file}: expected remembered requests, found vectors of {len(widths)} lengths")
        return {plain_words(entry.text): entry for entry in entries}
    except (OSError, ValueError, TypeError, RecursionError) as error:
        said = (
            " ".join(str(error).split()).encode("utf-8", "backslashreplace").decode()
        )  # JSON may hold half a character
        raise BundleError(f"{file}: expected remembered requests: {said}") from None
